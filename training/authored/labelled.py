"""The authored calls as labelled calls, split by writer: what the bundled model learns from and is judged on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from salescoach.stats.splits import CALIBRATION, TEST, TRAIN
from salescoach.types import LabelledCall, Transcript
from training.authored.corpus import Labels, read_all_labels, read_calls
from training.authored.deals import read_deals

Labeller = Literal["first", "second", "settled"]

AUTHORED: Final = Path(__file__).parent
FIRST_TO_CALIBRATE: Final = 29  # the number of a writer
LAST_TO_CALIBRATE: Final = 32
JUDGES: Final = tuple(f"w{number}" for number in (*range(33, 43), *range(59, 63)))


def authored_calls() -> list[LabelledCall]:
    """All authored calls with their drawn outcomes. A deal is an account of its own; writers never cross the split."""
    deals = read_deals(AUTHORED / "facts")
    return [
        LabelledCall(
            transcript=call,
            call_id=call_id,
            outcome=deals[call_id].outcome,
            account_id=call_id,
            split=split_of(call_id),
            provenance="sample",
            metadata={"call_type": deals[call_id].call_kind, "market": deals[call_id].market},
        )
        for call_id, call in read_calls(AUTHORED / "calls").items()
    ]


def labels_by(who: Labeller, calls: Mapping[str, Transcript]) -> dict[str, Labels]:
    """What one of the two labellers made of calls, or what was settled, by call."""
    file = AUTHORED / "labels" / f"{who}.txt.gz"
    return {one.call_id: one for one in read_all_labels(file, calls)}


def split_of(call_id: str) -> str:
    """What a call is for, by its writer, whom the part of its id before the dash names."""
    writer = call_id.partition("-")[0]
    if writer in JUDGES:
        return TEST
    return CALIBRATION if FIRST_TO_CALIBRATE <= int(writer.removeprefix("w")) <= LAST_TO_CALIBRATE else TRAIN

"""The authored calls as labelled calls, split by writer: what the bundled model learns from and is judged on."""

from pathlib import Path
from typing import Final

from salescoach.stats.splits import CALIBRATION, TEST, TRAIN
from salescoach.types import LabelledCall
from training.authored.corpus import read_calls
from training.authored.deals import read_deals

AUTHORED: Final = Path(__file__).parent
FIRST_TO_CALIBRATE: Final = 29  # the number of a writer
FIRST_TO_JUDGE: Final = 33
JUDGES: Final = tuple(f"w{number}" for number in range(FIRST_TO_JUDGE, 41))


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


def split_of(call_id: str) -> str:
    """What a call is for, by its writer, whom the part of its id before the dash names."""
    writer = int(call_id.partition("-")[0].removeprefix("w"))
    if writer >= FIRST_TO_JUDGE:
        return TEST
    return CALIBRATION if writer >= FIRST_TO_CALIBRATE else TRAIN

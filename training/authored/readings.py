"""What the bundled move reader made of the calls that fill an empty library, so that setup needn't read them again."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from salescoach.moves.results import CallMoves
from salescoach.types import Frozen, LabelledCall, Transcript
from training.authored.packed import json_lines

READINGS: Final = Path(__file__).parent / "readings"
FILE: Final = READINGS / "starter.jsonl.gz"


class KeptReading(Frozen):
    """What was read of a call, which its ``content_hash`` names."""

    content_hash: str
    moves: CallMoves


class KnownReadings:
    """A reader that knows some calls by heart. ``model_id``: of the reader that read them."""

    def __init__(self, readings: Iterable[KeptReading]) -> None:
        self._moves = {one.content_hash: one.moves for one in readings}
        (self.model_id,) = {moves.model_id for moves in self._moves.values()}

    def __contains__(self, call: Transcript) -> bool:
        return call.content_hash in self._moves

    def read(self, transcript: Transcript) -> CallMoves:
        """The moves of each turn, the objections and the next step; KeyError where the call isn't known."""
        return self._moves[transcript.content_hash]


def known_readings() -> KnownReadings:
    """Those of the starter calls and the examples."""
    return KnownReadings(map(KeptReading.model_validate_json, json_lines(READINGS)))


def keep_readings(calls: Iterable[LabelledCall], moves: Iterable[CallMoves]) -> None:
    """Writes what was read of calls."""
    lines = [
        KeptReading(content_hash=call.transcript.content_hash, moves=own).model_dump_json()
        for call, own in zip(calls, moves, strict=True)
    ]
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))

"""What readers marked in authored calls as what a sales manager must know who wasn't there.

A line of a file is ``{"call": "w01-003", "kind": "need", "turn": 12, "start": 3, "end": 80, "text": "…", "rank": 1}``:
a stretch of one turn, in characters. In the files that judge it is ``{"call", "kind", "turns", "text"}``: any
of some turns, without a stretch.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import Field, ValidationError

from salescoach.errors import DataError
from salescoach.types import Frozen, Transcript
from training.authored.labelled import AUTHORED
from training.authored.packed import text_lines

FOLDER: Final = AUTHORED / "brief"
TEACHING: Final = FOLDER / "teaching.jsonl.gz"
JUDGING: Final = FOLDER / "judging.jsonl.gz"

FactKind = Literal[
    "need", "why_now", "today", "decides", "person", "objection", "answer", "price", "competitor", "promise_rep",
    "promise_customer", "next_step", "refusal", "won", "open",
]  # fmt: skip
Fact = TypeVar("Fact", bound=Frozen)


class MarkedFact(Frozen):
    """A fact, where it is stated, and how much it matters: 1 most, 3 least."""

    call: str
    kind: FactKind
    turn: int
    start: int = Field(ge=0)
    end: int
    text: str
    rank: int = Field(ge=1, le=3)


class ExpertFact(Frozen):
    """A fact of a brief that an expert wrote, and the turns that state it."""

    call: str
    kind: str
    turns: tuple[int, ...]
    text: str


def read_marked_facts(file: Path, calls: Mapping[str, Transcript]) -> list[MarkedFact]:
    """The facts of a file that teaches.

    Raises:
        DataError: a line can't be read, or its stretch isn't in its turn; names file and line.
    """
    found = []
    for number, line in enumerate(text_lines(file), start=1):
        one = _read(MarkedFact, file, number, line)
        _check(file, number, calls, one.call, one.turn)
        if not one.start < one.end <= len(calls[one.call].turns[one.turn - 1].text):
            raise DataError(f"{file.name}, line {number}: turn {one.turn} has no such stretch.")
        found.append(one)
    return found


def read_expert_facts(file: Path, calls: Mapping[str, Transcript]) -> list[ExpertFact]:
    """The facts of a file that judges; raises as ``read_marked_facts``."""
    found = []
    for number, line in enumerate(text_lines(file), start=1):
        one = _read(ExpertFact, file, number, line)
        for turn in one.turns:
            _check(file, number, calls, one.call, turn)
        found.append(one)
    return found


def _read(kind: type[Fact], file: Path, number: int, line: str) -> Fact:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise DataError(f"{file.name}, line {number}: this is no fact of a call ({error}).") from None


def _check(file: Path, number: int, calls: Mapping[str, Transcript], call: str, turn: int) -> None:
    if call not in calls or not 1 <= turn <= len(calls[call]):
        raise DataError(f"{file.name}, line {number}: there is no turn {turn} of a call {call!r}.")

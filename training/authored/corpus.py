"""Reads authored calls and their labels: texts of turns, what each turn does, and how concerns were met.

A call is a text file of ``Name: text`` lines behind a header that says who is on which side; its labels are a file of
lines such as ``T12: objection_price, competitor`` (see docs/authored-calls.md). Turns count from 1.
"""

import gzip
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from salescoach.errors import DataError
from salescoach.moves.taxonomy import Handled, MoveName, ObjectionKind, moves_of
from salescoach.types import Frozen, Role, Transcript, Turn
from training.authored.packed import json_lines

Version = Literal["a", "b"]
LOOKALIKE: Final = "lookalike"  # pairs whose last turn is labelled, the same in both versions

_HEADER: Final = re.compile(r"# (call|rep|customer): (.+)")
_CALL_HEADER: Final = "# call: "
_MOVES_LINE: Final = re.compile(r"T(\d+): (.+)")
_PLACE: Final = re.compile(r"T(\d+)")
_OBJECTION_LINE: Final = re.compile(r"objection: T(\d+) (\w+); (?:(well|partly|badly) at T(\d+)|not)")
_STEP_LINE: Final = re.compile(
    r"next_step: T(\d+); what: ([^;]+); who: (rep|customer|both); when: ([^;]+); committed: (yes|no)"
)


class Objection(Frozen):
    """A concern, and how the rep met it. ``handled_at``: the rep's turn that did, None where none did."""

    turn: int
    kind: ObjectionKind
    handled: Handled
    handled_at: int | None = None


class LabelledNextStep(Frozen):
    """The last thing to do that both know of."""

    turn: int
    what: str
    who: Literal["rep", "customer", "both"]
    when: str
    committed: bool


class Labels(Frozen):
    """What one labeller, or all of them together, made of a call. ``probability``: that it converts, from the text."""

    call_id: str
    moves: dict[int, tuple[str, ...]]
    objections: tuple[Objection, ...]
    next_step: LabelledNextStep | None
    decisive: tuple[int, ...]
    probability: float = Field(ge=0, le=1)


class CallCourse(Frozen):
    """How likely it was, after some turns, that the call converts, judged from what was said so far alone.

    ``course``: pairs of a turn and the probability after it, which holds until the next; turn 0 is the start.
    """

    call_id: str
    course: tuple[tuple[int, float], ...]

    def after(self, n_turns: int) -> tuple[float, ...]:
        """The probability after each of the turns of the call."""
        known = dict(self.course)
        found = [known.get(0, self.course[0][1])]
        for turn in range(1, n_turns + 1):
            found.append(known.get(turn, found[-1]))
        return tuple(found[1:])


class Pair(Frozen):
    """A piece of a call in two versions that differ in one turn, and there in few words.

    ``before`` and ``after`` stand around the turn; ``a`` and ``b`` are its versions. The moves are those of that turn;
    where ``kind`` is "lookalike", of the last turn, which is the same in both. ``better``: after which version the deal
    stands better.
    """

    id: str
    kind: str
    before: tuple[tuple[Role, str], ...]
    a: tuple[Role, str]
    b: tuple[Role, str]
    after: tuple[tuple[Role, str], ...]
    moves_a: tuple[str, ...]
    moves_b: tuple[str, ...]
    better: Version

    def moves(self, which: Version) -> tuple[str, ...]:
        """What the labelled turn does in one of the two."""
        return self.moves_a if which == "a" else self.moves_b

    def version(self, which: Version) -> Transcript:
        """One of the two as a transcript."""
        said = (*self.before, self.a if which == "a" else self.b, *self.after)
        return Transcript(turns=tuple(Turn(speaker=role.title(), role=role, text=text) for role, text in said))


class SingleTurn(Frozen):
    """A turn by itself, and what it does: blunt things, in many wordings, and others that look like them."""

    role: Role
    text: str
    moves: tuple[MoveName, ...]


def read_single_turns(folder: Path) -> list[SingleTurn]:
    """All single turns of a folder.

    Raises:
        DataError: one has a move that its side can't make; quotes it.
    """
    found = [SingleTurn.model_validate_json(line) for line in json_lines(folder)]
    for one in found:
        if wrong := {*one.moves} - {*moves_of(one.role)}:
            raise DataError(f"{one.text!r}: {', '.join(sorted(wrong))} is no move of the side that speaks.")
    return found


def read_pairs(folder: Path) -> list[Pair]:
    """All pairs of a folder, in the order of their ids.

    Raises:
        DataError: a pair has a move that the side can't make; names it.
    """
    pairs = [Pair.model_validate_json(line) for line in json_lines(folder)]
    for pair in pairs:
        role = pair.after[-1][0] if pair.kind == LOOKALIKE else pair.a[0]
        if wrong := {*pair.moves_a, *pair.moves_b} - {*moves_of(role)}:
            raise DataError(f"Pair {pair.id}: {', '.join(sorted(wrong))} is no move of the side that speaks.")
    return sorted(pairs, key=lambda pair: pair.id)


def read_courses(folder: Path) -> dict[str, CallCourse]:
    """All courses of a folder, by call."""
    return {one.call_id: one for one in map(CallCourse.model_validate_json, json_lines(folder))}


def read_call(file: Path) -> Transcript:
    """A call as its writer left it.

    Raises:
        DataError: a speaker isn't named in the header, or a line has no speaker; names file and line.
    """
    header: dict[str, str] = {}
    turns: list[Turn] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if found := _HEADER.fullmatch(line.strip()):
            header[found[1]] = found[2]
        elif line.strip():
            name, colon, text = line.partition(":")
            if not colon or not text.strip():
                raise DataError(f"{file.name}, line {number}: a turn is “Name: text”.")
            turns.append(
                Turn(speaker=name.strip(), role=_side(file, header, name.strip()), text=" ".join(text.split()))
            )
    return Transcript(turns=tuple(turns), call_id=header["call"])


def read_labels(file: Path, transcript: Transcript) -> Labels:
    """Labels of a call, from a file of its own.

    Raises:
        DataError: a line can't be read, or names a turn or move that there isn't, or the other side's; says which.
    """
    return _labels(file.read_text(encoding="utf-8"), file.name, transcript)


def _labels(text: str, name: str, transcript: Transcript) -> Labels:
    moves: dict[int, tuple[str, ...]] = {}
    objections: list[Objection] = []
    step: LabelledNextStep | None = None
    decisive: tuple[int, ...] = ()
    probability: float | None = None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if found := _MOVES_LINE.fullmatch(line):
            turn = int(found[1])
            moves[turn] = tuple(dict.fromkeys(move.strip() for move in found[2].split(",")))
            _check_moves(name, transcript, turn, moves[turn])
        elif found := _OBJECTION_LINE.fullmatch(line):
            handled_at = int(found[4]) if found[4] else None
            objections.append(
                Objection(turn=int(found[1]), kind=found[2], handled=found[3] or "not", handled_at=handled_at)
            )
        elif found := _STEP_LINE.fullmatch(line):
            step = LabelledNextStep(
                turn=int(found[1]), what=found[2], who=found[3], when=found[4], committed=found[5] == "yes"
            )  # fmt: skip
        elif line.startswith("decisive:"):
            decisive = tuple(int(place) for place in _PLACE.findall(line))
        elif line.startswith("probability:"):
            probability = float(line.partition(":")[2])
        elif line.strip() != "next_step: none":
            raise DataError(f"{name}: “{line}” can't be read.")
    if probability is None:
        raise DataError(f"{name}: there is no probability.")
    return Labels(
        call_id=str(transcript.call_id),
        moves=moves,
        objections=tuple(objections),
        next_step=step,
        decisive=decisive,
        probability=probability,
    )


def read_calls(folder: Path) -> dict[str, Transcript]:
    """All calls of a folder, by id."""
    return {str(call.call_id): call for call in map(read_call, sorted(folder.glob("*.txt")))}


def read_all_labels(file: Path, calls: Mapping[str, Transcript]) -> list[Labels]:
    """All labels of calls that are known, from the packed file of one labeller."""
    packed = gzip.decompress(file.read_bytes()).decode()
    found = [(part.partition("\n")[0], part) for part in packed.split(_CALL_HEADER)[1:]]
    return [_labels(text.partition("\n")[2], call_id, calls[call_id]) for call_id, text in found if call_id in calls]


def _side(file: Path, header: Mapping[str, str], name: str) -> Role:
    for side in ("rep", "customer"):
        if name in [known.strip() for known in header.get(side, "").split(",")]:
            return side
    raise DataError(f"{file.name}: the header doesn't say on which side {name!r} is.")


def _check_moves(name: str, transcript: Transcript, turn: int, moves: Iterable[str]) -> None:
    if not 1 <= turn <= len(transcript):
        raise DataError(f"{name}: there is no turn {turn}.")
    allowed = moves_of(transcript.turns[turn - 1].role)
    for move in moves:
        if move not in allowed:
            raise DataError(f"{name}: {move!r} is no move of the side that speaks at turn {turn}.")

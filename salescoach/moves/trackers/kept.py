"""The trackers of a home: one YAML file, written whole, its owner's alone; and files to pass trackers on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from filelock import FileLock

from salescoach.errors import CoachError, InputError
from salescoach.moves.trackers.tracker import (
    MAX_KEPT,
    MAX_TRACKERS,
    Tracker,
    TrackerExample,
    example_text,
    named,
    new_tracker,
)
from salescoach.plain_yaml import read_yaml
from salescoach.types import Frozen, Turn
from salescoach.whole_file import write_private

MAX_BYTES: Final = 4_000_000  # of a file that is read


class KeptTrackers:
    """The trackers in a file; names are told apart without regard to upper case."""

    def __init__(self, file: Path) -> None:
        """``file``: need not be there yet."""
        self._file = file

    def all(self) -> tuple[Tracker, ...]:
        """Every tracker, by name.

        Raises:
            CoachError: the file can't be read.
        """
        if not self._file.exists():
            return ()
        try:
            return _Trackers.model_validate(_parsed(self._file)).trackers
        except (OSError, ValueError, InputError):
            raise CoachError(
                f"The trackers in {self._file} can't be read; mend the file, or move it away and add them again."
            ) from None

    def get(self, name: str) -> Tracker:
        """The tracker of a name.

        Raises:
            InputError: there is none.
            CoachError: the file can't be read.
        """
        return _found(self.all(), name)

    def add(self, added: Sequence[Tracker], *, replace: bool = False) -> None:
        """Adds trackers, all of them or, on an error, none.

        Args:
            added: each with a name of its own.
            replace: whether those that are there under the same names give way.

        Raises:
            InputError: a name is taken, or there would be more than ``MAX_TRACKERS``.
            CoachError: the file can't be read.
        """

        def change(known: tuple[Tracker, ...]) -> list[Tracker]:
            names = {_folded(one.name) for one in known}
            taken = next((one for one in added if _folded(one.name) in names), None)
            if taken is not None and not replace:
                raise InputError(f"{named(taken.name)} is there already; remove it first, or take another name.")
            new = {_folded(one.name) for one in added}
            kept = [*(one for one in known if _folded(one.name) not in new), *added]
            if len(kept) > MAX_TRACKERS:
                raise InputError(f"There would be {len(kept)} trackers; keep at most {MAX_TRACKERS}, and remove some.")
            return kept

        self._change(change)

    def remove(self, name: str) -> Tracker:
        """Removes a tracker and returns it; raises as ``get``."""
        gone: list[Tracker] = []

        def change(known: tuple[Tracker, ...]) -> list[Tracker]:
            gone.append(_found(known, name))
            return [one for one in known if one is not gone[0]]

        self._change(change)
        return gone[0]

    def judge(self, name: str, said: TrackerExample, *, is_right: bool) -> Tracker:
        """Keeps what was said as an example or a counter-example, and drops it from where it stood before.

        Returns:
            The tracker as it is now.

        Raises:
            InputError: there is no such tracker, it has as many as it can keep, or it would be left without an example.
            CoachError: the file can't be read.
        """
        judged: list[Tracker] = []

        def change(known: tuple[Tracker, ...]) -> list[Tracker]:
            old = _found(known, name)
            examples, counters = (
                tuple(one for one in some if one.text.casefold() != said.text.casefold())
                for some in (old.examples, old.counters)
            )
            given = (*examples, said) if is_right else examples, counters if is_right else (*counters, said)
            if not given[0]:
                raise InputError(f"{named(old.name)} would be left without an example; remove it instead.")
            if max(map(len, given)) > MAX_KEPT:
                raise InputError(f"{named(old.name)} has {MAX_KEPT} of these, as many as it can keep.")
            judged.append(old.model_copy(update={"examples": given[0], "counters": given[1]}))
            return [judged[0] if one is old else one for one in known]

        self._change(change)
        return judged[0]

    def forget_call(self, call_ids: set[str], turns: Sequence[Turn]) -> int:
        """Drops the examples that thumbs made of a call, and returns how many there were.

        A tracker that is left without an example is removed. Examples that somebody wrote are no call's.

        Args:
            call_ids: every id that the call has or had.
            turns: of the call that no other call has, for hits that were judged in a file of it.

        Raises:
            CoachError: the file can't be read.
        """
        texts = {example_text(turn.text) for turn in turns}
        n = 0

        def kept_of(said: tuple[TrackerExample, ...]) -> tuple[TrackerExample, ...]:
            nonlocal n
            kept = tuple(one for one in said if one.turn is None or not (one.call_id in call_ids or one.text in texts))
            n += len(said) - len(kept)
            return kept

        def change(known: tuple[Tracker, ...]) -> list[Tracker]:
            left = [
                one.model_copy(update={"examples": kept_of(one.examples), "counters": kept_of(one.counters)})
                for one in known
            ]
            return [one for one in left if one.examples]

        if self._file.exists():
            self._change(change)
        return n

    def _change(self, change: Callable[[tuple[Tracker, ...]], list[Tracker]]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._file.with_name(f".{self._file.name}.lock")):
            known = self.all()
            kept = change(known)
            if kept != list(known):
                write_trackers(self._file, kept, with_places=True)


def read_trackers(file: Path) -> list[Tracker]:
    """The trackers in a file that somebody passes on.

    Raises:
        InputError: the file can't be read, or a tracker in it can't be used; names it.
    """
    try:
        given = _parsed(file)
    except (OSError, ValueError, InputError):
        raise InputError(f"{file.name} can't be read as YAML; give a file that `coach tracker export` wrote.") from None
    rows = given.get("trackers") if isinstance(given, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{file.name} holds no trackers; give a file that `coach tracker export` wrote.")
    trackers = [new_tracker(row, at_most=MAX_KEPT) for row in rows]
    names = [_folded(one.name) for one in trackers]
    if twice := next((one for one in trackers if names.count(_folded(one.name)) > 1), None):
        raise InputError(f"{named(twice.name)} stands in {file.name} twice; keep one of the two.")
    return trackers


def write_trackers(file: Path, trackers: Sequence[Tracker], *, with_places: bool = False) -> None:
    """Writes trackers as YAML, whole, readable by its owner alone.

    ``with_places``: keep where thumbed examples were said; ids of calls mean nothing elsewhere.
    """
    rows = [_as_row(one, with_places) for one in sorted(trackers, key=lambda one: _folded(one.name))]
    write_private(file, yaml.safe_dump({"trackers": rows}, sort_keys=False, allow_unicode=True, width=MAX_BYTES))


class _Trackers(Frozen):
    trackers: tuple[Tracker, ...]


def _parsed(file: Path) -> Any:
    """What is in a YAML file; raises OSError, or InputError where it is none."""
    with file.open("rb") as opened:
        return read_yaml(opened.read(MAX_BYTES + 1), file.name, MAX_BYTES).data


def _as_row(tracker: Tracker, with_places: bool) -> dict[str, Any]:
    row = tracker.model_dump(exclude_none=True)
    for some in ("examples", "counters"):
        row[some] = [one if with_places and "turn" in one else one["text"] for one in row[some]]
    return row


def _found(known: Sequence[Tracker], name: str) -> Tracker:
    for one in known:
        if _folded(one.name) == _folded(name):
            return one
    names = ", ".join(repr(one.name) for one in known) or "none yet"
    raise InputError(f"There is no tracker {name[:80]!r}; there are: {names}.")


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()

"""Trackers for every door: adding, listing, testing, removing, judging hits, and passing them on as files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.moves.trackers.desk import TrackerDesk
from salescoach.moves.trackers.kept import read_trackers, write_trackers
from salescoach.moves.trackers.results import TrackerInCall, TrackerInLibrary, TrackerList, TrackerReport
from salescoach.moves.trackers.tracker import TrackerExample, example_text, new_tracker
from salescoach.progress import Progress
from salescoach.types import Frozen, Transcript
from serving.usecases.lost_library import check_library


class TrackerNames(Frozen):
    """Which trackers something was done with."""

    names: tuple[str, ...]


def add_tracker(settings: Settings, given: dict[str, Any]) -> TrackerReport:
    """Adds a tracker as a user gives it and says how well it is likely to find.

    Raises:
        InputError: it can't be used, or its name is taken.
    """
    tracker = new_tracker(given)
    with tracker_desk(settings) as desk:
        report = desk.fitted(tracker).report  # before it is kept, so that a reader that can't be loaded leaves no trace
        desk.kept.add([tracker])
        return report


def list_trackers(settings: Settings) -> TrackerList:
    """Every tracker with how well it is likely to find."""
    with tracker_desk(settings) as desk:
        return TrackerList(trackers=tuple(desk.fitted(one).report for one in desk.kept.all()))


def find_in_call(settings: Settings, name: str, call: Transcript) -> TrackerInCall:
    """The hits of a tracker in a call; raises InputError where there is no such tracker."""
    with tracker_desk(settings) as desk:
        return desk.in_call(call, [desk.kept.get(name)])[0]


def find_in_library(settings: Settings, name: str, report: Progress) -> TrackerInLibrary:
    """How often a tracker hits in the team's calls.

    Raises:
        InputError: there is no such tracker.
        CoachError: there is no library.
    """
    check_library(settings, must_exist=True)
    with tracker_desk(settings) as desk:
        return desk.in_library([desk.kept.get(name)], report)[0]


def remove_tracker(settings: Settings, name: str) -> TrackerNames:
    """Removes a tracker; raises InputError where there is none of that name."""
    with tracker_desk(settings) as desk:
        return TrackerNames(names=(desk.kept.remove(name).name,))


def judge_hit(settings: Settings, name: str, call: Transcript | str, turn: int, *, is_right: bool) -> TrackerReport:
    """Makes a turn that somebody judged an example of a tracker, or a counter-example.

    Args:
        settings: name the trackers.
        name: of the tracker.
        call: the call, or the id of one of the library.
        turn: its number, from 1.
        is_right: whether the turn is what the tracker is for.

    Raises:
        InputError: there is no such tracker, call or turn, or the turn is the other side's.
    """
    with tracker_desk(settings) as desk:
        tracker = desk.kept.get(name)
        if isinstance(call, str):
            call = _of_library(settings, call)
        if not 1 <= turn <= len(call):
            raise InputError(f"The call has the turns 1 to {len(call)}; there is no turn {turn}.")
        said = call.turns[turn - 1]
        if said.role != tracker.side:
            raise InputError(
                f"Turn {turn} is the {said.role}'s, and the tracker {tracker.name!r} is for the {tracker.side}'s; "
                "give one of those turns."
            )
        text = example_text(said.text)
        if not text:
            raise InputError(f"Turn {turn} says nothing that could be an example; give another turn.")
        example = TrackerExample(text=text, call_id=call.call_id, turn=turn)
        return desk.fitted(desk.kept.judge(name, example, is_right=is_right)).report


def export_trackers(settings: Settings, file: Path, names: Sequence[str]) -> TrackerNames:
    """Writes trackers to a file that others can import; all of them where none is named.

    Raises:
        InputError: there is no such tracker, or none at all.
    """
    with tracker_desk(settings) as desk:
        chosen = [desk.kept.get(name) for name in names] or list(desk.kept.all())
    if not chosen:
        raise InputError("There are no trackers yet; add one with `coach tracker add`.")
    write_trackers(file, chosen)
    return TrackerNames(names=tuple(one.name for one in chosen))


def import_trackers(settings: Settings, file: Path, *, replace: bool) -> TrackerNames:
    """Adds the trackers of a file, all of them or, on an error, none.

    Raises:
        InputError: the file or a tracker in it can't be used, or a name is taken and isn't to be replaced.
    """
    trackers = read_trackers(file)
    with tracker_desk(settings) as desk:
        desk.kept.add(trackers, replace=replace)
    return TrackerNames(names=tuple(one.name for one in trackers))


@contextmanager
def tracker_desk(settings: Settings) -> Iterator[TrackerDesk]:
    """The trackers of a home, beside its library where there is one."""
    if not settings.library_file.exists():
        yield TrackerDesk.of(settings, None)
        return
    with Library(settings.library_file, create=False) as library:
        yield TrackerDesk.of(settings, library)


def _of_library(settings: Settings, call_id: str) -> Transcript:
    check_library(settings, must_exist=True)
    with Library(settings.library_file, create=False) as library:
        found = library.get(call_id)
        return found.transcript.model_copy(update={"call_id": found.call_id})

"""The queue "is this right?" for every door: what to ask, what was said, and where it goes from there."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from eval.online.first_scores import ARMS
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.labels.answers import LabelQuestion, RaterAgreement, SubjectLabels, agreement, by_subject
from salescoach.labels.label_studio import annotations_in, labelling_config, task_of
from salescoach.labels.queue import ScoredOutcome, most_surprising
from salescoach.library import CallSummary, Library, label_log, score_log
from salescoach.library.label_log import OUTCOME, WHOLE_CALL, Answer, GivenLabel
from salescoach.library.side_tables import now
from salescoach.model.loading import BundledReader
from salescoach.moves.taxonomy import MOVES, REP_MOVES, SHARED_MOVES, moves_of
from salescoach.moves.trackers.results import TrackerReport
from salescoach.moves.trackers.tracker import MAX_GIVEN, MIN_EXAMPLES, TrackerExample, example_text, new_tracker
from salescoach.progress import Progress, silent
from salescoach.types import Frozen
from salescoach.whole_file import write_private
from serving.usecases.label_reading import N_CALLS, LabelQueue, QueueReading, answered_by, latest_calls
from serving.usecases.lost_library import check_library
from serving.usecases.trackers import tracker_desk

About = Literal["moves", "outcomes"]

AT_ONCE: Final = 5  # calls that are read before progress is told
MAX_BYTES: Final = 200_000_000  # of a file that is read


class LabelsGiven(Frozen):
    """``n``: answers that were kept. ``reading``: what came of them."""

    n: int
    reading: str


class LabelReport(Frozen):
    """``subjects``: what people said of each; ``agreement``: of each two people."""

    n: int
    subjects: tuple[SubjectLabels, ...]
    agreement: tuple[RaterAgreement, ...]


class TasksWritten(Frozen):
    """A file for Label Studio, and the one beside it with the interface that fits."""

    n: int
    file: str
    config: str


def label_queue(
    settings: Settings, rater: str, n: int = 10, *, about: About = "moves", progress: Progress = silent
) -> LabelQueue:
    """What to ask a person next: nothing that they have answered.

    Args:
        settings: name library and reader.
        rater: who is asked.
        n: how many questions, at most.
        about: moves of turns, or outcomes that the score contradicts.
        progress: of the reading.

    Raises:
        CoachError: there is no library.
        ModelError: the move reader is missing or damaged.
    """
    if about == "outcomes":
        check_library(settings, must_exist=True)
        with Library(settings.library_file, create=False) as library:
            scored = _scored(settings, library, latest_calls(library))
        return LabelQueue(questions=most_surprising(scored, n, answered=answered_by(settings, rater)))
    reading = QueueReading(settings, rater)
    while reading.n_left:
        progress("reading calls", reading.n_calls - reading.n_left, reading.n_calls)
        reading.read(AT_ONCE)
    progress("reading calls", reading.n_calls, reading.n_calls)
    return reading.queue(n)


def give_label(
    settings: Settings, asked: LabelQuestion, answer: Answer, rater: str, *, instead: str | None = None
) -> LabelsGiven:
    """Keeps an answer; a person's earlier answer to the same question gives way.

    Args:
        settings: name the library.
        asked: the question.
        answer: yes, no, or unsure.
        rater: who answers.
        instead: after a no, the move that the turn makes.

    Raises:
        InputError: the call isn't there any more, or ``instead`` is no move of that side.
    """
    subjects: list[tuple[str, Answer]] = [(asked.subject, answer)]
    if instead is not None:
        if asked.role is None or answer != "no" or instead not in moves_of(asked.role):
            raise InputError(f"{instead!r} is no move that could be meant there; docs/moves.md lists them by side.")
        subjects.append((instead, "yes"))
    with Library(settings.library_file, create=False) as library:
        if library.get(asked.call_id).transcript.content_hash != asked.content_hash:
            raise InputError(f"Call {asked.call_id} was changed meanwhile; ask for the queue again.")
    labels = [
        GivenLabel(
            call_id=asked.call_id,
            content_hash=asked.content_hash,
            turn=asked.turn,
            subject=subject,
            answer=said,
            rater=rater,
            model_id=asked.model_id,
            probability=asked.probability if subject == asked.subject else None,
            labelled_at=now(),
        )
        for subject, said in subjects
    ]
    label_log.give(settings.library_file, labels)
    return LabelsGiven(n=len(labels), reading="Kept.")


def label_report(settings: Settings) -> LabelReport:
    """What people said, and how far they agree; raises CoachError where there is no library."""
    check_library(settings, must_exist=True)
    labels = label_log.all_labels(settings.library_file)
    return LabelReport(n=len(labels), subjects=by_subject(labels), agreement=agreement(labels))


def learn_from_labels(settings: Settings, move: str, name: str | None = None) -> TrackerReport:
    """Makes a tracker of what people said of a move: turns with a yes are its examples, turns with a no counter it.

    Where people disagree about a turn it is neither. The tracker of that name is made anew each time.

    Args:
        settings: name library and trackers.
        move: whose labels to learn from.
        name: of the tracker; default: the move's, with “our” before it.

    Raises:
        InputError: it is no move of one side, or there are too few turns with a yes.
    """
    if move not in MOVES or move in SHARED_MOVES:
        raise InputError(f"{move!r} is no move of one side; docs/moves.md lists them.")
    check_library(settings, must_exist=True)
    side = "rep" if move in REP_MOVES else "customer"
    examples, counters = _judged_turns(settings, move, side)
    if len(examples) < MIN_EXAMPLES:
        raise InputError(
            f"Only {len(examples)} turns are labelled as {move}; {MIN_EXAMPLES} make a tracker. `coach label` asks."
        )
    given = {
        "name": name or f"our {move.replace('_', ' ')}",
        "side": side,
        "examples": examples[-MAX_GIVEN * 5 :],
        "counters": counters[-MAX_GIVEN * 5 :],
    }
    tracker = new_tracker(given, at_most=MAX_GIVEN * 5)
    with tracker_desk(settings) as desk:
        report = desk.fitted(tracker).report
        desk.kept.add([tracker], replace=True)
        return report


def export_tasks(settings: Settings, file: Path, n: int = N_CALLS, progress: Progress = silent) -> TasksWritten:
    """Writes calls as Label Studio's tasks, with what was read as predictions: words of calls, so keep the file safe.

    Raises:
        CoachError: there is no library.
    """
    check_library(settings, must_exist=True)
    reader, tasks = BundledReader(settings), []
    with Library(settings.library_file, create=False) as library:
        calls = latest_calls(library, n)
        for done, one in enumerate(calls):
            progress("reading calls", done, len(calls))
            call, moves = library.get(one.call_id), library.moves_of(one.call_id)
            tasks.append(
                task_of(call, moves if moves and moves.model_id == reader.model_id else reader.read(call.transcript))
            )
    config = file.with_suffix(".config.xml")
    for target, text in ((file, json.dumps(tasks, ensure_ascii=False, indent=1)), (config, labelling_config())):
        write_private(target, text + "\n")
    return TasksWritten(n=len(tasks), file=str(file), config=str(config))


def import_annotations(settings: Settings, file: Path) -> LabelsGiven:
    """Keeps what people annotated in Label Studio, all of it or, on an error, nothing.

    Moves that they gave a turn are a yes, predicted ones that they took away a no. An outcome is kept as a label; the
    library's own outcome stays until somebody enters it with `coach outcome`.

    Raises:
        InputError: the file is no such export, or a task is about a call that isn't there as it was; names the task.
    """
    check_library(settings, must_exist=True)
    labels, differing = [], []
    with Library(settings.library_file, create=False) as library:
        for one in annotations_in(_json_in(file)):
            known = library.contents([one.call_id]).get(one.call_id)
            if known is None or known[0] != one.content_hash:
                raise InputError(f"Task {one.number} is about a call that isn't in the library as it was; export anew.")
            said: list[tuple[int, str, Answer]] = [(turn, move, "yes") for turn, move in sorted(one.yes)]
            said += [(turn, move, "no") for turn, move in sorted(one.no)]
            if one.outcome in ("converted", "lost"):
                said.append((WHOLE_CALL, OUTCOME, "yes" if one.outcome == "converted" else "no"))
                if known[1] != one.outcome:
                    differing.append(f"`coach outcome {one.call_id} {one.outcome}`")
            labels += [
                GivenLabel(
                    call_id=one.call_id,
                    content_hash=one.content_hash,
                    turn=turn,
                    subject=subject,
                    answer=answer,
                    rater=one.rater,
                    model_id=one.model_id,
                    probability=None,
                    labelled_at=now(),
                )
                for turn, subject, answer in said
            ]
    label_log.give(settings.library_file, labels)
    reading = f"{len(labels)} labels were kept."
    if differing:
        reading += f" Outcomes that differ from the library's are not entered: {', '.join(sorted(set(differing)))}."
    return LabelsGiven(n=len(labels), reading=reading)


def _judged_turns(settings: Settings, move: str, side: str) -> tuple[list[TrackerExample], list[TrackerExample]]:
    """The turns that all who answered call the move, and those that they say aren't; each wording once."""
    given = [
        label
        for label in label_log.all_labels(settings.library_file)
        if label.subject == move and label.answer != "unsure"
    ]
    answers: dict[tuple[str, int], set[str]] = {}
    found: dict[str, list[TrackerExample]] = {"yes": [], "no": []}
    seen: set[str] = set()
    with Library(settings.library_file, create=False) as library:
        contents = library.contents([label.call_id for label in given])
        for label in given:
            if contents.get(label.call_id, ("",))[0] == label.content_hash:  # it is still the call that was labelled
                answers.setdefault((label.call_id, label.turn), set()).add(label.answer)
        texts = library.texts_of(list(answers))
        for (call_id, turn), said in answers.items():
            text = example_text(texts.get((call_id, turn), ""))
            if len(said) == 1 and text and text.casefold() not in seen:
                seen.add(text.casefold())
                found[said.pop()].append(TrackerExample(text=text, call_id=call_id, turn=turn))
    return found["yes"], found["no"]


def _scored(settings: Settings, library: Library, calls: Sequence[CallSummary]) -> list[ScoredOutcome]:
    """Calls with an outcome and the last probability that somebody saw of them."""
    seen = {
        one.content_hash: one
        for one in score_log.read(settings.library_file)
        if one.probability is not None and one.scorer in ARMS  # likeness to past calls is no probability
    }
    found = []
    for call_id, (content, outcome) in library.contents([one.call_id for one in calls]).items():
        score = seen.get(content)
        if outcome is not None and score is not None and score.probability is not None:
            found.append(ScoredOutcome(call_id, content, outcome, score.probability, score.model_id))
    return found


def _json_in(file: Path) -> object:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{file.name} is larger than {MAX_BYTES // 1_000_000} MB; import it in parts.")
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise InputError(f"{file.name} can't be read as JSON; export the project from Label Studio as JSON.") from None

"""Notes every score that a user sees in the library's log, whichever door it was seen at.

A home without a library has no log, and nothing is written. A score that can't be noted is given all the same, with a
line of warning.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from salescoach.library import score_log
from salescoach.library.score_log import LoggedScore
from salescoach.model.abstention import code_of
from salescoach.speech.shape import shape_of
from salescoach.types import Score, Transcript

logger = logging.getLogger(__name__)

Door = Literal["cli", "chat", "api", "mcp", "batch"]
Scored = tuple[Transcript, Score]
Log = Callable[[Sequence[Scored]], None]


def log_to(library_file: Path, door: Door) -> Log:
    """What notes scores that are seen at a door; it raises nothing."""
    return partial(_note, library_file, door)


@contextmanager
def warned_only() -> Iterator[None]:
    """Whatever fails while a score is noted is a line of warning: the score was made, and is given."""
    try:
        yield
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        logger.warning("The score could not be noted in the library's log (%s).", reason)


def _note(library_file: Path, door: Door, scored: Sequence[Scored]) -> None:
    with warned_only():
        if not scored or not library_file.is_file():
            return
        now = datetime.now(UTC).replace(tzinfo=None)
        note(library_file, [_entry(transcript, score, now, door) for transcript, score in scored])


def note(library_file: Path, entries: Sequence[LoggedScore]) -> None:
    """Notes scores; a library of an older program is given its log, and a file that is no library stays as it is.

    Raises:
        sqlite3.Error: as ``score_log.append``.
    """
    if not library_file.is_file():
        return
    if not score_log.append(library_file, entries) and _is_of_an_older_program(library_file):
        score_log.append(library_file, entries)


def _entry(transcript: Transcript, score: Score, now: datetime, door: Door) -> LoggedScore:
    return LoggedScore(
        call_id=score.call_id,
        content_hash=transcript.content_hash,
        model_id=score.model_id,
        scorer=score.scorer,
        probability=score.probability,
        interval=score.interval,
        abstained=score.abstained,
        scored_at=now,
        door=door,
        shape=shape_of(transcript),
        unlikeness=score.unlikeness,
        reasons=tuple(code_of(reason) for reason in score.reasons),
    )


def _is_of_an_older_program(library_file: Path) -> bool:
    """Whether the file is a library without a log; then it is given one."""
    from salescoach.library import Library, look_at_library

    if look_at_library(library_file) is None:
        return False
    Library(library_file, create=False).close()
    return True

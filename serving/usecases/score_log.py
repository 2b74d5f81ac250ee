"""Notes every score that a user sees in the library's log, whichever door it was seen at.

A home without a library has no log, and nothing is written. A score that can't be noted is given all the same, with a
line of warning.
"""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from salescoach.errors import CoachError
from salescoach.library import score_log
from salescoach.library.score_log import LoggedScore
from salescoach.types import Score, Transcript

logger = logging.getLogger(__name__)

Door = Literal["cli", "chat", "api", "mcp", "batch"]
Scored = tuple[Transcript, Score]
Log = Callable[[Sequence[Scored]], None]


def log_to(library_file: Path, door: Door) -> Log:
    """What notes scores that are seen at a door."""
    return partial(_note, library_file, door)


def _note(library_file: Path, door: Door, scored: Sequence[Scored]) -> None:
    if not scored or not library_file.is_file():
        return
    now = datetime.now(UTC).replace(tzinfo=None)
    entries = [_entry(transcript, score, now, door) for transcript, score in scored]
    try:
        if not score_log.append(library_file, entries) and _is_of_an_older_program(library_file):
            score_log.append(library_file, entries)
    except (CoachError, sqlite3.Error) as error:
        logger.warning("The score could not be noted in the library's log (%s).", error)


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
    )


def _is_of_an_older_program(library_file: Path) -> bool:
    """Whether the file is a library without a log; then it is given one."""
    from salescoach.library import Library, look_at_library

    if look_at_library(library_file) is None:
        return False
    Library(library_file, create=False).close()
    return True

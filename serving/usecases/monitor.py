"""Did the scores come true, and has anything changed? For every door, and for the nightly report."""

import sqlite3
from datetime import UTC, date, datetime
from typing import Final

from eval.online.came_true import DAYS, came_true
from eval.online.results import CameTrue
from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.library.scored_calls import read_scored
from salescoach.sqlite_files import remedy_for
from salescoach.stats.changes import DEFAULT_BASELINE
from serving.usecases.lost_library import check_library

EXIT_ALARM: Final = 3  # of `coach monitor`, and of a nightly job that wants to be told


def monitor(
    settings: Settings,
    *,
    days: int = DAYS,
    baseline: int = DEFAULT_BASELINE,
    since: date | None = None,
    now: datetime | None = None,
) -> CameTrue:
    """What the score log and the outcomes say by now. Nothing is changed.

    Args:
        settings: name the library.
        days: how old scores must be to count as followed up.
        baseline: how many values say how things were, for the alarms.
        since: the day from which alarms look; default: the beginning of the log.
        now: when it is looked at; default: now.

    Raises:
        CoachError: there is no library, it is lost, or it is damaged.
    """
    check_library(settings, must_exist=True)
    try:
        log = read_scored(settings.library_file)
    except sqlite3.Error as error:
        raise CoachError(f"The library {settings.library_file} can't be read ({error}); {remedy_for(error)}.") from None
    begin = None if since is None else float((since - date(1970, 1, 1)).days)
    return came_true(log, now or datetime.now(UTC), days=days, baseline=baseline, since=begin)


def said_of(found: CameTrue) -> str:
    """How far scores came true, as a sentence."""
    judged = "no outcome yet" if found.brier is None else f"Brier {found.brier:.3f} (base rate {found.brier_base:.3f})"
    return f"Did it come true: {found.n:,} scores with an outcome, {found.pending:,} without; {judged}."

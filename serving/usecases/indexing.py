"""Indexes and reads the library's calls. Apart from ``setup``, so that the chat doesn't load training."""

import logging

from salescoach.config import Settings
from salescoach.errors import CoachError, UnavailableError
from salescoach.library import Library
from salescoach.model.scoring import CallScorer
from salescoach.progress import Progress
from vectorstore.build import build_index
from vectorstore.generation import generations_in
from vectorstore.opened import is_current, is_sound

logger = logging.getLogger(__name__)


def rebuild_index(settings: Settings, library: Library, report: Progress, *, only_if_needed: bool = False) -> bool:
    """Indexes the library with the current model, and reads what its reader hasn't read; whether anything was done.

    The index comes first: reading takes longer, and what was read is kept call by call where it is interrupted.

    ``only_if_needed``: not where the index is whole and holds what the library holds.
    """
    scorer = CallScorer.load(settings)
    is_built = _build(settings, library, scorer, report, only_if_needed=only_if_needed)
    n_read = library.read_moves(scorer.reader, report) if scorer.reader is not None else 0
    return is_built or n_read > 0


def _build(settings: Settings, library: Library, scorer: CallScorer, report: Progress, *, only_if_needed: bool) -> bool:
    is_whole = False
    if only_if_needed:
        try:
            is_whole = is_sound(settings.index_dir, scorer)
            if is_whole and is_current(settings.index_dir, scorer, library):
                return False
        except UnavailableError:
            is_whole = False
    build_index(library, scorer, settings.index_dir, report, takes_over=is_whole)
    return True


def follow_library(settings: Settings, report: Progress) -> bool:
    """Indexes what the library holds and the index doesn't, as after a program that was killed between the two.

    Only where there is an index; what fails is logged, as everything but similar calls goes on without.

    Returns:
        Whether anything was done.
    """
    try:
        newest = generations_in(settings.index_dir)[0]
        with Library(settings.library_file, create=False) as library:
            if (newest.library_id, newest.library_digest) == (library.library_id, library.digest()):
                return False
            return rebuild_index(settings, library, report, only_if_needed=True)
    except UnavailableError:
        return False
    except CoachError as error:
        logger.warning("The index of past calls doesn't follow the library: %s", error)
        return False

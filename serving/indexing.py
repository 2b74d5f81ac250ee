"""Indexes the library with the current model. Apart from ``setup``, so that the chat doesn't load training."""

from salescoach.config import Settings
from salescoach.errors import UnavailableError
from salescoach.library import Library
from salescoach.progress import Progress
from salescoach.scoring import CallScorer
from vectorstore.build import build_index
from vectorstore.search import is_sound


def rebuild_index(settings: Settings, library: Library, report: Progress, *, only_if_needed: bool = False) -> bool:
    """Indexes the library with the current model; returns whether anything was done."""
    scorer = CallScorer.load(settings)
    if only_if_needed:
        try:
            if is_sound(settings.index_dir, scorer):
                return False
        except UnavailableError:
            pass
    build_index(library, scorer, settings.index_dir, report)
    return True

"""What running calls need of a home, opened for a process that does nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from salescoach.config import Settings
from salescoach.library import Library
from salescoach.model.scoring import CallScorer
from serving.usecases.live import LiveParts
from serving.usecases.live_precedents import PastCallsOf
from serving.usecases.lost_library import check_library
from serving.usecases.score_log import Door, log_to
from tools.parts import Parts
from vectorstore.search import PastCalls


@contextmanager
def open_live(settings: Settings, door: Door) -> Iterator[LiveParts]:
    """The scorer and, where there is a library, what its calls say; closed at the end of the block.

    Args:
        settings: name the model and the library.
        door: where scores are seen.

    Raises:
        ModelError: there is no model, or it is damaged.
        CoachError: the library can't be read, or is not the one that the index was built from.
    """
    scorer, log = CallScorer.load(settings), log_to(settings.library_file, door)
    check_library(settings)
    if not settings.library_file.exists():
        yield LiveParts(scorer, None, log)
        return
    with Library(settings.library_file, create=False) as library:
        index = PastCalls(settings.index_dir, library, scorer)
        try:
            yield LiveParts(scorer, PastCallsOf(Parts(library, scorer, index)), log)
        finally:
            index.close()

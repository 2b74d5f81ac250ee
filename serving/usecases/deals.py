"""Deals for every door: which accounts are at risk, and why."""

from datetime import UTC, date, datetime

from salescoach.config import Settings
from salescoach.deals.board import DealBoard
from salescoach.deals.desk import DealDesk, DealFilter
from salescoach.library import Library
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.model.loading import BundledReader
from salescoach.model.scoring import CallScorer, Scorer
from salescoach.progress import Progress, silent
from salescoach.types import Score, Transcript
from serving.usecases.lost_library import check_library
from serving.usecases.score_log import Door, log_to


def find_deals(
    settings: Settings,
    door: Door,
    *,
    on: date | None = None,
    rep: str | None = None,
    also_closed: bool = False,
    progress: Progress = silent,
    scorer: Scorer | None = None,
) -> DealBoard:
    """The deals of the library, the most urgent first.

    Calls that nobody has read or scored yet are read and scored first, and what came out is kept, so that the next time
    takes no model.

    Args:
        settings: name the library and the model.
        door: where the scores are seen.
        on: the day to look at them from; default: today, by UTC.
        rep: only deals with a call of this rep, where that is switched on.
        also_closed: deals that were won or lost, too.
        progress: is told how far reading and scoring are.
        scorer: of a process that has one loaded; default: that of the settings' model, loaded when it is needed.

    Raises:
        InputError: a rep is asked for and that is switched off, or has no deal.
        CoachError: there is no library, or it is not the one that the index was built from.
        ModelError: there is no model, or it is damaged.
    """
    check_library(settings, must_exist=True)
    loaded: list[Scorer] = [scorer] if scorer else []

    def score(transcript: Transcript) -> Score:
        if not loaded:  # what is in the log needs no model
            loaded.append(CallScorer.load(settings))
        return loaded[0].score(transcript, n_evidence=1)

    wanted = DealFilter(today=on or datetime.now(UTC).date(), rep=rep, also_closed=also_closed)
    with Library(settings.library_file, create=False) as library:
        manifest = scorer.manifest if scorer else ModelFolder.open(find_model(settings)).manifest
        desk = DealDesk(library, manifest, score, settings.rep_lookups)
        of_deals = {call.call_id for own in desk.calls(wanted).values() for call in own}
        reader = scorer.reader if scorer and scorer.reader else BundledReader(settings)
        library.read_moves(reader, progress, only=of_deals)
        board, scored = desk.board(wanted, report=progress)
    log_to(settings.library_file, door)(scored)
    return board

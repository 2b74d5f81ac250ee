"""Retraining that proposes: a model that learned from the library's calls, entered as challenger, never as champion.

What people have labelled since flows in here: outcomes that were entered, corrected or confirmed are its labels.
"""

from datetime import UTC, datetime
from typing import Final

from salescoach.config import Settings
from salescoach.library import Library
from salescoach.library.reader import CallSummary
from salescoach.model.artifact import Manifest, find_model
from salescoach.model.registry import ModelRegistry
from salescoach.progress import Progress, silent
from salescoach.types import Frozen
from serving.usecases.lost_library import check_library
from training.from_library import choose_calls
from training.options import FinetuneOptions, TrainingOptions
from training.run import train

PREFIX: Final = "proposal-"
MIN_NEWS: Final = 20  # calls with a new or changed outcome, below which a training would say the same


class ProposedModel(Frozen):
    """What came of it. ``folder`` and ``model_id``: of the challenger; None where nothing was trained."""

    folder: str | None
    model_id: str | None
    n_news: int
    reading: str


def propose(
    settings: Settings, by: str, progress: Progress = silent, *, min_news: int = MIN_NEWS, finetunes: bool = True
) -> ProposedModel:
    """Trains on the team's own calls, if enough is new, and enters the model as challenger; a person promotes it.

    While an earlier proposal contends, nothing is trained: a duel takes hundreds of outcomes, and one that begins anew
    every night never ends.

    Args:
        settings: name the home; the champion there is what news are counted from.
        by: who asks for it, such as ``nightly``.
        progress: of the training.
        min_news: how many calls must have a new or changed outcome.
        finetunes: whether the encoder is trained too, which takes longer.

    Raises:
        CoachError: there is no library, or too few labelled calls to train on.
    """
    check_library(settings, must_exist=True)
    registry = ModelRegistry(settings)
    contending = [one.folder for one in registry.challengers() if one.folder.startswith(PREFIX)]
    champion = Manifest.of(find_model(settings.model_copy(update={"model": None})))
    with Library(settings.library_file, create=False) as library:
        own = library.own_calls()
        n_news = _n_news(library, champion)
        if contending:
            return _nothing(n_news, f"{contending[0]} still contends with the champion, so nothing was trained.")
        if own.n_missing:
            return _nothing(n_news, f"Nothing was trained. {own.reading}")
        if n_news < min_news:
            return _nothing(
                n_news,
                f"Nothing was trained: {n_news} calls have a new or changed outcome since {champion.model_id} was "
                f"made; {min_news} make a proposal.",
            )
        chosen = choose_calls(library, settings.seed)
    folder = settings.models_dir / f"{PREFIX}{datetime.now(UTC):%Y%m%d-%H%M%S}"
    finetuning = FinetuneOptions() if finetunes else None
    options = TrainingOptions(name="proposal", data=chosen.data, finetuning=finetuning)
    manifest = train(chosen.calls, folder, settings, options, progress=progress)
    registry.challenge(folder.name, by, f"Learned from {chosen.data}, of which {n_news} are news.")
    return ProposedModel(
        folder=folder.name,
        model_id=manifest.model_id,
        n_news=n_news,
        reading=f"{folder.name} learned from {chosen.data} and contends with the champion from now on. A person "
        f"promotes it: `coach models promote {folder.name}`.",
    )


def _n_news(library: Library, champion: Manifest) -> int:
    """Own calls with an outcome that the champion can't have learned, or not as it is now."""
    made_at = datetime.fromisoformat(champion.created_at)
    made_at = made_at.astimezone(UTC).replace(tzinfo=None) if made_at.tzinfo else made_at
    own = [call for call in library.summaries() if call.provenance == "own"]
    contents = library.contents([call.call_id for call in own])

    def is_news(call: CallSummary) -> bool:
        entered = call.outcome_entered_at
        return (entered is not None and entered > made_at) or not champion.has_seen(contents[call.call_id][0])

    return sum(is_news(call) for call in own if call.call_id in contents)


def _nothing(n_news: int, reading: str) -> ProposedModel:
    return ProposedModel(folder=None, model_id=None, n_news=n_news, reading=reading)

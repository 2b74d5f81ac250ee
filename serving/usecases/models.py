"""The models of a home for every door: the champion, what contends with it, and the decisions about them."""

from collections.abc import Sequence

from eval.online.duel import ModelDuel, duel_of
from salescoach.config import Settings
from salescoach.errors import CoachError, InputError, without_paths
from salescoach.library import Library, exposure_log, shadow_log
from salescoach.library.shadow_log import ShadowScore
from salescoach.model.registry import COACH, KnownModel, ModelDecision, ModelRegistry
from salescoach.model.scoring import CallScorer
from salescoach.progress import Progress, silent
from salescoach.types import Frozen
from serving.usecases.indexing import rebuild_index


class Challenger(Frozen):
    """A model that contends, and how its duel with the champion stands; None where the home has no library."""

    model: KnownModel
    duel: ModelDuel | None


class ModelsReport(Frozen):
    """``others``: models that are there and don't contend. ``history``: every decision, oldest first."""

    champion: KnownModel
    challengers: tuple[Challenger, ...]
    others: tuple[KnownModel, ...]
    history: tuple[ModelDecision, ...]


class ModelChanged(Frozen):
    """A decision that was made, and what came of it in a sentence or two."""

    decision: ModelDecision
    reading: str


class ShadowRun(Frozen):
    """Scores in shadow: how many were noted, how many outcomes had come, and which challengers were stopped."""

    n_scored: int
    n_settled: int
    stopped: tuple[ModelDecision, ...]


def list_models(settings: Settings) -> ModelsReport:
    """What there is, with the duels as they stand.

    Raises:
        ModelError: there is no champion.
        CoachError: the history of models or the library can't be read.
    """
    registry = ModelRegistry(settings)
    champion, contending = registry.champion(), registry.challengers()
    if contending and settings.library_file.exists():
        shadow_log.settle(settings.library_file)
    named = {champion.model_id, *(one.model_id for one in contending)}
    return ModelsReport(
        champion=champion,
        challengers=tuple(Challenger(model=one, duel=_duel(settings, champion, one)) for one in contending),
        others=tuple(one for one in registry.models() if one.model_id not in named),
        history=registry.history(),
    )


def challenge(settings: Settings, name: str, by: str) -> ModelChanged:
    """Enters a model as challenger; raises as ``ModelRegistry.challenge``."""
    decision = ModelRegistry(settings).challenge(name, by)
    return ModelChanged(
        decision=decision,
        reading=f"{name} contends from now on: `coach models shadow`, every night, lets it score each open call in "
        "shadow. Nobody is shown what it says.",
    )


def retire(settings: Settings, name: str, by: str) -> ModelChanged:
    """Takes a challenger out; raises as ``ModelRegistry.retire``."""
    decision = ModelRegistry(settings).retire(name, by)
    return ModelChanged(decision=decision, reading=f"{name} doesn't contend any more; its folder stays.")


def promote(
    settings: Settings, name: str, by: str, *, even_if: bool = False, progress: Progress = silent
) -> ModelChanged:
    """Makes a challenger the champion, with the state of its duel in the record.

    Args:
        settings: name the home.
        name: the challenger's folder.
        by: who decides.
        even_if: promote it although its duel doesn't say that it is better.
        progress: of the index.

    Raises:
        InputError: it is no challenger, or its duel doesn't say that it is better and ``even_if`` isn't given.
        ModelError: its folder is damaged. Nothing is changed then.
    """
    known = {one.model.folder: one for one in list_models(settings).challengers}
    if name not in known:
        raise InputError(
            f"No challenger is called {name!r}; there are: {', '.join(sorted(known)) or 'none'}. Enter it first with "
            f"`coach models challenge {name}`, or take it without a duel with `coach models use {name}`."
        )
    duel = known[name].duel
    said = "There was no duel." if duel is None else duel.reading
    if not even_if and (duel is None or duel.verdict != "better"):
        raise InputError(f"{name} has not shown to be better. {said} To promote it all the same, add --even-if.")
    return _crowned(settings, ModelRegistry(settings).promote(name, by, said), progress)


def use(settings: Settings, name: str, by: str, *, progress: Progress = silent) -> ModelChanged:
    """Makes any model the champion, without a duel; raises as ``ModelRegistry.promote``."""
    return _crowned(settings, ModelRegistry(settings).promote(name, by, "Chosen without a duel."), progress)


def roll_back(settings: Settings, by: str, *, progress: Progress = silent) -> ModelChanged:
    """Makes the champion before this one the champion again; raises as ``ModelRegistry.roll_back``."""
    return _crowned(settings, ModelRegistry(settings).roll_back(by), progress)


def run_shadow(settings: Settings, progress: Progress = silent) -> ShadowRun:
    """Lets champion and challengers score every open call that they haven't, and stops challengers that are worse.

    It is done apart from answers, so no answer waits for it. Only calls whose outcome isn't known at the moment of
    writing are kept; example calls never. Without a challenger nothing is scored.

    Args:
        settings: name the home.
        progress: is told how far each model is.

    Raises:
        CoachError: there is no library.
        ModelError: there is no champion, or a model can't be loaded; what others had scored is kept.
    """
    registry, file = ModelRegistry(settings), settings.library_file
    champion, contending = registry.champion(), registry.challengers()
    if not contending:
        return ShadowRun(n_scored=0, n_settled=0, stopped=())
    n_settled = shadow_log.settle(file)
    stopped = [
        registry.retire(one.folder, COACH, duel.reading, what="stopped")
        for one in contending
        if (duel := _duel(settings, champion, one)) is not None and duel.verdict == "worse"
    ]
    gone = {one.model_id for one in stopped}
    running = [one for one in contending if one.model_id not in gone]
    n_scored = sum(_score_in_shadow(settings, one, progress) for one in ([champion, *running] if running else []))
    return ShadowRun(n_scored=n_scored, n_settled=n_settled, stopped=tuple(stopped))


def _score_in_shadow(settings: Settings, model: KnownModel, progress: Progress) -> int:
    """Each score is kept as soon as it is made, so that an interrupted run goes on where it stopped."""
    missing = shadow_log.missing(settings.library_file, model.model_id)
    if not missing:
        return 0
    folder = settings.models_dir / model.folder
    scorer = CallScorer.load(settings.model_copy(update={"model": folder}))
    if scorer.manifest.model_id != model.model_id:
        raise CoachError(f"The model in {folder} was replaced while it was loaded; run `coach models shadow` again.")
    n = 0
    with Library(settings.library_file, create=False) as library:
        for done, (call_id, content) in enumerate(missing):
            progress(f"scoring in shadow: {model.folder}", done, len(missing))
            try:
                transcript = library.get(call_id).transcript
            except InputError:  # deleted meanwhile
                continue
            if transcript.content_hash == content:
                p = scorer.score(transcript, n_evidence=1).probability
                scored = ShadowScore(content_hash=content, model_id=model.model_id, probability=p)
                n += shadow_log.append(settings.library_file, [scored])
    progress(f"scoring in shadow: {model.folder}", len(missing), len(missing))
    return n


def _duel(settings: Settings, champion: KnownModel, challenger: KnownModel) -> ModelDuel | None:
    file = settings.library_file
    if not file.exists():
        return None
    pairs = shadow_log.pairs(file, champion.model_id, challenger.model_id)
    return duel_of(
        pairs,
        n_pending=shadow_log.n_pending(file, champion.model_id, challenger.model_id),
        abstained=shadow_log.abstained_share(file, challenger.model_id),
        treated=_treated(settings, [pair.account_id for pair in pairs]),
    )


def _treated(settings: Settings, accounts: Sequence[str | None]) -> frozenset[str]:
    return frozenset(exposure_log.treated(settings.library_file)) & {one for one in accounts if one is not None}


def _crowned(settings: Settings, decision: ModelDecision, progress: Progress) -> ModelChanged:
    """Indexes the library for the new champion; where that fails, the decision stands and the reading says so."""
    said = (
        f"{decision.folder} ({decision.model_id}) scores from now on; a chat or server that is running keeps the one "
        "before until it is restarted."
    )
    trouble = None
    if settings.library_file.exists():
        current = settings.model_copy(update={"model": settings.models_dir / decision.folder})
        try:
            with Library(settings.library_file, create=False) as library:
                if library.summaries():
                    rebuild_index(current, library, progress, only_if_needed=True)
        except CoachError as error:
            trouble = without_paths(str(error), settings.home)
    if trouble is not None:
        said = f"{said} The index of past calls could not follow: {trouble}"
    return ModelChanged(decision=decision, reading=said)

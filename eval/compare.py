"""All arms on the same splits: is the fine-tuned embedder worth it, against cheap arms that could win?

Each arm of each fold is kept as soon as it is done (numbers only, no text), so an interrupted comparison goes on where
it stopped. Nothing that is judged has been seen by a fit, a threshold or a choice.
"""

import hashlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import salescoach
import training
from eval.comparison import Arm, Comparison, pairs, report_arm, report_difference
from eval.evaluate import forced_probability, was_trained_on
from eval.folds import Fold, make_fold, make_splits, part_of
from eval.judgements import SHARES, Judgements
from eval.space import Space, space_of
from salescoach.config import Settings
from salescoach.errors import DataError
from salescoach.file_store import FileStore, key_of
from salescoach.model.encoder import Encoder, encode_turns
from salescoach.model.head import blended, logit, sigmoid
from salescoach.model.loading import load_base_encoder
from salescoach.model.scoring import CallScorer
from salescoach.progress import Progress, silent
from salescoach.stats.measures import N_RESAMPLES, Thresholds
from salescoach.stats.splits import group_of, labels_of, split_hash
from salescoach.types import Frozen, LabelledCall
from training.arms import FittedArm, embedding_arms, fit_baseline, fit_blend, honest_thresholds
from training.baselines import BASELINES
from training.embedding import FineTuning, Trained, fit_finetuned, fit_generic
from training.options import FinetuneOptions

BLENDED = ("finetuned", "tfidf")
LEARNERS = ("tfidf", "generic", "finetuned")  # whose learning curves are drawn; the blend's follows
PARTS = (25, 50)  # per cent of the training accounts, beside all of them
N_TIMED = 10


class FoldResult(Frozen):
    """What one arm said in one fold: logits of test calls by share, and of training calls as ``FittedArm.honest``."""

    logits: dict[int, tuple[float, ...]]
    honest: tuple[float | None, ...]
    thresholds: Thresholds
    ms_per_call: float


class FoldResults(Frozen):
    """The arms that one fit gives, and where an embedding puts the calls."""

    arms: dict[str, FoldResult]
    space: Space | None = None


Fit = Callable[[Fold], FoldResults]


@dataclass(frozen=True)
class Details:
    """A comparison with what its report is drawn from.

    Attributes:
        comparison: the tables.
        judgements: what every arm said.
        learning: calls to learn from (mean over folds) -> what arms said that had learned from so many.
        spaces: ``generic`` and ``finetuned`` -> where they put the calls, for each fold.
        folds: the splits themselves.
        model_id: of the model folder that was judged beside the arms.
    """

    comparison: Comparison
    judgements: Judgements
    learning: Mapping[int, Judgements]
    spaces: Mapping[str, Sequence[Space]]
    folds: Sequence[Fold]
    model_id: str | None = None


class CompareOptions(Frozen):
    """How arms are compared.

    Attributes:
        n_folds: of the cross-validation, by account.
        quick: only the first of the folds.
        by_time: one split, the latest third of the accounts judging.
        model: a model folder that is judged as one more arm, by its id.
        finetuning: how the encoder is fine-tuned.
        with_learning: also let arms learn from a quarter and from half of the training accounts; about as long again.
        n_resamples: of accounts, for the intervals.
    """

    n_folds: int = 5
    quick: bool = False
    by_time: bool = False
    model: Path | None = None
    finetuning: FinetuneOptions = FinetuneOptions()
    with_learning: bool = False
    n_resamples: int = N_RESAMPLES


@dataclass(frozen=True)
class _Kept:
    """Results of fits that may be taken again: those of the same calls, splits, settings and code, which ``of`` names.

    A result is numbers only; it is whole in the file or not there.
    """

    store: FileStore
    of: str

    def once(self, name: str, fit: Callable[[], FoldResults]) -> FoldResults:
        """What a fit gives, or gave before under this name."""
        key = key_of(self.of, name)
        result = self.store.get([key]).get(key)
        if result is None:
            result = fit().model_dump_json().encode()
            self.store.put({key: result})
        # Read back even when just made, so that a resumed comparison gives the same figures to the last bit.
        return FoldResults.model_validate_json(result)


def compare(
    calls: Sequence[LabelledCall],
    settings: Settings,
    options: CompareOptions | None = None,
    progress: Progress = silent,
) -> Details:
    """Judges every arm on the same splits.

    Args:
        calls: labelled calls; open deals are left out. A ``split`` column wins over folds.
        settings: base model, seed, threads, and ``COACH_HOME``, under which finished folds are kept.
        options: how they are compared.
        progress: called with the stage, what is done and what there is to do.

    Raises:
        DataError: too few calls of an outcome, or ``options.model`` has been trained on calls that would judge it.
    """
    calls = [call for call in calls if call.outcome is not None]
    options = options or CompareOptions()
    splits = make_splits(calls, options.n_folds, settings.seed, quick=options.quick, by_time=options.by_time)
    folds = [make_fold(calls, names, settings.seed) for names in splits]
    hash_of_splits = split_hash(calls, [" ".join(names) for names in zip(*splits, strict=True)])
    fits = _fits(folds, settings, options, progress)
    with closing(FileStore(settings.runs_dir / "compare.sqlite")) as store:
        kept = _Kept(store, _facts(hash_of_splits, settings, options.finetuning))
        judgements, spaces, ms_per_call = _judge(folds, fits, kept, progress)
        learning = {}
        if options.with_learning:
            learners = {name: fits[name] for name in LEARNERS}
            learning = _learning(folds, learners, kept, progress) | {_mean_size(folds): judgements}

    lines: dict[str, Arm] = {}
    for done, arm in enumerate(judgements.arms):
        progress("resampling accounts", done, len(judgements.arms))
        judged = {share: judgements.judged(arm, share) for share in SHARES}
        lines[arm] = report_arm(arm, judged, ms_per_call[arm], settings.seed, options.n_resamples)
    progress("resampling accounts", len(judgements.arms), len(judgements.arms))
    comparison = Comparison(
        n=len(calls),
        positives=int(labels_of(calls).sum()),
        groups=len({group_of(call) for call in calls}),
        folds=len(folds),
        split_hash=hash_of_splits,
        seed=settings.seed,
        arms=tuple(line.report for line in lines.values()),
        differences=tuple(report_difference(lines[arm], lines[over]) for arm, over in pairs(lines)),
    )
    given = [name for name in fits if name not in (*BASELINES, *LEARNERS)]
    return Details(comparison, judgements, learning, spaces, folds, next(iter(given), None))


def _judge(
    folds: Sequence[Fold], fits: Mapping[str, Fit], kept: _Kept, progress: Progress
) -> tuple[Judgements, dict[str, list[Space]], dict[str, float]]:
    """What every arm says of every fold, where the encoders put the calls, and the time for one call."""
    results: list[dict[str, FoldResult]] = []
    spaces: dict[str, list[Space]] = {}
    for number, fold in enumerate(folds):
        arms: dict[str, FoldResult] = {}
        for step, (name, fit) in enumerate(fits.items()):
            progress("comparing", number * len(fits) + step, len(folds) * len(fits))
            found = kept.once(f"fold-{number}-{name}", partial(fit, fold))
            arms |= found.arms
            if found.space is not None:
                spaces.setdefault(name, []).append(found.space)
        results.append(_with_blend(arms, fold))
    progress("comparing", len(folds) * len(fits), len(folds) * len(fits))
    ms_per_call = {arm: statistics.median(of_fold[arm].ms_per_call for of_fold in results) for arm in results[0]}
    return _judgements(results, folds), spaces, ms_per_call


def _learning(folds: Sequence[Fold], fits: Mapping[str, Fit], kept: _Kept, progress: Progress) -> dict[int, Judgements]:
    """What arms say that have learned from a part of the accounts; parts too small to learn from are left out."""
    found = {}
    for nth, percent in enumerate(PARTS):
        parts = [part_of(fold, percent) for fold in folds]
        smaller = [part for part in parts if part is not None]
        if len(smaller) < len(folds):
            continue
        results = []
        for number, part in enumerate(smaller):
            arms: dict[str, FoldResult] = {}
            for step, (name, fit) in enumerate(fits.items()):
                done = (nth * len(folds) + number) * len(fits) + step
                progress("learning from fewer calls", done, len(PARTS) * len(folds) * len(fits))
                arms |= kept.once(f"fold-{number}-{name}-{percent}", partial(fit, part)).arms
            results.append(_with_blend(arms, part))
        found[_mean_size(smaller)] = _judgements(results, smaller)
    return found


def _mean_size(folds: Sequence[Fold]) -> int:
    return round(statistics.mean(len(fold.train.calls) for fold in folds))


def _judgements(results: Sequence[dict[str, FoldResult]], folds: Sequence[Fold]) -> Judgements:
    return Judgements(
        [fold.test for fold in folds],
        {arm: {s: [sigmoid(np.array(one[arm].logits[s])) for one in results] for s in SHARES} for arm in results[0]},
        {arm: [of_fold[arm].thresholds for of_fold in results] for arm in results[0]},
    )


def _fits(folds: Sequence[Fold], settings: Settings, options: CompareOptions, progress: Progress) -> dict[str, Fit]:
    """What is fitted in each fold, by name; one fit can give several arms."""
    fits: dict[str, Fit] = {name: partial(_fit_baseline, name) for name in BASELINES}
    base = load_base_encoder(settings)
    fits["generic"] = partial(_fit_generic, base, options.finetuning)
    fits["finetuned"] = partial(_fit_finetuned, base, settings, options.finetuning, progress)
    if options.model is not None:
        named = settings.model_copy(update={"model": options.model})
        scorer, cold = CallScorer.load(named), CallScorer.load(named, cached=False)
        n_seen = sum(was_trained_on(scorer, call) for fold in folds for call in fold.test)
        if n_seen:
            raise DataError(
                f"{options.model} has been trained on {n_seen} of the calls that would judge it; compare on unseen "
                "calls."
            )
        fits[scorer.manifest.model_id] = partial(_ask_model, scorer, cold)
    return fits


def _fit_baseline(name: str, fold: Fold) -> FoldResults:
    return FoldResults(arms={name: _result(fit_baseline(BASELINES[name], fold.train), fold)})


def _fit_generic(encoder: Encoder, options: FinetuneOptions, fold: Fold) -> FoldResults:
    return _embedding_results("generic", fit_generic(encoder, fold.train, options), fold)


def _fit_finetuned(
    base: Encoder, settings: Settings, options: FinetuneOptions, progress: Progress, fold: Fold
) -> FoldResults:
    """The fine-tuned encoder lives as long as its fold; an interrupted fine-tuning goes on from its checkpoint."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        tuning = FineTuning(base, options, folder, settings, cached=False, resume=True, progress=progress)
        tuned = fit_finetuned(fold.train, tuning)
        tuned.forget_checkpoints()
        return _embedding_results("finetuned", tuned, fold)


def _embedding_results(name: str, trained: Trained, fold: Fold) -> FoldResults:
    pooled = trained.pool(fold.train)
    arms = embedding_arms(name, trained, fold.train, pooled)
    space = space_of(pooled.final.vectors, fold.train, trained.final.pool(fold.test_calls()), fold.labels)
    encoder = trained.final.encoder.without_cache()
    encoding_ms = _milliseconds(lambda call: encode_turns(encoder, call.turns), fold)
    return FoldResults(arms={arm: _result(fitted, fold, encoding_ms) for arm, fitted in arms.items()}, space=space)


def _ask_model(scorer: CallScorer, cold: CallScorer, fold: Fold) -> FoldResults:
    """A finished model: nothing is fitted here, and its thresholds are its own."""

    def ask(share: int) -> tuple[float, ...]:
        chances = [forced_probability(scorer.score(call, force=True)) for call in fold.test_calls(share)]
        return tuple(logit(np.array(chances)).tolist())

    result = FoldResult(
        logits={share: ask(share) for share in SHARES},
        honest=(None,) * len(fold.train.calls),
        thresholds=scorer.manifest.thresholds,
        ms_per_call=_milliseconds(cold.score, fold),
    )
    return FoldResults(arms={scorer.manifest.model_id: result})


def _result(arm: FittedArm, fold: Fold, encoding_ms: float = 0.0) -> FoldResult:
    return FoldResult(
        logits={share: tuple(arm.logits(fold.test_calls(share)).tolist()) for share in SHARES},
        honest=_numbers(arm.honest),
        thresholds=honest_thresholds(arm.honest, fold.train.labels),
        ms_per_call=encoding_ms + _milliseconds(lambda call: arm.logits([call]), fold),
    )


def _with_blend(arms: dict[str, FoldResult], fold: Fold) -> dict[str, FoldResult]:
    return arms | {"blend": _blend([arms[name] for name in BLENDED], fold)} if set(BLENDED) <= arms.keys() else arms


def _blend(parts: Sequence[FoldResult], fold: Fold) -> FoldResult:
    of_parts = [np.array(part.honest, dtype=float) for part in parts]  # None becomes nan
    calibration = fit_blend(blended(of_parts), fold.train.labels)
    honest = blended(of_parts, *calibration)
    said = {share: blended([np.array(part.logits[share]) for part in parts], *calibration) for share in SHARES}
    return FoldResult(
        logits={share: tuple(logits.tolist()) for share, logits in said.items()},
        honest=_numbers(honest),
        thresholds=honest_thresholds(honest, fold.train.labels),
        ms_per_call=sum(part.ms_per_call for part in parts),
    )


def _numbers(values: np.ndarray) -> tuple[float | None, ...]:
    """For JSON, which has no nan."""
    return tuple(float(value) if np.isfinite(value) else None for value in values)


def _milliseconds(judge: Callable[..., object], fold: Fold) -> float:
    """The median time for one of a few test calls, one at a time."""
    times = []
    for call in fold.test_calls()[:N_TIMED]:
        start = time.perf_counter()
        judge(call)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _facts(hash_of_splits: str, settings: Settings, options: FinetuneOptions) -> str:
    """All that decides what a fit of a fold gives: calls and splits, settings, code."""
    code = hashlib.sha256()
    for package in (salescoach, training):
        for file in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            code.update(file.read_bytes())
    return " ".join(
        (hash_of_splits, settings.base_model, str(settings.seed), options.model_dump_json(), code.hexdigest())
    )

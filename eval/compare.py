"""All arms on the same splits: is the fine-tuned embedder worth it, against cheap arms that could win?

Each arm of each fold is kept as soon as it is done (numbers only, no text), so an interrupted comparison goes on where
it stopped. Nothing that is judged has been seen by a fit, a threshold or a choice.
"""

import hashlib
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import salescoach
import training
from eval.comparison import SHARES, Arm, Comparison, pairs, report_arm, report_difference
from eval.evaluate import forced_probability, was_trained_on
from eval.folds import Fold, make_fold, make_splits
from salescoach.config import Settings
from salescoach.encoder import Encoder, encode_turns
from salescoach.errors import DataError
from salescoach.head import blended, logit, sigmoid
from salescoach.measures import N_RESAMPLES, Judged, Thresholds
from salescoach.progress import Progress, silent
from salescoach.scoring import CallScorer, load_base_encoder
from salescoach.splits import group_of, labels_of, split_hash
from salescoach.types import Frozen, LabelledCall
from salescoach.whole_file import whole_file
from training.arms import FittedArm, embedding_arms, fit_baseline, fit_blend, honest_thresholds
from training.baselines import BASELINES
from training.embedding import Embedding, fit_finetuned, fit_generic
from training.options import FinetuneOptions

BLENDED = ("finetuned", "tfidf")
N_TIMED = 10


class FoldResult(Frozen):
    """What one arm said in one fold: logits of test calls by share, and of training calls as ``FittedArm.honest``."""

    logits: dict[int, tuple[float, ...]]
    honest: tuple[float | None, ...]
    thresholds: Thresholds
    ms_per_call: float


class FoldResults(Frozen):
    """The arms that one fit gives."""

    arms: dict[str, FoldResult]


Fit = Callable[[Fold], FoldResults]


def compare(
    calls: Sequence[LabelledCall],
    settings: Settings,
    *,
    n_folds: int = 5,
    quick: bool = False,
    by_time: bool = False,
    model: Path | None = None,
    options: FinetuneOptions | None = None,
    n_resamples: int = N_RESAMPLES,
    progress: Progress = silent,
) -> Comparison:
    """Judges every arm on the same splits.

    Args:
        calls: labelled calls; open deals are left out. A ``split`` column wins over folds.
        settings: base model, seed, threads, and ``COACH_HOME``, under which finished folds are kept.
        n_folds: of the cross-validation, by account.
        quick: only the first of the folds.
        by_time: one split, the latest third of the accounts judging.
        model: a model folder that is judged as one more arm, by its id.
        options: how the encoder is fine-tuned.
        n_resamples: of accounts, for the intervals.
        progress: called with the stage, what is done and what there is to do.

    Raises:
        DataError: too few calls of an outcome, or ``model`` has been trained on calls that would judge it.
    """
    calls = [call for call in calls if call.outcome is not None]
    options = options or FinetuneOptions()
    splits = make_splits(calls, n_folds, settings.seed, quick=quick, by_time=by_time)
    folds = [make_fold(calls, names, settings.seed) for names in splits]
    hash_of_splits = split_hash(calls, [" ".join(names) for names in zip(*splits, strict=True)])
    fits = _fits(folds, settings, options, model, progress)
    kept = settings.runs_dir / "compare" / _key(hash_of_splits, settings, options)

    results: list[dict[str, FoldResult]] = []
    for number, fold in enumerate(folds):
        arms: dict[str, FoldResult] = {}
        for step, (name, fit) in enumerate(fits.items()):
            progress("comparing", number * len(fits) + step, len(folds) * len(fits))
            arms |= _once(kept / f"fold-{number}-{name}.json", partial(fit, fold))
        if set(BLENDED) <= arms.keys():
            arms["blend"] = _blend([arms[name] for name in BLENDED], fold)
        results.append(arms)
    progress("comparing", len(folds) * len(fits), len(folds) * len(fits))

    found: dict[str, Arm] = {}
    for done, arm in enumerate(results[0]):
        progress("resampling accounts", done, len(results[0]))
        judged = {share: _judged(results, folds, arm, share) for share in SHARES}
        ms_per_call = statistics.median(of_fold[arm].ms_per_call for of_fold in results)
        found[arm] = report_arm(arm, judged, ms_per_call, settings.seed, n_resamples)
    progress("resampling accounts", len(results[0]), len(results[0]))
    return Comparison(
        n=len(calls),
        positives=int(labels_of(calls).sum()),
        groups=len({group_of(call) for call in calls}),
        folds=len(folds),
        split_hash=hash_of_splits,
        seed=settings.seed,
        arms=tuple(arm.report for arm in found.values()),
        differences=tuple(report_difference(found[arm], found[over]) for arm, over in pairs(found)),
    )


def _fits(
    folds: Sequence[Fold], settings: Settings, options: FinetuneOptions, model: Path | None, progress: Progress
) -> dict[str, Fit]:
    """What is fitted in each fold, by name; one fit can give several arms."""
    fits: dict[str, Fit] = {name: partial(_fit_baseline, name) for name in BASELINES}
    base = load_base_encoder(settings)
    fits["generic"] = partial(_fit_generic, base, options)
    fits["finetuned"] = partial(_fit_finetuned, base, settings, options, progress)
    if model is not None:
        named = settings.model_copy(update={"model": model})
        scorer, cold = CallScorer.load(named), CallScorer.load(named, cached=False)
        n_seen = sum(was_trained_on(scorer, call) for fold in folds for call in fold.test)
        if n_seen:
            raise DataError(
                f"{model} has been trained on {n_seen} of the calls that would judge it; compare on unseen calls."
            )
        fits[scorer.manifest.model_id] = partial(_ask_model, scorer, cold)
    return fits


def _fit_baseline(name: str, fold: Fold) -> FoldResults:
    return FoldResults(arms={name: _result(fit_baseline(BASELINES[name], fold.train), fold)})


def _fit_generic(encoder: Encoder, options: FinetuneOptions, fold: Fold) -> FoldResults:
    return _embedding_results("generic", fit_generic(encoder, fold.train, options), encoder, fold)


def _fit_finetuned(
    base: Encoder, settings: Settings, options: FinetuneOptions, progress: Progress, fold: Fold
) -> FoldResults:
    """The fine-tuned encoder lives as long as its fold; an interrupted fine-tuning goes on from its checkpoint."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "encoder"
        tuned = fit_finetuned(fold.train, base, options, folder, settings, cached=False, resume=True, progress=progress)
        return _embedding_results("finetuned", tuned, tuned.encoder, fold)


def _embedding_results(name: str, embedding: Embedding, encoder: Encoder, fold: Fold) -> FoldResults:
    arms = embedding_arms(name, embedding, fold.train)
    encoding_ms = _milliseconds(lambda call: encode_turns(encoder.without_cache(), call.turns), fold)
    return FoldResults(arms={arm: _result(fitted, fold, encoding_ms) for arm, fitted in arms.items()})


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


def _judged(results: Sequence[dict[str, FoldResult]], folds: Sequence[Fold], arm: str, share: int) -> list[Judged]:
    return [
        Judged(fold.labels, sigmoid(np.array(of_fold[arm].logits[share])), fold.groups, of_fold[arm].thresholds)
        for of_fold, fold in zip(results, folds, strict=True)
    ]


def _milliseconds(judge: Callable[..., object], fold: Fold) -> float:
    """The median time for one of a few test calls, one at a time."""
    times = []
    for call in fold.test_calls()[:N_TIMED]:
        start = time.perf_counter()
        judge(call)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _once(file: Path, fit: Callable[[], FoldResults]) -> dict[str, FoldResult]:
    """The arms of a fit, from the file where it has been done before; a file is whole or not there."""
    if not file.is_file():
        results = fit()
        with whole_file(file) as temporary:
            temporary.write_text(results.model_dump_json(), encoding="utf-8")
    # Read back even when just written, so that a resumed comparison gives the same figures to the last bit.
    return dict(FoldResults.model_validate_json(file.read_bytes()).arms)


def _key(hash_of_splits: str, settings: Settings, options: FinetuneOptions) -> str:
    """Names results that may be taken again: same calls, same splits, same settings, same code."""
    code = hashlib.sha256()
    for package in (salescoach, training):
        for file in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            code.update(file.read_bytes())
    parts = (hash_of_splits, settings.base_model, str(settings.seed), options.model_dump_json(), code.hexdigest())
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]

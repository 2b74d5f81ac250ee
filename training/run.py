"""The recipe: labelled calls -> a model folder, read from top to bottom.

The accounts are split three ways. Most train; some choose the epoch and calibrate, or, where calls are few, calibrate
and are learned from afterwards; a third judges all arms once, without further fits. What wins there scores, and
whether fine-tuning was worth it is said by that third alone.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.covariance import LedoitWolf

from salescoach.config import Settings
from salescoach.errors import DataError
from salescoach.leftovers import remove_leftovers
from salescoach.library.own_calls import MIN_CALLS_PER_CLASS
from salescoach.model.abstention import reasons_not_to_judge, unlikeness
from salescoach.model.artifact import (
    CARD,
    ENCODER,
    HASH_DIGITS,
    MOVES,
    Manifest,
    ModelFolder,
    folder_fingerprint,
    seal,
    whole_folder,
)
from salescoach.model.base_model import resolve_base_model
from salescoach.model.embedding_arm import EmbeddingArm, ReferenceArm
from salescoach.model.encoder import Encoder, TurnEncoder, encode_turns
from salescoach.model.endpoint import EndpointEncoder, is_endpoint
from salescoach.model.endpoint import write as write_endpoint
from salescoach.model.head import Head, conformal_quantile, nonconformity, sigmoid
from salescoach.model.loading import PROBES, installed_versions, load_arms, load_encoder, load_reader, named_base
from salescoach.model.scoring import CallScorer
from salescoach.model.text_arm import TextArm
from salescoach.progress import Progress, silent
from salescoach.stats.measures import choose_thresholds
from salescoach.stats.splits import CALIBRATION, TEST, TRAIN, group_of, labels_of, split_hash, split_names
from salescoach.types import EmbeddingName, LabelledCall, PassRate, Transcript
from training.calls import TrainingCalls
from training.card import model_card
from training.duration import in_words, n_layers_of, seconds_of_training
from training.embedding import (
    FINAL,
    Embedding,
    Pooled,
    PooledPair,
    Trained,
    check_trainable,
    fit_finetuned,
    fit_generic,
)
from training.fit_head import Classifier, cross_calibrated, fit_head
from training.fit_likeness import fit_likeness
from training.fit_text_arm import fit_text_arm
from training.judge import Candidate, Verdict
from training.judge import judge as judge_arms
from training.layers import copy_encoder
from training.moves.arm import FittedMoves, fit_moves, judged_moves
from training.options import FinetuneOptions, TrainingOptions
from training.triplets import write_triplets

UNLIKENESS_TAIL = 0.01  # of held-out calls that may lie beyond the bound before the slack
CALLS_AT_ONCE = 64
MIN_SECONDS_TO_TELL = 300.0
MAX_HEAD_CALLS = 4000  # of those trained on, from which members of the head, likeness and abstention are fitted
TUNED = "tuned"  # where the fine-tuned encoder lies until it is known whether it stays

Judge = Callable[[CallScorer], Sequence[PassRate]]


def train(
    calls: Sequence[LabelledCall],
    out: Path,
    settings: Settings,
    options: TrainingOptions,
    *,
    judge: Judge | None = None,
    known_moves: Sequence[float] | None = None,
    progress: Progress = silent,
    tell: Callable[[str], None] = lambda said: None,
) -> Manifest:
    """Trains all arms on labelled calls and writes a model folder to ``out``.

    Args:
        calls: labelled calls; those without an outcome (open deals) are left out.
        out: the folder to make; an older one there is replaced when the new one is whole.
        settings: base model, threads, seed and ``COACH_HOME`` for caches and checkpoints.
        options: what to make.
        judge: checks the behaviour of the model before it is sealed; its pass rates go to manifest and card.
        known_moves: of the calls that judge, the move reader's logits, where it has learned from the others.
        progress: called with the stage, what is done and what there is to do.
        tell: is told how long it will take, if that is long, before it begins.

    Raises:
        NamedModelError: the base model can't be used, or can't be fine-tuned.
        DataError: too few calls of one class, or a split that can't be made.
    """
    if options.finetuning is not None:
        check_trainable(settings)
    split = _Split.of(calls, settings.seed, by_time=options.by_time)
    remove_leftovers(settings)
    with whole_folder(out) as folder:
        base = _copy_encoder(settings, folder / ENCODER)
        if isinstance(base, TurnEncoder) and (said := _how_long(base, folder / ENCODER, split, options.finetuning)):
            tell(said)
        embeddings = _fit_embeddings(split, base, folder, settings, options, progress)
        if options.triplets:
            where = settings.runs_dir / "train" / options.name
            write_triplets(split.parts[TRAIN], split.parts[CALIBRATION], base, where, settings.seed)
        moves = _fit_moves(split, settings, known_moves, progress) if options.moves else None
        arms = _fit_arms(split, embeddings, moves, progress)
        verdict = judge_arms(split.seen, split.test, arms.candidates, progress)
        kept = _keep(folder, split, arms, verdict)
        facts = {
            **_facts_of_training(split, settings, options, is_calibrated_on_all=known_moves is not None),
            **_facts_of_model(folder, split, arms, verdict, kept, options.unlikeness_slack),
            "engine": base.engine,
        }
        scoring = arms.embeddings[verdict.embedding]
        if judge is not None:
            facts["behaviour"] = tuple(judge(_unsealed(folder, facts, scoring.final.encoder, settings)))
        (folder / CARD).write_text(model_card(facts, verdict, is_refit=scoring.is_refit), encoding="utf-8")
        return seal(folder, **facts)


@dataclass(frozen=True)
class _Split:
    """The labelled calls by part. ``seen``: what fits may see; ``some``: as many of it as the head is fitted on."""

    calls: Sequence[LabelledCall]
    names: Sequence[str]
    parts: Mapping[str, list[LabelledCall]]
    seen: TrainingCalls
    some: TrainingCalls

    @classmethod
    def of(cls, calls: Sequence[LabelledCall], seed: int, *, by_time: bool) -> "_Split":
        calls = [call for call in calls if call.outcome is not None]
        names = names_of_parts(calls, seed, by_time=by_time)
        parts = {part: [call for call, own in zip(calls, names, strict=True) if own == part] for part in set(names)}
        seen = training_calls(parts[TRAIN], parts[CALIBRATION], seed)
        return cls(calls, names, parts, seen, seen.some(MAX_HEAD_CALLS))

    @property
    def test(self) -> list[LabelledCall]:
        return self.parts.get(TEST, [])

    @property
    def judging(self) -> list[Transcript]:
        return [call.transcript for call in self.test]


@dataclass(frozen=True)
class _Arms:
    """Everything that was fitted, before it is known what of it stays; by the name of the embedding, or of the arm."""

    text: TextArm
    embeddings: Mapping[EmbeddingName, Trained]
    pooled: Mapping[EmbeddingName, PooledPair]
    heads: Mapping[EmbeddingName, Head]
    candidates: Mapping[str, Candidate]
    moves: FittedMoves | None


def _how_long(base: TurnEncoder, folder: Path, split: _Split, options: FinetuneOptions | None) -> str | None:
    """How long encoding and fine-tuning will take, as a sentence; None where that is hardly worth one."""
    n_layers = n_layers_of(folder)
    seconds = 0.0 if n_layers is None else seconds_of_training(base, n_layers, split.seen, split.judging, options)
    if seconds < MIN_SECONDS_TO_TELL:
        return None
    said = f"Training takes about {in_words(seconds)} on this machine, less where calls were encoded before"
    return f"{said}." if options is None else f"{said}; `--objective none` takes a fraction of that."


def _fit_embeddings(
    split: _Split, base: Encoder, folder: Path, settings: Settings, options: TrainingOptions, progress: Progress
) -> dict[EmbeddingName, Trained]:
    """The generic encoder with its pooling and classifier and, if it is wanted, the fine-tuned one."""
    _encode(base, [*split.seen.calls, *split.judging], "encoding calls", progress)
    generic = fit_generic(base, split.seen, options.finetuning or FinetuneOptions())
    if options.finetuning is None:
        return {"generic": generic}
    tuned = fit_finetuned(
        split.seen, base, options.finetuning, folder / TUNED, settings, resume=options.resume, progress=progress
    )
    _encode_anew(tuned, split.some.calls, split.judging, progress)
    return {"generic": generic, "finetuned": tuned}


def _fit_moves(split: _Split, settings: Settings, known: Sequence[float] | None, progress: Progress) -> FittedMoves:
    """The move reader, calibrated on the calls that are seen, or, where it learned from those, as it came."""
    reader = load_reader(settings)
    if known is not None:
        return judged_moves(reader, split.seen, known)
    return fit_moves(reader, split.seen, split.judging, progress)


def _fit_arms(
    split: _Split, embeddings: Mapping[EmbeddingName, Trained], moves: FittedMoves | None, progress: Progress
) -> _Arms:
    """A head for each embedding, the arm that reads words, and what each of them says of the calls that judge."""
    seen, some, judging = split.seen, split.some, split.judging
    progress("fitting", 0, 2)
    text, text_honest = fit_text_arm(seen.calls, seen.labels, seen.groups, seen.seed)
    progress("fitting", 1, 2)
    said = [text.logits(call.turns, np.ones((1, len(call)), dtype=bool)) for call in judging]
    candidates = {"tfidf": Candidate(np.array(said).reshape(-1), text_honest)}
    pooled: dict[EmbeddingName, PooledPair] = {}
    heads: dict[EmbeddingName, Head] = {}
    for arm, embedding in embeddings.items():
        pooled[arm] = embedding.pool(some)
        heads[arm], of_held_out = _head(embedding, pooled[arm], some)
        honest = np.full(len(seen.calls), np.nan)
        honest[seen.held_out] = of_held_out
        candidates[arm] = Candidate(heads[arm].logits(embedding.final.pool(judging)), honest)
    if moves is not None:
        candidates["moves"] = Candidate(moves.judging, moves.honest)
    progress("fitting", 2, 2)
    return _Arms(text, embeddings, pooled, heads, candidates, moves)


def _keep(folder: Path, split: _Split, arms: _Arms, verdict: Verdict) -> EmbeddingArm:
    """Writes what stays after the verdict into the model folder; gives the arm of the embedding that stays."""
    if verdict.embedding == "finetuned":
        shutil.rmtree(folder / ENCODER)
        (folder / TUNED / FINAL).rename(folder / ENCODER)
    shutil.rmtree(folder / TUNED, ignore_errors=True)
    pooled, embedding = arms.pooled[verdict.embedding], arms.embeddings[verdict.embedding]
    kept = _embedding_arm(embedding.final, arms.heads[verdict.embedding], pooled.final.center, split.some)
    kept.save(folder / f"{verdict.embedding}.safetensors")
    if verdict.embedding == "finetuned":
        _reference_arm(arms.embeddings["generic"].final, arms.heads["generic"]).save(folder / "generic.safetensors")
    if verdict.scorer == "moves" and arms.moves is not None:
        arms.moves.profile.save(folder / MOVES)
    elif verdict.scorer != verdict.embedding:
        arms.text.save(folder / "tfidf.safetensors")
    fit_likeness(pooled, split.some)[0].save(folder / "likeness.safetensors")
    return kept


def _facts_of_training(
    split: _Split, settings: Settings, options: TrainingOptions, *, is_calibrated_on_all: bool
) -> dict[str, Any]:
    """What the manifest says of how the model came about."""
    known = [*split.seen.calls, *(split.judging if is_calibrated_on_all else ())]
    return {
        "name": options.name,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "base_model": settings.base_model,
        "versions": installed_versions(),
        "data": options.data,
        "data_hash": split_hash(split.calls, ["" for _ in split.calls]),
        "split_hash": split_hash(split.calls, split.names),
        "seed": settings.seed,
        "n_train": len(split.parts[TRAIN]),
        "n_calibration": len(split.parts[CALIBRATION]),
        "n_test": len(split.test),
        "base_rate": round(float(split.seen.labels.mean()), 4),
        "training_calls": sorted(call.content_hash[:HASH_DIGITS] for call in known),
    }


def _facts_of_model(
    folder: Path, split: _Split, arms: _Arms, verdict: Verdict, kept: EmbeddingArm, slack: float
) -> dict[str, Any]:
    """What the manifest says of the model itself, and what held-out calls say of how far to trust it."""
    labels, chances = _trusted(split, arms, verdict)
    encoder = arms.embeddings[verdict.embedding].final.encoder
    return {
        "scorer": verdict.scorer,
        "embedding": verdict.embedding,
        "blend": verdict.blend,
        "encoder_fingerprint": folder_fingerprint(folder / ENCODER),
        "conformal_quantile": round(conformal_quantile(nonconformity(chances, labels)), 6),
        "thresholds": choose_thresholds(labels, chances),
        "max_unlikeness": round(_unlikeness_bound(kept, encoder, split.some, slack), 4),
        "measures": verdict.measures,
        "reader": arms.moves.reader_id if verdict.scorer == "moves" and arms.moves is not None else None,
    }


def _trusted(split: _Split, arms: _Arms, verdict: Verdict) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of calls that say how far to trust the scorer.

    Those held out, each by a fit that hasn't seen its account; where it has learned from those, the ones that judge.
    """
    seen = split.seen
    rows = np.flatnonzero(seen.held_out & np.isfinite(verdict.honest))
    if not len(rows):
        return labels_of(split.test), sigmoid(arms.candidates[verdict.scorer].judging)
    labels, groups = seen.labels[rows], [seen.groups[row] for row in rows.tolist()]
    return labels, cross_calibrated(verdict.honest[rows], labels, groups, np.random.default_rng(seen.seed))


def names_of_parts(calls: Sequence[LabelledCall], seed: int, *, by_time: bool = False) -> list[str]:
    """The part of each labelled call: it trains, calibrates or judges.

    Raises:
        DataError: too few calls of one class, or a split that can't be made.
    """
    _require_both_classes(calls)
    names = split_names(calls, seed, by_time=by_time)
    for part in (TRAIN, CALIBRATION):
        _require_both_classes([call for call, own in zip(calls, names, strict=True) if own == part], at_least=2)
    return names


def training_calls(train: Sequence[LabelledCall], calibration: Sequence[LabelledCall], seed: int) -> TrainingCalls:
    """What fits may see of two parts of a split."""
    seen = [*train, *calibration]
    return TrainingCalls(
        [call.transcript for call in seen],
        labels_of(seen),
        [group_of(call) for call in seen],
        np.arange(len(seen)) >= len(train),
        seed,
    )


def _copy_encoder(settings: Settings, target: Path) -> TurnEncoder | EndpointEncoder:
    """Puts the base encoder into the model folder and loads it from there."""
    with named_base(settings):
        source = Path(resolve_base_model(settings.base_model, settings.encoders_dir))
        if is_endpoint(settings.base_model):
            write_endpoint(settings, target)
        elif source.is_dir():
            copy_encoder(source, target)
        else:
            TurnEncoder.load(settings.base_model, fingerprint="hub", engine="torch-fp32").save(target)
        return load_encoder(target, folder_fingerprint(target), settings)


def _encode(encoder: Encoder, calls: Sequence[Transcript], stage: str, progress: Progress) -> None:
    """Fills the encoder's cache, with progress; many calls at once, as large batches are faster."""
    for done in range(0, len(calls), CALLS_AT_ONCE):
        progress(stage, done, len(calls))
        encode_turns(encoder, [turn for call in calls[done : done + CALLS_AT_ONCE] for turn in call.turns])
    progress(stage, len(calls), len(calls))


def _encode_anew(
    tuned: Trained, learned: Sequence[Transcript], judging: Sequence[Transcript], progress: Progress
) -> None:
    _encode(tuned.final.encoder, [*learned, *judging], "encoding calls anew", progress)
    if tuned.is_refit:
        _encode(tuned.honest.encoder, learned, "encoding calls for calibration", progress)


def _head(trained: Trained, pooled: PooledPair, seen: TrainingCalls) -> tuple[Head, np.ndarray]:
    groups = np.array(seen.groups, dtype=object)
    held_out = seen.held_out

    def classifier(embedding: Embedding, by: Pooled) -> Classifier:
        rows = by.learned
        return Classifier(embedding.weights, embedding.bias, by.vectors[rows], seen.labels[rows], groups[rows].tolist())

    return fit_head(
        classifier(trained.honest, pooled.honest),
        pooled.honest.vectors[held_out],
        seen.labels[held_out],
        groups[held_out].tolist(),
        np.random.default_rng(seen.seed),
        final=classifier(trained.final, pooled.final) if trained.is_refit else None,
    )


def _embedding_arm(embedding: Embedding, head: Head, center: np.ndarray, seen: TrainingCalls) -> EmbeddingArm:
    fitted = [call for call, held_out in zip(seen.calls, seen.held_out, strict=True) if not held_out]
    mean_turns = np.stack([encode_turns(embedding.encoder, call.turns).mean(axis=0) for call in fitted])
    spread = LedoitWolf().fit(mean_turns)
    probes = embedding.encoder.encode(PROBES)
    return EmbeddingArm(embedding.pooling, head, center, spread.location_, spread.precision_, probes)


def _reference_arm(embedding: Embedding, head: Head) -> ReferenceArm:
    return ReferenceArm(embedding.pooling, head.weights[0], float(head.bias[0]))


def _unlikeness_bound(arm: EmbeddingArm, encoder: Encoder, seen: TrainingCalls, slack: float) -> float:
    """Beyond this a call is unlike the training calls. Held-out calls too short to judge anyway don't count."""
    held_out = [call for call, is_held_out in zip(seen.calls, seen.held_out, strict=True) if is_held_out]
    calls = [call for call in held_out if not reasons_not_to_judge(call)] or held_out
    distances = [unlikeness(encode_turns(encoder, call.turns), arm.mean_turn, arm.precision) for call in calls]
    return slack * float(np.quantile(distances, 1 - UNLIKENESS_TAIL))


def _unsealed(folder: Path, facts: Mapping[str, Any], encoder: Encoder, settings: Settings) -> CallScorer:
    """The scorer of a folder that has no name and no hashes yet."""
    manifest = Manifest(model_id="", files={}, **facts)
    return CallScorer(manifest, encoder, *load_arms(ModelFolder(folder, manifest), lambda: load_reader(settings)))


def _require_both_classes(calls: Sequence[LabelledCall], at_least: int = MIN_CALLS_PER_CLASS) -> None:
    n_converted = sum(call.outcome == "converted" for call in calls)
    n_lost = len(calls) - n_converted
    if min(n_converted, n_lost) < at_least:
        raise DataError(
            f"Training needs at least {at_least} converted and {at_least} lost calls in each part; "
            f"there are {n_converted} and {n_lost}. Add labelled calls."
        )

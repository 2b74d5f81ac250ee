"""The recipe: labelled calls -> a model folder, read from top to bottom.

The accounts are split three ways. Most train; some choose the epoch and calibrate, or, where calls are few, calibrate
and are learned from afterwards; a third judges all arms once, without further fits. What wins there scores, and
whether fine-tuning was worth it is said by that third alone.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
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
    Manifest,
    ModelFolder,
    folder_fingerprint,
    seal,
    whole_folder,
)
from salescoach.model.base_model import resolve_base_model
from salescoach.model.embedding_arm import EmbeddingArm, ReferenceArm
from salescoach.model.encoder import Encoder, TurnEncoder, encode_turns
from salescoach.model.head import Head, conformal_quantile, nonconformity
from salescoach.model.loading import PROBES, installed_versions, load_arms, load_encoder
from salescoach.model.scoring import CallScorer
from salescoach.progress import Progress, silent
from salescoach.stats.measures import choose_thresholds
from salescoach.stats.splits import CALIBRATION, TEST, TRAIN, group_of, labels_of, split_hash, split_names
from salescoach.types import LabelledCall, PassRate, Transcript
from training.card import model_card
from training.embedding import FINAL, Embedding, Pooled, PooledPair, Trained, TrainingCalls, fit_finetuned, fit_generic
from training.fit_head import Classifier, cross_calibrated, fit_head
from training.fit_likeness import fit_likeness
from training.fit_text_arm import fit_text_arm
from training.judge import Candidate
from training.judge import judge as judge_arms
from training.layers import copy_encoder
from training.options import FinetuneOptions
from training.triplets import write_triplets

UNLIKENESS_TAIL = 0.01  # of held-out calls that may lie beyond the bound before the slack
# Other people's sales calls lie further off than held-out ones, talk of other things further still.
UNLIKENESS_SLACK = 2.25
CALLS_AT_ONCE = 64
MAX_HEAD_CALLS = 4000  # of those trained on, from which members of the head, likeness and abstention are fitted
TUNED = "tuned"  # where the fine-tuned encoder lies until it is known whether it stays

Judge = Callable[[CallScorer], Sequence[PassRate]]


def train(
    calls: Sequence[LabelledCall],
    out: Path,
    settings: Settings,
    *,
    name: str,
    data: str,
    options: FinetuneOptions | None = None,
    by_time: bool = False,
    resume: bool = False,
    judge: Judge | None = None,
    progress: Progress = silent,
) -> Manifest:
    """Trains all arms on labelled calls and writes a model folder to ``out``.

    Fine-tuning also writes triplets of moments for reading and for other trainers, to ``runs_dir / "train" / name``.

    Args:
        calls: labelled calls; those without an outcome (open deals) are left out.
        out: the folder to make; an older one there is replaced when the new one is whole.
        settings: base model, threads, seed and ``COACH_HOME`` for caches and checkpoints.
        name: begins the model id and says what the model is, such as ``starter``.
        data: what it is trained on, in words that fit into a sentence.
        options: how to fine-tune the encoder; None leaves it as it is, which takes a fraction of the time.
        by_time: the latest third of the accounts judges, in place of a random one.
        resume: go on from the checkpoint of an interrupted fine-tuning.
        judge: checks the behaviour of the model before it is sealed; its pass rates go to manifest and card.
        progress: called with the stage, what is done and what there is to do.

    Raises:
        DataError: too few calls of one class, or a split that can't be made.
    """
    calls = [call for call in calls if call.outcome is not None]
    names = names_of_parts(calls, settings.seed, by_time=by_time)
    parts = {part: [call for call, own in zip(calls, names, strict=True) if own == part] for part in set(names)}
    test = parts.get(TEST, [])
    judging = [call.transcript for call in test]
    seen = training_calls(parts[TRAIN], parts[CALIBRATION], settings.seed)
    some = seen.some(MAX_HEAD_CALLS)

    remove_leftovers(settings.models_dir, settings.runs_dir)
    with whole_folder(out) as folder:
        base = _copy_encoder(settings, folder / ENCODER)
        _encode(base, [*seen.calls, *judging], "encoding calls", progress)
        embeddings = {"generic": fit_generic(base, seen, options or FinetuneOptions())}
        if options is not None:
            write_triplets(parts[TRAIN], parts[CALIBRATION], base, settings.runs_dir / "train" / name, settings.seed)
            tuned = fit_finetuned(seen, base, options, folder / TUNED, settings, resume=resume, progress=progress)
            _encode_anew(tuned, some.calls, judging, progress)
            embeddings["finetuned"] = tuned
        progress("fitting", 0, 2)
        text, text_honest = fit_text_arm(seen.calls, seen.labels, seen.groups, settings.seed)
        progress("fitting", 1, 2)
        said = [text.logits(call.turns, np.ones((1, len(call)), dtype=bool)) for call in judging]
        candidates = {"tfidf": Candidate(np.array(said).reshape(-1), text_honest)}
        pooled, heads = {}, {}
        for arm, embedding in embeddings.items():
            pooled[arm] = embedding.pool(some)
            heads[arm], of_held_out = _head(embedding, pooled[arm], some)
            honest = np.full(len(seen.calls), np.nan)
            honest[seen.held_out] = of_held_out
            candidates[arm] = Candidate(heads[arm].logits(embedding.final.pool(judging)), honest)
        progress("fitting", 2, 2)
        verdict = judge_arms(seen, test, candidates, progress)

        if verdict.embedding == "finetuned":
            shutil.rmtree(folder / ENCODER)
            (folder / TUNED / FINAL).rename(folder / ENCODER)
        shutil.rmtree(folder / TUNED, ignore_errors=True)
        kept_pooled, embedding = pooled[verdict.embedding], embeddings[verdict.embedding]
        kept = _embedding_arm(embedding.final, heads[verdict.embedding], kept_pooled.final.center, some)
        kept.save(folder / f"{verdict.embedding}.safetensors")
        if verdict.embedding == "finetuned":
            _reference_arm(embeddings["generic"].final, heads["generic"]).save(folder / "generic.safetensors")
        if verdict.scorer != verdict.embedding:
            text.save(folder / "tfidf.safetensors")
        fit_likeness(kept_pooled, some)[0].save(folder / "likeness.safetensors")

        held_out = np.flatnonzero(seen.held_out)
        labels, groups = seen.labels[held_out], [seen.groups[row] for row in held_out.tolist()]
        chances = cross_calibrated(verdict.honest[held_out], labels, groups, np.random.default_rng(settings.seed))
        facts: dict[str, Any] = {
            "name": name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "scorer": verdict.scorer,
            "embedding": verdict.embedding,
            "blend": verdict.blend,
            "base_model": settings.base_model,
            "engine": base.engine,
            "encoder_fingerprint": folder_fingerprint(folder / ENCODER),
            "versions": installed_versions(),
            "data": data,
            "data_hash": split_hash(calls, ["" for _ in calls]),
            "split_hash": split_hash(calls, names),
            "seed": settings.seed,
            "n_train": len(parts[TRAIN]),
            "n_calibration": len(parts[CALIBRATION]),
            "n_test": len(test),
            "base_rate": round(float(seen.labels.mean()), 4),
            "conformal_quantile": round(conformal_quantile(nonconformity(chances, labels)), 6),
            "thresholds": choose_thresholds(labels, chances),
            "max_unlikeness": round(_unlikeness_bound(kept, embedding.final.encoder, some), 4),
            "training_calls": sorted(call.content_hash[:HASH_DIGITS] for call in seen.calls),
            "measures": verdict.measures,
        }
        if judge is not None:
            facts["behaviour"] = tuple(judge(_unsealed(folder, facts, embedding.final.encoder)))
        (folder / CARD).write_text(model_card(facts, verdict, is_refit=embedding.is_refit), encoding="utf-8")
        return seal(folder, **facts)


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


def _copy_encoder(settings: Settings, target: Path) -> TurnEncoder:
    """Puts the base encoder into the model folder and loads it from there."""
    source = Path(resolve_base_model(settings.base_model))
    if source.is_dir():
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


def _unlikeness_bound(arm: EmbeddingArm, encoder: Encoder, seen: TrainingCalls) -> float:
    """Beyond this a call is unlike the training calls. Held-out calls too short to judge anyway don't count."""
    held_out = [call for call, is_held_out in zip(seen.calls, seen.held_out, strict=True) if is_held_out]
    calls = [call for call in held_out if not reasons_not_to_judge(call)] or held_out
    distances = [unlikeness(encode_turns(encoder, call.turns), arm.mean_turn, arm.precision) for call in calls]
    return UNLIKENESS_SLACK * float(np.quantile(distances, 1 - UNLIKENESS_TAIL))


def _unsealed(folder: Path, facts: Mapping[str, Any], encoder: Encoder) -> CallScorer:
    """The scorer of a folder that has no name and no hashes yet."""
    manifest = Manifest(model_id="", files={}, **facts)
    return CallScorer(manifest, encoder, *load_arms(ModelFolder(folder, manifest)))


def _require_both_classes(calls: Sequence[LabelledCall], at_least: int = MIN_CALLS_PER_CLASS) -> None:
    n_converted = sum(call.outcome == "converted" for call in calls)
    n_lost = len(calls) - n_converted
    if min(n_converted, n_lost) < at_least:
        raise DataError(
            f"Training needs at least {at_least} converted and {at_least} lost calls in each part; "
            f"there are {n_converted} and {n_lost}. Add labelled calls."
        )

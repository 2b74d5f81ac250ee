"""The recipe: labelled calls -> a model folder, read from top to bottom.

The accounts are split three ways. Most train; some choose the epoch and calibrate, or, where calls are few, calibrate
and are learned from afterwards; a third judges all arms once, without further fits. What wins there scores, and
whether fine-tuning was worth it is said by that third alone. Then what is kept is fitted once more, in the same way, on
every call, and calibrated by what the first fits said of calls that they had not seen. Calls that a split column keeps
for judging are never learned from.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.covariance import LedoitWolf

from salescoach.config import Settings
from salescoach.leftovers import remove_leftovers
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
from salescoach.progress import Progress, silent
from salescoach.stats.measures import choose_thresholds
from salescoach.stats.splits import CALIBRATION, TRAIN, labels_of, split_hash
from salescoach.types import LabelledCall, PassRate
from training.calls import TrainingCalls
from training.card import model_card
from training.duration import in_words, n_layers_of, seconds_of_training
from training.embedding import (
    FINAL,
    WHOLE,
    Embedding,
    FineTuning,
    check_trainable,
)
from training.fit_head import cross_calibrated
from training.fit_likeness import fit_likeness
from training.fitted import Arms, fit_arms, fit_embeddings, fit_move_arm
from training.judge import Verdict
from training.judge import judge as judge_arms
from training.kept import Kept, as_judged, kept_of_all
from training.layers import copy_encoder
from training.options import FinetuneOptions, TrainingOptions
from training.parts import Split
from training.triplets import write_triplets

MIN_SECONDS_TO_TELL = 300.0
UNLIKENESS_TAIL = 0.01  # of held-out calls that may lie beyond the bound before the slack
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
    tell: Callable[[str], None] | None = None,
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
    split = Split.of(calls, settings.seed, by_time=options.by_time)
    remove_leftovers(settings)
    with whole_folder(out) as folder:
        base = _copy_encoder(settings, folder / ENCODER)
        if (
            tell is not None
            and isinstance(base, TurnEncoder)
            and (said := _how_long(base, folder / ENCODER, split, options.finetuning))
        ):
            tell(said)
        tuning = FineTuning(
            base, options.finetuning or FinetuneOptions(), folder / TUNED, settings,
            resume=options.resume, progress=progress,
        )  # fmt: skip
        embeddings = fit_embeddings(split, tuning, is_finetuned=options.finetuning is not None)
        if options.triplets:
            where = settings.runs_dir / "train" / options.name
            write_triplets(split.parts[TRAIN], split.parts[CALIBRATION], base, where, settings.seed)
        moves = fit_move_arm(split, settings, known_moves, progress) if options.moves else None
        arms = fit_arms(split, embeddings, moves, progress)
        verdict = judge_arms(split.seen, split.test, arms.candidates, progress)
        kept = kept_of_all(split, arms, verdict, tuning) if split.learns_all else as_judged(split, arms, verdict)
        arm = _keep(folder, kept, arms, verdict)
        facts = {
            **_facts_of_training(split, kept, settings, options, is_calibrated_on_all=known_moves is not None),
            **_facts_of_model(folder, split, kept, arms, verdict, arm, options.unlikeness_slack),
            "engine": base.engine,
        }
        if judge is not None:
            facts["behaviour"] = tuple(judge(_unsealed(folder, facts, kept.embedding.final.encoder, settings)))
        card = model_card(facts, verdict, is_refit=arms.embeddings[verdict.embedding].is_refit)
        (folder / CARD).write_text(card, encoding="utf-8")
        manifest = seal(folder, **facts)
    for embedding in (*embeddings.values(), kept.embedding):
        embedding.forget_checkpoints()
    return manifest


def _how_long(base: TurnEncoder, folder: Path, split: Split, options: FinetuneOptions | None) -> str | None:
    """How long encoding and fine-tuning will take, as a sentence; None where that is hardly worth one."""
    n_layers = n_layers_of(folder)
    if n_layers is None:
        return None
    seconds = seconds_of_training(base, n_layers, split.seen, split.judging, options, learns_all=split.learns_all)
    if seconds < MIN_SECONDS_TO_TELL:
        return None
    said = f"Training takes about {in_words(seconds)} on this machine, less where calls were encoded before"
    return f"{said}." if options is None else f"{said}; `--objective none` takes a fraction of that."


def _keep(folder: Path, kept: Kept, arms: Arms, verdict: Verdict) -> EmbeddingArm:
    """Writes what stays into the model folder; gives the arm of the embedding that stays."""
    final = kept.embedding.final
    if verdict.embedding == "finetuned":
        shutil.rmtree(folder / ENCODER)
        is_whole = final is not arms.embeddings["finetuned"].final
        (folder / TUNED / (WHOLE if is_whole else FINAL)).rename(folder / ENCODER)
    shutil.rmtree(folder / TUNED, ignore_errors=True)
    arm = _embedding_arm(final, kept.head, kept.pooled.final.center, kept.some)
    arm.save(folder / f"{verdict.embedding}.safetensors")
    if verdict.embedding == "finetuned":
        _reference_arm(arms.embeddings["generic"].final, arms.heads["generic"]).save(folder / "generic.safetensors")
    if verdict.scorer == "moves" and kept.profile is not None:
        kept.profile.save(folder / MOVES)
    elif verdict.scorer != verdict.embedding:
        kept.text.save(folder / "tfidf.safetensors")
    fit_likeness(kept.pooled, kept.some)[0].save(folder / "likeness.safetensors")
    return arm


def _facts_of_training(
    split: Split, kept: Kept, settings: Settings, options: TrainingOptions, *, is_calibrated_on_all: bool
) -> dict[str, Any]:
    """What the manifest says of how the model came about."""
    known = [*kept.learned.calls, *(split.judging if is_calibrated_on_all else ())]
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
        "n_learned": len(kept.learned.calls),
        "base_rate": round(float(kept.learned.labels.mean()), 4),
        "training_calls": sorted({call.content_hash[:HASH_DIGITS] for call in known}),
    }


def _facts_of_model(
    folder: Path, split: Split, kept: Kept, arms: Arms, verdict: Verdict, arm: EmbeddingArm, slack: float
) -> dict[str, Any]:
    """What the manifest says of the model itself, and what held-out calls say of how far to trust it."""
    labels, chances = _trusted(split, kept, arms, verdict)
    return {
        "scorer": verdict.scorer,
        "embedding": verdict.embedding,
        "blend": kept.blend,
        "encoder_fingerprint": folder_fingerprint(folder / ENCODER),
        "conformal_quantile": round(conformal_quantile(nonconformity(chances, labels)), 6),
        "thresholds": choose_thresholds(labels, chances),
        "max_unlikeness": round(_unlikeness_bound(arm, kept.embedding.final.encoder, kept.some, slack), 4),
        "measures": verdict.measures,
        "reader": arms.moves.reader_id if verdict.scorer == "moves" and arms.moves is not None else None,
    }


def _trusted(split: Split, kept: Kept, arms: Arms, verdict: Verdict) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of calls that say how far to trust the scorer.

    Those held out, each by a fit that hasn't seen its account; where it has learned from those, the ones that judge.
    """
    learned = kept.learned
    rows = np.flatnonzero(learned.held_out & np.isfinite(kept.honest))
    if not len(rows):
        return labels_of(split.test), sigmoid(arms.candidates[verdict.scorer].judging)
    labels, groups = learned.labels[rows], [learned.groups[row] for row in rows.tolist()]
    return labels, cross_calibrated(kept.honest[rows], labels, groups, np.random.default_rng(learned.seed))


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

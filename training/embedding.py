"""An encoder with the pooling and classifier that were trained with it: one procedure, generic or fine-tuned."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salescoach.artifact import folder_fingerprint
from salescoach.base_model import resolve_base_model
from salescoach.config import Settings
from salescoach.encoder import Encoder, encode_turns
from salescoach.errors import ModelError
from salescoach.pooling import Pooling
from salescoach.progress import Progress
from salescoach.scoring import load_encoder
from salescoach.splits import evenly
from salescoach.types import Transcript
from training.finetune import finetune, fit_frozen
from training.options import FinetuneOptions
from training.pooling import CallVectors, pool_calls

MIN_TO_VALIDATE = 24  # held-out calls; fewer choose an epoch by chance


@dataclass(frozen=True)
class TrainingCalls:
    """What a fit may see.

    ``labels``: shape (n_calls,), 1 converted; ``groups`` names the account of each call; ``held_out``: shape
    (n_calls,), bool, marks the calls that choose the epoch and calibrate; nothing is fitted on them.
    """

    calls: Sequence[Transcript]
    labels: np.ndarray
    groups: Sequence[str]
    held_out: np.ndarray
    seed: int

    def some(self, n: int) -> "TrainingCalls":
        """At most ``n`` of the calls to fit on, spread evenly over them, and all that are held out."""
        fitted = np.flatnonzero(~self.held_out)
        kept = fitted[evenly(len(fitted), n)]
        rows = np.sort(np.concatenate([kept, np.flatnonzero(self.held_out)]))
        calls, groups = [self.calls[row] for row in rows.tolist()], [self.groups[row] for row in rows.tolist()]
        return TrainingCalls(calls, self.labels[rows], groups, self.held_out[rows], self.seed)


@dataclass(frozen=True)
class Embedding:
    """``weights``: shape (4 * dimension,); a call's logit is ``weights . call_vector + bias``, not yet calibrated."""

    encoder: Encoder
    pooling: Pooling
    weights: np.ndarray
    bias: float

    def pool(self, calls: Sequence[Transcript]) -> np.ndarray:
        """Call vectors: shape (n_calls, 4 * dimension), float32."""
        return pool_calls(self.pooling, [call_vectors(self.encoder, call) for call in calls])

    def logits(self, pooled: np.ndarray) -> np.ndarray:
        """Of call vectors: shape (n_calls,), float64."""
        return np.asarray(pooled.astype(np.float64) @ self.weights + self.bias)


def fit_generic(encoder: Encoder, train: TrainingCalls, options: FinetuneOptions) -> Embedding:
    """Pooling and classifier on an encoder that stays as it is: the first step of fine-tuning, and no more."""
    calls, labels, groups, validating = _seen(train)
    fitted = fit_frozen(encoder, calls, labels, groups, options, seed=train.seed, validating=validating)
    return Embedding(encoder, *fitted)


def fit_finetuned(
    train: TrainingCalls,
    generic: Encoder,
    options: FinetuneOptions,
    folder: Path,
    settings: Settings,
    *,
    cached: bool = True,
    resume: bool,
    progress: Progress,
) -> Embedding:
    """Fine-tunes the base encoder, writes it to ``folder`` and loads it from there, as scoring will.

    Args:
        train: what it may see; the held-out calls choose the epoch.
        generic: the base encoder, with the vectors that it has in its cache.
        options: how to train.
        folder: of the new encoder.
        settings: base model, threads, and ``COACH_HOME`` for states and checkpoints.
        cached: whether the new encoder's vectors are kept under ``COACH_HOME``.
        resume: go on from the checkpoint of the same run.
        progress: called with the stage, steps done and steps to do.

    Raises:
        ModelError: the base model is not a folder, or can't be cut into layers.
    """
    base = Path(resolve_base_model(settings.base_model))
    if not base.is_dir():
        raise ModelError(
            f"Fine-tuning needs the base model as a folder; save {settings.base_model} to one and name that."
        )
    calls, labels, groups, validating = _seen(train)
    tuned = finetune(
        base, generic, calls, labels, groups, options, runs=settings.runs_dir / "finetune",
        seed=train.seed, validating=validating, threads=settings.threads, resume=resume, progress=progress,
    )  # fmt: skip
    tuned.save_encoder(folder)
    encoder = load_encoder(folder, folder_fingerprint(folder), settings, cached=cached)
    return Embedding(encoder, tuned.pooling, tuned.weights, tuned.bias)


def call_vectors(encoder: Encoder, call: Transcript) -> CallVectors:
    """An encoded call."""
    return CallVectors(encode_turns(encoder, call.turns), tuple(turn.role for turn in call.turns))


def _seen(train: TrainingCalls) -> tuple[list[Transcript], np.ndarray, list[str], np.ndarray]:
    """Calls, labels, accounts and which of them validate; too few held-out calls are left out altogether."""
    too_few = train.held_out.sum() < MIN_TO_VALIDATE
    rows = np.flatnonzero(~train.held_out) if too_few else np.arange(len(train.labels))
    calls, groups = [train.calls[row] for row in rows.tolist()], [train.groups[row] for row in rows.tolist()]
    return calls, train.labels[rows], groups, train.held_out[rows]

"""An encoder with the pooling and classifier that were trained with it: one procedure, generic or fine-tuned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from salescoach.config import Settings
from salescoach.errors import NamedModelError
from salescoach.model.artifact import folder_fingerprint
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import Encoder, encode_turns
from salescoach.model.endpoint import is_endpoint
from salescoach.model.loading import load_encoder
from salescoach.model.pooling import Pooling
from salescoach.progress import Progress
from salescoach.types import Transcript
from training.calls import TrainingCalls
from training.finetune import Finetuned, Run, finetune, fit_frozen
from training.fit_pooling import CallVectors, pool_calls
from training.options import FinetuneOptions

MIN_TO_VALIDATE = 24  # held-out calls; fewer choose an epoch by chance
AGAIN = "on all calls"  # follows the stages of the second training, as progress names them
FINAL, HONEST = "final", "honest"  # the folders of a fine-tuned encoder, and of the one before the second training


@dataclass(frozen=True)
class Embedding:
    """``weights``: shape (n_blocks * dimension,); a call's logit is ``weights . call_vector + bias``, uncalibrated."""

    encoder: Encoder
    pooling: Pooling
    weights: np.ndarray
    bias: float

    def pool(self, calls: Sequence[Transcript]) -> np.ndarray:
        """Call vectors: shape (n_calls, n_blocks * dimension), float32."""
        return pool_calls(self.pooling, [call_vectors(self.encoder, call) for call in calls])

    def logits(self, pooled: np.ndarray) -> np.ndarray:
        """Of call vectors: shape (n_calls,), float64."""
        return np.asarray(pooled.astype(np.float64) @ self.weights + self.bias)


@dataclass(frozen=True)
class Pooled:
    """The calls of a ``TrainingCalls`` as an embedding has them.

    ``vectors``: call vectors, shape (n_calls, n_blocks * dimension), float32; ``learned``: the calls that the embedding
    has learned from, shape (n_calls,), bool.
    """

    vectors: np.ndarray
    learned: np.ndarray

    @property
    def center(self) -> np.ndarray:
        """The mean of what was learned from: shape (n_blocks * dimension,)."""
        return np.asarray(self.vectors[self.learned].mean(axis=0))


@dataclass(frozen=True)
class PooledPair:
    """As both embeddings of a ``Trained`` have them; one and the same where these are."""

    final: Pooled
    honest: Pooled


@dataclass(frozen=True)
class Trained:
    """What scores, and what tells how far to trust it.

    Few calls are too dear to keep a fifth of them from learning, and that fifth too small to choose an epoch by. Then
    ``final`` has been trained once more, in the same way, on the held-out calls as well; calibrators, thresholds and
    blends are fitted on what ``honest``, which has not seen them, says of them (as scikit-learn's
    ``CalibratedClassifierCV`` does with ``ensemble=False``). Of many calls the two are one and the same.
    """

    final: Embedding
    honest: Embedding

    @property
    def is_refit(self) -> bool:
        """Whether ``final`` has learned from the held-out calls as well."""
        return self.final is not self.honest

    def pool(self, train: TrainingCalls) -> PooledPair:
        """The calls that it has seen."""
        honest = Pooled(self.honest.pool(train.calls), ~train.held_out)
        if not self.is_refit:
            return PooledPair(honest, honest)
        return PooledPair(Pooled(self.final.pool(train.calls), np.ones_like(train.held_out)), honest)


def fit_generic(encoder: Encoder, train: TrainingCalls, options: FinetuneOptions) -> Trained:
    """Pooling and classifier on an encoder that stays as it is: the first step of fine-tuning, and no more."""
    learns_again = _learns_again(train, options)
    fit = partial(fit_frozen, encoder, options=options, chooses=not learns_again)
    honest = Embedding(encoder, *fit(_seen(train)))
    if not learns_again:
        return Trained(honest, honest)
    return Trained(Embedding(encoder, *fit(train.all_learned())), honest)


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
) -> Trained:
    """Fine-tunes the base encoder, writes it to ``folder / FINAL`` and loads it from there, as scoring will.

    Args:
        train: what it may see; the held-out calls choose the epoch where they are not learned from.
        generic: the base encoder, with the vectors that it has in its cache.
        options: how to train.
        folder: where the new encoder goes, and the one before a second training to ``HONEST``.
        settings: base model, threads, and ``COACH_HOME`` for states and checkpoints.
        cached: whether the final encoder's vectors are kept under ``COACH_HOME``.
        resume: go on from the checkpoint of the same run.
        progress: called with the stage, steps done and steps to do.

    Raises:
        NamedModelError: the base model is not a folder.
        ModelError: it can't be cut into layers.
    """
    check_trainable(settings)
    base = Path(resolve_base_model(settings.base_model, settings.encoders_dir))
    if not base.is_dir():
        raise NamedModelError(
            f"Fine-tuning needs the base model as a folder; save {settings.base_model} to one and name that."
        )
    learns_again = _learns_again(train, options)
    run = Run(
        settings.runs_dir / "finetune", chooses=not learns_again, threads=settings.threads, resume=resume,
        keeps_checkpoint=True, progress=progress,
    )  # fmt: skip

    def load(tuned: Finetuned, name: str) -> Embedding:
        tuned.save_encoder(folder / name)
        fingerprint = folder_fingerprint(folder / name)
        encoder = load_encoder(folder / name, fingerprint, settings, cached=cached and name == FINAL)
        return Embedding(encoder, tuned.pooling, tuned.weights, tuned.bias)

    first = finetune(base, generic, _seen(train), options, run)
    if learns_again:
        run = replace(run, progress=lambda stage, done, total: progress(f"{stage} {AGAIN}", done, total))
        again = finetune(base, generic, train.all_learned(), options, run)
        trained = Trained(load(again, FINAL), load(first, HONEST))
        again.forget_checkpoint()
    else:
        only = load(first, FINAL)
        trained = Trained(only, only)
    first.forget_checkpoint()
    return trained


def check_trainable(settings: Settings) -> None:
    """Raises NamedModelError where the base model is one that can't be fine-tuned, before anything is sent to it."""
    if is_endpoint(settings.base_model):
        raise NamedModelError(
            f"{settings.base_model} isn't on this machine, so it can't be fine-tuned; train with --objective none."
        )


def call_vectors(encoder: Encoder, call: Transcript) -> CallVectors:
    """An encoded call."""
    return CallVectors(encode_turns(encoder, call.turns), tuple(turn.role for turn in call.turns))


def _seen(train: TrainingCalls) -> TrainingCalls:
    """What a first training sees; too few held-out calls are left out altogether."""
    too_few = train.held_out.sum() < MIN_TO_VALIDATE
    return train.at(np.flatnonzero(~train.held_out)) if too_few else train


def _learns_again(train: TrainingCalls, options: FinetuneOptions) -> bool:
    return bool(train.held_out.mean() >= options.refit_from)

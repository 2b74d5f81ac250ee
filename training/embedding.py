"""An encoder with the pooling and classifier that were trained with it: one procedure, generic or fine-tuned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
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
from salescoach.progress import Progress, silent
from salescoach.types import Transcript
from training.calls import TrainingCalls
from training.finetune import Run, finetune, fit_frozen
from training.fit_pooling import CallVectors, pool_calls
from training.options import FinetuneOptions
from training.steps import learns_again

MIN_TO_VALIDATE = 24  # held-out calls; fewer choose an epoch by chance
# What follows the stages of a second training, and of a third, as progress names them.
AGAIN, WITH_JUDGES = "on all training calls", "on all calls"
# The folders of a fine-tuned encoder, of the one before a second training, and of the one that has seen every call.
FINAL, HONEST, WHOLE = "final", "honest", "whole"


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

    ``checkpoints``: what an interrupted program would go on from.
    """

    final: Embedding
    honest: Embedding
    checkpoints: tuple[Path, ...] = ()

    @property
    def is_refit(self) -> bool:
        """Whether ``final`` has learned from the held-out calls as well."""
        return self.final is not self.honest

    def forget_checkpoints(self) -> None:
        """Deletes what an interrupted program would go on from."""
        for checkpoint in self.checkpoints:
            checkpoint.unlink(missing_ok=True)

    def pool(self, train: TrainingCalls) -> PooledPair:
        """The calls that it has seen."""
        honest = Pooled(self.honest.pool(train.calls), ~train.held_out)
        if not self.is_refit:
            return PooledPair(honest, honest)
        return PooledPair(Pooled(self.final.pool(train.calls), np.ones_like(train.held_out)), honest)


def fit_generic(encoder: Encoder, train: TrainingCalls, options: FinetuneOptions) -> Trained:
    """Pooling and classifier on an encoder that stays as it is: the first step of fine-tuning, and no more."""
    is_refit = learns_again(train, options)
    fit = partial(fit_frozen, encoder, options=options, chooses=not is_refit)
    honest = Embedding(encoder, *fit(_seen(train)))
    if not is_refit:
        return Trained(honest, honest)
    return Trained(Embedding(encoder, *fit(train.all_learned())), honest)


@dataclass(frozen=True)
class FineTuning:
    """What every fine-tuning of a training shares.

    Attributes:
        generic: the base encoder, with the vectors that it has in its cache.
        options: how to train.
        folder: where encoders go, one folder each.
        settings: base model, threads, and ``COACH_HOME`` for states and checkpoints.
        cached: whether the vectors of encoders that score are kept under ``COACH_HOME``.
        resume: go on from the checkpoint of the same run.
        progress: called with the stage, steps done and steps to do.
    """

    generic: Encoder
    options: FinetuneOptions
    folder: Path
    settings: Settings
    cached: bool = True
    resume: bool = False
    progress: Progress = silent

    @cached_property
    def base(self) -> Path:
        """The base model's folder, whose files are checked once; raises as ``fit``."""
        check_trainable(self.settings)
        base = Path(resolve_base_model(self.settings.base_model, self.settings.encoders_dir))
        if not base.is_dir():
            raise NamedModelError(
                f"Fine-tuning needs the base model as a folder; save {self.settings.base_model} to one and name that."
            )
        return base

    def fit(self, train: TrainingCalls, name: str, *, chooses: bool, told_as: str = "") -> tuple[Embedding, Path]:
        """Fine-tunes the base encoder, writes it to ``folder / name`` and loads it from there, as scoring will.

        Args:
            train: learns from the calls that aren't held out.
            name: of the folder.
            chooses: whether the held-out calls choose the epoch.
            told_as: follows the stages, as progress names them.

        Returns:
            The embedding, and the file from which an interrupted program would go on.

        Raises:
            NamedModelError: the base model is not a folder.
            ModelError: it can't be cut into layers.
        """

        def tell(stage: str, done: int, total: int) -> None:
            self.progress(f"{stage} {told_as}".strip(), done, total)

        run = Run(
            self.settings.runs_dir / "finetune", chooses=chooses, threads=self.settings.threads, resume=self.resume,
            keeps_checkpoint=True, progress=tell,
        )  # fmt: skip
        tuned = finetune(self.base, self.generic, train, self.options, run)
        tuned.save_encoder(self.folder / name)
        fingerprint = folder_fingerprint(self.folder / name)
        encoder = load_encoder(self.folder / name, fingerprint, self.settings, cached=self.cached and name != HONEST)
        return Embedding(encoder, tuned.pooling, tuned.weights, tuned.bias), tuned.checkpoint


def fit_finetuned(train: TrainingCalls, tuning: FineTuning) -> Trained:
    """A fine-tuned encoder with pooling and classifier.

    Its checkpoints stay until ``Trained.forget_checkpoints``. The held-out calls of ``train`` choose the epoch where
    they are not learned from. Errors as ``FineTuning.fit``.
    """
    if not learns_again(train, tuning.options):
        only, checkpoint = tuning.fit(_seen(train), FINAL, chooses=True)
        return Trained(only, only, (checkpoint,))
    first, checkpoint = tuning.fit(_seen(train), HONEST, chooses=False)
    again, second = tuning.fit(train.all_learned(), FINAL, chooses=False, told_as=AGAIN)
    return Trained(again, first, (checkpoint, second))


def learned_from_all(judged: Trained, whole: TrainingCalls, tuning: FineTuning, *, is_finetuned: bool) -> Trained:
    """The embedding once more, in the same way, on every call: ``final`` is the new one, ``honest`` as it was.

    Args:
        judged: what was judged; its ``honest`` has seen none of the calls that ``whole`` holds out.
        whole: every labelled call, those that judged among the held-out ones.
        tuning: as for ``fit_finetuned``; the encoder goes to the folder ``WHOLE``.
        is_finetuned: whether the encoder is trained, or only pooling and classifier.
    """
    if not is_finetuned:
        final = Embedding(
            tuning.generic, *fit_frozen(tuning.generic, whole.all_learned(), tuning.options, chooses=False)
        )
        return replace(judged, final=final)
    final, checkpoint = tuning.fit(whole.all_learned(), WHOLE, chooses=False, told_as=WITH_JUDGES)
    return Trained(final, judged.honest, (*judged.checkpoints, checkpoint))


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

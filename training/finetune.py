"""Fine-tunes the top layers of an encoder end to end: turn -> vector -> call vector -> outcome.

The lower layers stay as they are; their states come from disk (``training.activations``). The top layers, the attention
over turns and a linear classifier on the call vector are trained together. No turn sees another one before the pooling,
so a prefix of a call or a call without a turn is pooled again from the same vectors, exactly as before.

Training goes in two steps, as a classifier that starts at nothing would first spoil what the encoder knows (linear
probing, then fine-tuning; Kumar et al., ICLR 2022): pooling and classifier on frozen vectors, then everything. With
``n_trained_layers=0`` the first step is all: the generic encoder under the same procedure.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from salescoach.model.artifact import folder_fingerprint
from salescoach.model.encoder import Encoder
from salescoach.model.pooling import N_BLOCKS, Pooling
from salescoach.progress import Progress, silent
from training.activations import cached_activations
from training.call_model import CallModel, CallRows
from training.calls import TrainingCalls
from training.events import Events
from training.fit_pooling import QUERY_SCALE
from training.layers import TopLayers, n_frozen_layers, save_encoder
from training.loop import Loop
from training.options import FinetuneOptions
from training.resume import Epoch

if TYPE_CHECKING:
    from torch import Tensor

TEXTS_AT_ONCE = 1024  # whose frozen vectors are asked for; between two of them progress is told


@dataclass(frozen=True)
class Run:
    """Where a fine-tuning keeps what it needs to go on, and what becomes of that.

    Attributes:
        folder: for cached states, the checkpoint and TensorBoard's event files. Nothing in it holds a text.
        chooses: whether the held-out calls choose the epoch; else the last one is taken, and they only tell how good it
            is.
        threads: of torch; more than one is not deterministic.
        resume: go on from the checkpoint of the same run, if there is one; else it is thrown away.
        keeps_checkpoint: leave the last checkpoint, from which ``resume`` gives the same again, until
            ``forget_checkpoint`` of the result deletes it.
        progress: called with the stage, steps done and steps to do, after every step.
    """

    folder: Path
    chooses: bool = True
    threads: int = 1
    resume: bool = False
    keeps_checkpoint: bool = False
    progress: Progress = silent


@dataclass(frozen=True)
class Finetuned:
    """A fine-tuned encoder and the pooling and classifier trained with it.

    Attributes:
        pooling: the attention over turns.
        weights: of the classifier on call vectors, shape (n_blocks * dimension,), float32.
        bias: of the classifier; the logit of a call is ``weights . call_vector + bias``.
        history: loss and validation after each epoch.
        chosen_epoch: the epoch of stage ``layers`` whose weights these are; 0: those before it.
        checkpoint: the file that an interrupted program would go on from.
    """

    pooling: Pooling
    weights: np.ndarray
    bias: float
    history: tuple[Epoch, ...]
    chosen_epoch: int
    _base: Path
    _difference: "dict[str, Tensor]" = field(repr=False)
    checkpoint: Path = field(repr=False)

    def save_encoder(self, folder: Path) -> None:
        """Writes the encoder as a sentence-transformers folder, as ``training.layers.save_encoder`` does."""
        save_encoder(self._base, self._difference, folder)

    def forget_checkpoint(self) -> None:
        """Deletes what an interrupted program would go on from."""
        self.checkpoint.unlink(missing_ok=True)


def finetune(base: Path, encoder: Encoder, train: TrainingCalls, options: FinetuneOptions, run: Run) -> Finetuned:
    """Trains on the calls that aren't held out; the same seed gives the same weights on one thread.

    Args:
        base: a sentence-transformers folder built like BERT.
        encoder: the one in ``base``; it gives the frozen vectors, from its cache where it has them.
        train: the calls; both outcomes occur. The objective ``simclr`` looks at outcomes only to choose the epoch and
            to place the classifier.
        options: how to train.
        run: where, and what is kept.

    Raises:
        ModelError: the base model can't be cut into layers, or has fewer than are to be trained.
    """
    import torch

    torch.set_num_threads(run.threads)
    name = _run_name(base, train, options, run.chooses)
    checkpoint = run.folder / f"finetune-{name}.safetensors"
    if not run.resume:
        checkpoint.unlink(missing_ok=True)
    data = CallRows.of(train.calls, train.labels)
    with torch.random.fork_rng():
        torch.manual_seed(train.seed)
        loop = _loop(untrained_model(base, encoder, data.texts, options, run), data, train, options, run.chooses)
        history, chosen = loop.run(checkpoint, Events(run.folder / name), run.progress)
    difference = {}
    if loop.model.layers is not None:
        loop.model.layers.round()
        difference = loop.model.layers.difference()
    finetuned = Finetuned(*_classifier(loop), tuple(history), chosen, base, difference, checkpoint)
    if not run.keeps_checkpoint:
        finetuned.forget_checkpoint()
    return finetuned


def fit_frozen(
    encoder: Encoder, train: TrainingCalls, options: FinetuneOptions, *, chooses: bool = True
) -> tuple[Pooling, np.ndarray, float]:
    """The first step alone, for an encoder that stays as it is: pooling, weights and bias as in ``Finetuned``.

    Arguments as for ``finetune``; ``chooses`` as for ``Run``.
    """
    import torch

    data = CallRows.of(train.calls, train.labels)
    with torch.random.fork_rng():
        torch.manual_seed(train.seed)
        model = CallModel(None, torch.from_numpy(encoder.encode(data.texts)))
        loop = _loop(model, data, train, options, chooses)
        loop.run()
    return _classifier(loop)


def untrained_model(
    base: Path, encoder: Encoder, texts: Sequence[str], options: FinetuneOptions, run: Run
) -> CallModel:
    """The model before any training, for calls of these texts; ``encoder`` is the one in ``base``.

    Raises:
        ModelError: as for ``finetune``.
    """
    import torch

    n_frozen = n_frozen_layers(base, options.n_trained_layers)
    fixed = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        run.progress("frozen vectors", start, len(texts))
        fixed.append(torch.from_numpy(encoder.encode(texts[start : start + TEXTS_AT_ONCE])))
    if not options.n_trained_layers:
        return CallModel(None, torch.cat(fixed))
    states = cached_activations(texts, base, n_frozen, run.folder / "activations", progress=run.progress)
    layers = TopLayers(base, options.n_trained_layers, states, options.layer_dropout)
    layers.layers.eval()
    return CallModel(layers, torch.cat(fixed).to(layers.device))


def _loop(model: CallModel, data: CallRows, train: TrainingCalls, options: FinetuneOptions, chooses: bool) -> Loop:
    held_out = train.held_out
    return Loop(model, data, np.flatnonzero(~held_out), np.flatnonzero(held_out), options, train.seed, chooses)


def _classifier(loop: Loop) -> tuple[Pooling, np.ndarray, float]:
    """Pooling, weights and bias on raw call vectors."""
    if loop.options.objective != "joint":
        loop.place_prototypes()
    model = loop.model
    query, position, weight, bias, center = (
        tensor.detach().cpu().numpy().astype(np.float64) for tensor in (*model.head, model.center)
    )
    pooling = Pooling((query * QUERY_SCALE).astype(np.float32), position.astype(np.float32), model.usual_turns)
    weights = weight * QUERY_SCALE
    return pooling, weights.astype(np.float32), float(bias[0] - weights @ center)


def _run_name(base: Path, train: TrainingCalls, options: FinetuneOptions, chooses: bool) -> str:
    """Names a run by all that decides its result, so that no other run's checkpoint is taken for its own."""
    # Names of accounts are hashed with the rest; only which calls share one matters.
    facts = [
        folder_fingerprint(base),
        [call.content_hash for call in train.calls],
        train.labels.tolist(),
        list(train.groups),
        options.model_dump(),
        train.seed,
        np.flatnonzero(~train.held_out).tolist(),
        chooses,
        N_BLOCKS,  # a checkpoint of another version of the pooling has other shapes
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]

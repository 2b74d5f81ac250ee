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
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field
from sklearn.metrics import log_loss, roc_auc_score

from salescoach.artifact import folder_fingerprint
from salescoach.encoder import Encoder, TurnEncoder, turn_text
from salescoach.head import sigmoid
from salescoach.pooling import N_BLOCKS, SIDES, Pooling, relative_positions
from salescoach.progress import Progress, silent
from salescoach.splits import grouped_folds
from salescoach.types import Frozen, Transcript
from training.activations import cached_activations
from training.checkpoint import load_checkpoint, save_checkpoint
from training.layers import TopLayers, n_frozen_layers, save_encoder, save_trained_layers
from training.losses import Objective, nt_xent, semi_hard_triplet, supcon
from training.pooling import QUERY_SCALE, pool

if TYPE_CHECKING:
    from torch import Tensor

logger = logging.getLogger(__name__)

MIN_CALLS_TO_VALIDATE = 150  # with fewer, a validation part costs more than it tells
N_VALIDATION_FOLDS = 6  # one of them validates
MIN_BATCHES = 5  # that an epoch is cut into
STAGES = {"head": "fitting attention and classifier", "layers": "fine-tuning"}  # as progress names them
MAX_GRADIENT = 1.0  # norm of the gradient of a group of weights


class FinetuneOptions(Frozen):
    """How to train. The defaults are what measured best; ``docs/experiments.md`` has the figures."""

    objective: Objective = "joint"
    n_trained_layers: int = Field(2, ge=0, description="top layers that are trained; 0 leaves the encoder as it is")
    epochs: int = Field(4, ge=1)
    learning_rate: float = Field(1e-4, gt=0, description="of the layers")
    head_epochs: int = Field(10, ge=1, description="of pooling and classifier on frozen vectors, before the layers")
    head_learning_rate: float = Field(1e-3, gt=0, description="of pooling and classifier")
    min_steps: int = Field(60, ge=0, description="of the layers; few calls get more epochs")
    batch_calls: int = Field(32, ge=2, description="at most; few calls come in smaller batches")
    supcon_weight: float = Field(0.3, ge=0, description="of the contrastive part of the joint objective")
    layer_dropout: float = Field(0.0, ge=0, lt=1, description="of the layers' outputs; a fifth slower where it is on")
    vector_dropout: float = Field(0.3, ge=0, lt=1, description="of the call vector before the classifier")
    turn_dropout: float = Field(0.25, ge=0, lt=1, description="share of turns that a call is trained without")
    n_dropout_samples: int = Field(1, ge=1, description="masks of the call vector that the loss is averaged over")
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    average_decay: float = Field(0.0, ge=0, lt=1, description="of the running average of weights; 0: none")
    patience: int = Field(3, ge=1, description="epochs without a better validation before it stops")
    validates: bool = Field(True, description="whether a part of the training calls chooses the epoch")
    weight_decay: float = Field(0.01, ge=0)


class Epoch(Frozen):
    """One line of the history. ``stage`` is ``head`` (frozen encoder) or ``layers``; None where nothing validates."""

    stage: str
    epoch: int
    loss: float
    validation_loss: float | None = None
    validation_auc: float | None = None


@dataclass(frozen=True)
class Finetuned:
    """A fine-tuned encoder and the pooling and classifier trained with it.

    Attributes:
        pooling: the attention over turns.
        weights: of the classifier on call vectors, shape (4 * dimension,), float32.
        bias: of the classifier; the logit of a call is ``weights . call_vector + bias``.
        history: loss and validation after each epoch.
        chosen_epoch: the epoch of stage ``layers`` whose weights these are; 0: those before it.
    """

    pooling: Pooling
    weights: np.ndarray
    bias: float
    history: tuple[Epoch, ...]
    chosen_epoch: int
    _base: Path
    _layers: "dict[str, Tensor]" = field(repr=False)

    def save_encoder(self, folder: Path) -> None:
        """Writes the whole encoder as a sentence-transformers folder; ``TurnEncoder.load`` reads it."""
        save_encoder(self._base, self._layers, folder)

    def save_trained_layers(self, file: Path) -> None:
        """Writes the trained layers alone; ``training.layers.apply_trained_layers`` makes the same folder of them."""
        save_trained_layers(self._layers, file)


def finetune(
    base: Path,
    calls: Sequence[Transcript],
    labels: np.ndarray,
    groups: Sequence[str],
    options: FinetuneOptions,
    *,
    runs: Path,
    seed: int,
    validating: np.ndarray | None = None,
    threads: int = 1,
    resume: bool = False,
    progress: Progress = silent,
) -> Finetuned:
    """Trains on ``calls``; the same seed gives the same weights on one thread.

    Args:
        base: a sentence-transformers folder built like BERT.
        calls: training calls only.
        labels: shape (n_calls,), 1 converted, 0 lost; both occur. The objective ``simclr`` looks at them only to
            choose the epoch and to place the classifier.
        groups: the account of each call; an account is either trained on or validates.
        options: how to train.
        runs: folder for cached states, the checkpoint and TensorBoard's event files. Nothing in it holds a text.
        seed: of the order of calls, the dropout and the validation part.
        validating: the calls that only choose the epoch, shape (n_calls,), bool; default: a sixth of the accounts.
        threads: of torch; more than one is not deterministic.
        resume: go on from the checkpoint of the same run, if there is one; else it is thrown away.
        progress: called with the stage, steps done and steps to do, after every step.

    Raises:
        ModelError: the base model can't be cut into layers, or has fewer than are to be trained.
    """
    import torch

    torch.set_num_threads(threads)
    fitted, held_out = _parts(labels, groups, options, seed, validating)
    name = _run_name(base, calls, labels, groups, options, seed, fitted)
    checkpoint = runs / f"finetune-{name}.safetensors"
    if not resume:
        checkpoint.unlink(missing_ok=True)
    data = _Data.of(calls, labels)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _model(base, data, options, runs, threads, progress)
        history, chosen = _train(model, data, fitted, held_out, options, checkpoint, _Events(runs / name), progress)
    finetuned = _finished(model, data, fitted, options, base, history, chosen)
    checkpoint.unlink(missing_ok=True)
    return finetuned


def fit_frozen(
    encoder: Encoder,
    calls: Sequence[Transcript],
    labels: np.ndarray,
    groups: Sequence[str],
    options: FinetuneOptions,
    *,
    seed: int,
    validating: np.ndarray | None = None,
) -> tuple[Pooling, np.ndarray, float]:
    """The first step alone, for an encoder that stays as it is: pooling, weights and bias as in ``Finetuned``.

    Arguments as for ``finetune``.
    """
    import torch

    data = _Data.of(calls, labels)
    fitted, held_out = _parts(labels, groups, options, seed, validating)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _Model(None, torch.from_numpy(encoder.encode(data.texts)), options)
        _train(model, data, fitted, held_out, options, None, _Events(None), silent)
    return _classifier(model, data, fitted, options)


@dataclass(frozen=True)
class _Data:
    """Calls as row numbers of their unique texts. ``turns[i]``: shape (n_turns,), int; ``sides[i]``: (2, n_turns)."""

    texts: tuple[str, ...]
    turns: tuple[np.ndarray, ...]
    sides: tuple[np.ndarray, ...]
    labels: np.ndarray

    @classmethod
    def of(cls, calls: Sequence[Transcript], labels: np.ndarray) -> "_Data":
        rows: dict[str, int] = {}
        turns = [
            np.array([rows.setdefault(turn_text(turn), len(rows)) for turn in call.turns], dtype=np.int64)
            for call in calls
        ]
        sides = [np.array([[turn.role == side for turn in call.turns] for side in SIDES]) for call in calls]
        return cls(tuple(rows), tuple(turns), tuple(sides), labels)


class _Model:
    """What is trained: the layers (or the vectors that they would give), attention, classifier."""

    def __init__(self, layers: TopLayers | None, fixed: "Tensor", options: FinetuneOptions) -> None:
        import torch

        self.layers = layers
        self.fixed = fixed  # (n_texts, dimension): the vectors of the frozen encoder
        dimension, device = fixed.shape[1], fixed.device
        self.query = torch.zeros(len(SIDES), dimension, device=device, requires_grad=True)
        self.position = torch.zeros(len(SIDES), 2, device=device, requires_grad=True)
        self.weight = torch.zeros(N_BLOCKS * dimension, device=device, requires_grad=True)
        self.bias = torch.zeros(1, device=device, requires_grad=True)
        # What all calls share says nothing about any of them, and would be most of every cosine and of every dropout.
        self.center = torch.zeros(N_BLOCKS * dimension, device=device)

    @property
    def head(self) -> "list[Tensor]":
        return [self.query, self.position, self.weight, self.bias]

    def named(self) -> "dict[str, Tensor]":
        layers = [] if self.layers is None else self.layers.parameters()
        named = dict(zip(("query", "position", "weight", "bias"), self.head, strict=True))
        return (
            named | {f"layers.{number}": parameter for number, parameter in enumerate(layers)} | {"center": self.center}
        )

    def vectors(self, texts: np.ndarray) -> "Tensor":
        """Vectors of unique texts as the layers now give them."""
        import torch

        if self.layers is None:
            return self.fixed[torch.from_numpy(texts)]
        return self.layers.vectors(texts)

    def pooled(self, data: _Data, kept: Sequence[np.ndarray], rows: np.ndarray, is_fixed: bool = False) -> "Tensor":
        """Call vectors of some calls, less the center: shape (n_rows, 4 * dimension).

        Args:
            data: the calls.
            kept: which turns of each of ``rows`` are there, shape (n_turns,), bool.
            rows: which calls.
            is_fixed: use the frozen encoder's vectors.
        """
        import torch

        turns = [data.turns[row][own] for row, own in zip(rows, kept, strict=True)]
        texts, flat = np.unique(np.concatenate(turns), return_inverse=True)
        longest = max(len(own) for own in turns)
        index = np.zeros((len(rows), longest), dtype=np.int64)
        masks = np.zeros((len(rows), len(SIDES), longest), dtype=bool)
        positions = np.zeros((len(rows), longest), dtype=np.float32)
        start = 0
        for place, (row, own) in enumerate(zip(rows, kept, strict=True)):
            n_turns = len(turns[place])
            index[place, :n_turns] = flat[start : start + n_turns]
            masks[place, :, :n_turns] = data.sides[row][:, own]
            positions[place, :n_turns] = relative_positions(np.ones((1, n_turns), dtype=bool))[0]
            start += n_turns
        device = self.center.device
        vectors = self.fixed[torch.from_numpy(texts).to(device)] if is_fixed else self.vectors(texts)
        by_turn = vectors[torch.from_numpy(index).to(device)]  # (n, t, d)
        mask, place_in_call = torch.from_numpy(masks).to(device), torch.from_numpy(positions).to(device)
        return pool(by_turn, mask, place_in_call, self.query * QUERY_SCALE, self.position) - self.center

    def logits(self, pooled: "Tensor") -> "Tensor":
        return pooled @ self.weight * QUERY_SCALE + self.bias

    def set_training(self, is_training: bool) -> None:
        if self.layers is not None:
            self.layers.layers.train(is_training)


def _model(base: Path, data: _Data, options: FinetuneOptions, runs: Path, threads: int, progress: Progress) -> _Model:
    """The model before any training."""
    import torch

    if not options.n_trained_layers:
        encoder = TurnEncoder.load(base, fingerprint=folder_fingerprint(base), threads=threads)
        return _Model(None, torch.from_numpy(encoder.encode(data.texts)), options)
    n_frozen = n_frozen_layers(base, options.n_trained_layers)
    states = cached_activations(data.texts, base, n_frozen, runs / "activations", threads=threads, progress=progress)
    layers = TopLayers(base, options.n_trained_layers, states, options.layer_dropout)
    layers.layers.eval()
    fixed = []
    with torch.no_grad():
        for start in range(0, len(data.texts), 1024):
            progress("frozen vectors", start, len(data.texts))
            fixed.append(layers.vectors(np.arange(start, min(start + 1024, len(data.texts)))))
    return _Model(layers, torch.cat(fixed), options)


def _train(
    model: _Model,
    data: _Data,
    fitted: np.ndarray,
    validating: np.ndarray | None,
    options: FinetuneOptions,
    checkpoint: Path | None,
    events: "_Events",
    progress: Progress,
    on_epoch: Callable[[str, int, _Model], None] = lambda stage, epoch, model: None,
) -> tuple[list[Epoch], int]:
    """Trains ``model`` in place and leaves the chosen epoch's weights in it; gives the history and that epoch."""
    import torch

    center = _pooled_without_training(model, data, fitted, is_fixed=True).mean(dim=0)
    model.center.copy_(center)
    per_epoch = -(-len(fitted) // min(options.batch_calls, max(2, len(fitted) // MIN_BATCHES)))
    n_epochs = {"head": options.head_epochs, "layers": 0}
    if model.layers is not None:
        n_epochs["layers"] = max(options.epochs, -(-options.min_steps // per_epoch))
    plan = [(stage, epoch) for stage, n in n_epochs.items() for epoch in range(1, n + 1)]
    state = _State.start(model, options, n_steps=per_epoch * n_epochs["layers"])
    if checkpoint is not None:
        state.resume(checkpoint)
    for number, (stage, epoch) in enumerate(plan):
        if number < len(state.history):
            continue
        if state.is_stale(options.patience):
            break
        losses = []
        model.set_training(True)
        order = fitted[torch.randperm(len(fitted)).numpy()]
        for step, rows in enumerate(np.array_split(order, per_epoch)):
            progress(STAGES[stage], (epoch - 1) * per_epoch + step, n_epochs[stage] * per_epoch)
            loss = _loss(model, data, rows, options, is_fixed=stage == "head")
            state.step(loss, stage)
            losses.append(loss.item() * len(rows) / len(order))
        with state.averaged():
            line = Epoch(stage=stage, epoch=epoch, loss=round(sum(losses), 6))
            if validating is not None:
                line = line.model_copy(update=_validation(model, data, fitted, validating, options, stage == "head"))
            state.note(line)
            on_epoch(stage, epoch, model)
        events.write(number + 1, line)
        if checkpoint is not None:
            state.save(checkpoint)
    progress(STAGES[plan[-1][0]], per_epoch, per_epoch)
    return state.history, state.leave_best()


def _loss(model: _Model, data: _Data, rows: np.ndarray, options: FinetuneOptions, *, is_fixed: bool) -> "Tensor":
    import torch
    from torch.nn import functional

    # On frozen vectors the contrastive part could only move the attention, and measured worse with it.
    is_probing = is_fixed and options.objective == "joint"
    turn_dropout = 0.0 if is_probing else options.turn_dropout

    def view() -> "Tensor":
        return model.pooled(data, [_drop(len(data.turns[row]), turn_dropout) for row in rows], rows, is_fixed)

    pooled = view()
    labels = torch.from_numpy(data.labels[rows]).to(pooled.device)
    if options.objective == "simclr":
        return nt_xent(pooled, view())
    if options.objective == "supcon":
        return supcon(pooled, labels)
    if options.objective == "triplet":
        return semi_hard_triplet(pooled, labels)
    targets = labels * (1 - 2 * options.label_smoothing) + options.label_smoothing
    samples = functional.dropout(pooled.expand(options.n_dropout_samples, -1, -1), options.vector_dropout)
    classification = functional.binary_cross_entropy_with_logits(
        model.logits(samples), targets.float().expand(options.n_dropout_samples, -1)
    )
    return classification if is_probing else classification + options.supcon_weight * supcon(pooled, labels)


def _drop(n_turns: int, share: float) -> np.ndarray:
    """Which turns stay, shape (n_turns,), bool; at least one does."""
    import torch

    kept = torch.rand(n_turns).numpy() >= share
    return kept if kept.any() else np.ones(n_turns, dtype=bool)


def _pooled_without_training(
    model: _Model, data: _Data, rows: np.ndarray, is_fixed: bool = False, at_once: int = 32
) -> "Tensor":
    """Call vectors, less the center, of whole calls: shape (n_rows, 4 * dimension)."""
    import torch

    model.set_training(False)
    batches = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
    with torch.no_grad():
        whole = [[np.ones(len(data.turns[row]), dtype=bool) for row in batch] for batch in batches]
        return torch.cat(
            [model.pooled(data, kept, batch, is_fixed) for kept, batch in zip(whole, batches, strict=True)]
        )


def _validation(
    model: _Model, data: _Data, fitted: np.ndarray, validating: np.ndarray, options: FinetuneOptions, is_fixed: bool
) -> dict[str, float]:
    if options.objective != "joint":
        _place_prototypes(model, data, fitted, is_fixed)
    logits = model.logits(_pooled_without_training(model, data, validating, is_fixed)).detach().cpu().numpy()
    labels = data.labels[validating]
    return {
        "validation_loss": round(float(log_loss(labels, sigmoid(logits), labels=[0, 1])), 6),
        "validation_auc": round(float(roc_auc_score(labels, logits)), 6),
    }


def _place_prototypes(model: _Model, data: _Data, fitted: np.ndarray, is_fixed: bool = False) -> None:
    """Puts the classifier between the prototypes: the mean call vectors of converted and of lost training calls."""
    import torch

    pooled = _pooled_without_training(model, data, fitted, is_fixed)
    labels = torch.from_numpy(data.labels[fitted]).to(pooled.device)
    won, lost = pooled[labels == 1].mean(dim=0), pooled[labels == 0].mean(dim=0)
    with torch.no_grad():
        direction = (won - lost) / (won - lost).square().sum().clamp(min=1e-12) / QUERY_SCALE
        model.weight.copy_(direction)
        model.bias.copy_(-((won + lost) / 2 * direction).sum() * QUERY_SCALE)


class _State:
    """Optimiser, running average, history and best weights: all that a checkpoint holds besides the model."""

    def __init__(self, model: _Model, optimizer: "Any", options: FinetuneOptions, n_steps: int) -> None:
        self.history: list[Epoch] = []
        self._model = model
        self._optimizer = optimizer
        self._decay = options.average_decay
        self._n_steps = n_steps
        self._step = 0  # of the stage ``layers``
        self._best_epoch = 0
        self._best = {name: tensor.detach().clone() for name, tensor in model.named().items()}
        self._average = dict(self._best) if options.average_decay else {}
        self._learning_rates = [options.head_learning_rate, options.learning_rate]

    @classmethod
    def start(cls, model: _Model, options: FinetuneOptions, n_steps: int) -> "_State":
        import torch

        groups = [{"params": model.head, "lr": options.head_learning_rate}]
        if model.layers is not None:
            groups.append({"params": model.layers.parameters(), "lr": options.learning_rate})
        return cls(model, torch.optim.AdamW(groups, weight_decay=options.weight_decay), options, n_steps)

    def step(self, loss: "Tensor", stage: str) -> None:
        import torch

        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if stage == "layers":
            self._step += 1
            for group, rate in zip(self._optimizer.param_groups, self._learning_rates, strict=False):
                group["lr"] = rate * _schedule(self._step, self._n_steps)
                torch.nn.utils.clip_grad_norm_(group["params"], MAX_GRADIENT)
        self._optimizer.step()
        decay = self._decay if stage == "layers" else 0.0
        named = self._model.named()
        with torch.no_grad():
            self._average = {name: torch.lerp(named[name], own, decay) for name, own in self._average.items()}

    def averaged(self) -> AbstractContextManager[None]:
        """The model with the running average of its weights, for the time of a ``with`` block."""
        return self._with_average() if self._decay else nullcontext()

    @contextmanager
    def _with_average(self) -> Iterator[None]:
        own = {name: tensor.detach().clone() for name, tensor in self._model.named().items()}
        _put(self._model, self._average)
        yield
        _put(self._model, own)

    def note(self, line: Epoch) -> None:
        """Adds to the history and keeps the weights if they are the best so far, or nothing can tell."""
        stage = [other for other in self.history if other.stage == line.stage]
        self.history.append(line)
        values = [other.validation_auc for other in stage]
        if line.validation_auc is None or all(line.validation_auc > (value or 0.0) for value in values):
            self._best_epoch = line.epoch if line.stage == "layers" else 0
            self._best = {name: tensor.detach().clone() for name, tensor in self._model.named().items()}

    def is_stale(self, patience: int) -> bool:
        """Whether the layers' validation has not become better for ``patience`` epochs."""
        done = [line for line in self.history if line.stage == "layers"]
        return len(done) - self._best_epoch >= patience and bool(done) and done[-1].validation_auc is not None

    def leave_best(self) -> int:
        """Puts the best weights into the model and gives their epoch."""
        _put(self._model, self._best)
        return self._best_epoch

    def save(self, file: Path) -> None:
        import torch

        tensors = {"random": torch.get_rng_state()}
        if torch.cuda.is_available():
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        for part, named in (("now", self._model.named()), ("best", self._best), ("average", self._average)):
            tensors |= {f"{part}.{name}": tensor for name, tensor in named.items()}
        for number, values in self._optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{number}.{name}": value for name, value in values.items()}
        facts = {
            "history": [line.model_dump() for line in self.history],
            "step": self._step,
            "best_epoch": self._best_epoch,
        }
        save_checkpoint(file, tensors, facts)

    def resume(self, file: Path) -> None:
        """Goes on where the checkpoint stood; without one it stays at the start."""
        import torch

        loaded = load_checkpoint(file)
        if loaded is None:
            return
        tensors, facts = loaded
        parts: dict[str, dict[str, Any]] = {"now": {}, "best": {}, "average": {}, "adam": {}}
        for key, tensor in tensors.items():
            part, _, name = key.partition(".")
            if part in parts:
                parts[part][name] = tensor
        _put(self._model, parts["now"])
        self._best, self._average = parts["best"], parts["average"]
        moments: dict[int, dict[str, Any]] = {}
        for key, tensor in parts["adam"].items():
            number, _, name = key.partition(".")
            moments.setdefault(int(number), {})[name] = tensor
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": moments})
        torch.set_rng_state(tensors["random"])
        if "random_cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["random_cuda"])
        self.history = [Epoch.model_validate(line) for line in facts["history"]]
        self._step, self._best_epoch = facts["step"], facts["best_epoch"]


def _put(model: _Model, weights: "Mapping[str, Tensor]") -> None:
    import torch

    with torch.no_grad():
        for name, tensor in model.named().items():
            tensor.copy_(weights[name])


def _schedule(step: int, n_steps: int) -> float:
    """Share of the learning rate at a step, from 1: up over the first tenth, then down to zero."""
    warm = max(1, n_steps // 10)
    return min(step / warm, (n_steps - step) / max(1, n_steps - warm))


def _parts(
    labels: np.ndarray, groups: Sequence[str], options: FinetuneOptions, seed: int, validating: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows to fit and rows to validate on."""
    if validating is not None:
        return np.flatnonzero(~validating), np.flatnonzero(validating) if validating.any() else None
    return _validation_split(labels, groups, seed) if options.validates else (np.arange(len(labels)), None)


def _validation_split(labels: np.ndarray, groups: Sequence[str], seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows to fit and rows to validate on, no account in both; None where the calls are too few for it."""
    too_few = len(labels) < MIN_CALLS_TO_VALIDATE or len(set(groups)) < N_VALIDATION_FOLDS
    if too_few or np.bincount(labels, minlength=2).min() < 2 * N_VALIDATION_FOLDS:
        return np.arange(len(labels)), None
    folds = grouped_folds(labels.tolist(), groups, N_VALIDATION_FOLDS, seed)
    validating = np.flatnonzero(folds == 0)
    if len(set(labels[validating])) < 2:  # one account can hold most of a class
        return np.arange(len(labels)), None
    return np.flatnonzero(folds != 0), validating


def _finished(
    model: _Model,
    data: _Data,
    fitted: np.ndarray,
    options: FinetuneOptions,
    base: Path,
    history: Sequence[Epoch],
    chosen_epoch: int,
) -> Finetuned:
    if model.layers is not None:
        model.layers.round()
    layers = {} if model.layers is None else model.layers.rounded()
    return Finetuned(*_classifier(model, data, fitted, options), tuple(history), chosen_epoch, base, layers)


def _classifier(
    model: _Model, data: _Data, fitted: np.ndarray, options: FinetuneOptions
) -> tuple[Pooling, np.ndarray, float]:
    """Pooling, weights and bias on raw call vectors."""
    if options.objective != "joint":
        _place_prototypes(model, data, fitted)
    query, position, weight, bias, center = (
        tensor.detach().cpu().numpy().astype(np.float64) for tensor in (*model.head, model.center)
    )
    pooling = Pooling((query * QUERY_SCALE).astype(np.float32), position.astype(np.float32))
    weights = weight * QUERY_SCALE
    return pooling, weights.astype(np.float32), float(bias[0] - weights @ center)


def _run_name(
    base: Path,
    calls: Sequence[Transcript],
    labels: np.ndarray,
    groups: Sequence[str],
    options: FinetuneOptions,
    seed: int,
    fitted: np.ndarray,
) -> str:
    """Names a run by all that decides its result, so that no other run's checkpoint is taken for its own."""
    # Names of accounts are hashed with the rest; only which calls share one matters.
    facts = [
        folder_fingerprint(base),
        [call.content_hash for call in calls],
        labels.tolist(),
        list(groups),
        options.model_dump(),
        seed,
        fitted.tolist(),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


class _Events:
    """Loss and validation for TensorBoard, where the package ``tensorboard`` is installed; else nothing is written."""

    def __init__(self, folder: Path | None) -> None:
        self._writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(folder))

    def write(self, number: int, line: Epoch) -> None:
        if self._writer is None:
            return
        for name in ("loss", "validation_loss", "validation_auc"):
            value = getattr(line, name)
            if value is not None:
                self._writer.add_scalar(name, value, number)
        self._writer.flush()

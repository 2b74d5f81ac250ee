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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from salescoach.model.artifact import folder_fingerprint
from salescoach.model.encoder import Encoder
from salescoach.model.head import sigmoid
from salescoach.model.pooling import N_BLOCKS, Pooling
from salescoach.progress import Progress, silent
from salescoach.stats.splits import grouped_folds
from salescoach.types import Transcript
from training.activations import cached_activations
from training.call_model import CallModel, CallRows
from training.events import Events
from training.fit_pooling import QUERY_SCALE
from training.freed_memory import give_back_memory
from training.layers import TopLayers, n_frozen_layers, save_encoder
from training.losses import nt_xent, semi_hard_triplet, supcon
from training.options import FinetuneOptions
from training.resume import Epoch, TrainingState

if TYPE_CHECKING:
    from torch import Tensor

MIN_CALLS_TO_VALIDATE = 150  # with fewer, a validation part costs more than it tells
N_VALIDATION_FOLDS = 6  # one of them validates
MIN_BATCHES = 5  # that an epoch is cut into
STAGES = {"head": "fitting attention and classifier", "layers": "fine-tuning"}  # as progress names them


@dataclass(frozen=True)
class Finetuned:
    """A fine-tuned encoder and the pooling and classifier trained with it.

    Attributes:
        pooling: the attention over turns.
        weights: of the classifier on call vectors, shape (n_blocks * dimension,), float32.
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
    _difference: "dict[str, Tensor]" = field(repr=False)
    _checkpoint: Path

    def save_encoder(self, folder: Path) -> None:
        """Writes the encoder as a sentence-transformers folder, as ``training.layers.save_encoder`` does."""
        save_encoder(self._base, self._difference, folder)

    def forget_checkpoint(self) -> None:
        """Deletes what an interrupted program would go on from."""
        self._checkpoint.unlink(missing_ok=True)


def finetune(
    base: Path,
    encoder: Encoder,
    calls: Sequence[Transcript],
    labels: np.ndarray,
    groups: Sequence[str],
    options: FinetuneOptions,
    *,
    runs: Path,
    seed: int,
    validating: np.ndarray | None = None,
    chooses: bool = True,
    threads: int = 1,
    resume: bool = False,
    keeps_checkpoint: bool = False,
    progress: Progress = silent,
) -> Finetuned:
    """Trains on ``calls``; the same seed gives the same weights on one thread.

    Args:
        base: a sentence-transformers folder built like BERT.
        encoder: the one in ``base``; it gives the frozen vectors, from its cache where it has them.
        calls: training calls only.
        labels: shape (n_calls,), 1 converted, 0 lost; both occur. The objective ``simclr`` looks at them only to
            choose the epoch and to place the classifier.
        groups: the account of each call; an account is either trained on or validates.
        options: how to train.
        runs: folder for cached states, the checkpoint and TensorBoard's event files. Nothing in it holds a text.
        seed: of the order of calls, the dropout and the validation part.
        validating: the calls that only choose the epoch, shape (n_calls,), bool; default: a sixth of the accounts.
        chooses: whether they do; else the last epoch is taken, and validation is only told.
        threads: of torch; more than one is not deterministic.
        resume: go on from the checkpoint of the same run, if there is one; else it is thrown away.
        keeps_checkpoint: leave the last checkpoint, from which ``resume`` gives the same again, until
            ``forget_checkpoint`` of the result deletes it.
        progress: called with the stage, steps done and steps to do, after every step.

    Raises:
        ModelError: the base model can't be cut into layers, or has fewer than are to be trained.
    """
    import torch

    torch.set_num_threads(threads)
    fitted, held_out = _parts(labels, groups, options, seed, validating)
    name = _run_name(base, calls, labels, groups, options, seed, fitted, chooses)
    checkpoint = runs / f"finetune-{name}.safetensors"
    if not resume:
        checkpoint.unlink(missing_ok=True)
    data = CallRows.of(calls, labels)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _model(base, encoder, data, options, runs, threads, progress)
        history, chosen = _train(
            model, data, fitted, held_out, options, seed, checkpoint, Events(runs / name), progress, chooses=chooses
        )
    finetuned = _finished(model, data, fitted, options, base, checkpoint, history, chosen)
    if not keeps_checkpoint:
        finetuned.forget_checkpoint()
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
    chooses: bool = True,
) -> tuple[Pooling, np.ndarray, float]:
    """The first step alone, for an encoder that stays as it is: pooling, weights and bias as in ``Finetuned``.

    Arguments as for ``finetune``.
    """
    import torch

    data = CallRows.of(calls, labels)
    fitted, held_out = _parts(labels, groups, options, seed, validating)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = CallModel(None, torch.from_numpy(encoder.encode(data.texts)))
        _train(model, data, fitted, held_out, options, seed, None, Events(None), silent, chooses=chooses)
    return _classifier(model, data, fitted, options)


def _model(
    base: Path,
    encoder: Encoder,
    data: CallRows,
    options: FinetuneOptions,
    runs: Path,
    threads: int,
    progress: Progress,
) -> CallModel:
    """The model before any training."""
    import torch

    n_frozen = n_frozen_layers(base, options.n_trained_layers)
    fixed = []
    for start in range(0, len(data.texts), 1024):
        progress("frozen vectors", start, len(data.texts))
        fixed.append(torch.from_numpy(encoder.encode(data.texts[start : start + 1024])))
    if not options.n_trained_layers:
        return CallModel(None, torch.cat(fixed))
    states = cached_activations(data.texts, base, n_frozen, runs / "activations", progress=progress)
    layers = TopLayers(base, options.n_trained_layers, states, options.layer_dropout)
    layers.layers.eval()
    return CallModel(layers, torch.cat(fixed).to(layers.device))


def _train(
    model: CallModel,
    data: CallRows,
    fitted: np.ndarray,
    validating: np.ndarray | None,
    options: FinetuneOptions,
    seed: int,
    checkpoint: Path | None,
    events: Events,
    progress: Progress,
    on_epoch: Callable[[str, int, CallModel], None] = lambda stage, epoch, model: None,
    *,
    chooses: bool = True,
) -> tuple[list[Epoch], int]:
    """Trains ``model`` in place and leaves the chosen epoch's weights in it; gives the history and that epoch."""
    model.usual_turns = data.usual_turns(fitted)
    center = _pooled_without_training(model, data, fitted, is_fixed=True).mean(dim=0)
    model.center.copy_(center)
    in_epoch = min(len(fitted), options.calls_per_epoch)
    per_epoch = -(-in_epoch // min(options.batch_calls, max(2, in_epoch // MIN_BATCHES)))
    n_epochs = {"head": options.head_epochs, "layers": 0}
    if model.layers is not None:
        n_epochs["layers"] = max(options.epochs, -(-options.min_steps // per_epoch))
    plan = [(stage, epoch) for stage, n in n_epochs.items() for epoch in range(1, n + 1)]
    state = TrainingState.start(model, options, n_steps=per_epoch * n_epochs["layers"])
    if checkpoint is not None:
        state.resume(checkpoint)
    for number, (stage, epoch) in enumerate(plan):
        if number < len(state.history):
            continue
        if chooses and state.is_stale(options.patience):
            break
        losses = []
        model.set_training(True)
        order = _order(fitted, epoch, in_epoch, seed)
        for step, rows in enumerate(np.array_split(order, per_epoch)):
            progress(STAGES[stage], (epoch - 1) * per_epoch + step, n_epochs[stage] * per_epoch)
            loss = _loss(model, data, rows, options, is_fixed=stage == "head")
            state.step(loss, stage)
            if stage == "layers":
                give_back_memory()
            losses.append(loss.item() * len(rows) / len(order))
        with state.averaged():
            line = Epoch(stage=stage, epoch=epoch, loss=round(sum(losses), 6))
            if validating is not None:
                line = line.model_copy(update=_validation(model, data, fitted, validating, options, stage == "head"))
            state.note(line, is_kept=not chooses)
            on_epoch(stage, epoch, model)
        events.write(number + 1, line)
        if checkpoint is not None:
            state.save(checkpoint)
    progress(STAGES[plan[-1][0]], per_epoch, per_epoch)
    return state.history, state.leave_best()


def _order(fitted: np.ndarray, epoch: int, in_epoch: int, seed: int) -> np.ndarray:
    """The calls of an epoch, counted from 1: each call comes once before any comes again."""
    first, stop = (epoch - 1) * in_epoch, epoch * in_epoch
    rounds = range(first // len(fitted), -(-stop // len(fitted)))
    order = np.concatenate([np.random.default_rng([seed, number]).permutation(fitted) for number in rounds])
    start = first - rounds[0] * len(fitted)
    return order[start : start + in_epoch]


def _loss(model: CallModel, data: CallRows, rows: np.ndarray, options: FinetuneOptions, *, is_fixed: bool) -> "Tensor":
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
    model: CallModel, data: CallRows, rows: np.ndarray, is_fixed: bool = False, at_once: int = 32
) -> "Tensor":
    """Call vectors, less the center, of whole calls: shape (n_rows, n_blocks * dimension)."""
    import torch

    model.set_training(False)
    batches = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
    with torch.no_grad():
        whole = [[np.ones(len(data.turns[row]), dtype=bool) for row in batch] for batch in batches]
        return torch.cat(
            [model.pooled(data, kept, batch, is_fixed) for kept, batch in zip(whole, batches, strict=True)]
        )


def _validation(
    model: CallModel,
    data: CallRows,
    fitted: np.ndarray,
    validating: np.ndarray,
    options: FinetuneOptions,
    is_fixed: bool,
) -> dict[str, float]:
    if options.objective != "joint":
        _place_prototypes(model, data, fitted, is_fixed)
    logits = model.logits(_pooled_without_training(model, data, validating, is_fixed)).detach().cpu().numpy()
    labels = data.labels[validating]
    return {
        "validation_loss": round(float(log_loss(labels, sigmoid(logits), labels=[0, 1])), 6),
        "validation_auc": round(float(roc_auc_score(labels, logits)), 6),
    }


def _place_prototypes(model: CallModel, data: CallRows, fitted: np.ndarray, is_fixed: bool = False) -> None:
    """Puts the classifier between the prototypes: the mean call vectors of converted and of lost training calls."""
    import torch

    pooled = _pooled_without_training(model, data, fitted, is_fixed)
    labels = torch.from_numpy(data.labels[fitted]).to(pooled.device)
    won, lost = pooled[labels == 1].mean(dim=0), pooled[labels == 0].mean(dim=0)
    with torch.no_grad():
        direction = (won - lost) / (won - lost).square().sum().clamp(min=1e-12) / QUERY_SCALE
        model.weight.copy_(direction)
        model.bias.copy_(-((won + lost) / 2 * direction).sum() * QUERY_SCALE)


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
    model: CallModel,
    data: CallRows,
    fitted: np.ndarray,
    options: FinetuneOptions,
    base: Path,
    checkpoint: Path,
    history: Sequence[Epoch],
    chosen_epoch: int,
) -> Finetuned:
    if model.layers is not None:
        model.layers.round()
    difference = {} if model.layers is None else model.layers.difference()
    classifier = _classifier(model, data, fitted, options)
    return Finetuned(*classifier, tuple(history), chosen_epoch, base, difference, checkpoint)


def _classifier(
    model: CallModel, data: CallRows, fitted: np.ndarray, options: FinetuneOptions
) -> tuple[Pooling, np.ndarray, float]:
    """Pooling, weights and bias on raw call vectors."""
    if options.objective != "joint":
        _place_prototypes(model, data, fitted)
    query, position, weight, bias, center = (
        tensor.detach().cpu().numpy().astype(np.float64) for tensor in (*model.head, model.center)
    )
    pooling = Pooling((query * QUERY_SCALE).astype(np.float32), position.astype(np.float32), model.usual_turns)
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
    chooses: bool,
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
        chooses,
        N_BLOCKS,  # a checkpoint of another version of the pooling has other shapes
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]

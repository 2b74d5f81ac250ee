"""The training loop: pooling and classifier on frozen vectors first, then the layers with them, epoch by epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from salescoach.model.head import sigmoid
from salescoach.progress import Progress, silent
from training.call_model import CallModel, CallRows
from training.events import Events
from training.fit_pooling import QUERY_SCALE
from training.freed_memory import give_back_memory
from training.losses import nt_xent, semi_hard_triplet, supcon
from training.options import FinetuneOptions
from training.resume import Epoch, TrainingState
from training.steps import calls_in_epoch, n_epochs_of_layers, steps_in_epoch

if TYPE_CHECKING:
    from torch import Tensor

STAGES = {"head": "fitting attention and classifier", "layers": "fine-tuning"}  # as progress names them

OnEpoch = Callable[[str, int, CallModel], None]


@dataclass(frozen=True)
class Loop:
    """A model, the calls that train it, and how.

    Attributes:
        model: is trained in place.
        data: all calls.
        fitted: rows of the calls to learn from, shape (n_fitted,), int.
        validating: rows of those that tell how good an epoch is, shape (n_validating,), int; may be none.
        options: how to train.
        seed: of the order of calls.
        chooses: whether validation chooses the epoch; else the last one is taken, and validation is only told.
    """

    model: CallModel
    data: CallRows
    fitted: np.ndarray
    validating: np.ndarray
    options: FinetuneOptions
    seed: int
    chooses: bool = True

    def run(
        self,
        checkpoint: Path | None = None,
        events: Events | None = None,
        progress: Progress = silent,
        on_epoch: OnEpoch = lambda stage, epoch, model: None,
    ) -> tuple[list[Epoch], int]:
        """Trains, and leaves the chosen epoch's weights in the model; gives the history and that epoch.

        Args:
            checkpoint: the file that is gone on from where it is there, and written after each epoch.
            events: is told each epoch's line.
            progress: called with the stage, steps done and steps to do, before every step.
            on_epoch: called after each epoch, while the model has the weights that the epoch is judged by.
        """
        self.model.usual_turns = self.data.usual_turns(self.fitted)
        self.model.center.copy_(self.pooled(self.fitted, is_fixed=True).mean(dim=0))
        n_epochs = self._n_epochs()
        plan = [(stage, epoch) for stage, n in n_epochs.items() for epoch in range(1, n + 1)]
        state = TrainingState.start(self.model, self.options, n_steps=self._per_epoch * n_epochs["layers"])
        if checkpoint is not None:
            state.resume(checkpoint)
        for number, (stage, epoch) in enumerate(plan):
            if number < len(state.history):
                continue
            if self.chooses and state.is_stale(self.options.patience):
                break
            loss = self._train_epoch(state, stage, epoch, progress)
            with state.averaged():
                line = Epoch(stage=stage, epoch=epoch, loss=round(loss, 6))
                if len(self.validating):
                    line = line.model_copy(update=self._validation(is_fixed=stage == "head"))
                state.note(line, is_kept=not self.chooses)
                on_epoch(stage, epoch, self.model)
            if events is not None:
                events.write(number + 1, line)
            if checkpoint is not None:
                state.save(checkpoint)
        progress(STAGES[plan[-1][0]], self._per_epoch, self._per_epoch)
        return state.history, state.leave_best()

    def pooled(self, rows: np.ndarray, *, is_fixed: bool = False, at_once: int = 32) -> "Tensor":
        """Call vectors, less the center, of whole calls: shape (n_rows, n_blocks * dimension).

        Args:
            rows: which calls.
            is_fixed: use the frozen encoder's vectors.
            at_once: how many calls in one pass.
        """
        import torch

        self.model.set_training(False)
        batches = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
        with torch.no_grad():
            whole = [[np.ones(len(self.data.turns[row]), dtype=bool) for row in batch] for batch in batches]
            return torch.cat(
                [
                    self.model.pooled(self.data, kept, batch, is_fixed)
                    for kept, batch in zip(whole, batches, strict=True)
                ]
            )

    def place_prototypes(self, *, is_fixed: bool = False) -> None:
        """Puts the classifier between the prototypes: the mean call vectors of converted and of lost training calls."""
        import torch

        pooled = self.pooled(self.fitted, is_fixed=is_fixed)
        labels = torch.from_numpy(self.data.labels[self.fitted]).to(pooled.device)
        won, lost = pooled[labels == 1].mean(dim=0), pooled[labels == 0].mean(dim=0)
        with torch.no_grad():
            direction = (won - lost) / (won - lost).square().sum().clamp(min=1e-12) / QUERY_SCALE
            self.model.weight.copy_(direction)
            self.model.bias.copy_(-((won + lost) / 2 * direction).sum() * QUERY_SCALE)

    @property
    def _in_epoch(self) -> int:
        """Calls of an epoch."""
        return calls_in_epoch(self.options, len(self.fitted))

    @property
    def _per_epoch(self) -> int:
        """Steps of an epoch."""
        return steps_in_epoch(self.options, len(self.fitted))

    def _n_epochs(self) -> dict[str, int]:
        n_epochs = {"head": self.options.head_epochs, "layers": 0}
        if self.model.layers is not None:
            n_epochs["layers"] = n_epochs_of_layers(self.options, len(self.fitted))
        return n_epochs

    def _train_epoch(self, state: TrainingState, stage: str, epoch: int, progress: Progress) -> float:
        """Every step of an epoch; gives the mean loss of a call."""
        losses = []
        self.model.set_training(True)
        order = order_of(self.fitted, epoch, self._in_epoch, self.seed)
        n_steps = self._n_epochs()[stage] * self._per_epoch
        for step, rows in enumerate(np.array_split(order, self._per_epoch)):
            progress(STAGES[stage], (epoch - 1) * self._per_epoch + step, n_steps)
            loss = self._loss(rows, is_fixed=stage == "head")
            state.step(loss, stage)
            if stage == "layers":
                give_back_memory()
            losses.append(loss.item() * len(rows) / len(order))
        return sum(losses)

    def _loss(self, rows: np.ndarray, *, is_fixed: bool) -> "Tensor":
        import torch
        from torch.nn import functional

        options = self.options
        # On frozen vectors the contrastive part could only move the attention, and measured worse with it.
        is_probing = is_fixed and options.objective == "joint"
        turn_dropout = 0.0 if is_probing else options.turn_dropout

        def view() -> "Tensor":
            kept = [_drop(len(self.data.turns[row]), turn_dropout) for row in rows]
            return self.model.pooled(self.data, kept, rows, is_fixed)

        pooled = view()
        labels = torch.from_numpy(self.data.labels[rows]).to(pooled.device)
        if options.objective == "simclr":
            return nt_xent(pooled, view())
        if options.objective == "supcon":
            return supcon(pooled, labels)
        if options.objective == "triplet":
            return semi_hard_triplet(pooled, labels)
        targets = labels * (1 - 2 * options.label_smoothing) + options.label_smoothing
        samples = functional.dropout(pooled.expand(options.n_dropout_samples, -1, -1), options.vector_dropout)
        classification = functional.binary_cross_entropy_with_logits(
            self.model.logits(samples), targets.float().expand(options.n_dropout_samples, -1)
        )
        return classification if is_probing else classification + options.supcon_weight * supcon(pooled, labels)

    def _validation(self, *, is_fixed: bool) -> dict[str, float]:
        if self.options.objective != "joint":
            self.place_prototypes(is_fixed=is_fixed)
        logits = self.model.logits(self.pooled(self.validating, is_fixed=is_fixed)).detach().cpu().numpy()
        labels = self.data.labels[self.validating]
        return {
            "validation_loss": round(float(log_loss(labels, sigmoid(logits), labels=[0, 1])), 6),
            "validation_auc": round(float(roc_auc_score(labels, logits)), 6),
        }


def order_of(fitted: np.ndarray, epoch: int, in_epoch: int, seed: int) -> np.ndarray:
    """The calls of an epoch, counted from 1: each call comes once before any comes again."""
    first, stop = (epoch - 1) * in_epoch, epoch * in_epoch
    rounds = range(first // len(fitted), -(-stop // len(fitted)))
    order = np.concatenate([np.random.default_rng([seed, number]).permutation(fitted) for number in rounds])
    start = first - rounds[0] * len(fitted)
    return order[start : start + in_epoch]


def _drop(n_turns: int, share: float) -> np.ndarray:
    """Which turns stay, shape (n_turns,), bool; at least one does."""
    import torch

    kept = torch.rand(n_turns).numpy() >= share
    return kept if kept.any() else np.ones(n_turns, dtype=bool)

"""How far a training is: optimiser, running average, history and best weights, as a checkpoint keeps them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salescoach.types import Frozen
from training.call_model import CallModel
from training.checkpoint import load_checkpoint, save_checkpoint
from training.options import FinetuneOptions

if TYPE_CHECKING:
    from torch import Tensor

MAX_GRADIENT = 1.0  # norm of the gradient of a group of weights


class Epoch(Frozen):
    """One line of the history. ``stage`` is ``head`` (frozen encoder) or ``layers``; None where nothing validates."""

    stage: str
    epoch: int
    loss: float
    validation_loss: float | None = None
    validation_auc: float | None = None


class TrainingState:
    """Optimiser, running average, history and best weights: all that a checkpoint holds besides the model."""

    def __init__(self, model: CallModel, optimizer: Any, options: FinetuneOptions, n_steps: int) -> None:
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
    def start(cls, model: CallModel, options: FinetuneOptions, n_steps: int) -> "TrainingState":
        """At the first step; ``n_steps``: of the stage ``layers``, which the learning rate is planned by."""
        import torch

        groups = [{"params": model.head, "lr": options.head_learning_rate}]
        if model.layers is not None:
            groups.append({"params": model.layers.parameters(), "lr": options.learning_rate})
        return cls(model, torch.optim.AdamW(groups, weight_decay=options.weight_decay), options, n_steps)

    def step(self, loss: "Tensor", stage: str) -> None:
        """Moves the weights by the gradient of ``loss``, and the running average after them."""
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
        self._model.put(self._average)
        yield
        self._model.put(own)

    def note(self, line: Epoch, *, is_kept: bool = False) -> None:
        """Adds to the history; keeps the weights if they are the best so far, if nothing can tell, or anyway."""
        stage = [other for other in self.history if other.stage == line.stage]
        self.history.append(line)
        values = [other.validation_auc for other in stage]
        if is_kept or line.validation_auc is None or all(line.validation_auc > (value or 0.0) for value in values):
            self._best_epoch = line.epoch if line.stage == "layers" else 0
            self._best = {name: tensor.detach().clone() for name, tensor in self._model.named().items()}

    def is_stale(self, patience: int) -> bool:
        """Whether the layers' validation has not become better for ``patience`` epochs."""
        done = [line for line in self.history if line.stage == "layers"]
        return len(done) - self._best_epoch >= patience and bool(done) and done[-1].validation_auc is not None

    def leave_best(self) -> int:
        """Puts the best weights into the model and gives their epoch."""
        self._model.put(self._best)
        return self._best_epoch

    def save(self, file: Path) -> None:
        """Writes a checkpoint."""
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
        self._model.put(parts["now"])
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


def _schedule(step: int, n_steps: int) -> float:
    """Share of the learning rate at a step, from 1: up over the first tenth, then down to zero."""
    warm = max(1, n_steps // 10)
    return min(step / warm, (n_steps - step) / max(1, n_steps - warm))

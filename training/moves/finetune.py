"""Fine-tunes the layers of the base encoder until the moves of a turn can be read off its feature vector.

A step takes one whole call, some pairs and some turns by themselves. Four losses add up:

- moves: binary cross-entropy over what the side of each turn can do; rare moves weigh more.
- worth: cross-entropy of what the call is worth (``salescoach.moves.worth``), as a whole and after some of its turns,
  with the forecasts of those who judged it from the text alone. A drawn outcome is a coin thrown at such a forecast,
  and teaches less; a forecast that moves as the call goes on says which turns moved it.
- pairs: the deal is worth more after the better of two versions that differ in a few words, -log sigmoid(z_a - z_b).
- singles: blunt turns, put anywhere into the call. What they do is learned from their words and not from what led up to
  them, and that the call is worth less with a refusal or an insult in it, and more with a promise.

Word vectors stay as they are: they are half of all weights, and so few turns can't teach them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydantic import Field

from salescoach.model.difference import applied, as_entries, from_steps, read_difference, to_steps
from salescoach.model.encoder import best_engine, load_model
from salescoach.moves.heads import N_OUTPUTS, MoveHeads
from salescoach.moves.network import as_tensors, pooled
from salescoach.moves.reader import HEADS, TRAINED_LAYERS, WORTH, reader_id
from salescoach.moves.windows import Window
from salescoach.moves.worth import N_GAZES, TurnsWorth
from salescoach.progress import Progress
from salescoach.types import Frozen
from training.checkpoint import load_checkpoint, save_checkpoint
from training.layers import batches_within
from training.moves.data import PairRows, SingleRows, TurnRows

if TYPE_CHECKING:
    from torch import Tensor

MAX_GRADIENT: Final = 1.0


class MoveOptions(Frozen):
    """How to train the reader. The defaults are what measured best; ``docs/experiments.md`` has the figures."""

    n_trained_layers: int = Field(6, ge=1, description="top layers that are trained")
    epochs: int = Field(3, ge=0, description="0 only calibrates what is there")
    learning_rate: float = Field(1.5e-4, gt=0, description="of the layers")
    head_learning_rate: float = Field(1e-3, gt=0)
    warm_up: float = Field(0.1, ge=0, lt=1, description="share of the steps in which the rate grows")
    weight_decay: float = Field(0.01, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1, description="of feature vectors and of the layers' outputs")
    rare_weight: float = Field(3.0, ge=1, description="at most, of the turns that carry a rare move")
    worth_weight: float = Field(0.3, ge=0)
    beginnings_a_step: int = Field(8, ge=0, description="of the call, whose worth is learned beside that of the whole")
    pair_weight: float = Field(0.3, ge=0)
    pairs_a_step: int = Field(6, ge=0)
    single_weight: float = Field(0.5, ge=0)
    singles_a_step: int = Field(12, ge=0)
    seed: int = 7
    start: Path | None = Field(None, description="a reader's folder to go on from; without one, the base encoder")
    start_kept: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="how much of that reader's weights is mixed into the trained ones (WiSE-FT, Wortsman et al. 2022)",
    )


@dataclass(frozen=True)
class TrainedReader:
    """What training leaves: the layers as they are saved, and the heads, not calibrated yet."""

    difference: "dict[str, Tensor]"
    heads: MoveHeads
    worth: TurnsWorth


class Learner:
    """The encoder and the heads in a form that can be trained."""

    def __init__(self, base: Path, options: MoveOptions) -> None:
        import torch

        torch.manual_seed(options.seed)
        loaded: Any = load_model(base, "float32")[0]
        self._bert: Any = loaded.auto_model
        self._bert.config._attn_implementation = "eager"  # windows are short: the fused kernel's gradient is slow
        for module in self._bert.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = options.dropout
        self._bert.requires_grad_(False)
        first = len(self._bert.encoder.layer) - options.n_trained_layers
        self._layers = {
            f"encoder.layer.{first + number}.{name}": parameter.requires_grad_(True)
            for number, layer in enumerate(self._bert.encoder.layer[first:])
            for name, parameter in layer.named_parameters()
        }
        self._start = {name: parameter.detach().clone() for name, parameter in self._layers.items()}
        dimension = 2 * self._bert.config.hidden_size
        self.move = torch.nn.Linear(dimension, N_OUTPUTS)
        self.attention = torch.nn.Linear(dimension, N_GAZES, bias=False)
        self.value = torch.nn.Linear(dimension, N_GAZES)
        self.position = torch.nn.Parameter(torch.zeros(N_GAZES, 2))
        self._dropout = options.dropout
        self._has_bf16 = best_engine() == "torch-bf16"

    def go_on_from(self, folder: Path) -> None:
        """Puts in what a reader has learned."""
        import torch

        heads, worth = MoveHeads.load(folder / HEADS), TurnsWorth.load(folder / WORTH)
        zeros = np.zeros(N_GAZES - 1, dtype=np.float32)
        learned = (
            (self.move.weight, heads.weight),
            (self.move.bias, heads.bias),
            (self.attention.weight, worth.attention),
            (self.value.weight, worth.value),
            (self.value.bias, np.concatenate([worth.bias, zeros])),  # only their sum counts
            (self.position, worth.position),
        )
        with torch.no_grad():
            for name, weights in applied(self._start, read_difference(folder / TRAINED_LAYERS)):
                self._layers[name].copy_(weights)
            for parameter, values in learned:
                parameter.copy_(torch.from_numpy(values))

    def copied(self) -> "dict[str, Tensor]":
        """Everything that is trained as it is now, by name."""
        return {name: parameter.detach().clone() for name, parameter in self.named().items()}

    def blend(self, before: "dict[str, Tensor]", share: float) -> None:
        """Mixes a ``share`` of what was ``copied`` before into everything."""
        import torch

        with torch.no_grad():
            for name, parameter in self.named().items():
                parameter.lerp_(before[name], share)

    def groups(self, options: MoveOptions) -> list[dict[str, Any]]:
        """Weights and learning rates, as an optimiser takes them."""
        heads = [*self.move.parameters(), *self.attention.parameters(), *self.value.parameters(), self.position]
        return [
            {"params": list(self._layers.values()), "lr": options.learning_rate},
            {"params": heads, "lr": options.head_learning_rate},
        ]

    def named(self) -> "dict[str, Tensor]":
        """Everything that is trained, by name."""
        heads = {"move": self.move, "attention": self.attention, "value": self.value}
        named = {f"{name}.{own}": p for name, head in heads.items() for own, p in head.named_parameters()}
        return {**self._layers, **named, "position": self.position}

    def train(self, is_training: bool) -> None:
        """Whether anything drops out."""
        self._bert.train(is_training)

    def features(self, seen: Sequence[Window]) -> "Tensor":
        """Feature vectors in the order of ``seen``: shape (n_windows, dimension), float32. Equal ones are read once."""
        import torch

        unlike = sorted(dict.fromkeys(seen), key=lambda window: len(window.ids))
        lengths, parts = np.array([len(window.ids) for window in unlike]), []
        for rows in batches_within(lengths):
            ids, mask, own = as_tensors([unlike[row] for row in rows], int(lengths[rows[-1]]))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._has_bf16):
                states = self._bert(input_ids=ids, attention_mask=mask, token_type_ids=own).last_hidden_state
            parts.append(pooled(states.float(), mask, own))
        row_of = {window: row for row, window in enumerate(unlike)}
        return torch.cat(parts)[[row_of[window] for window in seen]]

    def dropped(self, features: "Tensor") -> "Tensor":
        """Feature vectors with some of their numbers left out, in training."""
        import torch

        return torch.nn.functional.dropout(features, self._dropout, training=self._bert.training)

    def worth(self, features: "Tensor", lengths: Sequence[int] | None = None) -> "Tensor":
        """What some beginnings of a call are worth, by default the whole: logits of shape (n_beginnings,)."""
        import torch

        ends = torch.tensor(lengths or [len(features)]).unsqueeze(1)
        place = torch.arange(len(features)).unsqueeze(0)
        t = ((place + 0.5) / ends).unsqueeze(2)
        scores = self.attention(features) + t * self.position[:, 0] + t**2 * self.position[:, 1]
        weights = torch.softmax(scores.masked_fill((place >= ends).unsqueeze(2), -torch.inf), dim=1)
        found: Tensor = (weights * self.value(features)).sum(dim=(1, 2))
        return found

    def finish(self) -> TrainedReader:
        """Rounds the layers as they are saved, and gives what was learned."""
        import torch

        difference: dict[str, Tensor] = {}
        with torch.no_grad():
            for name, parameter in self._layers.items():
                difference |= as_entries(name, parameter.detach() - self._start[name])
                parameter.copy_(from_steps(self._start[name], *to_steps(parameter.detach() - self._start[name])))
        weight, bias = (p.detach().numpy().copy() for p in (self.move.weight, self.move.bias))
        one, half = np.ones(N_OUTPUTS), np.full(N_OUTPUTS, 0.5)
        heads = MoveHeads(weight=weight, bias=bias, slope=one, of_words=0 * one, offset=0 * one, threshold=half)
        worth = TurnsWorth(
            attention=self.attention.weight.detach().numpy().copy(),
            position=self.position.detach().numpy().copy(),
            value=self.value.weight.detach().numpy().copy(),
            bias=self.value.bias.detach().sum().reshape(1).numpy().copy(),
        )
        return TrainedReader(difference, heads, worth)


def finetune(
    base: Path,
    turns: TurnRows,
    courses: Sequence[Sequence[float]],
    pairs: PairRows,
    singles: SingleRows,
    options: MoveOptions,
    work: Path,
    say: Progress,
) -> TrainedReader:
    """Trains, and goes on where an interrupted training with the same options and turns stopped.

    Args:
        base: the base encoder's folder.
        turns: of the calls to learn from.
        courses: of each call, the probability that it converts after each of its turns, from the text alone.
        pairs: that must be told apart.
        singles: turns to put into the calls.
        options: how to train.
        work: a folder for the checkpoint; it holds numbers only.
        say: is told how far it is.
    """
    import torch

    learner = Learner(base, options)
    if options.start is not None:
        learner.go_on_from(options.start)
    before = learner.copied() if options.start is not None and options.start_kept else None
    optimiser = torch.optim.AdamW(learner.groups(options), weight_decay=options.weight_decay)
    n_calls = len(turns.call_ids)
    rates = [group["lr"] for group in optimiser.param_groups]
    weight = torch.from_numpy(rare_weights(turns, options.rare_weight))
    start = None if options.start is None else reader_id(options.start)
    taught = {
        "start": start,
        "turns": turns.digest(),
        "courses": [sum(course) for course in courses],
        "pairs": len(pairs),
        "singles": len(singles),
    }
    file, facts = work / "moves.safetensors", {"options": options.model_dump_json(exclude={"start_kept"}), **taught}
    done = _resume(file, facts, learner, optimiser)
    learner.train(True)
    for epoch in range(done, options.epochs):
        rng = np.random.default_rng([options.seed, epoch])
        torch.manual_seed(options.seed * 1_000 + epoch)
        for place, call in enumerate(rng.permutation(n_calls)):
            share = (epoch * n_calls + place + 1) / (options.epochs * n_calls)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * min(share / max(options.warm_up, 1e-9), (1 - share) / (1 - options.warm_up))
            loss = _loss_of_call(learner, turns, singles, int(call), courses[call], rng, weight, options)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            if options.pairs_a_step and len(pairs):
                _loss_of_pairs(learner, pairs, rng, weight, options).backward()  # type: ignore[no-untyped-call]
            for group in optimiser.param_groups:
                torch.nn.utils.clip_grad_norm_(group["params"], MAX_GRADIENT)
            optimiser.step()
            say("fine-tuning on moves", epoch * n_calls + place + 1, options.epochs * n_calls)
        _keep(file, facts | {"epochs": epoch + 1}, learner, optimiser)
    learner.train(False)
    if before is not None:
        learner.blend(before, options.start_kept)
    return learner.finish()


def rare_weights(turns: TurnRows, most: float) -> np.ndarray:
    """What a turn that carries a move weighs: the root of how many times rarer it is, shape (n_outputs,), float32."""
    n = turns.labels.sum(axis=0).clip(1)
    return np.asarray(np.clip(np.sqrt((turns.known.sum(axis=0) - n) / n), 1, most), dtype=np.float32)


def _loss_of_call(
    learner: Learner,
    turns: TurnRows,
    singles: SingleRows,
    call: int,
    course: Sequence[float],
    rng: np.random.Generator,
    weight: "Tensor",
    options: MoveOptions,
) -> "Tensor":
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    rows = np.flatnonzero(turns.call_of == call)
    features = learner.dropped(learner.features([turns.windows[row] for row in rows]))
    loss = _loss_of_moves(learner, features, turns.labels[rows], turns.known[rows], weight)
    ends = [len(rows), *rng.integers(1, len(rows) + 1, options.beginnings_a_step).tolist()]
    worth = binary_cross_entropy_with_logits(
        learner.worth(features, ends), torch.tensor([course[end - 1] for end in ends]), reduction="none"
    )
    loss = loss + options.worth_weight * (worth[0] + worth[1:].mean()) / 2
    if options.singles_a_step and len(singles):
        told = _loss_of_singles(learner, features, singles, turns.call_ids[call], rng, weight, options)
        loss = loss + options.single_weight * told
    return loss


def _loss_of_singles(
    learner: Learner,
    features: "Tensor",
    singles: SingleRows,
    call_id: str,
    rng: np.random.Generator,
    weight: "Tensor",
    options: MoveOptions,
) -> "Tensor":
    """Some turns put into a call, each by itself: what they do, and which way the worth of the call goes with them."""
    import torch
    from torch.nn.functional import softplus

    chosen = rng.choice(len(singles), min(options.singles_a_step, len(singles)), replace=False)
    places = rng.integers(0, len(features) + 1, len(chosen))
    seen = [singles.window(int(row), call_id, int(place)) for row, place in zip(chosen, places, strict=True)]
    own = learner.dropped(learner.features(seen))
    moves = _loss_of_moves(learner, own, singles.labels[chosen], singles.known[chosen], weight)
    before = learner.worth(features)[0]
    ranks = [
        softplus(way * (before - learner.worth(torch.cat([features[:place], own[at : at + 1], features[place:]]))[0]))
        for at, (way, place) in enumerate(zip(singles.direction[chosen].tolist(), places.tolist(), strict=True))
        if way
    ]
    return moves + torch.stack(ranks).mean() if ranks else moves


def _loss_of_pairs(
    learner: Learner, pairs: PairRows, rng: np.random.Generator, weight: "Tensor", options: MoveOptions
) -> "Tensor":
    """Both versions of some pairs: what their telling turn does, and which of them is worth more."""
    import torch
    from torch.nn.functional import softplus

    chosen = rng.choice(len(pairs), min(options.pairs_a_step, len(pairs)), replace=False)
    seen = [window for row in chosen for version in pairs.windows[row] for window in version]
    lengths = [len(version) for row in chosen for version in pairs.windows[row]]
    parts = iter(torch.split(learner.dropped(learner.features(seen)), lengths))
    told, ranks = [], []
    for row in chosen:
        better, worse = next(parts), next(parts)
        told += [better[pairs.telling[row]], worse[pairs.telling[row]]]
        ranks.append(softplus(learner.worth(worse) - learner.worth(better))[0])
    moves = _loss_of_moves(
        learner, torch.stack(told), pairs.labels[chosen].reshape(len(told), -1),
        np.repeat(pairs.possible[chosen], 2, axis=0), weight,
    )  # fmt: skip
    return options.pair_weight * (moves + torch.stack(ranks).mean())


def _loss_of_moves(
    learner: Learner, features: "Tensor", labels: np.ndarray, possible: np.ndarray, weight: "Tensor"
) -> "Tensor":
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    mask = torch.from_numpy(possible.astype(np.float32))
    total = binary_cross_entropy_with_logits(
        learner.move(features), torch.from_numpy(labels), weight=mask, pos_weight=weight, reduction="sum"
    )
    return total / mask.sum().clamp(min=1)


def _keep(file: Path, facts: dict[str, Any], learner: Learner, optimiser: Any) -> None:
    tensors = dict(learner.named())
    for number, group in enumerate(optimiser.param_groups):
        for place, parameter in enumerate(group["params"]):
            for name, value in optimiser.state[parameter].items():
                tensors[f"optimiser.{number}.{place}.{name}"] = value
    file.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(file, tensors, facts)


def _resume(file: Path, facts: dict[str, Any], learner: Learner, optimiser: Any) -> int:
    """Puts back what was kept of a training with the same facts; returns how many epochs are done."""
    import torch

    kept = load_checkpoint(file)
    if kept is None or any(kept[1].get(name) != value for name, value in facts.items()):
        return 0
    tensors, known = kept
    with torch.no_grad():
        for name, own in learner.named().items():
            own.copy_(tensors.pop(name))
    state: dict[Any, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        _, number, place, what = name.split(".")
        state.setdefault(optimiser.param_groups[int(number)]["params"][int(place)], {})[what] = tensor
    optimiser.state.update(state)
    return int(known["epochs"])

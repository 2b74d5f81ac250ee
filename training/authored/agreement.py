"""How far two labellers of the same calls agree: Cohen's kappa (1960) for moves, balanced accuracy for handling.

Measured on pairs of (call, turn, move) that the side that speaks can make, so that a move is never counted as agreed
upon only because the other side can't make it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from salescoach.moves.taxonomy import MOVES, OBJECTIONS, moves_of
from salescoach.types import Frozen, Transcript
from training.authored.corpus import Labels


class Agreement(Frozen):
    """Of two labellings of the same calls.

    ``kappa``: over all cells together; ``by_move``: kappa of each move with how often either labeller gave it.
    ``any_objection``: kappa of "is an objection of any kind". ``handled``: of objections that both see, mean recall of
    well or partly against badly or not, each labeller judged by the other; None where a class is missing.
    """

    n_calls: int
    n_turns: int
    kappa: float
    any_objection: float
    by_move: dict[str, tuple[float, int]]
    handled: float | None
    n_handled: int


def kappa(first: np.ndarray, second: np.ndarray) -> float:
    """Cohen's kappa of two labellings, shape (n,), bool: 1 full agreement, 0 as by chance."""
    if len(first) == 0:
        return float("nan")
    observed = float((first == second).mean())
    chance = float(first.mean() * second.mean() + (1 - first.mean()) * (1 - second.mean()))
    return 1.0 if chance == 1 else (observed - chance) / (1 - chance)


def agreement(calls: Mapping[str, Transcript], first: Mapping[str, Labels], second: Mapping[str, Labels]) -> Agreement:
    """Agreement on the calls that both have labelled."""
    shared = sorted(first.keys() & second.keys() & calls.keys())
    cells: dict[str, list[tuple[bool, bool]]] = {move: [] for move in MOVES}
    objected: list[tuple[bool, bool]] = []
    handled: list[tuple[bool, bool]] = []
    n_turns = 0
    for call_id in shared:
        one, two = first[call_id], second[call_id]
        for turn, said in enumerate(calls[call_id].turns, start=1):
            n_turns += 1
            a, b = set(one.moves.get(turn, ())), set(two.moves.get(turn, ()))
            for move in moves_of(said.role):
                cells[move].append((move in a, move in b))
            if said.role == "customer":
                objected.append((not a.isdisjoint(OBJECTIONS), not b.isdisjoint(OBJECTIONS)))
        met = {(known.turn, known.kind): known.handled in ("well", "partly") for known in two.objections}
        handled += [
            (known.handled in ("well", "partly"), met[known.turn, known.kind])
            for known in one.objections
            if (known.turn, known.kind) in met
        ]
    pooled = np.array([pair for pairs in cells.values() for pair in pairs], dtype=bool)
    return Agreement(
        n_calls=len(shared),
        n_turns=n_turns,
        kappa=kappa(pooled[:, 0], pooled[:, 1]),
        any_objection=_kappa(objected),
        by_move={move: (_kappa(pairs), sum(a or b for a, b in pairs)) for move, pairs in cells.items()},
        handled=_balanced(handled),
        n_handled=len(handled),
    )


def _kappa(pairs: Sequence[tuple[bool, bool]]) -> float:
    table = np.array(pairs, dtype=bool).reshape(-1, 2)
    return kappa(table[:, 0], table[:, 1])


def _balanced(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Mean recall of both classes, taking each labeller in turn as the truth."""
    table = np.array(pairs, dtype=bool).reshape(-1, 2)
    recalls = []
    for truth, guess in ((table[:, 0], table[:, 1]), (table[:, 1], table[:, 0])):
        if truth.all() or not truth.any():
            return None
        recalls += [float(guess[truth].mean()), float((~guess[~truth]).mean())]
    return float(np.mean(recalls))

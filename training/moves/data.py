"""Authored calls as the move reader learns from them: windows of their turns, and what each turn does."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.moves.heads import CONCERN, N_OUTPUTS, possible
from salescoach.moves.taxonomy import MOVES
from salescoach.moves.windows import Window
from salescoach.types import Transcript, Turn
from training.authored.corpus import LOOKALIKE, Labels, Pair, Version


@dataclass(frozen=True)
class TurnRows:
    """Turns of labelled calls.

    Attributes:
        windows: what the reader sees of each turn.
        labels: shape (n_turns, n_outputs), float32, 1 where the turn does it; the last output: it raises a concern.
        possible: what the turn's side can do, of the same shape, bool; elsewhere a label teaches nothing.
        call_of: the call of each turn, as a row of ``call_ids``: shape (n_turns,), int.
        call_ids: in order.
    """

    windows: tuple[Window, ...]
    labels: np.ndarray
    possible: np.ndarray
    call_of: np.ndarray
    call_ids: tuple[str, ...]

    @classmethod
    def of(
        cls,
        calls: Mapping[str, Transcript],
        labels: Mapping[str, Labels],
        see: Callable[[Sequence[Turn]], list[Window]],
    ) -> "TurnRows":
        """Turns of all calls that are labelled. ``see``: turns of a call -> their windows."""
        ids = tuple(sorted(labels))
        return cls(
            tuple(window for one in ids for window in see(calls[one].turns)),
            np.concatenate([label_rows(labels[one], len(calls[one])) for one in ids]),
            np.concatenate([possible([turn.role for turn in calls[one].turns]) for one in ids]),
            np.concatenate([np.full(len(calls[one]), row) for row, one in enumerate(ids)]),
            ids,
        )

    def digest(self) -> str:
        """Names what is learned from: 64 hex digits."""
        digest = hashlib.sha256(self.labels.tobytes())
        for window in self.windows:
            digest.update(window.key)
        return digest.hexdigest()


def label_rows(labels: Labels, n_turns: int) -> np.ndarray:
    """What each turn does: shape (n_turns, n_outputs), float32."""
    found = np.zeros((n_turns, N_OUTPUTS), dtype=np.float32)
    for turn, moves in labels.moves.items():
        found[turn - 1, [MOVES.index(move) for move in moves]] = 1
    found[[one.turn - 1 for one in labels.objections], CONCERN] = 1
    return found


@dataclass(frozen=True)
class PairRows:
    """Pairs in the order (better, worse).

    Attributes:
        windows: of both versions of each pair.
        telling: the place, from 0, of the turn whose moves are labelled.
        labels: of that turn in both versions: shape (n_pairs, 2, n_outputs), float32.
        possible: shape (n_pairs, n_outputs), bool; whether a concern is raised isn't labelled.
    """

    windows: tuple[tuple[list[Window], list[Window]], ...]
    telling: np.ndarray
    labels: np.ndarray
    possible: np.ndarray

    def __len__(self) -> int:
        return len(self.windows)

    @classmethod
    def of(cls, pairs: Sequence[Pair], see: Callable[[Sequence[Turn]], list[Window]]) -> "PairRows":
        """``see``: turns of a call -> their windows."""
        seen, telling, labels, can = [], [], [], []
        for pair in pairs:
            order: tuple[Version, Version] = ("a", "b") if pair.better == "a" else ("b", "a")
            seen.append((see(pair.version(order[0]).turns), see(pair.version(order[1]).turns)))
            place = len(pair.before) + (len(pair.after) if pair.kind == LOOKALIKE else 0)
            telling.append(place)
            labels.append([[move in pair.moves(which) for move in MOVES] + [False] for which in order])
            can.append(possible([pair.version("a").turns[place].role])[0])
        masks = np.array(can, dtype=bool).reshape(len(can), N_OUTPUTS)
        masks[:, CONCERN] = False
        shape = (len(labels), 2, N_OUTPUTS)
        return cls(tuple(seen), np.array(telling), np.array(labels, dtype=np.float32).reshape(shape), masks)

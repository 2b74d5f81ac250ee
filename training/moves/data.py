"""Authored calls as the move reader learns from them: windows of their turns, and what each turn does."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from salescoach.moves.heads import CONCERN, EASED, MET, N_OUTPUTS, TAKES_UP, possible
from salescoach.moves.taxonomy import MOVES, Handled, MoveName
from salescoach.moves.windows import N_BEFORE, Window
from salescoach.types import Transcript, Turn
from training.authored.corpus import LOOKALIKE, Labels, Pair, SingleTurn, Version

# What blunt turns do to a call, and all moves by which they were written.
LOWERS: Final[frozenset[MoveName]] = frozenset({"refusal", "hostility", "rude", "dismiss"})
RAISES: Final[frozenset[MoveName]] = frozenset({"commitment"})
BLUNT: Final = LOWERS | RAISES | {"competitor", "stall"}


@dataclass(frozen=True)
class TurnRows:
    """Turns of labelled calls.

    Attributes:
        windows: what the reader sees of each turn.
        labels: shape (n_turns, n_outputs), float32, 1 where the turn does it.
        known: which labels teach anything, of the same shape, bool.
        call_of: the call of each turn, as a row of ``call_ids``: shape (n_turns,), int.
        call_ids: in order.
    """

    windows: tuple[Window, ...]
    labels: np.ndarray
    known: np.ndarray
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
            np.concatenate([label_rows(labels[one], calls[one].turns) for one in ids]),
            np.concatenate([known_rows(labels[one], calls[one].turns) for one in ids]),
            np.concatenate([np.full(len(calls[one]), row) for row, one in enumerate(ids)]),
            ids,
        )

    def digest(self) -> str:
        """Names what is learned from: 64 hex digits."""
        digest = hashlib.sha256(self.labels.tobytes())
        for window in self.windows:
            digest.update(window.key)
        return digest.hexdigest()


def label_rows(labels: Labels, turns: Sequence[Turn]) -> np.ndarray:
    """What each turn does: shape (n_turns, n_outputs), float32."""
    found = np.zeros((len(turns), N_OUTPUTS), dtype=np.float32)
    for turn, moves in labels.moves.items():
        found[turn - 1, [MOVES.index(move) for move in moves]] = 1
    found[[one.turn - 1 for one in labels.objections], CONCERN] = 1
    for at, handled in _answers(labels).items():
        found[at, [TAKES_UP, MET]] = 1, "badly" not in handled
        for reply in _replies(turns, at):
            found[reply, EASED] = handled == {"well"}
    return found


def single_rows(turns: Sequence[SingleTurn]) -> tuple[np.ndarray, np.ndarray]:
    """What turns by themselves do, float32, and which of that is known, bool: both of shape (n_turns, n_outputs).

    Those who wrote them went by what is ``BLUNT``; what else a turn does is known only where they said so.
    """
    labels = np.zeros((len(turns), N_OUTPUTS), dtype=np.float32)
    for row, one in zip(labels, turns, strict=True):
        row[[MOVES.index(move) for move in one.moves]] = 1
    is_blunt = np.isin(np.arange(N_OUTPUTS), [MOVES.index(move) for move in BLUNT])
    return labels, possible([one.role for one in turns]) & (is_blunt | (labels > 0))


@dataclass(frozen=True)
class SingleRows:
    """Turns by themselves, to be put into calls.

    Attributes:
        turns: each of them.
        labels: what they do, shape (n_turns, n_outputs), float32.
        known: which labels teach anything, of the same shape, bool.
        direction: -1 where a call is worth less with the turn in it, 1 where it is worth more, else 0.
        calls: the turns of each call to put them into, by id.
        see: turns of a call -> their windows.
    """

    turns: tuple[Turn, ...]
    labels: np.ndarray
    known: np.ndarray
    direction: np.ndarray
    calls: Mapping[str, Transcript]
    see: Callable[[Sequence[Turn]], list[Window]]

    def __len__(self) -> int:
        return len(self.turns)

    @classmethod
    def of(
        cls,
        singles: Sequence[SingleTurn],
        calls: Mapping[str, Transcript],
        see: Callable[[Sequence[Turn]], list[Window]],
    ) -> "SingleRows":
        """All turns by themselves, for some calls."""
        turns = tuple(Turn(speaker=one.role.capitalize(), role=one.role, text=one.text) for one in singles)
        direction = [bool(RAISES & {*one.moves}) - bool(LOWERS & {*one.moves}) for one in singles]
        return cls(turns, *single_rows(singles), np.array(direction, dtype=np.int64), calls, see)

    def window(self, row: int, call_id: str, place: int) -> Window:
        """What the reader sees of a turn that is put before the turn at ``place`` of a call."""
        before = self.calls[call_id].turns[max(0, place - N_BEFORE) : place]
        return self.see([*before, self.turns[row]])[-1]


def known_rows(labels: Labels, turns: Sequence[Turn]) -> np.ndarray:
    """Which labels teach anything: what a side can do, and how concerns were met where they were taken up.

    Shape (n_turns, n_outputs), bool.
    """
    found = possible([turn.role for turn in turns])
    found[:, [MET, EASED]] = False
    for at in _answers(labels):
        found[at, MET] = True
        found[_replies(turns, at), EASED] = True
    return found


def _answers(labels: Labels) -> dict[int, set[Handled]]:
    """How concerns were met at each of the rep's turns that took some up; places from 0."""
    found: dict[int, set[Handled]] = {}
    for one in labels.objections:
        if one.handled_at is not None:
            found.setdefault(one.handled_at - 1, set()).add(one.handled)
    return found


def _replies(turns: Sequence[Turn], place: int) -> list[int]:
    """The place of the customer's next turn, if there is one."""
    return [later for later in range(place + 1, len(turns)) if turns[later].role == "customer"][:1]


@dataclass(frozen=True)
class PairRows:
    """Pairs in the order (better, worse).

    Attributes:
        windows: of both versions of each pair.
        telling: the place, from 0, of the turn whose moves are labelled.
        labels: of that turn in both versions: shape (n_pairs, 2, n_outputs), float32.
        possible: shape (n_pairs, n_outputs), bool; concerns aren't labelled.
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
            labels.append(
                [[move in pair.moves(which) for move in MOVES] + [False] * (N_OUTPUTS - len(MOVES)) for which in order]
            )
            can.append(possible([pair.version("a").turns[place].role])[0])
        masks = np.array(can, dtype=bool).reshape(len(can), N_OUTPUTS)
        masks[:, CONCERN:] = False
        shape = (len(labels), 2, N_OUTPUTS)
        return cls(tuple(seen), np.array(telling), np.array(labels, dtype=np.float32).reshape(shape), masks)

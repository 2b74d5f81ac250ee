"""What a call meets of the bundled playbooks, in two linear steps.

First each turn of the criterion's side: how much it shows the criterion, from what the reader hears in it and what
stands in it. Then the call: how far the criterion is met, from the turns that show most and from the call as a whole,
against two cuts. ``scripts/fit_scorecards.py`` fits them on labelled calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.head import logit
from salescoach.moves.heads import N_OUTPUTS
from salescoach.scorecards.playbook import BUNDLED, Criterion, Side, bundled_playbook
from salescoach.scorecards.results import Met
from salescoach.scorecards.said import HOLDS
from salescoach.speech.spoken import is_open, n_words, price_mentions, questions
from salescoach.types import Turn

FILE: Final = "heads.safetensors"
FLOOR: Final = 1e-3  # of a probability, and of what is left to 1
N_SAID: Final = 9
N_TURN: Final = N_OUTPUTS + N_SAID
TOPS: Final = (1, 2, 4)  # turns that show most, whose means are looked at
N_CALL: Final = len(TOPS) + 2 * N_OUTPUTS + N_SAID + 1


@cache
def learned_criteria() -> tuple[tuple[str, Criterion], ...]:
    """The criteria that have a head, in the order of the arrays, each with its playbook's name."""
    return tuple((name, one) for name in BUNDLED for one in bundled_playbook(name).criteria if one.learned)


@dataclass(frozen=True)
class CriterionHeads(StoredArrays):
    """Linear models of the learned criteria; the last weight of each is its bias.

    ``turn``: shape (n_criteria, N_TURN + 1); ``call``: shape (n_criteria, N_CALL + 1); ``cuts``: from where on a
    criterion is met partly, and from where on it is met, shape (n_criteria, 2).
    """

    what = "scorecard heads"

    turn: np.ndarray
    call: np.ndarray
    cuts: np.ndarray

    def shown(self, row: int, rows: np.ndarray) -> np.ndarray:
        """How much turns show a criterion: shape (n_turns,). ``rows``: as ``turn_rows`` gives them."""
        return np.asarray(rows @ self.turn[row, :-1] + self.turn[row, -1])

    def told(self, row: int, shown: np.ndarray, rows: np.ndarray) -> float:
        """How far a call meets a criterion, to be set against the cuts.

        Args:
            row: of the criterion.
            shown: how much the turns of its side show it, shape (n_of_side,), not empty.
            rows: of all turns, as ``turn_rows`` gives them.
        """
        return float(call_row(shown, rows) @ self.call[row, :-1] + self.call[row, -1])

    def met(self, row: int, shown: np.ndarray, rows: np.ndarray) -> Met:
        """How far a call meets a criterion; arguments as of ``told``."""
        z = self.told(row, shown, rows)
        partly, fully = self.cuts[row]
        return "yes" if z >= fully else "partly" if z >= partly else "no"

    def check(self) -> None:
        """Raises ValueError where other things are weighed."""
        n = len(learned_criteria())
        if (self.turn.shape, self.call.shape, self.cuts.shape) != ((n, N_TURN + 1), (n, N_CALL + 1), (n, 2)):
            raise ValueError("other criteria or features")


@cache
def bundled_heads() -> CriterionHeads:
    """Those that come with the coach; raises ModelError where they are damaged."""
    with resources.as_file(resources.files("salescoach.scorecards").joinpath(FILE)) as file:
        return CriterionHeads.load(Path(file))


def of_side(turns: Sequence[Turn], side: Side) -> np.ndarray:
    """Which turns are a side's: shape (n_turns,), bool."""
    return np.array([side in ("either", turn.role) for turn in turns], dtype=bool)


def turn_rows(turns: Sequence[Turn], p: np.ndarray) -> np.ndarray:
    """What heads see of turns: logits of what the reader hears, and what stands in the words: shape (n_turns, N_TURN).

    Args:
        turns: of a call.
        p: the reader's probabilities, shape (n_turns, N_OUTPUTS).
    """
    return np.column_stack([logit(np.clip(p, FLOOR, 1 - FLOOR)) / 2, [_said(turn) for turn in turns]])


def call_row(shown: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """What heads see of a call: shape (N_CALL,).

    How much the turns that show most do; of the whole call, what is heard most, once and in three turns, how much
    stands in the words, and its length.
    """
    most = np.sort(shown)[::-1]
    heard = np.sort(rows[:, :N_OUTPUTS], axis=0)[::-1]
    return np.concatenate(
        [
            [most[:n].mean() for n in TOPS],
            heard[0],
            heard[:3].mean(axis=0),
            rows[:, N_OUTPUTS:].sum(axis=0) / 10,
            [np.log(len(rows))],
        ]
    )


def _said(turn: Turn) -> list[float]:
    asked = questions(turn.text)
    return [
        turn.role == "rep",
        turn.role == "customer",
        *(holds(turn.text) for holds in HOLDS.values()),
        bool(price_mentions(turn.text)),
        bool(asked),
        any(map(is_open, asked)),
        np.log1p(n_words(turn.text)) / 2,
    ]

"""The customer's concerns, each with the rep's turn that took it up, and how it was met.

A concern is linked to one of the rep's next turns, or to none; what was read of that turn, and of what the customer
does next, says how it was met. Both are small linear models on the reader's probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.head import sigmoid
from salescoach.moves.heads import CONCERN, EASED, MET, TAKES_UP
from salescoach.moves.taxonomy import CUSTOMER_MOVES, HANDLED, MOVES, OBJECTIONS, REP_MOVES, Handled, ObjectionKind
from salescoach.types import Turn

REACH = 10  # turns after a concern, in which it may be taken up
KINDS = tuple(MOVES.index(move) for move in OBJECTIONS)
_OF_KIND = tuple(OBJECTIONS.values())
_CUSTOMER = [*(MOVES.index(move) for move in CUSTOMER_MOVES), EASED]
_REP = [*(MOVES.index(move) for move in REP_MOVES), TAKES_UP, MET]
N_LINK = len(_REP) + 4
N_MET = len(_REP) + 2 * len(_CUSTOMER) + 4


@dataclass(frozen=True)
class Concern:
    """A concern at a turn, from 1, and how it was met; ``handled_at``: the rep's turn, None where none took it up."""

    turn: int
    kind: ObjectionKind
    handled_at: int | None
    handled: Handled


@dataclass(frozen=True)
class HandlingModel(StoredArrays):
    """``link``: shape (n_link + 1,); ``met``: shape (3, n_met + 1), for well, partly and badly; the last is the bias.

    ``threshold``: of the probability that a turn takes the concern up, shape (1,).
    """

    what = "model of how concerns are met"

    link: np.ndarray
    threshold: np.ndarray
    met: np.ndarray

    def concerns(self, turns: Sequence[Turn], p: np.ndarray, is_concern: np.ndarray) -> list[Concern]:
        """All concerns of a call, in order.

        Args:
            turns: of the call.
            p: the reader's probabilities, shape (n_turns, n_outputs).
            is_concern: which turns raise one, shape (n_turns,), bool.
        """
        found = []
        for place in np.flatnonzero(is_concern).tolist():
            kind = kind_of(p[place])
            candidates = rep_turns_after(turns, place)
            at, handled = None, HANDLED[-1]
            if candidates:
                taken = sigmoid(link_features(p, place, candidates) @ self.link[:-1] + self.link[-1])
                best = int(np.argmax(taken))
                if taken[best] >= self.threshold[0]:
                    at = candidates[best]
                    scores = self.met[:, :-1] @ met_features(turns, p, place, at) + self.met[:, -1]
                    handled = HANDLED[int(np.argmax(scores))]
            found.append(Concern(place + 1, kind, None if at is None else at + 1, handled))
        return found

    def check(self) -> None:
        """Raises ValueError where other features are weighed."""
        if self.link.shape != (N_LINK + 1,) or self.met.shape != (3, N_MET + 1):
            raise ValueError("other features")


def kind_of(p: np.ndarray) -> ObjectionKind:
    """The likeliest kind of a concern, from the probabilities of its turn, shape (n_outputs,)."""
    return _OF_KIND[int(np.argmax(p[list(KINDS)]))]


def rep_turns_after(turns: Sequence[Turn], place: int) -> list[int]:
    """Places of the rep's turns within reach of a concern, from 0."""
    return [later for later in range(place + 1, min(len(turns), place + 1 + REACH)) if turns[later].role == "rep"]


def link_features(p: np.ndarray, place: int, candidates: Sequence[int]) -> np.ndarray:
    """What says that a turn takes a concern up: shape (n_candidates, N_LINK).

    What the rep does there, how far away it is, whether it is the first thing that they say, and whether the customer
    raised another concern in between.
    """
    distance = np.array(candidates) - place
    between = np.array([p[place + 1 : later, CONCERN].max(initial=0.0) for later in candidates])
    return np.column_stack(
        [p[list(candidates)][:, _REP], np.log(distance), distance == distance.min(), between, np.ones(len(candidates))]
    )


def met_features(turns: Sequence[Turn], p: np.ndarray, place: int, at: int) -> np.ndarray:
    """What says how a concern was met: shape (N_MET,).

    What the rep does there, what the customer does next, what else they do in the next turns, and whether a concern
    comes up again.
    """
    customer = [later for later in range(at + 1, len(turns)) if turns[later].role == "customer"]
    none = np.zeros(p.shape[1])
    reply = p[customer[0]] if customer else none
    later = p[customer[1:4]].max(axis=0) if len(customer) > 1 else none
    kind = KINDS[_OF_KIND.index(kind_of(p[place]))]
    again = p[customer][:, kind].max() if customer else 0.0
    return np.concatenate(
        [p[at, _REP], reply[_CUSTOMER], later[_CUSTOMER], [np.log(at - place), reply[CONCERN], again, later[CONCERN]]]
    )

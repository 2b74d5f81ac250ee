"""The customer's concerns, each with the rep's turn that took it up, and how it was met.

A concern is linked to one of the rep's next turns, or to none; what was read of that turn, of what the customer does
next and of the call as a whole says whether it was met. All are small linear models on the reader's probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.head import sigmoid
from salescoach.moves.heads import CONCERN, EASED, MET, TAKES_UP
from salescoach.moves.taxonomy import CUSTOMER_MOVES, MOVES, OBJECTIONS, REP_MOVES, Handled, ObjectionKind
from salescoach.types import Turn

REACH = 10  # turns after a concern, in which it may be taken up
KINDS = tuple(MOVES.index(move) for move in OBJECTIONS)
_OF_KIND = tuple(OBJECTIONS.values())
_CUSTOMER = [*(MOVES.index(move) for move in CUSTOMER_MOVES), EASED]
_REP = [*(MOVES.index(move) for move in REP_MOVES), TAKES_UP, MET]
N_LINK = len(_REP) + 4
N_MET = len(_REP) + 2 * len(_CUSTOMER) + 8
ANSWERS = 3  # turns of the rep after a concern in which it may be met


@dataclass(frozen=True)
class Concern:
    """A concern at a turn, from 1, and how it was met; ``handled_at``: the rep's turn, None where none took it up."""

    turn: int
    kind: ObjectionKind
    handled_at: int | None
    handled: Handled


@dataclass(frozen=True)
class HandlingModel(StoredArrays):
    """Linear models; the last weight of each is its bias.

    ``link``: that a turn takes the concern up, shape (n_link + 1,); ``threshold``: of that probability, shape (1,);
    ``met``: that it is met, well or partly, ``well``: that it is met well where it is met: shape (n_met + 1,).
    """

    what = "model of how concerns are met"

    link: np.ndarray
    threshold: np.ndarray
    met: np.ndarray
    well: np.ndarray

    def concerns(self, turns: Sequence[Turn], p: np.ndarray, is_concern: np.ndarray, outlook: float) -> list[Concern]:
        """All concerns of a call, in order.

        Args:
            turns: of the call.
            p: the reader's probabilities, shape (n_turns, n_outputs).
            is_concern: which turns raise one, shape (n_turns,), bool.
            outlook: the logit of what is likely to come of the call, which shows whether concerns stayed open.
        """
        return [
            Concern(place + 1, kind_of(p[place]), *self._handled(turns, p, place, outlook))
            for place in np.flatnonzero(is_concern).tolist()
        ]

    def _handled(self, turns: Sequence[Turn], p: np.ndarray, place: int, outlook: float) -> tuple[int | None, Handled]:
        """Where a concern was taken up, as a number of a turn, and how it was met."""
        candidates = rep_turns_after(turns, place)
        if not candidates:
            return None, "not"
        taken = taken_up(self.link, p, place, candidates)
        at = candidates[int(np.argmax(taken))]
        features = met_features(turns, p, place, at, float(taken.max()), outlook)
        if features @ self.met[:-1] + self.met[-1] > 0:
            return at + 1, "well" if features @ self.well[:-1] + self.well[-1] > 0 else "partly"
        return (at + 1, "badly") if taken.max() >= self.threshold[0] else (None, "not")

    def check(self) -> None:
        """Raises ValueError where other features are weighed."""
        if self.link.shape != (N_LINK + 1,) or not self.met.shape == self.well.shape == (N_MET + 1,):
            raise ValueError("other features")


def taken_up(link: np.ndarray, p: np.ndarray, place: int, candidates: Sequence[int]) -> np.ndarray:
    """How likely each of the rep's turns takes a concern up: shape (n_candidates,)."""
    return np.asarray(sigmoid(link_features(p, place, candidates) @ link[:-1] + link[-1]))


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


def met_features(turns: Sequence[Turn], p: np.ndarray, place: int, at: int, taken: float, outlook: float) -> np.ndarray:
    """What says how a concern was met: shape (N_MET,).

    What the rep does there, what the customer does next, what else they do in the next turns, whether a concern comes
    up again; how likely this turn takes it up at all, whether one of the rep's next turns meets it, how many concerns
    follow, and how the call stands.
    """
    customer = [later for later in range(at + 1, len(turns)) if turns[later].role == "customer"]
    none = np.zeros(p.shape[1])
    reply = p[customer[0]] if customer else none
    later = p[customer[1:4]].max(axis=0) if len(customer) > 1 else none
    kind = KINDS[_OF_KIND.index(kind_of(p[place]))]
    again = p[customer][:, kind].max() if customer else 0.0
    answers = p[rep_turns_after(turns, place)[:ANSWERS], MET].max(initial=0.0)
    follow = p[place + 1 :, CONCERN].mean() if place + 1 < len(p) else 0.0
    of_call = [taken, answers, follow, outlook]
    around = [np.log(at - place), reply[CONCERN], again, later[CONCERN]]
    return np.concatenate([p[at, _REP], reply[_CUSTOMER], later[_CUSTOMER], around, of_call])

"""A latent deal and the course of its conversation: which situations come up, in which order, and how each goes.

Nothing here is worded; a `Course` is a list of blocks of moves.
"""

import math
from dataclasses import dataclass

from training.sample.draw import Draw
from training.sample.outcome import HANDLINGS, SITUATIONS, STANCES, TWINS, Move

CALL_TYPES = ("discovery", "demo", "closing")

# Which of the rep's skills handles which situation.
_SKILL_FOR = {
    "need": "discovery",
    "urgency": "discovery",
    "authority": "listening",
    "rival": "listening",
    "price": "linking_value",
    "fit": "linking_value",
    "risk": "handling_objections",
    "status": "handling_objections",
    "step": "securing_next_step",
}
# Which trait of the buyer speaks in which situation.
_TRAIT_FOR = {
    "need": "need",
    "urgency": "urgency",
    "authority": "authority",
    "price": "budget_fit",
    "rival": "independence_of_rival",
    "risk": "trust",
    "fit": "need",
    "status": "decisiveness",
    "step": "urgency",
}
_RAISED_BY_CUSTOMER = {"price": "raise", "rival": "name", "risk": "worry", "status": "doubt"}

# Where in the call a situation tends to come up, 0 to 1, and how likely it is in each call type.
_PLACE = {
    "need": 0.10,
    "urgency": 0.35,
    "authority": 0.45,
    "fit": 0.45,
    "rival": 0.50,
    "risk": 0.55,
    "price": 0.65,
    "status": 0.70,
    "step": 0.80,
    "homework": 0.75,
    "after": 0.70,
}
_PLACE_SPREAD = 0.22
_TYPE_WEIGHT = {
    "discovery": {"need": 3.0, "urgency": 2.0, "authority": 2.0, "fit": 0.6},
    "demo": {"fit": 3.0, "risk": 2.0, "need": 1.2, "rival": 1.3},
    "closing": {"price": 3.0, "step": 2.5, "status": 2.0, "rival": 1.5},
}

_SHARED_SKILL = 0.8  # reps who do one thing well tend to do the others well too
_SHARED_MOOD = 0.8  # and buyers who need it tend to find the money
_HANDLING_SLOPE = 2.0
_STANCE_SLOPE = 2.0
_HANDLING_HELPS = 0.25
_SHARE_CHANGING_MIND = 0.5


@dataclass(frozen=True)
class HiddenDeal:
    """What nobody in the call can see: about standard normal numbers, higher is better for the deal."""

    traits: dict[str, float]
    skills: dict[str, float]


@dataclass(frozen=True)
class Block:
    """Moves that belong together. ``kind`` is "situation", "revisit" or "twin"."""

    kind: str
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Course:
    """The blocks of a call in order."""

    blocks: tuple[Block, ...]

    @property
    def n_turns(self) -> int:
        """How many turns the blocks need."""
        return sum(len(block.moves) for block in self.blocks)


def draw_deal(draw: Draw) -> HiddenDeal:
    """A buyer and how the rep is doing today, independent of account, rep, industry and call type."""
    mood, form = draw.normal(), draw.normal()
    traits = {name: _SHARED_MOOD * mood + draw.normal() for name in sorted(set(_TRAIT_FOR.values()))}
    skills = {name: _SHARED_SKILL * form + draw.normal() for name in sorted(set(_SKILL_FOR.values()))}
    return HiddenDeal(traits, skills)


def draw_course(draw: Draw, deal: HiddenDeal, call_type: str, n_turns: int) -> Course:
    """Situations for about ``n_turns`` turns, each gone well or badly as the deal has it."""
    weights = _TYPE_WEIGHT[call_type]
    # Exponential races: the smaller the key, the sooner a situation is chosen.
    keys = {s: -math.log(1 - draw.uniform()) / weights.get(s, 1.0) for s in (*SITUATIONS, *TWINS)}
    placed: list[tuple[float, Block]] = []
    places: dict[str, float] = {}
    used = 0
    for situation in sorted(keys, key=lambda s: keys[s]):
        size = 2 + (situation in _RAISED_BY_CUSTOMER)
        if used + size > n_turns:
            continue
        used += size
        places[situation] = _PLACE[situation] + _PLACE_SPREAD * draw.normal()
        block = _twin(draw, situation) if situation in TWINS else _situation(draw, deal, situation)
        placed.append((places[situation], block))
    for situation in draw.shuffled([s for s in places if s in STANCES]):
        if used + 2 > n_turns:
            break
        used += 2
        first = next(b for _, b in placed if b.kind == "situation" and b.moves[0].situation == situation).moves[-1].name
        last = _other(situation, first) if draw.chance(_SHARE_CHANGING_MIND) else first
        later = max(places[situation], 0.35) + draw.uniform(0.15, 0.6)
        placed.append((later, Block("revisit", (Move("rep", situation, "back"), Move("customer", situation, last)))))
    return Course(tuple(block for _, block in sorted(placed, key=lambda pair: pair[0])))


def _situation(draw: Draw, deal: HiddenDeal, situation: str) -> Block:
    good, bad = HANDLINGS[situation]
    is_good = draw.chance(_logistic(_HANDLING_SLOPE * deal.skills[_SKILL_FOR[situation]]))
    lean = _STANCE_SLOPE * deal.traits[_TRAIT_FOR[situation]] + _HANDLING_HELPS * (1 if is_good else -1)
    stance = STANCES[situation][0 if draw.chance(_logistic(lean)) else 1]
    moves = [Move("rep", situation, good if is_good else bad), Move("customer", situation, stance)]
    if situation in _RAISED_BY_CUSTOMER:
        moves.insert(0, Move("customer", situation, _RAISED_BY_CUSTOMER[situation]))
    return Block("situation", tuple(moves))


def _twin(draw: Draw, situation: str) -> Block:
    is_customer = draw.chance(0.5)
    if situation == "homework":
        return Block(
            "twin",
            (
                Move("rep" if is_customer else "customer", situation, "prompt"),
                Move("customer" if is_customer else "rep", situation, "takes"),
            ),
        )
    return Block(
        "twin",
        (
            Move("customer" if is_customer else "rep", situation, "asks"),
            Move("rep" if is_customer else "customer", situation, "reply"),
        ),
    )


def _other(situation: str, stance: str) -> str:
    good, bad = STANCES[situation]
    return bad if stance == good else good


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))

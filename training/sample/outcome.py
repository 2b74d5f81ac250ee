"""The outcome function: from the moves of a call, in order and by role, to the probability that it converts.

A call is read from left to right as moves. Each of nine situations (need, urgency, authority, price, rival, risk, fit,
status, step) has a *handling* by the rep, good (+1) or bad (-1), and a *stance* of the customer, for (+1) or against
(-1); a stance may be taken again later in the call. With h the handling, s the last stance and f the first one:

    value = HANDLING * h + STANCE * (s + FIRST_STANCE * f) + SINCERITY * (h * s - MEAN_AGREEMENT)

- The last stance counts; the first of two counts a quarter: "yes, then no" is not "no, then yes".
- What a customer says after good handling is meant (h * s); a yes that a discount bought is hollow.
- A solution shown before the customer said a word about the need (fit before need) is badly handled, however shown.
- A next step is worth more when whoever decides takes part: the stance of ``step`` counts 1 + DECIDER * (last stance of
  ``authority``) times.
- Two moves turn on who speaks, in the same words: the customer who takes the homework or asks how the first week goes
  counts +TWIN, the rep who does counts -TWIN.

The log-odds are the sum of the values times WEIGHTS, plus a base, divided by a temperature that grows with the noise:
what was expressed decides less, the more of the deal happens outside of the call. Nothing else enters.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

Speaker = Literal["rep", "customer"]

HANDLING = 0.55
STANCE = 1.0
FIRST_STANCE = 0.25
SINCERITY = 0.2
MEAN_AGREEMENT = 0.05  # the mean of h * s over simulated calls, so that more situations don't mean better odds
DECIDER = 0.2
TWIN = 0.9

WEIGHTS: dict[str, float] = {
    "need": 1.1,
    "urgency": 0.9,
    "authority": 1.0,
    "price": 1.0,
    "rival": 0.9,
    "risk": 0.9,
    "fit": 1.0,
    "status": 1.0,
    "step": 1.1,
}
SITUATIONS = tuple(WEIGHTS)

HANDLINGS: dict[str, tuple[str, str]] = {
    "need": ("ask", "pitch"),
    "urgency": ("why_now", "rush"),
    "authority": ("map", "assume"),
    "price": ("link", "discount"),
    "rival": ("compare", "knock"),
    "risk": ("plan", "wave"),
    "fit": ("linked", "tour"),
    "status": ("small_step", "pressure"),
    "step": ("dated", "loose"),
}
STANCES: dict[str, tuple[str, str]] = {
    "need": ("cost", "mild"),
    "urgency": ("deadline", "whenever"),
    "authority": ("joins", "relay"),
    "price": ("accept", "hedge"),
    "rival": ("gap", "safe"),
    "risk": ("eased", "stays"),
    "fit": ("own_use", "abstract"),
    "status": ("ready", "keep"),
    "step": ("commit", "drift"),
}
TWINS: dict[str, str] = {"homework": "takes", "after": "asks"}

BASE_RATE = 0.40
DEFAULT_NOISE = 1.0
MIN_TEMPERATURE = 0.12
TEMPERATURE_PER_NOISE = 1.93

# Quantiles (each 2.5 %) of the summed values over simulated calls; the base of the log-odds is solved on them, so that
# the base rate is the same for every noise. `benchmarks/sample_corpus.py --calls 100000 --quantiles` prints them again.
VALUE_QUANTILES: tuple[float, ...] = (
    -10.039, -8.448, -7.524, -6.804, -6.2, -5.679, -5.214, -4.779, -4.374, -3.97,
    -3.594, -3.209, -2.854, -2.504, -2.16, -1.824, -1.489, -1.164, -0.834, -0.506,
    -0.159, 0.182, 0.521, 0.871, 1.216, 1.581, 1.946, 2.331, 2.731, 3.14,
    3.563, 4.021, 4.51, 5.046, 5.646, 6.331, 7.116, 8.066, 9.361, 11.646,
)  # fmt: skip


@dataclass(frozen=True)
class Move:
    """What one turn does. ``situation`` is "none" for small talk, facts, digressions and back-channels."""

    speaker: Speaker
    situation: str
    name: str


def _signs(pairs: dict[str, tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {(situation, pair[i]): sign for situation, pair in pairs.items() for i, sign in enumerate((1, -1))}


_HANDLING_SIGN = _signs(HANDLINGS)
_STANCE_SIGN = _signs(STANCES)


def sign_of(move: Move) -> int:
    """+1 for a move that helps on its face, -1 for one that hurts, 0 for one that says nothing by itself."""
    if TWINS.get(move.situation) == move.name:
        return 1 if move.speaker == "customer" else -1
    table = _HANDLING_SIGN if move.speaker == "rep" else _STANCE_SIGN
    return table.get((move.situation, move.name), 0)


def expressed_value(moves: Sequence[Move]) -> float:
    """The sum of the values of what was said, before base and temperature."""
    handling: dict[str, int] = {}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    twice: dict[str, bool] = {}
    twins = 0.0
    for move in moves:
        sign = sign_of(move)
        situation = move.situation
        if sign == 0:
            continue
        if situation in TWINS:
            twins += TWIN * sign
        elif move.speaker == "rep":
            handling[situation] = -1 if situation == "fit" and "need" not in last else sign
        else:
            twice[situation] = situation in first
            first.setdefault(situation, sign)
            last[situation] = sign
    total = twins
    for situation, weight in WEIGHTS.items():
        rep, customer = handling.get(situation, 0), last.get(situation, 0)
        stance = float(customer)
        if twice.get(situation):
            stance += FIRST_STANCE * first[situation]
        if situation == "step":
            stance *= 1 + DECIDER * last.get("authority", 0)
        value = HANDLING * rep + STANCE * stance
        if rep and customer:
            value += SINCERITY * (rep * customer - MEAN_AGREEMENT)
        total += weight * value
    return total


def temperature(noise: float) -> float:
    """By how much the log-odds are divided: never quite 0, so that a probability stays inside (0, 1)."""
    if noise < 0:
        raise ValueError(f"noise must be 0 or more, got {noise}")
    return MIN_TEMPERATURE + TEMPERATURE_PER_NOISE * noise


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


@cache
def base_log_odds(noise: float) -> float:
    """The base that gives a base rate of 0.40 at this noise, by bisection over the stored quantiles."""
    t = temperature(noise)
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = sum(_sigmoid((value + middle) / t) for value in VALUE_QUANTILES) / len(VALUE_QUANTILES)
        low, high = (middle, high) if mean < BASE_RATE else (low, middle)
    return (low + high) / 2


def probability(moves: Sequence[Move], noise: float = DEFAULT_NOISE) -> float:
    """The true probability of conversion given everything that the call expresses, in (0, 1)."""
    return _sigmoid((expressed_value(moves) + base_log_odds(noise)) / temperature(noise))


def turn_effects(moves: Sequence[Move], noise: float = DEFAULT_NOISE) -> list[float]:
    """For each turn, p(call) - p(call without that turn): what evidence by deletion should find."""
    whole = probability(moves, noise)
    moves = list(moves)
    return [
        0.0 if sign_of(move) == 0 else whole - probability(moves[:i] + moves[i + 1 :], noise)
        for i, move in enumerate(moves)
    ]

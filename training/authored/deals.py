"""The facts of a deal, its conversation and its outcome, drawn before anything is written.

The outcome is drawn from the facts: how much the customer needs it, who decides, what the rep makes of each concern,
and what happens after the call. A writer is told the facts (`briefs`), never the outcome, the chance of it or what
happens afterwards. So no writer can lean the words towards an outcome, and the words can't tell more than the facts do.

Length, politeness, register and the kinds of concern are drawn independently of the outcome.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

Handling = Literal["well", "partly", "badly", "not"]
Concern = Literal["price", "timing", "need", "fit", "trust", "authority", "competitor", "stall"]

# What each fact adds to the log-odds of a conversion.
NEED: Final = {"none": -1.3, "vague": -0.5, "clear": 0.4, "pressing": 1.1}
REASON_NOW: Final = {"none": -0.5, "soft": 0.1, "a hard date": 0.6}
AUTHORITY: Final = {
    "decides alone": 0.5,
    "decides with a partner who is on the call or easily reached": 0.2,
    "recommends; the one who decides can be brought in": -0.1,
    "has no say and doesn't mention it unless asked": -0.9,
}
RIVAL: Final = {
    "none": 0.3,
    "a rival that was looked at and disappointed": 0.3,
    "a rival that is cheaper": -0.4,
    "a rival that is preferred by somebody inside": -0.7,
    "doing it themselves as before": -0.3,
    "the present supplier, with whom they are mostly content": -0.6,
}
BUDGET: Final = {"fits": 0.3, "tight": -0.1, "short": -0.6, "nobody has named a figure": -0.1}
HANDLED: Final[dict[Handling, float]] = {"well": 0.75, "partly": 0.1, "badly": -0.85, "not": -0.6}
COVER_WEIGHT: Final = 0.4  # of how a concern is met that only stands in for another one
STEP: Final = {
    "the customer commits to a concrete thing with a day": 0.7,
    "the rep proposes a concrete thing and the customer lets it stand": 0.0,
    "the customer commits to something small": 0.2,
    "it ends vaguely": -0.3,
    "the customer declines any next step": -1.0,
}
AFTERWARDS: Final = {
    "nothing unusual": 0.0,
    "money is frozen": -2.2,
    "the customer's own contact leaves or falls ill": -1.6,
    "a rival undercuts": -1.4,
    "a deadline moves closer": 1.6,
    "somebody senior hears of it and wants it": 1.8,
    "an incident shows the need": 1.6,
}
AFTERWARDS_SHARE: Final = (0.64, 0.07, 0.05, 0.07, 0.06, 0.05, 0.06)
BIAS: Final = 0.3  # sets the share of conversions at about 45 %

CALL_KINDS: Final = (
    "first cold call", "answer to an inquiry", "discovery", "demonstration or viewing", "going through the proposal",
    "negotiation", "renewal", "selling more to a customer", "follow-up after silence", "winning back a former customer",
)  # fmt: skip
CONCERNS: Final[tuple[Concern, ...]] = (
    "price", "timing", "need", "fit", "trust", "authority", "competitor", "stall"
)  # fmt: skip
CUSTOMER_MOODS: Final = (
    "warm", "businesslike", "curt", "talkative and wandering", "dry and ironic", "irritable", "wary",
    "cheerful but slippery",
)  # fmt: skip
REP_MANNERS: Final = (
    "relaxed, asks a lot", "eager, talks a lot", "by the script", "blunt", "old hand, tells stories", "new in the job",
    "quiet and exact", "pushy but charming",
)  # fmt: skip
TRANSCRIPTS: Final = ("clean", "clean", "speech recognition")


@dataclass(frozen=True)
class PlannedConcern:
    """A concern that comes up. ``cover``: it stands in for another reason, which comes out late or never."""

    kind: Concern
    handled: Handling
    indirect: bool
    cover: bool
    comes_back: bool


@dataclass(frozen=True)
class Deal:
    """Facts of a deal and of the conversation to be written; ``outcome`` and ``afterwards`` are never shown to writers.

    ``n_turns`` is the wanted length; ``probability`` that of a conversion given all facts but ``afterwards``.
    """

    deal_id: str
    market: str
    call_kind: str
    n_turns: int
    n_customers: int
    n_reps: int
    need: str
    reason_now: str
    authority: str
    rival: str
    budget: str
    concerns: tuple[PlannedConcern, ...]
    step: str
    mood: str
    manner: str
    transcript: str
    afterwards: str
    probability: float
    outcome: Literal["converted", "lost"]


def draw_deals(markets: list[str], seed: int, prefix: str = "") -> list[Deal]:
    """One deal for each market, in order; the same seed gives the same deals.

    Args:
        markets: what is sold to whom, a line each.
        seed: of the draw.
        prefix: of the deals' ids, which are numbered from 1.
    """
    rng = np.random.default_rng(seed)
    return [_deal(rng, f"{prefix}{number:03d}", market) for number, market in enumerate(markets, start=1)]


def _deal(rng: np.random.Generator, deal_id: str, market: str) -> Deal:
    skill = rng.normal()  # of this rep on this day: concerns of one call are met alike, but not all the same
    n_concerns = int(rng.integers(2, 5))
    kinds = rng.choice(len(CONCERNS), n_concerns, replace=False)
    covered = rng.random() < 0.3
    concerns = tuple(
        PlannedConcern(
            kind=CONCERNS[kind],
            handled=_handling(rng, skill),
            indirect=bool(rng.random() < 0.65),
            cover=covered and place == 0 and n_concerns > 2,
            comes_back=bool(rng.random() < 0.3),
        )
        for place, kind in enumerate(kinds)
    )
    need, reason_now, authority = _pick(rng, NEED), _pick(rng, REASON_NOW), _pick(rng, AUTHORITY)
    rival, budget = _pick(rng, RIVAL), _pick(rng, BUDGET)
    logit = BIAS + NEED[need] + REASON_NOW[reason_now] + AUTHORITY[authority] + RIVAL[rival] + BUDGET[budget]
    logit += sum(HANDLED[one.handled] * (COVER_WEIGHT if one.cover else 1.0) for one in concerns)
    step = _step(rng, logit)
    logit += STEP[step]
    afterwards = str(rng.choice(list(AFTERWARDS), p=AFTERWARDS_SHARE))
    converted = rng.random() < _logistic(logit + AFTERWARDS[afterwards])
    return Deal(
        deal_id=deal_id,
        market=market,
        call_kind=str(rng.choice(CALL_KINDS)),
        n_turns=int(rng.integers(32, 79)),
        n_customers=int(rng.choice([1, 2, 3], p=[0.72, 0.2, 0.08])),
        n_reps=int(rng.choice([1, 2], p=[0.88, 0.12])),
        need=need,
        reason_now=reason_now,
        authority=authority,
        rival=rival,
        budget=budget,
        concerns=concerns,
        step=step,
        mood=str(rng.choice(CUSTOMER_MOODS)),
        manner=str(rng.choice(REP_MANNERS)),
        transcript=str(rng.choice(TRANSCRIPTS)),
        afterwards=afterwards,
        probability=sum(
            share * _logistic(logit + AFTERWARDS[event])
            for event, share in zip(AFTERWARDS, AFTERWARDS_SHARE, strict=True)
        ),
        outcome="converted" if converted else "lost",
    )


def _pick(rng: np.random.Generator, table: dict[str, float]) -> str:
    return list(table)[int(rng.integers(len(table)))]


def _handling(rng: np.random.Generator, skill: float) -> Handling:
    score = 1.3 * skill + rng.normal()
    return "well" if score > 0.6 else "partly" if score > 0 else "badly" if rng.random() < 0.5 else "not"


def _step(rng: np.random.Generator, logit: float) -> str:
    """A better deal tends to end on a firmer step, but many good ones end loosely and some bad ones firmly."""
    order = list(STEP)
    lean = np.array([0.55, 0.1, 0.25, -0.2, -0.7]) * logit + np.array([0.0, 0.3, 0.0, 0.1, -0.7])
    weights = np.exp(lean - lean.max())
    return str(rng.choice(order, p=weights / weights.sum()))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))

"""The facts of a deal, its conversation and its outcome, drawn before anything is written.

The outcome is drawn from the facts: how much the customer needs it, who decides, what the rep makes of the concern that
everything hangs on, and what happens after the call. A writer is told the facts (`briefs`), never the outcome, the
chance of it or what happens afterwards. So no writer can lean the words towards an outcome, and the words can't tell
more than the facts do.

Length, politeness, register, the kinds of concern, how much the customer tells of problems, how much interest they show
and how often the rep asks for the order are drawn independently of the outcome: what is merely frequent in a call must
not tell it.
"""

import math
from pathlib import Path
from typing import Final, Literal

import numpy as np

from salescoach.types import Frozen
from training.authored.packed import json_lines

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
DECIDING_WEIGHT: Final = 1.9  # of how the concern is met that everything hangs on; the others decide nothing
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
BIAS: Final = 0.05  # sets the share of conversions at about 45 %

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
TOLD: Final = (
    "tells of problems and aims at length, also of such as the offer wouldn't mend",
    "tells of problems and aims in passing",
    "hardly tells of any problem or aim; what is needed has to be inferred",
)
INTEREST: Final = (
    "asks many practical questions about price, terms, start and use, be it from curiosity, routine or real interest",
    "asks a practical question now and then",
    "asks hardly anything, be it from reserve, haste or lack of interest",
)
REQUIREMENTS: Final = ("names several things that it must have or be", "names one such thing", "names none")
ECHO: Final = (
    "takes concerns up in the customer's own words, as a habit, also where the answer then misses",
    "sometimes takes a concern up before answering",
    "answers straight to the point without padding, also where the answer is a good one",
)
PUSH: Final = (
    "asks for the order early and more than once",
    "asks for the decision once",
    "never asks for the decision outright",
)
TRANSCRIPTS: Final = ("clean", "clean", "speech recognition")


class PlannedConcern(Frozen):
    """A concern that comes up.

    ``cover``: it stands in for another reason, which comes out late or never. ``decides``: everything hangs on it.
    """

    kind: Concern
    handled: Handling
    indirect: bool
    cover: bool
    comes_back: bool
    decides: bool = False


class Deal(Frozen):
    """Facts of a deal and of the conversation to be written; ``outcome`` and ``afterwards`` are never shown to writers.

    ``n_turns`` is the wanted length; ``probability`` that of a conversion given all facts but ``afterwards``. The
    pilot's deals were drawn before ``told``, ``interest``, ``requirements``, ``echo`` and ``push`` were.
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
    told: str | None = None
    interest: str | None = None
    requirements: str | None = None
    echo: str | None = None
    push: str | None = None
    transcript: str
    afterwards: str
    probability: float
    outcome: Literal["converted", "lost"]


def draw_deals(markets: list[str], seed: int, prefix: str = "") -> list[Deal]:
    """One deal for each market, in order; the same seed gives the same deals.

    Drawn again until 40 to 60 % of them convert, so that who wrote a call says nothing of its outcome; where there are
    too few for that, until both outcomes occur.

    Args:
        markets: what is sold to whom, a line each; two at least.
        seed: of the draw.
        prefix: of the deals' ids, which are numbered from 1.
    """
    rng, n = np.random.default_rng(seed), len(markets)
    while True:
        deals = [_deal(rng, f"{prefix}{number:03d}", market) for number, market in enumerate(markets, start=1)]
        n_converted = sum(deal.outcome == "converted" for deal in deals)
        if (0.4 * n <= n_converted <= 0.6 * n) or (n < 5 and 0 < n_converted < n):
            return deals


def read_deals(folder: Path) -> dict[str, Deal]:
    """All deals of a folder, by id."""
    return {deal.deal_id: deal for deal in map(Deal.model_validate_json, json_lines(folder))}


def _deal(rng: np.random.Generator, deal_id: str, market: str) -> Deal:
    skill = rng.normal()  # of this rep on this day: concerns of one call are met a little alike
    n_concerns = int(rng.integers(2, 5))
    kinds = rng.choice(len(CONCERNS), n_concerns, replace=False)
    covered = rng.random() < 0.3 and n_concerns > 2
    deciding = int(rng.integers(1 if covered else 0, n_concerns))
    concerns = tuple(
        PlannedConcern(
            kind=CONCERNS[kind],
            handled=_handling(rng, skill),
            indirect=bool(rng.random() < 0.65),
            cover=covered and place == 0,
            comes_back=bool(rng.random() < 0.3),
            decides=place == deciding,
        )
        for place, kind in enumerate(kinds)
    )
    need, reason_now, authority = _pick(rng, NEED), _pick(rng, REASON_NOW), _pick(rng, AUTHORITY)
    rival, budget = _pick(rng, RIVAL), _pick(rng, BUDGET)
    logit = BIAS + NEED[need] + REASON_NOW[reason_now] + AUTHORITY[authority] + RIVAL[rival] + BUDGET[budget]
    logit += DECIDING_WEIGHT * HANDLED[concerns[deciding].handled]
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
        told=str(rng.choice(TOLD)),
        interest=str(rng.choice(INTEREST)),
        requirements=str(rng.choice(REQUIREMENTS)),
        echo=str(rng.choice(ECHO)),
        push=str(rng.choice(PUSH)),
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
    score = 0.6 * skill + 1.5 * rng.normal()
    return "well" if score > 0.6 else "partly" if score > 0 else "badly" if rng.random() < 0.5 else "not"


def _step(rng: np.random.Generator, logit: float) -> str:
    """A better deal tends to end on a firmer step, but many good ones end loosely and some bad ones firmly."""
    order = list(STEP)
    lean = np.array([0.55, 0.1, 0.25, -0.2, -0.7]) * logit + np.array([0.0, 0.3, 0.0, 0.1, -0.7])
    weights = np.exp(lean - lean.max())
    return str(rng.choice(order, p=weights / weights.sum()))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))

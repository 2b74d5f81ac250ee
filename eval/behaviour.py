"""Checks of behaviour on any model folder: what has to lower the probability, and what must not matter.

After CheckList (Ribeiro et al., ACL 2020): sentences from templates are put into real calls, and the model is asked
before and after. An expectation with a direction asks for a change of ``MIN_CHANGE`` at least, so that a model that
always says the same fails; one of invariance allows ``MAX_CHANGE`` at most. Nothing is drawn at random from run to run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np

from salescoach.model.embedding_arm import EncodedCall
from salescoach.model.encoder import encode_turns
from salescoach.model.scoring import CallScorer
from salescoach.progress import Progress, silent
from salescoach.stats.splits import evenly
from salescoach.types import PassRate, Role, Transcript, Turn
from training.sample.asr import mishear
from training.sample.draw import Draw

MIN_CHANGE: Final = 0.01  # one point: the least that an answer shows
MAX_CHANGE: Final = 0.05
N_CALLS: Final = 12  # as many as there are example calls
INSERTED_AT: Final = 0.75  # of the call: late enough to count, before the goodbyes
ERROR_RATES: Final = (0.05, 0.1, 0.2, 0.4)

INSULTS: Final = (
    "You are an idiot and this call is a waste of my time.",
    "Honestly, your product is garbage and so is your company.",
    "Stop lying to me, you are all crooks.",
)
REFUSALS: Final = (
    "No, we are not interested. Please don't call again.",
    "We have talked about it and decided against it.",
    "Thanks, but it's a no from us.",
)
COMPETITORS: Final = (
    "We signed with a competitor last week.",
    "We have already gone with another supplier.",
    "To be honest, we chose somebody else and the contract is signed.",
)
INTENTS: Final = (  # meant, and not meant
    ("We are going to sign today.", "We are not going to sign today."),
    ("I want to go ahead with this.", "I don't want to go ahead with this."),
    ("We can commit to that this month.", "We can't commit to that this month."),
)
RUDE_REPLIES: Final = (
    "That's a stupid question.",
    "If you had listened, you would know that already.",
    "You clearly have no idea how your own business works.",
)
AGREED: Final = "Yes, let's do it. Send me the contract and I'll sign it."
NAMES: Final = ("Maria Lopez", "Wei Chen", "Tom Baker", "Aisha Bello", "Olga Petrova", "Liam Murphy")
PRODUCTS: Final = ("Velmora", "Brightdesk", "Quillo", "Tarnmark", "Ostrella")

Expectation = Literal["falls", "stays", "moves"]
Pair = tuple[Transcript, Transcript]  # before and after
WORDS: Final[dict[Expectation, str]] = {
    "falls": f"falls by {100 * MIN_CHANGE:.0f} point at least",
    "stays": f"changes by {100 * MAX_CHANGE:.0f} points at most",
    "moves": f"changes by {100 * MIN_CHANGE:.0f} point at least",
}


@dataclass(frozen=True)
class Variation:
    """``pairs`` makes the variants of one call; a call that a check can't be made on gives none."""

    name: str
    expectation: Expectation
    pairs: Callable[[Transcript], Iterator[Pair]]


def check_behaviour(
    scorer: CallScorer, calls: Sequence[Transcript], *, progress: Progress = silent
) -> tuple[PassRate, ...]:
    """How often a model does what each check expects.

    Args:
        scorer: the model; where it would abstain, its number is taken all the same.
        calls: into which the sentences are put; of many, ``N_CALLS`` spread evenly over them.
        progress: called with the stage, what is done and what there is to do.

    Returns:
        One line for each check that could be made; ``mean_change`` is the mean probability after less before.
    """
    rows = evenly(len(calls), N_CALLS).tolist()
    found = []
    for done, check in enumerate(CHECKS):
        progress("checking behaviour", done, len(CHECKS))
        pairs = [pair for row in rows for pair in check.pairs(calls[row])]
        if pairs:
            found.append(_pass_rate(check, [_change(scorer, pair) for pair in pairs]))
    progress("checking behaviour", len(CHECKS), len(CHECKS))
    return tuple(found)


def _pass_rate(check: Variation, changes: Sequence[float]) -> PassRate:
    is_met: dict[Expectation, Callable[[float], bool]] = {
        "falls": lambda change: change <= -MIN_CHANGE,
        "stays": lambda change: abs(change) <= MAX_CHANGE,
        "moves": lambda change: abs(change) >= MIN_CHANGE,
    }
    return PassRate(
        check=check.name,
        expected=WORDS[check.expectation],
        passed=sum(map(is_met[check.expectation], changes)),
        n=len(changes),
        mean_change=round(float(np.mean(changes)), 4),
    )


def _change(scorer: CallScorer, pair: Pair) -> float:
    """Probability after less before; of two numbers with four decimals, so rounded to as many."""
    before, after = (_probability(scorer, call) for call in pair)
    return round(after - before, 4)


def _probability(scorer: CallScorer, call: Transcript) -> float:
    encoded = EncodedCall(call.turns, encode_turns(scorer.encoder, call.turns))
    return float(scorer.probabilities(encoded, np.ones((1, len(call)), dtype=bool))[0])


def _said(role: Role, texts: Sequence[str], call: Transcript) -> Iterator[Pair]:
    """The call as it is, and with one of the sentences in it."""
    return ((call, _with_turn(call, role, text)) for text in texts)


def _said_instead(role: Role, sentences: Sequence[tuple[str, str]], call: Transcript) -> Iterator[Pair]:
    """The call with one sentence in it, and with another in the same place."""
    return ((_with_turn(call, role, first), _with_turn(call, role, second)) for first, second in sentences)


def _filled(role: Role, template: str, names: Sequence[str], call: Transcript) -> Iterator[Pair]:
    return _said_instead(role, [(template.format(names[0]), template.format(name)) for name in names[1:]], call)


def _ended(call: Transcript) -> Iterator[Pair]:
    """The customer's last turn agrees, or refuses."""
    last = max((row for row, turn in enumerate(call.turns) if turn.role == "customer"), default=None)
    if last is not None:
        for refusal in REFUSALS:
            yield _with_text(call, last, AGREED), _with_text(call, last, refusal)


def _swapped(call: Transcript) -> Iterator[Pair]:
    """The sides change places, if both are known."""
    other: dict[Role, Role] = {"rep": "customer", "customer": "rep", "unknown": "unknown"}
    if {"rep", "customer"} <= {turn.role for turn in call.turns}:
        turns = [turn.model_copy(update={"role": other[turn.role]}) for turn in call.turns]
        yield call, call.model_copy(update={"turns": tuple(turns)})


def _misheard(rate: float, call: Transcript) -> Iterator[Pair]:
    draw = Draw("misheard", rate, call.content_hash)
    turns = [turn.model_copy(update={"text": mishear(draw, turn.text, rate)}) for turn in call.turns]
    yield call, call.model_copy(update={"turns": tuple(turns)})


def _with_turn(call: Transcript, role: Role, text: str) -> Transcript:
    row = round(INSERTED_AT * len(call))
    new = Turn(speaker=role.capitalize(), role=role, text=text)
    return call.model_copy(update={"turns": (*call.turns[:row], new, *call.turns[row:])})


def _with_text(call: Transcript, row: int, text: str) -> Transcript:
    new = call.turns[row].model_copy(update={"text": text})
    return call.model_copy(update={"turns": (*call.turns[:row], new, *call.turns[row + 1 :])})


CHECKS: Final = (
    Variation("the customer insults the rep", "falls", partial(_said, "customer", INSULTS)),
    Variation("the customer refuses", "falls", partial(_said, "customer", REFUSALS)),
    Variation("the customer has signed with a competitor", "falls", partial(_said, "customer", COMPETITORS)),
    Variation("“not going to sign” in place of “going to sign”", "falls", partial(_said_instead, "customer", INTENTS)),
    Variation("the rep is impolite", "falls", partial(_said, "rep", RUDE_REPLIES)),
    Variation("the last customer turn refuses in place of agreeing", "falls", _ended),
    Variation("the sides change places", "moves", _swapped),
    Variation("another person's name", "stays", partial(_filled, "customer", "It's {} here, can you hear me?", NAMES)),
    Variation("another product's name", "stays", partial(_filled, "rep", "That is what {} is made for.", PRODUCTS)),
    *(Variation(f"speech recognition gets {rate:.0%} of the words wrong", "stays", partial(_misheard, rate))
      for rate in ERROR_RATES),
)  # fmt: skip

"""Call metrics told by wording, as the cheap baseline counts them in place of those that rest on read moves."""

from collections.abc import Sequence
from dataclasses import dataclass

from salescoach.speech.call_metrics import closing, mentions
from salescoach.types import Transcript, Turn
from training import wording


@dataclass(frozen=True)
class WordedStep:
    """A dated action near the end of a call: who promises it, and whether the customer agrees."""

    by_rep: bool
    by_customer: bool
    is_agreed: bool


def worded_metrics(transcript: Transcript) -> dict[str, float | None]:
    """The metrics that rest on moves, by name, found by patterns; None where the call can't show one."""
    turns = transcript.turns
    customer = [turn for turn in turns if turn.role == "customer"]
    competitors = mentions(turns, wording.competitor_mentions)
    step = find_step(turns)
    return {
        "competitor_mentions": float(competitors.count) if turns else None,
        "first_competitor_mention_share": competitors.first_share,
        "objections": float(sum(wording.is_objection(turn.text) for turn in customer)) if customer else None,
        "next_step": float(step is not None),
        "next_step_by_rep": None if step is None else float(step.by_rep),
        "next_step_by_customer": None if step is None else float(step.by_customer),
        "next_step_agreed": None if step is None else float(step.is_agreed),
        "customer_commitment": float(_has_commitment(turns)) if customer else None,
    }


def find_step(turns: Sequence[Turn]) -> WordedStep | None:
    """The last dated action near the end of a call, said in one turn or in two that follow each other."""
    first = closing(turns).start - 1
    for last in range(len(turns) - 1, first - 1, -1):
        if wording.is_dated_action([turns[last].text]):
            return _step(turns, last, last)
        pair = [turn.text for turn in turns[last - 1 : last + 1]]
        if last > first and not wording.is_dated_action(pair[:1]) and wording.is_dated_action(pair):
            return _step(turns, last - 1, last)
    return None


def _has_commitment(turns: Sequence[Turn]) -> bool:
    """Whether the customer takes the offer, or promises an action, in the last turns."""
    ending = turns[closing(turns).start - 1 :]
    return any(turn.role == "customer" and wording.commits(turn.text) for turn in ending)


def _step(turns: Sequence[Turn], start: int, last: int) -> WordedStep:
    """The step that is said in the turns ``start`` to ``last`` (from 0); the turn after may take it on or agree."""
    around = turns[start : last + 2]
    said = turns[start : last + 1]
    promised = {turn.role for turn in around if wording.promises_action(turn.text)}
    return WordedStep(
        by_rep="rep" in promised,
        by_customer="customer" in promised,
        is_agreed=any(turn.role == "customer" and wording.is_dated_action([turn.text]) for turn in said)
        or any(turn.role == "customer" and wording.agrees(turn.text) for turn in around),
    )

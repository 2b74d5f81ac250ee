"""The cheap baseline's metrics by wording: counted by hand on small calls."""

import numpy as np
import pytest

from salescoach.speech.metric_list import METRICS, READ_METRICS
from salescoach.testing import make_transcript
from salescoach.types import Transcript
from training.baselines import metrics
from training.worded_metrics import worded_metrics


def _call(*lines: tuple[str, str]) -> Transcript:
    sides = {"R": "Rep", "C": "Customer"}
    return make_transcript(*(f"{sides[side]}: {text}" for side, text in lines))


def _metric(name: str, *lines: tuple[str, str]) -> float | None:
    return worded_metrics(_call(*lines))[name]


def test_every_metric_that_rests_on_moves_is_told_by_wording_too() -> None:
    assert worded_metrics(_call()).keys() == READ_METRICS


def test_the_baseline_sees_a_value_of_every_metric() -> None:
    calls = [_call(("R", "What do you need?"), ("C", text)) for text in ("It is too expensive.", "Nothing.")] * 6
    steps = metrics()[:1]
    seen = steps.transform(calls)
    assert seen.shape == (12, len(METRICS))
    column = [metric.name for metric in METRICS].index("objections")
    np.testing.assert_array_equal(seen[:, column], [1, 0] * 6)


@pytest.mark.parametrize(
    ("text", "n_mentions"),
    [
        ("We have a quote from Calder Shield, and another provider is coming on Friday.", 2),
        ("I'd be lying if I said we weren't looking at Nimbold.", 1),
        ("Kestrelware has quoted us less.", 1),
        ("We're shopping around and comparing quotes.", 2),
        ("Someone else's price was lower, you know what the competition does.", 2),
        ("We use Excel for that.", 1),
        ("We're looking at Tuesday. I looked at Anna. We use a spreadsheet.", 0),
        ("Another question: is there a different colour?", 0),
    ],
)
def test_competitor_mentions(text: str, n_mentions: int) -> None:
    assert _metric("competitor_mentions", ("C", text)) == n_mentions


def test_when_a_competitor_came_up() -> None:
    call = (("R", "one two three four"), ("C", "we have another provider today"))
    assert _metric("first_competitor_mention_share", *call) == pytest.approx(6 / 9)
    assert _metric("first_competitor_mention_share", ("C", "nobody but you")) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("That's too expensive for us.", 1),
        ("It's over our budget.", 1),
        ("That's more than we had in mind.", 1),
        ("I'm not interested, thanks.", 1),
        ("We already have something like that.", 1),
        ("This is a bad time.", 1),
        ("I'd have to ask my wife.", 1),
        ("I need to think about it.", 1),
        ("I'm worried about the move.", 1),
        ("We've been burnt before.", 1),
        ("What does it cost?", 0),
        ("Sounds good to me, I need it soon.", 0),
        ("I think about it every day.", 0),
        ("We talked to our team, and they like it.", 0),
    ],
)
def test_objections(text: str, expected: float) -> None:
    assert _metric("objections", ("C", text)) == expected
    assert _metric("objections", ("R", text), ("C", "Go on.")) == 0


@pytest.mark.parametrize(
    ("rep", "customer", "by_rep", "by_customer", "agreed"),
    [
        ("I'll send you the contract on Tuesday.", "Great, thanks.", 1, 0, 1),
        ("Shall we meet on Tuesday at 10?", "That works.", 0, 0, 1),
        ("Shall we meet on Tuesday at 10?", "I'm not sure, maybe.", 0, 0, 0),
        ("Shall we meet on Tuesday at 10?", "Tuesday is bad, I'd rather not.", 0, 0, 0),
        ("So, what now?", "I'll call you on Friday.", 0, 1, 1),
        ("I'll call you on Friday. And you?", "Fine, I'll send the figures before that.", 1, 1, 1),
        ("If you like, I'll call you on Friday.", "Hm.", 0, 0, 0),
    ],
)
def test_who_takes_the_next_step_on(rep: str, customer: str, by_rep: float, by_customer: float, agreed: float) -> None:
    values = worded_metrics(_call(("R", rep), ("C", customer)))
    assert values["next_step"] == 1
    assert (values["next_step_by_rep"], values["next_step_by_customer"]) == (by_rep, by_customer)
    assert values["next_step_agreed"] == agreed


@pytest.mark.parametrize(
    ("rep", "customer", "expected"),
    [
        ("Shall we meet on Tuesday at 10?", "Yes.", 1),
        ("Could we have a second call?", "Thursday afternoon is fine.", 1),
        ("I will send the contract tomorrow.", "Good.", 1),
        ("I will send you something.", "Fine.", 0),
        ("We met last Monday.", "I remember the call.", 0),
        ("Have a nice Tuesday.", "You too.", 0),
        ("Thanks.", "Please don't call me next week.", 0),
        ("It costs 40 a month.", "I'll think about it.", 0),
    ],
)
def test_next_step(rep: str, customer: str, expected: float) -> None:
    assert _metric("next_step", ("R", rep), ("C", customer)) == expected


def test_a_next_step_counts_only_near_the_end() -> None:
    small_talk = [("R", "Nice weather."), ("C", "Indeed.")] * 10
    assert _metric("next_step", ("R", "Shall we meet on Tuesday?"), *small_talk) == 0
    assert _metric("next_step", *small_talk, ("R", "Shall we meet on Tuesday?")) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Okay, let's do it.", 1),
        ("No problem, sign me up!", 1),
        ("Tuesday at 3 works for me.", 1),
        ("I'll send you the file tonight.", 1),
        ("Please send me the contract.", 1),
        ("I'll think about it.", 0),
        ("I'll let you know.", 0),
        ("I'll give it some thought.", 0),
        ("I'll take a look.", 0),
        ("We won't sign up, that's not a deal.", 0),
        ("If the price drops, let's do it.", 0),
        ("So where would I pay if I take it?", 0),
    ],
)
def test_customer_commitment(text: str, expected: float) -> None:
    assert _metric("customer_commitment", ("R", "So?"), ("C", text)) == expected
    assert _metric("customer_commitment", ("R", text), ("C", "Hm.")) == 0

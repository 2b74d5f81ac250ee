"""Call metrics: counted by hand on small calls."""

import hashlib
import json
from pathlib import Path

import pytest

from salescoach.reading.transcripts import parse_transcript, read_transcript
from salescoach.speech.call_metrics import call_metrics, mention_turns
from salescoach.speech.metric_list import METRICS, METRICS_VERSION
from salescoach.speech.next_step import find_next_step
from salescoach.types import Role, Transcript, Turn

DOC = Path(__file__).parent.parent / "docs" / "call-metrics.md"
EXAMPLES = DOC.parent.parent / "data" / "examples"


def _call(*lines: tuple[str, str] | tuple[str, str, float, float]) -> Transcript:
    roles: dict[str, Role] = {"R": "rep", "C": "customer", "?": "unknown"}
    return Transcript(
        turns=tuple(
            Turn(
                speaker=line[0],
                role=roles[line[0]],
                text=line[1],
                start_s=line[2] if len(line) > 2 else None,
                end_s=line[3] if len(line) > 2 else None,
            )
            for line in lines
        )
    )


def _metric(name: str, *lines: tuple[str, str] | tuple[str, str, float, float]) -> float | None:
    return call_metrics(_call(*lines))[name]


def _words(count: int) -> str:
    return " ".join(["word"] * count)


def test_every_metric_is_there_in_the_order_of_the_table() -> None:
    values = call_metrics(_call(("R", "Hello."), ("C", "Hi.")))
    assert list(values) == [metric.name for metric in METRICS]
    assert len(set(values)) == len(METRICS)


def test_talk_ratio_counts_words_of_both_sides_only() -> None:
    assert _metric("talk_ratio_words", ("R", _words(6)), ("C", _words(2)), ("?", _words(50))) == 0.75
    assert _metric("talk_ratio_words", ("R", "It's a well-known plan"), ("C", "ok sure fine right")) == 0.5


def test_what_a_call_does_not_show_is_none_and_never_zero() -> None:
    names_only = call_metrics(_call(("?", "Could we meet on Tuesday?"), ("?", "It costs $40.")))
    shown = {name for name, value in names_only.items() if value is not None}
    assert shown == {"price_mentions", "first_price_mention_share", "competitor_mentions"} | {
        name for name in names_only if name.startswith("next_step")
    }
    untimed = call_metrics(_call(("R", "What do you need?"), ("C", "A cheaper plan.")))
    for name in (
        "talk_ratio_seconds",
        "longest_monologue_seconds",
        "interactivity",
        "longest_customer_story_seconds",
        "patience_seconds",
        "overlap_share",
        "speech_rate_wpm",
        "first_price_mention_minutes",
    ):
        assert untimed[name] is None
    one_sided = call_metrics(_call(("R", "Hello there."), ("R", "Anybody there?")))
    assert one_sided["talk_ratio_words"] is None
    assert one_sided["switches_per_100_words"] is None
    assert one_sided["customer_questions"] is None
    assert one_sided["customer_commitment"] is None


def test_seconds() -> None:
    call = (
        ("R", _words(30), 0.0, 12.0),
        ("C", "mm hm", 12.5, 13.0),
        ("R", _words(10), 13.5, 20.0),
        ("C", _words(20), 21.0, 51.0),
        ("R", _words(5), 50.0, 52.0),
        ("C", _words(5), 60.0, 62.0),
        ("R", _words(5), 65.0, 67.0),
    )
    values = call_metrics(_call(*call))
    assert values["talk_ratio_seconds"] == pytest.approx(22.5 / 55.0)
    assert values["longest_monologue_words"] == 40
    assert values["longest_monologue_seconds"] == 20
    assert values["longest_customer_story_words"] == 20
    assert values["longest_customer_story_seconds"] == 30
    assert values["overlap_share"] == pytest.approx(1 / 3)
    assert values["interactivity"] == pytest.approx(6 / (67 / 60))
    assert values["patience_seconds"] == pytest.approx(0.5)  # 0.5, 0 for the overlap, 3
    assert values["speech_rate_wpm"] == pytest.approx(60 * 50 / 22.5)
    assert values["switches_per_100_words"] == pytest.approx(100 * 6 / 77)


def test_a_long_pause_ends_a_monologue_in_seconds_but_not_in_words() -> None:
    call = (("R", _words(10), 0.0, 5.0), ("R", _words(10), 7.0, 10.0), ("R", _words(1), 11.9, 12.5))
    assert _metric("longest_monologue_seconds", *call) == 5.5
    assert _metric("longest_monologue_words", *call) == 21


def test_a_real_answer_or_an_unknown_speaker_ends_a_monologue() -> None:
    assert _metric("longest_monologue_words", ("R", _words(5)), ("C", "not so fast"), ("R", _words(5))) == 5
    assert _metric("longest_monologue_words", ("R", _words(5)), ("?", "yes"), ("R", _words(5))) == 5


@pytest.mark.parametrize(
    ("text", "n_questions", "n_open"),
    [
        ("What do you use today?", 1, 1),
        ("what do you use today", 1, 1),
        ("So, how does your team handle that.", 1, 1),
        ("Tell me about your process.", 1, 1),
        ("Is that right for you?", 1, 0),
        ("How much do you pay?", 1, 0),
        ("Can you hear me", 1, 0),
        ("Would Tuesday work? Or is Friday better?", 2, 0),
        ("Why?", 1, 1),
        ("Really? Right?", 0, 0),
        ("What I like is the price.", 0, 0),
        ("What matters is the price.", 0, 0),
        ("Do it now. Have it ready. Should you need me, call.", 0, 0),
        ("Which is the reason I called.", 0, 0),
        ("When you are there, ring me.", 0, 0),
        ("You told me why you left.", 0, 0),
    ],
)
def test_questions(text: str, n_questions: int, n_open: int) -> None:
    values = call_metrics(_call(("R", text), ("C", text)))
    assert values["rep_questions"] == n_questions
    assert values["rep_open_questions"] == n_open
    assert values["customer_questions"] == n_questions


@pytest.mark.parametrize(
    ("text", "n_fillers"),
    [
        ("Um, so, uh, we can", 2),
        ("It is, you know, quick", 1),
        ("Do you know what you like", 0),
        ("What kind of plan? It is kind of late", 1),
        ("Uh-huh, the umbrella erred", 0),
    ],
)
def test_fillers(text: str, n_fillers: int) -> None:
    rate = _metric("filler_rate", ("R", text), ("C", "um um um"))
    assert rate is not None
    assert round(rate * call_words(text) / 100) == n_fillers


def call_words(text: str) -> int:
    value = _metric("longest_monologue_words", ("R", text))
    assert value is not None
    return int(value)


def test_price_mentions() -> None:
    call = (("R", "one two three four"), ("C", "is it expensive"), ("R", "It is $1,200.50 or 40 dollars a seat"))
    assert _metric("price_mentions", *call) == 3
    assert _metric("first_price_mention_share", *call) == pytest.approx(6 / 17)
    assert _metric("price_mentions", ("R", "a priceless, costumed coffee, 40 people")) == 0
    assert _metric("first_price_mention_share", ("R", "nothing of it")) is None


def test_when_the_price_came_up() -> None:
    call = (("R", "Hello", 30.0, 31.0), ("C", "Hello", 40.0, 41.0), ("R", "It costs a bit", 120.0, 125.0))
    assert _metric("first_price_mention_minutes", *call) == 1.5


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
    values = call_metrics(_call(("R", rep), ("C", customer)))
    assert values["next_step"] == 1
    assert (values["next_step_by_rep"], values["next_step_by_customer"]) == (by_rep, by_customer)
    assert values["next_step_agreed"] == agreed


def test_the_last_next_step_is_quoted_with_its_day() -> None:
    call = _call(
        ("R", "I'll send it on Monday."), ("C", "Fine."), ("R", "And we can talk on Thursday at 10:30."), ("C", "Good.")
    )
    step = find_next_step(call)
    assert step is not None
    assert (step.turn_start, step.turn_end, step.when) == (3, 3, "Thursday, 10:30")
    assert step.quote == call.turns[2].text
    assert find_next_step(_call(("R", "Bye."), ("C", "Bye."))) is None
    assert find_next_step(_call()) is None


def test_where_a_metric_was_counted() -> None:
    call = _call(
        ("R", "What is your budget?"),
        ("C", "Too expensive, another provider is cheaper. Why?"),
        ("R", "Call on Friday?"),
    )
    assert mention_turns(call) == {
        "rep_questions": (1, 3),
        "rep_open_questions": (1,),
        "customer_questions": (2,),
        "price_mentions": (1, 2),
        "competitor_mentions": (2,),
        "objections": (2,),
        "next_step": (3,),
    }


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


def test_the_document_has_each_definition_as_it_is_in_the_code() -> None:
    text = DOC.read_text(encoding="utf-8")
    for metric in METRICS:
        assert f"| `{metric.name}` | {metric.unit} | {metric.definition} |" in text


def test_a_change_of_what_is_counted_is_a_new_version() -> None:
    """Stored metrics are measured again only where the version says so: whoever changes this hash raises it."""
    values = [call_metrics(read_transcript(file)) for file in sorted(EXAMPLES.glob("*.txt"))]
    rounded = [{name: value if value is None else round(value, 9) for name, value in call.items()} for call in values]
    definitions = [(metric.name, metric.unit, metric.definition) for metric in METRICS]
    digest = hashlib.sha256(json.dumps([definitions, rounded]).encode()).hexdigest()[:12]
    assert (METRICS_VERSION, digest) == (2, "b3b17c910cd4")


def test_a_parsed_caption_file_gives_the_timed_metrics() -> None:
    call = parse_transcript(
        "WEBVTT\n\n00:00:00.000 --> 00:00:20.000\nRep: What do you need most from a new plan?\n\n"
        "00:00:21.000 --> 00:01:10.000\nCustomer: A lower price.\n\n00:01:12.000 --> 00:01:20.000\nRep: I see.\n"
    )
    values = call_metrics(call)
    assert values["patience_seconds"] == 2.0
    assert values["interactivity"] == pytest.approx(1.5)

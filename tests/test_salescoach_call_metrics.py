"""Call metrics: counted by hand on small calls."""

import hashlib
import json
from pathlib import Path
from typing import Literal

import pytest

from salescoach.moves.results import ReadNextStep
from salescoach.reading.transcripts import parse_transcript, read_transcript
from salescoach.speech.call_metrics import call_metrics, mention_turns, next_step_of
from salescoach.speech.metric_list import METRICS, METRICS_VERSION, READ_METRICS
from salescoach.testing import WordReader, make_moves
from salescoach.types import NextStep, Role, Transcript, Turn

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
    return call_metrics(_call(*lines), None)[name]


def _words(count: int) -> str:
    return " ".join(["word"] * count)


def test_every_metric_is_there_in_the_order_of_the_table() -> None:
    values = call_metrics(_call(("R", "Hello."), ("C", "Hi.")), None)
    assert list(values) == [metric.name for metric in METRICS]
    assert len(set(values)) == len(METRICS)


def test_talk_ratio_counts_words_of_both_sides_only() -> None:
    assert _metric("talk_ratio_words", ("R", _words(6)), ("C", _words(2)), ("?", _words(50))) == 0.75
    assert _metric("talk_ratio_words", ("R", "It's a well-known plan"), ("C", "ok sure fine right")) == 0.5


def test_what_a_call_does_not_show_is_none_and_never_zero() -> None:
    names_only = call_metrics(_call(("?", "Could we meet on Tuesday?"), ("?", "It costs $40.")), None)
    shown = {name for name, value in names_only.items() if value is not None}
    assert shown == {"price_mentions", "first_price_mention_share"}
    untimed = call_metrics(_call(("R", "What do you need?"), ("C", "A cheaper plan.")), None)
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
    one_sided = call_metrics(_call(("R", "Hello there."), ("R", "Anybody there?")), None)
    assert one_sided["talk_ratio_words"] is None
    assert one_sided["switches_per_100_words"] is None
    assert one_sided["customer_questions"] is None


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
    values = call_metrics(_call(*call), None)
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
    values = call_metrics(_call(("R", text), ("C", text)), None)
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


CALL = (
    ("R", "What is your budget?"),
    ("C", "It's expensive, another provider is cheaper."),
    ("R", "One two three four?"),
    ("C", "I'm busy until Friday. Why?"),
    ("R", "Then I'll send you the offer on Friday."),
    ("C", "Agreed."),
)
STEP = ReadNextStep(turn=5, what="Then I'll send you the offer on Friday.", who="rep", when="Friday", committed=True)


def test_what_rests_on_moves_is_what_was_read() -> None:
    call = _call(*CALL)
    moves = WordReader().read(call).model_copy(update={"next_step": STEP})
    values = call_metrics(call, moves)
    assert {name: values[name] for name in READ_METRICS} == {
        "competitor_mentions": 1,
        "first_competitor_mention_share": pytest.approx(4 / 28),
        "objections": 2,  # turns; the second has two concerns
        "next_step": 1,
        "next_step_by_rep": 1,
        "next_step_by_customer": 0,
        "next_step_agreed": 1,
        "customer_commitment": 1,
    }


def test_what_was_not_read_is_none_and_never_guessed() -> None:
    values = call_metrics(_call(*CALL), None)
    assert {name for name, value in values.items() if value is None} >= READ_METRICS
    assert values["price_mentions"] == 3
    assert mention_turns(_call(*CALL), None).keys().isdisjoint(READ_METRICS)


def test_a_call_that_was_read_and_has_none_shows_zero() -> None:
    call = _call(("R", "Hello."), ("C", "Hi."))
    values = call_metrics(call, make_moves(call))
    assert {name for name in READ_METRICS if values[name] is None} == {
        "first_competitor_mention_share",
        "next_step_by_rep",
        "next_step_by_customer",
        "next_step_agreed",
    }
    assert (values["objections"], values["next_step"], values["customer_commitment"]) == (0, 0, 0)
    assert next_step_of(make_moves(call)) is None


def test_without_a_customer_nothing_of_theirs_was_heard() -> None:
    call = _call(("R", "Hello."), ("?", "Anybody there?"))
    values = call_metrics(call, make_moves(call))
    assert (values["competitor_mentions"], values["objections"], values["customer_commitment"]) == (None, None, None)


@pytest.mark.parametrize(("who", "by"), [("rep", (1, 0)), ("customer", (0, 1)), ("both", (1, 1))])
def test_who_takes_the_next_step_on(who: Literal["rep", "customer", "both"], by: tuple[float, float]) -> None:
    call = _call(*CALL)
    step = STEP.model_copy(update={"who": who, "committed": False})
    values = call_metrics(call, make_moves(call, next_step=step))
    assert (values["next_step_by_rep"], values["next_step_by_customer"]) == by
    assert values["next_step_agreed"] == 0


def test_the_next_step_is_shown_as_it_was_read() -> None:
    assert next_step_of(make_moves(_call(*CALL), next_step=STEP)) == NextStep(
        turn_start=5, turn_end=5, quote=STEP.what, when="Friday", taken_on_by=("rep",), is_agreed=True
    )
    undated = STEP.model_copy(update={"when": None, "who": "both"})
    shown = next_step_of(make_moves(_call(*CALL), next_step=undated))
    assert shown is not None
    assert (shown.when, shown.taken_on_by) == (None, ("rep", "customer"))


def test_where_a_metric_was_counted() -> None:
    call = _call(*CALL)
    moves = WordReader().read(call).model_copy(update={"next_step": STEP})
    assert mention_turns(call, moves) == {
        "rep_questions": (1, 3),
        "rep_open_questions": (1,),
        "customer_questions": (4,),
        "price_mentions": (1, 2),
        "competitor_mentions": (2,),
        "objections": (2, 4),
        "next_step": (5,),
        "customer_commitment": (6,),
    }


@pytest.mark.parametrize(("n_before", "expected"), [(0, 1), (3, 1), (4, 0)])
def test_a_commitment_counts_only_near_the_end(n_before: int, expected: float) -> None:
    """Of at most 20 turns, the last four are near the end."""
    call = _call(("C", "Agreed."), *[("R", "Nice weather.")] * n_before)
    assert call_metrics(call, WordReader().read(call))["customer_commitment"] == expected


def test_the_document_has_each_definition_as_it_is_in_the_code() -> None:
    text = DOC.read_text(encoding="utf-8")
    for metric in METRICS:
        assert f"| `{metric.name}` | {metric.unit} | {metric.definition} |" in text


def test_a_change_of_what_is_counted_is_a_new_version() -> None:
    """Stored metrics are measured again only where the version says so: whoever changes this hash raises it."""
    calls = [read_transcript(file) for file in sorted(EXAMPLES.glob("*.txt"))]
    values = [call_metrics(call, WordReader().read(call)) for call in calls]
    rounded = [{name: value if value is None else round(value, 9) for name, value in call.items()} for call in values]
    definitions = [(metric.name, metric.unit, metric.definition) for metric in METRICS]
    digest = hashlib.sha256(json.dumps([definitions, rounded]).encode()).hexdigest()[:12]
    assert (METRICS_VERSION, digest) == (3, "38ee76f49367")


def test_a_parsed_caption_file_gives_the_timed_metrics() -> None:
    call = parse_transcript(
        "WEBVTT\n\n00:00:00.000 --> 00:00:20.000\nRep: What do you need most from a new plan?\n\n"
        "00:00:21.000 --> 00:01:10.000\nCustomer: A lower price.\n\n00:01:12.000 --> 00:01:20.000\nRep: I see.\n"
    )
    values = call_metrics(call, None)
    assert values["patience_seconds"] == 2.0
    assert values["interactivity"] == pytest.approx(1.5)

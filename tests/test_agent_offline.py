"""What the offline coach plans: arguments from words, follow-ups, asking back, the same ids for the same messages."""

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from agent import arguments
from agent.arguments import Known
from agent.intents import IntentRouter
from agent.offline import OfflineChatModel
from agent.plans import Plan, Planner
from agent.prompts import system_message
from agent.state import MAX_TOOL_CALLS
from eval.routing import VALUES
from salescoach.types import Role
from tests.base import base_router

ROLES: tuple[Role, ...] = ("rep", "customer") * 20
KNOWN = Known(values_of=VALUES.__getitem__, roles_of=lambda call_id: ROLES)


@pytest.fixture(scope="module")
def router() -> IntentRouter:
    return base_router()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("why did turn 14 hurt", [14]),
        ("what should I have said at 14?", [14]),
        ("and T14?", [14]),
        ("look at [T7] and [T9]", [7, 9]),
        ("the fourteenth turn", [14]),
        ("the twenty-first turn", [21]),
        ("turn twenty one", [21]),
        ("the 7th turn", [7]),
        ("turns 3, 4 and 8", [3, 4, 8]),
        ("turn number 12", [12]),
        ("my last answer", [39]),
        ("her last answer", [40]),
        ("the last turn", [40]),
        ("meet at 5 pm", []),
        ("sold at 20 % off", []),
        ("the 3rd call", []),
        ('what if I had said "see turn 9" at turn 2', [2]),
    ],
)
def test_turns(question: str, expected: list[int]) -> None:
    assert arguments.turns(question, ROLES) == expected


def test_my_last_answer_names_no_turn_of_a_call_that_is_not_known() -> None:
    assert arguments.turns("my last answer") == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("score the second call", ["b"]),
        ("the first one", ["a"]),
        ("call 3", ["c"]),
        ("call number two please", ["b"]),
        ("the other call", ["b"]),
        ("the previous one", ["b"]),
        ("compare the first and the third call", ["a", "c"]),
        ("the fifth call", [None]),
        ("turn 2 of the first call", ["a"]),
        ("the second turn", []),
        ("the first time she said no", []),
        ("have we seen this kind of call before", []),
        ("what about call b", ["b"]),
    ],
)
def test_calls(question: str, expected: list[str | None]) -> None:
    assert arguments.calls_named(question, ["a", "b", "c"]) == expected


def test_the_first_one_is_no_call_where_there_is_only_one() -> None:
    assert arguments.calls_named("show me the first one", ["a"]) == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("won deals", "converted"),
        ("calls we lost", "lost"),
        ("unsuccessful calls", "lost"),
        ("calls that didn't convert", "lost"),
        ("won and lost calls", "any"),
        ("similar calls", None),
    ],
)
def test_outcomes(question: str, expected: str | None) -> None:
    assert arguments.outcome(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("three won deals", 3),
        ("show me 5 similar calls", 5),
        ("top 2", 2),
        ("show me a won deal with the same objection", 1),
        ("50 calls like this", arguments.MAX_RESULTS),
        ("calls like turn 14", None),
        ("similar won deals", None),
        ("have we had a call like this", None),
    ],
)
def test_how_many(question: str, expected: int | None) -> None:
    assert arguments.how_many(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("won insurance deals", {"industry": "insurance"}),
        ("similar software deals", {"industry": "b2b_software"}),
        ("in the real estate industry", {"industry": "real_estate"}),
        ("deals in the shipping industry", {"industry": "shipping"}),
        ("similar ones in retail", {"industry": "retail"}),
        ("similar demos", {"call_type": "demo"}),
        ("closing calls like mine", {"call_type": "closing"}),
        ("what is the chance of closing", {}),
        ("demos in insurance", {"industry": "insurance", "call_type": "demo"}),
    ],
)
def test_filters(question: str, expected: dict[str, str]) -> None:
    assert arguments.filters(question, KNOWN) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("win rate by industry", {"by": "industry", "measure": "win_rate"}),
        ("win rate in the insurance industry", {"by": "nothing", "measure": "win_rate", "industry": "insurance"}),
        ("how many calls per month", {"by": "month", "measure": "count"}),
        ("median talk ratio by rep", {"by": "rep", "measure": "talk_ratio_words"}),
        ("win rate since march 2025", {"by": "nothing", "measure": "win_rate", "since": "2025-03-01"}),
        (
            "win rate in 2024",
            {"by": "nothing", "measure": "win_rate", "since": "2024-01-01", "until": "2024-12-31"},
        ),
        ("do demos or discovery calls convert better", {"by": "call_type", "measure": "win_rate"}),
    ],
)
def test_library(question: str, expected: dict[str, str]) -> None:
    assert arguments.library_arguments(question, KNOWN) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ('what if I had said "let us wait" at turn 14', [{"action": "replace", "turn": 14, "text": "let us wait"}]),
        ("what if I’d said ‘I don’t know’ at T9", [{"action": "replace", "turn": 9, "text": "I don’t know"}]),
        ("if at turn 3 I had said “hi”", [{"action": "replace", "turn": 3, "text": "hi"}]),
        ("what if I had said let us wait at turn 14", [{"action": "replace", "turn": 14, "text": "let us wait"}]),
        ("without turn 9", [{"action": "delete", "turn": 9}]),
        ("if I hadn't mentioned the price at T12", [{"action": "delete", "turn": 12}]),
        ("without turns 3 and 4", [{"action": "delete", "turn": 3}, {"action": "delete", "turn": 4}]),
        ('add "who else signs?" after turn 5', [{"action": "insert", "turn": 5, "text": "who else signs?"}]),
        ('add "who else signs?" before turn 5', [{"action": "insert", "turn": 4, "text": "who else signs?"}]),
        ('what if I add "see you Monday" at the end', [{"action": "insert", "turn": 40, "text": "see you Monday"}]),
        ('what if I opened with "good day"', [{"action": "insert", "turn": 0, "text": "good day"}]),
        (
            'what if the customer had said "we have budget" after turn 6',
            [{"action": "insert", "turn": 6, "text": "we have budget", "role": "customer"}],
        ),
        ('what if I had said "hello"', "turn"),
        ("what if turn 4 were different", "text"),
        ("what if I had been nicer", "both"),
        ("what if I had said something else at turn 4", "text"),
    ],
)
def test_edits(question: str, expected: object) -> None:
    assert arguments.edits(question, ROLES) == expected


def plan(router: IntentRouter, question: str, *earlier: str, calls: tuple[str, ...] = ("a",)) -> Plan:
    return Planner(router, KNOWN).plan(question, earlier, calls)


def called(found: Plan) -> list[tuple[str, dict[str, object]]]:
    return [(call.name, call.args) for call in found.calls]


def test_a_first_score_brings_moments_metrics_and_the_brief(router: IntentRouter) -> None:
    found = plan(router, "Score this call.")
    assert [name for name, _ in called(found)] == ["score_call", "what_won_calls_did", "look_up_metrics", "brief"]


def test_both_calls_are_scored_within_the_budget(router: IntentRouter) -> None:
    found = plan(router, "what do both calls score", calls=("a", "b"))
    assert called(found) == [("score_call", {"call_id": "a"}), ("score_call", {"call_id": "b"})]
    many = plan(router, "what do all my calls score", calls=tuple("abcdefghij"))
    assert len(many.calls) == MAX_TOOL_CALLS


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("Show me 3 similar won deals", "and lost ones?", ("find_similar_calls", {"outcome": "lost", "k": 3})),
        ("Show me similar calls", "and for retail?", ("find_similar_calls", {"outcome": "any", "industry": "retail"})),
        ("Why did turn 14 hurt?", "and turn 9?", ("explain_turn", {"turn": 9})),
        ("How much did a turn matter?", "turn 9", ("explain_turn", {"turn": 9})),  # it was asked which
        ("What should I have said at 14?", "and at 20?", ("what_won_calls_did", {"turn": 20})),
        ("What is our win rate?", "and by month?", ("look_up_library", {"by": "month", "measure": "win_rate"})),
        ("Score this call", "why?", ("score_call", {})),
    ],
)
def test_follow_ups(router: IntentRouter, earlier: str, question: str, expected: tuple[str, dict[str, object]]) -> None:
    name, args = expected
    first = called(plan(router, question, earlier))[0]
    assert first == (name, args if name == "look_up_library" else {"call_id": "a", **args})


def test_why_at_a_turn_is_about_the_turn(router: IntentRouter) -> None:
    assert called(plan(router, "explain my last answer")) == [("explain_turn", {"call_id": "a", "turn": 39})]


def test_a_follow_up_follows_a_follow_up(router: IntentRouter) -> None:
    found = plan(router, "and in insurance?", "Show me 3 similar won deals", "and lost ones?")
    args = {"call_id": "a", "outcome": "lost", "k": 3, "industry": "insurance"}
    assert called(found) == [("find_similar_calls", args)]


def test_a_follow_up_may_be_about_the_other_call(router: IntentRouter) -> None:
    found = plan(router, "and the first one?", "what was my talk ratio", calls=("a", "b"))
    assert called(found) == [("look_up_metrics", {"call_id": "a"})]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("what if I had been nicer", "ask_edit"),
        ("compare both calls", "ask_compare"),
        ("score the fourth call", "ask_call"),
        ("what is the capital of peru", "unsure"),
        ("why did turn 999 hurt", "ask_turn"),
        ("without turn 41", "ask_turn"),
    ],
)
def test_asks_back_rather_than_guessing(router: IntentRouter, question: str, kind: str) -> None:
    found = plan(router, question)
    assert (found.kind, found.calls) == (kind, ())
    assert found.reply


@pytest.mark.parametrize("question", ["Score this", "compare them", "what was my talk ratio", "any suggestions"])
def test_without_a_call_it_asks_for_one(router: IntentRouter, question: str) -> None:
    assert plan(router, question, calls=()).kind == "ask_for_a_call"


@pytest.mark.parametrize("question", ["what is our win rate", "how good is your model", "hello", "is my data safe"])
def test_without_a_call_it_answers_what_needs_none(router: IntentRouter, question: str) -> None:
    assert plan(router, question, calls=()).kind in ("library", "quality", "greeting", "privacy")


@hypothesis.settings(deadline=None)
@given(question=st.text(max_size=200), earlier=st.lists(st.text(max_size=60), max_size=3), n=st.integers(0, 8))
def test_any_words_give_a_plan_on_calls_of_the_conversation(
    router: IntentRouter, question: str, earlier: list[str], n: int
) -> None:
    calls = [f"call-{number}" for number in range(n)]
    found = Planner(router, KNOWN).plan(question, earlier, calls)
    assert bool(found.reply) != bool(found.calls)
    assert len(found.calls) <= MAX_TOOL_CALLS
    for call in found.calls:
        assert {call.args[name] for name in ("call_id", "other_call_id") if name in call.args} <= set(calls)


def test_the_same_messages_give_the_same_bytes(router: IntentRouter) -> None:
    messages: list[BaseMessage] = [
        system_message(["a"]),
        HumanMessage("Score this call"),
        AIMessage("It is likely."),
        HumanMessage("why?"),
    ]
    first, second = (OfflineChatModel(router=router).invoke(messages) for _ in range(2))
    assert first.tool_calls == second.tool_calls
    assert [call["id"] for call in first.tool_calls] == ["offline-2-1"]
    assert first.tool_calls[0]["name"] == "score_call"

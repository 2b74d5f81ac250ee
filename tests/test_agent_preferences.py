"""What a user prefers holds for the whole answer, whoever words it, and changes no number but by the method."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agent.build import build_coach, build_parts
from agent.chat_models import Wording
from agent.coach import Answer, Coach
from agent.doubles import ScriptedChatModel
from agent.graph import GraphParts, make_graph
from agent.grounding import facts_in, problems_of
from agent.offline import OfflineChatModel
from agent.preferences import Preferences
from agent.request import FIRST_QUESTION
from agent.wording import Wish, word
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.testing import make_transcript
from tests.base import base_router, faults_of
from tests.homes import clone
from tools.compare_calls import compare_calls
from tools.explain_turn import explain_turn
from tools.find_similar_calls import find_similar_calls
from tools.look_up_metrics import look_up_metrics
from tools.model_quality import model_quality
from tools.parts import Parts
from tools.registry import make_tools
from tools.score_call import score_call
from tools.score_trajectory import score_trajectory
from tools.what_if import Edit, what_if
from tools.what_won_calls_did import what_won_calls_did

CALL, OTHER = "ex-06", "ex-07"
SHORT = ("Rep: Hi there, do you have a minute for our offer?", "Customer: I'm not sure. It's too expensive for me.")
NOT_DEFAULT = "Scored by likeness to won and lost calls (cosine), not by the model's default"


@pytest.fixture(scope="module")
def parts(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Parts:
    home = tmp_path_factory.mktemp("preferences") / "own-home"
    clone(coach_home, home)
    return build_parts(Settings.load(home=home))


@pytest.fixture(scope="module")
def coach(parts: Parts, coach_home: Path) -> Coach:
    return build_coach(Settings.load(home=coach_home), parts)


async def ask(
    coach: Coach, question: str, preferences: Preferences, call_id: str | None = CALL, thread: str | None = None
) -> Answer:
    """The answer, in a conversation of its own unless one is named."""
    *_, answer = [
        event async for event in coach.ask(thread or f"{question} {preferences}", question, call_id, preferences)
    ]
    assert isinstance(answer, Answer)
    assert answer.grounded or answer.not_checked
    return answer


async def test_precedents_are_as_many_and_as_diverse_as_preferred(coach: Coach) -> None:
    preferred = Preferences(n_precedents=5, diversity=1.0)
    answer = await ask(coach, "Show me similar won deals", preferred)
    assert answer.tool_calls[0].args == {"call_id": CALL, "outcome": "converted", "k": 5, "diversity": 1.0}
    assert 0 < len(answer.tool_calls[0].result["results"]) <= 5  # those that are hardly alike are left out
    said = await ask(coach, "Show me two similar won deals", preferred)
    assert said.tool_calls[0].args["k"] == 2
    replies = await ask(coach, "What did won calls do at turn 5?", Preferences(n_precedents=1))
    assert [one["outcome"] for one in replies.tool_calls[0].result["results"]] == ["converted", "lost"]


async def test_a_number_that_was_asked_for_holds_for_what_follows(coach: Coach) -> None:
    preferred = Preferences(n_precedents=5)
    await ask(coach, "Show me two similar won deals", preferred, thread="follow")
    answer = await ask(coach, "and lost ones?", preferred, thread="follow")
    assert answer.tool_calls[0].args["k"] == 2


@pytest.mark.parametrize("detail", ["short", "full"])
@pytest.mark.parametrize(
    "question",
    [
        FIRST_QUESTION,
        "When did the call turn?",
        "How much did turn 5 matter?",
        "What would the score be without turn 4?",
        "Give me advice on this call.",
    ],
)
async def test_every_number_of_an_answer_is_by_the_method(
    coach: Coach, parts: Parts, question: str, detail: str
) -> None:
    preferred = Preferences.model_validate({"method": "cosine", "detail": detail})
    answer = await ask(coach, question, preferred)
    by_cosine = parts.scorer.with_method("cosine").score(parts.library.get(CALL).transcript)
    assert by_cosine.probability is not None
    shown = round(100 * by_cosine.probability)
    for tool in answer.tool_calls:
        for name in ("probability_percent", "before_percent"):
            assert tool.result.get(name, shown) == shown
    assert NOT_DEFAULT in answer.answer
    assert "can't give a probability" not in answer.answer
    if question == FIRST_QUESTION:
        assert f"**{shown} % likely to convert**" in answer.answer
        assert "There is no range for it." in answer.answer
        assert answer.probability == by_cosine.probability
        default = parts.scorer.score(parts.library.get(CALL).transcript)
        assert (await ask(coach, question, Preferences())).probability == default.probability != by_cosine.probability


async def test_two_calls_are_compared_by_the_method(coach: Coach) -> None:
    await ask(coach, FIRST_QUESTION, Preferences(), OTHER, thread="two")
    answer = await ask(coach, "Compare both calls", Preferences(method="cosine"), CALL, thread="two")
    assert NOT_DEFAULT in answer.answer
    assert "has no score" not in answer.answer


def results_of(parts: Parts) -> list:  # type: ignore[type-arg]
    return [
        score_call(parts, CALL),
        explain_turn(parts, CALL, 16),
        score_trajectory(parts, CALL),
        what_if(parts, CALL, [Edit(action="delete", turn=9)]),
        compare_calls(parts, CALL, OTHER),
        find_similar_calls(parts, CALL, outcome="converted"),
        what_won_calls_did(parts, CALL),
        look_up_metrics(parts, CALL),
        model_quality(parts),
    ]


def test_short_words_are_grounded_and_shorter(parts: Parts) -> None:
    for result in results_of(parts):
        short, full = word([result], Wish(detail="short")), word([result])
        assert faults_of(short, [result]) == []
        assert len(short.markdown()) <= len(full.markdown())
    for call_id in (CALL, OTHER, "ex-01"):
        results = [score_call(parts, call_id), what_won_calls_did(parts, call_id), look_up_metrics(parts, call_id)]
        answers = [word(results, Wish(detail=detail)) for detail in ("short", "full")]
        assert [faults_of(answer, results) for answer in answers] == [[], []]
        brief, whole = (answer.markdown() for answer in answers)
        assert len(brief) < 0.7 * len(whole)
        assert brief.splitlines()[0] == whole.splitlines()[0]
        assert brief.count("it by") <= 2 + brief.count("most, by")
        assert "**Next**" in brief or "**Next**" not in whole


async def test_a_language_model_is_told_and_held_to_it(parts: Parts) -> None:
    """It may leave the number out, ask for an uncalibrated one, and forget by which method it is."""

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        if not any(isinstance(message, ToolMessage) for message in messages):
            asked = [
                {"name": "find_similar_calls", "args": {"call_id": CALL}, "id": "1"},
                {"name": "score_call", "args": {"call_id": CALL, "force": True}, "id": "2"},
            ]
            return AIMessage("", tool_calls=asked)
        return AIMessage("Look at the turns that moved the score.")

    model = ScriptedChatModel(reply=reply)
    offline = OfflineChatModel(router=base_router())
    graph = make_graph(
        GraphParts(
            model, offline, make_tools(parts), 5.0,
            tools_by=lambda method: make_tools(
                Parts(parts.library, parts.scorer.with_method(method), parts.index)
            ),
            model_by=lambda name: offline,
        ),
        InMemorySaver(),
    )  # fmt: skip
    coach = Coach(graph, parts, Wording(model, "scripted", None), ("scripted", "offline"))
    answer = await ask(coach, "What now?", Preferences(n_precedents=2, method="cosine", detail="short"))
    assert [tool.args for tool in answer.tool_calls] == [{"call_id": CALL, "k": 2, "diversity": 0.5}, {"call_id": CALL}]
    assert answer.not_checked == ("Look at the turns that moved the score.",)
    assert not answer.grounded
    assert NOT_DEFAULT in answer.answer
    assert "The user wants it short" in model.seen[0][0].text
    assert answer.llm == "scripted"
    n_asked = len(model.seen)
    worded = await ask(coach, FIRST_QUESTION, Preferences(wording="offline"))
    assert (worded.llm, len(model.seen)) == ("offline", n_asked)
    assert "offline" not in worded.answer  # nobody failed
    with pytest.raises(InputError, match="scripted, offline"):
        await ask(coach, FIRST_QUESTION, Preferences(wording="openai:gpt-9"))


async def test_a_number_all_the_same_is_named_uncalibrated(coach: Coach, parts: Parts) -> None:
    call_id = coach.add_call(make_transcript(*SHORT))
    first = await ask(coach, FIRST_QUESTION, Preferences(), call_id, thread="anyway")
    assert "%" not in first.answer.split("What doesn't rest")[0]
    answer = await ask(coach, "show it anyway", Preferences(), None, thread="anyway")
    result = coach.score_anyway(call_id)
    assert result.uncalibrated_percent is not None
    assert answer.answer.startswith(f"**The model's uncalibrated number is {result.uncalibrated_percent} %.**")
    assert result.reading is not None
    assert result.reading in answer.answer
    assert all(reason in answer.answer for reason in result.reasons)
    assert "likely" not in answer.answer
    assert answer.probability is None
    assert coach.score_anyway(CALL).uncalibrated_percent is None
    assert coach.score_anyway(CALL).probability_percent is not None
    by_cosine = coach.score_anyway(call_id, Preferences(method="cosine"))
    assert by_cosine.score.scorer == "cosine"


def test_an_uncalibrated_number_cannot_be_passed_off_as_a_likelihood(coach: Coach) -> None:
    call_id = coach.add_call(make_transcript(*SHORT))
    result = coach.score_anyway(call_id)
    n = result.uncalibrated_percent

    def problems(draft: str) -> list[str]:
        return problems_of(draft, [result], "show it anyway", [call_id])

    row = next(row for row, one in enumerate(facts_in(result), start=1) if "uncalibrated" in str(one.spans[0]))
    assert problems(f"{{F{row}}}") == []
    assert "This number is not calibrated" in str(facts_in(result)[row - 1].spans[0])
    for draft in (
        f"The uncalibrated number is {n} %.",
        f"It is {n} % likely to convert.",
        f"{n} %.",
        f"An uncalibrated {n} % likely to convert.",
        f"The uncalibrated number says the chances are {n} %.",
        f"The probability is 0.{n:02d}.",
        f"The score is {result.score.uncalibrated_probability}.",
        f"The score is {n}.",
    ):
        assert problems(draft), draft


async def test_a_conversation_of_before_goes_on_with_preferences(parts: Parts, tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path)
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as saver:
        coach = build_coach(settings, parts, saver)
        await ask(coach, FIRST_QUESTION, Preferences(), thread="old")
    kept = (tmp_path / "threads.sqlite").read_bytes()
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as saver:
        coach = build_coach(settings, parts, saver)
        answer = await ask(coach, "Why?", Preferences(method="mmr", n_precedents=9), None, thread="old")
        assert answer.probability is not None
    assert b"n_precedents" not in kept + (tmp_path / "threads.sqlite").read_bytes()


@pytest.mark.parametrize("bad", [{"n_precedents": 0}, {"n_precedents": 11}, {"diversity": 1.1}, {"method": "stars"}])
def test_what_cannot_be_preferred_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Preferences.model_validate(bad)

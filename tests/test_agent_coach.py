"""The coach with a real starter model, library and index; the language model is the offline one or a hostile double."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agent.build import build_coach, build_parts, open_coach
from agent.chat_models import Wording
from agent.coach import Answer, Coach, Token, ToolFinished, ToolStarted
from agent.doubles import ScriptedChatModel
from agent.graph import FALLBACK_NOTE, UNGROUNDED, GraphParts, make_graph
from agent.grounding import facts_in
from agent.intents import read_examples
from agent.memory import UNFINISHED
from agent.offline import OfflineChatModel
from agent.request import FIRST_QUESTION
from agent.state import MAX_TOOL_CALLS
from salescoach.config import Settings
from salescoach.reading.transcripts import read_transcript
from salescoach.types import Frozen, Transcript
from tests.base import base_router
from tests.homes import clone
from tools.parts import Parts
from tools.registry import make_tools
from tools.score_call import score_call


@pytest.fixture(scope="module")
def parts(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Parts:
    home = tmp_path_factory.mktemp("coach") / "own-home"
    clone(coach_home, home)
    return build_parts(Settings.load(home=home))


async def answer_of(coach: Coach, question: str, call_id: str | None = None, thread: str = "t") -> Answer:
    events = [event async for event in coach.ask(thread, question, call_id)]
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.answer
    return answer


def scripted_coach(
    parts: Parts, reply: object, deadline_s: float = 5.0, question_deadline_s: float = 20.0
) -> tuple[Coach, ScriptedChatModel]:
    model = ScriptedChatModel(reply=reply)  # type: ignore[arg-type]
    offline = OfflineChatModel(router=base_router())
    graph = make_graph(GraphParts(model, offline, make_tools(parts), deadline_s, question_deadline_s), InMemorySaver())
    return Coach(graph, parts, Wording(model, "scripted", None)), model


async def test_a_pasted_call_is_scored_cited_and_remembered(parts: Parts, settings: Settings, example: Path) -> None:
    coach = build_coach(settings, parts)
    call_id = coach.add_call(read_transcript(example))
    first = await answer_of(coach, FIRST_QUESTION, call_id)
    score = parts.scorer.score(parts.library.get(call_id).transcript)
    assert first.grounded
    assert first.probability == score.probability
    assert f"{round(100 * (score.probability or 0))} %" in first.answer
    turns = parts.library.get(call_id).transcript.turns
    own = [citation for citation in first.citations if citation.call_id == call_id]
    assert own
    for citation in own:
        assert citation.quote == turns[citation.turn_start - 1].text

    second = await answer_of(coach, "Show me similar won deals")
    assert [call.name for call in second.tool_calls] == ["find_similar_calls"]
    assert second.tool_calls[0].args["call_id"] == call_id
    assert second.citations
    for citation in second.citations:
        past = parts.library.get(citation.call_id)
        assert past.outcome == "converted"
        assert citation.quote in [
            turn.text for turn in past.transcript.turns[citation.turn_start - 1 : citation.turn_end]
        ]

    third = await answer_of(coach, "What was my talk ratio?")
    assert [call.name for call in third.tool_calls] == ["look_up_metrics"]


async def test_a_newer_call_becomes_this_call(parts: Parts, settings: Settings) -> None:
    coach = build_coach(settings, parts)
    ids = [coach.add_call(parts.library.get(name).transcript.prefix(20)) for name in ("ex-01", "ex-02")]
    for call_id in ids:
        await answer_of(coach, FIRST_QUESTION, call_id)
    answer = await answer_of(coach, "What was my talk ratio?")
    assert answer.tool_calls[0].args["call_id"] == ids[1]


async def test_without_a_call_the_coach_asks_for_one(parts: Parts, settings: Settings) -> None:
    answer = await answer_of(build_coach(settings, parts), "How likely is it?")
    assert "Paste a sales call" in answer.answer
    assert answer.tool_calls == ()


async def test_an_unrelated_question_is_asked_back(parts: Parts, settings: Settings, example: Path) -> None:
    coach = build_coach(settings, parts)
    call_id = coach.add_call(read_transcript(example))
    answer = await answer_of(coach, "What is the tallest mountain of the Andes?", call_id)
    assert answer.tool_calls == ()
    assert "not sure" in answer.answer


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("Could you show me deals we won that look like mine?", "similar_won"),
        ("any similar deals that we lost?", "similar_lost"),
        ("how many questions did i ask", "metrics"),
        ("what hurt the score", "why"),
        ("will this customer sign?", "score"),
        ("what do reps in deals we won say when they hear that?", "won_did"),
        ("win rate per type of call please", "library"),
    ],
)
def test_questions_in_other_words_find_their_intent(parts: Parts, question: str, intent: str) -> None:
    assert question not in {example.question for example in read_examples()}
    assert base_router().read(question).intent == intent


async def test_numbers_of_the_team_are_looked_up_without_a_call(settings: Settings, parts: Parts) -> None:
    answer = await answer_of(build_coach(settings, parts), "What is our win rate by industry?", None)
    assert [call.name for call in answer.tool_calls] == ["look_up_library"]
    assert answer.tool_calls[0].args == {"by": "industry", "measure": "win_rate"}
    assert answer.grounded
    assert "% won" in answer.answer
    refused = await answer_of(build_coach(settings, parts), "What is our win rate by rep?", None)
    assert "COACH_REP_LOOKUPS" in refused.answer


async def test_replies_of_won_and_lost_calls_are_cited(settings: Settings, parts: Parts, example: Path) -> None:
    coach = build_coach(settings, parts)
    call_id = coach.add_call(read_transcript(example))
    answer = await answer_of(coach, "What did won calls do at turn 5?", call_id)
    assert [call.name for call in answer.tool_calls] == ["what_won_calls_did"]
    assert answer.tool_calls[0].args == {"call_id": call_id, "turn": 5, "k": 3}
    assert answer.grounded
    assert "**What reps replied in won calls**" in answer.answer
    assert {citation.call_id for citation in answer.citations} - {call_id}


async def test_the_same_question_gets_the_same_bytes(coach_home: Path, example: Path, tmp_path: Path) -> None:
    answers = set()
    for number in range(2):  # two processes' worth: every part is loaded anew
        home = tmp_path / str(number)
        clone(coach_home, home)
        fresh = Settings.load(home=home)
        coach = build_coach(fresh, build_parts(fresh))
        call_id = coach.add_call(read_transcript(example))
        answers.add((await answer_of(coach, FIRST_QUESTION, call_id)).answer)
    assert len(answers) == 1


async def test_a_conversation_goes_on_after_a_restart_and_its_file_holds_no_call(
    parts: Parts, settings: Settings, example: Path, tmp_path: Path
) -> None:
    transcript = read_transcript(example)
    file = tmp_path / "conversations.sqlite"
    async with AsyncSqliteSaver.from_conn_string(str(file)) as saver:
        coach = build_coach(settings, parts, saver)
        call_id = coach.add_call(transcript)
        first = await answer_of(coach, FIRST_QUESTION, call_id)
    async with AsyncSqliteSaver.from_conn_string(str(file)) as saver:
        answer = await answer_of(build_coach(settings, parts, saver), "What was my talk ratio?")
    assert answer.tool_calls[0].args["call_id"] == call_id
    assert first.citations
    assert not quoted_in(tmp_path, transcript, parts, first)


def quoted_in(folder: Path, transcript: Transcript, parts: Parts, *answers: Answer) -> list[str]:
    """What was said in a call, or in a call that an answer cites, and stands in a file of conversations."""
    raw = b"".join(path.read_bytes() for path in folder.glob("conversations.sqlite*"))
    cited = {citation.call_id for answer in answers for citation in answer.citations}
    calls = [transcript, *(parts.library.get(call_id).transcript for call_id in cited)]
    said = [turn.text for call in calls for turn in call.turns if len(turn.text.split()) >= 4]
    assert said
    pieces = {" ".join(text.split()[:4]) for text in said}
    return [text for text in pieces if text.encode() in raw]


def _hostile(messages: Sequence[BaseMessage]) -> AIMessage:
    return AIMessage(
        "This call is **99 %** likely to convert! “We will sign the contract today.” [T99] ![x](https://evil.example/x.png)"
    )


async def test_an_invented_number_never_gets_through(parts: Parts, example: Path) -> None:
    coach, model = scripted_coach(parts, _hostile)
    call_id = coach.add_call(read_transcript(example))
    answer = await answer_of(coach, FIRST_QUESTION, call_id)
    assert len(model.seen) == 2  # the draft and its one repair
    low, high = score_call(parts, call_id).interval_percent or (0, 0)  # which may end at the invented number
    assert "99" not in answer.answer.replace(f"{low} % to {high} %", "")
    assert "evil" not in answer.answer
    assert answer.grounded
    assert FALLBACK_NOTE in answer.answer
    score = parts.scorer.score(parts.library.get(call_id).transcript)
    assert answer.probability == score.probability


async def test_a_model_that_loops_for_ever_ends_within_the_budget(parts: Parts, example: Path) -> None:
    numbers = itertools.count()

    def loop(messages: Sequence[BaseMessage]) -> AIMessage:
        call_id = parts.library.summaries()[0].call_id
        return AIMessage(
            "", tool_calls=[{"name": "score_call", "args": {"call_id": call_id}, "id": f"loop-{next(numbers)}"}]
        )

    coach, model = scripted_coach(parts, loop)
    call_id = coach.add_call(read_transcript(example))
    answer = await answer_of(coach, FIRST_QUESTION, call_id)
    assert len(model.seen) <= MAX_TOOL_CALLS + 1
    assert answer.grounded
    executed = [call for call in answer.tool_calls if isinstance(call.result, dict)]
    assert all(call.args["call_id"] == call_id for call in executed)  # the other call isn't part of the conversation
    assert len(answer.tool_calls) <= MAX_TOOL_CALLS
    assert answer.probability is not None  # what the offline coach needs is kept for it


async def test_more_calls_than_the_budget_are_cut_and_the_model_is_told(parts: Parts, example: Path) -> None:
    told = []

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        told.append(any("tool calls were left out" in message.text for message in messages))
        call_id = messages[0].additional_kwargs["calls"][-1]
        if sum(isinstance(message, ToolMessage) for message in messages) < MAX_TOOL_CALLS:
            calls = [{"name": "look_up_metrics", "args": {"call_id": call_id}, "id": "same"} for _ in range(100)]
            return AIMessage("", tool_calls=calls)
        return AIMessage("{F1}")

    coach, _ = scripted_coach(parts, reply)
    events = [event async for event in coach.ask("t", FIRST_QUESTION, coach.add_call(read_transcript(example)))]
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert FALLBACK_NOTE not in answer.answer
    assert len(answer.tool_calls) == MAX_TOOL_CALLS
    assert sum(isinstance(event, ToolStarted) for event in events) == MAX_TOOL_CALLS
    assert told == [False, True, True]


async def test_a_question_that_goes_round_for_ever_is_answered_in_a_sentence(
    parts: Parts, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coach, _ = scripted_coach(parts, _hostile)
    call_id = coach.add_call(read_transcript(example))
    with monkeypatch.context() as patch:
        patch.setattr("agent.coach.RECURSION_LIMIT", 3)
        answer = await answer_of(coach, FIRST_QUESTION, call_id)
    assert (answer.answer, answer.grounded) == (UNGROUNDED, False)
    assert (await answer_of(coach, FIRST_QUESTION)).probability is not None


async def test_all_replies_to_a_question_have_one_deadline(parts: Parts, example: Path) -> None:
    def slow(messages: Sequence[BaseMessage]) -> AIMessage:
        time.sleep(0.4)
        call_id = messages[0].additional_kwargs["calls"][-1]
        return AIMessage("", tool_calls=[{"name": "look_up_metrics", "args": {"call_id": call_id}, "id": "one"}])

    coach, model = scripted_coach(parts, slow, question_deadline_s=0.6)
    answer = await answer_of(coach, FIRST_QUESTION, coach.add_call(read_transcript(example)))
    assert FALLBACK_NOTE in answer.answer
    assert len(model.seen) <= 2  # each was in time for itself
    assert len(answer.tool_calls) <= 2


async def test_a_repaired_draft_is_taken(parts: Parts, example: Path) -> None:
    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        results = [message.artifact for message in messages if isinstance(message, ToolMessage)]
        call_id = (
            next(m for m in messages if isinstance(m, HumanMessage)) and messages[0].additional_kwargs["calls"][-1]
        )
        if not results:
            return AIMessage("", tool_calls=[{"name": "score_call", "args": {"call_id": call_id}, "id": "one"}])
        sent_back = any("can't be shown" in str(message.content) for message in messages)
        return AIMessage("So far: {F1}" if sent_back else f"It is {results[0].probability_percent + 1} % likely.")

    coach, model = scripted_coach(parts, reply)
    call_id = coach.add_call(read_transcript(example))
    answer = await answer_of(coach, FIRST_QUESTION, call_id)
    score = parts.scorer.score(parts.library.get(call_id).transcript)
    assert answer.answer.startswith(f"**{round(100 * (score.probability or 0))} % likely to convert**")
    assert FALLBACK_NOTE not in answer.answer
    assert len(model.seen) == 3


@pytest.mark.parametrize("failure", [RuntimeError("boom"), TypeError("odd"), asyncio.CancelledError()], ids=str)
async def test_a_failing_model_is_the_offline_coachs_turn(parts: Parts, example: Path, failure: BaseException) -> None:
    def fail(messages: Sequence[BaseMessage]) -> AIMessage:
        if isinstance(failure, asyncio.CancelledError):
            return AIMessage("")
        raise failure

    coach, _ = scripted_coach(parts, fail)
    answer = await answer_of(coach, FIRST_QUESTION, coach.add_call(read_transcript(example)))
    assert answer.grounded
    assert answer.probability is not None
    assert FALLBACK_NOTE in answer.answer
    assert "boom" not in answer.answer


async def test_a_call_of_another_conversation_cannot_be_reached(parts: Parts, example: Path) -> None:
    other = next(one.call_id for one in parts.library.summaries() if one.call_id.startswith("ex-w"))

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        if any(isinstance(message, ToolMessage) for message in messages):
            return AIMessage("I could not look at that call.")
        return AIMessage("", tool_calls=[{"name": "score_call", "args": {"call_id": other}, "id": "one"}])

    coach, _ = scripted_coach(parts, reply)
    events: list[object] = [
        event async for event in coach.ask("t", "Score the other one", coach.add_call(read_transcript(example)))
    ]
    refused = [event for event in events if isinstance(event, ToolFinished)]
    assert [event.result for event in refused] == [None]
    assert "not part of this conversation" in refused[0].text


async def test_two_questions_of_one_conversation_wait_for_each_other(
    parts: Parts, settings: Settings, example: Path
) -> None:
    coach = build_coach(settings, parts)
    await answer_of(coach, FIRST_QUESTION, coach.add_call(read_transcript(example)))
    running = 0
    most = 0

    async def watched() -> AsyncIterator[None]:
        nonlocal running, most
        async for event in coach.ask("t", "What was my talk ratio?"):
            if isinstance(event, Token):
                running += 1
                most = max(most, running)
                await asyncio.sleep(0)
                running -= 1
            yield

    async def drain() -> None:
        async for _ in watched():
            pass

    await asyncio.gather(drain(), drain())
    assert most == 1


async def test_calls_are_known_in_the_order_they_came_and_so_is_what_was_cited(parts: Parts) -> None:
    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        first = messages[0].additional_kwargs["calls"][0]
        results = [message.artifact for message in messages if isinstance(message, ToolMessage)]
        if not results:
            return AIMessage("", tool_calls=[{"name": "score_call", "args": {"call_id": first}, "id": "one"}])
        facts = [line.spans for line in facts_in(results[0])]
        return AIMessage(f"{{F{1 + next(row for row, spans in enumerate(facts) if len(spans) > 1)}}}")

    coach, model = scripted_coach(parts, reply)
    ids = [coach.add_call(parts.library.get(name).transcript.prefix(20)) for name in ("ex-01", "ex-02")]
    for call_id in ids:
        answer = await answer_of(coach, FIRST_QUESTION, call_id)
    assert answer.citations[0].call_id == ids[0]
    await answer_of(coach, "Why?")
    rules, *history = model.seen[-2]
    turn = answer.citations[0].turn_start
    assert f"call 1: {ids[0]}\ncall 2: {ids[1]}" in rules.text
    assert f"pointed to T{turn} of call 1" in rules.text
    assert rules.additional_kwargs["cited"] == [
        {"call_id": ids[0], "turn_start": one.turn_start, "turn_end": one.turn_end} for one in answer.citations
    ]
    assert f"[T{turn}] " in history[-2].text
    assert "“…”" in history[-2].text
    assert history[-1].text == "Why?"


async def test_every_argument_that_names_a_call_is_bound_to_the_conversation(parts: Parts, example: Path) -> None:
    class Two(Frozen):
        call_id: str
        other_call_id: str

    run = []

    def compare(call_id: str, other_call_id: str) -> tuple[str, Two]:
        run.append((call_id, other_call_id))
        return "compared", Two(call_id=call_id, other_call_id=other_call_id)

    tool = StructuredTool.from_function(compare, description="Compares.", response_format="content_and_artifact")
    library = next(one.call_id for one in parts.library.summaries() if one.call_id.startswith("ex-w"))
    wanted = [{"call_id": "own", "other_call_id": library}, {"call_id": library, "other_call_id": "own"}, {}]
    wanted += [{"call_id": "own", "other_call_id": "own"}]

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        own = messages[0].additional_kwargs["calls"][-1]
        n_done = sum(isinstance(message, ToolMessage) for message in messages)
        if n_done == 3:
            return AIMessage("That can't be compared.")
        args = {name: own if value == "own" else value for name, value in wanted[n_done].items()}
        return AIMessage("", tool_calls=[{"name": "compare", "args": args, "id": "x"}])

    model = ScriptedChatModel(reply=reply)
    offline = OfflineChatModel(router=base_router())
    graph = make_graph(GraphParts(model, offline, [tool], 5.0), InMemorySaver())
    coach = Coach(graph, parts, Wording(model, "scripted", None))
    answer = await answer_of(coach, "Compare them", coach.add_call(read_transcript(example)))
    assert run == []
    assert ["part of this conversation" in call.result for call in answer.tool_calls] == [True, True, False]
    assert "call_id" in answer.tool_calls[2].result


@pytest.mark.parametrize("event_type", [ToolStarted, ToolFinished, Token])
async def test_a_question_that_is_given_up_leaves_the_conversation_usable_and_nothing_said(
    parts: Parts, settings: Settings, example: Path, tmp_path: Path, event_type: type
) -> None:
    transcript = read_transcript(example)
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "conversations.sqlite")) as saver:
        coach = build_coach(settings, parts, saver)
        events = coach.ask("t", FIRST_QUESTION, coach.add_call(transcript))
        async for event in events:
            if isinstance(event, event_type):
                break
        await events.aclose()
        answer = await answer_of(coach, "Score this call.")
        assert answer.probability is not None
        assert not quoted_in(tmp_path, transcript, parts, answer)
        again = (await coach._graph.aget_state({"configurable": {"thread_id": "t"}})).values["messages"]
    assert [message.type for message in again] == ["human", "ai", "human", "ai"]


async def test_a_cancelled_question_leaves_the_conversation_usable(parts: Parts, example: Path) -> None:
    hanging = asyncio.Event()
    is_hanging = True

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        if not is_hanging:
            return AIMessage("Hello there.")
        loop.call_soon_threadsafe(hanging.set)
        time.sleep(0.5)
        return AIMessage("Too late.")

    loop = asyncio.get_running_loop()
    coach, model = scripted_coach(parts, reply)
    task = asyncio.create_task(answer_of(coach, FIRST_QUESTION, coach.add_call(read_transcript(example))))
    await hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    is_hanging = False
    assert (await answer_of(coach, "Are you there?")).answer == "Hello there."
    assert UNFINISHED in [message.text for message in model.seen[-1]]


async def test_locks_don_t_outlive_their_questions(parts: Parts, settings: Settings) -> None:
    coach = build_coach(settings, parts)
    for thread in ("one", "two", "three"):
        await answer_of(coach, "How likely is it?", thread=thread)
    assert len(coach._locks) == 0


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from agent.build import open_coach
from agent.coach import ToolStarted
from agent.request import FIRST_QUESTION
from salescoach.config import Settings
from salescoach.reading.transcripts import read_transcript

async def main():
    async with open_coach(Settings.load()) as coach:
        call_id = coach.add_call(read_transcript(Path(sys.argv[1])))
        async for event in coach.ask("t", FIRST_QUESTION, call_id):
            if isinstance(event, ToolStarted):
                os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_a_killed_process_resumes(coach_home: Path, example: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    clone(coach_home, home)
    environment = {**os.environ, "COACH_HOME": str(home), "PYTHONPATH": str(Path(__file__).parent.parent)}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(example)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    transcript = read_transcript(example)
    async with open_coach(Settings.load(home=home)) as coach:
        answer = await answer_of(coach, FIRST_QUESTION)  # the call is known, though its question was never answered
        assert answer.probability is not None
        parts = build_parts(Settings.load(home=home))
        assert not quoted_in(home, transcript, parts, answer)

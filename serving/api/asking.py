"""Questions to the coach: one answer, or what it does about the question as server-sent events."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from fastapi import Request
from pydantic import Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from agent.coach import Answer, Coach, Event, Token, ToolFinished, ToolStarted, Waiting
from salescoach.errors import CoachError
from serving.api.answers import answer
from serving.api.bodies import MaybeCall, transcript_of
from serving.api.keys import Reading
from serving.api.problems import as_document, problem_of, request_id_of
from serving.api.routes import routes
from serving.api.state import ApiState, State
from serving.usecases.as_json import plain
from serving.usecases.ask import asked_once
from serving.usecases.lost_library import check_library

MAX_QUESTION: Final = 4_000
EVENTS: Final = "text/event-stream"

router = routes("about a call")


class ToAsk(MaybeCall):
    """A question, and at most one call that it is about."""

    question: str = Field(min_length=1, max_length=MAX_QUESTION, examples=["What should I do next?"])


@router.post(
    "/ask",
    response_model=Answer,
    summary="Ask the coach one question",
    responses={200: {"content": {EVENTS: {"schema": {"type": "string"}}}}},
)
async def ask(body: ToAsk, request: Request, state: State, _: Reading) -> Any:
    """The coach has heard nothing before and remembers nothing. A call that is sent is kept privately in the library.

    With `Accept: text/event-stream` the events are `waiting`, `tool_started`, `tool_finished`, `token` and, last,
    `answer` with the whole answer, or `problem`.
    """
    coach = await state.coach()
    call_id = await _call_of(state, coach, body)
    events = asked_once(coach, body.question, call_id, "api")
    if EVENTS in request.headers.get("accept", ""):
        return EventSourceResponse(_sent(events, request_id_of(request.scope)), sep="\n", ping=15)
    return await _whole(events)


async def _call_of(state: ApiState, coach: Coach, body: ToAsk) -> str | None:
    """The id of the call that is asked about."""
    if body.call_id is not None or not body.n_given:
        check_library(state.settings, must_exist=True)
        if body.call_id is not None:
            await state.run(coach.call, body.call_id, None)
        return body.call_id
    call = await transcript_of(state, body)
    check_library(state.settings)
    return await state.run(coach.add_call, call)


async def _whole(events: AsyncGenerator[Event, None]) -> Any:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answer):
                return answer(event)
    raise AssertionError("a question ends with an answer")


async def _sent(events: AsyncGenerator[Event, None], request_id: str) -> AsyncGenerator[ServerSentEvent, None]:
    async with aclosing(events):
        try:
            async for event in events:
                yield _as_sent(event)
        except (CoachError, TimeoutError) as error:
            problem = as_document(problem_of(error), request_id)
            yield ServerSentEvent(json.dumps(problem, ensure_ascii=False), event="problem")


def _as_sent(event: Event) -> ServerSentEvent:
    name: str
    data: Any
    match event:
        case ToolStarted():
            name, data = "tool_started", {"id": event.id, "name": event.name, "args": event.args}
        case ToolFinished():
            result = event.text if event.result is None else plain(event.result)
            name, data = "tool_finished", {"id": event.id, "name": event.name, "result": result}
        case Token():
            name, data = "token", {"text": event.text}
        case Answer():
            name, data = "answer", plain(event)
        case Waiting():
            name, data = "waiting", {"n_ahead": event.n_ahead}
    return ServerSentEvent(json.dumps(data, ensure_ascii=False, allow_nan=False), event=name)

"""Asking the coach: what it does about a question, with the scores noted that the user sees by it."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from agent.build import build_coach, build_parts
from agent.coach import Answer, Coach, Event, ToolFinished
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.types import Transcript
from serving.usecases.answer_traces import traced
from serving.usecases.score_log import Door, log_to, warned_only
from tools.score_call import ScoreResult


async def noting_scores(events: AsyncGenerator[Event, None], coach: Coach, door: Door) -> AsyncGenerator[Event, None]:
    """Passes on what a coach does about a question, and notes each score before it is shown.

    Args:
        events: as ``Coach.ask`` gives them; they are closed with this.
        coach: the coach that is asked.
        door: where the answer is seen.
    """
    async with aclosing(traced(events, door)) as passed:
        async for event in passed:
            if isinstance(event, ToolFinished) and isinstance(event.result, ScoreResult):
                await asyncio.to_thread(_note, coach, event.result, door)
            yield event


async def asked_once(coach: Coach, question: str, call_id: str | None, door: Door) -> AsyncGenerator[Event, None]:
    """What a coach does about a question of no conversation: it has heard nothing before and keeps nothing.

    Args:
        coach: the coach that is asked.
        question: the user's words.
        call_id: the call that is asked about; None: none in particular.
        door: where the answer is seen.

    Raises:
        InputError: there is no such call.
        CoachError: too many questions wait already.
    """
    thread = f"once-{uuid.uuid4().hex}"
    try:
        async with aclosing(noting_scores(coach.ask(thread, question, call_id), coach, door)) as events:
            async for event in events:
                yield event
    finally:
        await coach.forget(thread)


async def ask_once(settings: Settings, question: str, transcript: Transcript | None, door: Door) -> Answer:
    """The answer to one question, by a coach that has heard nothing before.

    Args:
        settings: name the model and the library.
        question: the user's words.
        transcript: the call that is asked about, which is kept in the library privately.
        door: where the answer is seen.

    Raises:
        CoachError: model or library can't be used.
    """
    coach = build_coach(settings, build_parts(settings))
    call_id = coach.add_call(transcript) if transcript else None
    async with aclosing(asked_once(coach, question, call_id, door)) as events:
        async for event in events:
            if isinstance(event, Answer):
                return event
    raise AssertionError("a question ends with an answer")


def _note(coach: Coach, result: ScoreResult, door: Door) -> None:
    library = coach.parts.library
    with warned_only(), suppress(InputError):  # of a call that was deleted since: what is gone leaves no line
        transcript = library.get(result.call_id).transcript
        log_to(library.file, door)([(transcript, result.score)])

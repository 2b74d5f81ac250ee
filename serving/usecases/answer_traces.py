"""The trace of an answer: the whole of it, and each tool that ran for it. Neither question nor answer is in it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from agent.coach import Event, ToolFinished, ToolStarted
from serving.tracing import TracedSpan, begin
from serving.usecases.score_log import Door
from tools.registry import SPECS
from tools.score_call import ScoreResult

TOOLS: Final = frozenset(spec.name for spec in SPECS)
OTHER: Final = "other"  # a language model may ask for a tool by any word


async def traced(events: AsyncGenerator[Event, None], door: Door) -> AsyncGenerator[Event, None]:
    """Passes on what a coach does about a question, in a span of its own with one for each tool.

    Args:
        events: as ``Coach.ask`` gives them; they are closed with this.
        door: where the answer is seen.
    """
    whole, tools = begin("answer"), dict[str, TracedSpan]()
    whole.note(door=door)
    failed: BaseException | None = None
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, ToolStarted):
                    tools[event.id] = one = begin("tool", whole)
                    one.note(tool=event.name if event.name in TOOLS else OTHER)
                elif isinstance(event, ToolFinished) and event.id in tools:
                    _end(tools.pop(event.id), event)
                yield event
    except GeneratorExit:  # whoever listened has left: they had the answer, or stopped
        raise
    except BaseException as error:
        failed = error
        raise
    finally:
        for one in tools.values():
            one.end(failed)
        whole.end(failed)


def _end(one: TracedSpan, event: ToolFinished) -> None:
    if isinstance(event.result, ScoreResult):
        score = event.result.score
        one.note(n_turns=event.result.n_turns, model_id=score.model_id, abstained=score.abstained)
    one.end()

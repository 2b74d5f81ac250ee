"""The untrained encoder and the router on it, loaded once a process; what of an answer no result holds."""

import functools
from collections.abc import Sequence

from pydantic import BaseModel

from agent.evidence import unfounded
from agent.intents import IntentRouter
from eval.groundedness import check_answer
from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import TurnEncoder
from tools.document import AnswerDocument


@functools.cache
def base_encoder() -> TurnEncoder:
    """The bundled encoder as it comes; it keeps its vectors in memory."""
    return TurnEncoder.load(resolve_base_model(BUNDLED_BASE_MODEL), fingerprint="base")


@functools.cache
def base_router() -> IntentRouter:
    """The router as the coach has it beside a fine-tuned model."""
    return IntentRouter(base_encoder())


def faults_of(answer: AnswerDocument, results: Sequence[BaseModel], question: str = "") -> list[str]:
    """What the coach finds of quotes and citations, and what the judges' check, which shares no code with it, finds."""
    printed = {
        "answer": answer.markdown(),
        "citations": [one.model_dump(mode="json") for one in answer.citations()],
        "tool_calls": [{"args": {}, "result": result.model_dump(mode="json")} for result in results],
    }
    return [*unfounded(answer, results), *map(str, check_answer(printed, question).failures)]

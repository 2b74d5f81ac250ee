"""The untrained encoder and the router on it, loaded once a process."""

import functools

from agent.intents import IntentRouter
from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import TurnEncoder


@functools.cache
def base_encoder() -> TurnEncoder:
    """The bundled encoder as it comes; it keeps its vectors in memory."""
    return TurnEncoder.load(resolve_base_model(BUNDLED_BASE_MODEL), fingerprint="base")


@functools.cache
def base_router() -> IntentRouter:
    """The router as the coach has it beside a fine-tuned model."""
    return IntentRouter(base_encoder())

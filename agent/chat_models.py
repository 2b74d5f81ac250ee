"""Which language model words the answers. Calls are confidential, so none outside this machine unless said outright."""

import ipaddress
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel

from agent.drafting import DraftError
from salescoach.config import Settings
from salescoach.errors import InputError

logger = logging.getLogger(__name__)

OPENAI_HOST = "api.openai.com"
OFFLINE = "offline"
MAX_BODY_BYTES = 16 * 2**20  # of one reply as it is streamed, a few hundred for each token


@dataclass(frozen=True)
class Wording:
    """The language model that words answers. ``host`` is where text goes; None where it stays in this process."""

    model: BaseChatModel
    name: str
    host: str | None


def choose_wording(settings: Settings, offline: BaseChatModel) -> Wording:
    """The chat model that ``COACH_LLM`` asks for; ``auto`` takes one only where it runs on this machine.

    Raises:
        InputError: the setting can't be understood.
    """
    if settings.llm == "auto":
        if settings.openai_base_url is None or not is_this_machine(_host_of(settings.openai_base_url)):
            return Wording(offline, OFFLINE, None)
        name = _first_model(settings)
        return _openai(settings, name) if name else Wording(offline, OFFLINE, None)
    if settings.llm == OFFLINE:
        return Wording(offline, OFFLINE, None)
    provider, _, name = settings.llm.partition(":")
    if provider != "openai" or not name:
        raise InputError(f"COACH_LLM must be auto, offline or openai:<model>, not {settings.llm!r}.")
    return _openai(settings, name)


def is_this_machine(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _openai(settings: Settings, name: str) -> Wording:
    from langchain_openai import ChatOpenAI

    key = settings.openai_api_key
    if key is None and settings.openai_base_url is None:
        raise InputError(f"COACH_LLM is openai:{name}, but OPENAI_API_KEY is not set; set it, or COACH_LLM=offline.")
    host = _host_of(settings.openai_base_url) if settings.openai_base_url else OPENAI_HOST
    # The newer name of this limit is OpenAI's own; other servers know the older one.
    limit: dict[str, Any] = (
        {"max_completion_tokens": settings.max_answer_tokens}
        if host == OPENAI_HOST
        else {"extra_body": {"max_tokens": settings.max_answer_tokens}}
    )
    model = ChatOpenAI(
        model=name,
        base_url=settings.openai_base_url,
        api_key=key or (lambda: "not-needed"),
        temperature=0,
        timeout=settings.deadline_s,
        max_retries=0,  # agent/drafting.py asks again, also where a stream breaks off
        streaming=True,  # a server stops writing when the deadline closes the connection
        use_responses_api=False,
        http_async_client=_http_client(),
        **limit,
    )
    return Wording(model, f"openai:{name}", host)


def _http_client() -> Any:
    """A client that gives up on a body that doesn't end, and keeps no connection: nobody closes it at the end."""
    from openai import DefaultAsyncHttpxClient

    async def limit(response: Any) -> None:
        whole = response.aiter_bytes

        async def limited(*args: Any) -> AsyncIterator[bytes]:
            n_bytes = 0
            async for piece in whole(*args):
                n_bytes += len(piece)
                if n_bytes > MAX_BODY_BYTES:
                    raise DraftError("the body is too long")
                yield piece

        response.aiter_bytes = limited

    return DefaultAsyncHttpxClient(event_hooks={"response": [limit]}, headers={"Connection": "close"})


def _first_model(settings: Settings) -> str | None:
    """The first model that a server on this machine offers; None, with a note in the log, where it doesn't answer."""
    from openai import OpenAI, OpenAIError

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "not-needed"
    try:
        client = OpenAI(base_url=settings.openai_base_url, api_key=key, timeout=5, max_retries=0)
        return next((model.id for model in client.models.list()), None)
    except OpenAIError as error:
        logger.warning(
            "No language model answers at OPENAI_BASE_URL (%s); the offline coach speaks.", type(error).__name__
        )
        return None


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or url

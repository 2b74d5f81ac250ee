"""Which language model words the answers. Calls are confidential, so none outside this machine unless said outright."""

import functools
import itertools
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel

from agent.drafting import DraftError
from agent.queue import in_thread
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.hosts import is_this_machine, only_here

if TYPE_CHECKING:
    from openai import OpenAI

logger = logging.getLogger(__name__)

OPENAI_HOST = "api.openai.com"
OFFLINE, OPENAI = "offline", "openai"
MAX_LOCAL_MODELS = 10  # of a server on this machine, that may be chosen from
LIST_SECONDS = 5.0  # that it may take to name them
MAX_BODY_BYTES = 16 * 2**20  # of one reply as it is streamed, a few hundred for each token


@dataclass(frozen=True)
class Wording:
    """The language model that words answers. ``host`` is where text goes; None where it stays in this process."""

    model: BaseChatModel
    name: str
    host: str | None


@dataclass(frozen=True)
class Wordings:
    """Who may word answers: ``chosen`` unless a user prefers another of ``names``, which ``make`` makes."""

    chosen: Wording
    names: tuple[str, ...]
    make: Callable[[str], Wording]


def choose_wording(settings: Settings, offline: BaseChatModel) -> Wording:
    """The chat model that ``COACH_LLM`` asks for; ``auto`` takes one only where it runs on this machine.

    Raises:
        InputError: the setting can't be understood.
    """
    return choose_wordings(settings, offline).chosen


def choose_wordings(settings: Settings, offline: BaseChatModel) -> Wordings:
    """As ``choose_wording``, with what a user may choose in its place.

    That is the offline coach, always, and with ``auto`` the models of a server on this machine. Nothing that leaves it
    is among them, unless ``COACH_LLM`` names it.

    Raises:
        InputError: the setting can't be understood.
    """
    names = [f"{OPENAI}:{model}" for model in _model_names(settings)]

    def make(name: str) -> Wording:
        if name not in names:
            return Wording(offline, OFFLINE, None)
        return _openai(settings, name.removeprefix(f"{OPENAI}:"))

    return Wordings(make(names[0] if names else OFFLINE), (*names, OFFLINE), functools.cache(make))


def language_model(settings: Settings) -> Wording | None:
    """The language model that ``COACH_LLM`` asks for, as ``choose_wording`` takes it; None where none may speak.

    Raises:
        InputError: the setting can't be understood.
    """
    names = _model_names(settings)
    return _openai(settings, names[0]) if names else None


def _model_names(settings: Settings) -> list[str]:
    """The language models that may speak, the first of them by default."""
    if settings.llm == "auto":
        is_here = settings.openai_base_url is not None and is_this_machine(_host_of(settings.openai_base_url))
        return _local_models(settings) if is_here else []
    if settings.llm == OFFLINE:
        return []
    provider, _, name = settings.llm.partition(":")
    if provider != OPENAI or not name:
        raise InputError(f"COACH_LLM must be auto, offline or openai:<model>, not {settings.llm!r}.")
    return [name]


def _openai(settings: Settings, name: str) -> Wording:
    from langchain_openai import ChatOpenAI
    from openai import DefaultHttpxClient

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
        openai_proxy=None,  # else the environment's, which this client refuses beside a client of ours
        http_client=DefaultHttpxClient(**only_here(host)),
        http_async_client=_http_client(host),
        **limit,
    )
    return Wording(model, f"{OPENAI}:{name}", host)


def _http_client(host: str) -> Any:
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

    return DefaultAsyncHttpxClient(
        event_hooks={"response": [limit]}, headers={"Connection": "close"}, **only_here(host)
    )


def _local_models(settings: Settings) -> list[str]:
    """The first models that a server on this machine offers; none, with a note in the log, where it doesn't answer."""
    from openai import DefaultHttpxClient, OpenAI

    url = settings.openai_base_url or ""
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "not-needed"
    try:
        with DefaultHttpxClient(**only_here(_host_of(url))) as http:
            client = OpenAI(base_url=url, api_key=key, timeout=LIST_SECONDS, max_retries=0, http_client=http)
            # Its timeout is for one piece of the answer, however many there are.
            return in_thread(_first_names, client).result(LIST_SECONDS)
    except Exception as error:  # servers of many makes fail in ways of their own
        logger.warning(
            "No language model answers at OPENAI_BASE_URL (%s); the offline coach speaks.", type(error).__name__
        )
        return []


def _first_names(client: "OpenAI") -> list[str]:
    return list(dict.fromkeys(model.id for model in itertools.islice(client.models.list(), MAX_LOCAL_MODELS)))


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or url

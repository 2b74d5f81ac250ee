"""The settings panel of the page, and what it means for a question."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chainlit.input_widget import InputWidget, Select, Slider
from pydantic import ValidationError

from agent.chat_models import OFFLINE, Wording
from agent.preferences import MAX_PRECEDENTS, Preferences
from salescoach.hosts import is_this_machine

DEFAULT_METHOD: Final = "default"
_METHODS: Final = {
    "The model's default, which judged best": DEFAULT_METHOD,
    "Likeness to won and lost calls: cosine": "cosine",
    "Likeness: Euclidean distance": "euclidean",
    "Likeness: nearest and varied calls (MMR)": "mmr",
    "Likeness: hybrid of the three": "hybrid",
}
_DETAILS: Final = {"All of it": "full", "In short": "short"}


def widgets(wordings: Sequence[str], default: Wording, chosen: Preferences) -> list[InputWidget]:
    """What can be set, as it is set. ``default`` words the answers where nothing was chosen."""
    return [
        Select(
            id="wording",
            label="Who words the answers",
            items={_speaker(name, default.host): name for name in wordings},
            initial_value=chosen.wording or default.name,
            description="Numbers, quotes and ids are the same with each: they come from the tools.",
        ),
        Select(id="detail", label="Detail", items=dict(_DETAILS), initial_value=chosen.detail),
        Slider(
            id="n_precedents",
            label="Similar calls to show",
            initial=chosen.n_precedents,
            min=1,
            max=MAX_PRECEDENTS,
            step=1,
        ),
        Slider(
            id="diversity",
            label="Likeness or variety (λ)",
            initial=chosen.diversity,
            min=0,
            max=1,
            step=0.1,
            description="1 shows the most similar calls, 0 the most different ones among them.",
        ),
        Select(
            id="method",
            label="Scored by",
            items=dict(_METHODS),
            initial_value=chosen.method or DEFAULT_METHOD,
            description="The default is the arm that did best on calls it had not seen.",
        ),
    ]


def preferences_of(values: Mapping[str, Any] | None) -> Preferences:
    """What the panel says; the defaults where it says something that can't be chosen there."""
    given = {name: value for name, value in (values or {}).items() if name in Preferences.model_fields}
    if given.get("method") == DEFAULT_METHOD:
        given["method"] = None
    try:
        return Preferences.model_validate(given)
    except ValidationError:
        return Preferences()


def _speaker(name: str, host: str | None) -> str:
    if name == OFFLINE:
        return "The offline coach: nothing leaves this machine"
    if host is None or is_this_machine(host):
        return f"{name}, on this machine"
    return f"{name}: questions and quotes are sent to {host}"

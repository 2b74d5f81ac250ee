"""What a client's model gets to see of a result, where names, numbers and mail are masked.

The shape of a result and every number that the coach computed stay as they are. Texts are masked unless their type says
that they are the coach's own words, so that a field that is added later is masked until somebody says otherwise.
"""

import functools
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from salescoach.redact.our_words import OURS
from salescoach.redact.sanitise import sanitise
from salescoach.types import MetricReading, PublishedFigure, Role, ScoredExchange, Transcript

T = TypeVar("T", bound=BaseModel)

NAME: Final = "[name]"
LEFT_OUT: Final = "“[left out]”"
WHO: Final[Mapping[Role, str]] = {"rep": "Rep", "customer": "Customer", "unknown": "Speaker"}
KINDS: Final = {"call_id": "call", "account_id": "account", "rep_id": "rep"}
# Columns of a table may hold anything; these are what the coach itself groups calls by.
SHOWN_METADATA: Final = frozenset(
    "call_type deal_size deal_type industry market provenance stage_at_call started_at".split()
)
# Beside what is marked as ours in its type: names of metrics and moves, and what others have published.
_OURS_TOO: Final[Mapping[type[BaseModel], frozenset[str]]] = {
    MetricReading: frozenset({"name", "unit"}),
    ScoredExchange: frozenset({"moves"}),
    PublishedFigure: frozenset(PublishedFigure.model_fields),
}
_QUOTED = re.compile("“[^”]*”?")
_NAMED = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")


class Masks:
    """Masks results of one library. The same id gets the same alias each time, which tells nothing about the id."""

    def __init__(self, key: str, transcript_of: Callable[[str], Transcript | None]) -> None:
        """``key``: what aliases are made with, known to this machine alone; ``transcript_of``: the call of an id."""
        self._key = key.encode()
        self._transcript_of = transcript_of
        self._last: tuple[Transcript, Callable[[str], str]] | None = None  # a result is mostly about one call

    def alias(self, kind: str, name: str) -> str:
        """What an id is called outside, such as ``call-0a1b2c3d4e5f``."""
        digest = hmac.new(self._key, f"{kind}:{name}".encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:12]}"

    def masked(self, found: T, call: Transcript | None) -> T:
        """A result as a client may see it.

        Args:
            found: the result.
            call: what it is about; parts of it that name another call are masked by that one.
        """
        own = getattr(found, "call_id", None)
        if isinstance(own, str):
            call = self._transcript_of(own) or call
        changed = {name: self._field(found, name, getattr(found, name), call) for name in type(found).model_fields}
        return found.model_copy(update=changed)

    def words(self, text: str, call: Transcript | None) -> str:
        """Words that somebody said, without links, contacts, names and sums."""
        return self._masker(call or Transcript(turns=()))(sanitise(text))

    def ours(self, text: str, call: Transcript | None) -> str:
        """The coach's own words, without what they quote and whom they name."""
        names = _names_in(call) if call else frozenset()
        text = _QUOTED.sub(LEFT_OUT, text)
        return _NAMED.sub(lambda found: NAME if found[0][0].isupper() and found[0].lower() in names else found[0], text)

    def _masker(self, call: Transcript) -> Callable[[str], str]:
        last = self._last
        if last is None or last[0] is not call:
            from salescoach.redact.masking import masker  # sklearn takes a second to import

            self._last = last = (call, masker(call))
        return last[1]

    def _field(self, found: BaseModel, name: str, value: Any, call: Transcript | None) -> Any:
        if isinstance(value, str):
            if name in KINDS:
                return self.alias(KINDS[name], value)
            if name == "speaker":
                return WHO.get(getattr(found, "role", "unknown"), WHO["unknown"])
        if name == "metadata" and isinstance(value, Mapping):
            return {key: sanitise(text) for key, text in value.items() if key in SHOWN_METADATA}
        if name in fixed_fields(type(found)):
            return value
        return self._value(value, call, is_ours=name in our_fields(type(found)))

    def _value(self, value: Any, call: Transcript | None, *, is_ours: bool) -> Any:
        if isinstance(value, BaseModel):
            return self.masked(value, call)
        if isinstance(value, str):
            return self.ours(value, call) if is_ours else self.words(value, call)
        if isinstance(value, tuple | list):
            return type(value)(self._value(one, call, is_ours=is_ours) for one in value)
        if isinstance(value, Mapping):
            return {key: self._value(one, call, is_ours=is_ours) for key, one in value.items()}
        return value


@functools.cache
def our_fields(of: type[BaseModel]) -> frozenset[str]:
    """The fields of a type whose texts are the coach's own."""
    marked = {name for name, field in of.model_fields.items() if OURS in field.metadata}
    return frozenset(marked) | _OURS_TOO.get(of, frozenset())


@functools.cache
def fixed_fields(of: type[BaseModel]) -> frozenset[str]:
    """The fields of a type that hold one of a few values that the type itself lists."""
    return frozenset(name for name, field in of.model_fields.items() if _is_fixed(field.annotation))


def _is_fixed(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Literal:
        return True
    if origin is Annotated:
        return _is_fixed(get_args(annotation)[0])
    if origin in (Union, UnionType, tuple):
        inner = [one for one in get_args(annotation) if one not in (NoneType, ...)]
        return bool(inner) and all(map(_is_fixed, inner))
    return False


def _names_in(call: Transcript) -> frozenset[str]:
    """The words of the speakers' labels, in small letters; labels that name a side are no names."""
    words = {word.lower() for turn in call.turns for word in _NAMED.findall(turn.speaker)}
    return frozenset(words - {who.lower() for who in WHO.values()} - {"agent", "seller", "buyer", "client", "prospect"})

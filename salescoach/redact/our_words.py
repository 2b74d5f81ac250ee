"""Which texts of a result are our own: they may be repeated as they stand, and kept, as nobody said them in a call."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel

_Text = TypeVar("_Text", str, str | None, tuple[str, ...])

OURS: Final = object()
Ours = Annotated[_Text, OURS]  # the type of a field; of all others, any text may be somebody's


def our_words(found: object) -> Iterator[str]:
    """Every text in a result whose field is marked as ours, however deep."""
    if isinstance(found, BaseModel):
        for name, field in type(found).model_fields.items():
            value = getattr(found, name)
            if OURS not in field.metadata:
                yield from our_words(value)
            elif value is not None:
                yield from (value,) if isinstance(value, str) else value
    elif isinstance(found, Mapping):
        yield from our_words(tuple(found.values()))
    elif isinstance(found, tuple | list):
        for one in found:
            yield from our_words(one)

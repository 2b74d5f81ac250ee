"""Lists in a JSON value, wherever they stand, and the records around each of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from salescoach.reading.records.fields import folded

_NUMBERED = re.compile(r"\D{0,40}\d[\w-]{0,80}")
_FEWEST_NUMBERED: Final = 2
_MAX_DEPTH: Final = 12  # of records and lists within each other; no export is so deep


@dataclass(frozen=True)
class Around:
    """A record on the way to a list.

    ``in_list`` is the name of the list that it is an item of, None if of none, and ``n_beside`` how many that list has.
    """

    record: dict[str, Any]
    in_list: str | None
    n_beside: int = 0


@dataclass(frozen=True)
class Found:
    """A list that holds records: its name (empty if it has none), and the records around it, the outermost first."""

    name: str
    records: list[dict[str, Any]]
    n_others: int
    around: tuple[Around, ...]
    path: tuple[str, ...]


def lists_in(root: Any) -> Iterator[Found]:
    """All lists in a JSON value that hold records, in its order."""
    to_do: list[tuple[Any, str, tuple[Around, ...], tuple[str, ...]]] = [(root, "", (), ())]
    while to_do:
        value, name, around, path = to_do.pop()
        if len(path) > _MAX_DEPTH:
            continue
        items = _items(value)
        if items is None:
            inner = around if around and around[-1].record is value else (*around, Around(value, None))
            children = [
                (child, folded(str(key)), inner, (*path, folded(str(key))))
                for key, child in value.items()
                if isinstance(child, dict | list)
            ]
        else:
            records = [item for _, item in items if isinstance(item, dict)]
            if records:
                yield Found(name, records, len(items) - len(records), around, path)
            children = [
                (
                    item,
                    name,
                    (*around, Around(item if isinstance(item, dict) else {"id": key}, name, len(items))),
                    below,
                )
                for below in [(*path, "*")]
                for key, item in items
                if isinstance(item, list) or (isinstance(item, dict) and _holds_more(item))
            ]
        to_do += reversed(children)


def _holds_more(record: dict[str, Any]) -> bool:
    return any(isinstance(value, dict | list) for value in record.values())


def _items(value: Any) -> list[tuple[str | None, Any]] | None:
    """What is in a list, or in a record of numbered or named-by-number records that is one in fact; None for others."""
    if isinstance(value, list):
        return [(None, item) for item in value]
    if (
        not isinstance(value, dict)
        or len(value) < _FEWEST_NUMBERED
        or not all(map(_NUMBERED.fullmatch, map(str, value)))
    ):
        return None
    kind = dict if isinstance(next(iter(value.values())), dict) else list
    return (
        [(str(key), item) for key, item in value.items()]
        if all(isinstance(one, kind) for one in value.values())
        else None
    )


def records_in(root: Any) -> Iterator[dict[str, Any]]:
    """All records in a JSON value, in its order, each before those within it."""
    to_do: list[tuple[Any, int]] = [(root, 0)]
    while to_do:
        value, depth = to_do.pop()
        if isinstance(value, dict):
            yield value
        if depth < _MAX_DEPTH:
            children = value.values() if isinstance(value, dict) else value
            to_do += [(one, depth + 1) for one in reversed(list(children)) if isinstance(one, dict | list)]

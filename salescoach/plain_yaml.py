"""Reads YAML that somebody passes on: plain data without aliases, and on which line each part of it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from salescoach.errors import InputError

Place = Sequence[str | int]


@dataclass(frozen=True)
class PlainYaml:
    """What a YAML text holds. ``data``: None where it is empty."""

    data: Any
    _root: yaml.Node | None

    def line_of(self, place: Place) -> int:
        """The line, from 1, of a part of the data, or of what holds it where there is no such part.

        Args:
            place: keys of mappings and places in lists, from the outside in.
        """
        node, line = self._root, 1
        for key in place:
            found = _within(node, key)
            if found is None:
                break
            node, line = found
        return line


def read_yaml(content: bytes, name: str, at_most: int) -> PlainYaml:
    """The data in a YAML text.

    Args:
        content: the text, as UTF-8.
        name: of the file, for the message.
        at_most: bytes; more is refused.

    Raises:
        InputError: it is too long or no YAML, or has aliases, by which a short file can stand for endless data; names
            the file and, where it is known, the line.
    """
    if len(content) > at_most:
        raise InputError(f"{name} is too long: it may have at most {at_most:,} bytes.")
    try:
        loader = _PlainLoader(content.decode())
        root = loader.get_single_node()
        return PlainYaml(None if root is None else loader.construct_document(root), root)
    except UnicodeDecodeError:
        raise InputError(f"{name} is no UTF-8 text; save it as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{name}{where}: this is no YAML ({error.problem or error.context}).") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise InputError(f"{name} can't be read as YAML.") from None


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "it has an alias", mark)
        return super().compose_node(parent, index)


def _within(node: yaml.Node | None, key: str | int) -> tuple[yaml.Node, int] | None:
    """A part of a node, and the line that names it."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == str(key):
                return value, name.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key].start_mark.line + 1
    return None

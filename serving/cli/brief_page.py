"""``coach brief`` as people read it: half a page, every line with its turn."""

from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from salescoach.brief.results import Brief, BriefPerson
from salescoach.moves.reader import OWN_READER

_NOTE: Final = "Quotes chosen by a model that learned from written calls; docs/brief.md says how well."
_WORDED: Final = (
    "Worded by {reader}. Each line's quote stands in its turn; whether the line says the same isn't checked."
)
_SIDES: Final = {"rep": "Your side", "customer": "Customer", "unknown": "Side unknown"}


def brief_page(found: Brief) -> RenderableType:
    """The brief, at most 100 columns wide; then the draft of a mail where there is one."""
    is_ours = found.reader == OWN_READER
    parts: list[RenderableType] = [Text(" ".join(one.text for one in found.summary), style="bold"), ""]
    parts += [Text(f"{title}: {_names(found.people, side)}") for side, title in _SIDES.items() if _has(found, side)]
    for title, lines in found.sections():
        parts += ["", Text(title, style="cyan")]
        parts += [_item(one.text if is_ours else f"{one.text} (“{one.quote}”)", one.turn) for one in lines]
    if found.open_points:
        parts += ["", Text("Open", style="cyan")]
        parts += [_item(one.text, one.turn) for one in found.open_points]
    if found.email is not None:
        parts += ["", Text("Follow-up mail", style="cyan"), Padding(Text(found.email), (0, 0, 0, 2))]
    parts += [
        "",
        *(Text(f"Note: {warning}") for warning in found.warnings),
        Text(_NOTE if is_ours else _WORDED.format(reader=found.reader), style="dim"),
    ]
    return Group(*parts)


def _item(text: str, turn: int | None) -> RenderableType:
    place = "" if turn is None else f"T{turn}"
    return Padding(Text(f"{place:<4} {text}", overflow="fold"), (0, 0, 0, 2))


def _has(found: Brief, side: str) -> bool:
    return any(one.side == side for one in found.people)


def _names(people: tuple[BriefPerson, ...], side: str) -> str:
    return ", ".join(f"{one.name}{' (decides)' if one.decides else ''}" for one in people if one.side == side)

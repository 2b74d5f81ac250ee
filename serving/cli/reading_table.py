"""``coach read`` as people read it: what a file was taken for, and the turns of its calls with their sides."""

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salescoach.reading.files import FileCall, FileContent

MAX_CALLS: Final = 3  # shown whole; the others are a line each
MAX_TURNS: Final = 60
MAX_QUOTE: Final = 160
_SIDES: Final = {"rep": "your side", "customer": "customer", "unknown": "side unknown"}


def reading_page(found: FileContent) -> RenderableType:
    """The calls of a file, at most 100 columns wide."""
    n = len(found.calls)
    parts: list[RenderableType] = [Text(f"Read as {found.format}: {n} call{'s' * (n != 1)}.")]
    parts += [Text(f"Note: {warning}", style="yellow") for warning in found.warnings]
    for number, call in enumerate(found.calls, start=1):
        parts += ["", Text(_heading(call, number), style="bold")]
        parts += [Text(f"Note: {warning}", style="yellow") for warning in call.warnings]
        if number <= MAX_CALLS:
            parts.append(_turns(call))
    return Group(*parts)


def _heading(call: FileCall, number: int) -> str:
    known = [call.title, call.account, call.started_at.strftime("%d %B %Y %H:%M") if call.started_at else None]
    facts = [fact for fact in (*known, f"{len(call.turns)} turns", call.outcome) if fact]
    return f"{call.call_id or f'Call {number}'}: {', '.join(facts)}"


def _turns(call: FileCall) -> Table:
    table = Table.grid(padding=(0, 1))
    for turn in call.turns[:MAX_TURNS]:
        text = turn.text if len(turn.text) <= MAX_QUOTE else f"{turn.text[: MAX_QUOTE - 1].rstrip()}…"
        table.add_row(
            Text(f"T{turn.turn}", style="cyan"),
            Text("" if turn.start_s is None else _clock(turn.start_s), style="dim"),
            Text(turn.speaker[:20]),
            Text(_SIDES[turn.role], style="dim"),
            Text(text),
        )
    if (more := len(call.turns) - MAX_TURNS) > 0:
        table.add_row("", "", "", "", Text(f"… and {more} more turns", style="dim"))
    return table


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"

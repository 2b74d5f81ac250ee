"""``coach moves`` as people read it: what each turn does, the objections, and the next step."""

from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salescoach.moves.results import CallMoves, ReadNextStep
from salescoach.types import Transcript

MAX_QUOTE: Final = 160  # characters of a turn; the whole of it is in the transcript
_NOTE: Final = "Read by a model that learned from written calls; docs/moves.md says how well, and what it can't hear."


def moves_page(found: CallMoves, call: Transcript) -> RenderableType:
    """Turns that do something, concerns with what was said to them, and the next step, at most 100 columns wide.

    How a concern was met isn't shown: it is read too poorly yet (docs/moves.md).
    """
    parts: list[RenderableType] = [_turns(found, call), ""]
    parts += [_objections(found), ""] if found.objections else [Text("No objections were found."), ""]
    parts.append(Text(_next_step(found.next_step)))
    parts += [Text(f"Note: {warning}") for warning in call.warnings]
    parts.append(Text(_NOTE, style="dim"))
    return Group(*parts)


def _turns(found: CallMoves, call: Transcript) -> Table:
    table = _table("turn", "who", "what was said", "what it does")
    for one in found.turns:
        if one.moves:
            names = Text("\n".join(f"{move.name} {move.probability:.2f}" for move in one.moves))
            turn = call.turns[one.turn - 1]
            table.add_row(f"T{one.turn}", Text(turn.speaker[:16]), Text(_shortened(turn.text)), names)
    return table


def _objections(found: CallMoves) -> Table:
    table = _table("turn", "concern", "what was said", "what was said to it")
    for one in found.objections:
        answer = "no answer was found" if one.answer is None else f"T{one.handled_at}: {_shortened(one.answer)}"
        table.add_row(f"T{one.turn}", one.kind, Text(_shortened(one.quote)), Text(answer))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", style="cyan" if column == "turn" else None)
    return table


def _next_step(step: ReadNextStep | None) -> str:
    if step is None:
        return "No next step was found."
    when = f", {step.when}" if step.when else ", no day named"
    who = {"rep": "your side", "customer": "the customer", "both": "both sides"}[step.who]
    agreed = "the customer agreed" if step.committed else "the customer didn't say yes"
    return f"Next step (T{step.turn}; {who}{when}; {agreed}): “{_shortened(step.what)}”"


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_QUOTE else f"{text[: MAX_QUOTE - 1].rstrip()}…"

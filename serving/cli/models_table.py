"""``coach models list`` as people read it."""

from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from serving.usecases.models import ModelsReport

MAX_SHOWN: Final = 10  # decisions; --json has all


def models_page(found: ModelsReport) -> RenderableType:
    """The champion, a row a challenger, and the latest decisions."""
    champion = found.champion
    parts: list[RenderableType] = [
        Text(f"Champion: {champion.folder} ({champion.model_id}), learned from {champion.data}.", style="bold")
    ]
    for one in found.challengers:
        parts.append(Text(f"Challenger: {one.model.folder} ({one.model.model_id})."))
        parts.append(Text(f"  {_duel_said(one.duel.reading if one.duel else None)}"))
    if not found.challengers:
        parts.append(Text("No model contends with it; `coach models challenge NAME` enters one."))
    if found.others:
        parts.append(Text("Also here: " + ", ".join(f"{one.folder} ({one.model_id})" for one in found.others) + "."))
    if found.history:
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for column in ("when (UTC)", "decision", "model", "by"):
            table.add_column(column, overflow="fold")
        for decision in found.history[-MAX_SHOWN:]:
            when = f"{decision.at:%Y-%m-%d %H:%M}"
            table.add_row(when, decision.what, Text(f"{decision.folder} ({decision.model_id})"), Text(decision.by))
        parts.append(table)
    return Group(*parts)


def _duel_said(reading: str | None) -> str:
    return reading or "There is no library yet, so no call to compare on."

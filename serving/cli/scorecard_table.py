"""``coach scorecard`` as people read it."""

from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salescoach.scorecards.results import WORTH, JudgedCriterion, Met, Scorecard
from salescoach.types import Transcript

MAX_QUOTE: Final = 160  # characters of a turn; --json has the whole
STYLE: Final[dict[Met, str]] = {"yes": "green", "partly": "yellow", "no": "red", "not applicable": "dim"}
_NOTE: Final = (
    "Judged by a model that learned from written calls, and often wrong: docs/scorecards.md says how often. It "
    "describes the call; don't judge anybody by it."
)


def scorecard_page(found: Scorecard, call: Transcript) -> RenderableType:
    """Each criterion with its quote or its reason, and the share met, at most 100 columns wide."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in ("criterion", "met", "turn", "what shows it"):
        table.add_column(column, overflow="fold", style="cyan" if column == "turn" else None)
    for one in found.criteria:
        turn = "" if one.turn is None else f"T{one.turn}"
        table.add_row(Text(one.name), Text(one.met, style=STYLE[one.met]), turn, _shown(one))
    return Group(
        Text(f"{found.playbook}: {_share(found)}", style="bold"),
        table,
        "",
        *(Text(f"Note: {warning}") for warning in call.warnings),
        Text(_NOTE, style="dim"),
    )


def _shown(one: JudgedCriterion) -> Text:
    if one.quote is None:
        return Text(one.why, style="dim")
    return Text(f"“{one.quote}”" if len(one.quote) <= MAX_QUOTE else f"“{one.quote[: MAX_QUOTE - 1].rstrip()}…”")


def _share(found: Scorecard) -> str:
    if found.score is None:
        return "nothing of it applies to this call"
    worth = [WORTH[one.met] for one in found.criteria if one.met != "not applicable"]
    return f"{sum(worth):g} of {len(worth)} met ({round(100 * found.score)} %; partly counts half)"

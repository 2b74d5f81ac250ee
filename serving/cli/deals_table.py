"""``coach deals`` as people read it: the deals, the most urgent first, each risk quoted or dated."""

from collections.abc import Mapping
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salescoach.deals.board import LEVEL_TREND, AccountDeal, DealBoard, DealRisk

MAX_SHOWN: Final = 20  # deals; --json has all
MAX_QUOTE: Final = 110  # characters of a turn
NONE_OPEN: Final = (
    "There are no open deals. A deal is an account with calls whose outcome isn't known yet: add them with "
    "`coach add FILE --account NAME`, or as a table with an account_id column by `coach index`."
)
_NOTE: Final = (
    "The first comes first by risk × time. Risks are read by a model and by dates, and some are wrong: look at the "
    "quoted turn before you act (docs/deals.md says how often)."
)


def deals_page(found: DealBoard, cues: Mapping[str, str] = {}) -> RenderableType:
    """A row a deal, at most 100 columns wide. ``cues``: what to do next, by account."""
    if not found.deals:
        return Text(NONE_OPEN)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column, width in (("account", 18), ("last call", 11), ("score", 10), ("what is at risk", None)):
        table.add_column(column, overflow="fold", max_width=width, style="cyan" if column == "account" else None)
    for deal in found.deals[:MAX_SHOWN]:
        table.add_row(
            Text(deal.account_id), Text(_last_call(deal)), Text(_score(deal)), _risks(deal, cues.get(deal.account_id))
        )
    parts: list[RenderableType] = [Text(f"Deals on {found.on}:", style="bold"), table]
    if len(found.deals) > MAX_SHOWN:
        parts.append(Text(f"{len(found.deals) - MAX_SHOWN} more are in the list of --json."))
    return Group(*parts, Text(_NOTE, style="dim"))


def _last_call(deal: AccountDeal) -> str:
    calls = f"{deal.calls} call{'' if deal.calls == 1 else 's'}"
    last = "no date" if deal.last_call_at is None else f"{deal.last_call_at:%Y-%m-%d}"
    closed = "" if deal.outcome is None else f"\n{deal.outcome}"
    return f"{last}\n{calls}{closed}"


def _score(deal: AccountDeal) -> str:
    if deal.probability is None:
        return "none"
    shown = f"{deal.probability:.0%}"
    if deal.trend is None:
        return shown
    way = "up" if deal.trend > 0 else "down"
    return f"{shown}\nlevel" if abs(deal.trend) < LEVEL_TREND else f"{shown}\n{way} {abs(100 * deal.trend):.0f}"


def _risks(deal: AccountDeal, cue: str | None) -> Text:
    lines = [Text("DO NOT CONTACT", style="bold red")] if deal.do_not_contact else []
    lines += [_risk(risk) for risk in deal.risks]
    if cue is not None:
        lines.append(Text(f"Next: {cue}", style="bold"))
    if deal.n_unread:
        lines.append(Text(f"{deal.n_unread} of its calls could not be read.", style="dim"))
    return Text("\n").join([*(lines or [Text("nothing found")]), Text("")])


def _risk(risk: DealRisk) -> Text:
    said = Text(risk.reading)
    if risk.quote is not None and risk.turn is not None:
        said.append(f"\n  “{_shortened(risk.quote)}” ({risk.call_id}, T{risk.turn})", style="italic")
    elif risk.since is not None:
        said.append(f" (since {risk.since})")
    return said


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= MAX_QUOTE else f"{plain[: MAX_QUOTE - 1].rstrip()}…"

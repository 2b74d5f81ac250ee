"""``coach import crm`` as people read it: what stages were taken for, what changes, and what was left out and why."""

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salescoach.reading.texts import listed
from serving.usecases.import_crm import CallChange, CrmImport

MAX_CHANGES: Final = 200
_NONE: Final = "none"


def import_page(done: CrmImport) -> RenderableType:
    """The whole import, at most 100 columns wide."""
    plan = done.plan
    parts: list[RenderableType] = [Text(f"{plan.n_deals} deals of {plan.crm} beside {plan.n_calls} calls of the team.")]
    parts += [Text(f"Note: {note}", style="yellow") for note in plan.notes]
    parts += ["", Text("Stages", style="bold"), _stages(done)]
    if plan.changes:
        parts += ["", Text("Changes" if not done.is_dry_run else "What would change", style="bold")]
        parts.append(_changes(plan.changes))
    if plan.contradictions:
        parts += ["", Text("Left as they are, as they have another outcome (--replace overwrites)", style="bold")]
        parts.append(_changes(plan.contradictions))
    if plan.left_out:
        parts += ["", Text("Calls without an outcome from this export", style="bold"), _left_out(done)]
    parts += ["", Text(_summary(done))]
    return Group(*parts)


def _stages(done: CrmImport) -> Table:
    table = Table.grid(padding=(0, 2))
    for one in done.plan.mapping:
        table.add_row(Text(f"{one.n}", justify="right"), Text(one.stage), Text(f"→ {one.taken_as}"))
    return table


def _changes(changes: tuple[CallChange, ...]) -> Table:
    table = Table("call", "account", "deal", "stage", "outcome", "new facts", box=None, padding=(0, 1))
    for one in changes[:MAX_CHANGES]:
        outcome = f"{one.before or _NONE} → {one.after}" if one.after != one.before else one.before or _NONE
        facts = ", ".join(f"{name}={value}" for name, value in one.facts.items())
        table.add_row(*map(Text, (one.call_id, one.account or "", one.deal_id, one.stage, outcome, facts)))
    if (more := len(changes) - MAX_CHANGES) > 0:
        table.add_row(Text(f"… and {more} more; --json has all"))
    return table


def _left_out(done: CrmImport) -> Table:
    table = Table.grid(padding=(0, 2))
    for one in done.plan.left_out:
        named = listed([*one.call_ids, *[""] * (one.n - len(one.call_ids))], 3)
        table.add_row(Text(f"{one.n}", justify="right"), Text(one.reason), Text(f"{one.why}: {named}"))
    return table


def _summary(done: CrmImport) -> str:
    plan = done.plan
    changed = [one for one in plan.changes if one.after != one.before]
    n_won = sum(one.after == "converted" for one in changed)
    counts = f"{n_won} won, {len(changed) - n_won} lost; {plan.unchanged} calls had their outcome already."
    if done.is_dry_run:
        return f"Nothing was changed. It would enter: {counts}"
    follow = f" The index of past calls could not follow: {done.trouble}" if done.trouble else ""
    return f"Entered: {counts}{follow}"

"""``coach brief`` as people read it: half a page, and under it the draft of a mail where one was asked for."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salescoach.brief.page import page_lines
from salescoach.brief.results import Brief


def brief_page(brief: Brief) -> RenderableType:
    """A brief, at most 100 columns wide."""
    (_, summary), *parts = page_lines(brief)
    shown: list[RenderableType] = [Text(line) for line in summary]
    if not summary and not parts:
        shown.append(Text("The call says nothing that belongs in a brief."))
    table = Table.grid(padding=(0, 2))
    for name, lines in parts:
        for place, line in enumerate(lines):
            table.add_row(Text("" if place else name, style="bold"), Text(line))
    shown += ["", table] if parts else []
    shown += [Text(f"Note: {warning}") for warning in brief.warnings]
    if brief.email is not None:
        shown += ["", Text(brief.email.subject, style="bold"), Text(brief.email.body)]
    return Group(*shown)

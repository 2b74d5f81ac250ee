"""“Did it come true?” in the chat: what `coach monitor` says, in words with pictures, and each table beside it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import chainlit as cl

from agent.coach import Coach
from eval.online.page import answers, headline, not_judged, sections
from eval.online.results import CameTrue
from eval.report_page import Section, render_tables
from salescoach.config import Settings
from serving.chat import came_true_charts, view
from serving.chat.answering import chart, from_history
from serving.chat.waiting import in_turn
from serving.usecases.monitor import monitor

CAME_TRUE: Final = "Did it come true?"
ASKED: Final = frozenset(
    f"{asks} {what} come true"
    for asks in ("did", "do", "have")
    for what in ("it", "they", "scores", "the scores", "your scores", "our scores", "the probabilities")
)
NONE_YET: Final = (
    "Outcomes are entered with the button “Won or lost?” under an answer, with coach outcome, or from a CRM with "
    "coach import crm. A score counts if it was given before the outcome."
)
HOW: Final = (
    "In brackets: 95 % intervals that count accounts, as calls of one account are not independent. Only the first "
    "score of each call counts, and only if it was noted before the deal ended. Calls are judged, never people."
)
ALARMS: Final = "Alarms"
TENTHS: Final = "Do probabilities mean what they say?"
RELIABILITY: Final = "reliability"  # the picture


def is_asked(text: str) -> bool:
    """Whether a question is this one, in one of its usual wordings."""
    return " ".join(text.casefold().rstrip(" ?!.").split()) in ASKED


async def show_came_true(coach: Coach, settings: Settings, user: str) -> None:
    """Shows how far scores came true, as `coach monitor` says it.

    Args:
        coach: through whose queue the work goes.
        settings: name the library.
        user: who asks.

    Raises:
        CoachError: the library can't be read, or too many questions wait.
    """
    found = await in_turn(coach, user, monitor, settings)
    charts = {name: chart(name, figure) for name, figure in came_true_charts.charts(found).items()}
    first = [charts.pop(RELIABILITY)] if RELIABILITY in charts else []
    panels = [
        from_history(cl.Text(name=panel_name(one), content=section_text(one), display="side")) for one in beside(found)
    ]
    await cl.Message(content=came_true_text(found), elements=first).send()
    await cl.Message(content=tables_text(found), elements=[*charts.values(), *panels]).send()


def beside(found: CameTrue) -> Sequence[Section]:
    """The parts of the report that are read beside the conversation."""
    return [one for one in sections(found) if one.title not in (ALARMS, TENTHS)]


def came_true_text(found: CameTrue) -> str:
    """What the figures mean, in Markdown, alarms first. Whatever comes from a table is escaped."""
    said, _ = headline(found)
    parts = [f"**{said}** {found.n:,} scores have an outcome by {found.as_of}, {found.pending:,} have none."]
    # All alarms stand above, so the last answer, whether something has changed, would say them twice.
    shown = answers(found)[:-1] if found.alarms else answers(found)
    parts += [section_text(one) for one in sections(found) if one.title == ALARMS]
    parts.append("\n".join(f"- **{one.question}** {_plain(one.answer)}" for one in shown))
    return "\n\n".join(parts if found.n else [*parts, NONE_YET])


def tables_text(found: CameTrue) -> str:
    """How many calls of each tenth converted, and what else can be read; in Markdown."""
    parts = [section_text(one) for one in sections(found) if one.title == TENTHS]
    parts.append(f"More: {' · '.join(panel_name(one) for one in beside(found))}")
    return "\n\n".join([*parts, f"Not judged: {not_judged(found)}.", HOW])


def section_text(section: Section) -> str:
    """A part of the report in Markdown."""
    shown = [replace(one, rows=[[view.escape(cell) for cell in row] for row in one.rows]) for one in section.tables]
    tables = render_tables(replace(section, tables=shown))
    said = [_plain(one) for one in section.paragraphs]
    return "\n\n".join([*said, *([tables] if tables else []), *(_plain(one) for one in section.notes)])


def panel_name(section: Section) -> str:
    """How a part of the report is called on the page, which makes a link of it."""
    return view.element_name(section.title.rstrip("?"))


def _plain(text: str) -> str:
    """A sentence of the report, in which the names of commands stand in backquotes."""
    return view.answer_markdown(text.replace("`", ""))

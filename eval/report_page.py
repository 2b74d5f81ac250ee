"""A report as one page that needs nothing else, with its numbers as JSON beside it.

Plotly goes into the page packed, and the browser unpacks it: a page of 2 MB in place of 5. Nothing is loaded from
elsewhere, no text of a call is in it, and whatever comes from data is escaped.
"""

import base64
import functools
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic_core import to_jsonable_python

from eval.plain_figures import Figure
from salescoach.whole_file import whole_file

Tone = Literal["good", "open", "bad"]

TEMPLATE: Final = "report.html"
FOOTNOTE: Final = (
    "In brackets and as bands: the middle 95 % of resampled accounts, as calls of one account are not independent. "
    "That training could have gone otherwise is not in them. This page holds no text of any call and loads nothing "
    "from elsewhere."
)


@dataclass(frozen=True)
class ReportAnswer:
    """A question that a reader has, and what the figures say to it."""

    question: str
    answer: str


@dataclass(frozen=True)
class Table:
    """``lead``: the line before it where nothing else is said; ``is_drawn``: the page has a picture of it instead."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    lead: str = ""
    is_drawn: bool = False


@dataclass(frozen=True)
class Section:
    """``figures``: name and caption of each picture. Paragraphs stand above them, notes below the tables."""

    title: str
    paragraphs: Sequence[str] = ()
    figures: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class ReportPage:
    """All that the template shows. ``facts``: how it was made; ``footnote``: what holds of all its figures."""

    title: str
    kicker: str
    headline: str
    tone: Tone
    answers: Sequence[ReportAnswer]
    sections: Sequence[Section]
    facts: Sequence[tuple[str, str]]
    footnote: str = FOOTNOTE


def write_page(file: Path, page: ReportPage, drawings: Mapping[str, Figure], raw: Mapping[str, Any]) -> None:
    """Writes the page to ``file``, and ``raw`` as JSON beside it, each whole or not there."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    html = environment.get_template(TEMPLATE).render(page=page, figures=drawings, plotly=_packed_plotly())
    known = to_jsonable_python(raw, inf_nan_mode="null")  # JSON has no nan
    numbers = json.dumps(known, ensure_ascii=False, allow_nan=False) + "\n"
    for target, text in ((file, html), (file.with_suffix(".json"), numbers)):
        with whole_file(target) as temporary:
            temporary.write_text(text, encoding="utf-8")


def render_tables(section: Section) -> str:
    """The tables of a section as Markdown, each with its lead."""
    return "\n\n".join(part for one in section.tables for part in (one.lead, _table(one)) if part)


def _table(table: Table) -> str:
    lines = ["| " + " | ".join(table.header) + " |", "|" + " --- |" * len(table.header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in table.rows)])


@functools.cache
def _packed_plotly() -> str:
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode()

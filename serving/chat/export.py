"""A conversation as a file to keep or to send: Markdown, or one page of HTML that needs nothing else.

Answers quote what people said in calls. An answer is read into pieces first, and each piece is escaped for the form it
is written in, so that nothing from a call is ever markup: no script, no picture, no link that leads out of the file.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from salescoach.errors import InputError
from salescoach.types import Citation, LabelledCall
from serving.chat import pictures
from serving.chat import view as chat_view
from serving.chat.answer_blocks import AnswerBlock, AnswerPiece, answer_blocks
from serving.chat.exchanges import Exchange
from serving.chat.svg import SvgGauge, SvgLine
from tools.document import NOT_CHECKED
from tools.model_quality import GOOD_FOR
from tools.score_call import ScoreResult
from tools.score_trajectory import first_judged

TEMPLATE: Final = "export.html"
DELETED: Final = "This call has been deleted since."
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")
MAX_NAME: Final = 60  # letters of a title in a file's name

LookUp = Callable[[str], LabelledCall]  # a call by its id; InputError where there is none


@dataclass(frozen=True)
class Conversation:
    """What is exported. ``model``: the scorer's id; ``data``: what it learned from; ``wording``: who worded it."""

    title: str
    when: datetime
    model: str
    data: str
    wording: str
    exchanges: Sequence[Exchange]


def file_name(title: str, when: datetime, suffix: Literal["md", "html"]) -> str:
    """A name that every system takes: ASCII letters, digits and hyphens, not too long, never a reserved one."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = _NOT_IN_A_NAME.sub("-", plain)[:MAX_NAME].strip("-")
    return "-".join(part for part in ("sales-coach", f"{when:%Y-%m-%d}", words) if part) + f".{suffix}"


def export_markdown(conversation: Conversation, look_up: LookUp) -> str:
    """The conversation in Markdown, its sources behind it."""
    page = _page(conversation, look_up)
    parts = [f"# {_markdown(page.title)}", _markdown(page.kicker)]
    for one in page.exchanges:
        parts += [f"## {_markdown(one.question)}", *_markdown_blocks(one.blocks)]
        if one.numbers:
            parts.append(
                "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in one.numbers)])
            )
    if page.sources:
        parts.append("## Sources")
    for source in page.sources:
        lines = [f"> **{_markdown(head)}** {_markdown(text)}" for head, text in source.turns]
        parts.append(
            "\n>\n".join([f"**{source.number}.** {_markdown(source.about)}", *lines]).replace("\n>\n", "\n\n", 1)
        )
    for readings in page.readings:
        parts += ["## The call in numbers", "\n".join(f"- {_markdown(reading)}" for reading in readings)]
    return "\n\n".join([*parts, "---", *(_markdown(line) for line in page.footer)]) + "\n"


def export_html(conversation: Conversation, look_up: LookUp) -> str:
    """The conversation as one page: no script and nothing from elsewhere, for screen, phone and paper."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(page=_page(conversation, look_up))


# What both forms show


@dataclass(frozen=True)
class _Source:
    """Cited turns: each with who spoke when, and what was said; none where the call is gone."""

    number: int
    about: str
    turns: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class _Shown:
    question: str
    blocks: Sequence[AnswerBlock]
    numbers: Sequence[tuple[str, str]]
    gauge: SvgGauge | None = None
    line: SvgLine | None = None


@dataclass(frozen=True)
class _Page:
    title: str
    kicker: str
    exchanges: Sequence[_Shown]
    sources: Sequence[_Source]
    readings: Sequence[Sequence[str]]
    footer: Sequence[str]


def _page(conversation: Conversation, look_up: LookUp) -> _Page:
    sources = _Sources(look_up)
    return _Page(
        title=conversation.title,
        kicker=f"Sales Coach · {conversation.when:%Y-%m-%d %H:%M %Z}".strip(),
        exchanges=[_shown(one, sources) for one in conversation.exchanges],
        sources=sources.found,
        readings=[
            [reading.reading for reading in one.metrics.metrics if reading.value is not None]
            for one in conversation.exchanges
            if one.metrics is not None
        ],
        footer=(
            f"Scored by {conversation.model}, which learned from {conversation.data}. "
            f"Worded by {conversation.wording}; each number and quote was checked against what the tools found. What "
            f"stands under “{NOT_CHECKED}” was not.",
            f"What the score is: {GOOD_FOR} A turn that moved the score shows what the model goes by, not what the "
            "customer went by.",
            "This file quotes calls. Keep it as you keep the calls: deleting one from the coach doesn't reach it.",
        ),
    )


def _shown(one: Exchange, sources: "_Sources") -> _Shown:
    numbers = {cited.marker: sources.number(cited) for cited in one.citations}
    score = one.score
    has_picture = score is not None and score.probability_percent is not None
    line = pictures.trajectory(score, sources.first_judged(score.call_id)) if has_picture and score else None
    return _Shown(
        question=one.question,
        blocks=list(answer_blocks(one.answer, numbers)),
        numbers=_numbers(score) if score is not None else (),
        gauge=SvgGauge(pictures.gauge(score)) if has_picture and score else None,
        line=SvgLine(line) if line is not None and line.n_turns > 1 else None,
    )


def _numbers(score: ScoreResult) -> list[tuple[str, str]]:
    if score.probability_percent is None:
        return [("Probability", "none given"), ("Turns", str(score.n_turns))]
    rows = [("Probability", f"{score.probability_percent} %")]
    if score.interval_percent is not None:
        rows.append(("Range", f"{score.interval_percent[0]} % to {score.interval_percent[1]} %"))
    rows.append(("Converted of the calls it learned from", f"{score.base_rate_percent} %"))
    return [*rows, ("Turns", str(score.n_turns))]


class _Sources:
    """Numbers what is cited: the same turns of the same call once in a file."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._numbers: dict[tuple[str, int, int], int] = {}
        self.found: list[_Source] = []

    def number(self, cited: Citation) -> int:
        place = (cited.call_id, cited.turn_start, cited.turn_end)
        if place not in self._numbers:
            self._numbers[place] = len(self._numbers) + 1
            self.found.append(self._source(cited, self._numbers[place]))
        return self._numbers[place]

    def first_judged(self, call_id: str) -> int:
        """The first turn of a call up to which it could be judged; 1 where the call is gone."""
        try:
            return first_judged(self._look_up(call_id).transcript)
        except InputError:
            return 1

    def _source(self, cited: Citation, number: int) -> _Source:
        name = f"T{cited.turn_start}" + (f"–{cited.turn_end}" if cited.turn_end > cited.turn_start else "")
        try:
            call = self._look_up(cited.call_id)
        except InputError:
            return _Source(number, f"{name} of call {cited.call_id}. {DELETED}")
        turns = call.transcript.turns
        which = {"converted": "which converted", "lost": "which was lost", None: "whose outcome isn't known"}
        return _Source(
            number,
            f"{name} of {len(turns)} in call {cited.call_id}, {which[call.outcome]}",
            [
                (_head(place, turns[place - 1].speaker, turns[place - 1].start_s), turns[place - 1].text)
                for place in range(cited.turn_start, min(cited.turn_end, len(turns)) + 1)
            ],
        )


def _head(number: int, speaker: str, start_s: float | None) -> str:
    when = "" if start_s is None else f" · {int(start_s) // 60}:{int(start_s) % 60:02d}"
    return f"T{number} · {speaker}{when}"


# Markdown

# A colon before a space or inside of a time does nothing in any Markdown.
_IDLE_COLON: Final = re.compile(r"\\:(?=\s|$)|(?<=\d)\\:(?=\d\d\b)")
_SUPERSCRIPT: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _markdown_blocks(blocks: Sequence[AnswerBlock]) -> Iterator[str]:
    for block in blocks:
        lines = ["".join(map(_markdown_piece, pieces)) for pieces in block.items]
        if not block.is_checked:  # a block quote: no other part of an answer is one
            lines = [f"> {'- ' if block.kind == 'bullets' else ''}{line}" for line in lines]
            yield "\n".join(lines)
            continue
        if block.kind == "heading":
            yield f"### {lines[0]}"
        elif block.kind == "paragraph":
            yield lines[0]
        else:
            starts = ["-"] * len(lines) if block.kind == "bullets" else [f"{n}." for n in range(1, len(lines) + 1)]
            yield "\n".join(f"{start} {line}" for start, line in zip(starts, lines, strict=True))


def _markdown_piece(piece: AnswerPiece) -> str:
    text = _markdown(piece.text) + (str(piece.source).translate(_SUPERSCRIPT) if piece.source else "")
    stars = "*" * (2 * piece.strong + piece.emphasis)
    inner = text.strip()
    if not stars or not inner:
        return text
    before, _, after = text.partition(inner)
    return f"{before}{stars}{inner}{stars}{after}"


def _markdown(text: str) -> str:
    """Text on one line that every reader of Markdown shows as it is."""
    return _IDLE_COLON.sub(":", chat_view.escape(text).replace("\n", " "))

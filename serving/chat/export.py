"""A conversation as a file to keep or to send: Markdown, or one page of HTML that needs nothing else.

Answers quote what people said in calls. An answer is read into pieces first, and each piece is escaped for the form it
is written in, so that nothing from a call is ever markup: no script, no picture, no link that leads out of the file.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent.coach import Answer
from salescoach.errors import InputError
from salescoach.reading.texts import QUOTED
from salescoach.stats.splits import evenly
from salescoach.types import Citation, LabelledCall
from serving.chat import view as chat_view
from tools.look_up_metrics import MetricsResult
from tools.model_quality import GOOD_FOR
from tools.parts import percent
from tools.score_call import ScoreResult
from tools.score_trajectory import first_judged

TEMPLATE: Final = "export.html"
DELETED: Final = "This call has been deleted since."
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")
MAX_NAME: Final = 60  # letters of a title in a file's name
MAX_POINTS: Final = 400  # of a line

LookUp = Callable[[str], LabelledCall]  # a call by its id; InputError where there is none


@dataclass(frozen=True)
class Exchange:
    """A question and its verified answer. ``score`` and ``metrics``: what the tools found for it, where they ran."""

    question: str
    answer: str
    citations: Sequence[Citation] = ()
    score: ScoreResult | None = None
    metrics: MetricsResult | None = None


@dataclass(frozen=True)
class Conversation:
    """What is exported. ``model``: the scorer's id; ``data``: what it learned from; ``wording``: who worded it."""

    title: str
    when: datetime
    model: str
    data: str
    wording: str
    exchanges: Sequence[Exchange]


def exchange_of(question: str, answer: Answer) -> Exchange:
    """What is exported of an answer as the coach gives it."""
    results = {used.name: used.result for used in answer.tool_calls if isinstance(used.result, dict)}
    score, metrics = results.get("score_call"), results.get("look_up_metrics")
    return Exchange(
        question=question,
        answer=answer.answer,
        citations=answer.citations,
        score=ScoreResult.model_validate(score) if score is not None else None,
        metrics=MetricsResult.model_validate(metrics) if metrics is not None else None,
    )


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
class _Piece:
    """A run of text. ``source``: the number of the source that it cites, 0 for ordinary text."""

    text: str
    strong: bool = False
    emphasis: bool = False
    source: int = 0


@dataclass(frozen=True)
class _Block:
    """A paragraph, a heading or a list; ``items`` has one entry but for lists."""

    kind: Literal["paragraph", "heading", "bullets", "numbers"]
    items: list[list[_Piece]]


@dataclass(frozen=True)
class _Source:
    """Cited turns: each with who spoke when, and what was said; none where the call is gone."""

    number: int
    about: str
    turns: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class _Shown:
    question: str
    blocks: Sequence[_Block]
    numbers: Sequence[tuple[str, str]]
    gauge: "_Gauge | None" = None
    line: "_Line | None" = None


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
            f"Worded by {conversation.wording}; each number and quote was checked against what the tools found.",
            f"What the score is: {GOOD_FOR} A turn that moved the score shows what the model goes by, not what the "
            "customer went by.",
            "This file quotes calls. Keep it as you keep the calls: deleting one from the coach doesn't reach it.",
        ),
    )


def _shown(one: Exchange, sources: "_Sources") -> _Shown:
    numbers = {cited.marker: sources.number(cited) for cited in one.citations}
    has_chart = one.score is not None and one.score.probability_percent is not None
    return _Shown(
        question=one.question,
        blocks=list(_blocks(one.answer, numbers)),
        numbers=_numbers(one.score) if one.score is not None else (),
        gauge=_gauge(one.score) if has_chart and one.score else None,
        line=_line(one.score, sources.first_judged(one.score.call_id)) if has_chart and one.score else None,
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


# An answer read into pieces

_QUOTE: Final = rf"“{QUOTED}”"
_QUOTED: Final = re.compile(_QUOTE)
_INLINE: Final = re.compile(
    rf"(?P<marker>\[(?:T\d+(?:–\d+)?|call [^\]\n]{{1,500}}+)\])|(?P<quote>{_QUOTE})|(?P<stars>\*{{1,2}})"
)
_ITEM: Final = re.compile(r"\A[ \t]*+(?:(?P<bullet>[-*])|(?P<number>\d+)\.|(?P<heading>#{1,4}))[ \t]+(?P<text>.*)")


def _blocks(answer: str, sources: dict[str, int]) -> Iterator[_Block]:
    """The blocks of an answer in the little Markdown that answers have. What is quoted can't begin one."""
    text = _QUOTED.sub(lambda match: " ".join(match[0].split()), answer)
    block: _Block | None = None
    for line in text.splitlines():
        found = _ITEM.fullmatch(line)
        if not line.strip() or found is None:
            kind: Any = "paragraph"
        else:
            kind = "bullets" if found["bullet"] else "numbers" if found["number"] else "heading"
        pieces = _pieces(found["text"] if found else line.strip(), sources)
        if block is not None and (not line.strip() or kind != block.kind or kind == "heading"):
            yield block
            block = None
        if not line.strip():
            continue
        if block is None:
            block = _Block(kind, [pieces])
        elif kind == "paragraph":
            block.items[0] += [_Piece(" "), *pieces]
        else:
            block.items.append(pieces)
    if block is not None:
        yield block


def _pieces(line: str, sources: dict[str, int]) -> list[_Piece]:
    pieces: list[_Piece] = []
    strong = emphasis = False
    end = 0
    for match in _INLINE.finditer(line):
        pieces.append(_Piece(line[end : match.start()], strong, emphasis))
        end = match.end()
        if match["stars"]:
            strong, emphasis = strong ^ (len(match[0]) == 2), emphasis ^ (len(match[0]) == 1)
        else:
            pieces.append(_Piece(match[0], strong, emphasis, sources.get(match[0], 0)))
    pieces.append(_Piece(line[end:], strong, emphasis))
    return [piece for piece in pieces if piece.text]


# Markdown

# A colon before a space or inside of a time does nothing in any Markdown.
_IDLE_COLON: Final = re.compile(r"\\:(?=\s|$)|(?<=\d)\\:(?=\d\d\b)")
_SUPERSCRIPT: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _markdown_blocks(blocks: Sequence[_Block]) -> Iterator[str]:
    for block in blocks:
        lines = ["".join(map(_markdown_piece, pieces)) for pieces in block.items]
        if block.kind == "heading":
            yield f"### {lines[0]}"
        elif block.kind == "paragraph":
            yield lines[0]
        else:
            starts = ["-"] * len(lines) if block.kind == "bullets" else [f"{n}." for n in range(1, len(lines) + 1)]
            yield "\n".join(f"{start} {line}" for start, line in zip(starts, lines, strict=True))


def _markdown_piece(piece: _Piece) -> str:
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


# Pictures

_WIDTH: Final = 400  # units of a picture's width


@dataclass(frozen=True)
class _Gauge:
    """Places in units from the left edge of the picture; ``…_anchor``: where a text that stands there begins."""

    value: int
    base: int
    interval: tuple[int, int] | None

    left: int = 8
    width: int = _WIDTH - 16

    def x(self, share: float) -> float:
        """Where a percentage lies."""
        return round(self.left + self.width * share / 100, 1)

    def anchor(self, share: float) -> str:
        """How a text there is anchored so that it stays in the picture."""
        return "start" if share < 30 else "end" if share > 70 else "middle"


@dataclass(frozen=True)
class _Mark:
    x: float
    y: float
    is_up: bool
    label: str


@dataclass(frozen=True)
class _Line:
    """A line in a picture of ``_WIDTH`` by ``height`` units; ``early``: while too little was said to judge."""

    early: str
    points: str
    base_y: float
    base: int
    n_turns: int
    ticks: Sequence[tuple[int, float]]
    marks: Sequence[_Mark] = field(default_factory=tuple)
    height: int = 218


def _gauge(score: ScoreResult) -> _Gauge:
    assert score.probability_percent is not None
    return _Gauge(score.probability_percent, score.base_rate_percent, score.interval_percent)


def _line(score: ScoreResult, first: int) -> _Line | None:
    """The score after each turn; None for a single turn."""
    said = [percent(point.probability) for point in score.score.trajectory]
    n_turns = len(said)
    if n_turns < 2:
        return None
    left, right, top, bottom = 44, _WIDTH - 12, 18, 172

    def x(turn: int) -> float:
        return round(left + (right - left) * (turn - 1) / (n_turns - 1), 1)

    def y(value: int) -> float:
        return round(bottom - (bottom - top) * value / 100, 1)

    drawn = sorted({*(evenly(n_turns, MAX_POINTS) + 1).tolist(), min(first, n_turns)})
    return _Line(
        early=" ".join(f"{x(turn)},{y(said[turn - 1])}" for turn in drawn if turn <= first),
        points=" ".join(f"{x(turn)},{y(said[turn - 1])}" for turn in drawn if turn >= first),
        base_y=y(score.base_rate_percent),
        base=score.base_rate_percent,
        n_turns=n_turns,
        ticks=[(value, y(value)) for value in (0, 25, 50, 75, 100)],
        marks=[
            _Mark(x(turn.turn), y(said[turn.turn - 1]), turn.direction == "raised", f"T{turn.turn}")
            for turn in score.turns_that_moved_it
        ],
    )

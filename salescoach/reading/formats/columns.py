"""Columns of plain text: a time, a name and a text on each line, between tabs, bars or wide gaps; Markdown tables."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from salescoach.reading.clock import Timeline
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.names import Shape, key_of, shape_of, tidy_label
from salescoach.reading.roles import side_of
from salescoach.reading.source import Source
from salescoach.reading.stamps import IN_BRACKETS, MOMENT, TO
from salescoach.reading.texts import in_number, phrases

_TIME = re.compile(rf"[\[(]?(?P<start>{IN_BRACKETS})(?:{TO}(?P<end>{IN_BRACKETS}))?[\])]?")
_TIME_AND_COLON = re.compile(rf"{MOMENT}\s*+:")
_WIDE = re.compile(r"\s{2,}")
_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[|:\s-]{3,}")
_LINE_BREAK = re.compile(r"(?:(?<!\s)\s++)?<br\s?/?>\s*+", re.I)
_TIME_NAMES: Final = phrases(
    "time|timestamp|start|start time|from|zeit|beginn|temps|heure|début|hora|tiempo|inicio|tempo|início|ora|inizio|tijd"
)
_END_NAMES: Final = phrases("end|end time|to|until|ende|fin|fim|fine|einde")
_SPEAKER_NAMES: Final = phrases(
    "speaker|name|who|participant|person|from|author|role|sprecher|sprecherin|locuteur|intervenant|hablante|orador|falante"
    "|parlante|relatore|spreker|speaker name|user"
)
_TEXT_NAMES: Final = phrases(
    "text|transcript|utterance|message|content|said|words|sentence|speech|comment|texte|texto|testo|tekst|nachricht|mensaje"
    "|mensagem|messaggio|bericht|transkript|transcription"
)
_MIN_LINES: Final = 2
_MOST: Final = 0.5
_MAX_COLUMNS: Final = 8

Cells = list[str]


@dataclass(frozen=True)
class _Table:
    """The lines as cells, None where a line goes on with the one above; and which column is what."""

    rows: Sequence[tuple[str, Cells | None]]
    speaker: int
    text: int
    start: int | None = None
    end: int | None = None


class Columns(FormatReader):
    """A line is a turn, except that one without columns goes to the turn above it."""

    name = "columns"
    says = "lines of columns, one with names and one with what is said"

    def recognises(self, source: Source) -> float:
        """By a separator that cuts most lines into as many cells, one column of which has names."""
        return _table(source.plain.lines) is not None

    def read(self, source: Source) -> list[ReadCall]:
        """One call."""
        call, timeline = ReadCall(warnings=[*source.plain.warnings]), Timeline()
        table = _table(source.plain.lines)
        wrapped = 0
        for line, cells in table.rows if table else ():
            if cells is None and call.turns and call.turns[-1].speaker:
                call.extend(line)
                wrapped += 1
            elif cells is None:
                call.add(ReadTurn(None, line))
                timeline.add(None)
            elif table:
                name = tidy_label(cells[table.speaker]) or cells[table.speaker] or None
                call.add(ReadTurn(name, _LINE_BREAK.sub(" ", cells[table.text]).replace("\\|", "|")))
                timeline.add(*_times(table, cells))
        timeline.settle(call)
        call.drop_preamble()
        if wrapped:
            were = in_number(wrapped, "line without columns was", "lines without columns were")
            call.warnings.append(f"{wrapped} {were} added to the turn above.")
        return [call]

    def is_pasted_call(self, source: Source) -> bool:
        """With two speakers or more."""
        return len({turn.speaker for turn in self.read(source)[0].turns}) > 1


def _table(lines: Sequence[str]) -> _Table | None:
    filled = [line for line in lines if line]
    if len(filled) < _MIN_LINES:
        return None
    for sign, cut in _CUTS:
        if sum(sign in line for line in filled) < _MOST * len(filled):
            continue
        rows = [(line, cut(line)) for line in filled if not (sign == "|" and _RULE.fullmatch(line))]
        if not rows:
            return None
        n_cells = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
        n_rows = sum(len(cells) >= n_cells for _, cells in rows)
        if 1 < n_cells <= _MAX_COLUMNS and n_rows >= _MOST * len(rows):
            fitted = [(line, _fitted(cells, n_cells, sign)) for line, cells in rows]
            if (table := _identified(fitted, n_cells, needs_time=sign == "  ")) is not None:
                return table
    return None


def _cut_bars(line: str) -> Cells:
    return [cell.strip() for cell in _BAR.split(line.strip().removeprefix("|").removesuffix("|"))]


_CUTS: Final[tuple[tuple[str, Callable[[str], Cells]], ...]] = (
    ("\t", lambda line: [cell.strip() for cell in line.split("\t")]),
    ("|", _cut_bars),
    ("  ", _WIDE.split),
)


def _fitted(cells: Cells, n_cells: int, sign: str) -> Cells | None:
    """The cells if they are as many as on other lines; more are a text with the separator in it."""
    if len(cells) < n_cells:
        return None
    return [*cells[: n_cells - 1], (" | " if sign == "|" else sign).join(cells[n_cells - 1 :])]


def _identified(rows: Sequence[tuple[str, Cells | None]], n_cells: int, *, needs_time: bool) -> _Table | None:
    """The table with its columns told by their heads, or else by what they hold."""
    filled = [cells for _, cells in rows if cells]
    heads = [cell.strip("*").casefold() for cell in filled[0]]
    speaker, text = _at(heads, _SPEAKER_NAMES), _at(heads, _TEXT_NAMES)
    if speaker is not None and text is not None and speaker != text:
        first = next(index for index, (_, cells) in enumerate(rows) if cells)
        return _Table(rows[first + 1 :], speaker, text, _at(heads, _TIME_NAMES), _at(heads, _END_NAMES))
    columns = [[cells[at] for cells in filled] for at in range(n_cells)]
    times = [at for at, cells in enumerate(columns) if all(_TIME.fullmatch(cell) for cell in cells)]
    names = [at for at, cells in enumerate(columns) if at not in times and _are_names(cells)]
    others = [at for at in range(n_cells) if at not in times and at not in names[:1]]
    if not names or not others or (needs_time and not times):
        return None
    said = max(others, key=lambda at: sum(map(len, columns[at])))
    if all(_TIME_AND_COLON.match(cell) for cell in columns[said]):  # "Anna | 0:03: Hello" is a label with a time
        return None
    start, end = (times[0] if times else None), (times[1] if len(times) > 1 else None)
    return _Table(rows, names[0], said, start, end)


def _at(heads: Sequence[str], names: frozenset[str]) -> int | None:
    return next((index for index, head in enumerate(heads) if head in names), None)


def _are_names(cells: Sequence[str]) -> bool:
    """Whether cells are the names of at least two speakers, some of whom come again."""
    different = list(dict.fromkeys(cells))
    labels = [tidy_label(cell) for cell in different if ":" not in cell]
    named = [label for label in labels if label and (side_of(label) or shape_of(label) >= Shape.ODD)]
    are_roles = all(side_of(label) for label in named)
    return len(named) == len(different) > 1 and (len(set(map(key_of, named))) < len(cells) or are_roles)


def _times(table: _Table, cells: Cells) -> tuple[str | None, str | None]:
    found = _TIME.fullmatch(cells[table.start]) if table.start is not None else None
    ended = _TIME.fullmatch(cells[table.end]) if table.end is not None else None
    start = found["start"] if found else (cells[table.start] or None if table.start is not None else None)
    return start, (ended["start"] if ended else found["end"] if found else None)

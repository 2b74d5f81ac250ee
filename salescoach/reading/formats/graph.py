"""Microsoft Graph ``metadataContent``, and any other captions whose cues hold a JSON record each."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.records.cast import Cast
from salescoach.reading.records.clock import Span, span_in
from salescoach.reading.records.fields import fields_of, said_in, side_in
from salescoach.reading.records.pieces import Piece, add_pieces, left_out
from salescoach.reading.source import Source
from salescoach.reading.texts import clean
from salescoach.reading.times import seconds
from salescoach.reading.values import date_in

_CUE = re.compile(
    r"(\d{1,3}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,7})?)\s*+-->\s*+(\d{1,3}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,7})?)"
)
_OPENING = re.compile(r'\{\s*+"')  # of a record; "{\\an8}" is a place on the screen
_JUDGED: Final = 5  # cues
_MAX_LINES: Final = 100  # of one record


class Graph(FormatReader):
    """A turn is what one speaker says in successive cues."""

    name = "Microsoft Graph metadataContent"
    says = "WebVTT captions with a JSON record in each cue"

    def recognises(self, source: Source) -> float:
        """By what stands in its first cues."""
        lines = source.filled_lines
        firsts = islice((index for index, line in enumerate(lines) if _CUE.match(line)), _JUDGED)
        return CERTAIN if any(_OPENING.match("".join(lines[index + 1 : index + 3])) for index in firsts) else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """One call; raises TranscriptError where no cue holds words."""
        call = ReadCall()
        pieces: list[Piece] = []
        n_bad = 0
        dated: list[tuple[datetime, float]] = []
        for start, end, record in _cues(source.lines):
            fields = fields_of(record or {})
            text = said_in(fields)
            if not text:
                n_bad += 1
                continue
            person = Cast([]).speaker_of({name: value for name, value in fields.items() if name != "type"})
            span = Span(start, end, start_unit=1, end_unit=1)
            if (date := date_in(span_in(fields).start)) and start is not None:
                dated.append((date, start))
            pieces.append(Piece(text, person.label, side_in(fields), span=span))
        if not pieces:
            raise TranscriptError("These captions hold JSON without words; export the transcript as VTT and give that.")
        call.warnings += left_out(n_bad, "cue without words", "cues without words")
        if dated:
            call.started_at = dated[0][0] - timedelta(seconds=dated[0][1])
        add_pieces(call, pieces, Cast([]), per_second=1)
        return [call]


def _cues(lines: Sequence[str]) -> Iterator[tuple[float | None, float | None, Mapping[str, Any] | None]]:
    """Start, end and record of each cue; no record where it can't be read."""
    starts = [index for index, line in enumerate(lines) if _CUE.match(line)]
    for at, index in enumerate(starts):
        found = _CUE.match(lines[index])
        stop = starts[at + 1] if at + 1 < len(starts) else len(lines)
        body = [line for line in lines[index + 1 : min(stop, index + _MAX_LINES)] if line]
        if found:
            yield seconds(found[1]), seconds(found[2]), _record(" ".join(body))


def _record(body: str) -> Mapping[str, Any] | None:
    try:
        value, _ = json.JSONDecoder().raw_decode(body)  # the next cue's number may stand behind it
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return {str(name): clean(one)[0] if isinstance(one, str) else one for name, one in value.items()}

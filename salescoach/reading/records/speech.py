"""The records of a call's utterances -> pieces of speech, and what is said of those that hold none."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from salescoach.reading.records.cast import Cast
from salescoach.reading.records.clock import Span, span_in
from salescoach.reading.records.fields import Fields, fields_of, first_text, said_in
from salescoach.reading.records.forms import Form
from salescoach.reading.records.names import CHANNELS, INSTRUCTIONS, SPEAKERS
from salescoach.reading.records.pieces import Piece, left_out
from salescoach.reading.records.words import Word, by_voice, joined, words_in
from salescoach.reading.texts import in_number
from salescoach.reading.values import text_in

_PARTIAL: Final = ("ispartial", "partial", "isinterim", "interim")
_FINAL: Final = ("isfinal", "final")
Utterance = tuple[Fields, Mapping[str, Any] | None]  # and the record that it stands in, where that is its speaker's


def pieces_of(utterances: Iterable[Utterance], cast: Cast, form: Form | None) -> tuple[list[Piece], list[str]]:
    """What is said in the records of a call, in their order, and warnings of what is left out or unsure."""
    pieces: list[Piece] = []
    n: Counter[str] = Counter()
    for fields, above in utterances:
        if what := _no_speech(fields, form):
            n[what] += 1
            continue
        person = cast.speaker_of(fields)
        outer = fields_of(above) if above is not None else {}
        person = person if person.label else cast.speaker_of(outer)
        side = (form.side_of(fields) if form else None) or person.side
        n["several"] += any(isinstance(value := fields.get(name), list) and len(value) > 1 for name in SPEAKERS)
        added, is_mixed = _pieces(fields, person.label, cast)
        for piece in added:
            piece.channel = piece.channel or first_text(outer, CHANNELS) or None
            piece.side = piece.side or (side if piece.speaker == person.label else None)
        n["mixed"] += is_mixed
        pieces += added
    return pieces, [
        *left_out(n["empty"], "entry without words", "entries without words"),
        *left_out(n["partial"], "entry that isn't final", "entries that aren't final"),
        *left_out(n["instruction"], "instruction to an assistant", "instructions to an assistant"),
        *_unsure(n["several"], "names several speakers and counts as of none", "name several and count as of none"),
        *_unsure(n["mixed"], "holds words of several voices", "hold words of several voices", " and is read as of one"),
    ]


def _unsure(n: int, one: str, several: str, what: str = "") -> list[str]:
    return [f"{n} {in_number(n, f'entry {one}', f'entries {several}')}{what}."] if n else []


def _no_speech(fields: Fields, form: Form | None) -> str:
    """Why a record is no speech; empty if it is."""
    if any(fields.get(name) is True for name in _PARTIAL) or any(fields.get(name) is False for name in _FINAL):
        return "partial"
    if first_text(fields, ("role", "from")).casefold() in INSTRUCTIONS:
        return "instruction"
    is_other = form is not None and bool(form.says) and first_text(fields, ("type",)) not in form.says
    return "empty" if is_other or not (said_in(fields) or joined(words_in(fields))) else ""


def _pieces(fields: Fields, speaker: str | None, cast: Cast) -> tuple[list[Piece], bool]:
    """An utterance, or what each voice of its words says of it; and whether these couldn't be told apart."""
    words = words_in(fields)
    for word in words:
        word.speaker = cast.voice(word.speaker)
    text = said_in(fields) or joined(words)
    whole = Piece(text, speaker, channel=first_text(fields, CHANNELS) or None, span=_span(fields, words))
    voices = {word.speaker for word in words if word.speaker}
    if not voices or (len(voices) == 1 and speaker):
        return [whole], False
    runs = by_voice(words, text)
    if runs is None:
        return [whole], True
    if len(runs) == 1:
        whole.speaker = runs[0][0]
        return [whole], False
    return [Piece(said, voice, channel=whole.channel, span=_span({}, run)) for voice, run, said in runs], False


def _span(fields: Fields, words: Sequence[Word]) -> Span:
    """The times of an utterance, else those of its first and last word with a time."""
    span = span_in(fields)
    timed = [word.span for word in words if word.span and text_in(word.span.start)]
    timed = timed or [word.span for word in words if word.span and word.span.start is not None]
    if span.start is None and timed:
        first, last = timed[0], timed[-1]
        span.start, span.start_unit = first.start, first.start_unit
        if span.end is None:
            span.end, span.end_unit = last.end, last.end_unit
    return span

"""What recognisers of speech write word by word: AWS Transcribe, Deepgram, Google, Speechmatics and others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.records.calls import call_of
from salescoach.reading.records.cast import Cast, label_of
from salescoach.reading.records.clock import Span, span_in
from salescoach.reading.records.fields import fields_of, first_text
from salescoach.reading.records.pieces import Piece, add_pieces
from salescoach.reading.records.walk import records_in
from salescoach.reading.records.words import Word, in_utterances, joined, settle, words_in
from salescoach.reading.source import Source
from salescoach.reading.values import text_in

_NAMES: Final = frozenset({"results", "words", "tokens"})  # one of these each output has
_LESS_SURE: Final = 0.6  # than by a list of utterances in the same file
Record = Mapping[str, Any]


@dataclass(frozen=True)
class _Output:
    """A recogniser's output: how to see that a record is one, and its pieces."""

    name: str
    is_it: Callable[[Record], bool]
    pieces: Callable[[Record], list[Piece]]
    sure: float = CERTAIN


class Recognisers(FormatReader):
    """A turn is what one voice says until another speaks."""

    name = "recogniser JSON"
    says = "words of a speech recogniser, with voices or channels"

    def recognises(self, source: Source) -> float:
        """By the names that a recogniser gives to its lists of words."""
        if source.json is None:
            return 0.0
        return max((output.sure for output, _ in _outputs(source.json)), default=0.0)

    def read(self, source: Source) -> list[ReadCall]:
        """A call for each recording."""
        return read_recognised(source.json)


def read_recognised(root: Any) -> list[ReadCall]:
    """The calls in a JSON value that holds outputs of a recogniser; none where it holds none.

    Raises:
        TranscriptError: an output has no words, or exceeds a limit.
    """
    calls: list[ReadCall] = []
    for output, record in _outputs(root):
        call = call_of([record])
        call.format = output.name
        pieces = output.pieces(record)
        if not pieces:
            raise TranscriptError(f"There are no words in this {output.name}; recognise the recording again.")
        add_pieces(call, pieces, Cast([record]), per_second=1)
        calls.append(call)
    return calls


def _outputs(root: Any) -> list[tuple[_Output, Record]]:
    """All records that are an output of one and the same recogniser."""
    found: list[tuple[_Output, Record]] = []
    for record in records_in(root):
        if not _NAMES & record.keys():
            continue
        outputs = (found[0][0],) if found else _OUTPUTS
        output = next((output for output in outputs if output.is_it(record)), None)
        if output:
            found.append((output, record))
    return found


def _of_words(words: Sequence[Word], per_second: float = 1) -> list[Piece]:
    settle(words, per_second)
    return _pieces(words)


def _pieces(words: Sequence[Word]) -> list[Piece]:
    return [_piece(run) for run in in_utterances(words)]


def _piece(run: Sequence[Word]) -> Piece:
    starts = [word.start_s for word in run if word.start_s is not None]
    ends = [word.end_s for word in run if word.end_s is not None]
    span = Span(min(starts, default=None), max(ends, default=None), start_unit=1, end_unit=1)
    speaker = next((word.speaker for word in run if word.speaker), None)
    return Piece(joined(run), speaker, channel=run[0].channel, span=span)


def _records(value: Any) -> list[Record]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _results(record: Record) -> Record:
    results = record.get("results")
    return results if isinstance(results, dict) else {}


def _best(result: Record) -> Record:
    return next(iter(_records(result.get("alternatives"))), {})


# AWS Transcribe: results.items, with labels in each or by time, or in channel_labels.


def _is_aws(record: Record) -> bool:
    results = _results(record)
    return any("alternatives" in item for item in _records(results.get("items"))[:1]) or bool(_aws_channels(results))


def _aws_channels(results: Record) -> list[Record]:
    labels = results.get("channel_labels")
    return _records(labels.get("channels")) if isinstance(labels, dict) else []


def _aws(record: Record) -> list[Piece]:
    results = _results(record)
    if channels := _aws_channels(results):
        words = [
            word
            for index, channel in enumerate(channels)
            for word in _aws_words(channel.get("items"), {}, text_in(channel.get("channel_label")) or str(index))
        ]
    else:
        words = list(_aws_words(results.get("items"), _aws_voices(results), None))
    return _of_words(words)


def _aws_words(items: Any, voices: Mapping[str, str], channel: str | None) -> Iterator[Word]:
    for item in _records(items):
        text = text_in(_best(item).get("content"))
        voice = text_in(item.get("speaker_label")) or voices.get(text_in(item.get("start_time")), "")
        is_mark = item.get("type") == "punctuation"
        if text:
            yield Word(text, is_mark, span_in(fields_of(item)), None if is_mark else label_of(voice), channel)


def _aws_voices(results: Record) -> dict[str, str]:
    """Start of a word -> label of its voice."""
    labels = results.get("speaker_labels")
    segments = _records(labels.get("segments")) if isinstance(labels, dict) else []
    return {
        text_in(item.get("start_time")): text_in(item.get("speaker_label") or segment.get("speaker_label"))
        for segment in segments
        for item in _records(segment.get("items"))
    }


# Deepgram: results.channels[].alternatives[0], in paragraphs or words. Its results.utterances are utterances.


def _is_deepgram(record: Record) -> bool:
    results = _results(record)
    has_channels = any("alternatives" in one for one in _records(results.get("channels")))
    return has_channels and not _records(results.get("utterances"))


def _deepgram(record: Record) -> list[Piece]:
    channels = _records(_results(record).get("channels"))
    pieces: list[Piece] = []
    words: list[Word] = []
    for index, channel in enumerate(channels):
        best = _best(channel)
        name = str(index) if len(channels) > 1 else None
        of_channel = words_in(fields_of({"words": best.get("words")}))
        for word in of_channel:
            word.channel = name
        words += of_channel
        paragraphs = best.get("paragraphs")
        found = list(_paragraphs(paragraphs.get("paragraphs"), name)) if isinstance(paragraphs, dict) else []
        text = text_in(best.get("transcript"))
        pieces += found or ([Piece(text, channel=name)] if text and not of_channel else [])
    has_all = pieces and all(piece.span.start is not None for piece in pieces)
    return pieces if has_all or not words else _of_words(words)


def _paragraphs(paragraphs: Any, channel: str | None) -> Iterator[Piece]:
    for paragraph in _records(paragraphs):
        speaker = label_of(text_in(paragraph.get("speaker")))
        for sentence in _records(paragraph.get("sentences")):
            if text := text_in(sentence.get("text")):
                yield Piece(text, speaker, channel=channel, span=span_in(fields_of(sentence)))


# Google: results[].alternatives[0], whose words have tags. With voices the last result has the words of all again.


def _is_google(record: Record) -> bool:
    results = _records(record.get("results"))
    return bool(results) and "alternatives" in results[0] and not _is_speechmatics(record)


def _google(record: Record) -> list[Piece]:
    results = [one for one in _records(record.get("results")) if _best(one)]
    groups = [_google_words(result) for result in results]
    settle([word for group in groups for word in group], 1)
    if all(groups):
        return _pieces([word for group in _without_repeated(groups) for word in group])
    return [
        Piece(text, channel=_tag(result)) for result in results if (text := text_in(_best(result).get("transcript")))
    ]


def _without_repeated(groups: Sequence[list[Word]]) -> list[list[Word]]:
    """Without the results whose words a later one has again, from the first on, with their voices."""
    kept: list[list[Word]] = []
    for words in groups:
        first = kept[0][0] if kept else None
        has_voices = any(word.speaker for word in words)
        if first and has_voices and words[0].channel == first.channel and _start(words[0]) <= _start(first):
            kept = []
        kept.append(words)
    return kept


def _start(word: Word) -> float:
    return word.start_s or 0.0


def _tag(result: Record) -> str | None:
    return first_text(fields_of(result), ("channeltag",)) or None


def _google_words(result: Record) -> list[Word]:
    words = words_in(fields_of({"words": _best(result).get("words")}))
    for word in words:
        word.channel = _tag(result)
        word.speaker = None if word.speaker == "Speaker 0" else word.speaker  # 0 is no tag
    return words


# Speechmatics: results[] of words and marks, each with its alternatives.


def _is_speechmatics(record: Record) -> bool:
    results = _records(record.get("results"))
    return bool(results) and results[0].get("type") in ("word", "punctuation") and "content" in _best(results[0])


def _speechmatics(record: Record) -> list[Piece]:
    words = []
    for result in _records(record.get("results")):
        best = _best(result)
        is_glued = result.get("attaches_to") == "previous" or result.get("type") == "punctuation"
        channel = text_in(result.get("channel")) or None
        if text := text_in(best.get("content")):
            voice = label_of(text_in(best.get("speaker")))
            words.append(Word(text, is_glued, span_in(fields_of(result)), voice, channel))
    return _of_words(words)


# Bare lists of words with voices: AssemblyAI without utterances, ElevenLabs, Soniox.


def _is_words(record: Record) -> bool:
    return any(word.speaker for word in words_in(_word_lists(record)))


def _words(record: Record) -> list[Piece]:
    is_ms = "audio_duration" in record or "utterances" in record  # AssemblyAI
    return _of_words(words_in(_word_lists(record)), 1e3 if is_ms else 1)


def _word_lists(record: Record) -> Record:
    return {name: record.get(name) for name in ("words", "tokens")}


_OUTPUTS: Final = (
    _Output("AWS Transcribe JSON", _is_aws, _aws),
    _Output("Deepgram JSON", _is_deepgram, _deepgram),
    _Output("Speechmatics JSON", _is_speechmatics, _speechmatics),
    _Output("Google Speech-to-Text JSON", _is_google, _google),
    _Output("words with voices", _is_words, _words, _LESS_SURE),
)

"""Fireflies: the JSON of its API, ``sentences`` with a speaker and seconds, for one call or for many."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.source import Source
from salescoach.reading.texts import in_number
from salescoach.reading.values import date_in, seconds_in, simple_values, text_in

_OWN_FIELDS: Final = frozenset({"id", "title", "date", "dateString"})


class Fireflies(FormatReader):
    """A turn is what one speaker says in successive sentences."""

    name = "Fireflies JSON"
    says = "sentences of a Fireflies transcript"

    def recognises(self, source: Source) -> float:
        """By sentences with a text and a speaker."""
        return any(map(_has_sentences, _records(source.json)))

    def read(self, source: Source) -> list[ReadCall]:
        """All calls that have sentences."""
        records = _records(source.json)
        calls = [_call(record) for record in records if _has_sentences(record)]
        if n_without := len(records) - len(calls):
            more = in_number(n_without, "1 more call", f"{n_without} more calls")
            for call in calls:
                call.warnings.append(f"The file has {more} without sentences, which can't be read.")
        return calls


def _records(value: Any) -> Sequence[Any]:
    """The calls in an answer of the API, or in a part of one that somebody kept."""
    if isinstance(value, Mapping):
        value = value["data"] if isinstance(value.get("data"), Mapping) else value
        value = next((value[name] for name in ("transcript", "transcripts") if name in value), value)
    return value if isinstance(value, list) else [value]


def _has_sentences(record: Any) -> bool:
    sentences = record.get("sentences") if isinstance(record, Mapping) else None
    return isinstance(sentences, list) and bool(sentences) and all(map(_is_sentence, sentences))


def _is_sentence(value: Any) -> bool:
    return isinstance(value, Mapping) and "text" in value and ("speaker_name" in value or "speaker_id" in value)


def _call(record: Mapping[str, Any]) -> ReadCall:
    call = ReadCall(
        call_id=text_in(record.get("id")) or None,
        title=text_in(record.get("title")) or None,
        started_at=date_in(record.get("dateString")) or date_in(record.get("date")),
        metadata=simple_values(record, without=_OWN_FIELDS),
    )
    names = _names(record.get("speakers"))
    for sentence in record["sentences"]:
        call.add_piece(_piece(sentence, names))
    return call


def _piece(sentence: Mapping[str, Any], names: Mapping[str, str]) -> ReadTurn:
    speaker_id = text_in(sentence.get("speaker_id"))
    by_id = names.get(speaker_id) or (f"Speaker {speaker_id}" if speaker_id else None)
    start, end = text_in(sentence.get("start_time")), text_in(sentence.get("end_time"))
    start_s, end_s = seconds_in(start), seconds_in(end)
    return ReadTurn(
        speaker=text_in(sentence.get("speaker_name")) or by_id,
        text=text_in(sentence.get("text")) or text_in(sentence.get("raw_text")),
        start_s=start_s,
        end_s=end_s,
        has_bad_time=bool(start and start_s is None) or bool(end and end_s is None),
    )


def _names(speakers: Any) -> dict[str, str]:
    """Speaker id -> name."""
    found = speakers if isinstance(speakers, list) else []
    return {text_in(one.get("id")): text_in(one.get("name")) for one in found if isinstance(one, Mapping)}

"""A transcript as text within JSON, ``{"title": …, "transcript": "Rep: …"}``, or as a list of its lines."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.records.calls import call_of
from salescoach.reading.records.fields import fields_of
from salescoach.reading.records.walk import records_in
from salescoach.reading.source import Source

_SURE: Final = 0.55  # less than by any list of records, and more than that it is JSON
_NAMES: Final = (
    "calltranscript", "transcripttext", "fulltranscript", "transcript", "transcription", "conversationaltranscript",
    "conversation", "dialogue", "dialog", "utterances", "calltext", "vtt", "srt",
)  # fmt: skip
_NAMES_AT_THE_TOP: Final = ("lines", "turns", "messages", "chat", "text", "content")  # deeper they may be anything


class Enclosed(FormatReader):
    """The text is read as if it stood alone."""

    name = "text in JSON"
    says = "a transcript as text within JSON"

    def __init__(self, read_text: Callable[[Source], list[ReadCall]]) -> None:
        self._read_text = read_text

    def recognises(self, source: Source) -> float:
        """By a text, or a list of texts, under the name of a transcript."""
        return _SURE if source.json is not None and any(_texts(source.json)) else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """The call in each text."""
        calls: list[ReadCall] = []
        for record, text in _texts(source.json):
            known = call_of([record])
            known.metadata = {name: value for name, value in known.metadata.items() if value not in text}
            for call in self._read_text(Source(text, reps=source.reps)):
                call.call_id, call.title, call.account = known.call_id, known.title or call.title, known.account
                call.started_at, call.outcome = call.started_at or known.started_at, known.outcome
                call.metadata = {**known.metadata, **call.metadata}
                calls.append(call)
        return calls


def _texts(root: Any) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The text of each transcript, and the record that it stands in; texts of the same name only."""
    if isinstance(root, list) and (text := _text(root)):
        yield {}, text
        return
    records = [(record, fields_of(record)) for record in records_in(root)]
    name = next((name for name in _NAMES if any(_text(fields.get(name)) for _, fields in records)), None)
    if name is None and isinstance(root, dict):
        records = records[:1]
        name = next((name for name in _NAMES_AT_THE_TOP if _text(records[0][1].get(name))), None)
    for record, fields in records:
        if name and (text := _text(fields.get(name))):
            yield record, text


def _text(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return "\n".join(value).strip() if len(value) > 1 else ""
    return value.strip() if isinstance(value, str) and len(value.split()) > 1 else ""

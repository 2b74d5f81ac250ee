"""Gong: the answer of ``/v2/calls/transcript``, with names and sides if that of ``/v2/calls/extensive`` is there."""

from collections.abc import Mapping
from typing import Any

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.records.calls import calls_in_records
from salescoach.reading.records.forms import Form
from salescoach.reading.records.walk import records_in
from salescoach.reading.source import Source
from salescoach.reading.texts import in_number
from salescoach.reading.values import simple_values, text_in

_FORM = Form("Gong JSON", ("sentences",), frozenset({"text"}), per_second=1e3)
Record = Mapping[str, Any]


class Gong(FormatReader):
    """A turn is a monologue. What a party's affiliation says is its side."""

    name = "Gong JSON"
    says = "monologues of Gong's API"

    def recognises(self, source: Source) -> float:
        """By its lists of transcripts or of calls with parties."""
        if source.json is None:
            return 0.0
        return CERTAIN if any(_is_monologue(one) or _is_details(one) for one in records_in(source.json)) else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """All calls with a transcript; raises TranscriptError where none has."""
        records = list(records_in(source.json))
        details = {text_in(one["metaData"].get("id")): one for one in records if _is_details(one)}
        transcripts = [one for one in records if any(map(_is_monologue, _list(one.get("transcript"))))]
        if not transcripts:
            if not any(map(_is_monologue, records)):
                raise TranscriptError(
                    "This is what Gong says about calls, without what was said; give the answer of "
                    "/v2/calls/transcript too, in the same file."
                )
            transcripts = [{"transcript": source.json}]
        if len(transcripts) == 1 and not details:
            details = {
                text_in(transcripts[0].get("callId")): one for one in records if isinstance(one.get("parties"), list)
            }
        calls = [call for one in transcripts for call in calls_in_records(_with_details(one, details), (_FORM,))]
        told = {text_in(one.get("callId")) for one in transcripts} | {""}
        silent = [id_ for id_ in details if id_ not in told]
        if silent and len(silent) < len(details):
            more = in_number(len(silent), "1 more call", f"{len(silent)} more calls")
            for call in calls:
                call.warnings.append(f"The file has {more} without a transcript, which can't be read.")
        return calls


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_monologue(value: Any) -> bool:
    return isinstance(value, dict) and "speakerId" in value and isinstance(value.get("sentences"), list)


def _is_details(record: Record) -> bool:
    return isinstance(record.get("metaData"), dict) and isinstance(record.get("parties"), list)


def _with_details(transcript: Record, details: Mapping[str, Record]) -> Record:
    """A transcript with the parties and the data of its call, as one record."""
    found = details.get(text_in(transcript.get("callId")), transcript)
    data = found.get("metaData")
    known = simple_values(data, without=frozenset({"id"})) if isinstance(data, dict) else {}
    call_id = text_in(transcript.get("callId")) or (text_in(data.get("id")) if isinstance(data, dict) else "")
    return {
        **known,
        "account": _account(found),
        "callId": call_id,
        "parties": found.get("parties"),
        "transcript": transcript.get("transcript"),
    }


def _account(details: Record) -> str | None:
    """The name of the account in the CRM's objects that Gong has found for the call or its parties."""
    parties = [one for one in _list(details.get("parties")) if isinstance(one, dict)]
    contexts = [*_list(details.get("context")), *(one for party in parties for one in _list(party.get("context")))]
    for record in records_in(contexts):
        if record.get("objectType") == "Account":
            fields = [one for one in _list(record.get("fields")) if isinstance(one, dict)]
            return next((text_in(one.get("value")) for one in fields if one.get("name") == "Name"), None)
    return None

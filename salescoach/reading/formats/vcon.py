"""vCon: the IETF's container of a conversation, its text dialogs and the transcripts among its analyses."""

import json
from collections.abc import Mapping
from typing import Any

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.formats.recognisers import read_recognised
from salescoach.reading.records.calls import calls_in_records
from salescoach.reading.records.walk import records_in
from salescoach.reading.source import Source
from salescoach.reading.values import text_in

Record = Mapping[str, Any]


class VCon(FormatReader):
    """A message is a piece of a turn; a transcript is read as the tool wrote it that made it."""

    name = "vCon JSON"
    says = "a vCon, the standard container of a conversation"

    def recognises(self, source: Source) -> float:
        """By its version and parties."""
        return CERTAIN if source.json is not None and any(map(_is_vcon, records_in(source.json))) else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """A call for each container; raises TranscriptError where one holds recordings only."""
        return [_call(record) for record in records_in(source.json) if _is_vcon(record)]


def _is_vcon(record: Record) -> bool:
    return "vcon" in record and isinstance(record.get("parties"), list)


def _call(vcon: Record) -> ReadCall:
    parties = _parties(vcon)
    around = {
        "callId": vcon.get("uuid"),
        "title": vcon.get("subject"),
        "started_at": next((one.get("start") for one in _records(vcon.get("dialog"))), None) or vcon.get("created_at"),
        "parties": parties,
    }
    messages = [_message(one) for one in _records(vcon.get("dialog")) if _is_message(one)]
    bodies = [
        _body(one) for one in _records(vcon.get("analysis")) if "transcript" in text_in(one.get("type")).casefold()
    ]
    for transcript in [messages, *map(_by_party, bodies)] if messages else map(_by_party, bodies):
        calls = calls_in_records({**around, "transcript": transcript}) or read_recognised(
            {**around, "result": transcript}
        )
        if calls:
            calls[0].format = "vCon JSON"
            return calls[0]
    raise TranscriptError(
        "This vCon holds no words, only recordings or other analyses; add a transcript to it and give it again."
    )


def _records(value: Any) -> list[Record]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _parties(vcon: Record) -> list[dict[str, Any]]:
    """The parties with their places, by which all of a vCon refers to them."""
    parties = []
    for index, party in enumerate(vcon["parties"]):
        if isinstance(party, dict):
            meta = party.get("meta")
            parties.append({**(meta if isinstance(meta, dict) else {}), **party, "index": f"party {index}"})
    return parties


def _is_message(dialog: Record) -> bool:
    return dialog.get("type") == "text" and bool(text_in(dialog.get("body")))


def _message(dialog: Record) -> dict[str, Any]:
    parties = dialog.get("parties")
    first = parties[0] if isinstance(parties, list) and parties else parties
    originator = dialog.get("originator")
    return {
        "speaker": _place(first if originator is None else originator),
        "text": dialog.get("body"),
        "start": dialog.get("start"),
        "duration": dialog.get("duration"),
    }


def _place(party: Any) -> str | None:
    number = text_in(party)
    return f"party {number}" if number.isdigit() else number or None


def _body(analysis: Record) -> Any:
    body = analysis.get("body")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return _lines(body)
    if isinstance(body, dict) and not any(isinstance(value, dict | list) for value in body.values()):
        return _lines(text_in(body.get("text")) or text_in(body.get("transcript")))
    return body


def _lines(text: str) -> list[dict[str, Any]]:
    return [{"text": line, "start": None} for line in text.splitlines() if line.strip()]


def _by_party(body: Any) -> Any:
    """A transcript whose utterances refer to parties by their place, if they say so."""
    if isinstance(body, list):
        return [
            {**one, "speaker": _place(one["party"])} if isinstance(one, dict) and "party" in one else one
            for one in body
        ]
    return body

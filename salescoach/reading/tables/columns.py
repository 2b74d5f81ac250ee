"""What the columns of a table hold, by their names in the usual spellings and languages."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from salescoach.errors import DataError

MAX_SHOWN: Final = 12  # columns named in one message

_MAX_COLUMNS: Final = 1_000  # looked at

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_LETTERS: Final = re.compile(r"[^a-z0-9]++")


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CALL_TEXT: Final = _names(
    """transcript transcription transcripts full_transcript transcript_text call_transcription conversation
    conversations dialogue dialog conversation_text conversation_transcript chat_transcript hs_call_body call_body
    transcript_body transkript transkription gesprach retranscription transcripcion trascrizione transcricao"""
)
_CALL_LIST: Final = _names("messages turns utterances sentences segments")
_TEXT: Final = _names(
    """text utterance content message sentence spoken_text speech phrase caption call_text body chat call line
    dialogue_text     utterance_text message_text message_body segment_text texte texto testo tekst aussage"""
)
_SPEAKER: Final = _names(
    """speaker speaker_name speaker_label speaker_display_name display_name participant participant_name talker
    spoken_by said_by author who voice sprecher sprecherin redner rednerin locuteur intervenant hablante interlocutor
    falante parlante relatore spreker speaker_id speaker_tag speaker_number participant_id"""
)
# They name who speaks in a table of utterances, and other things in a table of calls.
_PERHAPS_SPEAKER: Final = _names(
    """sender sender_name from user_name username person name user actor role speaker_role participant_role party
    channel     channel_tag channel_id track side speaker_type agent_or_customer"""
)
_SIDE: Final = _names(
    """side role speaker_role participant_role speaker_type party_type affiliation party agent_or_customer
    rep_or_customer team speaker_side"""
)
_START: Final = _names(
    """start start_time start_s start_sec start_secs start_seconds start_ms start_time_ms start_millis start_time_millis
    start_timestamp start_offset begin begin_time begin_s begin_ms begin_offset_millis offset offset_s offset_ms
    offset_seconds time_in in timestamp timestamp_ms created_at sent_at spoken_at date_time
    time time_s time_ms timecode starttime anfang beginn debut inicio
    inizio"""
)
_END: Final = _names(
    """end end_time end_s end_sec end_secs end_seconds end_ms end_time_ms end_millis end_time_millis end_timestamp
    end_offset end_offset_millis stop stop_time time_out out endtime ende fin fine"""
)
_CALL_ID: Final = _names(
    """call_id callid call_uuid call_guid conversation_id conv_id dialogue_id dialog_id chat_id session_id meeting_id
    recording_id interaction_id transcript_id call_sid call_no call_number call_nr record_id file file_name
    filename recording"""
)
_ROW_OR_CALL_ID: Final = _names("call id")
_PERHAPS_CALL_ID: Final = _names(  # where each row is an utterance
    "call conversation dialogue dialog chat session meeting interaction thread thread_id ticket_id case_id id"
)
_ORDER: Final = _names(
    """turn turn_id turn_no turn_nr turn_number turn_index turn_idx turn_order utterance_id utterance_no
    utterance_number utterance_index utterance_idx index idx seq seq_no seqno sequence sequence_no sequence_number order
    line_no line_number line_id segment segment_id segment_no segment_index sentence_id sentence_index message_index
    message_no row_no nr"""
)
_OUTCOME: Final = _names(
    """outcome deal_outcome call_outcome opportunity_outcome converted is_converted conversion is_won won closed_won
    is_closed_won hs_is_closed_won deal_won win_loss won_lost won_or_lost deal_result result label deal_status
    opportunity_status deal_stage dealstage stage stage_name opportunity_stage status sold sale ergebnis gewonnen
    resultat resultado esito"""
)
_ACCOUNT: Final = _names(
    "account account_name accountid company company_id company_name customer_id client_id organization organisation"
)
_REP: Final = _names("rep_name rep_email agent_id agent_name owner owner_id owner_name sales_rep seller salesperson")
_STARTED: Final = _names(
    """call_start call_started_at call_date call_time call_datetime date datetime started start_date started_on
    hs_timestamp meeting_date datum"""
)
_ENDED: Final = _names("close_date closedate closed_at closed_date close_time won_at decided_at")
_TITLE: Final = _names("title call_title subject call_name meeting_title hs_call_title call_subject betreff topic")


@dataclass(frozen=True)
class TableColumns:
    """Which column of a table holds what; None where none does. ``own``: those with a name of ours, by it.

    ``transcript`` is what is said: a whole call, or one utterance. ``perhaps_speaker`` holds who speaks only
    if each row is an utterance.
    """

    header: tuple[str, ...]
    transcript: str | None = None
    also_transcript: tuple[str, ...] = ()
    speaker: str | None = None
    perhaps_speaker: str | None = None
    sides: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    call_id: str | None = None
    row_or_call_id: str | None = None
    perhaps_call_ids: tuple[str, ...] = ()
    order: str | None = None
    outcome: str | None = None
    account_id: str | None = None
    rep_id: str | None = None
    started_at: str | None = None
    outcome_at: str | None = None
    title: str | None = None
    plain: dict[str, str] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether there is a column that can hold what is said."""
        return self.transcript is not None

    def named(self, *names: str) -> str | None:
        """The first column whose plain name is one of some."""
        return next((self.plain[name] for name in names if name in self.plain), None)


def plain_name(name: str) -> str:
    """A column's name in small letters without accents: "Call Transcript", "callTranscript" -> "call_transcript"."""
    folded = unicodedata.normalize("NFKD", _CAMEL.sub("_", name.strip()[:80]))
    return _NO_LETTERS.sub("_", folded.encode("ascii", "ignore").decode().lower()).strip("_")


def columns_of(header: Sequence[str]) -> TableColumns:
    """What the columns of a header hold. Names of ours come first, then the usual ones in the order of their lists."""
    plain: dict[str, str] = {}
    for column in header[:_MAX_COLUMNS]:
        plain.setdefault(plain_name(column), column)
    if "call_transcript" in plain:
        texts = [plain["call_transcript"]]
    else:
        texts = _found(plain, _CALL_TEXT) or _found(plain, _CALL_LIST) or _found(plain, _TEXT)
    speaker = _first(plain, _SPEAKER)
    if speaker and (utterance := _first(plain, _TEXT)):
        texts = [utterance]

    def other(own: str, names: tuple[str, ...]) -> str | None:
        return plain.get(own) or _first(plain, names)

    perhaps = _first(plain, _PERHAPS_SPEAKER)
    return TableColumns(
        header=tuple(header),
        transcript=texts[0] if texts else None,
        also_transcript=tuple(texts[1:]),
        speaker=speaker,
        perhaps_speaker=perhaps,
        sides=tuple(column for column in _found(plain, _SIDE) if column not in texts),
        start=_first(plain, _START),
        end=_first(plain, _END),
        call_id=_first(plain, _CALL_ID),
        row_or_call_id=next((column for column in _found(plain, _ROW_OR_CALL_ID) if column not in texts), None),
        perhaps_call_ids=tuple(column for column in _found(plain, _PERHAPS_CALL_ID) if column not in texts),
        order=_first(plain, _ORDER),
        outcome=other("conversion_label", _OUTCOME),
        account_id=other("account_id", _ACCOUNT),
        rep_id=other("rep_id", _REP),
        started_at=other("started_at", _STARTED),
        outcome_at=other("outcome_at", _ENDED),
        title=_first(plain, _TITLE),
        plain=plain,
    )


def check_columns(columns: TableColumns, file: str, *, need_outcome: bool) -> None:
    """Refuses a table without a column that is needed, or with two that could both be the transcript.

    Raises:
        DataError: names the columns that are there.
    """
    if columns.also_transcript:
        both = f"{columns.transcript} and {columns.also_transcript[0]} could both be it"
        raise DataError(f"{file} needs a column call_transcript with one call in each row; {both}.")
    if not columns.is_known or (need_outcome and columns.outcome is None):
        needed = "the columns call_transcript and conversion_label (1 or 0)"
        if not need_outcome:
            needed = "a column call_transcript with a call in each row, or the columns speaker and text"
        raise DataError(f"{file} needs {needed}; the columns found are: {shown(columns.header)}.")


def shown(header: Sequence[str]) -> str:
    """The names of columns, the first of them where there are many."""
    return (", ".join(header[:MAX_SHOWN]) + (", …" if len(header) > MAX_SHOWN else "")) or "none"


def _found(plain: dict[str, str], names: tuple[str, ...]) -> list[str]:
    return [plain[name] for name in names if name in plain]


def _first(plain: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next(iter(_found(plain, names)), None)

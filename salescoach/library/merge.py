"""How a call meets the rows that are the same call: what is merged, what is refused, and which ids are kept."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field
from sqlalchemy import or_, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session, selectinload

from salescoach.errors import DataError
from salescoach.library.tables import AliasRow, CallRow, TurnRow
from salescoach.moves.results import CallMoves
from salescoach.speech.call_metrics import call_metrics
from salescoach.speech.metric_list import METRICS_VERSION
from salescoach.types import Frozen, LabelledCall, Transcript, Turn

_FACTS: Final = ("account_id", "rep_id", "started_at", "outcome", "outcome_at", "split")


class AddReport(Frozen):
    """What ``Library.add`` did, in numbers of calls. ``same_as``: another id of a call -> the id it is kept under."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    same_as: dict[str, str] = Field(default_factory=dict)


class KnownRows:
    """The rows of the library that a few calls may meet, by id and by content; of private ones there may be several."""

    def __init__(self, session: Session, calls: Sequence[LabelledCall]) -> None:
        self._session = session
        is_met = or_(
            CallRow.call_id.in_([call.call_id for call in calls]),
            CallRow.content_hash.in_([call.transcript.content_hash for call in calls]),
        )
        query = select(CallRow).where(is_met).order_by(CallRow.added_at, CallRow.call_id)
        rows = session.scalars(query.options(selectinload(CallRow.turns))).all()
        self._by_id = {row.call_id: row for row in rows}
        self._by_content = {row.content_hash: row for row in rows if row.visibility == "team"}
        self._private: dict[str, list[CallRow]] = {}
        for row in rows:
            if row.visibility == "private":
                self._private.setdefault(row.content_hash, []).append(row)

    def put(self, call: LabelledCall, owner: str | None, report: AddReport) -> AddReport:
        """Adds a call, or merges it into the row that is the same call."""
        twin = self._by_content.get(call.transcript.content_hash)
        namesake = self._by_id.get(call.call_id)
        private = self._private.get(call.transcript.content_hash, [])
        if call.provenance == "pasted":
            return self._put_pasted(
                call, owner, report, is_known=bool(twin or [one for one in private if one.owner == owner])
            )
        _refuse_contradiction(call, twin, namesake, private)
        known = twin or (private[0] if private and namesake in (None, *private) else namesake)
        if known is None:
            self._insert(call, owner, datetime.now(UTC).replace(tzinfo=None))
            return report.model_copy(update={"added": report.added + 1})
        before, call_id = call_of(known), known.call_id if known.visibility == "team" else call.call_id
        merged = _merged(before, call, call_id)
        same_as = report.same_as
        if known.visibility == "team" and call.call_id != call_id:
            same_as = {**same_as, call.call_id: call_id}
        if merged == before and not private:
            return report.model_copy(update={"unchanged": report.unchanged + 1, "same_as": same_as})
        self._replace([known, *private], merged, known, owner)
        return report.model_copy(update={"updated": report.updated + 1, "same_as": same_as})

    def _put_pasted(self, call: LabelledCall, owner: str | None, report: AddReport, *, is_known: bool) -> AddReport:
        if is_known:
            return report.model_copy(update={"unchanged": report.unchanged + 1})
        if call.call_id in self._by_id:
            raise DataError(f"The id {call.call_id} is in the library for another call; give this one its own id.")
        self._insert(call, owner, datetime.now(UTC).replace(tzinfo=None))
        return report.model_copy(update={"added": report.added + 1})

    def _replace(self, rows: Sequence[CallRow], call: LabelledCall, known: CallRow, owner: str | None) -> None:
        """Puts a call in the place of rows that are the same one, which is still found by all their ids."""
        ids = {row.call_id for row in rows}
        aliases = {*ids, *self._session.scalars(select(AliasRow.alias).where(AliasRow.call_id.in_(ids)))}
        read = (kept_moves(row) for row in rows if row.content_hash == call.transcript.content_hash)
        moves = next((one for one in read if one is not None), None)
        for row in {id(row): row for row in rows}.values():
            self._remove(row)
        row = self._insert(call, known.owner or owner, known.added_at, moves)
        if call.outcome == known.outcome:
            row.outcome_entered_at, row.outcome_entered_by = known.outcome_entered_at, known.outcome_entered_by
            row.outcome_confirmed_by = known.outcome_confirmed_by
            row.proposed_outcome, row.proposed_by = known.proposed_outcome, known.proposed_by
        self._session.flush()
        add_aliases(self._session, aliases - {call.call_id}, call.call_id)

    def _insert(
        self, call: LabelledCall, owner: str | None, added_at: datetime, moves: CallMoves | None = None
    ) -> CallRow:
        row = _row_of(call, owner, added_at)
        measure(row, call.transcript, moves)
        self._session.add(row)
        self._by_id[row.call_id] = row
        if row.visibility == "team":
            self._by_content[row.content_hash] = row
        else:
            self._private.setdefault(row.content_hash, []).append(row)
        return row

    def _remove(self, row: CallRow) -> None:
        self._session.flush()  # it may be of this very batch
        self._session.delete(row)
        self._session.flush()
        del self._by_id[row.call_id]
        if row.visibility == "team":
            del self._by_content[row.content_hash]
        else:
            self._private[row.content_hash].remove(row)


def add_aliases(session: Session, aliases: Iterable[str], call_id: str) -> None:
    """Has a call found by further ids."""
    if rows := [{"alias": alias, "call_id": call_id} for alias in sorted(aliases)]:
        known = insert(AliasRow)
        session.execute(
            known.on_conflict_do_update(index_elements=["alias"], set_={"call_id": known.excluded.call_id}), rows
        )


def _refuse_contradiction(
    call: LabelledCall, twin: CallRow | None, namesake: CallRow | None, private: Sequence[CallRow]
) -> None:
    for same in (twin, *private):
        if same and same.outcome and call.outcome and same.outcome != call.outcome:
            raise DataError(
                f"Call {call.call_id} is {call.outcome}, but the same call is in the library as {same.call_id} with "
                f"the outcome {same.outcome}. Nothing was added; correct the wrong one, in the table or by "
                f"`coach outcome {same.call_id}`."
            )
    is_others = namesake is not None and namesake.visibility == "private" and namesake not in private
    if is_others or (twin and namesake and twin is not namesake):
        and_this = f", and this one is there as {twin.call_id}" if twin else ""
        raise DataError(
            f"The id {call.call_id} is in the library for another call{and_this}. Nothing was added; correct one of "
            "the ids."
        )


def _merged(known: LabelledCall, new: LabelledCall, call_id: str) -> LabelledCall:
    """What both say, the new one first; of a transcript, the one with more times where the words are the same."""
    facts = {name: getattr(new, name) if getattr(new, name) is not None else getattr(known, name) for name in _FACTS}
    is_same = known.transcript.content_hash == new.transcript.content_hash
    is_poorer = is_same and _n_times(new.transcript) < _n_times(known.transcript)
    transcript = known.transcript if is_poorer else new.transcript
    return new.model_copy(
        update={
            **facts,
            "call_id": call_id,
            "transcript": transcript.model_copy(update={"call_id": call_id}),
            "metadata": {**known.metadata, **new.metadata},
        }
    )


def _n_times(transcript: Transcript) -> int:
    return sum((turn.start_s is not None) + (turn.end_s is not None) for turn in transcript.turns)


def _row_of(call: LabelledCall, owner: str | None, added_at: datetime) -> CallRow:
    return CallRow(
        call_id=call.call_id,
        content_hash=call.transcript.content_hash,
        owner=owner,
        visibility="private" if call.provenance == "pasted" else "team",
        provenance=call.provenance,
        added_at=added_at,
        call_metadata=dict(call.metadata),
        warnings={"transcript": list(call.transcript.warnings)},
        turns=[
            TurnRow(number=number, **turn.model_dump()) for number, turn in enumerate(call.transcript.turns, start=1)
        ],
        **{name: getattr(call, name) for name in _FACTS},
    )


def measure(row: CallRow, transcript: Transcript, moves: CallMoves | None) -> None:
    """Enters what was read of a call, or that nothing was, and its metrics."""
    row.moves = None if moves is None else moves.model_dump(mode="json")
    row.moves_reader = None if moves is None else moves.model_id
    row.metrics, row.metrics_version = dict(call_metrics(transcript, moves)), METRICS_VERSION


def kept_moves(row: CallRow) -> CallMoves | None:
    """What was read of a call; None where nothing was."""
    return None if row.moves is None else CallMoves.model_validate(row.moves)


def call_of(row: CallRow) -> LabelledCall:
    """A row with its turns as a call."""
    turns = tuple(Turn.model_validate({name: getattr(turn, name) for name in Turn.model_fields}) for turn in row.turns)
    transcript = Transcript(turns=turns, call_id=row.call_id, warnings=tuple(row.warnings["transcript"]))
    facts: Mapping[str, Any] = {name: getattr(row, name) for name in _FACTS}
    return LabelledCall(
        transcript=transcript, call_id=row.call_id, provenance=row.provenance, metadata=row.call_metadata, **facts
    )

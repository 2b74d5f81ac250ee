"""The library itself: adding, changing and deleting calls. Nothing is ever written by halves."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session, selectinload, undefer

from salescoach.dates import check_date, naive_utc
from salescoach.errors import DataError, InputError
from salescoach.library import exposure_log, label_log, score_log, shadow_log
from salescoach.library.facts import CrmFacts, add_names
from salescoach.library.ids import pasted_id
from salescoach.library.merge import AddReport, KnownRows, add_aliases, call_of, kept_moves, measure
from salescoach.library.reader import IS_TEAMS, ROWS_AT_ONCE, LibraryReader, chunks, ending, same_call, visible_row
from salescoach.library.tables import AccountRow, AliasRow, CallRow, RepRow
from salescoach.progress import Progress, silent
from salescoach.speech.metric_list import METRICS_VERSION
from salescoach.types import LabelledCall, Outcome, Transcript

if TYPE_CHECKING:
    from salescoach.moves.reader import NamedReader

logger = logging.getLogger(__name__)


class Library(LibraryReader):
    """Calls of the team and private ones. A private call is found by its id only and never counts.

    Once open it never makes its file again: one that is removed meanwhile is an error, and not an empty library.
    """

    def __init__(self, file: Path, *, create: bool = True) -> None:
        """As ``LibraryDatabase`` opens it; calls that an older program measured are measured again."""
        super().__init__(file, create=create)
        self._measure_again()

    def add(self, calls: Iterable[LabelledCall], owner: str | None = None) -> AddReport:
        """Adds calls or updates those whose ``call_id`` is known; all of them or, on an error, none.

        The same content under another id is the call that is there already, which keeps its id; a pasted call becomes
        a past one under the new id. What a known call doesn't say this time, such as its outcome, stays as it was. The
        order of the calls makes no difference.

        Args:
            calls: to add; those whose provenance is "pasted" stay private.
            owner: who brings them.

        Raises:
            DataError: a call is known with another outcome, its id is another call's, or its date is none; names ids.
        """
        batch = [call.model_copy(update=_in_utc(call)) for call in calls]
        _refuse_ids_of_two(batch)
        report = AddReport()
        with self._session(writes=True) as session:
            for chunk in chunks(self._in_order(session, batch)):
                _add_names(session, chunk)
                known = KnownRows(session, chunk)
                for call in chunk:
                    report = known.put(call, owner, report)
                session.flush()
                session.expunge_all()
            _drop_unused_names(session)
        return report

    def add_pasted(self, transcript: Transcript, owner: str | None = None, at_most: int | None = None) -> str:
        """Keeps a call that a user pasted, privately, and returns its id.

        The team's call or the owner's own is there once. What others pasted makes no difference, so nobody learns from
        an id, or from how a call is shown, what a colleague has.

        Args:
            transcript: of the call.
            owner: whose it is; None: the operator's, whom the chat doesn't know.
            at_most: how many private calls an owner may have.

        Raises:
            InputError: the owner has that many.
        """
        with self._session() as session:
            is_known = (
                CallRow.content_hash == transcript.content_hash,
                or_(IS_TEAMS, CallRow.owner.is_not_distinct_from(owner)),
            )
            known = session.scalar(select(CallRow.call_id).where(*is_known))
        if known is not None:
            return known
        if at_most is not None and len(self.private_calls(owner)) >= at_most:
            raise InputError(
                f"You have {at_most:,} calls of your own here, which is as many as are kept for one person. Delete "
                "conversations that you don't need any more; their calls go with them."
            )
        call_id = pasted_id(transcript, owner)
        named = transcript.model_copy(update={"call_id": call_id})
        self.add([LabelledCall(transcript=named, call_id=call_id, provenance="pasted")], owner)
        return call_id

    def adopt(
        self,
        call_id: str,
        outcome: Outcome | None = None,
        *,
        account_id: str | None = None,
        outcome_at: datetime | None = None,
        by: str | None = None,
    ) -> str:
        """Makes a pasted call one of the team's, under the id that it has; returns that id.

        A call that is the team's already gets what is said here and keeps the rest; without ``outcome`` it keeps its.

        Args:
            call_id: of the call, or the one that it had while it was only pasted.
            outcome: how the deal ended; None: it is open.
            account_id: the customer's.
            outcome_at: when it ended.
            by: who says so.

        Raises:
            InputError: there is no such call, it is an example call, or no deal can have ended then.
        """
        check_date(outcome_at, "the end of the deal")
        with self._session(writes=True) as session:
            row = self._changeable(session, call_id)
            if account_id:
                add_names(session, [(AccountRow, account_id)])
                row.account_id = account_id
            if outcome is not None:
                _enter(row, outcome, outcome_at, by)
            _join_team(session, row)
            return row.call_id

    def set_outcome(
        self, call_id: str, outcome: Outcome | None, at: datetime | None = None, *, by: str | None = None
    ) -> Outcome | None:
        """Enters how a deal ended, or corrects it; None opens it again. Returns what was there before.

        Args:
            call_id: of an own or pasted call.
            outcome: how the deal ended.
            at: when it did.
            by: who says so.

        Raises:
            InputError: there is no such call, it is an example call, or no deal can have ended then.
        """
        check_date(at, "the end of the deal")
        with self._session(writes=True) as session:
            row = self._changeable(session, call_id)
            before = cast("Outcome | None", row.outcome)
            _enter(row, outcome, at, by)
            return before

    def enter_facts(self, facts: Sequence[CrmFacts], by: str | None) -> None:
        """Enters what a CRM says of calls, all of it or, on an error, nothing.

        Raises:
            InputError: there is no such call, or it is an example call.
            DataError: somebody has entered another outcome since ``CrmFacts.before`` was read.
        """
        with self._session(writes=True) as session:
            for one in facts:
                row = self._changeable(session, one.call_id)
                if row.outcome != one.before:
                    raise DataError(f"The outcome of call {row.call_id} was changed meanwhile; import once more.")
                if one.outcome is not None and one.outcome != one.before:
                    _enter(row, one.outcome, one.outcome_at, by)
                add_names(session, [(AccountRow, one.account_id), (RepRow, one.rep_id)])
                row.account_id, row.rep_id = row.account_id or one.account_id, row.rep_id or one.rep_id
                row.call_metadata = {**row.call_metadata, **one.metadata}

    def propose_outcome(self, call_id: str, outcome: Outcome | None, by: str) -> str:
        """Notes how a deal ended, for a second person to confirm; returns the call's id.

        Until then everybody may see the call, and it counts as before. A later proposal takes the place of an earlier.

        Raises:
            InputError: there is no such call that ``by`` may see, or it is an example call.
        """
        with self._session(writes=True) as session:
            row = visible_row(self._changeable(session, call_id), call_id, by)
            row.proposed_outcome, row.proposed_by = outcome or "open", by
            return row.call_id

    def confirm_outcome(self, call_id: str, outcome: Outcome | None, by: str) -> Outcome | None:
        """Makes a proposed outcome the outcome, and the call the team's. Returns the outcome of before.

        Args:
            call_id: of the call.
            outcome: what ``by`` confirms; refused where another one has been proposed meanwhile.
            by: who confirms it; neither who pasted the call nor who proposed the outcome.

        Raises:
            InputError: there is no such proposal that ``by`` may confirm.
        """
        with self._session(writes=True) as session:
            row = self._row(session, call_id)
            is_theirs = by in (row.proposed_by, row.owner)
            if row.proposed_outcome is None or ending(row.proposed_outcome) != outcome or is_theirs:
                raise InputError(
                    f"Nothing about call {call_id} waits for you to confirm it: that takes somebody who neither pasted "
                    "the call nor said how it ended."
                )
            before = cast("Outcome | None", row.outcome)
            _enter(row, outcome, None, row.proposed_by)
            row.outcome_confirmed_by = by
            _join_team(session, row)
            return before

    def read_moves(
        self, reader: "NamedReader", report: Progress = silent, *, only: Collection[str] | None = None
    ) -> int:
        """Reads the team's calls that nobody or another reader has read, and measures these again; returns how many.

        Each is kept as soon as it is read, so that an interrupted run goes on where it stopped.

        Args:
            reader: that reads.
            report: is told how far it is.
            only: ids of the calls to look at; default: all.

        Raises:
            ModelError: the reader is missing or damaged.
        """
        is_unread = IS_TEAMS, CallRow.moves_reader.is_distinct_from(reader.model_id)
        with self._session() as session:
            unread = list(session.scalars(select(CallRow.call_id).where(*is_unread).order_by(CallRow.call_id)))
        unread = unread if only is None else [call_id for call_id in unread if call_id in only]
        for done, call_id in enumerate(unread):
            report("reading calls", done, len(unread))
            self._read_call(reader, call_id)
        if unread:
            report("reading calls", len(unread), len(unread))
        return len(unread)

    def _read_call(self, reader: "NamedReader", call_id: str) -> None:
        """Others may change or delete the call while it is read; then nothing is kept."""
        with self._session() as session:
            row = session.get(CallRow, call_id)
            transcript = None if row is None else call_of(row).transcript
        if transcript is None:
            return
        moves = reader.read(transcript)
        with self._session(writes=True) as session:
            row = session.get(CallRow, call_id)
            if row is not None and row.content_hash == transcript.content_hash:
                measure(row, call_of(row).transcript, moves)

    def claim(self, call_id: str, owner: str) -> None:
        """Gives a private call that nobody owns to somebody."""
        is_nobodys = CallRow.visibility == "private", CallRow.owner.is_(None), CallRow.call_id == call_id
        with self._session(writes=True) as session:
            session.execute(update(CallRow).where(*is_nobodys).values(owner=owner))

    def delete(self, call_id: str) -> None:
        """Deletes a call, with whoever pasted it, its scores and labels, and account and rep where no other names them.

        No byte of it stays in the file.

        Raises:
            InputError: there is no such call.
            CoachError: another process keeps the file from being rewritten; nothing was deleted.
        """
        self._delete(
            lambda session: session.scalars(
                select(CallRow).where(CallRow.call_id.in_(same_call(self._row(session, call_id))))
            )
        )

    def delete_private(self, call_id: str, owner: str) -> None:
        """Deletes a private call of an owner, and nothing where they have none of that id; others keep theirs.

        Raises:
            CoachError: as for ``delete``.
        """
        is_theirs = CallRow.call_id == call_id, CallRow.owner == owner, CallRow.visibility == "private"
        self._delete(lambda session: session.scalars(select(CallRow).where(*is_theirs)))

    def _delete(self, choose: Callable[[Session], Iterable[CallRow]]) -> None:
        self._scrub()  # what can't be done afterwards isn't begun
        with self._session(writes=True) as session:
            rows = list(choose(session))
            call_ids, contents = {row.call_id for row in rows}, {row.content_hash for row in rows}
            accounts = {row.account_id for row in rows if row.account_id is not None}
            aliases = session.scalars(select(AliasRow.alias).where(AliasRow.call_id.in_(call_ids))).all()
            for row in rows:
                session.delete(row)
            session.flush()
            _drop_unused_names(session)
            database: Any = session.connection().connection.driver_connection
            score_log.delete(database, {*call_ids, *aliases}, contents)
            shadow_log.delete(database, contents)
            label_log.delete(database, contents)
            exposure_log.delete(database, accounts)
        self._scrub()

    def _changeable(self, session: Session, call_id: str) -> CallRow:
        row = self._row(session, call_id)
        if row.provenance == "sample":
            raise InputError(
                f"Call {row.call_id} is an example call, whose outcome belongs to the example and stays as it is; "
                "add calls of your own."
            )
        return row

    def _in_order(self, session: Session, batch: Sequence[LabelledCall]) -> list[LabelledCall]:
        """Calls whose id is known come first: one that was rewritten makes room for its old content under a new id."""
        known: set[str] = set()
        for chunk in chunks(batch):
            ids = [call.call_id for call in chunk]
            known.update(session.scalars(select(CallRow.call_id).where(CallRow.call_id.in_(ids))))
        return sorted(batch, key=lambda call: (call.call_id not in known, call.call_id, call.model_dump_json()))

    def _measure_again(self) -> None:
        """Measures the calls whose metrics follow older definitions; an interrupted run goes on where it stopped."""
        old = select(CallRow).where(CallRow.metrics_version != METRICS_VERSION)
        with self._session() as session:
            n_old = session.scalar(select(func.count()).select_from(old.subquery())) or 0
        if n_old:
            logger.info("The definitions of the call metrics changed; %d calls are measured again.", n_old)
        for _ in range(0, n_old, ROWS_AT_ONCE):
            with self._session(writes=True) as session:
                loaded = selectinload(CallRow.turns), undefer(CallRow.moves)
                for row in session.scalars(old.limit(ROWS_AT_ONCE).options(*loaded)):
                    measure(row, call_of(row).transcript, kept_moves(row))


def _join_team(session: Session, row: CallRow) -> None:
    """Makes a call the team's. Whoever else pasted it finds the team's under the id that they know."""
    others = list(session.scalars(same_call(row).where(CallRow.call_id != row.call_id)))
    aliases = session.scalars(select(AliasRow.alias).where(AliasRow.call_id.in_(others))).all()
    for other in session.scalars(select(CallRow).where(CallRow.call_id.in_(others))):
        session.delete(other)
    row.provenance, row.visibility = "own", "team"
    session.flush()
    add_aliases(session, {*others, *aliases}, row.call_id)
    _drop_unused_names(session)


def _enter(row: CallRow, outcome: Outcome | None, at: datetime | None, by: str | None) -> None:
    row.outcome, row.outcome_at = outcome, _naive_utc(at) if outcome is not None else None
    row.outcome_entered_at, row.outcome_entered_by = datetime.now(UTC).replace(tzinfo=None), by
    row.outcome_confirmed_by = row.proposed_outcome = row.proposed_by = None


def _refuse_ids_of_two(batch: Iterable[LabelledCall]) -> None:
    contents: dict[str, str] = {}
    for call in sorted(batch, key=lambda call: call.call_id):
        content = call.transcript.content_hash
        if contents.setdefault(call.call_id, content) != content:
            raise DataError(f"Two different calls have the id {call.call_id}. Nothing was added; give each its own id.")


def _add_names(session: Session, calls: Iterable[LabelledCall]) -> None:
    for table, name in ((AccountRow, "account_id"), (RepRow, "rep_id")):
        if names := {value for call in calls if (value := getattr(call, name)) is not None}:
            session.execute(insert(table).on_conflict_do_nothing(), [{name: value} for value in sorted(names)])


def _drop_unused_names(session: Session) -> None:
    for table, name, used in (
        (AccountRow, AccountRow.account_id, CallRow.account_id),
        (RepRow, RepRow.rep_id, CallRow.rep_id),
    ):
        session.execute(delete(table).where(name.not_in(select(used).where(used.is_not(None)))))


def _in_utc(call: LabelledCall) -> dict[str, datetime | None]:
    return {"started_at": _naive_utc(call.started_at), "outcome_at": _naive_utc(call.outcome_at)}


def _naive_utc(when: datetime | None) -> datetime | None:
    """SQLite keeps no time zone; everything in it is UTC."""
    return None if when is None else naive_utc(when)

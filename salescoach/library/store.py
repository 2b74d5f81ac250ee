"""The library itself: adding, finding, listing and deleting calls. Nothing is ever written by halves."""

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from pydantic import Field
from sqlalchemy import Connection, Select, create_engine, delete, event, exists, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session, selectinload

from salescoach.dates import check_date, naive_utc
from salescoach.errors import CoachError, DataError, InputError
from salescoach.library.ids import pasted_id
from salescoach.library.migrate import bring_up_to_date
from salescoach.library.own_calls import OwnCalls
from salescoach.library.shelf import AddReport, Shelf, add_aliases, call_of
from salescoach.library.tables import AccountRow, AliasRow, CallRow, LibraryRow, RepRow, TurnRow, Visibility
from salescoach.scrub import scrub_file
from salescoach.speech.call_metrics import METRICS_VERSION, call_metrics
from salescoach.sqlite_files import DISK_REMEDY, address, connect_read_only, is_read_only, remedy_for
from salescoach.types import Frozen, LabelledCall, Outcome, Provenance, Transcript, Turn

logger = logging.getLogger(__name__)

_ROWS_AT_ONCE = 200
_LOCK_SECONDS = 30

_IS_TEAMS = CallRow.visibility == "team"

T = TypeVar("T")


class CallSummary(Frozen):
    """A call of the library without its text. ``outcome`` is None while the deal is open."""

    call_id: str
    account_id: str | None
    rep_id: str | None = None
    started_at: datetime | None = None
    outcome: Outcome | None
    outcome_at: datetime | None = None
    outcome_entered_at: datetime | None = None
    outcome_entered_by: str | None = None
    owner: str | None = None
    visibility: Visibility = "team"
    provenance: Provenance
    n_turns: int
    metrics: dict[str, float | None]
    metadata: dict[str, str] = Field(default_factory=dict)


class Proposal(Frozen):
    """An outcome that waits for a second person. The call counts nowhere with it until then."""

    call_id: str
    outcome: Outcome | None
    by: str
    n_turns: int


def digest_of_calls(calls: Iterable[tuple[str, str, str, str | None, str | None]]) -> str:
    """sha256 over past calls in any order: id, content hash, outcome, account and date (ISO, UTC) of each."""
    lines = sorted(json.dumps(call) for call in calls)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def look_at_library(file: Path) -> tuple[str | None, int] | None:
    """The library's id and how many calls it holds, changing nothing: no file is made and none is migrated.

    The id is None in a file of an older program, which had none. None where there is no file, or one without tables.

    Raises:
        CoachError: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        with closing(connect_read_only(file)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "calls" not in tables:
                return None
            (n_calls,) = database.execute("SELECT count(*) FROM calls").fetchone()
            ids = database.execute("SELECT library_id FROM library").fetchone() if "library" in tables else None
            return (ids[0] if ids else None), n_calls
    except sqlite3.DatabaseError as error:
        raise CoachError(f"The library {file} can't be read ({error}); restore it or move it away.") from None


class Library:
    """Calls of the team and private ones. A private call is found by its id only and never counts.

    Once open it never makes its file again: one that is removed meanwhile is an error, and not an empty library.
    """

    def __init__(self, file: Path, *, create: bool = True) -> None:
        """Opens the library; a file that can't be written to is read as it is.

        Args:
            file: of the library.
            create: whether to make it where there is none.

        Raises:
            CoachError: there is none, it is damaged, or a newer program wrote it.
        """
        _make_file(file, create)
        self._file = file
        is_fixed = is_read_only(file)
        self._engine = create_engine(
            "sqlite:///library",
            creator=lambda: sqlite3.connect(
                address(file, read_only=is_fixed), uri=True, timeout=_LOCK_SECONDS, check_same_thread=False
            ),
        )
        if not is_fixed:
            event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(is_writer=True)
        try:
            bring_up_to_date(self._writer, file)
            self._measure_again()
        except DatabaseError as error:
            remedy = DISK_REMEDY if is_fixed else remedy_for(error.orig)
            raise CoachError(f"The library {file} can't be opened ({error.orig}); {remedy}.") from None

    @property
    def library_id(self) -> str:
        """Which library it is: 16 hex digits that it keeps, in copies too."""
        with self._session() as session:
            return session.scalars(select(LibraryRow.library_id)).one()

    def digest(self) -> str:
        """sha256 over what an index holds of the past calls, as ``digest_of_calls`` has it."""
        fields = (CallRow.call_id, CallRow.content_hash, CallRow.outcome, CallRow.account_id, CallRow.started_at)
        query = select(*fields).where(CallRow.visibility == "team", CallRow.outcome.is_not(None))
        with self._session() as session:
            return digest_of_calls(
                (call_id, content, str(outcome), account, started.isoformat() if started else None)
                for call_id, content, outcome, account, started in session.execute(query)
            )

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
            for chunk in _chunks(self._in_order(session, batch)):
                _add_names(session, chunk)
                shelf = Shelf(session, chunk)
                for call in chunk:
                    report = shelf.put(call, owner, report)
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
                or_(_IS_TEAMS, CallRow.owner.is_not_distinct_from(owner)),
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
        rep_id: str | None = None,
        outcome_at: datetime | None = None,
        by: str | None = None,
    ) -> str:
        """Makes a pasted call one of the team's, under the id that it has; returns that id.

        A call that is the team's already gets what is said here and keeps the rest; without ``outcome`` it keeps its.

        Args:
            call_id: of the call, or the one that it had while it was only pasted.
            outcome: how the deal ended; None: it is open.
            account_id: the customer's.
            rep_id: the seller's.
            outcome_at: when it ended.
            by: who says so.

        Raises:
            InputError: there is no such call, it is a sample call, or no deal can have ended then.
        """
        check_date(outcome_at, "the end of the deal")
        with self._session(writes=True) as session:
            row = self._changeable(session, call_id)
            if account_id is not None:
                session.execute(insert(AccountRow).on_conflict_do_nothing(), [{"account_id": account_id}])
            if rep_id is not None:
                session.execute(insert(RepRow).on_conflict_do_nothing(), [{"rep_id": rep_id}])
            row.account_id, row.rep_id = account_id or row.account_id, rep_id or row.rep_id
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
            InputError: there is no such call, it is a sample call, or no deal can have ended then.
        """
        check_date(at, "the end of the deal")
        with self._session(writes=True) as session:
            row = self._changeable(session, call_id)
            before = cast("Outcome | None", row.outcome)
            _enter(row, outcome, at, by)
            return before

    def propose_outcome(self, call_id: str, outcome: Outcome | None, by: str) -> str:
        """Notes how a deal ended, for a second person to confirm; returns the call's id.

        Until then everybody may see the call, and it counts as before. A later proposal takes the place of an earlier.

        Raises:
            InputError: there is no such call that ``by`` may see, or it is a sample call.
        """
        with self._session(writes=True) as session:
            row = _visible(self._changeable(session, call_id), call_id, by)
            row.proposed_outcome, row.proposed_by = outcome or "open", by
            return row.call_id

    def proposals(self, user: str) -> list[Proposal]:
        """What waits for this user to confirm it: nothing that they pasted or proposed themselves; by id."""
        n_turns = select(func.count()).where(TurnRow.call_id == CallRow.call_id).scalar_subquery()
        query = select(CallRow.call_id, CallRow.proposed_outcome, CallRow.proposed_by, n_turns)
        is_others = CallRow.proposed_by != user, CallRow.owner.is_distinct_from(user)
        with self._session() as session:
            found = session.execute(query.where(*is_others).order_by(CallRow.call_id))
            return [Proposal(call_id=one, outcome=_ending(to), by=by, n_turns=n) for one, to, by, n in found]

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
            if row.proposed_outcome is None or _ending(row.proposed_outcome) != outcome or is_theirs:
                raise InputError(
                    f"Nothing about call {call_id} waits for you to confirm it: that takes somebody who neither pasted "
                    "the call nor said how it ended."
                )
            before = cast("Outcome | None", row.outcome)
            _enter(row, outcome, None, row.proposed_by)
            row.outcome_confirmed_by = by
            _join_team(session, row)
            return before

    def own_calls(self) -> OwnCalls:
        """How many calls of the team's own have an outcome."""
        query = select(CallRow.outcome, func.count()).where(CallRow.visibility == "team", CallRow.provenance == "own")
        with self._session() as session:
            n = {outcome: count for outcome, count in session.execute(query.group_by(CallRow.outcome))}
        return OwnCalls(n_converted=n.get("converted", 0), n_lost=n.get("lost", 0))

    def get(self, call_id: str) -> LabelledCall:
        """A call by its id, or by the id that it had while it was only pasted.

        Raises:
            InputError: there is no such call.
        """
        with self._session() as session:
            return call_of(self._row(session, call_id))

    def visible(self, call_id: str, user: str) -> LabelledCall:
        """A call as ``get`` gives it, if a user of the chat may see it.

        A call is for everybody where it is the team's or waits for somebody to confirm its outcome; a private one is
        for its owner alone. Every door of the chat asks here.

        Raises:
            InputError: there is no such call, or it is somebody else's, in the same words.
        """
        with self._session() as session:
            return call_of(_visible(self._row(session, call_id), call_id, user))

    def private_calls(self, owner: str | None) -> list[str]:
        """Ids of the private calls of an owner, or of those that nobody owns."""
        is_theirs = CallRow.visibility == "private", CallRow.owner.is_not_distinct_from(owner)
        with self._session() as session:
            return list(session.scalars(select(CallRow.call_id).where(*is_theirs).order_by(CallRow.call_id)))

    def claim(self, call_id: str, owner: str) -> None:
        """Gives a private call that nobody owns to somebody."""
        is_nobodys = CallRow.visibility == "private", CallRow.owner.is_(None), CallRow.call_id == call_id
        with self._session(writes=True) as session:
            session.execute(update(CallRow).where(*is_nobodys).values(owner=owner))

    def names(self, call_id: str) -> set[str]:
        """Every id that a call has or had, with whoever pasted it.

        Raises:
            InputError: there is no such call.
        """
        with self._session() as session:
            same = _same(self._row(session, call_id))
            aliases = select(AliasRow.alias).where(AliasRow.call_id.in_(same))
            return {*session.scalars(same), *session.scalars(aliases)}

    def find(self, transcript: Transcript) -> LabelledCall | None:
        """The call of the library with the same content, if there is one; the team's before a private one."""
        query = select(CallRow).where(CallRow.content_hash == transcript.content_hash)
        with self._session() as session:
            row = session.scalar(query.order_by(_IS_TEAMS.desc(), CallRow.call_id))
            return None if row is None else call_of(row)

    def past_calls(self) -> Iterator[LabelledCall]:
        """Every past call whose outcome is known, by id; private and open ones are left out."""
        for call_ids in _chunks([summary.call_id for summary in self.summaries()]):
            with self._session() as session:
                query = select(CallRow).where(CallRow.call_id.in_(call_ids)).order_by(CallRow.call_id)
                rows = session.scalars(query.options(selectinload(CallRow.turns)))
                calls = [call_of(row) for row in rows]
            yield from calls

    def summaries(self, outcome: Outcome | None = None) -> list[CallSummary]:
        """The past calls whose outcome is known, without their texts, by id."""
        return [
            summary
            for summary in self.team_calls()
            if summary.outcome is not None and outcome in (None, summary.outcome)
        ]

    def team_calls(self) -> list[CallSummary]:
        """Every call of the team, open deals too, without its text, by id. Private calls are left out."""
        n_turns = select(func.count()).where(TurnRow.call_id == CallRow.call_id).scalar_subquery()
        fields = (
            CallRow.call_id, CallRow.account_id, CallRow.rep_id, CallRow.started_at, CallRow.outcome,
            CallRow.outcome_at, CallRow.outcome_entered_at, CallRow.outcome_entered_by, CallRow.owner,
            CallRow.visibility, CallRow.provenance, CallRow.metrics,
            CallRow.call_metadata.label("metadata"), n_turns.label("n_turns"),
        )  # fmt: skip
        query = select(*fields).where(CallRow.visibility == "team").order_by(CallRow.call_id)
        with self._session() as session:
            return [CallSummary.model_validate(dict(row)) for row in session.execute(query).mappings()]

    def contents(self, call_ids: Sequence[str]) -> dict[str, tuple[str, Outcome | None]]:
        """Content hash and outcome of those of the calls that are in the library."""
        found: dict[str, tuple[str, Outcome | None]] = {}
        with self._session() as session:
            for chunk in _chunks(call_ids):
                query = select(CallRow.call_id, CallRow.content_hash, CallRow.outcome)
                for call_id, content, outcome in session.execute(query.where(CallRow.call_id.in_(chunk))):
                    found[call_id] = (content, cast("Outcome | None", outcome))
        return found

    def own_turns(self, call_id: str) -> list[Turn]:
        """The turns of a call that no other call of the library has, private ones included.

        The same call, pasted by somebody else, is no other one.

        Raises:
            InputError: there is no such call.
        """
        elsewhere = set()
        with self._session() as session:
            row = self._row(session, call_id)
            call, same = call_of(row), _same(row)
            for texts in _chunks(list({turn.text for turn in call.transcript.turns})):
                query = select(TurnRow.role, TurnRow.text).where(TurnRow.text.in_(texts))
                others = session.execute(query.where(TurnRow.call_id.not_in(same)).distinct())
                elsewhere |= {(role, text) for role, text in others}
        return [turn for turn in call.transcript.turns if (turn.role, turn.text) not in elsewhere]

    def is_said(self, words: str) -> bool:
        """Whether the words stand in a turn of any call, as they are."""
        with self._session() as session:
            return bool(session.scalar(select(exists().where(func.instr(TurnRow.text, words) > 0))))

    def delete(self, call_id: str) -> None:
        """Deletes a call, with whoever pasted it, and its account and rep where no other call names them.

        No byte of it stays in the file.

        Raises:
            InputError: there is no such call.
            CoachError: another process keeps the file from being rewritten; nothing was deleted.
        """
        self._delete(
            lambda session: session.scalars(
                select(CallRow).where(CallRow.call_id.in_(_same(self._row(session, call_id))))
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
            for row in choose(session):
                session.delete(row)
            session.flush()
            _drop_unused_names(session)
        self._scrub()

    def _scrub(self) -> None:
        scrub_file(self._engine, f"The library {self._file}")

    def close(self) -> None:
        """Closes the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _row(self, session: Session, call_id: str) -> CallRow:
        row = session.get(CallRow, call_id)
        if row is None and (alias := session.get(AliasRow, call_id)) is not None:
            row = session.get(CallRow, alias.call_id)
        if row is None:
            raise _no_such_call(call_id)
        return row

    def _changeable(self, session: Session, call_id: str) -> CallRow:
        row = self._row(session, call_id)
        if row.provenance == "sample":
            raise InputError(
                f"Call {row.call_id} is a sample call, whose outcome is part of the simulation and stays as it is; "
                "add calls of your own."
            )
        return row

    def _in_order(self, session: Session, batch: Sequence[LabelledCall]) -> list[LabelledCall]:
        """Calls whose id is known come first: one that was rewritten makes room for its old content under a new id."""
        known: set[str] = set()
        for chunk in _chunks(batch):
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
        for _ in range(0, n_old, _ROWS_AT_ONCE):
            with self._session(writes=True) as session:
                for row in session.scalars(old.limit(_ROWS_AT_ONCE).options(selectinload(CallRow.turns))):
                    row.metrics, row.metrics_version = dict(call_metrics(call_of(row).transcript)), METRICS_VERSION

    @contextmanager
    def _session(self, *, writes: bool = False) -> Iterator[Session]:
        try:
            with Session(self._writer if writes else self._engine) as session, session.begin():
                yield session
        except DatabaseError as error:
            raise CoachError(
                f"The library {self._file} can't be used just now ({error.orig}); nothing was changed."
            ) from None


def _no_such_call(call_id: str) -> InputError:
    return InputError(f"There is no call {call_id!r} in the library; give the id of a call that was added.")


def _visible(row: CallRow, call_id: str, user: str) -> CallRow:
    """The row, if the user may see its call."""
    if row.visibility == "team" or row.owner == user or row.proposed_outcome is not None:
        return row
    raise _no_such_call(call_id)


def _same(row: CallRow) -> Select[str]:
    """Ids of the rows that are the same call, the row's own among them."""
    return select(CallRow.call_id).where(CallRow.content_hash == row.content_hash)


def _join_team(session: Session, row: CallRow) -> None:
    """Makes a call the team's. Whoever else pasted it finds the team's under the id that they know."""
    others = list(session.scalars(_same(row).where(CallRow.call_id != row.call_id)))
    aliases = session.scalars(select(AliasRow.alias).where(AliasRow.call_id.in_(others))).all()
    for other in session.scalars(select(CallRow).where(CallRow.call_id.in_(others))):
        session.delete(other)
    row.provenance, row.visibility = "own", "team"
    session.flush()
    add_aliases(session, {*others, *aliases}, row.call_id)
    _drop_unused_names(session)


def _ending(proposed: str | None) -> Outcome | None:
    return None if proposed in (None, "open") else cast("Outcome", proposed)


def _enter(row: CallRow, outcome: Outcome | None, at: datetime | None, by: str | None) -> None:
    row.outcome, row.outcome_at = outcome, _naive_utc(at) if outcome is not None else None
    row.outcome_entered_at, row.outcome_entered_by = datetime.now(UTC).replace(tzinfo=None), by
    row.outcome_confirmed_by = row.proposed_outcome = row.proposed_by = None


def _make_file(file: Path, create: bool) -> None:
    """An empty file is a library without tables, which it then gets."""
    if not create and not (file.is_file() and file.stat().st_size):
        raise CoachError("There is no call library yet; run `coach setup`.")
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
    except OSError as error:
        raise CoachError(
            f"The library {file} can't be made ({error.strerror}); set COACH_HOME to a folder of yours."
        ) from None


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below; sqlite3's own would begin only at the first write
    _use_write_ahead_log(connection)
    for pragma in ("foreign_keys=ON", "secure_delete=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Tried again while another process makes the file: only for this statement SQLite doesn't wait by itself."""
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _begin(connection: Connection) -> None:
    """A writer holds the lock before it reads, so that what it decides by can't change under it."""
    is_writer = connection.get_execution_options().get("is_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


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


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _ROWS_AT_ONCE):
        yield items[start : start + _ROWS_AT_ONCE]

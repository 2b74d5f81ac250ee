"""What can be asked of the library. Nothing here changes a call."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import TypeVar, cast

from pydantic import Field
from pydantic_core import from_json
from sqlalchemy import Select, Text, exists, func, select, text, type_coerce
from sqlalchemy.orm import Session, selectinload

from salescoach.deals.calls import AccountCall, Heard
from salescoach.errors import NoSuchCallError
from salescoach.library.database import LibraryDatabase
from salescoach.library.merge import call_of, kept_moves
from salescoach.library.own_calls import OwnCalls
from salescoach.library.tables import AliasRow, CallRow, LibraryRow, TurnRow, Visibility
from salescoach.moves.results import CallMoves
from salescoach.types import Frozen, LabelledCall, Outcome, Provenance, Transcript, Turn

ROWS_AT_ONCE = 200
IS_TEAMS = CallRow.visibility == "team"

# As a join, since SQLite looks pairs in a list up without an index.
_TURNS_AT = text(
    "SELECT turns.call_id, turns.number, turns.text FROM json_each(:places) AS place JOIN turns "
    "ON turns.call_id = json_extract(place.value, '$[0]') AND turns.number = json_extract(place.value, '$[1]')"
)

T = TypeVar("T")


class CallSummary(Frozen):
    """A call of the library without its text. ``outcome`` is None while the deal is open.

    ``moves_reader``: the id of the reader whose moves some of the metrics rest on; None: they weren't read.
    """

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
    moves_reader: str | None = None
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


class LibraryReader(LibraryDatabase):
    """Calls of the team and private ones. A private call is found by its id only and never counts."""

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
            return call_of(visible_row(self._row(session, call_id), call_id, user))

    def private_calls(self, owner: str | None) -> list[str]:
        """Ids of the private calls of an owner, or of those that nobody owns."""
        is_theirs = CallRow.visibility == "private", CallRow.owner.is_not_distinct_from(owner)
        with self._session() as session:
            return list(session.scalars(select(CallRow.call_id).where(*is_theirs).order_by(CallRow.call_id)))

    def names(self, call_id: str) -> set[str]:
        """Every id that a call has or had, with whoever pasted it.

        Raises:
            InputError: there is no such call.
        """
        with self._session() as session:
            same = same_call(self._row(session, call_id))
            aliases = select(AliasRow.alias).where(AliasRow.call_id.in_(same))
            return {*session.scalars(same), *session.scalars(aliases)}

    def find(self, transcript: Transcript) -> LabelledCall | None:
        """The call of the library with the same content, if there is one; the team's before a private one."""
        query = select(CallRow).where(CallRow.content_hash == transcript.content_hash)
        with self._session() as session:
            row = session.scalar(query.order_by(IS_TEAMS.desc(), CallRow.call_id))
            return None if row is None else call_of(row)

    def moves_of(self, call_id: str) -> CallMoves | None:
        """What was last read of a call, by whichever reader; None where nothing was.

        Raises:
            InputError: there is no such call.
        """
        with self._session() as session:
            return kept_moves(self._row(session, call_id))

    def past_calls(self) -> Iterator[LabelledCall]:
        """Every past call whose outcome is known, by id; private and open ones are left out."""
        for call_ids in chunks([summary.call_id for summary in self.summaries()]):
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
            CallRow.visibility, CallRow.provenance, CallRow.metrics, CallRow.moves_reader,
            CallRow.call_metadata.label("metadata"), n_turns.label("n_turns"),
        )  # fmt: skip
        query = select(*fields).where(CallRow.visibility == "team").order_by(CallRow.call_id)
        with self._session() as session:
            return [CallSummary.model_validate(dict(row)) for row in session.execute(query).mappings()]

    def team_ids(self) -> list[str]:
        """The ids of the team's calls, open deals too, in their order."""
        with self._session() as session:
            return list(session.scalars(select(CallRow.call_id).where(IS_TEAMS).order_by(CallRow.call_id)))

    def saying(self, words: str, n: int) -> list[str]:
        """Ids of at most ``n`` of the team's calls in which the words are said as they stand, by id; case is ignored.

        SQLite knows the case of ASCII letters only.
        """
        query = select(CallRow.call_id).join(TurnRow).where(IS_TEAMS, TurnRow.text.icontains(words, autoescape=True))
        with self._session() as session:
            return list(session.scalars(query.distinct().order_by(CallRow.call_id).limit(n)))

    def account_calls(self) -> list[AccountCall]:
        """Every call of the team that has an account, by id, without who was heard in it and what was read."""
        fields = (
            CallRow.call_id, CallRow.account_id, CallRow.rep_id, CallRow.content_hash, CallRow.started_at,
            CallRow.added_at, CallRow.outcome, CallRow.provenance,
        )  # fmt: skip
        query = select(*fields).where(IS_TEAMS, CallRow.account_id.is_not(None)).order_by(CallRow.call_id)
        with self._session() as session:
            return [
                AccountCall(
                    call_id=call_id,
                    account_id=str(account),
                    rep_id=rep,
                    content_hash=content,
                    at=started or added,
                    is_dated=started is not None,
                    outcome=cast("Outcome | None", outcome),
                    provenance=cast("Provenance", provenance),
                )
                for call_id, account, rep, content, started, added, outcome, provenance in session.execute(query)
            ]

    def heard_in(self, calls: Sequence[AccountCall]) -> dict[str, AccountCall]:
        """Those of some calls that are in the library, by id, with who was heard in them and what was read."""
        found: dict[str, AccountCall] = {}
        for chunk in chunks(calls):
            ids = [call.call_id for call in chunk]
            read = select(CallRow.call_id, type_coerce(CallRow.moves, Text)).where(CallRow.call_id.in_(ids))
            who = select(TurnRow.call_id, TurnRow.role, TurnRow.speaker).where(TurnRow.call_id.in_(ids)).distinct()
            with self._session() as session:
                moves = {call_id: found_moves for call_id, found_moves in session.execute(read)}
                voices = session.execute(who).all()
            customers: dict[str, set[str]] = {}
            unknown: set[str] = set()
            for call_id, role, speaker in voices:
                if role == "customer":
                    customers.setdefault(call_id, set()).add(speaker)
                elif role == "unknown":
                    unknown.add(call_id)
            for call in chunk:
                if call.call_id in moves:
                    read_as = moves[call.call_id]
                    found[call.call_id] = replace(
                        call,
                        customers=frozenset(customers.get(call.call_id, ())),
                        has_unknown=call.call_id in unknown,
                        heard=None if read_as is None else Heard.of(from_json(read_as)),
                    )
        return found

    def texts_of(self, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """The text of turns, each named by its call and number from 1."""
        with self._session() as session:
            rows = session.execute(_TURNS_AT, {"places": json.dumps(places)})
            return {(call_id, number): said for call_id, number, said in rows}

    def turns_of(self, call_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Turn, ...]]]:
        """Turns of those of the calls that are in the library, without their times: much quicker than whole calls."""
        fields = (TurnRow.call_id, TurnRow.speaker, TurnRow.role, TurnRow.text)
        for chunk in chunks(call_ids):
            query = select(*fields).where(TurnRow.call_id.in_(chunk)).order_by(TurnRow.call_id, TurnRow.number)
            with self._session() as session:
                rows = session.execute(query).all()
            for call_id, own in groupby(rows, key=lambda row: row.call_id):
                yield call_id, tuple(Turn(speaker=who, role=role, text=text) for _, who, role, text in own)

    def contents(self, call_ids: Sequence[str]) -> dict[str, tuple[str, Outcome | None]]:
        """Content hash and outcome of those of the calls that are in the library."""
        found: dict[str, tuple[str, Outcome | None]] = {}
        with self._session() as session:
            for chunk in chunks(call_ids):
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
            call, same = call_of(row), same_call(row)
            for texts in chunks(list({turn.text for turn in call.transcript.turns})):
                query = select(TurnRow.role, TurnRow.text).where(TurnRow.text.in_(texts))
                others = session.execute(query.where(TurnRow.call_id.not_in(same)).distinct())
                elsewhere |= {(role, text) for role, text in others}
        return [turn for turn in call.transcript.turns if (turn.role, turn.text) not in elsewhere]

    def is_said(self, words: str) -> bool:
        """Whether the words stand in a turn of any call, as they are."""
        with self._session() as session:
            return bool(session.scalar(select(exists().where(func.instr(TurnRow.text, words) > 0))))

    def proposals(self, user: str) -> list[Proposal]:
        """What waits for this user to confirm it: nothing that they pasted or proposed themselves; by id."""
        n_turns = select(func.count()).where(TurnRow.call_id == CallRow.call_id).scalar_subquery()
        query = select(CallRow.call_id, CallRow.proposed_outcome, CallRow.proposed_by, n_turns)
        is_others = CallRow.proposed_by != user, CallRow.owner.is_distinct_from(user)
        with self._session() as session:
            found = session.execute(query.where(*is_others).order_by(CallRow.call_id))
            return [Proposal(call_id=one, outcome=ending(to), by=by, n_turns=n) for one, to, by, n in found]

    def _row(self, session: Session, call_id: str) -> CallRow:
        row = session.get(CallRow, call_id)
        if row is None and (alias := session.get(AliasRow, call_id)) is not None:
            row = session.get(CallRow, alias.call_id)
        if row is None:
            raise _no_such_call(call_id)
        return row


def _no_such_call(call_id: str) -> NoSuchCallError:
    return NoSuchCallError(f"There is no call {call_id!r} in the library; give the id of a call that was added.")


def visible_row(row: CallRow, call_id: str, user: str) -> CallRow:
    """The row, if the user may see its call."""
    if row.visibility == "team" or row.owner == user or row.proposed_outcome is not None:
        return row
    raise _no_such_call(call_id)


def same_call(row: CallRow) -> Select[str]:
    """Ids of the rows that are the same call, the row's own among them."""
    return select(CallRow.call_id).where(CallRow.content_hash == row.content_hash)


def ending(proposed: str | None) -> Outcome | None:
    """The outcome that a proposal names; "open" is none."""
    return None if proposed in (None, "open") else cast("Outcome", proposed)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as fit into one statement at a time."""
    for start in range(0, len(items), ROWS_AT_ONCE):
        yield items[start : start + ROWS_AT_ONCE]

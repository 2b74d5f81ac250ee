"""What the chat's history keeps, in SQLite: users, threads, steps, elements, feedback, and which calls they are about.

Knows nothing of Chainlit, so that ``coach delete`` can use it without the page. Every thread has one owner, and
whoever writes into it must be that one. After ``delete_thread`` and ``forget_call`` no byte of it is in the file.
"""

import json
import logging
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from sqlalchemy import (
    Connection,
    and_,
    create_engine,
    delete,
    event,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from salescoach.errors import CoachError, InputError
from salescoach.scrub import scrub_file
from salescoach.sqlite_files import DISK_REMEDY, is_disk_error
from salescoach.types import Frozen
from serving.chat.schema import (
    SCHEMA_VERSION,
    ElementRow,
    ExchangeRow,
    FeedbackRow,
    QuoteRow,
    StepRow,
    ThreadCallRow,
    ThreadRow,
    UploadRow,
    UserRow,
    bring_up_to_date,
)

logger = logging.getLogger(__name__)

MAX_NAME_CHARS: Final = 60
MAX_FIRST_CHARS: Final = 4_000  # of a user's message as it arrives; what is a call becomes a card right after
MAX_STEP_CHARS: Final = 200_000  # of any other message, and of what a tool found
MAX_FIELD_CHARS: Final = 1_000  # of what stands beside a message's text: names, languages, tags, settings
MAX_ID_CHARS: Final = 100
MAX_ELEMENT_BYTES: Final = 5_000_000
MAX_PAGE: Final = 100
CALL_DELETED: Final = "This part was about a call that has been deleted."
NAME_DELETED: Final = "A deleted call"

_WALL_LINES: Final = 3
_WALL_CHARS: Final = 300
_WORD_JOINER: Final = "\u2060"
_SCORED_NAME: Final = re.compile(r"(?:\d{1,3} %|no score) · ")  # before the card, see ``chat_view.scored_name``
_LINE_BREAK: Final = re.compile(r"<br\s*/?>")
_ESCAPE: Final = re.compile(r"\\(?=[!-/:-@\[-`{-~])")  # before what Markdown can act on
_KEPT_METADATA: Final = ("avatarName",)  # of a step; the page wants it, and it says nothing
_STEP_FIELDS: Final = {
    "name": "name", "type": "type", "parent_id": "parentId", "output": "output", "created_at": "createdAt",
    "start": "start", "end": "end", "is_error": "isError", "show_input": "showInput", "language": "language",
    "step_metadata": "metadata", "tags": "tags", "command": "command", "modes": "modes",
    "default_open": "defaultOpen", "auto_collapse": "autoCollapse", "icon": "icon",
}  # fmt: skip
_ELEMENT_FIELDS: Final = {
    "type": "type", "name": "name", "display": "display", "size": "size", "language": "language", "page": "page",
    "props": "props", "auto_play": "autoPlay", "player_config": "playerConfig", "for_id": "forId", "mime": "mime",
}  # fmt: skip


Kind = TypeVar("Kind", StepRow, ElementRow)


class Content(Frozen):
    """What an element shows."""

    data: bytes
    mime: str


class Page(Frozen):
    """Some threads of a user, newest first, without their steps. ``cursor`` leads to the next page, if there is one."""

    threads: tuple[dict[str, Any], ...]
    cursor: str | None


class ChatStore:
    """The history's file. Every method is one transaction."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._deleted: set[str] = set()  # an answer that is still being made must not bring its thread back
        self._engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 30})
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            self._bring_up_to_date()
        except DatabaseError as error:
            self.close()
            remedy = DISK_REMEDY if is_disk_error(error.orig) else "restore it or move it away"
            raise CoachError(f"The history {file} can't be opened ({error.orig}); {remedy}.") from None
        file.chmod(0o600)

    def _bring_up_to_date(self) -> None:
        with self._engine.begin() as connection:
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if version > SCHEMA_VERSION:
                raise CoachError(
                    f"The history {self._file} was written by a newer Sales Coach (schema {version}); "
                    "update the program."
                )
            if version < SCHEMA_VERSION:
                bring_up_to_date(connection, version)

    # Users and threads

    def user(self, identifier: str) -> dict[str, Any] | None:
        """A user who has been here before."""
        with self._session() as session:
            row = session.get(UserRow, identifier)
            return None if row is None else _user(row)

    def add_user(self, identifier: str, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The user of that name; a new one where there is none."""
        with self._session() as session:
            values = {"identifier": identifier, "created_at": _now(), "user_metadata": dict(metadata or {})}
            session.execute(insert(UserRow).values(**values).on_conflict_do_nothing())
            return _user(session.get_one(UserRow, identifier))

    def owner(self, thread_id: str) -> str | None:
        """Whose thread it is; None where there is no such thread."""
        with self._session() as session:
            return session.scalar(select(ThreadRow.owner).where(ThreadRow.id == thread_id))

    def update_thread(
        self,
        thread_id: str,
        user: str | None,
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
    ) -> None:
        """Changes what is given. A name makes the thread where there is none yet; metadata alone never does.

        Args:
            thread_id: of the thread.
            user: who does it; None where that was checked before.
            name: the new name, of which one line is kept.
            metadata: in place of what there was.
            tags: in place of those that it had.

        Raises:
            InputError: it is another user's thread, or was deleted.
        """
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = thread_name(name)
        if metadata is not None:
            changes["thread_metadata"] = {name: _bounded(value) for name, value in metadata.items()}
        if tags is not None:
            changes["tags"] = _bounded(list(tags))
        with self._session() as session:
            if name is not None:
                self._own(session, thread_id, user)
            elif user is not None:
                _refuse_foreign(session.get(ThreadRow, thread_id), user)
            if changes:
                session.execute(update(ThreadRow).where(ThreadRow.id == thread_id).values(**changes))

    def threads(
        self, user: str, first: int, cursor: str | None = None, search: str | None = None, feedback: int | None = None
    ) -> Page:
        """A user's threads, newest first.

        The order never changes and the cursor names a place in it, so pages neither repeat nor skip a thread while
        others are added or deleted.

        Args:
            user: whose.
            first: how many, at most 100.
            cursor: of the page before.
            search: in names and messages, whatever the case.
            feedback: only threads with an answer that got this thumb.
        """
        query = select(ThreadRow).where(ThreadRow.owner == user, ThreadRow.name.is_not(None))
        if cursor is not None:
            created_at, _, thread_id = cursor.partition("|")
            is_same = ThreadRow.created_at == created_at
            query = query.where(or_(ThreadRow.created_at < created_at, and_(is_same, ThreadRow.id < thread_id)))
        if search is not None and (wanted := searchable(search)):
            said = exists().where(
                StepRow.thread_id == ThreadRow.id,
                StepRow.type.in_(("user_message", "assistant_message")),
                func.instr(func.searchable(StepRow.output), wanted) > 0,
            )
            query = query.where(or_(func.instr(func.searchable(ThreadRow.name), wanted) > 0, said))
        if feedback is not None:
            thumbs = select(FeedbackRow.id).join(StepRow, StepRow.id == FeedbackRow.step_id)
            query = query.where(thumbs.where(StepRow.thread_id == ThreadRow.id, FeedbackRow.value == feedback).exists())
        n = max(1, min(first, MAX_PAGE))
        ordered = query.order_by(ThreadRow.created_at.desc(), ThreadRow.id.desc()).limit(n + 1)
        with self._session() as session:
            rows = session.scalars(ordered).all()
            last = rows[n - 1] if len(rows) > n else None
            return Page(
                threads=tuple(_thread(row) for row in rows[:n]),
                cursor=None if last is None else f"{last.created_at}|{last.id}",
            )

    def thread(self, thread_id: str, content_url: str = "") -> dict[str, Any] | None:
        """A whole thread as the page shows it, or None where there is none.

        Args:
            thread_id: of the thread.
            content_url: what the id of an element is appended to, to read its content.
        """
        with self._session() as session:
            row = session.get(ThreadRow, thread_id)
            if row is None:
                return None
            steps = session.scalars(select(StepRow).where(StepRow.thread_id == thread_id).order_by(StepRow.number))
            thumbs = select(FeedbackRow).join(StepRow, StepRow.id == FeedbackRow.step_id)
            given = {one.step_id: one for one in session.scalars(thumbs.where(StepRow.thread_id == thread_id))}
            elements = session.scalars(
                select(ElementRow).where(ElementRow.thread_id == thread_id).order_by(ElementRow.number)
            )
            return {
                **_thread(row),
                "steps": [_step(one, given.get(one.id)) for one in steps],
                "elements": [_element(one, content_url) for one in elements],
            }

    def delete_thread(self, thread_id: str) -> None:
        """Deletes a thread with all that belongs to it. Nothing can be written into it any more.

        Raises:
            CoachError: another process keeps the file from being rewritten.
        """
        with self._session() as session:
            steps = select(StepRow.id).where(StepRow.thread_id == thread_id)
            session.execute(delete(QuoteRow).where(QuoteRow.step_id.in_(steps)))
            session.execute(delete(ThreadRow).where(ThreadRow.id == thread_id))  # the rest goes with it
        self._deleted.add(thread_id)
        scrub_file(self._engine, f"The history {self._file}")

    # Steps and elements

    def put_step(self, step: Mapping[str, Any], user: str | None) -> None:
        """Keeps a step as it was shown, or changes it; what this one doesn't say stays as it was.

        A step may be what a browser sent: of its metadata nothing is kept that anything is decided by.

        Raises:
            InputError: it is another user's thread, or was deleted.
        """
        values = {column: _bounded(step[field]) for column, field in _STEP_FIELDS.items() if field in step}
        given = step.get("metadata") or {}
        values["step_metadata"] = {name: _bounded(given[name]) for name in _KEPT_METADATA if name in given}
        values["output"] = _beginning(str(step.get("output") or ""), MAX_STEP_CHARS)
        # Only what is shown: the input of a run is the whole message, of a tool its arguments.
        shows_input = step.get("showInput") and step.get("type") == "tool"
        values["input"] = _beginning(str(step.get("input") or ""), MAX_STEP_CHARS) if shows_input else ""
        with self._session() as session:
            self._own(session, str(step["threadId"]), user)
            known = session.scalar(select(StepRow).where(StepRow.id == str(step["id"])))
            if known is not None and known.thread_id != step["threadId"]:
                raise InputError("A step can't move to another conversation.")
            if known is None:
                if step.get("type") == "user_message":
                    values["output"] = _beginning(values["output"], MAX_FIRST_CHARS)
                values.setdefault("created_at", _now())
                session.add(StepRow(id=str(step["id"]), thread_id=step["threadId"], **values))
            else:
                for column, value in values.items():
                    setattr(known, column, value)

    def delete_step(self, step_id: str, user: str | None) -> None:
        """Deletes a step with its elements, thumb and quotes.

        Raises:
            InputError: it is in another user's thread.
        """
        with self._session() as session:
            if (row := _own_row(session, StepRow, step_id, user)) is not None:
                _drop_beside(session, [step_id])
                session.delete(row)

    def put_element(self, element: Mapping[str, Any], content: bytes, user: str | None) -> None:
        """Keeps an element with its content, or changes it.

        Raises:
            InputError: it is too large, or in another user's thread.
        """
        if len(content) > MAX_ELEMENT_BYTES:
            raise InputError(f"“{element.get('name')}” is too large for the history ({len(content):,} bytes).")
        values = {column: _bounded(element.get(field)) for column, field in _ELEMENT_FIELDS.items()}
        values.update(content=content, mime=values["mime"] or "application/octet-stream")
        with self._session() as session:
            self._own(session, str(element["threadId"]), user)
            known = session.scalar(select(ElementRow).where(ElementRow.id == str(element["id"])))
            if known is not None and known.thread_id != element["threadId"]:
                raise InputError("An element can't move to another conversation.")
            beside = session.scalar(select(StepRow.thread_id).where(StepRow.id == str(element.get("forId"))))
            if beside not in (None, element["threadId"]):
                raise InputError("An element stands beside a message of its own conversation.")
            if known is None:
                session.add(ElementRow(id=str(element["id"]), thread_id=element["threadId"], **values))
            else:
                for column, value in values.items():
                    setattr(known, column, value)

    def element(self, thread_id: str, element_id: str, content_url: str = "") -> dict[str, Any] | None:
        """An element of a thread, without its content."""
        with self._session() as session:
            query = select(ElementRow).where(ElementRow.id == element_id, ElementRow.thread_id == thread_id)
            row = session.scalar(query)
            return None if row is None else _element(row, content_url)

    def content(self, element_id: str, user: str) -> Content | None:
        """What an element of one of the user's threads shows; None where there is none, or it is somebody else's."""
        with self._session() as session:
            query = select(ElementRow.content, ElementRow.mime).join(ThreadRow, ThreadRow.id == ElementRow.thread_id)
            found = session.execute(query.where(ElementRow.id == element_id, ThreadRow.owner == user)).first()
            return None if found is None else Content(data=found.content, mime=found.mime)

    def delete_element(self, element_id: str, user: str | None) -> None:
        """Deletes an element.

        Raises:
            InputError: it is in another user's thread.
        """
        with self._session() as session:
            if (row := _own_row(session, ElementRow, element_id, user)) is not None:
                session.delete(row)

    def put_feedback(self, step_id: str, value: int, comment: str | None, user: str) -> str | None:
        """Keeps a thumb for a step of one of the user's threads; an earlier one is replaced.

        Returns:
            Its id; None where there is no such step, or it is somebody else's.
        """
        with self._session() as session:
            if not session.scalar(_steps_of(user).where(StepRow.id == step_id)):
                return None
            known = session.scalar(select(FeedbackRow).where(FeedbackRow.step_id == step_id))
            if known is None:
                known = FeedbackRow(id=str(uuid.uuid4()), step_id=step_id, created_at=_now())
                session.add(known)
            known.value, known.comment = value, _bounded(comment)
            return known.id

    def delete_feedback(self, feedback_id: str, user: str) -> bool:
        """Takes a thumb back; False where the user gave none of that id."""
        with self._session() as session:
            own = select(FeedbackRow).where(FeedbackRow.id == feedback_id, FeedbackRow.step_id.in_(_steps_of(user)))
            row = session.scalar(own)
            if row is not None:
                session.delete(row)
            return row is not None

    # What was answered, and the files that came

    def put_exchange(self, thread_id: str, step_id: str, exchange: Mapping[str, Any], user: str | None) -> None:
        """Keeps a question with its answer, as the coach gave it; ``step_id`` is the message that shows it.

        Raises:
            InputError: it is another user's thread, or was deleted.
        """
        values = {"thread_id": thread_id, "exchange": dict(exchange)}
        with self._session() as session:
            self._own(session, thread_id, user)
            new = insert(ExchangeRow).values(step_id=step_id, **values)
            session.execute(new.on_conflict_do_update(index_elements=["step_id"], set_=values))

    def exchanges(self, thread_id: str, user: str | None) -> list[dict[str, Any]]:
        """What was asked and answered in a thread, oldest first.

        Raises:
            InputError: it is another user's thread.
        """
        query = select(ExchangeRow.exchange).where(ExchangeRow.thread_id == thread_id)
        with self._session() as session:
            _check_reader(session, thread_id, user)
            return list(session.scalars(query.order_by(text("exchanges.rowid"))))

    def add_upload(self, thread_id: str, step_id: str | None, path: Path, user: str | None) -> None:
        """Notes a file that came with a message.

        Raises:
            InputError: it is another user's thread, or was deleted.
        """
        with self._session() as session:
            self._own(session, thread_id, user)
            values = {"path": str(path), "thread_id": thread_id, "step_id": step_id}
            session.execute(insert(UploadRow).values(**values).on_conflict_do_nothing())

    def uploads(self, thread_id: str) -> list[Path]:
        """The files that came in a thread."""
        with self._session() as session:
            return [
                Path(one) for one in session.scalars(select(UploadRow.path).where(UploadRow.thread_id == thread_id))
            ]

    def uploads_about(self, call_ids: Iterable[str], said: Sequence[str]) -> list[Path]:
        """The files that came with the messages that ``forget_call`` would replace."""
        with self._session() as session:
            about = _steps_about(session, sorted(set(call_ids)), [searchable(text) for text in said])
            paths = session.scalars(select(UploadRow.path).where(UploadRow.step_id.in_(about)))
            return [Path(one) for one in paths]

    def size(self, user: str) -> int:
        """How many bytes a user's threads take, about."""
        own = select(ThreadRow.id).where(ThreadRow.owner == user)
        texts = select(func.sum(func.length(StepRow.output) + func.length(StepRow.input)))
        contents = select(func.sum(func.length(ElementRow.content)))
        with self._session() as session:
            n_chars = session.scalar(texts.where(StepRow.thread_id.in_(own))) or 0
            return int(n_chars + (session.scalar(contents.where(ElementRow.thread_id.in_(own))) or 0))

    # Calls

    def add_call(self, thread_id: str, call_id: str, step_id: str | None, user: str | None) -> None:
        """Notes that a thread is about a call, and which message shows its card.

        Raises:
            InputError: it is another user's thread, or was deleted.
        """
        with self._session() as session:
            self._own(session, thread_id, user)
            known = ThreadCallRow.thread_id == thread_id, ThreadCallRow.call_id == call_id
            session.execute(delete(ThreadCallRow).where(*known))  # what is scored again is the newest again
            session.execute(insert(ThreadCallRow).values(thread_id=thread_id, call_id=call_id, step_id=step_id))

    def calls(self, thread_id: str, user: str | None) -> tuple[str, ...]:
        """The calls that a thread is about, the newest last.

        Raises:
            InputError: it is another user's thread.
        """
        query = select(ThreadCallRow.call_id).where(ThreadCallRow.thread_id == thread_id)
        with self._session() as session:
            _check_reader(session, thread_id, user)
            return tuple(session.scalars(query.order_by(text("rowid"))))

    def quotes(self, step_id: str, call_ids: Iterable[str]) -> None:
        """Notes which calls an answer quotes."""
        with self._session() as session:
            for call_id in sorted(set(call_ids)):
                values = {"step_id": step_id, "call_id": call_id}
                session.execute(insert(QuoteRow).values(**values).on_conflict_do_nothing())

    def only_calls(self, thread_id: str) -> tuple[str, ...]:
        """The calls that a thread is about and no other one is."""
        other = select(ThreadCallRow.call_id).where(ThreadCallRow.thread_id != thread_id)
        own = select(ThreadCallRow.call_id).where(ThreadCallRow.thread_id == thread_id)
        with self._session() as session:
            return tuple(session.scalars(own.where(ThreadCallRow.call_id.not_in(other)).order_by("call_id")))

    def is_quoted_elsewhere(self, call_id: str, thread_id: str) -> bool:
        """Whether a message of another thread is noted as quoting a call."""
        quoting = select(QuoteRow.step_id).join(StepRow, StepRow.id == QuoteRow.step_id)
        with self._session() as session:
            others = quoting.where(QuoteRow.call_id == call_id, StepRow.thread_id != thread_id)
            return bool(session.scalar(select(others.exists())))

    def first_owner(self, call_id: str) -> str | None:
        """Whose the oldest thread about a call is."""
        query = select(ThreadRow.owner).join(ThreadCallRow, ThreadCallRow.thread_id == ThreadRow.id)
        with self._session() as session:
            return session.scalar(query.where(ThreadCallRow.call_id == call_id).order_by(ThreadRow.created_at).limit(1))

    def call_ids(self) -> set[str]:
        """Every call that is noted, under the id that it had at that time."""
        with self._session() as session:
            return {*session.scalars(select(ThreadCallRow.call_id)), *session.scalars(select(QuoteRow.call_id))}

    def forget_call(self, call_ids: Iterable[str], said: Sequence[str]) -> int:
        """Takes a call out of the history: its cards, what quotes it and the figures beside that.

        Each message becomes one sentence that says so; what its tools found goes. What is not noted as a quote is found
        by the call's words.

        Args:
            call_ids: the ids that the call has and had.
            said: turns of the call, long enough to be nobody else's words.

        Returns:
            How many messages were replaced.
        """
        ids = sorted(set(call_ids))
        words = [searchable(text) for text in said]
        with self._session() as session:
            about = _steps_about(session, ids, words)
            rows = session.scalars(select(StepRow).where(StepRow.id.in_(about))).all()
            after = {(row.thread_id, thread_name(row.output)) for row in rows if row.output}
            for thread in session.scalars(select(ThreadRow)):
                named = searchable(thread.name)
                if _is_named_after(thread, after) or any(text in named for text in words):
                    thread.name = NAME_DELETED
            tools = select(StepRow).where(
                StepRow.type == "tool", StepRow.parent_id.in_({row.parent_id for row in rows if row.parent_id})
            )
            for tool in session.scalars(tools):
                tool.output = tool.input = ""
            for row in rows:
                row.output, row.input = CALL_DELETED if row.type != "tool" else "", ""
                row.step_metadata = None
            n_messages = sum(row.type != "tool" for row in rows)
            _drop_beside(session, about)
            session.execute(delete(ThreadCallRow).where(ThreadCallRow.call_id.in_(ids)))
            session.execute(delete(QuoteRow).where(QuoteRow.call_id.in_(ids)))
        scrub_file(self._engine, f"The history {self._file}")
        return n_messages

    def close(self) -> None:
        """Closes the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _own(self, session: Session, thread_id: str, user: str | None) -> None:
        """Makes sure that there is the thread, and that it is the user's."""
        if thread_id in self._deleted:
            raise InputError("This conversation was deleted; start a new one.")
        row = session.get(ThreadRow, thread_id)
        if row is None:
            if user is None:
                raise InputError("A conversation needs somebody whose it is.")
            if len(thread_id) > MAX_ID_CHARS:
                raise InputError("That is no name of a conversation.")
            row = ThreadRow(id=thread_id, owner=user, name=None, created_at=_now(), thread_metadata={}, tags=None)
            values = {"identifier": user, "created_at": _now(), "user_metadata": {}}
            session.execute(insert(UserRow).values(**values).on_conflict_do_nothing())
            session.add(row)
            session.flush()
        if user is not None:
            _refuse_foreign(row, user)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except DatabaseError as error:
            raise CoachError(
                f"The history {self._file} can't be used just now ({error.orig}); nothing was changed."
            ) from None


def thread_name(text: str) -> str:
    """A thread's name: one line of at most 60 characters. A wall of text lends none."""
    lines = [line.strip() for line in text.replace(_WORD_JOINER, "").splitlines() if line.strip()]
    if len(lines) > _WALL_LINES or len(text) > _WALL_CHARS:
        return "Pasted text"
    name = " ".join(" ".join(lines).split()) or "Conversation"
    return name if len(name) <= MAX_NAME_CHARS else f"{name[: MAX_NAME_CHARS - 1].rstrip()}…"


def _is_named_after(thread: ThreadRow, messages: Iterable[tuple[str, str]]) -> bool:
    """Whether a thread has the name of one of its messages, or its score with the beginning of one."""
    own = {named for of, named in messages if of == thread.id}
    name = thread.name or ""
    scored = _SCORED_NAME.match(name)
    beginning = name[scored.end() :].rstrip("…") if scored else name
    return name in own or (scored is not None and any(one.startswith(beginning) for one in own))


def searchable(shown: str | None) -> str:
    """Text as it is looked for: as it is read, less Markdown's escapes, in one case and with single spaces."""
    return " ".join(_ESCAPE.sub("", (shown or "").replace(_WORD_JOINER, "")).casefold().split())


def _beginning(text: str, n_chars: int) -> str:
    return text if len(text) <= n_chars else f"{text[: n_chars - 1]}…"


def _bounded(value: Any) -> Any:
    """A text, cut where it is too long; anything else that is too large as nothing."""
    if isinstance(value, str):
        return _beginning(value, MAX_FIELD_CHARS)
    return value if isinstance(value, bool | None) or len(json.dumps(value)) <= MAX_FIELD_CHARS else None


def _steps_about(session: Session, call_ids: Sequence[str], words: Sequence[str]) -> set[str]:
    """Steps that show a call's card, are noted as quoting it, or have any of its words."""
    cards = select(ThreadCallRow.step_id).where(ThreadCallRow.call_id.in_(call_ids))
    quoting = select(QuoteRow.step_id).where(QuoteRow.call_id.in_(call_ids))
    of_calls = select(StepRow.id).where(or_(StepRow.id.in_(cards), StepRow.id.in_(quoting)))
    return {*session.scalars(of_calls), *_steps_that_say(session, words)}


def _steps_that_say(session: Session, words: Sequence[str]) -> set[str]:
    """Steps whose text, input, exchange or element has any of the words."""
    if not words:
        return set()
    found = set()
    for step_id, output, given in session.execute(select(StepRow.id, StepRow.output, StepRow.input)):
        text = searchable(output) + "\n" + searchable(given)
        if any(said in text for said in words):
            found.add(step_id)
    for step_id, exchange in session.execute(select(ExchangeRow.step_id, ExchangeRow.exchange)):
        text = searchable("\n".join(_strings(exchange)))
        if any(said in text for said in words):
            found.add(step_id)
    for for_id, content in session.execute(select(ElementRow.for_id, ElementRow.content)):
        text = searchable(_unescaped(content))
        if for_id is not None and any(said in text for said in words):
            found.add(for_id)
    return found


def _unescaped(content: bytes) -> str:
    """The text of an element; the strings of a figure as they were before they became JSON."""
    text = content.decode("utf-8", errors="replace")
    try:
        return "\n".join(_strings(json.loads(text)))
    except ValueError:
        return text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield _LINE_BREAK.sub(" ", value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _drop_beside(session: Session, step_ids: Iterable[str]) -> None:
    ids = list(step_ids)
    session.execute(delete(ElementRow).where(ElementRow.for_id.in_(ids)))
    session.execute(delete(FeedbackRow).where(FeedbackRow.step_id.in_(ids)))
    for beside in (QuoteRow, ExchangeRow, UploadRow):
        session.execute(delete(beside).where(beside.step_id.in_(ids)))


def _steps_of(user: str) -> Any:
    return select(StepRow.id).join(ThreadRow, ThreadRow.id == StepRow.thread_id).where(ThreadRow.owner == user)


def _own_row(session: Session, kind: type[Kind], row_id: str, user: str | None) -> Kind | None:
    """A step or an element, if it is there; refuses one of another user's thread."""
    row = session.scalar(select(kind).where(kind.id == row_id))
    if row is not None and user is not None:
        _refuse_foreign(session.get(ThreadRow, row.thread_id), user)
    return row


def _check_reader(session: Session, thread_id: str, user: str | None) -> None:
    if user is not None:
        _refuse_foreign(session.get(ThreadRow, thread_id), user)


def _refuse_foreign(row: ThreadRow | None, user: str) -> None:
    if row is not None and row.owner != user:
        raise InputError("This conversation belongs to somebody else.")


def _user(row: UserRow) -> dict[str, Any]:
    return {"identifier": row.identifier, "createdAt": row.created_at, "metadata": row.user_metadata}


def _thread(row: ThreadRow) -> dict[str, Any]:
    return {
        "id": row.id, "createdAt": row.created_at, "name": row.name, "userId": row.owner, "userIdentifier": row.owner,
        "tags": row.tags, "metadata": row.thread_metadata, "steps": [], "elements": [],
    }  # fmt: skip


def _step(row: StepRow, thumb: FeedbackRow | None) -> dict[str, Any]:
    given = None if thumb is None else {
        "id": thumb.id, "forId": row.id, "value": thumb.value, "comment": thumb.comment
    }  # fmt: skip
    return {
        **{field: getattr(row, column) for column, field in _STEP_FIELDS.items()},
        "id": row.id,
        "threadId": row.thread_id,
        "input": row.input,
        "metadata": row.step_metadata or {},
        "start": row.start or row.created_at,
        "end": row.end or row.start or row.created_at,  # nothing that is read again is still running
        "streaming": False,
        "waitForAnswer": False,
        "generation": None,
        "feedback": given,
    }


def _element(row: ElementRow, content_url: str) -> dict[str, Any]:
    return {
        **{field: getattr(row, column) for column, field in _ELEMENT_FIELDS.items()},
        "id": row.id,
        "threadId": row.thread_id,
        "url": f"{content_url}{row.id}",
        "chainlitKey": None,
        "objectKey": None,
    }


def _now() -> str:
    """Always of the same length, so that the order of the texts is the order in time."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    # No write-ahead log: a wall of text that became a card would stay legible in it.
    for pragma in ("journal_mode=DELETE", "foreign_keys=ON", "secure_delete=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("searchable", 1, searchable, deterministic=True)


def _begin(connection: Connection) -> None:
    # Nearly all of it writes, and what a writer decides by must not change under it.
    connection.exec_driver_sql("BEGIN IMMEDIATE")

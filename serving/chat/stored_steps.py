"""What is in the history's threads: messages and what tools did, elements, thumbs, exchanges, and files that came."""

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from salescoach.errors import InputError
from salescoach.types import Frozen
from serving.chat.history_file import HistoryFile, check_reader, now, refuse_foreign
from serving.chat.kept_text import MAX_FIRST_CHARS, beginning, bounded
from serving.chat.rows_shown import element_columns, element_shown, step_columns
from serving.chat.schema import ElementRow, ExchangeRow, FeedbackRow, QuoteRow, StepRow, ThreadRow, UploadRow

MAX_ELEMENT_BYTES: Final = 5_000_000

Kind = TypeVar("Kind", StepRow, ElementRow)


class Content(Frozen):
    """What an element shows."""

    data: bytes
    mime: str


class StoredSteps(HistoryFile):
    """Every method is one transaction."""

    def put_step(self, step: Mapping[str, Any], user: str | None) -> None:
        """Keeps a step as it was shown, or changes it; what this one doesn't say stays as it was.

        A step may be what a browser sent: of its metadata nothing is kept that anything is decided by.

        Raises:
            InputError: it is another user's thread, or was deleted.
        """
        values = step_columns(step)
        with self._session() as session:
            self._own(session, str(step["threadId"]), user)
            known = session.scalar(select(StepRow).where(StepRow.id == str(step["id"])))
            if known is not None and known.thread_id != step["threadId"]:
                raise InputError("A step can't move to another conversation.")
            if known is None:
                if step.get("type") == "user_message":
                    values["output"] = beginning(values["output"], MAX_FIRST_CHARS)
                values.setdefault("created_at", now())
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
                drop_beside(session, [step_id])
                session.delete(row)

    def put_element(self, element: Mapping[str, Any], content: bytes, user: str | None) -> None:
        """Keeps an element with its content, or changes it.

        Raises:
            InputError: it is too large, or in another user's thread.
        """
        if len(content) > MAX_ELEMENT_BYTES:
            raise InputError(f"“{element.get('name')}” is too large for the history ({len(content):,} bytes).")
        values = element_columns(element, content)
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
            return None if row is None else element_shown(row, content_url)

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
                known = FeedbackRow(id=str(uuid.uuid4()), step_id=step_id, created_at=now())
                session.add(known)
            known.value, known.comment = value, bounded(comment)
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
            check_reader(session, thread_id, user)
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


def drop_beside(session: Session, step_ids: Iterable[str]) -> None:
    """Deletes what stands beside steps: elements, thumbs, quotes, exchanges and what is noted of uploads."""
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
        refuse_foreign(session.get(ThreadRow, row.thread_id), user)
    return row

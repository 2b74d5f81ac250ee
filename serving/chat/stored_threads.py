"""Users of the history and their threads: what is listed, found, named and deleted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from salescoach.types import Frozen
from serving.chat.history_file import HistoryFile, now, refuse_foreign
from serving.chat.kept_text import bounded, searchable, thread_name
from serving.chat.rows_shown import element_shown, step_shown, thread_shown, user_shown
from serving.chat.schema import ElementRow, FeedbackRow, QuoteRow, StepRow, ThreadRow, UserRow

MAX_PAGE: Final = 100


class Page(Frozen):
    """Some threads of a user, newest first, without their steps. ``cursor`` leads to the next page, if there is one."""

    threads: tuple[dict[str, Any], ...]
    cursor: str | None


class StoredThreads(HistoryFile):
    """Every method is one transaction."""

    def user(self, identifier: str) -> dict[str, Any] | None:
        """A user who has been here before."""
        with self._session() as session:
            row = session.get(UserRow, identifier)
            return None if row is None else user_shown(row)

    def add_user(self, identifier: str, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The user of that name; a new one where there is none."""
        with self._session() as session:
            values = {"identifier": identifier, "created_at": now(), "user_metadata": dict(metadata or {})}
            session.execute(insert(UserRow).values(**values).on_conflict_do_nothing())
            return user_shown(session.get_one(UserRow, identifier))

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
            changes["thread_metadata"] = {name: bounded(value) for name, value in metadata.items()}
        if tags is not None:
            changes["tags"] = bounded(list(tags))
        with self._session() as session:
            if name is not None:
                self._own(session, thread_id, user)
            elif user is not None:
                refuse_foreign(session.get(ThreadRow, thread_id), user)
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
                threads=tuple(thread_shown(row) for row in rows[:n]),
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
                **thread_shown(row),
                "steps": [step_shown(one, given.get(one.id)) for one in steps],
                "elements": [element_shown(one, content_url) for one in elements],
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
        self._scrub()

    def size(self, user: str) -> int:
        """How many bytes a user's threads take, about."""
        own = select(ThreadRow.id).where(ThreadRow.owner == user)
        texts = select(func.sum(func.length(StepRow.output) + func.length(StepRow.input)))
        contents = select(func.sum(func.length(ElementRow.content)))
        with self._session() as session:
            n_chars = session.scalar(texts.where(StepRow.thread_id.in_(own))) or 0
            return int(n_chars + (session.scalar(contents.where(ElementRow.thread_id.in_(own))) or 0))

"""Which calls the history's threads are about and quote, and how a call is taken out of all of them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, or_, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from serving.chat.history_file import HistoryFile, check_reader
from serving.chat.kept_text import searchable, thread_name
from serving.chat.schema import ElementRow, ExchangeRow, QuoteRow, StepRow, ThreadCallRow, ThreadRow, UploadRow
from serving.chat.stored_steps import drop_beside

CALL_DELETED: Final = "This part was about a call that has been deleted."
NAME_DELETED: Final = "A deleted call"

_SCORED_NAME: Final = re.compile(r"(?:\d{1,3} %|no score) · ")  # before the card, see ``view.scored_name``
_LINE_BREAK: Final = re.compile(r"<br\s*/?>")


class StoredCalls(HistoryFile):
    """Every method is one transaction."""

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
            check_reader(session, thread_id, user)
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
            drop_beside(session, about)
            session.execute(delete(ThreadCallRow).where(ThreadCallRow.call_id.in_(ids)))
            session.execute(delete(QuoteRow).where(QuoteRow.call_id.in_(ids)))
        self._scrub()
        return n_messages

    def uploads_about(self, call_ids: Iterable[str], said: Sequence[str]) -> list[Path]:
        """The files that came with the messages that ``forget_call`` would replace."""
        with self._session() as session:
            about = _steps_about(session, sorted(set(call_ids)), [searchable(text) for text in said])
            paths = session.scalars(select(UploadRow.path).where(UploadRow.step_id.in_(about)))
            return [Path(one) for one in paths]


def _is_named_after(thread: ThreadRow, messages: Iterable[tuple[str, str]]) -> bool:
    """Whether a thread has the name of one of its messages, or its score with the beginning of one."""
    own = {named for of, named in messages if of == thread.id}
    name = thread.name or ""
    scored = _SCORED_NAME.match(name)
    beginning = name[scored.end() :].rstrip("…") if scored else name
    return name in own or (scored is not None and any(one.startswith(beginning) for one in own))


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

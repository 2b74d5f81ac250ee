"""The file of conversations: what may stand in it, and what happens where it is damaged.

It is memory only, so it never stops an answer. A file that isn't a sound database of conversations is set aside and a
new one begun; a conversation that can't be read begins anew, and the others stay; where nothing can be written, the
newest state of each is kept in this process. Whoever opens the file does so through this module.
"""

import logging
import os
import sqlite3
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import aiosqlite
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.serde.jsonplus import EXT_PYDANTIC_V2, JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from pydantic import BaseModel, InstanceOf, StrictInt, StrictStr, StringConstraints

from salescoach.errors import CoachError

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 30  # with another process that is writing
MAX_IN_MEMORY: Final = 200  # conversations whose newest state is at hand where the file fails

_PARTS: Final = ("", "-wal", "-shm")
_COLUMNS: Final = {
    "checkpoints": {"thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "type", "checkpoint",
                    "metadata"},
    "writes": {"thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "channel", "type", "value"},
}  # fmt: skip
_AS_KEPT: Final = "typeof(thread_id) || ' ' || hex(thread_id)"
_MESSAGES: Final = {(kind.__module__, kind.__name__): kind for kind in (HumanMessage, AIMessage, RemoveMessage)}
# What SQLite says where the file may well be whole.
_NO_DAMAGE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT,
    }
)  # fmt: skip


class UnreadableError(Exception):
    """What is kept is not what the coach writes."""


class CoachSerializer(JsonPlusSerializer):
    """Reads what the coach writes, which is plain values and messages, and refuses everything else.

    LangGraph's own reader imports whatever the bytes name, and calls it.
    """

    def __init__(self) -> None:
        super().__init__(allowed_msgpack_modules=None, __unpack_ext_hook__=self._message)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value.

        Raises:
            UnreadableError: it is of a type that the coach doesn't write.
            ValueError: the bytes are damaged.
        """
        if data[0] not in ("msgpack", "null"):
            raise UnreadableError(f"a value is kept as {data[0]!r}")
        return super().loads_typed(data)

    def _message(self, code: int, data: bytes) -> HumanMessage | AIMessage | RemoveMessage:
        if code != EXT_PYDANTIC_V2:
            raise UnreadableError(f"it holds an object of kind {code}")
        module, name, fields, *_ = self.loads_typed(("msgpack", data))
        kind = _MESSAGES.get((module, name))
        if kind is None:
            raise UnreadableError(f"it holds an object of type {module}.{name}")
        return kind(**fields)


Version = Annotated[StrictStr, StringConstraints(pattern=r"^\d+\.\S+$")]


class _Cited(BaseModel):
    call_id: StrictStr
    turn_start: StrictInt
    turn_end: StrictInt


class _Values(BaseModel):
    messages: list[InstanceOf[HumanMessage] | InstanceOf[AIMessage]] = []
    calls: list[StrictStr] = []
    cited: list[_Cited] = []


class _Kept(BaseModel):
    """A checkpoint, as far as it is relied on to have this shape."""

    v: StrictInt
    id: StrictStr
    ts: StrictStr
    channel_values: _Values
    channel_versions: dict[StrictStr, Version]
    versions_seen: dict[StrictStr, dict[StrictStr, Version]]


class ConversationSaver(AsyncSqliteSaver):
    """Keeps checkpoints in a file that may fail; the newest of each conversation is at hand for that case."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        super().__init__(database, serde=CoachSerializer())
        self._newest: OrderedDict[str, tuple[RunnableConfig, tuple[str, bytes], CheckpointMetadata]] = OrderedDict()
        self._begun_anew: set[str] = set()
        self._told: set[str] = set()

    def has_begun_anew(self, thread: str) -> bool:
        """Whether a conversation's memory was lost since this was asked last."""
        is_new = thread in self._begun_anew
        self._begun_anew.discard(thread)
        return is_new

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The newest checkpoint of a conversation; none where it can't be read."""
        thread = str(config["configurable"]["thread_id"])
        try:
            found = await super().aget_tuple(config)
            if found is None:
                self._newest.pop(thread, None)
                return None
            _Kept.model_validate(found.checkpoint)
            return found
        except sqlite3.Error as error:
            await self._fail(error)
        except Exception as error:  # damaged bytes can make anything of the reader
            self._tell("What was kept of a conversation can't be read (%s), so it begins anew.", error)
            with suppress(sqlite3.Error):
                await super().adelete_thread(thread)
        if thread not in self._newest:
            self._begun_anew.add(thread)
            return None
        kept, checkpoint, metadata = self._newest[thread]
        return CheckpointTuple(kept, self.serde.loads_typed(checkpoint), metadata, None, [])

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keeps a checkpoint, in this process at least."""
        place = config["configurable"]
        kept: RunnableConfig = {
            "configurable": {
                "thread_id": place["thread_id"],
                "checkpoint_ns": place["checkpoint_ns"],
                "checkpoint_id": checkpoint["id"],
            }
        }
        try:
            await super().aput(config, checkpoint, metadata, new_versions)
        except sqlite3.Error as error:
            await self._fail(error)
        thread = str(place["thread_id"])
        self._newest[thread] = kept, self.serde.dumps_typed(checkpoint), metadata
        self._newest.move_to_end(thread)
        if len(self._newest) > MAX_IN_MEMORY:
            self._newest.popitem(last=False)
        return kept

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keeps what a step wrote."""
        try:
            await super().aput_writes(config, writes, task_id, task_path)
        except sqlite3.Error as error:
            await self._fail(error)

    async def _fail(self, error: sqlite3.Error) -> None:
        self._tell("The file of conversations can't be used (%s); they are remembered until the chat ends.", error)
        with suppress(sqlite3.Error):
            await self.conn.rollback()

    def _tell(self, sentence: str, error: Exception) -> None:
        """In the log, once."""
        if sentence not in self._told:
            self._told.add(sentence)
            logger.warning(sentence, _first_line(error))


@asynccontextmanager
async def remembering(file: Path) -> AsyncIterator[ConversationSaver]:
    """The coach's memory in a file; only in this process where no file can be opened."""
    async with aiosqlite.Connection(partial(_connect_anyhow, file), iter_chunk_size=64) as database:
        yield ConversationSaver(database)


@contextmanager
def conversations(file: Path) -> Iterator[SqliteSaver]:
    """The file of conversations, to look through it or delete from it.

    Raises:
        CoachError: the file can't be opened.
    """
    with closing(connect(file)) as database:
        database.text_factory = partial(str, encoding="utf-8", errors="replace")  # a damaged name stops nothing
        yield SqliteSaver(database, serde=CoachSerializer())


def connect(file: Path) -> sqlite3.Connection:
    """Opens the file of conversations; one that is no sound database of them is set aside, and a new one begun.

    Raises:
        CoachError: the file can't be opened.
    """
    try:
        if problem := problem_of(file):
            logger.warning(
                "The file of conversations was damaged (%s); it is now %s, and a new one is begun.",
                problem,
                _set_aside(file).name,
            )
        return _open(file)
    except (OSError, sqlite3.Error) as error:
        raise CoachError(f"The file of conversations {file} can't be opened ({_first_line(error)}).") from None


def readable(saver: SqliteSaver) -> tuple[list[CheckpointTuple], set[str]]:
    """What is kept of all conversations, and those of which something can't be read, as ``as_kept`` names them."""
    found, unreadable = [], set()
    saver.setup()
    rows = saver.conn.execute(f"SELECT {_AS_KEPT}, thread_id, checkpoint_ns, checkpoint_id FROM checkpoints").fetchall()
    for name, thread_id, checkpoint_ns, checkpoint_id in rows:
        place = {"thread_id": thread_id, "checkpoint_ns": checkpoint_ns, "checkpoint_id": checkpoint_id}
        try:
            kept = saver.get_tuple({"configurable": place}) if name == as_kept(str(thread_id)) else None
            if kept is None:
                raise UnreadableError("it isn't found under its name")
            _Kept.model_validate(kept.checkpoint)
            found.append(kept)
        except Exception:  # damaged bytes can make anything of the reader
            unreadable.add(name)
    return found, unreadable


def as_kept(thread: str) -> str:
    """What ``readable`` and ``forget`` call a conversation: a name that is damaged can't be given as text."""
    return f"text {thread.encode().hex().upper()}"


def forget(saver: SqliteSaver, names: Iterable[str]) -> bool:
    """Deletes conversations, and with them all writes that belong to no checkpoint: nobody reads those any more.

    Args:
        saver: of the file.
        names: the conversations, as ``as_kept`` names them.

    Returns:
        Whether there was anything to delete.
    """
    gone = [(name,) for name in names]
    with saver.cursor() as cursor:
        n_before = saver.conn.total_changes
        for table in _COLUMNS:
            cursor.executemany(f"DELETE FROM {table} WHERE {_AS_KEPT} = ?", gone)
        cursor.execute(
            "DELETE FROM writes AS alone WHERE NOT EXISTS (SELECT * FROM checkpoints WHERE thread_id = alone.thread_id "
            "AND checkpoint_ns = alone.checkpoint_ns AND checkpoint_id = alone.checkpoint_id)"
        )
        return saver.conn.total_changes > n_before


def problem_of(file: Path) -> str | None:
    """Why the file is no sound database of conversations; None where it is one or not there.

    Raises:
        CoachError: it can't be opened, which says nothing about what is in it.
    """
    try:
        if not file.exists():
            return None
        with closing(_open(file)) as database:
            return _fault_in(database)
    except (OSError, MemoryError) as error:
        raise CoachError(f"The file of conversations {file} can't be opened ({_first_line(error)}).") from None
    except sqlite3.Error as error:
        if not _is_damage(error, file):
            raise CoachError(f"The file of conversations {file} can't be opened ({_first_line(error)}).") from None
        return _first_line(error)
    except Exception:  # damaged bytes can make anything of the reader, of SQLite's messages too
        return "it holds what the coach doesn't write"


def set_aside(file: Path) -> list[Path]:
    """The files that were damaged and set aside, oldest first, with what belongs to them."""
    return sorted(file.parent.glob(f"{file.stem}-*-damaged{file.suffix}*"))


def _connect_anyhow(file: Path) -> sqlite3.Connection:
    try:
        return connect(file)
    except CoachError as error:
        logger.warning("%s Conversations are remembered until the chat ends.", error)
        return sqlite3.connect(":memory:")


def _open(file: Path) -> sqlite3.Connection:
    if not file.exists():
        file.touch(mode=0o600)
    elif file.stat().st_mode & 0o077:
        file.chmod(0o600)
    database = sqlite3.connect(file, timeout=PATIENCE_S, check_same_thread=False)
    try:
        database.execute("PRAGMA trusted_schema=OFF")
        database.execute("PRAGMA journal_mode=WAL")
    except Exception:
        database.close()
        raise
    return database


def _fault_in(database: sqlite3.Connection) -> str | None:
    if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        return "its structure is damaged"
    kinds = dict(database.execute("SELECT name, type FROM sqlite_master"))
    if not kinds:
        return None
    if set(kinds.values()) - {"table", "index"}:
        return "it holds more than tables"
    for table, expected in _COLUMNS.items():
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        if not expected <= columns:
            return f"it has no table of {table} as expected"
    return None


def _set_aside(file: Path) -> Path:
    name = f"{file.stem}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-damaged{file.suffix}"
    for part in _PARTS:
        with suppress(FileNotFoundError):
            os.replace(f"{file}{part}", file.with_name(f"{name}{part}"))
    return file.with_name(name)


def _is_damage(error: sqlite3.Error, file: Path) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code == sqlite3.SQLITE_READONLY:  # a damaged header may say so, too
        return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
    return code not in _NO_DAMAGE


def _first_line(error: object) -> str:
    return str(error).partition("\n")[0]

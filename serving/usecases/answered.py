"""Requests that were answered already, so that one that is sent twice is done once."""

import hashlib
import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from salescoach.errors import CoachError

KEPT_S: Final = 24 * 3_600

_TABLE: Final = """CREATE TABLE IF NOT EXISTS requests (
    owner TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, begun_at REAL NOT NULL, process TEXT NOT NULL,
    status INTEGER, headers TEXT, body BLOB, PRIMARY KEY (owner, key)
)"""


@dataclass(frozen=True)
class Answered:
    """An answer as it was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OtherRequestError(Exception):
    """The key was used for another request."""


class StillRunningError(Exception):
    """The request with that key isn't answered yet."""


class AnsweredRequests:
    """Remembers the answers to requests that named themselves, for a day, in a file that outlives the process.

    No word of a call gets there: only requests that write are kept, and what they are answered is about ids.
    """

    def __init__(self, file: Path) -> None:
        """Opens the file; raises CoachError where that can't be done."""
        self._file = file
        self._process = uuid.uuid4().hex
        self._lock = threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            with closing(self._connect()) as database, database:
                database.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise CoachError(f"{file} can't be used ({error}); make it writable, or delete it.") from None

    def begin(self, owner: str, key: str, fingerprint: str) -> Answered | None:
        """Notes that a request begins; the answer where it was given before.

        A request whose process died before it was answered begins again.

        Args:
            owner: who asks; the same key of two of them names two requests.
            key: names the request.
            fingerprint: as ``fingerprint_of``.

        Raises:
            OtherRequestError: the key names another request.
            StillRunningError: the request is under way.
        """
        with self._lock, closing(self._connect()) as database, database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("DELETE FROM requests WHERE begun_at < ?", (time.time() - KEPT_S,))
            found = database.execute(
                "SELECT fingerprint, process, status, headers, body FROM requests WHERE owner = ? AND key = ?",
                (owner, key),
            ).fetchone()
            if found is not None:
                known, process, status, headers, body = found
                if known != fingerprint:
                    raise OtherRequestError
                if status is not None:
                    return Answered(status, json.loads(headers), body)
                if process == self._process:
                    raise StillRunningError
            database.execute(
                "INSERT OR REPLACE INTO requests (owner, key, fingerprint, begun_at, process) VALUES (?, ?, ?, ?, ?)",
                (owner, key, fingerprint, time.time(), self._process),
            )
        return None

    def finish(self, owner: str, key: str, answered: Answered) -> None:
        """Keeps the answer to a request that began."""
        with self._lock, closing(self._connect()) as database, database:
            database.execute(
                "UPDATE requests SET status = ?, headers = ?, body = ? WHERE owner = ? AND key = ?",
                (answered.status, json.dumps(dict(answered.headers)), answered.body, owner, key),
            )

    def give_up(self, owner: str, key: str) -> None:
        """Forgets a request that failed, so that it may be tried again under the same key."""
        with self._lock, closing(self._connect()) as database, database:
            database.execute("DELETE FROM requests WHERE owner = ? AND key = ? AND status IS NULL", (owner, key))

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, isolation_level=None, timeout=10)


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    """Tells requests apart: sha256 in hex."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()

"""Reads what users give to a server, in a process of its own with a deadline.

A text that takes for ever to read would hold the interpreter, and with it everybody's work. Here it only costs the
process that reads it, which is ended and replaced.
"""

import asyncio
import pickle
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from salescoach.errors import CoachError, InputError
from salescoach.reading.labelled import CallTable, read_table
from salescoach.reading.team import NOBODY_SAVED, Team
from salescoach.reading.transcripts import judged_part, looks_like_transcript, parse_transcript, transcript_of
from salescoach.types import Transcript
from serving.tracing import span

# The longest call that is allowed takes half a second where nothing else runs; scoring for others may be running.
DEADLINE_S: Final = 10.0
START_S: Final = 60.0
N_PROCESSES: Final = 2

_LENGTH: Final = struct.Struct(">Q")  # before each message
_PROGRAM: Final = (
    "import sys; sys.path[:] = {path!r}; from serving.usecases.reader_process import serve_parent; serve_parent()"
)


class Reader:
    """Reads texts in at most ``N_PROCESSES`` processes, which are kept. Belongs to one event loop."""

    def __init__(self) -> None:
        self._idle: list[Process] = []
        self._free = asyncio.Semaphore(N_PROCESSES)

    async def is_call(self, text: str) -> bool:
        """As ``looks_like_transcript``.

        Raises:
            InputError: it took too long.
        """
        return bool(await self._run(looks_like_transcript, judged_part(text)))

    async def text(self, text: str, team: Sequence[str] = NOBODY_SAVED) -> Transcript:
        """As ``parse_transcript``; ``team`` is who is on the user's side, saved or named for this call.

        Raises:
            TranscriptError: there is nothing to read, or too much.
            InputError: it took too long, or somebody named doesn't speak in it.
        """
        return await self._call(parse_transcript, text, rep=team)

    async def file(self, content: bytes, name: str = "", team: Sequence[str] = NOBODY_SAVED) -> Transcript:
        """As ``transcript_of``; ``team`` as for ``text``.

        Raises:
            TranscriptError: the bytes are no text, there is nothing to read, or too much.
            InputError: it took too long.
        """
        return await self._call(transcript_of, content, name, rep=team)

    async def table(self, content: bytes, name: str, team: Team = NOBODY_SAVED) -> CallTable:
        """As ``read_table``.

        Raises:
            DataError: it is no table, or holds no call that can be read.
            InputError: it took too long.
        """
        read: CallTable = await self._run(read_table, content, name, team)
        return read

    async def warm_up(self) -> None:
        """Starts a process, so that the first text doesn't wait for it."""
        async with self._free:
            self._idle.append(await self._process())

    async def close(self) -> None:
        """Ends all processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def _call(self, function: Callable[..., Transcript], *args: Any, **named: Any) -> Transcript:
        with span("read") as traced:
            read: Transcript = await self._run(function, *args, **named)
            traced.note(n_turns=len(read))
        return read

    async def _run(self, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        async with self._free:
            process = await self._process()
            try:
                async with asyncio.timeout(DEADLINE_S):
                    result = await _asked(process, partial(function, *args, **named))
            except TimeoutError:
                await _end(process)
                raise InputError(
                    f"Reading this took more than {DEADLINE_S:.0f} seconds and was stopped; check that it is the text "
                    "of one call, such as one line a turn, and give it again."
                ) from None
            except BaseException:
                await _end(process)
                raise
            self._idle.append(process)
        if isinstance(result, CoachError):
            raise result
        return result

    async def _process(self) -> Process:
        """One that waits for work, or a new one as soon as it does."""
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        program = _PROGRAM.format(path=sys.path)
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=PIPE, stdout=PIPE)
        try:
            async with asyncio.timeout(START_S):
                await _asked(process, partial(looks_like_transcript, ""))
        except BaseException:
            await _end(process)
            raise
        return process


async def _asked(process: Process, function: Callable[[], Any]) -> Any:
    """What a function returns in that process, or the error that it explains to the user."""
    assert process.stdin is not None and process.stdout is not None
    request = pickle.dumps(function)
    process.stdin.write(_LENGTH.pack(len(request)) + request)
    await process.stdin.drain()
    [length] = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    return pickle.loads(await process.stdout.readexactly(length))


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


def serve_parent() -> None:
    """What the process does: calls what it is told to on stdin, until that is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    while head := requests.read(_LENGTH.size):
        function = pickle.loads(requests.read(_LENGTH.unpack(head)[0]))
        try:
            result: Any = function()
        except CoachError as error:
            result = error
        answer = pickle.dumps(result)
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()

"""Reading what users give, in a process of its own: the same as here, and an end to what would never end."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from salescoach.errors import DataError, InputError, TranscriptError
from salescoach.reading.labelled import read_table
from salescoach.reading.transcripts import decode, looks_like_transcript, parse_transcript
from serving.usecases import reader_process as reading
from serving.usecases.reader_process import Reader

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="sees its processes in /proc")

EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "examples").glob("*.txt"))
TABLE = 'call_id,call_transcript\na,"Rep: hi\nCustomer: ho"\nb,\n'


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    one = Reader()
    yield one
    await one.close()


@pytest.fixture(scope="module", autouse=True)
def others() -> set[int]:
    """Processes that tests of other files have left to this one, such as a tracker of shared memory."""
    return set(_all_children())


@pytest.fixture
def children(others: set[int]) -> Callable[[], list[int]]:
    """Processes that began since, those that have ended and wait to be taken note of among them."""
    return lambda: [child for child in _all_children() if child not in others]


def _all_children() -> list[int]:
    return [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and _parent(folder) == str(os.getpid())
    ]


def _parent(folder: Path) -> str | None:
    try:
        return (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
    except OSError:
        return None


async def test_it_reads_as_it_is_read_here(reader: Reader, children: Callable[[], list[int]]) -> None:
    for file in EXAMPLES:
        text = file.read_text(encoding="utf-8")
        assert await reader.is_call(text) == looks_like_transcript(text)
        assert await reader.text(text) == parse_transcript(text)
        assert await reader.file(file.read_bytes()) == parse_transcript(decode(file.read_bytes())[0])
    assert not await reader.is_call("How likely is it?")
    fireflies = json.dumps({"sentences": [{"speaker_name": "Rep", "text": "Well, hello."}] * 1_000})
    assert await reader.is_call(fireflies)
    assert await reader.file(fireflies.encode(), "call.json") == parse_transcript(fireflies)
    assert await reader.table(TABLE.encode(), "calls.csv") == read_table(TABLE.encode(), "calls.csv")
    assert len(children()) == 1


async def test_what_was_guessed_about_a_file_is_said(reader: Reader) -> None:
    call = await reader.file("Rep: café\nDana: hm".encode("cp1252"))
    assert "Windows-1252" in call.warnings[0]
    assert "“Dana” was taken as the customer" in call.warnings[1]


async def test_what_can_not_be_read_is_said_and_costs_no_process(
    reader: Reader, children: Callable[[], list[int]]
) -> None:
    await reader.warm_up()
    before = children()
    with pytest.raises(TranscriptError, match="no speech in this text"):
        await reader.text("")
    with pytest.raises(TranscriptError, match="This is a PDF"):
        await reader.file(b"%PDF-1.7")
    with pytest.raises(DataError, match="needs a column call_transcript"):
        await reader.table(b"a,b\n1,2\n", "calls.csv")
    assert children() == before


async def test_what_takes_for_ever_is_ended_and_the_next_text_is_read(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, children: Callable[[], list[int]]
) -> None:
    await reader.warm_up()
    [before] = children()
    monkeypatch.setattr(reading, "DEADLINE_S", 0.5)
    ticks = 0

    async def others() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    waiting = asyncio.create_task(others())
    with pytest.raises(InputError, match=r"more than 0 seconds and was stopped; .* give it again"):
        await reader._run(time.sleep, 60)
    waiting.cancel()
    assert ticks > 5  # the loop went on meanwhile
    assert not Path(f"/proc/{before}").exists()
    assert children() == []
    monkeypatch.undo()
    assert len(await reader.text("Rep: hi\nCustomer: ho")) == 2
    [after] = children()
    assert after != before


async def test_a_reading_that_is_stopped_leaves_no_process(reader: Reader, children: Callable[[], list[int]]) -> None:
    stopped = asyncio.create_task(reader._run(time.sleep, 60))
    await asyncio.sleep(0)
    while not children():
        await asyncio.sleep(0.01)
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    assert children() == []
    assert await reader.is_call("Rep: hi\nCustomer: ho")


async def test_a_process_that_died_is_replaced(reader: Reader) -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await reader._run(os._exit, 1)
    await reader.warm_up()
    reader._idle[0].kill()
    await reader._idle[0].wait()
    assert len(await reader.text("Rep: hi\nCustomer: ho")) == 2


async def test_many_at_once_wait_for_each_other_and_not_in_vain(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, children: Callable[[], list[int]]
) -> None:
    """A text that has to wait for its turn doesn't run into the deadline while it waits."""
    for _ in range(reading.N_PROCESSES):
        reader._idle.append(await reader._process())
    monkeypatch.setattr(reading, "DEADLINE_S", 1.5)
    blocked = [reader._run(time.sleep, 60) for _ in range(reading.N_PROCESSES)]
    texts = [reader.text(f"Rep: hi\nCustomer: number {number}") for number in range(10)]
    results = await asyncio.gather(*blocked, *texts, return_exceptions=True)
    assert all(isinstance(one, InputError) for one in results[: reading.N_PROCESSES])
    assert [one.turns[1].text for one in results[reading.N_PROCESSES :]] == [f"number {n}" for n in range(10)]  # type: ignore[union-attr]
    assert len(children()) <= reading.N_PROCESSES


async def test_the_process_loads_no_more_than_it_needs(reader: Reader, children: Callable[[], list[int]]) -> None:
    """It starts again after each text that takes too long, while somebody waits."""
    await reader.warm_up()
    [child] = children()
    mapped = Path(f"/proc/{child}/maps").read_text()
    assert not [name for name in ("libtorch", "chromadb", "chainlit", "sklearn") if name in mapped]


async def test_at_the_end_all_processes_are_gone(children: Callable[[], list[int]]) -> None:
    reader = Reader()
    await reader.warm_up()
    assert len(children()) == 1
    await reader.close()
    assert children() == []

"""The queue of heavy work: who comes first, who has to wait, and what becomes of those who leave."""

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent import queue as queue_module
from agent.queue import BUSY, WorkQueue
from salescoach.errors import CoachError

SHORT_S = 0.02


async def question(queue: WorkQueue, name: str, done: list[str], n_pieces: int = 3) -> None:
    """A question that needs some pieces of work, with something else between them."""
    with queue.place() as place:
        async for _ in place.wait():
            pass
        for piece in range(n_pieces):
            await place.run(time.sleep, SHORT_S)
            done.append(f"{name}{piece}")
            await asyncio.sleep(0)
    done.append(name)


async def test_the_first_question_ends_before_the_second_begins() -> None:
    queue, done = WorkQueue(slots=1), list[str]()
    await asyncio.gather(*(question(queue, name, done) for name in "abc"))
    assert done == ["a0", "a1", "a2", "a", "b0", "b1", "b2", "b", "c0", "c1", "c2", "c"]


async def test_only_as_much_is_done_at_once_as_there_are_slots() -> None:
    queue, running, most, lock = WorkQueue(slots=2), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(SHORT_S)
        with lock:
            running -= 1

    async def one() -> None:
        with queue.place() as place:
            await place.run(work)

    await asyncio.gather(*(one() for _ in range(9)))
    assert most == 2


async def test_who_is_busy_elsewhere_keeps_nobody_waiting_and_comes_first_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_module, "KEPT_S", 0.01)
    queue, done = WorkQueue(slots=1), list[str]()

    async def drafts() -> None:
        with queue.place() as place:
            await place.run(time.sleep, 0)
            await asyncio.sleep(0.1)  # such as a language model that writes
            await place.run(done.append, "draft")

    async def other(name: str) -> None:
        with queue.place() as place:
            await place.run(time.sleep, 0.08)
            done.append(name)

    await asyncio.gather(drafts(), other("b"), other("c"), other("d"))
    assert done[0] == "b"
    assert done.index("draft") < done.index("d")


async def test_a_full_queue_says_so_and_takes_more_afterwards() -> None:
    queue = WorkQueue(slots=1, limit=2)
    with queue.place(), queue.place(), pytest.raises(CoachError, match="try again in a minute"), queue.place():
        pass
    with queue.place() as place:
        assert await place.run(lambda: "done") == "done"
    assert BUSY.count("\n") == 0


async def test_one_user_leaves_room_for_the_others() -> None:
    queue = WorkQueue(slots=1, limit=5)
    with queue.place("anna"), queue.place("anna"), queue.place("anna"):
        with pytest.raises(CoachError, match="You have 3 questions waiting already"), queue.place("anna"):
            pass
        with queue.place("ben"), queue.place():
            pass
        with queue.place() as one, queue.place() as other:  # the operator has no such limit
            assert one is not other
    with queue.place("anna") as place:
        assert await place.run(lambda: "done") == "done"


async def test_work_that_took_too_long_keeps_its_slot_until_it_ends() -> None:
    queue, release, order = WorkQueue(slots=1), threading.Event(), list[str]()

    def work() -> None:
        release.wait(5)
        order.append("too late")

    with queue.place() as place, pytest.raises(TimeoutError):
        await place.run(work, seconds=SHORT_S)

    async def follows() -> None:
        with queue.place() as place:
            await place.run(order.append, "next")

    following = asyncio.create_task(follows())
    await asyncio.sleep(SHORT_S)
    assert order == []
    release.set()
    await asyncio.wait_for(following, 5)
    assert order == ["too late", "next"]
    await all_slots_are_free(queue)


async def test_whoever_waits_is_told_how_many_are_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "SAID_AFTER_S", 0.01)
    monkeypatch.setattr(queue_module, "SAID_EVERY_S", 0.01)
    queue, told = WorkQueue(slots=1), list[int]()
    release = threading.Event()

    async def holds(is_done: Callable[[], object]) -> None:
        with queue.place() as place:
            await place.run(is_done)

    async def waits() -> None:
        with queue.place() as place:
            async for n_ahead in place.wait():
                told.append(n_ahead)
                release.set()
            await place.run(told.append, 0)

    await asyncio.gather(holds(lambda: release.wait(5)), holds(lambda: time.sleep(0.1)), waits())
    assert told == [2, 1, 0]  # once each


async def test_nobody_is_told_who_does_not_wait() -> None:
    queue = WorkQueue(slots=1)
    with queue.place() as place:
        assert [n_ahead async for n_ahead in place.wait()] == []


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("how", ["waiting for its turn", "waiting for work"])
async def test_who_stops_waiting_leaves_the_queue(how: str) -> None:
    queue, done = WorkQueue(slots=1), list[str]()
    release = threading.Event()

    async def holds() -> None:
        with queue.place() as place:
            await place.run(release.wait, 5)

    async def stops() -> None:
        with queue.place() as place:
            if how == "waiting for its turn":
                async for _ in place.wait():
                    pass
            await place.run(done.append, "never")

    async def comes_later() -> None:
        with queue.place() as place:
            await place.run(done.append, "later")

    first = asyncio.create_task(holds())
    await asyncio.sleep(SHORT_S)
    second, third = asyncio.create_task(stops()), asyncio.create_task(comes_later())
    await asyncio.sleep(SHORT_S)
    await cancelled(second)
    release.set()
    await asyncio.wait_for(asyncio.gather(first, third), 5)
    assert done == ["later"]
    await all_slots_are_free(queue)


async def test_work_that_nobody_waits_for_any_more_keeps_its_slot_until_it_ends() -> None:
    queue, release, order = WorkQueue(slots=1), threading.Event(), list[str]()

    def work() -> None:
        release.wait(5)
        order.append("left alone")

    async def starts() -> None:
        with queue.place() as place:
            await place.run(work)

    async def follows() -> None:
        with queue.place() as place:
            await place.run(order.append, "next")

    task = asyncio.create_task(starts())
    await asyncio.sleep(SHORT_S)
    await cancelled(task)
    following = asyncio.create_task(follows())
    await asyncio.sleep(SHORT_S)
    assert order == []
    release.set()
    await asyncio.wait_for(following, 5)
    assert order == ["left alone", "next"]
    await all_slots_are_free(queue)


async def test_work_that_was_left_keeps_others_waiting_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "LEFT_S", 0.05)
    queue, release = WorkQueue(slots=1), threading.Event()

    async def starts() -> None:
        with queue.place() as place:
            await place.run(release.wait)

    task = asyncio.create_task(starts())
    await asyncio.sleep(SHORT_S)
    await cancelled(task)
    await all_slots_are_free(queue)
    release.set()


async def test_work_that_never_ends_stops_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "LEFT_S", 0.05)
    queue, release = WorkQueue(slots=1), threading.Event()
    with queue.place() as place:
        with pytest.raises(TimeoutError):
            await place.run(release.wait, seconds=0.05)
        assert await asyncio.wait_for(place.run(lambda: "goes on"), 5) == "goes on"
    release.set()
    await all_slots_are_free(queue)


async def test_an_error_of_the_work_is_passed_on_and_frees_its_slot() -> None:
    queue = WorkQueue(slots=1)

    def fails() -> None:
        raise ValueError("as it was")

    with queue.place() as place, pytest.raises(ValueError, match="as it was"):
        await place.run(fails)
    await all_slots_are_free(queue)


async def test_an_error_of_work_that_nobody_waits_for_any_more_is_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue, release, unretrieved = WorkQueue(slots=1), threading.Event(), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unretrieved.append(context))

    def fails() -> None:
        release.wait(5)
        raise ValueError("as it was")

    with queue.place() as place, pytest.raises(TimeoutError):
        await place.run(fails, seconds=SHORT_S)
    release.set()
    await all_slots_are_free(queue)
    gc.collect()
    assert unretrieved == []
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "Work that nobody waited for any more failed: as it was"
    ]


async def test_the_event_loop_goes_on_while_many_wait() -> None:
    queue, done, delays = WorkQueue(slots=1), list[str](), list[float]()

    async def looks() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.01)
            delays.append(time.perf_counter() - start)

    looking = asyncio.create_task(looks())
    await asyncio.gather(*(question(queue, str(number), done, n_pieces=1) for number in range(20)))
    looking.cancel()
    assert len(delays) >= 10


async def all_slots_are_free(queue: WorkQueue) -> None:
    """Two pieces of work in a row, each by a place of its own."""

    async def one() -> None:
        with queue.place() as place:
            await place.run(time.sleep, 0)

    waiting: list[Awaitable[None]] = [one(), one()]
    await asyncio.wait_for(asyncio.gather(*waiting), 5)

"""How late an event loop comes to its turn while a call is added to the library or deleted, and the index follows.

    python benchmarks/index_stall.py [--home DIR] [--times 3]

Needs what `coach setup` makes; works on a copy of it. Prints a Markdown table: seconds on the clock, and by how many
milliseconds the loop, which a health check waits for, was late; the same while nothing is done is the machine's share.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agent.build import build_parts
from benchmarks.servers import copy_of
from salescoach.config import Settings
from salescoach.progress import silent
from salescoach.reading.transcripts import parse_transcript
from serving.usecases.delete import delete_call
from serving.usecases.outcomes import Ending, add_call
from serving.usecases.settled import settle
from tools.parts import Parts
from training.sample import generate_calls

LOOK_S = 0.005


async def watch(late: list[float]) -> None:
    """Notes how late a task of the event loop comes to its turn, until it is cancelled."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(LOOK_S)
        late.append(1e3 * (time.perf_counter() - begun - LOOK_S))


async def watched(name: str, n_calls: int, work: Callable[[], object]) -> None:
    """Does work in a thread, as the server does, and prints its row."""
    late: list[float] = []
    watching = asyncio.create_task(watch(late))
    begun = time.perf_counter()
    await asyncio.to_thread(work)
    took = time.perf_counter() - begun
    watching.cancel()
    late.sort()
    print(f"| {name} | {n_calls} | {took:.2f} | {late[-1]:.0f} | {late[int(0.99 * (len(late) - 1))]:.0f} |", flush=True)


async def measure(settings: Settings, parts: Parts, n_times: int, seed: int) -> None:
    """Prints the table; the first rows are warming up."""
    settle()  # as the servers do
    print("| what | past calls | s | late at most, ms | late p99, ms |\n| --- | --- | --- | --- | --- |")
    ending = Ending(outcome="lost")
    for given in generate_calls(n_times, seed=seed):
        call = parse_transcript(given.transcript())
        n = len(parts.library.summaries())
        await watched("nothing", n, lambda: time.sleep(2))
        await watched("add", n, partial(add_call, settings, parts.library, call, ending, scorer=parts.scorer))
        added = parts.library.find(call)
        assert added is not None
        await watched("delete", n + 1, partial(delete_call, settings, added.call_id, silent, parts.scorer))


def main() -> None:
    """Measures on a copy of the folder that is set up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--seed", type=int, default=9_117)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(home=copy_of(Settings.load(home=given.home).home, Path(folder)))
        asyncio.run(measure(settings, build_parts(settings), given.times, given.seed))


if __name__ == "__main__":
    main()

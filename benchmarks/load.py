"""How many calls a second does `coach serve` score, and how long does each wait?

    python benchmarks/load.py [--seconds 30] [--clients 1,8,32] [--home DIR]

Over loopback, against a server of a copy of the home. Every request is a call that nothing has seen before, so that no
cache answers: 40 turns of a new sample, a number of its own in each turn. Each level of clients runs for the same time;
what is answered after it doesn't count. Prints a Markdown table: calls a second, p50 and p95 of the time of an answer,
answers that were none (by status), and the server's memory at the end of the level. The clients share the machine with
the server, so it measures both.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.servers import copy_of, serving
from salescoach.config import Settings
from salescoach.reading.transcripts import parse_transcript
from training.sample import generate_calls

N_TURNS = 40
N_TEMPLATES = 50
SEED = 2_026
WARM_S = 30.0
NO_LIMIT = "1000000/minute"  # of requests, which is not what is measured


@dataclass
class Level:
    """What came of one number of clients. ``seconds``: of each answer with a score."""

    clients: int
    seconds: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)


def unseen() -> Iterator[str]:
    """Calls without end, no two of which have a turn in common."""
    calls = [parse_transcript(call.transcript()).turns for call in generate_calls(N_TEMPLATES, seed=SEED)]
    for number in itertools.count():
        turns = itertools.islice(itertools.cycle(calls[number % len(calls)]), N_TURNS)
        yield "\n".join(f"{turn.role.capitalize()}: {turn.text} That is {number}." for turn in turns)


async def client(http: httpx.AsyncClient, texts: Iterator[str], level: Level, until: float) -> None:
    """One client: the next call as soon as the last one is answered."""
    while (begun := time.monotonic()) < until:
        try:
            answer = await http.post("/v1/score", json={"transcript": next(texts)})
        except httpx.HTTPError as error:
            level.failed[type(error).__name__] += 1
            continue
        took = time.monotonic() - begun
        if answer.status_code != 200:
            level.failed[str(answer.status_code)] += 1
            await asyncio.sleep(0.05)
        elif begun + took <= until:
            level.seconds.append(took)


async def measure(url: str, texts: Iterator[str], n_clients: int, seconds: float) -> Level:
    """One level."""
    level = Level(n_clients)
    async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as http:
        until = time.monotonic() + seconds
        await asyncio.gather(*(client(http, texts, level, until) for _ in range(n_clients)))
    return level


def memory_mb(process: int) -> float:
    """What a process has in memory, in MB (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", default="1,8,32")
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    texts = unseen()
    with tempfile.TemporaryDirectory() as folder:
        home = copy_of(Settings.load(home=given.home).home, Path(folder))
        with serving(home, COACH_API_RATE=NO_LIMIT) as (url, process):
            asyncio.run(measure(url, texts, 1, WARM_S))  # the server loads the coach after its first answers
            print(f"memory before: {memory_mb(process):.0f} MB")
            print("| clients | calls a second | p50 s | p95 s | answered | failed | memory MB |")
            print("| --- | --- | --- | --- | --- | --- | --- |")
            for n_clients in map(int, given.clients.split(",")):
                level = asyncio.run(measure(url, texts, n_clients, given.seconds))
                took = sorted(level.seconds) or [float("nan")]
                p95 = took[min(len(took) - 1, int(0.95 * len(took)))]
                failed = ", ".join(f"{n} × {what}" for what, n in level.failed.items()) or "none"
                print(
                    f"| {n_clients} | {len(level.seconds) / given.seconds:.2f} | {statistics.median(took):.2f} "
                    f"| {p95:.2f} | {len(level.seconds)} | {failed} | {memory_mb(process):.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()

"""Many conversations at once, each with a pasted call: when the first, the median and the last is answered.

    python benchmarks/at_once.py [--calls 20]

Needs what `coach setup` makes; works on a copy of it. Calls of a new sample, so none is in a cache; one question before
warms the process. Prints a Markdown table of seconds on the clock, how late the event loop was at most (which is what a
health check waits for), and what one call alone takes.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agent.build import build_coach, build_parts
from agent.coach import Answer, Coach, ToolFinished
from agent.request import FIRST_QUESTION
from salescoach.config import Settings
from salescoach.reading.transcripts import parse_transcript
from tools.score_call import ScoreResult
from training.sample import generate_calls

N_ALONE = 4
LOOK_S = 0.02


async def seconds_of(coach: Coach, text: str, thread: str) -> tuple[float, float]:
    """Until the score is there, and until the answer is whole."""
    start, scored = time.perf_counter(), 0.0
    call_id = await asyncio.to_thread(coach.add_call, parse_transcript(text))
    async for event in coach.ask(thread, FIRST_QUESTION, call_id):
        if isinstance(event, ToolFinished) and isinstance(event.result, ScoreResult):
            scored = time.perf_counter() - start
        if isinstance(event, Answer) and event.probability is None:
            raise SystemExit("A call was not scored.")
    return scored, time.perf_counter() - start


async def latest(delays: list[float]) -> None:
    """How late a task of the event loop comes to its turn, until it is cancelled."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(LOOK_S)
        delays.append(time.perf_counter() - start - LOOK_S)


async def measure(settings: Settings, calls: list[str]) -> None:
    """Prints the table."""
    coach = build_coach(settings, build_parts(settings))
    alone = [await seconds_of(coach, text, f"alone {number}") for number, text in enumerate(calls[: N_ALONE + 1])]
    delays: list[float] = []
    watch = asyncio.create_task(latest(delays))
    waiting = (seconds_of(coach, text, f"at once {number}") for number, text in enumerate(calls[N_ALONE + 1 :]))
    found = await asyncio.gather(*waiting)
    watch.cancel()
    print("| seconds | first | median | last |\n| --- | --- | --- | --- |")
    for name, seconds in zip(("score", "whole answer"), zip(*found, strict=True), strict=True):
        print(f"| {name} | {min(seconds):.1f} | {statistics.median(seconds):.1f} | {max(seconds):.1f} |")
    print(f"\nOne call alone: {statistics.median(whole for _, whole in alone[1:]):.2f} s.")
    print(f"The event loop was late by {1000 * max(delays):.0f} ms at most.")


def main() -> None:
    """Measures on a copy of the folder that is set up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7401)
    given = parser.parse_args()
    calls = [one.transcript() for one in generate_calls(N_ALONE + 1 + given.calls, given.seed)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(Settings.load().home, home)
        asyncio.run(measure(Settings.load(home=home), calls))


if __name__ == "__main__":
    main()

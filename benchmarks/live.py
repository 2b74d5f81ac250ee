"""How long a turn of a running call takes until its update is there, at several calls at once.

    python benchmarks/live.py [--calls 20] [--seconds 60] [--gap 6] [--threads 2]
    python benchmarks/live.py --long 3000

Needs a home (``coach setup``). The first form plays example calls at the same time, each a turn every ``--gap`` seconds
on average, and prints wall and processor time from append to update beside that of one bare encode of the same turn in
the same run: on a machine that does other things besides, only the processor times and their ratio tell anything. The
second appends so many turns to one call and prints what an append costs as the call grows.
"""

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from salescoach.config import Settings
from salescoach.model.encoder import Encoder, turn_text
from salescoach.model.running import RunningCall
from salescoach.model.scoring import CallScorer
from salescoach.reading.transcripts import read_transcript
from salescoach.types import Transcript, Turn
from serving.api.live_channels import Channel, LiveChannels
from serving.usecases.live_home import open_live
from serving.usecases.live_replay import live_turns

EXAMPLES = Path(__file__).parent.parent / "data" / "examples"
ENCODE_EVERY_S = 2.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies, in ms."""
    ordered = sorted(values)
    return 1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def one_call(channel: Channel, call: Transcript, gap_s: float, until: float, found: list[float]) -> None:
    """Appends turns until the time is over; notes the seconds from each append to an update that has it."""
    draw = random.Random(channel.call.call_id)
    await asyncio.sleep(draw.uniform(0, gap_s))
    for number, turn in enumerate(live_turns(call)):
        if time.perf_counter() > until:
            return
        seen, start = channel.seen, time.perf_counter()
        channel.put(turn)
        async for _ in channel.messages(seen, channel):
            if channel.call.updates and channel.call.updates[-1].n_turns > number:
                break
        found.append(time.perf_counter() - start)
        await asyncio.sleep(max(0.0, draw.uniform(0.5, 1.5) * gap_s - (time.perf_counter() - start)))


async def bare_encodes(encoder: Encoder, texts: Sequence[str], until: float, found: list[tuple[float, float]]) -> None:
    """Encodes a turn by itself every now and then; notes wall and processor seconds."""

    def encode(text: str) -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.thread_time()
        encoder.encode([text])
        return time.perf_counter() - wall, time.thread_time() - cpu

    for text in texts:
        if time.perf_counter() > until:
            return
        found.append(await asyncio.to_thread(encode, text))
        await asyncio.sleep(ENCODE_EVERY_S)


async def at_once(settings: Settings, n_calls: int, seconds: float, gap_s: float, threads: int) -> None:
    """Plays calls at the same time, and prints."""
    calls = [read_transcript(file) for file in sorted(EXAMPLES.glob("*.txt"))]
    with open_live(settings, "api") as parts:
        channels = LiveChannels(lambda: parts, threads)
        running = []
        for number in range(n_calls):
            call = calls[number % len(calls)]
            # Of each its own words, so that no call finds the readings of another.
            own = tuple(turn.model_copy(update={"text": f"{turn.text} {number}"}) for turn in call.turns)
            channel, _ = await channels.begin("", f"call-{number}", (), None)
            channel.drive(channel)
            running.append((channel, Transcript(turns=own)))
        until = time.perf_counter() + seconds
        waits: list[float] = []
        encodes: list[tuple[float, float]] = []
        texts = [f"{turn_text(turn)} once more" for call in calls for turn in call.turns]
        cpu = time.process_time()
        await asyncio.gather(
            *(one_call(channel, call, gap_s, until, waits) for channel, call in running),
            bare_encodes(parts.scorer.encoder.without_cache(), texts, until, encodes),
        )
        cpu = time.process_time() - cpu - sum(own for _, own in encodes)
        n_updates = sum(len(channel.call.updates) for channel, _ in running)
        await channels.close()
    encode_cpu = statistics.median(own for _, own in encodes)
    print(
        f"{n_calls} calls, a turn every {gap_s} s each, {threads} threads, {os.cpu_count()} processors, load ", end=""
    )
    print(f"{os.getloadavg()[0]:.1f}: {len(waits)} turns, {n_updates} updates\n")
    print("| | p50 | p95 | processor time each |\n| --- | --- | --- | --- |")
    print(f"| append to update | {percentile(waits, 0.5):.0f} ms | {percentile(waits, 0.95):.0f} ms ", end="")
    print(f"| {1_000 * cpu / n_updates:.0f} ms |")
    walls = [wall for wall, _ in encodes]
    print(f"| one bare encode of a turn | {percentile(walls, 0.5):.0f} ms | {percentile(walls, 0.95):.0f} ms ", end="")
    print(f"| {1_000 * encode_cpu:.0f} ms |")


def long_call(settings: Settings, n_turns: int) -> None:
    """Appends many turns to one call, and prints what they cost."""
    scorer = CallScorer.load(settings, cached=False)
    calls = [read_transcript(file) for file in sorted(EXAMPLES.glob("*.txt"))]
    said = [turn for call in calls for turn in call.turns]
    turns = tuple(
        Turn(speaker=turn.speaker, role=turn.role, text=f"{' '.join(turn.text.split()[:6])} {number}")
        for number, turn in ((number, said[number % len(said)]) for number in range(n_turns))
    )
    running, costs = RunningCall(scorer), []
    for number in range(1, n_turns + 1):
        start = time.process_time()
        running.follow(turns[:number])
        running.standing()
        costs.append(time.process_time() - start)
    print("| turns | processor time of an append, median | p95 |\n| --- | --- | --- |")
    for first in range(0, n_turns, max(n_turns // 6, 1)):
        some = costs[first : first + max(n_turns // 6, 1)]
        print(f"| {first + 1} to {first + len(some)} | {1_000 * statistics.median(some):.1f} ms ", end="")
        print(f"| {percentile(some, 0.95):.1f} ms |")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=6.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--long", type=int, default=0)
    given = parser.parse_args()
    settings = Settings.load()
    if given.long:
        long_call(settings, given.long)
    else:
        asyncio.run(at_once(settings, given.calls, given.seconds, given.gap, given.threads))


if __name__ == "__main__":
    main()

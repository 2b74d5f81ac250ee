"""From a pasted call to its gauge and to its whole answer, in the real page, beside the same answer without a page.

    .venv/bin/python benchmarks/chat.py [--calls 8]

Needs a Chromium and what `coach setup` makes; works on a copy of it. Calls of a new sample, so none is in a cache; the
server is warm. Prints a Markdown table of seconds on the clock, and the page's ratio to the command's own work.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agent.build import build_coach, build_parts
from agent.request import FIRST_QUESTION
from salescoach.config import Settings
from salescoach.reading.transcripts import parse_transcript
from tests.browser import DESKTOP, QUIET_BROWSER, Server, Visit, chromium
from training.sample import generate_calls

LIMIT_MS = 60_000
READING_MS = 5_000  # somebody who opens the page still has to paste the call


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7301)
    given = parser.parse_args()
    calls = [one.transcript() for one in generate_calls(2 * given.calls + 2, given.seed)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(Settings.load().home, home)
        bare = seconds_without_page(home, calls[given.calls + 1 :])
        gauges, answers = seconds_in_page(home, Path(folder), calls[: given.calls + 1])
    rows = {"gauge in the page": gauges, "whole answer in the page": answers, "the answer without a page": bare}
    print("| seconds | median | most |\n| --- | --- | --- |")
    for name, seconds in rows.items():
        print(f"| {name} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |")
    print(f"\nWhole answer, page over none: {statistics.median(answers) / statistics.median(bare):.2f}")


def seconds_in_page(home: Path, folder: Path, calls: list[str]) -> tuple[list[float], list[float]]:
    """Until the gauge stands, and until the answer is whole, for each call but the first, which warms the server."""
    server = Server(home, folder)
    gauges, answers = [], []
    try:
        server.wait()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET_BROWSER)
            for text in calls:
                visit = Visit(browser, server.url, DESKTOP)
                visit.page.wait_for_timeout(READING_MS)
                start = time.perf_counter()
                visit.say(text)
                expect(visit.page.locator(".js-plotly-plot").first).to_be_visible(timeout=LIMIT_MS)
                gauges.append(time.perf_counter() - start)
                visit.wait_for_answer()
                answers.append(time.perf_counter() - start)
                visit.close()
            browser.close()
    finally:
        server.stop()
    return gauges[1:], answers[1:]


def seconds_without_page(home: Path, calls: list[str]) -> list[float]:
    """What the coach alone takes for other calls of the same sample."""
    settings = Settings.load(home=home)
    coach = build_coach(settings, build_parts(settings))

    async def ask(text: str, thread: str) -> None:
        call_id = coach.add_call(parse_transcript(text))
        async for _ in coach.ask(thread, FIRST_QUESTION, call_id):
            pass

    seconds = []
    for number, text in enumerate(calls):
        start = time.perf_counter()
        asyncio.run(ask(text, str(number)))
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


if __name__ == "__main__":
    main()

"""Two people at once in the real page, and only one call worked on at a time: the second is told, and may stop."""

import re
import shutil
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import ANSWER_MS, DESKTOP, Server, Visit, browser, example

__all__ = ["browser"]  # a fixture

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

# Turns that no cache has seen, a token in each character: worked on while others come, and done in the time that an
# answer may take.
N_LONG, N_DIGITS = 50, 150


def test_who_waits_is_told_may_stop_and_may_ask_again(browser: Browser, coach_home: Path, tmp_path: Path) -> None:
    shutil.copytree(coach_home, tmp_path / "home")
    server = Server(tmp_path / "home", tmp_path, COACH_SLOTS="1")
    try:
        server.wait()
        first, second = (Visit(browser, server.url, DESKTOP) for _ in range(2))
        second.page.locator("#chat-input").fill(example(0))  # so that it is sent while the first is still worked on
        first.say(
            "\n".join(
                f"{'Rep' if n % 2 else 'Customer'}: {'-'.join(str(7**1000 + n)[-N_DIGITS:])}" for n in range(N_LONG)
            )
        )
        expect(first.page.get_by_text("Scoring the call")).to_be_visible()
        second.page.locator("#chat-submit").click()
        waiting = second.page.get_by_text("Waiting: 1 question is ahead of this one")
        expect(waiting).to_be_visible()
        second.shot("60-waiting")
        with urllib.request.urlopen(f"{server.url}health", timeout=5) as reply:
            assert reply.status == 200
        second.page.locator("#stop-button").click()
        expect(waiting).to_have_count(0)
        expect(second.page.locator("#chat-submit")).to_be_visible()
        second.say("What was my talk ratio?")
        spoke = second.page.get_by_text(re.compile(r"The rep spoke \d+ % of the words")).last
        expect(spoke).to_be_visible(timeout=ANSWER_MS)
        first.close()
        second.close()
        assert "Traceback" not in server.log.read_text()
    finally:
        server.stop()

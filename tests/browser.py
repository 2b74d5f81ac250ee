"""What the tests of the page share: the real server, the real browser, and a visit to the page.

The fixture ``server`` is in ``conftest.py``; a module that uses ``browser`` imports it by name.
"""

import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "data" / "examples"
SCREENSHOTS = ROOT / "tests" / "screenshots"
START_SECONDS = 90
ANSWER_MS = 60_000
SHOWN_MS = 20_000  # five seconds, as Playwright has it, are short where two cores do something else besides
QUIET_BROWSER = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        message = "There is no Chromium on this machine; install it (Debian: apt-get install chromium)."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def free_port() -> int:
    """A free port that no other worker of this run picks, below those that the system gives away by itself."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 12_000 + 500 * worker
    for port in random.sample(range(first, first + 500), 500):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


class Server:
    """``coach chat`` as a user starts it, from another folder than the project's."""

    def __init__(self, home: Path, cwd: Path, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log = cwd / "server.log"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COACH_", "OPENAI_", "CHAINLIT_"))}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "serving.cli", "chat", "--port", str(self.port)],
                cwd=cwd,
                env={**kept, "COACH_HOME": str(home), "PYTHONUNBUFFERED": "1", **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while "Sales Coach is at" not in self.log.read_text():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"not up after {START_SECONDS} s:\n{self.log.read_text()}"
            time.sleep(0.2)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(home: Path, cwd: Path, **environment: str) -> Iterator[Server]:
    """A server while it runs; nothing may go wrong in it."""
    cwd.mkdir(exist_ok=True)
    one = Server(home, cwd, **environment)
    try:
        one.wait()
        yield one
        assert "Traceback" not in one.log.read_text()
    finally:
        one.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    expect.set_options(timeout=SHOWN_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=QUIET_BROWSER)
        yield launched
        launched.close()


class Visit:
    """A page, and what went wrong on it."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        viewport: dict[str, int],
        theme: str = "light",
        sign_in: tuple[str, str] | None = None,
    ) -> None:
        self._is_asked = sign_in is not None
        self._context = browser.new_context(viewport=viewport)  # type: ignore[arg-type]
        self._context.add_init_script(f"localStorage.setItem('vite-ui-theme', '{theme}')")
        self.page: Page = self._context.new_page()
        self._n_seen = 0
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.goto(url)
        if sign_in is not None:
            self.sign_in(*sign_in)
        expect(self.page.locator("#starters button").first).to_be_enabled()

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chainlit's panel on a phone names its title in a way that its dialog library doesn't see.
        if message.type != "error" or "`DialogContent` requires a `DialogTitle`" in message.text:
            return
        # The page asks who is there before anybody has signed in, and is told that nobody is.
        if self._is_asked and ("401 (Unauthorized)" in message.text or "Unauthorized" in message.text):
            return
        self.errors.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:", request.url):
            self.outside.append(request.url)

    def sign_in(self, name: str, password: str) -> None:
        self.page.locator("#email").fill(name)
        self.page.locator("#password").fill(password)
        self.page.locator('button[type="submit"]').click()

    def threads(self) -> Locator:
        """The conversations in the list beside the page."""
        return self.page.locator('#thread-history a[href^="/thread/"]')

    def say(self, text: str) -> None:
        self.page.locator("#chat-input").fill(text)
        self.page.locator("#chat-submit").click()

    def upload(self, name: str, data: bytes) -> None:
        self.page.locator("#upload-button-input").set_input_files({"name": name, "mimeType": "", "buffer": data})
        expect(self.page.locator("#chat-submit")).to_be_enabled()
        self.page.locator("#chat-submit").click()

    def wait_for_answers(self, number: int) -> None:
        """Until so many questions are answered whole: the buttons stand under the last one, and nothing is running."""
        expect(self.page.locator('[data-step-type="user_message"]')).to_have_count(number)
        self.wait_for_answer()

    def wait_for_answer(self) -> None:
        """Until the newest question is answered whole; the page says more then than when the last one was."""
        answers = self.page.locator('[data-step-type="assistant_message"]')
        expect(answers).not_to_have_count(self._n_seen, timeout=ANSWER_MS)
        expect(self.page.locator("#chat-submit")).to_be_visible(timeout=ANSWER_MS)
        expect(self.page.get_by_role("button", name="Similar lost deals")).to_be_enabled(timeout=ANSWER_MS)
        expect(self.page.get_by_role("button", name="Similar lost deals")).to_have_count(1)
        self._n_seen = answers.count()
        self._settle()

    def _settle(self) -> None:
        """Until nothing moves the buttons any more: a chart that arrives late would take them from under a click."""
        button = self.page.get_by_role("button", name="Similar lost deals")
        place, until = None, time.monotonic() + ANSWER_MS / 1_000
        while (now := button.bounding_box()) != place and time.monotonic() < until:
            place = now
            self.page.wait_for_timeout(500)

    def shot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.wait_for_timeout(700)  # animations
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def close(self) -> None:
        self._context.close()
        assert self.errors == []
        assert self.outside == []


def example(number: int) -> str:
    """A hand-written call, by its place among them."""
    return sorted(EXAMPLES.glob("*.txt"))[number].read_text(encoding="utf-8")

"""The real server and the real page in a real browser: from a pasted call to the cited turn of a won one."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "data" / "examples"
SCREENSHOTS = ROOT / "tests" / "screenshots"
START_SECONDS = 90
ANSWER_MS = 60_000
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

# Playwright talks to its driver and the browser over pipes and starts its own event loop.
pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        message = "There is no Chromium on this machine; install it (Debian: apt-get install chromium)."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """``coach chat`` as a user starts it, from another folder than the project's."""

    def __init__(self, home: Path, cwd: Path) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log = cwd / "server.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("COACH_", "OPENAI_", "CHAINLIT_"))}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "serving.cli", "chat", "--port", str(self.port)],
                cwd=cwd,
                env={**environment, "COACH_HOME": str(home), "PYTHONUNBUFFERED": "1"},
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


@pytest.fixture(scope="module")
def server(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("chat")
    home = folder / "home"
    shutil.copytree(coach_home, home)
    running = Server(home, folder)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = _chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=QUIET_BROWSER)
        yield launched
        launched.close()


class Visit:
    """A page, and what went wrong on it."""

    def __init__(self, browser: Browser, url: str, viewport: dict[str, int], theme: str = "light") -> None:
        self._context = browser.new_context(viewport=viewport)  # type: ignore[arg-type]
        self._context.add_init_script(f"localStorage.setItem('vite-ui-theme', '{theme}')")
        self.page: Page = self._context.new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.goto(url)
        expect(self.page.locator("#starters button").first).to_be_enabled(timeout=20_000)

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chainlit's panel on a phone names its title in a way that its dialog library doesn't see.
        if message.type == "error" and "`DialogContent` requires a `DialogTitle`" not in message.text:
            self.errors.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:", request.url):
            self.outside.append(request.url)

    def say(self, text: str) -> None:
        self.page.locator("#chat-input").fill(text)
        self.page.locator("#chat-submit").click()

    def upload(self, name: str, data: bytes) -> None:
        self.page.locator("#upload-button-input").set_input_files({"name": name, "mimeType": "", "buffer": data})
        expect(self.page.locator("#chat-submit")).to_be_enabled()
        self.page.locator("#chat-submit").click()

    def wait_for_answers(self, number: int) -> None:
        """Until so many answers are whole: the buttons stand under the last one, and nothing is running."""
        expect(self.page.locator('[data-step-type="user_message"]')).to_have_count(number)
        answers = self.page.locator('[data-step-type="assistant_message"]')
        expect(answers).to_have_count(number, timeout=ANSWER_MS)
        expect(answers.last.get_by_role("button", name="Similar lost deals")).to_be_enabled(timeout=ANSWER_MS)
        expect(self.page.get_by_role("button", name="Similar lost deals")).to_have_count(1)

    def shot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.wait_for_timeout(700)  # animations
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def close(self) -> None:
        self._context.close()
        assert self.errors == []
        assert self.outside == []


def _example(number: int) -> str:
    return sorted(EXAMPLES.glob("*.txt"))[number].read_text(encoding="utf-8")


def test_from_a_pasted_call_to_a_cited_won_one(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    expect(page.locator("#welcome-screen")).to_contain_text("nothing leaves this machine")
    visit.shot("1-start-light")

    visit.say(_example(0))
    expect(page.get_by_text(re.compile(r"Scored the call: \d+ %"))).to_be_visible(timeout=ANSWER_MS)
    expect(page.get_by_text("likely to convert")).to_be_visible(timeout=ANSWER_MS)
    visit.wait_for_answers(1)
    user = page.locator('[data-step-type="user_message"]')
    expect(user).to_contain_text("Pasted call · ")
    expect(user).not_to_contain_text("Tavrelin")
    visit.shot("2-score-light")

    page.get_by_role("button", name="Similar won deals").click()
    visit.wait_for_answers(2)
    expect(page.get_by_text("Found 3 similar won calls")).to_be_visible(timeout=ANSWER_MS)
    won = page.locator("a.element-link", has_text=re.compile("call ")).last
    quoted = re.search(r"“([^”\n]+)", won.locator("xpath=ancestor::li[1]").inner_text())
    assert quoted
    won.click()
    panel = page.locator("#side-view-content")
    expect(panel).to_contain_text("in a call that converted")
    expect(panel.locator("blockquote")).to_contain_text(quoted[1])
    visit.shot("3-won-call-light")

    visit.say("What was my talk ratio?")
    visit.wait_for_answers(3)
    expect(page.get_by_text(re.compile(r"The rep spoke \d+ % of the words")).last).to_be_visible(timeout=ANSWER_MS)
    visit.close()


def test_a_citation_opens_its_turn_and_a_new_call_becomes_this_call(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP, theme="dark")
    page = visit.page
    visit.shot("4-start-dark")
    page.get_by_text("Score a sample call").click()
    visit.wait_for_answers(1)
    cited = page.locator("a.element-link", has_text=re.compile(r"^\W*T\d+\W*$")).first
    marker = cited.inner_text().strip("\u2060")
    cited.click()
    expect(page.locator("#side-view-content blockquote")).to_contain_text(f"{marker} · ")
    visit.shot("5-citation-dark")

    visit.upload("second.txt", _example(4).encode())
    visit.wait_for_answers(2)
    expect(page.locator('[data-step-type="user_message"]').last).to_contain_text("Uploaded second.txt · ")
    page.locator("a.element-link", has_text="Read the whole call").last.click()
    first_line = _example(4).splitlines()[0].split(": ", 1)[1]
    expect(page.locator("#side-view-content")).to_contain_text(first_line)
    visit.close()


def test_a_phone_has_room_for_it(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, PHONE)
    page = visit.page
    visit.shot("6-start-phone")
    page.get_by_text("Score a sample call").click()
    visit.wait_for_answers(1)
    visit.shot("7-score-phone")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("a.element-link").first.click()
    expect(page.locator("#side-view-content blockquote")).to_be_visible()
    visit.shot("8-citation-phone")
    visit.close()


def test_rubbish_is_refused_in_a_sentence(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    visit.upload("brochure.txt", b"%PDF-1.7 \x00\x01\x02")
    expect(page.get_by_text("export the transcript as text")).to_be_visible(timeout=20_000)
    visit.say(f"Rep: {'well ' * 1_200}\nCustomer: {'so ' * 2_000}\n" * 100)
    expect(page.get_by_text("The text is larger than 1 MB")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator('[data-step-type="user_message"]').last).to_have_text("Pasted call")
    page.locator("#upload-button-input").set_input_files({"name": "a.docx", "mimeType": "", "buffer": b"PK"})
    expect(page.get_by_text(re.compile("File type must be .*srt"))).to_be_visible()
    visit.shot("9-rubbish")
    visit.close()


def test_who_is_on_your_side_is_asked_and_names_are_only_text(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    call = _example(7).replace("Customer:", "Bo:").replace("Rep:", "Dana:")
    hostile = (
        "Bo: See ![p](https://evil.example/p.png) [c](https://evil.example) <img src=x> www.evil.example :smile **b**"
    )
    visit.say(f"{call}\n{hostile}")
    expect(page.get_by_text("Who is on your side?")).to_be_visible(timeout=20_000)
    visit.shot("10-who")
    page.get_by_role("button", name="Dana").click()
    expect(page.get_by_text("On your side: Dana")).to_be_visible()
    expect(page.get_by_role("button", name="Similar lost deals")).to_be_enabled(timeout=ANSWER_MS)
    page.locator("a.element-link", has_text="Read the whole call").click()
    said = page.locator("#side-view-content [role=article]").last
    expect(said).to_contain_text("![p](https:")
    expect(said).to_contain_text(":smile **b**")
    assert page.locator("#side-view-content img, #side-view-content a, .message-content img").count() == 0
    visit.shot("11-hostile")
    visit.close()


def test_without_a_model_it_says_what_to_do(browser: Browser, tmp_path: Path) -> None:
    bare = Server(tmp_path / "home", tmp_path)
    try:
        bare.wait()
        visit = Visit(browser, bare.url, DESKTOP)
        expect(visit.page.locator("#welcome-screen")).to_contain_text("coach setup")
        visit.page.get_by_text("Score a sample call").click()
        expect(visit.page.locator(".ai-message")).to_contain_text("coach setup")
        visit.shot("12-no-model")
        visit.close()
    finally:
        bare.stop()
    assert not (tmp_path / ".files").exists()
    assert "Traceback" not in bare.log.read_text()

"""The real page on the next day: what was said is there, for the one who said it, until it is deleted."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from serving.chat.accounts import Accounts
from tests.browser import ANSWER_MS, DESKTOP, PHONE, Server, Visit, browser, example, running
from tests.homes import clone

__all__ = ["browser"]  # a fixture

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own: its tests count the conversations."""
    folder = tmp_path_factory.mktemp("history")
    with running(clone(coach_home, folder / "home"), folder) as one:
        yield one


@pytest.fixture
def home(coach_home: Path, tmp_path: Path) -> Path:
    return clone(coach_home, tmp_path / "home")


@pytest.fixture(scope="module")
def yesterday(browser: Browser, coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home in which a call was scored and the answer marked down, and that answer; its server runs no more."""
    folder = tmp_path_factory.mktemp("yesterday")
    home = clone(coach_home, folder / "home")
    with running(home, folder) as one:
        visit = Visit(browser, one.url, DESKTOP)
        visit.say(example(0))
        visit.wait_for_answers(1)
        expect(visit.threads()).to_contain_text(["Pasted call · "])
        answered = visit.page.locator('[data-step-type="assistant_message"]').last.inner_text()
        visit.page.locator(".negative-feedback-off").last.click()
        visit.page.locator("textarea").last.fill("The price was not the point.")
        visit.page.locator("#submit-feedback").click()
        expect(visit.page.locator(".negative-feedback-on")).to_be_visible()
        visit.close()
    return home, answered


def test_after_a_restart_everything_is_there_and_the_coach_still_knows_the_call(
    browser: Browser, yesterday: tuple[Path, str], tmp_path: Path
) -> None:
    home, answered = yesterday
    with running(clone(home, tmp_path / "home"), tmp_path / "today") as other:
        visit = Visit(browser, other.url, DESKTOP)
        page = visit.page
        visit.shot("h1-next-day")
        visit.threads().first.click()
        expect(page.locator('[data-step-type="user_message"]')).to_contain_text("Pasted call · ")
        expect(page.get_by_text(re.compile(r"Scored the call: \d+ %"))).to_be_visible()
        again = page.locator('[data-step-type="assistant_message"]').last.inner_text()
        assert again.split("\n")[:5] == answered.split("\n")[:5]
        expect(page.locator(".negative-feedback-on")).to_be_visible()
        expect(page.get_by_role("button", name="Similar lost deals")).to_be_enabled()
        expect(page.locator(".js-plotly-plot")).to_have_count(3)
        page.wait_for_timeout(1_000)
        assert page.locator("#side-view-content").count() == 0  # it opens when it is asked for
        page.locator("a.element-link", has_text=re.compile(r"^\W*T\d+\W*$")).first.click()
        expect(page.locator("#side-view-content blockquote")).to_be_visible()
        visit.shot("h2-resumed")
        visit.say("What was my talk ratio?")
        expect(page.get_by_text(re.compile(r"The rep spoke \d+ % of the words")).last).to_be_visible(timeout=ANSWER_MS)
        expect(page.locator('[data-step-type="assistant_message"]')).to_have_count(3)  # charts, their answer, this one
        visit.shot("h3-follow-up")
        visit.close()


def test_where_the_coachs_memory_is_lost_it_still_knows_which_call_a_conversation_is_about(
    browser: Browser, yesterday: tuple[Path, str], tmp_path: Path
) -> None:
    home = clone(yesterday[0], tmp_path / "home")
    memory = home / "conversations.sqlite"
    memory.write_bytes(b"XXXX" + memory.read_bytes()[4:])
    with running(home, tmp_path / "today") as other:
        visit = Visit(browser, other.url, DESKTOP)
        visit.threads().first.click()
        expect(visit.page.get_by_role("button", name="Similar lost deals")).to_be_enabled()
        visit.say("What was my talk ratio?")
        spoke = visit.page.get_by_text(re.compile(r"The rep spoke \d+ % of the words")).last
        expect(spoke).to_be_visible(timeout=ANSWER_MS)
        visit.close()
        assert "was damaged (file is not a database)" in other.log.read_text()
    assert list(home.glob("conversations-*-damaged.sqlite"))


def test_a_conversation_is_renamed_found_and_deleted(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP, theme="dark")
    page = visit.page
    visit.say(example(3))
    visit.wait_for_answers(1)
    page.locator("#new-chat-button").first.click()
    page.locator("#confirm").click()
    expect(page.locator("#starters button").first).to_be_enabled()
    visit.say("How good is the model?")
    expect(visit.threads()).to_have_count(2)
    expect(visit.threads().first).to_have_text("How good is the model?")
    expect(page.locator('[data-step-type="assistant_message"]')).to_have_count(1, timeout=ANSWER_MS)

    visit.threads().nth(1).hover()
    page.locator("#thread-options").nth(1).click()
    page.locator("#rename-thread").click()
    page.locator("#name").fill("The zither call")
    page.get_by_role("button", name="Confirm").click()
    expect(visit.threads().nth(1)).to_have_text("The zither call")

    page.locator("#search-chats-button").click()
    page.get_by_role("combobox").fill("LIKELY TO conv")
    found = page.get_by_role("option")
    expect(found).to_have_text(["The zither call"])
    visit.shot("h4-search-dark")
    found.click()
    expect(page.locator('[data-step-type="user_message"]')).to_contain_text("Pasted call · ")
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=ANSWER_MS)  # it is open, not being opened
    expect(page.get_by_role("button", name="Similar lost deals")).to_be_enabled(timeout=ANSWER_MS)
    page.wait_for_load_state("networkidle")

    visit.threads().nth(1).hover()
    page.locator("#thread-options").nth(1).click()
    page.locator("#delete-thread").click()
    visit.shot("h5-delete-dark")
    page.get_by_role("button", name="Confirm").click()
    expect(visit.threads()).to_have_text(["How good is the model?"])
    expect(page.locator("#starters button").first).to_be_enabled()
    page.wait_for_timeout(500)
    page.reload()
    expect(visit.threads()).to_have_text(["How good is the model?"])
    visit.close()
    assert "Traceback" not in server.log.read_text()


def test_an_answer_that_is_being_made_is_there_after_a_reload(browser: Browser, home: Path, tmp_path: Path) -> None:
    with socket.socket() as silent:  # a language model that never answers: the question takes as long as it may
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        slow = {
            "COACH_LLM": "openai:slow",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/v1",
            "COACH_QUESTION_DEADLINE_S": "12",
            "COACH_DEADLINE_S": "12",
        }
        with running(home, tmp_path / "slow", **slow) as one:
            visit = Visit(browser, one.url, DESKTOP)
            page = visit.page
            page.get_by_text("Score a sample call").click()
            expect(page).to_have_url(re.compile("/thread/"))
            expect(page.locator('[data-step-type="user_message"]')).to_contain_text("Sample call · ")
            page.reload()
            expect(page.locator('[data-step-type="user_message"]')).to_contain_text("Sample call · ")
            expect(page.locator("#stop-button")).to_be_visible()
            assert page.locator('[data-step-type="assistant_message"]').count() == 0
            visit.shot("h6-reloaded-while-working")
            expect(page.get_by_text("likely to convert")).to_be_visible(timeout=ANSWER_MS)
            expect(page.locator("#chat-submit")).to_be_visible()
            page.locator("a.element-link").first.click()
            expect(page.locator("#side-view-content blockquote")).to_be_visible()
            visit.shot("h7-answered-while-away")

            n_before = page.get_by_text(re.compile("The rep spoke")).count()
            visit.say("What was my talk ratio?")  # this time it is stopped from the page that came later
            expect(page.locator("#stop-button")).to_be_visible()
            page.reload()
            expect(page.locator('[data-step-type="user_message"]')).to_have_count(2)
            page.locator("#stop-button").click(timeout=5_000)
            expect(page.get_by_text("Task manually stopped.")).to_be_visible()
            expect(page.locator("#chat-submit")).to_be_visible()
            page.wait_for_timeout(2_000)
            assert page.get_by_text(re.compile("The rep spoke")).count() == n_before  # those of the first answer
            visit.close()


def test_two_users_see_their_own(browser: Browser, home: Path, tmp_path: Path) -> None:
    users = Accounts(home / "users.json")
    users.add("anna", PASSWORD)
    users.add("ben", PASSWORD)
    with running(home, tmp_path / "team") as one:
        anna = Visit(browser, one.url, DESKTOP, sign_in=("Anna", PASSWORD))
        anna.say(example(1))
        anna.wait_for_answers(1)
        address = anna.page.url
        ben = Visit(browser, one.url, DESKTOP, sign_in=("ben", PASSWORD))
        expect(ben.page.locator("#thread-history")).to_be_visible()
        assert ben.threads().count() == 0
        ben.say("How good is the model?")
        expect(ben.threads()).to_have_text(["How good is the model?"])
        ben.shot("h8-second-user")
        ben.page.goto(address)
        expect(ben.page.get_by_text("Couldn't resume chat").first).to_be_visible()
        assert ben.page.get_by_text("likely to convert").count() == 0
        anna.page.reload()
        expect(anna.threads()).to_contain_text(["Pasted call · "])
        expect(anna.page.get_by_text("likely to convert")).to_be_visible()
        anna.page.locator("#user-nav-button").click()
        anna.shot("h9-first-user")
        anna.page.get_by_role("menuitem", name="Logout").click()
        expect(anna.page.locator("#password")).to_be_visible()
        anna.shot("h10-login")
        anna.sign_in("anna", "wrong password")
        expect(anna.page.get_by_role("alert")).to_be_visible()
        anna.shot("h11-wrong-password")
        anna.close()
        ben.errors = [error for error in ben.errors if "authorization failed" not in error]
        ben.close()


def test_on_a_phone_the_list_is_behind_a_button(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, PHONE)
    page = visit.page
    page.get_by_text("Score a sample call").click()
    visit.wait_for_answers(1)
    # It is the list that goes to the address of a new conversation, and closes as it goes.
    page.locator("#sidebar-trigger-button").click()
    expect(page).to_have_url(re.compile("/thread/"))
    page.reload()
    expect(page.get_by_text("likely to convert")).to_be_visible()
    page.wait_for_timeout(1_000)
    assert page.locator("#side-view-content").count() == 0  # it would cover the page
    page.locator("#sidebar-trigger-button").click()
    expect(visit.threads().first).to_contain_text("Sample call · ")
    visit.shot("h12-list-phone")
    visit.threads().first.click()
    expect(page.get_by_text("likely to convert")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    visit.close()

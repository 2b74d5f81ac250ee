"""Did it come true, and is this right? Both in the real page, on a phone and on a desk, for everybody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from salescoach.config import Settings
from salescoach.library import Library, label_log, score_log
from salescoach.library.score_log import LoggedScore
from salescoach.speech.shape import shape_of
from salescoach.testing import make_call
from tests.browser import ANSWER_MS, DESKTOP, PHONE, Server, Visit, browser, running
from tests.homes import clone

__all__ = ["browser"]  # a fixture

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

N_CALLS = 60
SAID = ("Rep: What keeps you from going ahead?", "Customer: Forty is {} above what we set aside for this.")


@pytest.fixture(scope="module")
def home(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with calls of the team's own, scored before their deals ended."""
    home = clone(coach_home, tmp_path_factory.mktemp("truth") / "home")
    file, now = Settings.load(home=home).library_file, datetime.now(UTC).replace(tzinfo=None)
    calls = [
        make_call(f"own-{n}", SAID[0], SAID[1].format(n), outcome=("converted", "lost")[n % 3 > 0], account_id=f"a{n}")
        for n in range(N_CALLS)
    ]
    with Library(file) as library:
        library.add([one.model_copy(update={"outcome_at": now - timedelta(days=1)}) for one in calls])
    score_log.append(
        file,
        [
            LoggedScore(
                call_id=one.call_id, content_hash=one.transcript.content_hash, model_id="m-1", scorer="moves",
                probability=0.5 if one.outcome == "converted" else 0.2, interval=None, abstained=False,
                scored_at=now - timedelta(days=90), door="api", shape=shape_of(one.transcript), unlikeness=0.7,
            )
            for one in calls
        ],
    )  # fmt: skip
    return home


@pytest.fixture(scope="module")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(home, tmp_path_factory.mktemp("chat")) as one:
        yield one


def _all_can_use(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_it_is_shown_whether_scores_came_true(
    browser: Browser, server: Server, theme: str, viewport: dict[str, int]
) -> None:
    visit = Visit(browser, server.url, viewport, theme=theme)
    page = visit.page
    page.get_by_role("button", name="Did it come true?").click()
    expect(page.get_by_text("It comes true: scores tell more than the base rate.")).to_be_visible(timeout=ANSWER_MS)
    expect(page.get_by_role("img", name="of calls said 50-60%, 20 of 20 converted")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="20% to 30%")).to_contain_text("40")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    _all_can_use(page)
    visit.shot(f"80-came-true-{theme}")
    page.locator("a.element-link", has_text="How good were they").click()
    expect(page.locator("#side-view-content")).to_contain_text("Brier of the base rate")
    _all_can_use(page)
    visit.shot(f"81-came-true-panel-{theme}")
    visit.close()


@pytest.mark.parametrize(("theme", "viewport"), [("dark", DESKTOP), ("light", PHONE)])
def test_labels_are_given(browser: Browser, server: Server, home: Path, theme: str, viewport: dict[str, int]) -> None:
    file = Settings.load(home=home).library_file
    before = len(label_log.all_labels(file))
    visit = Visit(browser, server.url, viewport, theme=theme)
    page = visit.page
    page.get_by_role("button", name="Is this right?").click()
    expect(page.get_by_text("1 of 10")).to_be_visible(timeout=ANSWER_MS)
    _all_can_use(page)
    visit.shot(f"82-label-{theme}")
    page.get_by_role("button", name="Wrong, it isn't").click()
    expect(page.get_by_text("2 of 10")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("blockquote")).to_have_count(1)  # of what was answered a line stays
    page.get_by_role("button", name="Stop", exact=True).last.click()
    expect(page.get_by_text("1 answer was kept.")).to_be_visible(timeout=ANSWER_MS)
    visit.shot(f"83-labelled-{theme}")
    visit.close()
    assert [one.answer for one in label_log.all_labels(file)[before:]] == ["no"]

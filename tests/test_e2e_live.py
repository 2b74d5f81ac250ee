"""The page of a running call, in the chat's server and in a real browser."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser import ANSWER_MS, DESKTOP, PHONE, SCREENSHOTS, Server, browser

__all__ = ["browser"]
pytestmark = pytest.mark.e2e
EXAMPLE = Path(__file__).parent.parent / "data" / "examples" / "07-condo-viewing-downsizing.txt"


def barriers(page: Page) -> list[str]:
    """What of the page some people can't use, by axe's names."""
    return [one["id"] for one in Axe().run(page).response["violations"]]


def test_a_replayed_call_is_shown_to_its_end(server: Server, browser: Browser) -> None:
    context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server.url}live")
    page.locator("summary").click()
    page.locator("#text").fill(EXAMPLE.read_text(encoding="utf-8"))
    page.locator("#speed").select_option("100")
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.locator("#turns li")).to_have_count(26, timeout=ANSWER_MS)
    expect(page.locator("#status")).to_contain_text("has ended", timeout=ANSWER_MS)
    expect(page.locator("#probability")).to_have_text("15 %")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "live.png", full_page=True)
    assert barriers(page) == []
    context.close()
    assert errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_somebody_else_watches_it_on_a_phone(server: Server, browser: Browser, theme: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{server.url}live")
    page.get_by_role("button", name="Watch").click()
    expect(page.locator("#turns li").first).to_be_visible(timeout=ANSWER_MS)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert barriers(page) == []
    page.screenshot(path=SCREENSHOTS / f"live-phone-{theme}.png", full_page=True)
    context.close()

"""What a rep does after the first answer, in the real page: charts, what if, map, files, outcomes, settings, stop."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import ANSWER_MS, DESKTOP, PHONE, Server, Visit, browser, example

__all__ = ["browser"]  # a fixture

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

N_LONG = 2_500  # turns that no cache has seen: long enough to be stopped


def _button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def _more(page: Page, name: str) -> None:
    """Presses a button that stands behind "More", twice where a chart that came late took it from under the press."""
    more, behind = _button(page, "More"), _button(page, name)
    more.click()
    try:
        expect(behind).to_be_visible()
    except AssertionError:
        if more.is_visible():
            more.click()
    behind.click()


def _no_serious_violation(page: Page) -> None:
    """Of WCAG 2 A and AA, by axe-core, in what is shown."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response["violations"]
    serious = [
        f"{one['id']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert serious == []


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_a_score_is_drawn_and_everybody_can_use_the_page(
    browser: Browser, server: Server, theme: str, viewport: dict[str, int]
) -> None:
    visit = Visit(browser, server.url, viewport, theme=theme)
    page = visit.page
    expect(page.get_by_role("button", name="Settings", exact=True)).to_be_visible()
    _no_serious_violation(page)
    visit.say(example(1))
    gauge = page.locator(".js-plotly-plot").first
    expect(gauge).to_be_visible(timeout=ANSWER_MS)
    expect(gauge).to_contain_text("%")
    visit.wait_for_answer()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    _no_serious_violation(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator(".js-plotly-plot").first.scroll_into_view_if_needed()
    visit.shot(f"20-charts-{theme}")
    page.locator("a.element-link").first.click()
    expect(page.locator("#side-view-content blockquote")).to_be_visible()
    _no_serious_violation(page)
    page.locator("#side-view-title button, [role=dialog] > button").first.click()
    expect(page.locator("#side-view-content")).to_have_count(0)
    page.locator(".js-plotly-plot").last.scroll_into_view_if_needed()
    visit.shot(f"21-numbers-{theme}")
    visit.close()


def test_what_if_a_turn_had_been_put_differently(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    visit.say(example(1))
    visit.wait_for_answer()
    _button(page, "What if …").click()
    offered = page.get_by_role("button", name=re.compile(r"^T\d+ ")).first
    visit.shot("22-what-if-turn")
    turn = re.match(r"T(\d+)", offered.inner_text())
    assert turn
    offered.click()
    expect(page.get_by_text("What would have been said instead?")).to_be_visible()
    visit.say("That makes sense. Shall we put a date in, Tuesday at ten, and I'll send the figures before?")
    expect(page.get_by_text(re.compile(r"Scored the changed call: \d+ %, before \d+ %"))).to_be_visible(
        timeout=ANSWER_MS
    )
    visit.wait_for_answer()
    visit.shot("23-what-if")
    visit.close()


def test_the_map_the_encoders_and_a_file_to_take_along(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    visit.say(example(1))
    visit.wait_for_answer()
    _more(page, "On the map")
    expect(page.locator(".js-plotly-plot")).to_have_count(4, timeout=ANSWER_MS)
    visit.shot("24-map")
    _more(page, "Generic or fine-tuned")
    expect(page.locator(".js-plotly-plot")).to_have_count(5, timeout=ANSWER_MS)
    visit.wait_for_answer()
    visit.shot("25-encoders")
    _more(page, "Export")
    link = page.locator("a[download], a[href*='/project/file/']", has_text=".html")
    expect(link).to_be_visible(timeout=ANSWER_MS)
    with page.expect_download() as download:
        link.click()
    assert "likely to convert" in download.value.path().read_text(encoding="utf-8")
    visit.shot("26-export")
    visit.close()


def test_an_outcome_is_entered(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    visit.say(example(2) + "\nRep: Then I'll write that up for you tonight.")  # not one of the library's any more
    visit.wait_for_answer()
    _more(page, "Won or lost?")
    visit.shot("27-outcome")
    _button(page, "Converted").click()
    expect(page.get_by_text("is kept as converted. It is among the past calls now.")).to_be_visible(timeout=ANSWER_MS)
    visit.shot("28-outcome-entered")
    visit.say(example(2))
    visit.wait_for_answer()
    _more(page, "Won or lost?")
    expect(page.get_by_text("one of the example calls")).to_be_visible(timeout=ANSWER_MS)
    visit.close()


def test_a_table_of_calls_asks_which_one(browser: Browser, server: Server) -> None:
    def quoted(text: str) -> str:
        doubled = text.replace('"', '""')
        return f'"{doubled}"'

    table = "call_id,call_transcript\n" + "\n".join(f"call-{n},{quoted(example(n))}" for n in range(8)) + "\n"
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    visit.upload("pipeline.csv", table.encode())
    expect(page.get_by_text("pipeline.csv has 8 calls. Which one?")).to_be_visible()
    visit.shot("29-table")
    _button(page, "Another one").click()
    expect(page.get_by_text("Give its number")).to_be_visible()
    visit.say("call-7")
    visit.wait_for_answer()
    visit.upload("notes.csv", b"name,age\nAnn,3\n")
    expect(page.get_by_text("call_transcript").last).to_be_visible()
    visit.shot("30-no-calls")
    visit.close()


def test_where_it_abstains_the_number_is_shown_only_when_asked_for(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    visit.say(
        "Rep: Hello there, how are you?\nCustomer: Fine, thanks.\nRep: Shall we talk?\nCustomer: Not now, please."
    )
    visit.wait_for_answer()
    expect(page.get_by_text("I can't give a probability")).to_be_visible()
    expect(page.locator(".js-plotly-plot", has_text="likely")).to_have_count(0)
    _button(page, "Show it anyway").click()
    expect(page.get_by_text(re.compile("not calibrated|uncalibrated")).last).to_be_visible(timeout=ANSWER_MS)
    visit.wait_for_answer()
    visit.shot("31-anyway")
    _more(page, "Generic or fine-tuned")
    visit.wait_for_answer()
    expect(page.locator('[data-step-type="assistant_message"]').last).to_contain_text("The call is too short to judge")
    visit.close()


def test_stop_stops_and_the_next_question_is_answered(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    lines = [
        f"{'Rep' if n % 2 else 'Customer'}: Point {n} on our list, and {n * 7} more of them." for n in range(N_LONG)
    ]
    visit.upload("long.txt", "\n".join(lines).encode())  # typed, it took a busy browser over 30 s
    expect(page.get_by_text("Scoring the call")).to_be_visible()
    page.locator("#stop-button").click()
    expect(page.get_by_text(re.compile("Scoring the call: stopped"))).to_be_visible()
    visit.shot("32-stopped")
    visit.say("How good is the model?")
    expect(page.get_by_text("On calls that it hadn't seen")).to_be_visible(timeout=ANSWER_MS)
    visit.close()


def test_settings_hold_from_the_next_question_on(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    page.locator("#chat-settings-open-modal").click()
    expect(page.get_by_text("Who words the answers")).to_be_visible()
    visit.shot("33-settings")
    page.get_by_role("slider").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.locator("#confirm").click()
    expect(page.get_by_text("Who words the answers")).to_be_hidden()  # the dialog takes what is typed while it closes
    visit.say(example(1))
    visit.wait_for_answer()
    _button(page, "Similar won deals").click()
    expect(page.get_by_text(re.compile(r"Found [1-5] similar won calls?"))).to_be_visible(timeout=ANSWER_MS)
    visit.close()

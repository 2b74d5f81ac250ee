"""The real server and the real page in a real browser: from a pasted call to the cited turn of a won one."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import ANSWER_MS, DESKTOP, PHONE, Server, Visit, browser, example

__all__ = ["browser"]  # a fixture

# Playwright talks to its driver and the browser over pipes and starts its own event loop.
pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]


def test_from_a_pasted_call_to_a_cited_won_one(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    expect(page.locator("#welcome-screen")).to_contain_text("nothing leaves this machine")
    visit.shot("1-start-light")

    visit.say(example(0))
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

    visit.upload("second.txt", example(4).encode())
    visit.wait_for_answers(2)
    expect(page.locator('[data-step-type="user_message"]').last).to_contain_text("Uploaded second.txt · ")
    page.locator("a.element-link", has_text="Read the whole call").last.click()
    first_line = example(4).splitlines()[0].split(": ", 1)[1]
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
    expect(page.get_by_text("export the transcript as text")).to_be_visible()
    visit.say(f"Rep: {'well ' * 1_200}\nCustomer: {'so ' * 2_000}\n" * 100)
    expect(page.get_by_text("The text is larger than 1 MB")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator('[data-step-type="user_message"]').last).to_have_text("Pasted call")
    page.locator("#upload-button-input").set_input_files({"name": "a.exe", "mimeType": "", "buffer": b"PK"})
    expect(page.get_by_text(re.compile("File type must be .*srt"))).to_be_visible()
    visit.shot("9-rubbish")
    visit.close()


def test_who_is_on_your_side_is_asked_and_names_are_only_text(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    call = example(7).replace("Customer:", "Bo:").replace("Rep:", "Dana:")
    hostile = (
        "Bo: See ![p](https://evil.example/p.png) [c](https://evil.example) <img src=x> www.evil.example :smile **b**"
    )
    visit.say(f"{call}\n{hostile}")
    expect(page.get_by_text("Who is on your side?")).to_be_visible()
    visit.shot("10-who")
    page.get_by_role("button", name="Dana", exact=True).click()
    expect(page.get_by_text("Who is on your side? Dana")).to_be_visible()
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

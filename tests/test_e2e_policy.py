"""The page under its content security policy, in a real browser: it works, and nothing that is put into it runs."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import ANSWER_MS, DESKTOP, Server, Visit, browser, example

__all__ = ["browser"]  # a fixture

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

# What a page's markup can do to run code of somebody else's; each sets a mark where it gets its way.
INJECTED = """() => {
  window.refused = [];
  addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective));
  const script = document.createElement("script");
  script.textContent = "window.ran = 'a script'";
  document.body.append(script);
  const outside = document.createElement("script");
  outside.src = "https://evil.example/x.js";
  document.body.append(outside);
  const data = document.createElement("script");
  data.src = "data:text/javascript,window.ran='an address'";
  document.body.append(data);
  const holder = document.createElement("div");
  holder.innerHTML = "<img src='data:,' onerror=\\"window.ran = 'a handler'\\">"
    + "<a id='evil' href=\\"javascript:window.ran = 'a link'\\">x</a>";
  document.body.append(holder);
  document.getElementById("evil").click();
  setTimeout(() => { // the debugger that runs this may evaluate what it likes; what comes later may not
    setTimeout("window.ran = 'a timer'");
    try { new Function("window.ran = 'a function'")(); } catch { /* as it should be */ }
  });
}"""


def test_the_page_works_and_what_is_put_into_it_does_not(browser: Browser, server: Server) -> None:
    visit = Visit(browser, server.url, DESKTOP)
    page = visit.page
    policy = page.evaluate("fetch('/').then(answer => answer.headers.get('content-security-policy'))")
    scripts = policy.partition("script-src ")[2].partition(";")[0]
    assert "unsafe" not in scripts
    assert "'sha256-" in scripts
    assert page.evaluate("typeof window.theme") == "object"  # the scripts in the page itself run

    visit.say(example(0))
    visit.wait_for_answers(1)
    expect(page.locator(".js-plotly-plot svg.main-svg").first).to_be_visible(timeout=ANSWER_MS)
    page.locator(".js-plotly-plot .nsewdrag").first.hover()
    page.reload()
    expect(page.locator(".js-plotly-plot svg.main-svg").first).to_be_visible(timeout=ANSWER_MS)
    assert visit.errors == []

    page.evaluate(INJECTED)
    page.wait_for_function("window.refused.length >= 7")
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert all(one.startswith("script-src") for one in page.evaluate("window.refused"))
    visit.errors = [error for error in visit.errors if "Content Security Policy" not in error]
    visit.outside = [address for address in visit.outside if "evil.example" not in address]
    visit.close()

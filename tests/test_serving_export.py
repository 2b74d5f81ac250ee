"""Exports: everything that was said is text and nothing else, sources are resolved, numbers are the tools' own."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agent.coach import Answer, UsedTool
from salescoach.errors import InputError
from salescoach.testing import make_call
from salescoach.types import Citation, LabelledCall, MetricReading
from serving.chat import export
from serving.chat.exchanges import Exchange, exchange_of
from serving.chat.export import Conversation
from tests.hostile import MARKDOWN
from tests.test_serving_charts import make_score
from tools.document import NOT_CHECKED
from tools.look_up_metrics import MetricsResult
from tools.model_quality import GOOD_FOR

WHEN = datetime(2026, 11, 21, 15, 40, tzinfo=UTC)
HOSTILE = (
    *MARKDOWN,
    "</p></blockquote><script>alert(1)</script><svg onload=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "he said ” **loud** [T1] <i>",
    "one\n\n# two\n\n> three\n\n---\n\n    code",
    "<!-- gone --> <![CDATA[x]]> &lt;script&gt; &#60;",
)
VOID = {"meta", "link", "br"}
ALLOWED = {
    "html", "head", "meta", "title", "link", "style", "body", "main", "header", "section", "footer", "p", "h1", "h2",
    "h3", "ul", "ol", "li", "strong", "em", "a", "sup", "blockquote", "br", "div", "table", "tbody", "tr", "td",
    "svg", "text", "rect", "line", "polyline", "g", "path",
}  # fmt: skip


class Page(HTMLParser):
    """Reads a page strictly: tags that fit each other, and nothing active among them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "action", "formaction", "xlink:href", "style")
            if name == "href":
                self.links.add(value or "")
            if name == "id":
                self.ids.add(value or "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def squeezed(text: str) -> str:
    return " ".join(text.split())


def make_conversation(
    said: str, answer: str | None = None, title: str | None = None
) -> tuple[Conversation, LabelledCall]:
    call = make_call("c-1", "Rep: Hello there.", "Customer: Hi.", outcome="lost")
    turns = (call.transcript.turns[0], call.transcript.turns[1].model_copy(update={"text": said, "speaker": said[:30]}))
    call = call.model_copy(update={"transcript": call.transcript.model_copy(update={"turns": turns})})
    reading = MetricReading(name="n", value=1, unit="", won_quartiles=None, lost_quartiles=None, reading=said)
    exchange = Exchange(
        question=said,
        answer=answer or f"**34 % likely**\n\n**Down**\n\n- [T2] Customer: “{said}” (lowered it)\n\n*Scored by m.*",
        citations=(Citation(marker="[T2]", call_id="c-1", turn_start=2, turn_end=2, quote=said),),
        score=make_score(),
        metrics=MetricsResult(call_id="c-1", n_won=3, n_lost=4, metrics=(reading,)),
    )
    return Conversation(title or said, WHEN, "starter-1", "480 simulated calls", "the offline coach", (exchange,)), call


def exported(said: str, answer: str | None = None, title: str | None = None) -> tuple[str, str]:
    conversation, call = make_conversation(said, answer, title)
    return export.export_markdown(conversation, lambda _: call), export.export_html(conversation, lambda _: call)


def check_page(html: str) -> Page:
    page = Page(html)
    assert page.tags <= ALLOWED
    assert page.links <= {f"#{name}" for name in page.ids} | {"data:,"}
    assert "default-src 'none'" in html
    return page


@pytest.mark.parametrize("said", HOSTILE)
def test_what_was_said_is_text_in_html(said: str) -> None:
    page = check_page(exported(said)[1])
    assert squeezed(said) in squeezed(page.text)


@pytest.mark.parametrize("said", HOSTILE)
def test_what_was_said_is_text_in_markdown(said: str) -> None:
    markdown = exported(said)[0]
    for active in ("![", "](", "<", "www.", "://", "@e", "`", "_it", "~~", "$", "|t"):
        rest = re.sub(r"\\.", "", markdown)
        assert active not in rest, active
    # Every line begins as one of ours does.
    for line in markdown.splitlines():
        assert re.match(r"# |## |### |- |> |>$|\| |\*\*|\*S|---$|\|$|$|[A-Z“\\⁠a-z\"{&]|1\\\.|one|=|\+", line), line
    assert markdown.count("\n# ") == 0
    assert len(re.findall(r"^## ", markdown, re.MULTILINE)) == 3


@given(said=st.text(max_size=200), answer=st.text(alphabet="ab*“”[]T1#-. \n<>&'\"{}%", max_size=200))
@hypothesis_settings(deadline=None, max_examples=60)
def test_any_text_makes_a_page_that_is_whole_and_does_nothing(said: str, answer: str) -> None:
    markdown, html = exported(said, answer + said)
    check_page(html)
    assert "<" not in re.sub(r"\\.", "", markdown)


def test_sources_are_resolved_and_numbered_once() -> None:
    call = make_call(
        "won-1", "Rep: Hello.", "Customer: It costs a lot.", "Rep: Shall we look at it?", outcome="converted"
    )
    own = make_call("mine", "Rep: Good day.", "Customer: So so.", outcome=None)
    answer = "- [T2] was like [call won-1, T2–3]\n- and [T2] again, not [T9]"
    citations = (
        Citation(marker="[T2]", call_id="mine", turn_start=2, turn_end=2, quote="So so."),
        Citation(marker="[call won-1, T2–3]", call_id="won-1", turn_start=2, turn_end=3, quote="It costs a lot."),
    )
    again = Exchange("And then?", "See [T2].", citations[:1])
    conversation = Conversation("A call", WHEN, "m", "d", "w", (Exchange("Why?", answer, citations), again))
    calls = {"won-1": call, "mine": own}
    html = export.export_html(conversation, calls.__getitem__)
    page = check_page(html)
    assert page.ids == {"source-1", "source-2"}
    assert html.count('<a href="#source-1">[T2]</a><sup>1</sup>') == 3
    assert "[T9]" in page.text
    assert "T2–3 of 3 in call won-1, which converted" in page.text
    assert "Shall we look at it?" in page.text
    assert "T2 of 2 in call mine, whose outcome isn't known" in page.text
    markdown = export.export_markdown(conversation, calls.__getitem__)
    assert markdown.count("\\[T2\\]¹") == 3
    assert "\\[call won-1, T2–3\\]²" in markdown
    assert "> **T3 · Rep** Shall we look at it?" in markdown


def test_a_deleted_call_is_not_quoted_from_the_answers_memory() -> None:
    conversation, _ = make_conversation("Secret words.", answer="See [T2].", title="A call")
    bare = Exchange("Why?", "See [T2].", conversation.exchanges[0].citations)

    def gone(call_id: str) -> LabelledCall:
        raise InputError("There is no such call.")

    conversation = Conversation("A call", WHEN, "m", "d", "w", (bare,))
    for text in (export.export_markdown(conversation, gone), export.export_html(conversation, gone)):
        assert export.DELETED in text
        assert "Secret" not in text


def test_what_a_language_model_says_itself_stands_apart() -> None:
    answer = f"**34 % likely** [T2]\n\n**{NOT_CHECKED}**\n\n- They wavered. [T2]\n- Ask why.\n\n*Scored by m.*"
    markdown, html = exported("Fine.", answer, "A call")
    page = check_page(html)
    assert html.count('class="own"') == 2
    apart = html[html.index('class="own"') : html.index("Scored by m")]
    assert "They wavered." in apart
    assert "Ask why." in apart
    assert "34 % likely" not in apart
    assert NOT_CHECKED in page.text
    lines = markdown.splitlines()
    assert [line[:4] for line in lines if "wavered" in line or "Ask why" in line] == ["> - ", "> - "]
    assert not any(line.startswith(">") for line in lines if "34 % likely" in line or "Scored by m" in line)


def test_numbers_pictures_and_footer_are_the_tools_own() -> None:
    markdown, html = exported("Fine.", title="A call")
    page = check_page(html)
    for text in (markdown, page.text):
        for part in (
            "34 %",
            "12 % to 55 %",
            "41 %",
            "2026-11-21 15:40 UTC",
            "starter-1",
            "480 simulated calls",
            "offline coach",
        ):
            assert part in text
        assert squeezed(GOOD_FOR)[:60] in squeezed(text)
    assert html.count("<svg") == 2
    assert "How likely this call converts: 34 %, range 12 % to 55 %" in html
    assert "T3 raised it" in html
    assert "T7 lowered it" in html
    bare = Conversation("A call", WHEN, "m", "d", "w", (Exchange("Why?", "So.", score=make_score(None, None)),))
    assert "<svg" not in export.export_html(bare, lambda _: make_call("c"))
    assert "none given" in export.export_markdown(bare, lambda _: make_call("c"))


def test_the_little_markdown_of_answers_is_kept() -> None:
    answer = "### Head\n**Bold** and *soft* text\nwent on\n\n1. first **x**\n2. second\n\n- “a\n- b” end\n* c"
    markdown, html = exported("Fine.", answer, "A call")
    assert "<h3>Head</h3>" in re.sub(r"\s+(?=<)", "", html)
    flat = re.sub(r">\s+", ">", re.sub(r"\s+<", "<", html))
    assert "<p><strong>Bold</strong>and<em>soft</em>text went on" in flat
    assert re.search(r"<ol><li>first<strong>x</strong></li><li>second", flat)
    assert re.search(r"<ul><li>“a - b” end</li><li>c</li></ul>", flat)
    assert "**Bold** and *soft* text went on" in markdown
    assert "1. first **x**\n2. second" in markdown


def test_an_answer_of_the_coach_is_taken_as_it_is() -> None:
    score = make_score()
    answer = Answer(
        answer="So.", probability=0.34, citations=(), llm="offline", grounded=True,
        tool_calls=(
            UsedTool(name="score_call", args={}, result=score.model_dump(mode="json")),
            UsedTool(name="look_up_metrics", args={}, result="refused"),
        ),
    )  # fmt: skip
    taken = exchange_of("Why?", answer)
    assert (taken.question, taken.answer, taken.score, taken.metrics) == ("Why?", "So.", score, None)


@given(st.text(max_size=300))
def test_file_names_are_safe_on_every_system(title: str) -> None:
    for suffix in ("md", "html"):
        name = export.file_name(title, WHEN, suffix)  # type: ignore[arg-type]
        assert re.fullmatch(rf"sales-coach-2026-11-21(-[a-z0-9]+)*\.{suffix}", name)
        assert len(name) < 100


def test_a_file_name_tells_what_it_is() -> None:
    assert export.file_name("Café: price / CON?", WHEN, "html") == "sales-coach-2026-11-21-cafe-price-con.html"
    assert export.file_name("../../etc", WHEN, "md") == "sales-coach-2026-11-21-etc.md"
    assert export.file_name("電話", WHEN, "md") == "sales-coach-2026-11-21.md"

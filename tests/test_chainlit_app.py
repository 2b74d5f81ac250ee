"""What the chat shows, and what its server lets through: the parts that need no browser."""

import socket
from pathlib import Path
from typing import Any

import chainlit
import pytest

from agent.chat_models import Wording
from agent.preferences import Preferences
from salescoach.config import Settings
from salescoach.errors import InputError, without_paths
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.reading.transcripts import parse_transcript
from salescoach.types import Citation, LabelledCall, MetricReading, Score
from serving.chat import steps as chat_steps
from serving.chat import view
from serving.chat.guard import Guard
from serving.chat.page import with_charts_ready, without_outside_links
from serving.chat.panel import preferences_of
from serving.chat.server import serve
from tests.hostile import MARKDOWN
from tools.find_similar_calls import ShownPrecedent, SimilarResult
from tools.look_up_metrics import MetricsResult
from tools.score_call import ScoreResult

JOINER = "\u2060"
CALL = "\n".join(f"[00:00:{n:02d}] {'Rep' if n % 2 else 'Customer'}: Words number {n}." for n in range(1, 21))


def _shown(markdown: str) -> str:
    """What a reader sees of escaped text."""
    return markdown.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\").replace(JOINER, "")


@pytest.mark.parametrize("said", MARKDOWN)
def test_what_was_said_is_shown_as_it_was_and_does_nothing(said: str) -> None:
    safe = view.escape(said)
    assert _shown(safe) == said
    for active in ("![", "](", " <", "*b", ":h", "www.", "://", "@e", "`c"):
        assert active not in safe.replace(f"\\{active}", "")
    assert not safe.startswith(("#", "<", "1.", "- ", "["))


def test_an_answer_keeps_our_markdown_and_no_other() -> None:
    text = (
        "**34 % likely**\n\n**Down**\n- [T14] Customer: “![x](http://e.x) **no**” (lowered it)\n"
        "1. Read [call a_b:c, T1–2]: [more](http://e.x)\n\n*Scored by m.*"
    )
    shown = view.answer_markdown(text)
    assert shown.startswith("**34 % likely**\n\n**Down**\n- ")
    assert f"{JOINER}T14{JOINER} Customer\\: “\\!\\[x\\](http\\:{JOINER}//e.x) \\*\\*no\\*\\*”" in shown
    assert f"1. Read {JOINER}call a_b·c, T1–2{JOINER}\\: \\[more\\](" in shown
    assert shown.endswith("*Scored by m.*")


def test_a_quotation_mark_inside_a_quote_opens_no_door() -> None:
    shown = view.answer_markdown("- “he said ” ![x](http://e.x) <img src=x>”")
    assert "![" not in shown
    assert "](" not in shown.replace("\\](", "")
    assert "<" not in shown.replace("\\<", "")


def test_streamed_lines_add_up_to_the_answer() -> None:
    text = "**A**\n- [T1] “one\ntwo *x*” end\n\nlast [call c, T1–2] line\n"
    stream = view.AnswerStream()
    shown = [
        stream.feed(token)
        for token in ("**A**\n- [T1] ", "“one\n", "two *x*” ", "end\n\n", "last [call ", "c, T1–2] line\n")
    ]
    assert "".join(shown) == view.answer_markdown(text)
    assert not any(piece.count("“") != piece.count("”") for piece in shown)


def test_a_call_is_a_card_of_one_line() -> None:
    assert view.card(parse_transcript(CALL), "Pasted call") == "Pasted call · 20 turns · Rep, Customer"
    crowd = parse_transcript(
        "\n".join(f"{name}: Hello there." for name in ("Ann", "Bob", "Cid", "Dee", "Eve", "Fay") * 2)
    )
    assert view.card(crowd, "Pasted call").endswith("Ann, Bob, Cid, Dee and 2 more")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (CALL, ()),
        ("Dana: Hi there.\nBo: Hello you.\nDana: Shall we?\nBo: Yes, please.", ("Dana", "Bo")),
        ("Rep: Hi there.\nDana: Hello you.\nRep: Shall we?\nDana: Yes, please.", ()),
        ("Just a note without any names\nand another line", ()),
    ],
)
def test_who_is_who_is_asked_only_where_it_is_unclear(text: str, asked: tuple[str, ...]) -> None:
    assert view.unclear_speakers(parse_transcript(text)) == asked


@pytest.mark.parametrize(
    ("typed", "number"),
    [("7", 7), ("T41", 41), ("turn 12, please", 12), ("", 0), ("none", 0), ("9" * 30, 0), ("٣", 3)],
)
def test_a_typed_number(typed: str, number: int) -> None:
    assert view.typed_number(typed) == number


def test_a_row_of_a_table_is_a_button() -> None:
    call = LabelledCall(transcript=parse_transcript(CALL), call_id="deal-7", outcome="lost")
    assert view.row_label(2, call) == "2 · deal-7 · 20 turns · lost"
    assert view.row_label(3, call.model_copy(update={"outcome": None})) == "3 · deal-7 · 20 turns"


@pytest.mark.parametrize(
    ("values", "preferences"),
    [
        (None, Preferences()),
        ({"method": "default", "detail": "short"}, Preferences(detail="short")),
        (
            {"method": "mmr", "n_precedents": 5, "diversity": 0.2},
            Preferences(method="mmr", n_precedents=5, diversity=0.2),
        ),
        ({"method": "magic"}, Preferences()),
        ({"n_precedents": 10_000}, Preferences()),
        ({"something": "else"}, Preferences()),
    ],
)
def test_settings_become_preferences(values: dict[str, Any] | None, preferences: Preferences) -> None:
    assert preferences_of(values) == preferences


def test_a_name_on_a_button_is_plain() -> None:
    assert view.plain_name("Dana O’Neil (Sales)") == "Dana O’Neil (Sales)"
    assert view.plain_name("![x](http://e.x) <b>*D*_d_") == f"x (http {JOINER}//e.x) b D d"
    assert view.plain_name("***") == "?"


def test_a_citation_shows_its_turns_in_the_midst_of_the_call() -> None:
    call = LabelledCall(
        transcript=parse_transcript(CALL), call_id="c", outcome="converted", metadata={"industry": "real_estate"}
    )
    panel = view.citation_panel(
        call, Citation(marker="[call c, T8–9]", call_id="c", turn_start=8, turn_end=9, quote="")
    )
    assert panel.startswith("**Turns 8–9 of 20** in a call that converted (real estate)")
    assert "> **T8 · Customer · 0\\:08**\n> Words number 8.\n> \n> **T9 · Rep" in panel
    assert [n for n in range(1, 21) if f"number {n}." in panel] == list(range(1, 21))
    assert "…" not in panel


def test_a_citation_in_a_marathon_call_shows_what_is_around_it() -> None:
    long = "\n".join(f"{'Rep' if n % 2 else 'Customer'}: Words number {n}." for n in range(1, 301))
    call = LabelledCall(transcript=parse_transcript(long), call_id="c")
    panel = view.citation_panel(call, Citation(marker="[T90]", call_id="c", turn_start=90, turn_end=90, quote=""))
    assert [n for n in range(1, 301) if f"number {n}." in panel] == list(range(50, 131))
    assert panel.count("\n\n…") == 2


def test_a_citation_at_the_edge_and_in_an_open_call() -> None:
    call = LabelledCall(transcript=parse_transcript(CALL), call_id="c")
    panel = view.citation_panel(call, Citation(marker="[T20]", call_id="c", turn_start=20, turn_end=20, quote=""))
    assert panel.startswith("**Turn 20 of 20** in your call")
    assert panel.endswith("> Words number 20.")


def _score(percent: int | None) -> ScoreResult:
    share = None if percent is None else percent / 100
    reasons = () if percent is not None else ("The call is too short.",)
    score = Score(
        call_id="c", probability=share, interval=None, prediction_set=(), abstained=share is None, reasons=reasons,
        model_id="m", scorer="generic", n_turns=20, latency_ms=1,
    )  # fmt: skip
    return ScoreResult(
        call_id="c", probability_percent=percent, interval_percent=percent and (20, 50), base_rate_percent=40,
        reasons=reasons, warnings=(), model_id="m", model_data="d", n_turns=20, turns_that_moved_it=(), score=score,
    )  # fmt: skip


def test_steps_are_told_in_human_words() -> None:
    found = ShownPrecedent(
        call_id="c", outcome="converted", similarity=0.5, turn_start=1, turn_end=2, quote="q", marker="[call c, T1–2]"
    )
    won = SimilarResult(call_id="c", outcome="converted", focus=3, results=(found,))
    metric = MetricReading(name="n", value=1, unit="", won_quartiles=None, lost_quartiles=None, reading="It was 1.")
    metrics = MetricsResult(call_id="c", n_won=180, n_lost=120, metrics=(metric,))
    assert chat_steps.step_title("score_call") == "Scoring the call"
    assert chat_steps.step_result("score_call", _score(34)) == "Scored the call: 34 %"
    assert chat_steps.step_result("score_call", _score(None)) == "Scored the call: no probability"
    assert "too short" in chat_steps.step_details(_score(None), "", {})
    assert chat_steps.step_result("find_similar_calls", won) == "Found 1 similar won call"
    assert (
        chat_steps.step_result("find_similar_calls", won.model_copy(update={"results": ()}))
        == "Found no similar won calls"
    )
    gone = SimilarResult(call_id="c", outcome="lost", focus=None, unavailable="There is no index yet.")
    assert chat_steps.step_result("find_similar_calls", gone) == "Similar calls are unavailable"
    assert chat_steps.step_details(gone, "", {}) == "- There is no index yet."
    assert chat_steps.step_result("look_up_metrics", metrics) == "Compared 1 metric with 180 won and 120 lost calls"
    assert chat_steps.step_details(metrics, "", {}) == "- It was 1."
    asked = chat_steps.step_details(metrics, "", {"call_id": "c", "k": 3, "turn": None, "edits": [1, 2]})
    assert _shown(asked) == (
        "- Asked with the call: c.\n- Asked with how many: 3.\n- Asked with 2 changes to the call.\n- It was 1."
    )
    assert chat_steps.step_result("look_up_metrics", None) == "Measuring the call: not possible"


@pytest.mark.parametrize(
    ("name", "host", "said"),
    [
        ("offline", None, "nothing leaves this machine"),
        ("openai:llama", "127.0.0.1", "runs on this machine"),
        ("openai:gpt", "api.openai.com", "sent to api.openai.com"),
    ],
)
def test_the_welcome_names_who_speaks_and_where_text_goes(
    name: str, host: str | None, said: str, settings: Settings
) -> None:
    manifest = ModelFolder.open(find_model(settings)).manifest
    welcome = view.welcome(manifest, Wording(model=None, name=name, host=host))  # type: ignore[arg-type]
    assert said in _shown(welcome)
    assert manifest.model_id in _shown(welcome)


def test_the_welcome_says_what_to_do_without_a_model() -> None:
    assert "run `coach setup`" in _shown(view.welcome(None, None, "There is no model; run `coach setup`."))


def test_no_link_to_another_machine_is_left_in_the_page() -> None:
    page = '<link rel="preconnect" href="https://fonts.example" /><link\n href="https://x.y/z.css"><link href="/a.css">'
    assert without_outside_links(page) == '<link href="/a.css">'


def test_the_page_loads_what_draws_charts_before_there_is_one(tmp_path: Path) -> None:
    page = "<body><div></div></body>"
    assert with_charts_ready(page, tmp_path) == page
    (tmp_path / "react-plotly-abc.js").touch()
    assert 'import("/assets/react-plotly-abc.js")' in with_charts_ready(page, tmp_path)
    assert sorted((Path(chainlit.__file__).parent / "frontend" / "dist" / "assets").glob("react-plotly-*.js"))


async def _through_guard(kind: str = "http", **headers: str) -> list[dict[str, Any]]:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Content-Type-Options", b"none")]})

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    scope = {"type": kind, "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]}
    await Guard(page)(scope, receive, send)
    return sent


async def test_every_response_has_the_security_headers_once() -> None:
    [start] = await _through_guard(host="localhost:8000", origin="http://localhost:8000")
    headers = [(name.lower(), value) for name, value in start["headers"]]
    assert start["status"] == 200
    assert dict(headers)[b"x-content-type-options"] == b"nosniff"
    assert dict(headers)[b"referrer-policy"] == b"no-referrer"
    assert b"default-src 'self'" in dict(headers)[b"content-security-policy"]
    assert len(headers) == len(dict(headers))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1:8000", "origin": "https://evil.example"}, 403),
        ({"host": "127.0.0.1:8000", "origin": "null"}, 403),
        ({}, 403),
        ({"host": "127.0.0.1:8000", "content_length": "9000000"}, 413),
    ],
)
async def test_other_sites_and_huge_bodies_are_refused(headers: dict[str, str], status: int) -> None:
    assert (await _through_guard(**headers))[0]["status"] == status


async def test_another_site_gets_no_socket() -> None:
    sent = await _through_guard("websocket", host="localhost:8000", origin="https://evil.example")
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com"])
def test_it_listens_on_this_machine_only(host: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this machine only"):
        serve(Settings.load(home=tmp_path), host=host)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InputError, match="give another one with --port"):
            serve(Settings.load(home=tmp_path), port=other.getsockname()[1])


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("There is no model in /home/jane/.coach yet; run `coach setup`.", "There is no model in .coach yet; run"),
        ("The history /srv/co ach/chat.sqlite can't be used.", "The history COACH_HOME/chat.sqlite can't be used."),
        (r"The model folder C:\Users\Jane\m is damaged.", "The model folder m is damaged."),
        ("It is in ('/opt/a/b.txt')", "It is in ('b.txt')"),
        (
            "won/lost, 1/2/3, https://api.example/v1/x and a call /",
            "won/lost, 1/2/3, https://api.example/v1/x and a call /",
        ),
    ],
)
def test_a_message_for_the_page_names_no_folder_of_this_machine(message: str, said: str) -> None:
    assert without_paths(message, Path("/srv/co ach")).startswith(said)

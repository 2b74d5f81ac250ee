"""What stands before Chainlit, as an ASGI application: what it lets through, and with which headers."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import pytest
from chainlit import server

from salescoach.config import Settings
from salescoach.errors import InputError
from serving.chat import bodies
from serving.chat.guard import Guard
from serving.chat.page import content_policy, with_charts_ready, without_outside_links
from serving.chat.server import public_paths

ID = "00000000-0000-4000-8000-00000000000a"


class App:
    """An application that reads what it is given, and answers with JSON of its own."""

    body = b""
    is_called = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.is_called = True
        if scope["type"] == "http" and scope["method"] == "POST":
            message = {"more_body": True}
            while message.get("more_body"):
                message = await receive()
                self.body += message["body"]
        headers = [(b"Content-Type", b"application/json"), (b"Cross-Origin-Opener-Policy", b"unsafe-none")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


async def ask(
    path: str,
    chunks: Iterable[bytes] = (b"",),
    *,
    app: App | None = None,
    kind: str = "http",
    query: str = "",
    **headers: str,
) -> tuple[int, dict[str, str]]:
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks])

    async def receive() -> Any:
        return next(messages, {"type": "http.request", "body": b"", "more_body": False})

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"host": "localhost:8000", "content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    scope = {
        "type": kind, "path": path, "method": "GET" if tuple(chunks) == (b"",) else "POST",
        "query_string": query.encode(), "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip
    guarded = bodies.Bodies(app or App())
    await Guard(guarded, policy=content_policy("<script>a()</script>"), public=["/public/coach.js"])(
        scope, receive, send
    )
    if sent[0]["type"] == "websocket.close":
        return 1008, {}
    return sent[0]["status"], {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}


# Bodies


@pytest.mark.parametrize(
    ("path", "n_bytes", "status"),
    [
        ("/set-session-cookie", bodies.MAX_BYTES + 1, 413),
        ("/login", bodies.MAX_BYTES + 1, 413),
        ("/project/file/x", bodies.MAX_BYTES + 1, 413),
        ("/project/file", bodies.MAX_BYTES + 1, 200),
        ("/project/file", bodies.MAX_UPLOAD_BYTES + 1, 413),
        ("/login", bodies.MAX_BYTES, 200),
    ],
)
@pytest.mark.parametrize("length", [None, "7", "true"])
async def test_bytes_are_counted_as_they_arrive(path: str, n_bytes: int, status: int, length: str | None) -> None:
    app, chunk = App(), bytes(10_000)
    chunks = [chunk] * (n_bytes // len(chunk)) + [b"x" * (n_bytes % len(chunk))]
    headers = {"content_type": "multipart/form-data; boundary=x"}
    if length is not None:
        headers["content_length"] = str(n_bytes) if length == "true" else length
    got, _ = await ask(path, chunks, app=app, **headers)
    assert got == status
    assert app.is_called == (status == 200)
    assert len(app.body) == (n_bytes if status == 200 else 0)


@pytest.mark.parametrize(
    ("length", "status"),
    [("abc", 400), ("-1", 400), ("", 400), ("1e9", 400), ("²", 400), ("9" * 5_000, 413), ("4000001", 413)],
)
async def test_a_length_that_is_none_is_refused(length: str, status: int) -> None:
    app = App()
    assert (await ask("/project/file", [b"{}"], app=app, content_length=length))[0] == status
    assert not app.is_called


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}', b'{"a": [-Infinity]}', b'{"a": 1e999}', b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b"\xff\xfe",
        b"[" * 50_000, b'{"a": 9223372036854775808}', b'{"a": ' + b"9" * 5_000 + b"}", b"{", b"a=b",
    ],
)  # fmt: skip
async def test_what_is_no_strict_json_is_refused(body: bytes) -> None:
    app = App()
    for kind in ("application/json", "text/plain", ""):
        assert (await ask("/feedback", [body], app=app, content_type=kind))[0] == 422
    assert not app.is_called


async def test_json_and_forms_arrive_as_they_were_sent() -> None:
    app, body = App(), json.dumps({"a": "\U0001f600 ü", "b": [1, 2.5, None], "sessionId": ID}).encode()
    assert (await ask("/feedback", [body[:9], body[9:]], app=app))[0] == 200
    assert app.body == body
    app = App()
    form = b"username=a&password=\xff"
    assert (await ask("/login", [form], app=app, content_type="application/x-www-form-urlencoded"))[0] == 200
    assert app.body == form


@pytest.mark.parametrize(
    "bad", ["", "..", "../public", "/etc/cron.d", ID + "/..", "{" + ID + "}", "urn:uuid:" + ID, ID.replace("-", "")]
)
async def test_an_id_of_a_session_is_a_uuid_and_nothing_else(bad: str) -> None:
    assert not bodies.is_session_id(bad)
    assert bodies.is_session_id(ID)
    assert bodies.is_session_id(ID.upper())
    for value in (None, 7, [ID], {}):
        assert not bodies.is_session_id(value)
    app = App()
    assert (await ask("/project/file/x", app=app, query=f"session_id={bad}"))[0] == 400
    assert (await ask("/project/file/x", app=app, query=f"session_id={ID}&session_id={bad}"))[0] == 400
    for name in ("sessionId", "session_id"):
        assert (await ask("/project/action", [json.dumps({name: bad}).encode()], app=app))[0] == 400
    assert not app.is_called
    assert (await ask("/project/file/x", app=app, query=f"session_id={ID}"))[0] == 200


# Paths and headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/public/coach.js", 200),
        ("/public/0b9c.html", 404),
        ("/public/../public/coach.js", 404),
        ("/public/", 404),
        ("/docs", 404),
        ("/docs/oauth2-redirect", 404),
        ("/redoc", 404),
        ("/openapi.json", 404),
        ("/mcp", 404),
        ("/project/element", 404),  # would keep what a browser says without counting it
        ("/copilot/index.js", 404),
        ("/ws/socket.io/", 404),
        ("/thread/x", 200),
        ("/", 200),
    ],
)
async def test_only_what_the_page_needs_is_served(path: str, status: int) -> None:
    assert (await ask(path))[0] == status
    if path.startswith("/ws/"):
        assert (await ask(path, kind="websocket"))[0] == 200


def test_what_is_served_to_anybody_is_what_comes_with_the_page() -> None:
    assert {"/public/coach.js", "/public/coach.css", "/public/favicon.svg"} <= public_paths()
    assert len(public_paths()) < 20


async def test_headers_of_answers_files_and_refusals() -> None:
    for path, status in (("/project/threads", 200), ("/docs", 404)):
        got, headers = await ask(path)
        assert got == status
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "script-src 'self' 'sha256-" in headers["content-security-policy"]
    assert "cache-control" not in (await ask("/public/coach.js"))[1]
    for path in ("/project/file/x", "/history/element/x"):
        assert (await ask(path))[1]["content-security-policy"].startswith("default-src 'none'; sandbox;")


# The page


def test_only_the_scripts_that_are_in_the_page_run() -> None:
    page = '<script>a("<b>&amp;")</script><script src="/x.js">ignored</script><script type="module">\nb()\n</script>'
    scripts = content_policy(page).partition("script-src ")[2].partition(";")[0]
    hashed = [
        f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in ('a("<b>&amp;")', "\nb()\n")
    ]
    assert scripts == " ".join(["'self'", *hashed])


def test_the_policy_of_chainlits_page_allows_nothing_inline_or_evaluated(tmp_path: Any) -> None:
    (tmp_path / "react-plotly-abc.js").touch()
    page = with_charts_ready(without_outside_links(server.get_html_template("")), tmp_path)
    policy = dict(part.split(" ", 1) for part in content_policy(page).split("; "))
    assert policy["script-src"].count("sha256-") == page.count("<script") - page.count(" src=")
    assert "unsafe" not in policy["script-src"]
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"


# The settings


@pytest.mark.parametrize("proxies", ["*", "proxy.example", "10.0.0.1,*", "10.0.0.0/99"])
def test_a_proxy_is_an_address(proxies: str) -> None:
    with pytest.raises(InputError, match="COACH_PROXIES"):
        Settings.load(proxies=proxies)
    assert Settings.load(proxies=" 10.0.0.1, fd00::/8,").proxies == "10.0.0.1,fd00::/8"
    assert Settings.load().proxies == ""

"""The chat's server under attack, over real requests and real sockets: nobody here has a model, as none is needed."""

import json
import re
import socket as sockets
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as Refused

from serving.chat.accounts import Accounts
from tests.browser import Server

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

PASSWORD = "correct horse battery"
PAGE = b"<!doctype html><html><script>alert(1)</script></html>"
SECONDS = 15.0


class Client:
    """A browser of one user, without the page."""

    def __init__(self, server: Server, name: str | None = None, **headers: str) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.url, trust_env=False, headers=headers)
        self.sockets: list[tuple[socketio.Client, Any]] = []
        if name:
            answer = self.http.post("login", data={"username": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        for one, wire in self.sockets:
            one.disconnect()
            wire.shutdown()  # where the server has closed it, the client leaves its end open
        self.http.close()

    @property
    def token(self) -> str:
        return dict(self.http.cookies)[f"coach_{self.server.port}_session"]

    def connect(self, **auth: Any) -> socketio.Client:
        """Opens a session, as the page does; ``says`` are the messages that come.

        Raises:
            Refused: the server doesn't let it in.
        """
        socket = socketio.Client(reconnection=False)
        socket.says = []
        socket.on("new_message", socket.says.append)
        sent = {"clientType": "webapp", "sessionId": str(uuid.uuid4()), "threadId": "", **auth}
        cookies = "; ".join(f"{key}={value}" for key, value in self.http.cookies.items())
        socket.connect(
            self.server.url, socketio_path="ws/socket.io", auth=sent, headers={"Cookie": cookies},
            transports=["websocket"],
        )  # fmt: skip
        self.sockets.append((socket, socket.eio.ws))
        socket.session_id = sent["sessionId"]
        return socket

    def upload(self, session_id: str, name: str, content: bytes, claimed: str = "text/plain") -> httpx.Response:
        files = {"file": (name, content, claimed)}
        return self.http.post("project/file", params={"session_id": session_id}, files=files)


def until(is_so: Any) -> bool:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("team")
    users = Accounts(folder / "home" / "users.json")
    for name in ("anna", "ben", "cleo", "gone", "mallory"):
        users.add(name, PASSWORD)
    running = Server(folder / "home", folder, COACH_PROXIES="127.0.0.9")
    try:
        running.wait()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Without accounts, behind a proxy on this machine."""
    folder = tmp_path_factory.mktemp("alone")
    running = Server(folder / "home", folder)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


def app_root(server: Server) -> Path:
    return server.log.parent / "home" / "chat" / str(server.port)


# The session's id is no path


@pytest.mark.parametrize("with_accounts", [True, False])
def test_no_session_reaches_a_folder_outside_of_the_uploads(
    with_accounts: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: Server = request.getfixturevalue("team" if with_accounts else "alone")
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o700)
    (victim / "kept.txt").write_text("kept")
    users = app_root(server) / ".files" / "others"
    users.mkdir(parents=True, exist_ok=True)
    with Client(server, "mallory" if with_accounts else None) as mallory:
        for bad in (str(victim), "../public", "", "..", "../../..", ".", f"{uuid.uuid4()}/..", [str(victim)], None, 7):
            with pytest.raises(Refused):
                mallory.connect(sessionId=bad)
            answer = mallory.upload(str(bad), "x.txt", PAGE)
            assert answer.status_code == 400, answer.text
        with pytest.raises(Refused):
            mallory.connect(threadId="../../x")
        mallory.connect().emit("clear_session")
    assert (victim / "kept.txt").read_text() == "kept"
    assert [one.name for one in victim.iterdir()] == ["kept.txt"]
    assert users.is_dir()
    assert (app_root(server) / "public" / "coach.js").is_file()
    users.rmdir()


def test_a_file_that_got_into_the_public_folder_is_not_served(team: Server) -> None:
    (app_root(team) / "public" / "stored.html").write_bytes(PAGE)
    with Client(team) as anybody:
        assert anybody.http.get("public/stored.html").status_code == 404
        assert anybody.http.get("public/%2e%2e/public/stored.html").status_code == 404
        assert anybody.http.get("public/coach.js").status_code == 200


# What is read before anybody has signed in


def chunks(total: int) -> Iterator[bytes]:
    for _ in range(total // 100_000):
        yield bytes(100_000)


def test_a_body_in_chunks_ends_at_the_limit(team: Server) -> None:
    with Client(team) as anybody:
        for path, content_type in (
            ("set-session-cookie", "application/json"),
            ("login", "application/x-www-form-urlencoded"),
        ):
            answer = anybody.http.post(path, content=chunks(40_000_000), headers={"content-type": content_type})
            assert answer.status_code == 413
            assert "set-cookie" not in answer.headers
        upload = anybody.http.post("project/file", content=chunks(40_000_000), params={"session_id": str(uuid.uuid4())})
        assert upload.status_code == 401
        assert anybody.http.get("health").status_code == 200


@pytest.mark.parametrize("length", [b"abc", b"-1", b"+7", b"0x10", b"9" * 5_000])
def test_a_length_that_is_none_does_no_harm(length: bytes, team: Server) -> None:
    with sockets.create_connection(("127.0.0.1", team.port), timeout=SECONDS) as raw:
        host = f"127.0.0.1:{team.port}".encode()
        raw.sendall(b"POST /login HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: " + length + b"\r\n\r\n")
        assert raw.recv(1_000).split(b" ")[1] in (b"400", b"413")
    assert "Traceback" not in team.log.read_text()


def test_what_the_page_does_not_need_is_closed(team: Server) -> None:
    with Client(team) as anybody:
        for path in ("docs", "redoc", "openapi.json", "copilot/index.js", "ws/socket.io/?EIO=4&transport=polling"):
            assert anybody.http.get(path).status_code == 404, path
        for session_id in ("x", str(uuid.uuid4())):
            answer = anybody.http.post("set-session-cookie", json={"session_id": session_id})
            assert answer.status_code in (400, 401)
            assert "set-cookie" not in answer.headers
        with pytest.raises(Refused):
            anybody.connect()
        engine = sockets.create_connection(("127.0.0.1", team.port), timeout=SECONDS)
        with engine:
            engine.sendall(
                b"GET /ws/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % team.port
            )
            assert engine.recv(1_000).split(b" ")[1] == b"403"
    with Client(team, "anna") as anna:
        answer = anna.http.post("set-session-cookie", json={"session_id": str(uuid.uuid4())})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", [b'{"pagination": {"first": NaN}}', b'{"x": "\\ud800"}', b'{"first": 1e999}', b"["])
def test_json_that_cant_be_used_is_no_fault_of_the_servers(body: bytes, team: Server) -> None:
    with Client(team, "anna") as anna:
        for method, path in (("POST", "project/threads"), ("PUT", "project/thread"), ("PUT", "feedback")):
            answer = anna.http.request(method, path, content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 422
            assert answer.headers["cache-control"] == "no-store"
    assert "Traceback" not in team.log.read_text()


# Signing in and out


def test_guesses_at_once_or_by_a_forged_header_open_nothing(team: Server) -> None:
    tried = []
    with Client(team) as mallory:
        for number in range(24):
            data = {"username": "cleo", "password": f"guess number {number}"}
            answer = mallory.http.post("login", data=data, headers={"X-Forwarded-For": f"10.0.0.{number}"})
            tried.append(answer.status_code)
        right = mallory.http.post(
            "login", data={"username": "cleo", "password": PASSWORD}, headers={"X-Forwarded-For": "10.9.9.9"}
        )
        assert set(tried) == {401}
        assert right.status_code == 401  # the door is closed, whatever the header says
    log = team.log.read_text()
    assert "from 127.0.0.1" in log
    assert "10.0.0." not in log
    assert "cleo" not in log


def test_a_copied_cookie_is_worth_nothing_after_the_sign_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Accounts(home / "users.json").add("anna", PASSWORD)
    running = Server(home, tmp_path)
    try:
        running.wait()
        with Client(running, "anna") as anna, Client(running, "anna") as elsewhere:
            copied = {"Cookie": f"coach_{running.port}_session={anna.token}"}
            socket, other = anna.connect(), elsewhere.connect()
            with Client(running, **copied) as thief:
                assert thief.http.get("user").status_code == 200
                assert anna.http.post("logout").status_code == 200
                assert f"coach_{running.port}_session" not in anna.http.cookies
                assert thief.http.get("user").status_code == 401
                assert thief.http.post("auth/jwt", headers={"Authorization": f"Bearer {anna}"}).status_code == 401
            assert until(lambda: not socket.connected)
            assert other.connected  # another session of hers
            assert elsewhere.http.get("user").status_code == 200
            later = {"Cookie": f"coach_{running.port}_session={elsewhere.token}"}
    finally:
        running.stop()
    again = Server(home, tmp_path, port=running.port)
    try:
        again.wait()
        for cookie, status in ((copied, 401), (later, 200)):
            assert httpx.get(f"{again.url}user", headers=cookie, trust_env=False).status_code == status
    finally:
        again.stop()


def test_the_open_socket_of_a_removed_user_is_closed(team: Server) -> None:
    with Client(team, "gone") as gone, Client(team, "anna") as anna:
        socket, other = gone.connect(), anna.connect()
        Accounts(team.log.parent / "home" / "users.json").remove("gone")
        assert until(lambda: not socket.connected)
        assert other.connected
        with pytest.raises(Refused):
            gone.connect()


def test_a_session_lasts_hours_and_its_cookie_is_private(team: Server, tmp_path: Path) -> None:
    data = {"username": "anna", "password": PASSWORD}
    with Client(team) as anna:
        forged = anna.http.post("login", data=data, headers={"X-Forwarded-Proto": "https"})
        [session] = [one for one in forged.headers.get_list("set-cookie") if f"coach_{team.port}_session=" in one][:1]
        assert "Max-Age=43200" in session
        assert "HttpOnly" in session
        assert "SameSite=lax" in session
        assert "secure" not in session.casefold()  # no proxy is named that could say so


def test_behind_a_named_proxy_cookies_are_secure_and_addresses_its_words(tmp_path: Path) -> None:
    Accounts(tmp_path / "home" / "users.json").add("anna", PASSWORD)
    running = Server(tmp_path / "home", tmp_path, COACH_PROXIES="127.0.0.1", COACH_SESSION_HOURS="2")
    try:
        running.wait()
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.1.1"}
        with Client(running, **forwarded) as anna:
            wrong = {"username": "anna", "password": "wrong"}
            for _ in range(6):
                assert anna.http.post("login", data=wrong).status_code == 401
            right = {"username": "anna", "password": PASSWORD}
            assert anna.http.post("login", data=right).status_code == 401
            answer = anna.http.post("login", data=right, headers={"X-Forwarded-For": "10.1.1.2"})
            assert answer.status_code == 200
            cookies = answer.headers.get_list("set-cookie")
            assert len(cookies) == 2
            assert all(one.endswith("; Secure") for one in cookies)
            assert "Max-Age=7200" in cookies[0]
    finally:
        running.stop()


# Files


def test_a_file_is_sent_back_as_nothing_that_runs(team: Server) -> None:
    with Client(team, "anna") as anna:
        session_id = anna.connect().session_id
        for name, content, claimed in (
            ("a.txt", PAGE, "text/html"),
            ("b.txt", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
            ("c.csv", b"<?xml version='1.0'?><x/>", "application/xhtml+xml"),
            ("d.TXT", PAGE, "application/json"),
            ("e.vtt", PAGE, "text/xml"),
            ("f.json", PAGE, "application/json"),
            ("g.html", PAGE, "text/html"),
        ):
            taken = anna.upload(session_id, name, content, claimed)
            assert taken.status_code == 200, taken.text
            given = anna.http.get(f"project/file/{taken.json()['id']}", params={"session_id": session_id})
            assert given.content == content
            assert given.headers["content-type"] == "text/plain; charset=utf-8"
            assert given.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in given.headers["content-security-policy"]
        for name in ("a.docx", "a.xlsx", "a.ods", "a.parquet"):
            taken = anna.upload(session_id, name, PAGE, "text/html")
            given = anna.http.get(f"project/file/{taken.json()['id']}", params={"session_id": session_id})
            assert given.headers["content-type"] == "application/octet-stream"
            assert given.headers["content-disposition"].startswith("attachment")
        for name, content in (("a.xhtml", PAGE), ("a.svg", PAGE), ("a.txt", b""), ("txt", PAGE)):
            assert anna.upload(session_id, name, content, "text/html").status_code == 400
        kept = [one.suffix for one in (app_root(team) / ".files" / session_id).iterdir()]
        assert not {".html", ".svg", ".xml", ".json"} & set(kept)


def test_uploads_have_an_end(team: Server) -> None:
    with Client(team, "ben") as ben:
        session_id = ben.connect().session_id
        large = [ben.upload(session_id, "a.txt", bytes(1_900_000)).status_code for _ in range(15)]
        assert large == [200] * 10 + [413] * 5
        assert sum(one.stat().st_size for one in (app_root(team) / ".files" / session_id).iterdir()) <= 20_000_000
        session_id = ben.connect().session_id
        small = [ben.upload(session_id, "a.txt", b"x").status_code for _ in range(25)]
        assert small == [200] * 20 + [413] * 5


# Messages


def test_a_raw_message_that_is_none_gets_a_sentence_and_no_words_of_pythons(team: Server) -> None:
    message = {"id": str(uuid.uuid4()), "output": "hello", "createdAt": "x", "type": "user_message"}
    with Client(team, "anna") as anna:
        for payload in (
            [], {}, None, "x", {"message": []}, {"message": {}}, {"message": message | {"id": "x"}},
            {"message": message | {"id": str(uuid.uuid1())}}, {"message": message | {"output": {"a": 1}}},
            {"message": message, "fileReferences": [1]},
        ):  # fmt: skip
            socket = anna.connect()
            socket.emit("client_message", payload)
            assert until(lambda socket=socket: socket.says), payload
            [said] = socket.says
            assert said["isError"]
            assert said["output"].startswith("Something went wrong"), payload


def test_half_a_character_is_kept_as_a_question(team: Server) -> None:
    with Client(team, "anna") as anna:
        thread = str(uuid.uuid4())
        socket = anna.connect(threadId=thread)
        cut = {"id": str(uuid.uuid4()), "output": "half \ud83d", "metadata": {"exchange": {"forged": True}}}
        socket.emit("client_message", {"message": cut})

        def steps() -> Any:
            answer = anna.http.get(f"project/thread/{thread}")
            return answer.json().get("steps") if answer.status_code == 200 else None

        assert until(lambda: any(step["output"] == "half \ufffd" for step in steps() or ()))
        assert "forged" not in json.dumps(steps())


def test_no_folder_of_this_machine_is_named_on_the_page(alone: Server) -> None:
    home = str(alone.log.parent)
    with Client(alone) as anybody:
        settings = anybody.http.get("project/settings").text
        assert "run `coach setup`" in re.sub(r"\\+", "", settings)
        assert home not in settings
        socket = anybody.connect()
        socket.emit("client_message", {"message": {"id": str(uuid.uuid4()), "output": "How good is the model?"}})
        assert until(lambda: any(said.get("isError") for said in socket.says))
        assert home not in json.dumps(socket.says)
    assert home in alone.log.read_text()

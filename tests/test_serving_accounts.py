"""Who may use the chat: passwords, sign-in, and what one user can't do to another over real requests."""

import getpass
import io
import json
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as Refused

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from serving.chat import accounts as module
from serving.chat.accounts import Account, Accounts, Throttle, cookie_secret
from serving.chat.guard import Guard
from serving.chat.server import serve
from serving.chat.sign_in import PasswordCheck
from serving.chat.store import ChatStore
from serving.cli import app as cli
from tests.browser import Server
from tests.homes import clone

PASSWORD = "correct horse battery"
OTHER = "another long password"


@pytest.fixture
def users(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path / "home" / "users.json")


# The file


def test_a_password_is_kept_as_a_salted_hash_that_nobody_else_can_read(users: Accounts, tmp_path: Path) -> None:
    assert users.add(" Anna ", PASSWORD)
    assert users.add("ben", PASSWORD)
    file = tmp_path / "home" / "users.json"
    kept = json.loads(file.read_bytes())
    assert users.names() == ["anna", "ben"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text()
    assert kept["anna"]["hash"] != kept["ben"]["hash"]
    assert (kept["anna"]["n"], kept["anna"]["r"], kept["anna"]["p"]) == (2**15, 8, 1)
    assert users.check("ANNA", PASSWORD) == "anna"
    assert users.check("anna", PASSWORD + "x") is None
    assert users.check("nobody", PASSWORD) is None


def test_a_new_password_or_a_removal_ends_the_sessions_at_once(users: Accounts, tmp_path: Path) -> None:
    users.add("anna", PASSWORD)
    elsewhere = Accounts(tmp_path / "home" / "users.json")  # the running chat
    began = elsewhere.generation("anna")
    assert elsewhere.admits("anna", began)
    assert not elsewhere.admits("anna", "another")
    assert not users.add("anna", OTHER)
    assert not elsewhere.admits("anna", began)
    began = elsewhere.generation("anna")
    assert elsewhere.check("anna", PASSWORD) is None
    assert elsewhere.check("anna", OTHER) == "anna"
    users.remove("anna")
    assert not elsewhere.admits("anna", began)
    assert elsewhere.check("anna", OTHER) is None
    with pytest.raises(InputError, match="no account 'anna'"):
        users.remove("anna")


def test_a_name_that_nobody_has_costs_the_same_work(users: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    users.add("anna", PASSWORD)
    costs: list[tuple[int, int, int]] = []
    hash_password = module._hash

    def counted(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
        costs.append((n, r, p))
        return hash_password(password, salt, n, r, p)

    monkeypatch.setattr(module, "_hash", counted)
    for name in ("anna", "nobody", ""):
        assert users.check(name, OTHER) is None
    assert costs == [(2**15, 8, 1)] * 3


def test_an_account_made_at_another_cost_still_holds(users: Accounts, tmp_path: Path) -> None:
    users.add("anna", PASSWORD)
    salt = bytes(16)
    cheap = Account(salt="A" * 22 + "==", hash="", n=2**4, r=8, p=1, since=0)
    kept = module.b64encode(module._hash(PASSWORD, salt, 2**4, 8, 1)).decode()
    (tmp_path / "home" / "users.json").write_text(
        json.dumps({"anna": cheap.model_copy(update={"hash": kept}).model_dump()})
    )
    assert users.check("anna", PASSWORD) == "anna"


@pytest.mark.parametrize("name", ["", "a b", "-x", "a/b", "ä", "a" * 65, "a\nb", "../x"])
def test_a_name_that_cant_be_one_is_refused(name: str, users: Accounts) -> None:
    with pytest.raises(InputError, match="can't be a name"):
        users.add(name, PASSWORD)
    assert users.names() == []


@pytest.mark.parametrize("password", ["", "short", "x" * 1_001])
def test_a_password_that_is_too_short_is_refused(password: str, users: Accounts) -> None:
    with pytest.raises(InputError, match="at least 10 characters"):
        users.add("anna", password)
    assert users.names() == []


def test_a_damaged_file_lets_nobody_in(users: Accounts, tmp_path: Path) -> None:
    users.add("anna", PASSWORD)
    (tmp_path / "home" / "users.json").write_text('{"anna": {"hash": ""}}')
    for look in (users.names, lambda: users.check("anna", PASSWORD), lambda: users.admits("anna", "x")):
        with pytest.raises(CoachError, match="can't be read"):
            look()


def test_the_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "home" / "cookie-secret"
    secret = cookie_secret(file)
    assert len(secret) >= 48
    assert cookie_secret(file) == secret
    assert file.stat().st_mode & 0o777 == 0o600
    assert cookie_secret(tmp_path / "other") != secret
    file.write_text("cut")
    assert len(cookie_secret(file)) >= 48


# Guessing


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_whoever_guesses_waits_longer_each_time() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(5):
        assert not throttle.is_closed("anna", "10.0.0.1")
        throttle.failed("anna", "10.0.0.1")
    assert throttle.is_closed("anna", "10.0.0.1")
    assert not throttle.is_closed("anna", "10.0.0.2")  # Anna herself, elsewhere
    assert not throttle.is_closed("ben", "10.0.0.1")
    waits = []
    for _ in range(8):
        began = clock.now
        while throttle.is_closed("anna", "10.0.0.1"):
            clock.now += 1
        waits.append(clock.now - began)
        throttle.failed("anna", "10.0.0.1")
    assert waits[:3] == [30, 60, 120]
    assert waits[-1] == 900
    clock.now += 2_000
    assert not throttle.is_closed("anna", "10.0.0.1")
    throttle.failed("anna", "10.0.0.1")  # it is forgotten after a while
    assert not throttle.is_closed("anna", "10.0.0.1")


def test_many_names_from_one_place_or_one_name_from_many_places_are_slowed_down_too() -> None:
    throttle = Throttle(Clock())
    for number in range(100):
        throttle.failed(f"name {number}", "10.0.0.1")
    assert throttle.is_closed("anna", "10.0.0.1")
    assert not throttle.is_closed("anna", "10.0.0.2")
    for number in range(100):
        throttle.failed("anna", f"10.0.1.{number}")
    assert throttle.is_closed("anna", "10.0.0.2")


def test_the_right_password_forgets_the_wrong_ones_and_memory_is_bounded() -> None:
    throttle = Throttle(Clock())
    for _ in range(4):
        throttle.failed("anna", "here")
    throttle.succeeded("anna", "here")
    throttle.failed("anna", "here")
    assert not throttle.is_closed("anna", "here")
    for number in range(Throttle.MAX_KEYS):
        throttle.failed(f"{number}", f"{number}")
    assert len(throttle._failures) <= Throttle.MAX_KEYS + 3


async def test_after_too_many_failures_not_even_the_right_password_is_tried(users: Accounts) -> None:
    users.add("anna", PASSWORD)
    check = PasswordCheck(users)
    assert await check(" Anna", PASSWORD) == "anna"
    for _ in range(5):
        assert await check("anna", "wrong") is None
    assert await check("anna", PASSWORD) is None


# The commands


def coach(monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str | None = None) -> int:
    monkeypatch.setattr(sys, "argv", ["coach", *arguments])
    if typed is not None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_accounts_are_added_listed_and_removed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert coach(monkeypatch, "user", "list") == 0
    assert "no accounts" in capsys.readouterr().out
    assert coach(monkeypatch, "user", "add", "Anna", typed=f"{PASSWORD}\n") == 0
    assert "The account anna is added." in capsys.readouterr().out
    assert coach(monkeypatch, "user", "add", "anna", typed=OTHER) == 0
    assert "new password" in capsys.readouterr().out
    assert coach(monkeypatch, "user", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"users": ["anna"]}
    assert coach(monkeypatch, "user", "add", "ben", typed="short\n") == 2
    assert coach(monkeypatch, "user", "add", "b n", typed=PASSWORD) == 2
    assert coach(monkeypatch, "user", "remove", "anna") == 0
    assert coach(monkeypatch, "user", "remove", "anna") == 2
    assert "no account" in capsys.readouterr().err


def test_a_password_that_is_typed_is_asked_for_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    typed = iter([PASSWORD, OTHER, PASSWORD, PASSWORD])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    assert coach(monkeypatch, "user", "add", "anna") == 2
    assert "differ" in capsys.readouterr().err
    assert coach(monkeypatch, "user", "add", "anna") == 0


def test_without_an_account_other_addresses_are_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert coach(monkeypatch, "chat", "--host", "0.0.0.0", "--no-open") == 2
    said = capsys.readouterr().err
    assert "coach user add NAME" in said
    assert said.count("\n") == 1
    users = Accounts(Settings.load().users_file)
    users.add("anna", PASSWORD)
    users.remove("anna")
    with pytest.raises(InputError, match="the last account is removed"):
        serve(Settings.load())


# Which hosts are meant


async def answers(hosts: tuple[str, ...], host: str, origin: str | None = None) -> bool:
    sent: list[Any] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    await Guard(page, hosts)({"type": "http", "headers": headers}, None, send)  # type: ignore[arg-type]
    return bool(sent[0]["status"] == 200)


@pytest.mark.parametrize(
    ("hosts", "host", "origin", "is_meant"),
    [
        ((), "localhost:8000", None, True),
        ((), "localhost:8000", "http://localhost:8000", True),
        ((), "localhost:8000", "http://localhost:3000", False),  # another program's page
        ((), "localhost:8000", "http://127.0.0.1:8000", False),
        ((), "192.168.1.5:8000", None, False),
        (("192.168.1.5",), "192.168.1.5:8000", "http://192.168.1.5:8000", True),
        (("192.168.1.5",), "192.168.1.6:8000", None, False),
        (("0.0.0.0",), "192.168.1.6:8000", "http://192.168.1.6:8000", True),
        (("::",), "[fe80::1]:8000", "http://[fe80::1]:8000", True),
        (("0.0.0.0",), "evil.example:8000", "http://evil.example:8000", False),  # a name that points here
        (("0.0.0.0", "coach.example"), "Coach.Example", "https://coach.example", True),
        (("0.0.0.0", "coach.example"), "coach.example", "https://evil.example", False),
        (("0.0.0.0",), "", None, False),
        (("0.0.0.0",), "192.168.1.6:port", None, False),
        (("0.0.0.0",), "192.168.1.6:8000", "null", False),
    ],
)
async def test_only_meant_hosts_and_their_own_pages_get_an_answer(
    hosts: tuple[str, ...], host: str, origin: str | None, is_meant: bool
) -> None:
    assert await answers(hosts, host, origin) == is_meant


# Two users, over real requests

ANNAS = "00000000-0000-4000-8000-00000000000a"
BENS = "00000000-0000-4000-8000-00000000000b"


class Client:
    """A browser of one user, without the page."""

    def __init__(self, url: str, name: str | None = None, password: str = PASSWORD) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False)
        if name:
            answer = self.http.post("login", data={"username": name, "password": password})
            assert answer.status_code == 200, answer.text

    def connect(self, **auth: str) -> socketio.Client:
        """Opens a session, as the page does.

        Raises:
            Refused: the server doesn't let it in.
        """
        socket = socketio.Client(reconnection=False)
        socket.connected_pages = threading.Event()
        sent = {"clientType": "webapp", "sessionId": str(uuid.uuid4()), "threadId": "", **auth}
        cookies = "; ".join(f"{key}={value}" for key, value in self.http.cookies.items())
        socket.connect(
            self.url, socketio_path="ws/socket.io", auth=sent, headers={"Cookie": cookies}, transports=["websocket"]
        )
        socket.session_id = sent["sessionId"]
        return socket

    def close(self) -> None:
        self.http.close()


@pytest.fixture(scope="module")
def team(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("team")
    home = folder / "home"
    clone(coach_home, home)
    users = Accounts(home / "users.json")
    for name in ("anna", "ben", "gone"):
        users.add(name, PASSWORD)
    with ChatStore(home / "chat.sqlite") as store:
        for name in ("anna", "ben"):
            thread = {"anna": ANNAS, "ben": BENS}[name]
            store.update_thread(thread, name, name=f"{name}'s secret")
            store.put_step(
                {"id": f"step of {name}", "threadId": thread, "type": "assistant_message", "name": "x",
                 "output": f"{name} said xylophone"}, name,
            )  # fmt: skip
            element = {"id": f"element-of-{name}", "threadId": thread, "type": "text", "name": "T1", "display": "side"}
            store.put_element({**element, "mime": "text/plain"}, b"xylophone", name)
            store.put_feedback(f"step of {name}", 1, None, name)
    running = Server(home, folder)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


@pytest.mark.enable_socket
def test_without_a_session_nothing_is_answered(team: Server) -> None:
    client = Client(team.url)
    for method, path, body in (
        ("GET", "user", None),
        ("GET", f"project/thread/{ANNAS}", None),
        ("GET", f"project/share/{ANNAS}", None),
        ("GET", "project/settings", None),
        ("POST", "project/threads", {"pagination": {"first": 9}, "filter": {}}),
        ("GET", "history/element/element-of-anna", None),
        ("PUT", "feedback", {"feedback": {"forId": "step of anna", "value": 0}, "sessionId": ANNAS}),
        ("DELETE", "feedback", {"feedbackId": "x"}),
        ("POST", "auth/header", {}),
    ):
        answer = client.http.request(method, path, json=body)
        assert answer.status_code in (400, 401), (path, answer.text)
        assert "xylophone" not in answer.text
    with pytest.raises(Refused):
        client.connect()
    for name, password in (("anna", "wrong"), ("nobody", PASSWORD), ("local", "")):
        assert client.http.post("login", data={"username": name, "password": password}).status_code in (401, 422)
    client.http.cookies.set(f"coach_{team.port}_session", "forged")
    assert client.http.get("user").status_code == 401
    client.close()


@pytest.mark.enable_socket
def test_each_sees_and_changes_only_their_own(team: Server) -> None:
    anna, ben = Client(team.url, "anna"), Client(team.url, "ben")
    listed = anna.http.post("project/threads", json={"pagination": {"first": 9}, "filter": {"userId": "ben"}}).json()
    assert [one["name"] for one in listed["data"]] == ["anna's secret"]
    found = anna.http.post(
        "project/threads", json={"pagination": {"first": 9}, "filter": {"search": "xylophone"}}
    ).json()
    assert [one["id"] for one in found["data"]] == [ANNAS]
    own = anna.http.get(f"project/thread/{ANNAS}").json()
    assert own["steps"][0]["output"] == "anna said xylophone"
    content = anna.http.get(own["elements"][0]["url"])
    assert (content.status_code, content.text) == (200, "xylophone")
    assert content.headers["content-type"] == "text/plain; charset=utf-8"
    assert content.headers["x-content-type-options"] == "nosniff"
    thumb = own["steps"][0]["feedback"]["id"]

    for method, path, body in (
        ("GET", f"project/thread/{ANNAS}", None),
        ("GET", f"project/thread/{ANNAS}/element/element-of-anna", None),
        ("GET", f"project/share/{ANNAS}", None),
        ("PUT", "project/thread", {"threadId": ANNAS, "name": "forged"}),
        ("PUT", "project/thread/share", {"threadId": ANNAS, "isShared": True}),
        ("DELETE", "project/thread", {"threadId": ANNAS}),
        ("GET", "history/element/element-of-anna", None),
        ("PUT", "feedback", {"feedback": {"forId": "step of anna", "value": 0}, "sessionId": ANNAS}),
        ("DELETE", "feedback", {"feedbackId": thumb}),
    ):
        answer = ben.http.request(method, path, json=body)
        assert answer.status_code in (401, 404), (path, answer.status_code, answer.text)
        assert "xylophone" not in answer.text
    nothing = ben.http.get("history/element/there-is-none")
    foreign = ben.http.get("history/element/element-of-anna")
    assert (nothing.status_code, nothing.content) == (foreign.status_code, foreign.content)
    assert anna.http.get(f"project/thread/{ANNAS}").json() == own

    # Sharing is not offered; whoever asks for it all the same has shared nothing.
    assert anna.http.put("project/thread/share", json={"threadId": ANNAS, "isShared": True}).status_code == 200
    assert ben.http.get(f"project/share/{ANNAS}").status_code == 404
    anna.close()
    ben.close()


@pytest.mark.enable_socket
def test_nobody_joins_anothers_session_thread_or_upload(team: Server) -> None:
    anna, ben = Client(team.url, "anna"), Client(team.url, "ben")
    socket = anna.connect(threadId=ANNAS)
    session = socket.session_id
    file = {"file": ("call.txt", b"Rep: xylophone", "text/plain")}
    uploaded = anna.http.post("project/file", params={"session_id": session}, files=file)
    assert uploaded.status_code == 200, uploaded.text
    key = uploaded.json()["id"]
    assert anna.http.get(f"project/file/{key}", params={"session_id": session}).content == b"Rep: xylophone"

    for auth in ({"threadId": ANNAS}, {"sessionId": session}):
        with pytest.raises(Refused):
            ben.connect(**auth)
    own = ben.connect(threadId=BENS)
    element = {"type": "custom", "id": "element-of-anna", "name": "x", "threadId": ANNAS, "display": "inline"}
    for method, path, more in (
        ("GET", f"project/file/{key}", {"params": {"session_id": session}}),
        ("POST", "project/file", {"params": {"session_id": session}, "files": file}),
        ("PUT", "project/element", {"json": {"element": element, "sessionId": session}}),
        ("DELETE", "project/element", {"json": {"element": element, "sessionId": session}}),
        ("POST", "project/action", {"json": {"action": {"name": "ask", "payload": {}}, "sessionId": session}}),
    ):
        answer = ben.http.request(method, path, **more)
        # What a browser would put into a thread is closed to everybody, so the owner is told the same.
        assert answer.status_code == (404 if path == "project/element" else 401), (path, answer.text)
    assert ben.http.get(f"project/file/{key}", params={"session_id": own.session_id}).status_code == 404
    # From his own session, but into her thread.
    for method in ("PUT", "DELETE"):
        ben.http.request(method, "project/element", json={"element": element, "sessionId": own.session_id})
    assert anna.http.get("history/element/element-of-anna").text == "xylophone"
    for socket_of in (socket, own):
        socket_of.disconnect()
    anna.close()
    ben.close()


@pytest.mark.enable_socket
def test_a_removed_user_is_out_at_once(team: Server, tmp_path: Path) -> None:
    gone = Client(team.url, "gone")
    assert gone.http.get("user").status_code == 200
    token = dict(gone.http.cookies)[f"coach_{team.port}_session"]
    Accounts(team.log.parent / "home" / "users.json").remove("gone")
    assert gone.http.get("user").status_code == 401
    bearer = httpx.get(f"{team.url}user", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert bearer.status_code == 401
    renewed = httpx.post(f"{team.url}auth/jwt", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert renewed.status_code == 401
    with pytest.raises(Refused):
        gone.connect()
    gone.close()
    assert "Traceback" not in team.log.read_text()

"""Guessing passwords, sessions that end, and what a damaged or moved file does to them."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from salescoach.errors import CoachError, InputError
from serving.chat import sign_in as module
from serving.chat.accounts import Accounts, Throttle, cookie_secret
from serving.chat.sessions import Sessions
from serving.chat.sign_in import PasswordCheck

PASSWORD = "correct horse battery"
OTHER = "another long password"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def users(tmp_path: Path) -> Accounts:
    known = Accounts(tmp_path / "users.json")
    known.add("anna", PASSWORD)
    known.add("ben", OTHER)
    return known


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINLIT_AUTH_SECRET", "s" * 48)


def asks_from(address: str, browser: str = "") -> None:
    """The next passwords come from there; for the test's own context only."""
    module._asking.set(module._Asking(address, browser))


def browser_of(name: str) -> str:
    """What the browser of somebody who has signed in sends from then on."""
    return module._remembered(name).partition("=")[2].partition(";")[0]


# Guessing


class Counted(Accounts):
    n_tried = 0

    def check(self, name: str, password: str) -> str | None:
        self.n_tried += 1
        return super().check(name, password)


async def test_guesses_that_are_sent_at_once_are_counted_one_after_the_other(users: Accounts, tmp_path: Path) -> None:
    counted = Counted(tmp_path / "users.json")
    check = PasswordCheck(counted)
    guesses = [*(f"guess number {number}" for number in range(60)), PASSWORD]
    assert await asyncio.gather(*(check("anna", guess) for guess in guesses)) == [None] * 61
    assert counted.n_tried <= 5


async def test_the_right_password_twice_at_once_is_no_failure(users: Accounts) -> None:
    check = PasswordCheck(users)
    for _ in range(3):
        assert await asyncio.gather(*(check("anna", PASSWORD) for _ in range(4))) == ["anna"] * 4


async def test_others_failures_at_the_same_address_do_not_keep_the_right_password_out(users: Accounts) -> None:
    throttle = Throttle(Clock())
    check = PasswordCheck(users, throttle)
    for number in range(30):
        throttle.failed(f"somebody {number}", "10.0.0.1")
    asks_from("10.0.0.1")
    assert await check("anna", PASSWORD) == "anna"


async def test_a_browser_that_has_signed_in_before_is_counted_by_itself(users: Accounts) -> None:
    throttle = Throttle(Clock())
    check = PasswordCheck(users, throttle)
    for number in range(200):  # with her name from her address, with others from there, and with hers from elsewhere
        throttle.failed("anna", "10.0.0.1")
        throttle.failed(f"somebody {number}", "10.0.0.1")
        throttle.failed("anna", f"10.0.1.{number}")
    asks_from("10.0.0.1")
    assert await check("anna", PASSWORD) is None
    asks_from("10.0.0.1", browser_of("ben"))  # one's own browser opens no door to another one's account
    assert await check("anna", PASSWORD) is None
    asks_from("10.0.0.1", browser_of("anna")[:-1])
    assert await check("anna", PASSWORD) is None
    asks_from("10.0.0.1", browser_of("anna"))
    assert await check("anna", PASSWORD) == "anna"
    for _ in range(5):  # whoever has that browser guesses no faster than others
        assert await check("anna", "wrong") is None
    assert await check("anna", PASSWORD) is None
    asks_from("10.0.0.1", browser_of("anna"))  # another browser of hers
    assert await check("anna", PASSWORD) == "anna"


def test_an_address_of_many_is_never_closed_for_long_and_closes_late() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for number in range(99):
        throttle.failed(f"somebody {number}", "10.0.0.1")
    assert not throttle.is_closed("anna", "10.0.0.1")
    for number in range(50):
        throttle.failed(f"somebody else {number}", "10.0.0.1")
    assert throttle.is_closed("anna", "10.0.0.1")
    clock.now += 61
    assert not throttle.is_closed("anna", "10.0.0.1")


def test_a_right_password_does_not_open_what_others_have_closed() -> None:
    throttle = Throttle(Clock())
    for number in range(150):
        throttle.failed(f"somebody {number}", "10.0.0.1")
    throttle.failed("anna", "10.0.0.1")
    throttle.succeeded("anna", "10.0.0.1")
    assert throttle.is_closed("ben", "10.0.0.1")


async def test_what_is_typed_as_a_name_is_not_in_the_log(users: Accounts, caplog: pytest.LogCaptureFixture) -> None:
    check = PasswordCheck(users)
    with caplog.at_level(logging.DEBUG):
        for _ in range(7):
            assert await check("My-Secret-Passphrase", "x") is None
    assert "a wrong name or password" in caplog.text.casefold()
    assert "too many wrong passwords" in caplog.text.casefold()
    assert "secret-passphrase" not in caplog.text.casefold()


# Sessions


def sessions(users: Accounts, tmp_path: Path, clock: Clock) -> Sessions:
    return Sessions(tmp_path / "sessions", users, 3_600, clock)


def test_a_session_ends_by_sign_out_and_by_time_and_stays_ended(users: Accounts, tmp_path: Path) -> None:
    clock = Clock()
    known = sessions(users, tmp_path, clock)
    first, second = known.begin("anna"), known.begin("anna")
    assert first != second
    assert known.user(first) == known.user(second) == "anna"
    known.end(first)
    again = sessions(users, tmp_path, clock)  # the server was started again
    assert again.user(first) is None
    assert again.user(second) == "anna"
    clock.now += 3_601
    assert again.user(second) is None
    again.begin("ben")
    assert len(list((tmp_path / "sessions").iterdir())) == 1  # the others are cleared away


def test_a_session_is_private_and_named_by_no_cookie(users: Accounts, tmp_path: Path) -> None:
    known = sessions(users, tmp_path, Clock())
    session_id = known.begin("anna")
    [file] = (tmp_path / "sessions").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert session_id not in file.name + file.read_text()
    for forged in ("", "..", "../users.json", file.name, "x" * 10_000, "\ud800"):
        assert known.user(forged) is None
        known.end(forged)
    assert known.user(session_id) == "anna"
    file.write_text("{}")
    assert known.user(session_id) is None


def test_a_removed_account_and_a_new_password_end_its_sessions(users: Accounts, tmp_path: Path) -> None:
    known = sessions(users, tmp_path, Clock())
    annas, bens = known.begin("anna"), known.begin("ben")
    users.add("anna", OTHER)
    users.remove("ben")
    assert known.user(annas) is None
    assert known.user(bens) is None
    users.add("ben", OTHER)  # the same password, but another account
    assert known.user(bens) is None
    with pytest.raises(InputError, match="no account"):
        known.begin("nobody")


def test_a_clock_that_is_set_back_keeps_nobody_out(users: Accounts, tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    kept = json.loads(file.read_bytes())
    kept["anna"]["since"] += 400 * 86_400  # the account was made when the clock was ahead
    file.write_text(json.dumps(kept))
    clock = Clock()
    known = sessions(users, tmp_path, clock)
    assert users.check("anna", PASSWORD) == "anna"
    assert known.user(known.begin("anna")) == "anna"


# Damaged files


@pytest.mark.parametrize("damage", [b"\xe9" * 64, b"cut", b"", "ü".encode() * 64])
def test_a_damaged_secret_is_made_again(damage: bytes, tmp_path: Path) -> None:
    file = tmp_path / "cookie-secret"
    file.write_bytes(damage)
    secret = cookie_secret(file)
    assert len(secret) >= 48
    assert secret.isascii()
    assert cookie_secret(file) == secret


@pytest.mark.parametrize(
    "damage", [b"", b"[]", b"{", b'{"anna": 1}', b"\xff\xfe", b'{"anna": {"salt": "\\u00e9", "hash": "?", "n": 2}}']
)
async def test_damaged_accounts_say_what_to_do_and_let_nobody_in(
    damage: bytes, users: Accounts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = sessions(users, tmp_path, Clock())
    session_id = known.begin("anna")
    (tmp_path / "users.json").write_bytes(damage)
    with pytest.raises(CoachError, match="restore the file from a backup, or delete it and make the accounts again"):
        users.names()
    assert await PasswordCheck(users)("anna", PASSWORD) is None
    assert not module._holds(known, session_id)
    assert "Nobody can sign in." in caplog.text


def test_an_account_whose_hash_is_no_base64_is_damaged(users: Accounts, tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    kept: dict[str, Any] = json.loads(file.read_bytes())
    kept["anna"]["hash"] = "not base64!"
    file.write_text(json.dumps(kept))
    with pytest.raises(CoachError, match="can't be read"):
        users.check("anna", PASSWORD)

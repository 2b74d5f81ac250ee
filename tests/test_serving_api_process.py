"""``coach key`` and ``coach serve`` as commands: what they say when they can't start, and how serving ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from salescoach.config import Settings
from salescoach.library import Library
from serving.cli import app as cli
from tests.homes import ROOT, clone
from tests.test_serving_api import TURNS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``coach``: how it ended, and what it said on stdout and stderr."""

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["coach", *args])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_keys_are_made_listed_and_revoked(run: Run) -> None:
    assert "this machine only" in run("key", "list")[1]
    code, secret, said = run("key", "add", "crm", "--scope", "write", "--scope", "read")
    assert code == 0 and secret.startswith("coach_") and secret.strip() not in said
    made = json.loads(run("key", "add", "reports", "--json")[1])
    assert (made["name"], made["scopes"]) == ("reports", ["read"]) and made["secret"] != secret.strip()
    listed = run("key", "list", "--json")[1]
    assert [(key["name"], key["scopes"]) for key in json.loads(listed)["keys"]] == [
        ("crm", ["read", "write"]),
        ("reports", ["read"]),
    ]
    assert "hash" not in listed and made["secret"] not in listed
    assert run("key", "add", "crm")[0] == run("key", "add", "new", "--scope", "root")[0] == 2
    assert run("key", "revoke", "nobody")[0] == 2
    assert "last" not in run("key", "revoke", "crm")[1]
    assert "last" in run("key", "revoke", "reports")[1]
    code, _, said = run("serve")
    assert code == 2 and "last key" in said


def test_what_keeps_it_from_starting_is_one_sentence(
    run: Run, coach_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, said = run("serve")
    assert code == 2 and "coach setup" in said and len(said.splitlines()) == 1
    code, _, said = run("serve", "--host", "0.0.0.0")
    assert code == 2 and "coach key add" in said and len(said.splitlines()) == 1
    monkeypatch.setenv("COACH_HOME", str(clone(coach_home, tmp_path / "own")))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, said = run("serve", "--port", str(taken.getsockname()[1]))
    assert code == 2 and "--port" in said and len(said.splitlines()) == 1
    monkeypatch.setenv("COACH_API_RATE", "often")
    code, _, said = run("serve", "--port", "1")
    assert code != 0 and len(said.splitlines()) == 1


@contextmanager
def coach_serve(home: Path, log: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """``coach serve`` on a home, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "COACH_HOME": str(home), "COACH_THREADS": "1"}
    command = [sys.executable, "-m", "serving.cli", "serve", "--port", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=output) as process,
    ):
        try:
            assert process.stdout is not None
            assert b"answers at" in process.stdout.readline(), log.read_text()
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.mark.slow
def test_a_server_that_is_stopped_finishes_what_is_under_way(
    coach_home: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, log, answers = clone(coach_home, tmp_path / "own"), tmp_path / "log", list[httpx.Response]()
    sent = {"turns": TURNS, "outcome": "lost", "account_id": "hexa"}
    with coach_serve(home, log) as (process, address):
        monkeypatch.setenv("COACH_HOME", str(home))
        code, _, said = run("serve", "--port", "1")
        assert code == 2 and "Another `coach serve`" in said

        asking = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{address}/v1/calls", json=sent, timeout=120))
        )
        asking.start()
        while not Library(Settings.load(home=home).library_file, create=False).own_calls().n:
            threading.Event().wait(0.01)  # the call is kept, and its index is being built
        process.send_signal(signal.SIGTERM)
        asking.join(120)
        assert process.wait(120) == 0
    assert answers[0].status_code == 201 and answers[0].json()["is_indexed"]
    logged = log.read_text()
    assert "POST /v1/calls 201" in logged and "Traceback" not in logged and "roster" not in logged

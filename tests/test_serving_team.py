"""`coach team`: names that are saved once, and used wherever no --rep is given."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from salescoach.config import Settings
from salescoach.errors import CoachError
from serving.cli.app import app
from serving.usecases.team import remember, saved_team

CALL = "Uma Hart: Shall I send the offer?\nLena Ott: Please do.\nUma Hart: By noon.\nLena Ott: Fine."


@pytest.fixture
def home() -> Settings:
    return Settings.load()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "call.txt"
    path.write_text(CALL)
    return path


def run(*args: str) -> Any:
    done = CliRunner().invoke(app, [*args, "--json"], catch_exceptions=True)
    if isinstance(done.exception, CoachError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def roles_in(file: Path, *args: str) -> list[str]:
    return [turn["role"] for call in run("read", str(file), *args)["calls"] for turn in call["turns"]]


def test_names_are_added_listed_and_removed(home: Settings) -> None:
    assert run("team", "list") == {"names": []}
    assert run("team", "add", "Uma Hart", "@hexa.example", "UMA HART")["names"] == ["UMA HART", "@hexa.example"]
    assert run("team", "add", "uma hart")["changed"] == []
    assert stat.S_IMODE(home.team_file.stat().st_mode) == 0o600
    assert run("team", "remove", "Uma Hart")["names"] == ["@hexa.example"]
    assert run("team", "list") == {"names": ["@hexa.example"]}


@pytest.mark.parametrize(
    ("name", "said"),
    [("Speaker 1", "may be anybody"), ("Agent", "may be anybody"), ("gmail.com", "own domain"), (" ", "1 to 64")],
)
def test_what_is_nobodys_name_is_refused(home: Settings, name: str, said: str) -> None:
    with pytest.raises(CoachError, match=said):
        run("team", "add", "Uma", name)
    assert not home.team_file.exists()


def test_who_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(CoachError, match="coach team list"):
        run("team", "remove", "Uma")


def test_commands_know_the_team_and_a_name_given_counts_more(file: Path) -> None:
    assert set(roles_in(file)) == {"unknown"}
    run("team", "add", "Uma Hart", "Zoe Brand")
    assert roles_in(file) == ["rep", "customer", "rep", "customer"]
    assert roles_in(file, "--rep", "Lena Ott") == ["customer", "rep", "customer", "rep"]


def test_a_table_knows_the_team_too(tmp_path: Path) -> None:
    table = tmp_path / "calls.csv"
    other = "Jo: Hi.\nAda: Ho.\nJo: So.\nAda: No."
    table.write_text(f'call_transcript\n"{CALL}"\n"{other}"\n')
    assert roles_in(table, "--rep", "Uma Hart") == ["rep", "customer", "rep", "customer", *["unknown"] * 4]
    run("team", "add", "Uma Hart", "Ada")
    assert roles_in(table) == ["rep", "customer", "rep", "customer", "customer", "rep", "customer", "rep"]


def test_a_damaged_list_is_said_and_kept(home: Settings, file: Path) -> None:
    home.home.mkdir(parents=True, exist_ok=True)
    home.team_file.write_text("[")
    with pytest.raises(CoachError, match=r"team\.json can't be read \(it is damaged\)"):
        roles_in(file)
    assert home.team_file.read_text() == "["
    assert roles_in(file, "--rep", "Uma Hart")[0] == "rep"


def test_the_chat_remembers_people_and_not_numbers(home: Settings) -> None:
    assert remember(home, ["Uma Hart", "Speaker 2", "Agent"], "anna") == ["Uma Hart"]
    assert remember(home, ["UMA HART"], "anna") == []
    assert saved_team(home) == ("Uma Hart",)


def test_what_one_account_names_is_no_other_accounts(home: Settings) -> None:
    home.home.mkdir(parents=True, exist_ok=True)
    home.users_file.write_text("{}")
    run("team", "add", "Zoe Brand")
    remember(home, ["Uma Hart"], "anna")
    assert saved_team(home, "anna") == ("Zoe Brand", "Uma Hart")
    assert saved_team(home, "ben") == saved_team(home) == ("Zoe Brand",)

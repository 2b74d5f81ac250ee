"""`coach read`: what it understood of a file, for people and for programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.cli.app import app

CAPTIONS = (
    "WEBVTT\n\n00:01.000 --> 00:03.500\n<v Ana Ruiz>Shall we start?</v>\n\n00:04.000 --> 00:05.000\n<v Kai>Yes.</v>\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "call.vtt"
    path.write_text(CAPTIONS)
    return path


def test_it_says_turns_sides_and_times_to_programs(file: Path) -> None:
    run = CliRunner().invoke(app, ["read", str(file), "--rep", "ana", "--json"])
    assert run.exit_code == 0
    read = json.loads(run.stdout)
    assert read["format"] == "WebVTT"
    assert read["warnings"] == []
    [call] = read["calls"]
    assert call["turns"] == [
        {"turn": 1, "speaker": "Ana Ruiz", "role": "rep", "text": "Shall we start?", "start_s": 1.0, "end_s": 3.5},
        {"turn": 2, "speaker": "Kai", "role": "customer", "text": "Yes.", "start_s": 4.0, "end_s": 5.0},
    ]
    assert {"call_id", "outcome", "started_at", "metadata", "warnings"} <= set(call)


def test_it_says_the_same_to_people(file: Path) -> None:
    run = CliRunner().invoke(app, ["read", str(file)])
    assert run.exit_code == 0
    assert "Read as WebVTT: 1 call." in run.stdout
    assert "Shall we start?" in run.stdout
    assert "side unknown" in run.stdout  # and it says how to tell it
    assert "--rep NAME" in " ".join(run.stdout.split())


def test_several_speakers_can_be_on_our_side(file: Path) -> None:
    run = CliRunner().invoke(app, ["read", str(file), "--rep", "Ana Ruiz", "--rep", "Kai", "--json"])
    assert [turn["role"] for turn in json.loads(run.stdout)["calls"][0]["turns"]] == ["rep", "rep"]

"""`coach read`: what it understood of a file, for people and for programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.cli.app import app
from tests.table_files import paragraph, word, workbook

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


@pytest.mark.parametrize(
    ("lines", "n_calls", "n_turns"),
    [
        ([{"speaker": "Rep", "text": "Shall we?"}, {"speaker": "Customer", "text": "Yes."}], 1, 2),
        (
            [{"messages": [{"role": "agent", "content": "Shall we?"}, {"role": "customer", "content": "Yes."}]}] * 2,
            2,
            2,
        ),
        ([{"call_transcript": f"Rep: Shall we{end}?\nCustomer: Yes.", "conversion_label": 1} for end in "ab"], 2, 2),
    ],
)
def test_json_lines_are_utterances_calls_or_a_table(
    tmp_path: Path, lines: list[object], n_calls: int, n_turns: int
) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    run = CliRunner().invoke(app, ["read", str(path), "--json"])
    assert [len(call["turns"]) for call in json.loads(run.stdout)["calls"]] == [n_turns] * n_calls
    roles = {turn["role"] for call in json.loads(run.stdout)["calls"] for turn in call["turns"]}
    assert roles == {"rep", "customer"}


def test_a_workbook_says_what_was_made_of_its_columns(tmp_path: Path) -> None:
    talk = "Rep: Shall we{}?\nCustomer: Yes."
    rows = [
        ["Call ID", "Transcript", "Stage"],
        [1, talk.format(" start"), "Closed Won"],
        [2, talk.format(""), "Proposal"],
    ]
    path = tmp_path / "calls.xlsx"
    path.write_bytes(workbook(Calls=rows))
    run = CliRunner().invoke(app, ["read", str(path), "--json"])
    read = json.loads(run.stdout)
    assert [(call["call_id"], call["outcome"]) for call in read["calls"]] == [("1", "converted"), ("2", None)]
    assert "“Closed Won” as converted (1) and “Proposal” as open (1)" in " ".join(read["warnings"])


def test_a_document_is_a_call_on_stdin_too() -> None:
    data = word(paragraph("Rep: Shall we?"), paragraph("Customer: Yes."))
    run = CliRunner().invoke(app, ["read", "-", "--json"], input=data)
    assert json.loads(run.stdout)["format"] == "Word document, plain lines"

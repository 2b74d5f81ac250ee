"""`coach moves`: the JSON that programs rely on, quotes that stand in the call, and a page of 100 columns."""

import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.errors import ModelError
from salescoach.model.base_model import resolve_base_model
from salescoach.model.loading import load_reader
from salescoach.moves.reader import BUNDLED_READER, HEADS, EncoderReader
from salescoach.moves.results import CallMoves
from salescoach.reading.transcripts import read_transcript
from salescoach.types import Transcript
from serving.cli import app as cli
from serving.cli.moves_table import moves_page
from serving.cli.printing import MAX_WIDTH

CALL = Path(__file__).parent.parent / "data" / "examples" / "02-income-protection-electrician.txt"


@pytest.fixture(scope="module")
def call() -> Transcript:
    return read_transcript(CALL)


@pytest.fixture(scope="module")
def found(call: Transcript) -> CallMoves:
    return load_reader(Settings.load(), cached=False).read(call)


def test_the_command_prints_what_the_reader_read(found: CallMoves) -> None:
    done = CliRunner().invoke(cli.app, ["moves", str(CALL), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said == json.loads(found.model_dump_json())
    assert [*said] == ["turns", "objections", "next_step", "reader", "model_id"]
    assert [*said["turns"][0]] == ["turn", "role", "moves"]
    assert [*said["objections"][0]] == ["turn", "kind", "quote", "handled_at", "handled", "answer"]
    assert [*said["next_step"]] == ["turn", "what", "who", "when", "committed"]


def test_what_is_quoted_was_said(found: CallMoves, call: Transcript) -> None:
    assert len(found.turns) == len(call)
    assert found.objections
    for one in found.objections:
        assert one.quote == call.turns[one.turn - 1].text
        assert (one.answer is None) == (one.handled_at is None) == (one.handled == "not")
        assert one.handled_at is None or one.answer == call.turns[one.handled_at - 1].text
    assert found.next_step is not None
    assert found.next_step.what in call.turns[found.next_step.turn - 1].text
    for turn in found.turns:
        probabilities = [move.probability for move in turn.moves]
        assert probabilities == sorted(probabilities, reverse=True)


def test_a_call_is_read_alike_whatever_was_read_before(found: CallMoves, call: Transcript) -> None:
    reader = load_reader(Settings.load(), cached=False)
    reader.read(call.prefix(7))
    assert reader.read(call) == found


def test_the_page_is_narrow_and_says_what_was_found(found: CallMoves, call: Transcript) -> None:
    done = CliRunner().invoke(cli.app, ["moves", str(CALL)])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= MAX_WIDTH
    assert "Next step (T" in done.stdout
    assert all(f"T{one.turn}" in done.stdout for one in found.objections)
    nothing = found.model_copy(update={"objections": (), "next_step": None})
    console = Console(width=MAX_WIDTH)
    with console.capture() as shown:
        console.print(moves_page(nothing, call.model_copy(update={"warnings": ("Nobody is known to be the rep.",)})))
    assert "No objections were found." in shown.get()
    assert "No next step was found." in shown.get()
    assert "Note: Nobody is known to be the rep." in shown.get()


def test_a_damaged_reader_is_named(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED_READER, tmp_path / "reader")
    file = tmp_path / "reader" / HEADS
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        EncoderReader.load(tmp_path / "reader", Path(resolve_base_model(BUNDLED_BASE_MODEL)))
    with pytest.raises(ModelError, match="no move reader"):
        EncoderReader.load(tmp_path, Path(resolve_base_model(BUNDLED_BASE_MODEL)))

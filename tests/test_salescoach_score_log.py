"""The log of scores: what was seen, no word of a call, and nothing of a deleted one."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from salescoach.errors import CoachError
from salescoach.library import Library, score_log
from salescoach.library.score_log import LoggedScore
from salescoach.speech.shape import shape_of
from salescoach.testing import make_call, make_transcript
from tests.test_salescoach_library import LINES, OTHER, written_by_schema_1

WHEN = datetime(2026, 11, 30, 20, 15, 0, 123456)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "library.sqlite")
    yield library
    library.close()


def logged(*lines: str, **facts: Any) -> LoggedScore:
    known: dict[str, Any] = {
        "call_id": None, "content_hash": make_transcript(*lines).content_hash, "model_id": "m-1", "scorer": "blend",
        "probability": 0.34, "interval": (0.24, 0.45), "abstained": False, "scored_at": WHEN, "door": "cli",
    }  # fmt: skip
    return LoggedScore(**{**known, **facts})


def test_what_was_noted_is_read_in_order(library: Library) -> None:
    abstained = logged(*OTHER, probability=None, interval=None, abstained=True, door="chat", scorer="cosine")
    assert score_log.read(library.file) == []
    assert score_log.append(library.file, [logged(*LINES)])
    assert score_log.append(library.file, [abstained, logged(*LINES, probability=0.0, interval=(0.0, 0.0))])
    assert score_log.read(library.file) == [
        logged(*LINES), abstained, logged(*LINES, probability=0.0, interval=(0.0, 0.0))
    ]  # fmt: skip


def test_what_the_call_was_like_is_noted_in_numbers_and_codes(library: Library) -> None:
    shape = shape_of(make_transcript(*LINES))
    given = [
        logged(*LINES, shape=shape, unlikeness=0.71, reasons=()),
        logged(*OTHER, probability=None, interval=None, abstained=True, shape=shape, reasons=("too_short", "unlike")),
    ]
    assert score_log.append(library.file, given)
    assert score_log.read(library.file) == given


def test_the_call_is_named_as_the_library_names_it(library: Library) -> None:
    pasted = library.add_pasted(make_transcript(*OTHER), owner="bob")
    library.add([make_call("a", *LINES)])
    given = [
        logged(*LINES), logged(*LINES, call_id="from-a-table"), logged(*OTHER), logged(*OTHER, call_id=pasted),
        logged("Rep: Who is that?", call_id="a"),
    ]  # fmt: skip
    score_log.append(library.file, given)
    assert [one.call_id for one in score_log.read(library.file)] == ["a", "a", None, pasted, None]


def test_a_library_of_an_older_program_has_no_log_until_it_is_opened(tmp_path: Path) -> None:
    file = written_by_schema_1(tmp_path / "library.sqlite")
    before = file.read_bytes()
    assert not score_log.append(file, [logged(*LINES)])
    assert score_log.read(file) == []
    assert file.read_bytes() == before
    Library(file).close()
    assert score_log.append(file, [logged(*LINES)])
    assert score_log.read(file) == [logged(*LINES, call_id="c-2")]


def test_a_deleted_call_leaves_no_line_by_its_id_its_former_id_or_its_words(library: Library) -> None:
    pasted = library.add_pasted(make_transcript(*LINES))
    library.add([make_call("b", *OTHER)])
    score_log.append(library.file, [logged(*LINES, call_id=pasted), logged("Rep: Its words before.", call_id=pasted)])
    database = sqlite3.connect(library.file)
    database.execute("UPDATE scores SET call_id = ?", (pasted,))  # of the words that the call had then
    database.commit()
    database.close()
    library.add([make_call("a", *LINES)])  # the pasted one becomes the team's, and is found by its old id, too
    score_log.append(library.file, [logged(*LINES), logged(*OTHER)])
    library.delete("a")
    assert [one.content_hash for one in score_log.read(library.file)] == [make_transcript(*OTHER).content_hash]
    library.close()
    content = library.file.read_bytes()
    assert make_transcript(*OTHER).content_hash.encode() in content
    assert make_transcript(*LINES).content_hash.encode() not in content
    assert pasted.encode() not in content


def test_lines_of_the_same_words_stay_while_somebody_else_has_the_call(library: Library) -> None:
    of_bob, of_ann = (library.add_pasted(make_transcript(*LINES), owner=owner) for owner in ("bob", "ann"))
    score_log.append(library.file, [logged(*LINES, call_id=one) for one in (of_bob, of_ann, None)])
    library.delete_private(of_bob, "bob")
    assert [one.call_id for one in score_log.read(library.file)] == [of_ann, None]
    library.delete_private(of_ann, "ann")
    assert score_log.read(library.file) == []


def test_a_deletion_that_fails_leaves_the_log_as_it_was(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.add([make_call("a", *LINES)])
    score_log.append(library.file, [logged(*LINES)])

    def fails(*_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(score_log, "delete", fails)
    with pytest.raises(CoachError, match=r"can't be used just now \(disk I/O error\); nothing was changed"):
        library.delete("a")
    monkeypatch.undo()
    assert library.get("a")
    assert score_log.read(library.file) == [logged(*LINES, call_id="a")]


def test_of_several_scores_all_are_noted_or_none(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_log, "PATIENCE_S", 0.05)
    writer = sqlite3.connect(library.file)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        score_log.append(library.file, [logged(*LINES)] * 3)
    writer.rollback()
    writer.close()
    assert score_log.read(library.file) == []
    broken = logged(*LINES).model_copy(update={"model_id": None})
    with pytest.raises(sqlite3.IntegrityError):
        score_log.append(library.file, [logged(*LINES), broken])
    assert score_log.read(library.file) == []

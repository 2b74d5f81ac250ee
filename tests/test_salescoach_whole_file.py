"""A file is replaced when all of it is there, and not before."""

from pathlib import Path

import pytest

from salescoach.whole_file import whole_file


def test_it_is_there_when_the_block_ends_well(tmp_path: Path) -> None:
    target = tmp_path / "new" / "numbers.json"
    for text in ("[1]", "[2]"):
        with whole_file(target) as temporary:
            temporary.write_text(text)
            assert temporary.suffix == ".json"
        assert target.read_text() == text
    assert list(target.parent.iterdir()) == [target]


def test_an_older_file_stays_when_writing_breaks_off(tmp_path: Path) -> None:
    target = tmp_path / "numbers.json"
    target.write_text("[1]")
    with pytest.raises(KeyboardInterrupt), whole_file(target) as temporary:
        temporary.write_text("[2")
        raise KeyboardInterrupt
    assert target.read_text() == "[1]"
    assert list(tmp_path.iterdir()) == [target]


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "numbers.json"
    with whole_file(target) as first, whole_file(target) as second:
        first.write_text("[1]")
        second.write_text("[2]")
    assert target.read_text() == "[1]"

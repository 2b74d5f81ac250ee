"""Every format of the table, on the examples of its own tests: it is told from the others, and no word is lost."""

import contextlib
import importlib
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salescoach.errors import TranscriptError
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.source import Source
from salescoach.reading.table import READERS, reader_of
from salescoach.reading.transcripts import (
    ReadTurn,
    looks_like_transcript,
    parse_transcript,
    read_calls_of,
    to_transcript,
)
from tests.transcript_examples import Example, said


def _examples(reader: FormatReader) -> list[Example]:
    module = type(reader).__module__.rpartition(".")[2]
    found: list[Example] = importlib.import_module(f"tests.test_salescoach_transcripts_{module}").EXAMPLES
    return found


EVERY = [
    pytest.param(reader, one, id=f"{type(reader).__name__}-{one.name}")
    for reader in READERS
    for one in _examples(reader)
]


def test_every_reader_has_a_name_of_its_own_and_an_example() -> None:
    assert all(reader.name and reader.says and _examples(reader) for reader in READERS)
    assert len({reader.name for reader in READERS}) == len({type(reader) for reader in READERS}) == len(READERS)


@pytest.mark.parametrize(("reader", "one"), EVERY)
def test_no_other_reader_takes_its_examples(reader: FormatReader, one: Example) -> None:
    for text in (one.text, f"\ufeff\r\n{one.text}".replace("\n", "\r\n"), one.text.strip()):
        source = Source(text, one.name)
        assert reader_of(source) is reader
        assert reader_of(Source(text)) is reader  # a pasted text has no name


@pytest.mark.parametrize(("reader", "one"), EVERY)
def test_every_word_comes_out_whatever_the_encoding(reader: FormatReader, one: Example) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        if not one.said:  # it is to be refused
            with pytest.raises(TranscriptError):
                read_calls_of(one.text.encode(encoding), one.name)
            continue
        calls = read_calls_of(one.text.encode(encoding), one.name)
        assert tuple(map(said, calls)) == one.said


@pytest.mark.parametrize(("reader", "one"), EVERY)
def test_it_is_seen_when_pasted(reader: FormatReader, one: Example) -> None:
    assert looks_like_transcript(one.text) == bool(one.said)
    if len(one.said) == 1:
        assert said(parse_transcript(one.text)) == one.said[0]


_VALUE = re.compile(r'(?<=: )(?:"[^"]*"|[0-9.]+|null)')
_DAMAGE = ["", "null", "[]", "{}", "[1]", '"x"', "-1", "1e999", "true", "\n", "-->", "\u200b"]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([param.values[1] for param in EVERY]), st.randoms(use_true_random=False))
def test_a_damaged_example_is_read_or_refused(one: Example, dice: Random) -> None:
    text = one.text
    for _ in range(dice.randint(1, 4)):
        values = [found.span() for found in _VALUE.finditer(text)]
        start, stop = dice.choice(values or [(dice.randrange(len(text) + 1), dice.randrange(len(text) + 1))])
        text = text[:start] + dice.choice(_DAMAGE) + text[max(start, stop) :]
    looks_like_transcript(text)
    with contextlib.suppress(TranscriptError):
        for call in read_calls_of(text.encode(), one.name):
            with contextlib.suppress(TranscriptError):
                assert all(turn.text for turn in to_transcript(call).turns)


def test_the_page_on_adding_a_format_shows_one_that_works() -> None:
    page = (Path(__file__).parent.parent / "docs" / "add-a-format.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    source = Source("@UTF8\n@Begin\n*ANN:\thi\n%com:\tsmiles\n*ANN:\tthere\n*BOB:\tyes\n@End\n")
    reader = names["TalkBank"]()
    assert reader.recognises(source)
    assert not any(reader.recognises(Source(one.text)) for _, one in (param.values for param in EVERY))
    [call] = reader.read(source)
    assert call.turns == [ReadTurn("ANN", "hi there"), ReadTurn("BOB", "yes")]
    assert call.warnings == ["Notes of the transcriber, which nobody says, were left out: 1."]

"""Plain lines: which words are a speaker, which lines a turn; and properties."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salescoach.reading.transcripts import (
    parse_transcript,
    speakers,
)
from salescoach.types import Turn
from tests.transcript_examples import Example, has_warning, said

PLAIN = """\
[00:00:03] Rep: Hi Dana, thanks for taking the time.
[00:00:07] Customer: Sure. I have until 10:30, is that OK?
[00:00:12] Rep: Plenty. Note: I sent the deck, see https://example.com/deck
[00:00:15] Rep: So, what made you look around?
[01:02:03] Customer: Price, mostly.
"""
EXAMPLES = [
    Example(
        "call.txt",
        PLAIN,
        (
            [
                ("Rep", "Hi Dana, thanks for taking the time."),
                ("Customer", "Sure. I have until 10:30, is that OK?"),
                ("Rep", "Plenty. Note: I sent the deck, see https://example.com/deck"),
                ("Rep", "So, what made you look around?"),
                ("Customer", "Price, mostly."),
            ],
        ),
    ),
]


def test_plain_lines_with_times() -> None:
    call = parse_transcript(PLAIN, call_id="c1")
    assert call.call_id == "c1"
    assert call.warnings == ()
    assert [turn.role for turn in call.turns] == ["rep", "customer", "rep", "rep", "customer"]
    assert [turn.start_s for turn in call.turns] == [3, 7, 12, 15, 3723]
    assert [turn.end_s for turn in call.turns] == [None] * 5
    assert call.turns[2].text == "Plenty. Note: I sent the deck, see https://example.com/deck"


@pytest.mark.parametrize(
    "text",
    [
        "Rep: hello\nCustomer: hi there",
        "(0:01) Rep: hello\n(0:05) Customer: hi there",
        "00:01 Rep: hello\r\n00:05 Customer: hi there\r\n",
        "0:01\tRep:\thello\n0:05\tCustomer:\thi there",
        "[00:01 - 00:04] Rep: hello\n[00:05 - 00:06] Customer: hi there",
        "Rep (0:01): hello\nCustomer [0:05]: hi there",
        "**Rep:** hello\n**Customer**: hi there",
        "Rep:\nhello\n\nCustomer:\nhi there",
        "0:01\nRep: hello\n0:05\nCustomer: hi there",
        "\n\n  Rep : hello  \n\n\n\tCustomer:hi there",
    ],
)
def test_variants_of_plain_lines(text: str) -> None:
    call = parse_transcript(text)
    assert said(call) == [("Rep", "hello"), ("Customer", "hi there")]
    if "0:01" in text:
        assert [turn.start_s for turn in call.turns] == [1, 5]
    assert call.warnings == ()


def test_successive_lines_of_one_speaker_stay_apart() -> None:
    call = parse_transcript("Rep: one\nRep: two\nCustomer: three\nCustomer: three")
    assert [turn.text for turn in call.turns] == ["one", "two", "three", "three"]


def test_a_wrapped_line_goes_to_the_turn_above_and_is_said_once() -> None:
    call = parse_transcript("Rep: It is a long\nsentence that wraps\nCustomer: I\nsee")
    assert [turn.text for turn in call.turns] == ["It is a long sentence that wraps", "I see"]
    assert call.warnings == ("2 lines without a speaker were added to the turn above (first: line 2).",)


@pytest.mark.parametrize(
    "line",
    [
        "Note: price is 40",
        "10:30",
        "10:30 works for me",
        "https://example.com/a:b",
        "See you at 10:30: fine",
        "12345: a number",
        "x" * 65 + ": too long for a name",
        "Here is what I think: no",
        "Ola: once only",
    ],
)
def test_what_is_no_speaker(line: str) -> None:
    call = parse_transcript(f"Rep: one\nCustomer: two\nand more\n{line}\nRep: three")
    assert said(call) == [("Rep", "one"), ("Customer", f"two and more {line}"), ("Rep", "three")]


def test_a_label_that_occurs_once_is_named_in_a_warning() -> None:
    assert has_warning(parse_transcript("Rep: a\nCustomer: b\nand\nOla: c\nRep: d"), "“Ola:”.*read as text")


def test_a_third_speaker_recurs_is_declared_or_has_a_time() -> None:
    assert speakers(parse_transcript("Rep: a\nCustomer: b\nOla: c\nOla: d")) == ("Rep", "Customer", "Ola")
    assert speakers(parse_transcript("Rep: a\nCustomer: b\nOla: c", rep="Ola")) == ("Rep", "Customer", "Ola")
    timed = "[0:01] Rep: a\n[0:02] Customer: b\n[0:03] Ola: c\n[0:04] Note: d"
    assert speakers(parse_transcript(timed)) == ("Rep", "Customer", "Ola")


def test_text_without_labels_is_one_unknown_turn_a_line() -> None:
    call = parse_transcript("hello there\nhow are you?\n10:30 works")
    assert said(call) == [("unknown", "hello there"), ("unknown", "how are you?"), ("unknown", "10:30 works")]
    assert {turn.role for turn in call.turns} == {"unknown"}
    assert has_warning(call, "names no speakers")


def test_timed_lines_without_labels() -> None:
    call = parse_transcript("[00:00.000 --> 00:05.500]  Hello\n[00:05.500 --> 00:06.000]  Bye now")
    assert [(turn.text, turn.start_s, turn.end_s) for turn in call.turns] == [("Hello", 0, 5.5), ("Bye now", 5.5, 6)]


def test_a_heading_above_the_call_is_left_out_with_a_warning() -> None:
    call = parse_transcript("Call with Acme, May 3\n\nRep: hi\nCustomer: hello")
    assert len(call) == 2
    assert has_warning(call, "1 line above .* left out, beginning “Call with Acme")
    assert len(parse_transcript("one\ntwo\nthree\nRep: hi\nCustomer: hello")) == 5


def test_one_turn_is_a_transcript() -> None:
    assert said(parse_transcript("Rep: Hello?")) == [("Rep", "Hello?")]


def test_times_that_run_backwards_are_dropped_by_turn() -> None:
    lines = [
        ("0:10", "Rep"),
        ("0:05", "Customer"),
        ("0:20", "Rep"),
        ("9:00", "Customer"),
        ("0:30", "Rep"),
        ("0:40", "Rep"),
        ("0:75", "Rep"),
    ]
    call = parse_transcript("\n".join(f"[{at}] {name}: hm" for at, name in lines))
    assert [turn.start_s for turn in call.turns] == [10, None, 20, None, 30, 40, None]
    assert has_warning(call, "times of turns 2 and 4 run backwards")
    assert has_warning(call, "turn 7 is no time")


_NAMES = st.sampled_from(["Rep", "Customer", "Customer 2"])
_SELECTORS = "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
_CHARS = st.characters(exclude_categories=("C", "Z"), exclude_characters=_SELECTORS) | st.just(" ")
_TEXTS = st.text(_CHARS, min_size=1).map(str.strip).filter(bool)
_CALLS = st.lists(st.tuples(_NAMES, _TEXTS), min_size=1, max_size=30)


@settings(max_examples=200, deadline=None)
@given(_CALLS)
@example([("Rep", "0:01"), ("Customer", "-->"), ("Rep", ": x"), ("Rep", "Customer: y"), ("Rep", "a\u0301 \ufdfa")])
def test_one_labelled_line_is_one_turn_verbatim(call: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{name}: {said}" for name, said in call)
    parsed = parse_transcript(text)
    assert said(parsed) == call
    for turn, line in zip(parsed.turns, text.split("\n"), strict=True):
        assert turn.text in line


@settings(max_examples=200, deadline=None)
@given(_CALLS, st.lists(st.integers(0, 99 * 3600), min_size=30, max_size=30))
def test_a_rendered_transcript_comes_back(call: list[tuple[str, str]], seconds: list[int]) -> None:
    turns = tuple(
        Turn(speaker=name, role="rep" if name == "Rep" else "customer", text=said, start_s=float(at))
        for (name, said), at in zip(call, sorted(seconds), strict=False)
    )
    lines = []
    for turn in turns:
        minutes, second = divmod(int(turn.start_s or 0), 60)
        lines.append(f"[{minutes // 60:02}:{minutes % 60:02}:{second:02}] {turn.speaker}: {turn.text}")
    assert parse_transcript("\n".join(lines)).turns == turns

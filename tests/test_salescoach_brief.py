"""The brief of a call: every line is quoted from its turn, it is short, and no mail goes to who said no."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salescoach.brief.mail import MARK, NO_MAIL_AFTER, NOTHING, draft_of
from salescoach.brief.page import MAX_WORDS, NO_SIDES, SHORT, brief_of
from salescoach.brief.quoting import MAX_CHARS, MAX_SENTENCE, MAX_TRIED, shortened, stretches
from salescoach.brief.results import Brief
from salescoach.config import Settings
from salescoach.model.loading import load_reader
from salescoach.moves.next_step import settled_time
from salescoach.moves.reader import EncoderReader
from salescoach.reading.transcripts import parse_transcript
from salescoach.speech.spoken import appointments, n_words
from salescoach.types import Transcript

EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "examples").glob("*.txt"))
DEAL = """Rep: What made you look at us now?
Dana: Two of the vans break down every month, and each time we lose a day.
Rep: And who decides about a lease?
Dana: My brother Ilyas has to agree, he keeps the books.
Rep: For five vans it's four hundred and ten dollars a month each.
Dana: That's too expensive for us. We pay three hundred now.
Rep: I hear you. With the old vans in part exchange it's three hundred and twenty, service included.
Dana: All right, that would work.
Rep: Shall I come by on Thursday the ninth at two and go through it with both of you?
Dana: Yes, Thursday at two is good. I'll make sure Ilyas is there.
"""
NO = """Rep: Shall we send the contract over?
Dana: No. We signed with Stonefield last week.
Rep: Could I call you again in the spring?
Dana: No, please don't call us again. We're not interested.
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> EncoderReader:
    return load_reader(Settings.load(home=tmp_path_factory.mktemp("home")), cached=False)


def written(reader: EncoderReader, call: Transcript, *, with_mail: bool = False) -> Brief:
    return brief_of(reader, call, reader.read(call), with_mail=with_mail)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_line_is_quoted_and_all_is_short(reader: EncoderReader, file: Path) -> None:
    call = parse_transcript(file.read_text(encoding="utf-8"))
    found = written(reader, call, with_mail=True)
    for _, lines in found.sections():
        for line in lines:
            turn = call.turns[line.turn - 1]
            assert line.quote in turn.text
            assert line.speaker == turn.speaker
    for concern in found.objections:
        if concern.answer is not None and concern.handled_at is not None:
            assert concern.answer in call.turns[concern.handled_at - 1].text
    turns = [line.turn for title, lines in found.sections() if title != "What comes next" for line in lines]
    assert len(turns) == len(set(turns))  # nothing is shown under two titles
    assert found.n_words() <= MAX_WORDS
    assert found.next_steps  # each of these calls ends with something to do
    assert found.email is not None and found.email.startswith(MARK)
    assert found == written(reader, call, with_mail=True)


def test_a_deal_in_half_a_page(reader: EncoderReader) -> None:
    found = written(reader, parse_transcript(DEAL, rep=["Rep"]), with_mail=True)
    assert [(one.name, one.side) for one in found.people] == [("Rep", "rep"), ("Dana", "customer")]
    assert [one.turn for one in found.decision] == [4]
    assert {one.turn for one in found.price} <= {5, 7} and found.price
    assert 6 in {one.turn for one in found.objections}
    step = found.next_steps[0]
    assert step.when is not None and "Thursday the ninth at two" in step.when
    assert step.committed
    assert "The customer agreed to a next step." in [one.text for one in found.summary]
    assert found.email is not None
    assert "Hello Dana," in found.email
    assert "Thursday the ninth" in found.email


def test_after_a_no_nothing_is_drafted(reader: EncoderReader) -> None:
    found = written(reader, parse_transcript(NO, rep=["Rep"]), with_mail=True)
    assert found.refusals
    assert found.next_steps == ()
    assert found.email is None
    assert draft_of(found) is None
    assert NO_MAIL_AFTER["refused"] in found.warnings


def test_what_it_can_not_know_is_said(reader: EncoderReader) -> None:
    hello = written(reader, parse_transcript("Rep: Hello.\nDana: Hello there.\n", rep=["Rep"]), with_mail=True)
    assert hello.email is None
    assert {SHORT, NOTHING} <= {*hello.warnings}
    nobody = written(reader, parse_transcript("Ann: Hello.\nBen: The price is four hundred dollars a month.\n"))
    assert NO_SIDES in nobody.warnings or any(one.side == "customer" for one in nobody.people)


@pytest.mark.parametrize("sentence", ["Yes. ", "Go on, ", "It costs four hundred dollars a month. ", "é" * 30, "a"])
def test_of_a_very_long_turn_little_is_tried(sentence: str) -> None:
    text = (sentence * 20_000)[:20_000]
    pieces = stretches(text)
    assert 0 < len(pieces) <= MAX_TRIED
    assert all(piece in text and len(piece) <= MAX_CHARS for piece in pieces)
    assert shortened(text) in text and len(shortened(text)) <= MAX_CHARS


@given(st.lists(st.sampled_from(["So", "it's", "four", "hundred.", "Well,", "no!", "Why?", "um", "a", "van\n"])))
@settings(max_examples=200, deadline=None)
def test_what_may_be_quoted_stands_in_the_text(words: list[str]) -> None:
    text = " ".join(words)
    for piece in stretches(text):
        assert piece in text
        assert n_words(piece) <= MAX_SENTENCE


@pytest.mark.parametrize(
    ("said", "when"),
    [
        (["Friday the 6th at ten?", "Make it Friday at two."], "Friday at two"),
        (["The 21st of March at nine.", "No, the 1st."], "the 1st"),
        (["Thursday the ninth at two?", "Thursday it is."], "Thursday the ninth at two"),
        (
            ["Thursday at ten?", "Thursday's budget. Friday, eight o'clock.", "Friday the sixth at eight."],
            "Friday the sixth at eight",
        ),
        (["At four o'clock."], "o'clock"),
        (["Soon."], None),
    ],
)
def test_the_day_that_was_named_last_counts(said: list[str], when: str | None) -> None:
    assert settled_time(said) == when


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Friday the sixth at eight, then.", ["Friday the sixth at eight"]),
        ("Tuesday, the 14th, at half past two", ["Tuesday, the 14th, at half past two"]),
        ("See you tomorrow morning at 9:30.", ["tomorrow morning at 9:30"]),
        ("The second one, not the third floor.", []),
        ("Last Friday was bad. Monday?", ["Monday"]),
        ("next Thursday, or the 21st", ["next Thursday", "the 21st"]),
        ("I'll send the second proposal tomorrow about one thing.", ["tomorrow"]),
        ("The first month is free; by the first, then.", ["the first"]),
        ("Thursday the twenty-first at two", ["Thursday the twenty-first at two"]),
    ],
)
def test_appointments_have_day_date_and_time(text: str, found: list[str]) -> None:
    assert appointments(text) == found

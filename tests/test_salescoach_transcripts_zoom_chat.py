"""Chats that Zoom saved."""

from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import Example, has_warning, said

BELOW = """\
14:31:07 From Nadia Brandt to Everyone:
\tThe price list is in the folder
14:32:40 From Ole Fisk to Nadia Brandt(Direct Message):
\tand the freight?
\tto Oslo
14:32:59 From Ole Fisk to Everyone:
\tReacted to "The price list is in..." with \U0001f44d
14:33:15 From Nadia Brandt to Everyone:
\tIncluded
"""
BESIDE = """\
14:31:07\t From  Nadia Brandt : The price list
14:32:40\t From  Ole Fisk to Nadia Brandt(Privately) : and the freight?
"""
EXAMPLES = [
    Example(
        "meeting_saved_new_chat.txt",
        BELOW,
        (
            [
                ("Nadia Brandt", "The price list is in the folder"),
                ("Ole Fisk", "and the freight? to Oslo"),
                ("Nadia Brandt", "Included"),
            ],
        ),
    ),
    Example(
        "meeting_saved_chat.txt", BESIDE, ([("Nadia Brandt", "The price list"), ("Ole Fisk", "and the freight?")],)
    ),
]


def test_private_messages_and_reactions_are_said() -> None:
    call = parse_transcript(BELOW)
    assert [turn.start_s for turn in call.turns] == [0, 93, 128]
    assert has_warning(call, "1 message was to one person only and is read with the others")
    assert has_warning(call, "1 line about a reaction or an answer was left out")


def test_other_languages_and_dates() -> None:
    text = "2026-03-05 10:02:11 Von Nadia an Alle:\n\tHallo\n2026-03-05 10:02:21 Von Ole an Alle:\n\tMoin"
    call = parse_transcript(text)
    assert said(call) == [("Nadia", "Hallo"), ("Ole", "Moin")]
    assert not has_warning(call, "one person only")


def test_a_message_that_is_empty_has_no_words() -> None:
    assert said(parse_transcript(BELOW + "14:40:00 From Ole Fisk to Everyone:\n"))[-1] == ("Nadia Brandt", "Included")


def test_a_call_that_begins_with_the_word_from_is_no_chat() -> None:
    text = "Rep: From Oslo to Everyone: this is it\nCustomer: Oh."
    assert said(parse_transcript(text)) == [("Rep", "From Oslo to Everyone: this is it"), ("Customer", "Oh.")]

"""Which words before a colon are speakers."""

import pytest

from salescoach.reading.names import Shape, shape_of, tidy_label
from salescoach.reading.transcripts import parse_transcript, speakers
from tests.transcript_examples import has_warning, said

_LABELS = [
    'Katarzyna "Kasia" Nowak',
    "Katarzyna “Kasia” Nowak",
    "Noor Haddad <noor@quarry.example>",
    "Noor Haddad (noor@quarry.example)",
    "noor@quarry.example",
    "Ivo Stark, Bergwerk Ltd.",
    "Ivo Stark, Bergwerk S.A.",
    "Martin Luther King Jr.",
    "José Luis de la Fuente García",
    "Ana Maria da Silva e Souza Neto",
    "tomas de wit bakker",
    "kasia",
    "Unknown speaker 2",
    "Speaker 03",
    "SPEAKER_07",
    "Guest user",
    "+31 6 1234 5678",
    "31612345678",
    "(212) 555-0147",
    "1212555****",
    "####",
    "Ivo [Quarry]",
    "Ivo (he/him)",
    "Yahoo! Desk",
    "Ben",
    "Will",
    "Me",
    "Nguyễn Văn An",
    "Доктор Иванов",
    "田中",
]


@pytest.mark.parametrize("label", _LABELS)
def test_a_name_that_recurs_is_a_speaker(label: str) -> None:
    calls = [
        f"Paula Rand: hello\n{label}: hi there\nPaula Rand: so\n{label}: yes",
        f"[0:01] Paula Rand: hello\n[0:03] {label}: hi there\n[0:05] Paula Rand: so\n[0:07] {label}: yes",
        "WEBVTT\n\n"
        + "\n\n".join(
            f"00:0{at}.000 --> 00:0{at + 1}.000\n{name}: well"
            for at, name in enumerate(["Paula Rand", label, "Ola", label, "Ola"])
        ),
    ]
    for text in calls:
        assert speakers(parse_transcript(text))[:2] == ("Paula Rand", label)


@pytest.mark.parametrize(
    "phrase",
    [
        "Bottom line",
        "Bottom Line",
        "Fun fact",
        "Quick question",
        "Side note",
        "Long story short",
        "Here's the thing",
        "My concern",
        "Worst case",
        "Small caveat",
        "Honestly",
        "Kurze Frage",
        "Petite question",
        "Pregunta rápida",
        "Domanda veloce",
        "Korte vraag",
        "Pergunta rápida",
        "and the price is",
    ],
)
@pytest.mark.parametrize("time", ["", "[0:01] "])
def test_a_phrase_is_none_even_where_it_recurs(phrase: str, time: str) -> None:
    text = f"Rep: one\n{phrase}: two\nCustomer: three\nRep: four\n{phrase}: five\nCustomer: six"
    call = parse_transcript("\n".join(f"{time}{line}" for line in text.split("\n")))
    assert speakers(call) == ("Rep", "Customer")
    assert " ".join(turn.text for turn in call.turns) == f"one {phrase}: two three four {phrase}: five six"


def test_one_who_speaks_once_is_a_speaker_where_all_lines_have_a_label() -> None:
    assert speakers(parse_transcript("Rep: a\nCustomer: b\nGerda Holm: c\nRep: d")) == ("Rep", "Customer", "Gerda Holm")
    wrapped = parse_transcript("Rep: a\nCustomer: b\nand more\nGerda Holm: c\nRep: d")
    assert said(wrapped)[1] == ("Customer", "b and more Gerda Holm: c")
    assert has_warning(wrapped, "“Gerda Holm:” begins a line and was read as text")
    paragraphs = "Rep: a\n\nCustomer: b\nand more\n\nGerda Holm: c\nyes\n\nRep: d"
    assert speakers(parse_transcript(paragraphs)) == ("Rep", "Customer", "Gerda Holm")


def test_one_who_speaks_once_in_captions_is_a_speaker() -> None:
    cues = ["Rep: So?", "Customer: No.", "Gerda Holm: I decide.", "Rep: Oh.", "Customer: Well."]
    text = "WEBVTT\n\n" + "\n\n".join(f"00:0{at}.000 --> 00:0{at}.900\n{cue}" for at, cue in enumerate(cues))
    assert speakers(parse_transcript(text)) == ("Rep", "Customer", "Gerda Holm")
    assert said(parse_transcript(text.replace("Gerda Holm", "Quick answer")))[1] == (
        "Customer",
        "No. Quick answer: I decide.",
    )


def test_two_spellings_of_one_name_are_one_speaker() -> None:
    call = parse_transcript("Zoe\u0308: a\nKai: b\nZo\u00eb: c\nKAI: d")
    assert speakers(call) == ("Zo\u00eb", "Kai")


@pytest.mark.parametrize(
    "lines",
    [
        "[Rep] hello\n[Customer] hi\n[Rep] so",
        "(speaker 0) hello\n(speaker 1) hi\n(speaker 0) so",
        "<a1> hello\n<b1> hi\n<a1> so\n<b1> no",
    ],
)
def test_labels_in_brackets_need_no_colon(lines: str) -> None:
    call = parse_transcript(lines)
    assert [turn.text for turn in call.turns][:2] == ["hello", "hi"]
    assert len(speakers(call)) == 2


def test_noises_in_brackets_are_nobody() -> None:
    text = "[Ida] hello\n[laughs] oh\n[Bo] hi\n[Ida] so\n[laughs] well\n[Bo] yes"
    assert said(parse_transcript(text)) == [
        ("Ida", "hello [laughs] oh"),
        ("Bo", "hi"),
        ("Ida", "so [laughs] well"),
        ("Bo", "yes"),
    ]
    assert said(parse_transcript("Rep: a\n[laughs] b\nCustomer: c\n[laughs] d")) == [
        ("Rep", "a [laughs] b"),
        ("Customer", "c [laughs] d"),
    ]


@pytest.mark.parametrize(
    ("label", "shape"),
    [
        ("Note 2", Shape.NOBODY),
        ("Good news", Shape.NOBODY),
        ("to be clear", Shape.NOBODY),
        ("ida", Shape.ODD),
        ("Ida", Shape.WORD),
        ("Ida Holm", Shape.NAME),
        ("Participant", Shape.NAME),
        ("Al Price", Shape.NAME),
    ],
)
def test_the_shape_of_a_label(label: str, shape: Shape) -> None:
    assert shape_of(label) is shape


@pytest.mark.parametrize("label", ["", "  ", "He said “yes", '"quoted"', "a <b", "Stop.", "x" * 65, "http://a", "..."])
def test_what_is_no_label(label: str) -> None:
    assert tidy_label(label) is None

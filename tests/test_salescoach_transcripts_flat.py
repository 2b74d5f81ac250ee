"""Calls that lost their line breaks."""

import pytest

from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import has_warning, said

_SAID = [
    ("Seller", "Does the crane fit?"),
    ("Buyer", "Yes, note: it is tall."),
    ("Seller", "How tall?"),
    ("Buyer", "9 m."),
]


@pytest.mark.parametrize("between", [" ", "\\n", " \\n ", " | ", "<br>", " <br/> "])
@pytest.mark.parametrize("label", ["{name}: ", "[0:0{n}] {name}: ", "0:0{n} {name}: "])
def test_a_call_on_one_line_is_cut(between: str, label: str) -> None:
    text = between.join(f"{label.format(name=name, n=n)}{words}" for n, (name, words) in enumerate(_SAID))
    call = parse_transcript(text)
    assert said(call) == _SAID
    assert has_warning(call, "Several speakers stood on one line, which was cut where “Seller:” and “Buyer:” stands")
    assert [turn.start_s for turn in call.turns] == ([0, 1, 2, 3] if "0:0" in text else [None] * 4)


def test_names_are_cut_where_they_take_turns_and_sentences_end() -> None:
    text = "Dirk Aal: Is it dry? Mia Sol: Mostly. Dirk Aal: The roof too? Mia Sol: My fear: not. Dirk Aal: Oh."
    assert [name for name, _ in said(parse_transcript(text))] == ["Dirk Aal", "Mia Sol"] * 2 + ["Dirk Aal"]


def test_lines_of_several_speakers_each_are_cut() -> None:
    text = "Rep: one. Customer: two. Rep: three.\nCustomer: four. Rep: five."
    assert [words for _, words in said(parse_transcript(text))] == ["one.", "two.", "three.", "four.", "five."]


def test_role_words_need_no_end_of_a_sentence() -> None:
    assert said(parse_transcript("Agent: so when Customer: in May Agent: and the fee Customer: hm")) == [
        ("Agent", "so when"),
        ("Customer", "in May"),
        ("Agent", "and the fee"),
        ("Customer", "hm"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Rep: He said: buy. Then: sell. And the customer: nothing.",
        "Rep: Two things. Price: 40. Price: 50. Price: 60.",
        "Rep: I told Anna. Anna: what a name. Anna: it is mine.",
    ],
)
def test_colons_within_one_turn_cut_nothing(text: str) -> None:
    assert said(parse_transcript(text)) == [("Rep", text.removeprefix("Rep: "))]


def test_a_label_within_one_of_many_lines_is_told() -> None:
    text = "Rep: one\nCustomer: two\nRep: three. Customer: four.\nCustomer: five\nRep: six"
    call = parse_transcript(text)
    assert said(call)[2] == ("Rep", "three. Customer: four.")
    assert has_warning(call, "Line 3 holds a speaker's label within")

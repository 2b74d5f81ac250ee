"""Masking of past calls' names, sums and addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.reading.labelled import read_calls
from salescoach.reading.transcripts import parse_transcript
from salescoach.redact.masking import AMOUNT, CONTACT, NAME, mask
from training.sample import write_sample
from training.sample.phrasebook import load_lexicon


def masked(text: str, rest: str = "Customer: yes") -> str:
    return mask(text, parse_transcript(f"Rep: {text}\n{rest}"))


@pytest.mark.parametrize(
    ("said", "suggested"),
    [
        ("Thanks, Priya, what did Brackenfield Oil say?", f"Thanks, {NAME}, what did {NAME} say?"),
        ("Dana from Pell & Marrow asked.", f"{NAME} from {NAME} asked."),
        ("Anita's team will hate it.", f"{NAME}'s team will hate it."),
        ("Sounds good. What would Friday change?", "Sounds good. What would Friday change?"),
        ("I'd put that beside what it costs you.", "I'd put that beside what it costs you."),
        ("It is €1,200 a month, or 15 % off.", f"It is {AMOUNT}, or {AMOUNT} off."),
        ("Twenty-three thousand dollars, then.", f"{AMOUNT}, then."),
        ("It is three hundred and ninety thousand a year.", f"It is {AMOUNT}."),
        ("They said five forty-five.", f"They said {AMOUNT}."),
        ("We pay twelve pounds a seat.", f"We pay {AMOUNT} a seat."),
        ("Give me two weeks and three people.", "Give me two weeks and three people."),
        ("Write to ann.hale@pell.example or +44 20 7946 0018.", f"Write to {CONTACT} or {CONTACT}."),
    ],
)
def test_what_is_masked_and_what_is_not(said, suggested):
    assert masked(said) == suggested


def test_a_name_at_the_start_of_a_sentence_is_known_by_the_rest_of_the_call():
    assert masked("Tavrelin is free.", "Customer: How long does Tavrelin take?") == f"{NAME} is free."
    assert masked("Setup is free.", "Customer: How long does the setup take?") == "Setup is free."


def test_speakers_are_names_and_labels_are_not():
    call = parse_transcript("Mara Voss: I am mara, hello.\nCustomer: The customer knows.", rep="Mara Voss")
    assert mask(call.turns[0].text, call) == f"I am {NAME}, hello."
    assert mask(call.turns[1].text, call) == "The customer knows."


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Simulated calls, whose people, firms and prices are all slots that the lexicon fills."""
    path = tmp_path_factory.mktemp("sample") / "calls.csv"
    write_sample(path, n_calls=16, seed=8)
    return [call.transcript for call in read_calls(path)]


def test_nothing_that_tells_the_account_is_left(sample):
    lexicon = load_lexicon()
    groups = [lexicon["people"], lexicon["reps"], lexicon["cities"]]
    groups += [names for kind in ("sellers", "products", "rivals") for names in lexicon[kind].values()]
    known = re.compile(rf"\b(?:{'|'.join(re.escape(name) for names in groups for name in names)})\b")
    assert any(known.search(turn.text) for call in sample for turn in call.turns)
    for call in sample:
        for turn in call.turns:
            said = mask(turn.text, call)
            assert not known.search(said), said
            assert not re.search(r"\b(hundred|thousand|percent)\b|[$£€]|\d{3}", said), said


@given(st.text(max_size=200))
def test_any_text_can_be_masked_and_masking_twice_changes_nothing(text):
    said = "Rep: hello"
    call = parse_transcript(f"{said}\nCustomer: yes")
    once = mask(text, call)
    assert mask(once, call) == once

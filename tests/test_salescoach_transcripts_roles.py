"""Who is on which side."""

import pytest

from salescoach.errors import InputError
from salescoach.reading.transcripts import (
    assign_roles,
    parse_transcript,
)
from tests.transcript_examples import has_warning


def _roles(text: str, rep: str | None = None) -> dict[str, str]:
    return {turn.speaker: turn.role for turn in parse_transcript(text, rep=rep or ()).turns}


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("REP", "rep"),
        ("Rep (Anna)", "rep"),
        ("Anna (Sales Rep)", "rep"),
        ("Account Executive", "rep"),
        ("SDR 2", "rep"),
        ("Agent", "rep"),
        ("customer 1", "customer"),
        ("Dana - Buyer", "customer"),
        ("Prospect", "customer"),
        ("Caller", "customer"),
        ("Customer Success Manager", "rep"),
        ("Reppert", "unknown"),
        ("Dana", "unknown"),
    ],
)
def test_role_words(label: str, role: str) -> None:
    assert _roles(f"{label}: hello\n{label}: again")[label] == role


def test_names_only_are_unknown_and_named() -> None:
    call = parse_transcript("Anna: hi\nBen: hello\nAnna: well")
    assert {turn.role for turn in call.turns} == {"unknown"}
    assert has_warning(call, r"Anna and Ben.*--rep NAME")


def test_one_role_word_and_one_name() -> None:
    call = parse_transcript("Rep: hi\nDana: hello")
    assert [turn.role for turn in call.turns] == ["rep", "customer"]
    assert has_warning(call, "“Dana” was taken as the customer")
    assert _roles("Rep: hi\nDana: hello\nTom: hm\nDana: so\nTom: no") == {
        "Rep": "rep",
        "Dana": "unknown",
        "Tom": "unknown",
    }


def test_rep_by_name() -> None:
    text = "Anna Weber: hi\nDana Roy: hello\nAgent 2: hm\nAnna Weber: so\nDana Roy: no"
    expected = {"Anna Weber": "rep", "Dana Roy": "customer", "Agent 2": "rep"}
    for rep in ("Anna Weber", "anna weber", "ANNA"):
        assert _roles(text, rep) == expected
    assert _roles("Agent: hi\nSeller: hello", "Agent") == {"Agent": "rep", "Seller": "customer"}


def test_assign_roles_replaces_the_warning() -> None:
    call = parse_transcript("Anna: hi\nBen: hello\nAnna: well\nBen: so")
    assigned = assign_roles(call, "ben")
    assert [turn.role for turn in assigned.turns] == ["customer", "rep", "customer", "rep"]
    assert assigned.warnings == ()
    assert call.turns[0].role == "unknown"


@pytest.mark.parametrize(
    ("text", "rep", "message"),
    [
        ("Anna: hi\nBen: hello", "Carl", "“Carl” does not speak .* Anna and Ben"),
        ("Anna Weber: hi\nAnna Roy: hello", "anna", "could be Anna Weber and Anna Roy"),
        ("hello\nthere", "Anna", "names no speakers"),
        ("Anna: hi\nBen: hello", "  ", "does not speak"),
    ],
)
def test_unclear_rep(text: str, rep: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_transcript(text, rep=rep)


def test_one_side_only_issaid() -> None:
    assert has_warning(parse_transcript("Rep: hi\nRep: hello"), "customer does not speak")

"""What becomes of true and false statements of a language model, each as a draft of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.statements import kind_of, sentences
from eval.statements import outcomes

KNOWN: dict[str, Any] = json.loads((Path(__file__).parent / "statements.json").read_text("utf-8"))


def found(truth: str, name: str) -> list[tuple[str, str]]:
    return [one for statements in KNOWN[truth][name].values() for one in outcomes(KNOWN, statements)]


@pytest.mark.parametrize("name", KNOWN["false"])
def test_no_false_statement_reaches_the_user_as_checked(name: str) -> None:
    statements = found("false", name)
    assert len(statements) >= 20
    assert [text for what, text in statements if what == "checked"] == []
    assert sum(what == "refused" for what, _ in statements) >= 0.9 * len(statements)


def test_most_true_statements_reach_the_user_as_the_facts_that_say_them() -> None:
    seen, unseen = found("true", "seen"), found("true", "unseen")
    assert len(seen) == 60
    assert sum(what == "checked" for what, _ in seen) >= 48
    assert sum(what == "checked" for what, _ in unseen) >= 0.7 * len(unseen)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("So far:", "nothing"),
        ("Next", "nothing"),
        ("You're welcome!", "courtesy"),
        ("What do they compare it with?", "question"),
        ("“Will you sign?” is what they heard.", "statement"),
        ("I can't say whether they will sign.", "of the answer"),
        ("Ask what they compare it with.", "advice"),
        ("Paste a call, please.", "courtesy"),
        ("Ask me about the call.", "courtesy"),
        ("Ask me about the call, which is won.", "statement"),
        ("Call ex-03 was won.", "statement"),
        ("It's in the can.", "statement"),
        ("Yes.", "statement"),
        ("★★★★★", "statement"),
        ("Outcome: WON", "statement"),
        ("Es ist sicher.", "statement"),
    ],
)
def test_what_is_not_known_to_state_nothing_is_a_statement(sentence: str, kind: str) -> None:
    assert kind_of(sentence) == kind


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("1. First thing.\n2. Second thing.", ["First thing.", "Second thing."]),
        ("It cost 2.5 points. So what?", ["It cost 2.5 points.", "So what?"]),
        ("He said “No. Never.” and left. Then he came back.", ["He said “No. Never.” and left.", "Then he came back."]),
        ("It came up. \ue000 Then nothing.", ["It came up. \ue000", "Then nothing."]),
        ("It came up. \ue000", ["It came up. \ue000"]),
        ("", []),
    ],
)
def test_a_draft_is_read_sentence_by_sentence(text: str, parts: list[str]) -> None:
    markers = frozenset(at for at, sign in enumerate(text) if sign == "\ue000")
    assert [text[one.start : one.end].strip() for one in sentences(text, markers)] == parts

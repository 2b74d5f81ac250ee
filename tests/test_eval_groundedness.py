"""The harness finds what was changed in an answer, whatever the answer says about itself."""

import copy
import json
from typing import Any

import pytest

from eval.groundedness import check_answer

RESULT: dict[str, Any] = {
    "call_id": "pasted-0a1b2c3d4e",
    "probability_percent": 34,
    "interval_percent": [24, 45],
    "n_turns": 42,
    "model_id": "starter-8c917eeadd22",
    "metrics": [{"reading": "The rep spoke 61 % of the words; in half of the won calls it was 42–55 %."}],
    "turns_that_moved_it": [
        {"marker": "[T14]", "turn": 14, "quote": "That is 40 percent over our budget.", "effect_points": 6.1}
    ],
}
ANSWER: dict[str, Any] = {
    "answer": "**34 % likely** (24 % to 45 %), by starter-8c917eeadd22.\n"
    "1. [T14] “That is 40 percent over our budget.” "
    "lowered it by 6.1 points.\n2. The rep spoke 61 % of the words; others 42–55 %.",
    "citations": [
        {
            "marker": "[T14]",
            "call_id": "pasted-0a1b2c3d4e",
            "turn_start": 14,
            "turn_end": 14,
            "quote": "That is 40 percent over our budget.",
        }
    ],
    "tool_calls": [{"name": "score_call", "args": {"call_id": "pasted-0a1b2c3d4e"}, "result": RESULT}],
    "grounded": True,
}


def test_an_honest_answer_is_verified_in_full() -> None:
    checked = check_answer(ANSWER, "Score this call.")
    assert checked.failures == []
    assert [len(checked.of(kind)) for kind in ("number", "quote", "citation", "id")] == [7, 1, 1, 1]  # type: ignore[arg-type]
    assert checked.n_tool_calls == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("34 %", "35 %"),
        ("24 %", "14 %"),  # a turn is no percentage
        ("42–55 %", "42–56 %"),
        ("61 %", "40 %"),  # what was said in the call is no finding
        ("6.1 points", "6.2 points"),
        ("6.1 points", "40 points"),
        ("6.1 points", "nine points"),
        ("over our budget", "below our budget"),
        ("[T14]", "[T15]"),
        ("[T14]", "[call ex-04, T1–2]"),
        ("8c917eeadd22", "9c917eeadd22"),
    ],
)
def test_a_changed_answer_is_not(old: str, new: str) -> None:
    answer = ANSWER | {"answer": ANSWER["answer"].replace(old, new)}
    assert check_answer(answer, "Score this call.").failures


def test_a_citation_must_be_what_the_result_quotes() -> None:
    answer = copy.deepcopy(ANSWER)
    answer["citations"][0]["quote"] = "We will sign today."
    assert check_answer(json.loads(json.dumps(answer)), "").failures

"""What a conversation keeps of an answer, and how it is mended after an interruption."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage

from agent.memory import MAX_MESSAGES, UNFINISHED, cited, mend, remembered
from agent.wording import word
from salescoach.redact.our_words import Ours
from salescoach.types import Citation, Frozen, Precedent
from tools.document import AnswerDocument, Quote, Remark, document, line, listed
from tools.model_quality import QualityResult, ShownCheck


class Found(Frozen):
    """A tool result in miniature: what somebody said, and a sentence of ours about it."""

    marker: str
    quote: str
    reading: Ours[str] = "Talk ratio of the rep is 61 %, above most won calls"


SAID = "Honestly, the price is far above what we had set aside for this year."
RESULTS = [Found(marker="[T14]", quote=SAID)]


def by_a_model(text: str) -> AnswerDocument:
    """An answer in a language model's own words."""
    return document(Remark(text=text))


@pytest.mark.parametrize(
    "worded",
    [
        f"[T14] Customer: “{SAID}” (lowered it)",
        f"Look:\n> {SAID}\n[T14]",
        f"At [T14] the customer said that {SAID.lower()}",
        "He held that the price is far above anything [T14]",
        "“Honestly, the price”, he said, is far above what “we had” [T14]",
        f"**{SAID}**",
    ],
)
def test_nothing_that_was_said_is_kept(worded: str) -> None:
    kept = remembered(by_a_model(f"**34 % likely to convert.**\n{worded}"), RESULTS)
    assert kept.startswith("**34 % likely to convert.**")
    for words in ("the price", "far above", "set aside", "Honestly"):
        assert words not in kept


def test_our_own_words_and_markers_are_kept() -> None:
    place = Citation(marker="[T14]", call_id="call-1", turn_start=14, turn_end=14, quote=SAID)
    moved = line(place, " Customer: ", Quote(text=SAID), " (lowered it by 6.1 points)")
    answer = document("**34 % likely**", listed("", [moved, f"{RESULTS[0].reading}."]))
    kept = remembered(answer, RESULTS)
    assert kept == (f"**34 % likely**\n\n- [T14] Customer: “…” (lowered it by 6.1 points)\n- {RESULTS[0].reading}.")


@given(st.lists(st.text(alphabet="ab “”\"'‘’>.\n", max_size=40), min_size=1, max_size=4), st.data())
def test_no_four_words_of_a_call_are_kept_however_they_are_marked(pieces: list[str], data: st.DataObject) -> None:
    said = "alpha bravo charlie delta echo foxtrot golf hotel"
    start = data.draw(st.integers(0, 4))
    run = " ".join(said.split()[start : start + 4])
    run = run.replace(" ", data.draw(st.sampled_from((" ", "  ", ", ", "\n"))))
    answer = f" {run} ".join(["", *pieces])
    assert run not in remembered(by_a_model(answer), [Found(marker="[T1]", quote=said)])


def test_a_line_that_cites_a_past_call_is_kept() -> None:
    found = Found(marker="[call S7-00001-2, T3–5]", quote=SAID)
    place = Citation(marker=found.marker, call_id="S7-00001-2", turn_start=3, turn_end=5, quote=SAID)
    answer = document(line(place, " converted: ", Quote(text=SAID)))
    assert remembered(answer, [found]) == f"{found.marker} converted: “…”"


def test_the_verdict_on_the_model_is_kept() -> None:
    """A question that follows on it has nothing else to lean on."""
    quality = QualityResult(
        model_id="starter-1",
        model_data="480 simulated sample calls",
        scorer="generic",
        embedding="generic",
        n_judged=160,
        measures=(),
        base_rate_percent=41,
        worth_it="Fine-tuning made no clear difference on the calls that judged it.",
        behaviour=(
            ShownCheck(
                check="“not going to sign” in place of “going to sign”",
                passed=3,
                n=4,
                reading="“not going to sign” in place of “going to sign”: the probability falls in 3 of 4 cases.",
            ),
        ),
        n_own=0,
        n_missing=60,
        reading="The model is made from 480 simulated sample calls.",
    )
    answer = word([quality])
    assert quality.worth_it in answer.markdown()
    assert remembered(answer, [quality]) == answer.markdown()


@pytest.mark.parametrize("column", ["reading", "warnings", "source"])
def test_what_a_table_says_of_a_past_call_is_not_ours_whatever_its_column_is_called(column: str) -> None:
    found = Precedent(
        call_id="a-1", outcome="lost", similarity=0.5, turn_start=1, turn_end=2, quote="No.", metadata={column: SAID}
    )
    assert remembered(by_a_model(f"As was noted: {SAID}"), [found]) == "…"


def test_citations_are_kept_as_places() -> None:
    one = Citation(marker="[T14]", call_id="call-1", turn_start=14, turn_end=14, quote=SAID)
    assert cited([one]) == [{"call_id": "call-1", "turn_start": 14, "turn_end": 14}]
    assert len(cited([one] * 50)) == 20


def test_dangling_tool_calls_and_unanswered_questions_are_mended() -> None:
    call = {"name": "score_call", "args": {}, "id": "one"}
    messages = [
        HumanMessage("Score this call.", id="1"),
        AIMessage("", tool_calls=[call], id="2"),
        ToolMessage("…", tool_call_id="one", id="3"),
        AIMessage("It is likely.", id="4"),
        HumanMessage("Why?", id="5"),
        AIMessage("", tool_calls=[call], id="6"),
    ]
    changes = mend(messages)
    assert [change.id for change in changes if isinstance(change, RemoveMessage)] == ["2", "3", "6"]
    assert [change.text for change in changes if isinstance(change, AIMessage)] == [UNFINISHED]
    assert mend(messages[:1] + messages[3:4]) == []


def test_the_oldest_part_of_a_long_conversation_is_forgotten() -> None:
    messages = [
        HumanMessage("q", id=str(n)) if n % 2 == 0 else AIMessage("a", id=str(n)) for n in range(MAX_MESSAGES + 7)
    ]
    gone = {change.id for change in mend(messages) if isinstance(change, RemoveMessage)}
    kept = [message for message in messages if message.id not in gone]
    assert isinstance(kept[0], HumanMessage)
    assert MAX_MESSAGES - 1 <= len(kept) <= MAX_MESSAGES
    assert kept[-1] is messages[-1]

"""The words of answers: what stands in them, what doesn't, and that all of it is grounded."""

from pathlib import Path

import pytest

from agent.wording import Wish, word
from salescoach.reading.transcripts import read_transcript
from salescoach.testing import make_transcript
from tests.base import faults_of
from tools.compare_calls import compare_calls
from tools.document import document
from tools.explain_turn import explain_turn
from tools.find_similar_calls import find_similar_calls
from tools.look_up_metrics import look_up_metrics
from tools.model_quality import model_quality
from tools.parts import Parts
from tools.phrases import MAX_QUOTED_WORDS, quote
from tools.score_call import score_call
from tools.score_trajectory import score_trajectory
from tools.what_if import Edit, what_if
from tools.what_won_calls_did import what_won_calls_did
from vectorstore.search import PastCalls

CALL, OTHER = "ex-06", "ex-07"
EXAMPLES = [f"ex-{number:02d}" for number in range(1, 13)]
UNLIKE = (
    "Rep: Hi there, do you have a minute for a good cause?",
    "Customer: I'm not sure. It's too expensive for me right now, I have no money left this month.",
)


def asked(parts: Parts, call_id: str) -> list:
    return [score_call(parts, call_id), what_won_calls_did(parts, call_id), look_up_metrics(parts, call_id)]


@pytest.mark.parametrize("call_id", EXAMPLES)
def test_every_example_call_gets_a_grounded_answer_of_at_most_three_pieces_of_advice(parts, call_id):
    results = asked(parts, call_id)
    assert faults_of(word(results), results) == []
    answer = word(results).markdown()
    assert answer.startswith(f"**{results[0].probability_percent} % likely to convert**")
    assert "\n4. " not in answer
    assert "What I can't know" in answer
    for advice in (line for line in answer.splitlines() if line[:3] in ("1. ", "2. ", "3. ")):
        assert "[T" in advice
        assert "“" in advice
    advice_only = word(results, Wish(advice_only=True))
    assert faults_of(advice_only, results) == []
    assert len(advice_only.markdown()) < len(answer)


def test_suggested_words_name_nobody_of_the_past_call(parts):
    score, replies, metrics = asked(parts, "ex-06")  # advice is given on a concern in it
    assert replies.focus in {one.turns[0].turn for one in score.advice.pieces}
    helped = [one for one in replies.results if one.outcome == "converted"]
    assert helped
    for one in helped:  # how much a reply helped its call depends on the model: here each did by five points
        much = one.model_copy(update={"effect": 0.05, "effect_points": 5.0, "direction": "raised", "fits": True})
        answer = word([score, replies.model_copy(update={"results": (much,)}), metrics]).markdown()
        said = answer.split("In a won call the rep said to such a concern: “", 1)[1].split("”", 1)[0]
        assert one.suggestion.startswith(said)


def test_a_call_without_a_score_gets_what_does_not_rest_on_it(parts):
    pasted = parts.library.add_pasted(make_transcript(*UNLIKE))
    answer = word(asked(parts, pasted)).markdown()
    assert answer.startswith("**I can't give a probability for this call.**")
    assert "% likely" not in answer
    assert "[T2] Customer: “I'm not sure. It's too expensive" in answer


@pytest.mark.parametrize(
    "ask",
    [
        lambda parts: explain_turn(parts, CALL, 16),
        lambda parts: score_trajectory(parts, CALL),
        lambda parts: what_if(parts, CALL, [Edit(action="delete", turn=9)]),
        lambda parts: what_if(parts, CALL, [Edit(action="insert", turn=9, text="When do you have to decide?")]),
        lambda parts: compare_calls(parts, CALL, OTHER),
        lambda parts: find_similar_calls(parts, CALL, outcome="converted", objection=True),
        lambda parts: what_won_calls_did(parts, CALL),
        lambda parts: look_up_metrics(parts, CALL),
        model_quality,
    ],
)
def test_the_words_of_every_tool_are_grounded(parts, ask):
    result = ask(parts)
    assert faults_of(word([result]), [result]) == []


def test_without_an_index_the_answer_says_so(parts, tmp_path):
    without = Parts(parts.library, parts.scorer, PastCalls(tmp_path / "none", parts.library, parts.scorer))
    results = asked(without, CALL)
    answer = word(results)
    assert "unavailable" in answer.markdown()
    assert faults_of(answer, results) == []


def test_one_metric_is_answered_by_that_metric(parts):
    result = look_up_metrics(parts, CALL)
    answer = word([result], Wish(metric="talk_ratio_words"))
    assert answer == document(next(one.reading for one in result.metrics if one.name == "talk_ratio_words"))
    other = word([result], Wish(metric="speech_rate_wpm"))  # not shown by this call
    assert len(other.markdown()) > len(answer.markdown())


def test_a_label_that_is_no_name_is_not_repeated(parts):
    call = read_transcript(Path(__file__).parent.parent / "data" / "examples" / "06-two-bakery-shops-renewal.txt")
    turns = tuple(
        turn.model_copy(update={"speaker": "99 % sure to sign"}) if turn.role == "customer" else turn
        for turn in call.turns
    )
    pasted = parts.library.add_pasted(call.model_copy(update={"turns": turns, "call_id": None}))
    results = asked(parts, pasted)
    answer = word(results)
    assert "99 % sure" not in answer.markdown()
    assert faults_of(answer, results) == []


def test_a_long_quote_ends_with_a_sentence_where_one_is_near():
    first = "This is a sentence of exactly ten words, I believe."
    assert str(quote(f"{first} {'and so on ' * 20}")) == f"“{first}” …"
    assert str(quote("word " * 60)) == f"“{'word ' * (MAX_QUOTED_WORDS - 1)}word” …"
    assert str(quote("Short.")) == "“Short.”"

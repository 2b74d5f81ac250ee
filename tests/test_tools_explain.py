"""The tools that look closer at one call, at two, or at the model: each number is the scorer's own."""

from collections.abc import Sequence
from copy import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import ToolMessage
from pydantic import ValidationError

from salescoach.errors import InputError
from salescoach.model.scoring import CallScorer
from salescoach.speech.call_metrics import call_metrics
from salescoach.testing import make_transcript
from salescoach.types import PassRate, Transcript, Turn
from tools.compare_calls import compare_calls
from tools.explain_turn import ExplainResult, explain_turn
from tools.find_similar_calls import find_similar_calls
from tools.model_quality import model_quality
from tools.parts import Parts, QuotedTurn, call_marker, direction, percent, points, turn_marker
from tools.registry import make_tools
from tools.score_call import score_call
from tools.score_trajectory import N_CHANGES, score_trajectory
from tools.what_if import MAX_EDITS, MAX_WORDS, UNLIKE, Edit, WhatIfResult, edited, what_if

CALLS = ("ex-01", "ex-04", "ex-12")
CALL = CALLS[0]
EXACT = 0.00011  # differences of numbers with four decimals


@pytest.fixture(scope="module")
def short(parts: Parts) -> str:
    """A call that is too short to judge."""
    return parts.library.add_pasted(make_transcript("Rep: Hello.", "Customer: Not now.", "Rep: When then?"))


def transcript_of(parts: Parts, call_id: str) -> Transcript:
    return parts.library.get(call_id).transcript


def probability(parts: Parts, transcript: Transcript) -> float:
    found = parts.scorer.score(transcript).probability
    assert found is not None
    return found


def call_tool(parts: Parts, name: str, **args: Any) -> ToolMessage:
    tool = {one.name: one for one in make_tools(parts)}[name]
    message = tool.invoke({"type": "tool_call", "id": "1", "name": name, "args": args})
    assert isinstance(message, ToolMessage)
    return message


def change(parts: Parts, *edits: Edit, call_id: str = CALL) -> WhatIfResult:
    return what_if(parts, call_id, edits)


# explain_turn


@pytest.mark.parametrize("call_id", CALLS)
def test_the_effect_of_each_turn_is_the_score_less_that_of_the_call_without_it(parts: Parts, call_id: str) -> None:
    transcript = transcript_of(parts, call_id)
    whole = probability(parts, transcript)
    for turn in range(1, len(transcript) + 1, 7):
        without = probability(parts, transcript.without(turn))
        found = explain_turn(parts, call_id, turn)
        assert found.effect == pytest.approx(whole - without, abs=EXACT)
        assert (found.probability_percent, found.without_percent) == (percent(whole), percent(without))
        assert found.direction == direction(found.effect or 0.0)
        assert found.effect_points == points(found.effect or 0.0)


def test_ranks_order_the_turns_by_their_effect_as_the_score_does(parts: Parts) -> None:
    n_turns = len(transcript_of(parts, CALL))
    found = [explain_turn(parts, CALL, turn) for turn in range(1, n_turns + 1)]
    by_rank = sorted(found, key=lambda one: one.rank or 0)
    sizes = [abs(one.effect or 0.0) for one in by_rank]
    assert sizes == sorted(sizes, reverse=True)
    shown = score_call(parts, CALL).turns_that_moved_it
    assert [one.rank for one in found if one.turn == shown[0].turn] == [1]
    assert {one.n_turns for one in found} == {n_turns}


@pytest.mark.parametrize(("turn", "around"), [(1, [2, 3]), (2, [1, 3, 4]), (6, [4, 5, 7, 8]), (56, [54, 55])])
def test_a_turn_is_shown_with_what_was_said_around_it(parts: Parts, turn: int, around: list[int]) -> None:
    turns = transcript_of(parts, CALL).turns
    found = explain_turn(parts, CALL, turn)
    assert [one.turn for one in found.context] == around
    shown: list[ExplainResult | QuotedTurn] = [found, *found.context]
    for one in shown:
        said = turns[one.turn - 1]
        assert (one.quote, one.speaker, one.role) == (said.text, said.speaker, said.role)
        assert one.marker == turn_marker(one.turn)


def test_a_turn_of_a_call_without_a_score_has_no_effect(parts: Parts, short: str) -> None:
    found = explain_turn(parts, short, 2)
    assert (found.effect, found.effect_points, found.direction, found.rank) == (None, None, None, None)
    assert (found.probability_percent, found.without_percent) == (None, None)
    assert any("too short" in reason for reason in found.reasons)
    assert (found.quote, len(found.context)) == ("Not now.", 2)


@pytest.mark.parametrize("turn", [0, -1, 57, 9999])
def test_there_are_only_the_turns_that_there_are(parts: Parts, turn: int) -> None:
    with pytest.raises(InputError, match=rf"turns 1 to 56; there is no turn {turn}\."):
        explain_turn(parts, CALL, turn)


# score_trajectory


@pytest.mark.parametrize("call_id", CALLS)
def test_the_trajectory_has_the_score_of_each_prefix_that_can_be_judged(parts: Parts, call_id: str) -> None:
    transcript = transcript_of(parts, call_id)
    found = score_trajectory(parts, call_id)
    shown = {point.turn: point.probability_percent for point in found.points_of_call}
    assert list(shown) == list(range(min(shown), len(transcript) + 1))
    assert shown[len(transcript)] == found.probability_percent == percent(probability(parts, transcript))
    for turn in (min(shown), len(transcript) // 2):
        there = parts.scorer.score(transcript.prefix(turn), force=True)
        assert shown[turn] == percent(there.probability or there.uncalibrated_probability or 0.0)
    assert "too short" in parts.scorer.score(transcript.prefix(min(shown) - 1)).reasons[0]
    assert shown[found.lowest_turn or 0] == min(shown.values())
    assert shown[found.highest_turn or 0] == max(shown.values())


@pytest.mark.parametrize("call_id", CALLS)
def test_the_largest_changes_are_quoted_in_the_order_of_the_call(parts: Parts, call_id: str) -> None:
    transcript = transcript_of(parts, call_id)
    found = score_trajectory(parts, call_id)
    score = parts.scorer.score(transcript).trajectory[found.points_of_call[0].turn - 1 :]
    sizes = {after.turn: points(after.probability - before.probability) for before, after in pairwise(score)}
    turns = [one.turn for one in found.changes]
    assert turns == sorted(turns)
    assert len(turns) == N_CHANGES
    assert min(sizes[turn] for turn in turns) >= max(size for turn, size in sizes.items() if turn not in turns)
    for one in found.changes:
        assert one.change_points == sizes[one.turn] > 0
        assert one.quote == transcript.turns[one.turn - 1].text
        assert (one.after_percent >= one.before_percent) == (one.direction == "raised") or (
            one.after_percent == one.before_percent
        )


def test_a_call_without_a_score_has_no_trajectory(parts: Parts, short: str) -> None:
    found = score_trajectory(parts, short)
    assert (found.points_of_call, found.changes, found.lowest_turn, found.highest_turn) == ((), (), None, None)
    assert found.reasons


# what_if


@pytest.mark.parametrize("call_id", CALLS)
def test_a_turn_left_out_changes_the_score_by_its_effect(parts: Parts, call_id: str) -> None:
    for turn in range(1, len(transcript_of(parts, call_id)) + 1, 9):
        effect = explain_turn(parts, call_id, turn)
        found = change(parts, Edit(action="delete", turn=turn), call_id=call_id)
        assert (found.before_percent, found.after_percent) == (effect.probability_percent, effect.without_percent)
        assert found.change_points == effect.effect_points
        opposite = {"raised": "lowered", "lowered": "raised", "did not move": "did not move"}
        assert found.direction == opposite[effect.direction or ""]


@pytest.mark.parametrize("call_id", CALLS)
def test_a_turn_replaced_by_itself_changes_nothing(parts: Parts, call_id: str) -> None:
    for turn, said in enumerate(transcript_of(parts, call_id).turns, start=1):
        if turn % 8 == 1:
            found = change(parts, Edit(action="replace", turn=turn, text=said.text), call_id=call_id)
            assert (found.change_points, found.direction, found.unavailable) == (0.0, "did not move", None)


def test_all_edits_are_made_at_once_by_the_numbers_of_the_call_as_it_is(parts: Parts) -> None:
    transcript = make_transcript("Rep: One.", "Customer: Two.", "Rep: Three.", "Customer: Four.")
    call = parts.library.get(parts.library.add_pasted(transcript))
    edits = [
        Edit(action="insert", turn=0, text="Zero."),
        Edit(action="delete", turn=1),
        Edit(action="insert", turn=1, text="One and a half."),
        Edit(action="replace", turn=2, text="Not two.", role="rep"),
        Edit(action="insert", turn=4, text="Five.", role="customer"),
    ]
    shown = what_if(parts, call.call_id, edits).edits
    assert [(turn.speaker, turn.text) for turn in edited(call.transcript, shown).turns] == [
        ("Rep", "Zero."), ("Rep", "One and a half."), ("Rep", "Not two."), ("Rep", "Three."), ("Customer", "Four."),
        ("Customer", "Five."),
    ]  # fmt: skip
    assert [(one.marker, one.quote, one.role) for one in shown] == [
        (None, None, "rep"), ("[T1]", "One.", "rep"), ("[T1]", "One.", "rep"), ("[T2]", "Two.", "rep"),
        ("[T4]", "Four.", "customer"),
    ]  # fmt: skip


def test_the_new_score_is_that_of_the_edited_call_and_nothing_is_stored(parts: Parts) -> None:
    before = [call.model_dump_json() for call in parts.library.past_calls()]
    transcript = transcript_of(parts, CALL)
    text = "What would have to happen on your side for this to go ahead?"
    found = change(parts, Edit(action="insert", turn=20, text=f"  {text[:20]}\n\u200b{text[20:]} "))
    rep = next(turn.speaker for turn in transcript.turns if turn.role == "rep")
    assert found.edits[0].text == " ".join(f"{text[:20]} {text[20:]}".split())
    turns = [*transcript.turns]
    turns.insert(20, turns[0].model_copy(update={"speaker": rep, "role": "rep", "text": found.edits[0].text}))
    after = probability(parts, transcript.model_copy(update={"turns": tuple(turns)}))
    assert found.after_percent == percent(after)
    assert found.change_points == points(after - probability(parts, transcript))
    assert "not a cause" in found.reading
    assert [call.model_dump_json() for call in parts.library.past_calls()] == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing in the text"),
        (" \n\u200b", "nothing in the text"),
        ("...!?", "nothing in the text"),
        ("We could look at the price again. " * 30, f"{MAX_WORDS} are the limit"),
        ("interested " * 60, "over and over"),
        ("Ich verstehe, dass das Budget in diesem Quartal knapp ist.", "English"),
        ("我们可以下周再讨论一下价格和合同的问题吗?", "English"),
    ],
)
def test_what_the_model_does_not_know_is_refused(parts: Parts, text: str, why: str) -> None:
    found = change(parts, Edit(action="replace", turn=7, text=text))
    assert why in (found.unavailable or "")
    assert (found.before_percent, found.after_percent, found.change_points, found.direction) == (None,) * 4
    assert found.edits[0].quote == transcript_of(parts, CALL).turns[6].text


@pytest.mark.parametrize(
    "text",
    [
        "Shall we put Thursday at ten in the diary?",
        "I hear you on the price. What are you comparing it with?",
        "Tell me more about that.",
        "Okay.",
        "ok so whats the main problem ur trying to solve",
    ],
)
def test_what_a_rep_might_have_said_is_scored(parts: Parts, text: str) -> None:
    assert change(parts, Edit(action="insert", turn=7, text=text)).unavailable is None


def test_one_strange_text_among_good_ones_is_enough(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """By how unlike the model finds it; the starter itself finds few single turns unlike what it knows."""
    ordinary = parts.scorer.unlikeness_of

    def unlikeness_of(turns: Sequence[Turn]) -> np.ndarray:
        return ordinary(turns) + [1e3 * ("SELECT" in turn.text) for turn in turns]

    monkeypatch.setattr(parts.scorer, "unlikeness_of", unlikeness_of)
    good = Edit(action="insert", turn=7, text="Tell me more about that.")
    bad = Edit(action="insert", turn=9, text="SELECT name, COUNT(*) FROM users GROUP BY name HAVING COUNT(*) > 5;")
    assert change(parts, good, bad).unavailable == UNLIKE


def test_a_call_without_a_score_and_one_changed_too_much_are_refused(parts: Parts, short: str) -> None:
    assert "too short" in (change(parts, Edit(action="delete", turn=1), call_id=short).unavailable or "")
    whole = transcript_of(parts, CALL)
    n = next(n for n in range(6, len(whole)) if parts.scorer.score(whole.prefix(n)).probability is not None)
    just_enough = parts.library.add_pasted(whole.prefix(n).model_copy(update={"call_id": None}))
    found = change(parts, Edit(action="delete", turn=n), call_id=just_enough)
    assert "edited call can't be judged" in (found.unavailable or "")
    # What is said later in the same call is as like the training calls as the rest of it.
    edits = [Edit(action="insert", turn=turn, text=whole.turns[n + turn].text) for turn in range(1, n // 3 + 2)]
    assert f"{n // 3 + 1} of {n} turns" in (change(parts, *edits, call_id=just_enough).unavailable or "")
    assert change(parts, *edits[:-1], call_id=just_enough).unavailable is None


def test_edits_that_contradict_each_other_are_refused(parts: Parts) -> None:
    with pytest.raises(InputError, match="Turn 3 is edited twice"):
        change(parts, Edit(action="delete", turn=3), Edit(action="replace", turn=3, text="Tell me more."))
    with pytest.raises(InputError, match="there is no turn 57"):
        change(parts, Edit(action="insert", turn=57, text="Tell me more."))


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [{"action": "delete", "turn": number} for number in range(1, MAX_EDITS + 2)],
        [{"action": "delete", "turn": 0}],
        [{"action": "replace", "turn": 0, "text": "Hello."}],
        [{"action": "delete", "turn": 1, "text": "Hello."}],
        [{"action": "insert", "turn": 1}],
        [{"action": "insert", "turn": -1, "text": "Hello."}],
        [{"action": "insert", "turn": 1, "text": "x" * 5001}],
        [{"action": "insert", "turn": 1, "text": "Hello.", "role": "unknown"}],
        [{"action": "move", "turn": 1}],
        [{"action": "delete", "turn": 1, "probability": 0.99}],
    ],
)
def test_edits_that_make_no_sense_are_refused_before_anything_runs(parts: Parts, edits: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        call_tool(parts, "what_if", call_id=CALL, edits=edits)


# compare_calls


def test_two_calls_stand_side_by_side(parts: Parts) -> None:
    found = compare_calls(parts, CALLS[0], CALLS[1])
    scores = [parts.scorer.score(transcript_of(parts, call_id)) for call_id in CALLS[:2]]
    gap = (scores[0].probability or 0.0) - (scores[1].probability or 0.0)
    assert found.difference_points == points(gap)
    for shown, score in zip(found.calls, scores, strict=True):
        assert score.interval is not None
        assert shown.probability_percent == percent(score.probability or 0.0)
        assert shown.interval_percent == (percent(score.interval[0]), percent(score.interval[1]))
        assert [one.quote for one in shown.turns_that_moved_it] == [one.quote for one in score.evidence[:2]]
    assert [one.marker for one in found.calls[0].turns_that_moved_it] == [
        turn_marker(one.turn) for one in scores[0].evidence[:2]
    ]
    assert [one.marker for one in found.calls[1].turns_that_moved_it] == [
        call_marker(CALLS[1], one.turn, one.turn) for one in scores[1].evidence[:2]
    ]
    values = [call_metrics(transcript_of(parts, call_id), parts.library.moves_of(call_id)) for call_id in CALLS[:2]]
    assert {one.name: (one.value, one.other_value) for one in found.metrics} == {
        name: (value, values[1][name])
        for name, value in values[0].items()
        if value is not None and values[1][name] is not None
    }


def test_the_other_way_round_it_says_the_same(parts: Parts) -> None:
    one, other = compare_calls(parts, CALLS[0], CALLS[1]), compare_calls(parts, CALLS[1], CALLS[0])
    assert (one.difference_points, one.is_clear, one.reading) == (
        other.difference_points,
        other.is_clear,
        other.reading,
    )
    first, second = one.calls
    assert first.interval_percent is not None
    assert second.interval_percent is not None
    low, high = sorted((first.interval_percent, second.interval_percent))
    assert one.is_clear == (low[1] < high[0])
    assert ("overlap or aren't known" in one.reading) == (not one.is_clear)


def test_calls_of_which_one_has_no_score_are_not_set_against_each_other(parts: Parts, short: str) -> None:
    found = compare_calls(parts, CALL, short)
    assert (found.difference_points, found.is_clear) == (None, False)
    assert found.calls[0].probability_percent is not None
    assert found.calls[1].reasons
    assert found.metrics
    with pytest.raises(InputError, match="with itself"):
        compare_calls(parts, CALL, CALL)
    with pytest.raises(InputError, match="'nobody'"):
        compare_calls(parts, CALL, "nobody")


# model_quality


def test_the_quality_is_what_manifest_and_card_say(parts: Parts, coach_home: Path) -> None:
    found = model_quality(parts)
    manifest = parts.scorer.manifest
    card = next((coach_home / "models").glob("*/MODEL_CARD.md")).read_text(encoding="utf-8")
    assert found.worth_it == card.splitlines()[0] != ""
    assert (found.model_id, found.scorer, found.n_judged) == (manifest.model_id, manifest.scorer, manifest.n_test)
    auc = manifest.measures[manifest.scorer]["auc"]
    assert auc.ci is not None
    shown = {one.name: one for one in found.measures}
    assert (shown["auc"].value, shown["auc"].low, shown["auc"].high) == (auc.value, *auc.ci)
    assert f"{percent(auc.value)} %" in shown["auc"].reading
    assert list(shown) == ["auc", "accuracy", "ece"]
    assert "don't rank, pay or dismiss" in found.reading


def test_where_nothing_judged_nothing_is_claimed(parts: Parts) -> None:
    scorer = parts.scorer
    assert isinstance(scorer, CallScorer)
    checks = (PassRate(check="insult", expected="falls", passed=3, n=4, mean_change=-0.1),)
    manifest = scorer.manifest.model_copy(update={"measures": {}, "n_test": 0, "behaviour": checks})
    unjudged = copy(scorer)
    unjudged.manifest = manifest
    found = model_quality(Parts(parts.library, unjudged, parts.index))
    assert (found.n_judged, found.measures) == (None, ())
    assert "nothing is known of how good it is" in found.reading
    assert [one.reading for one in found.behaviour] == ["insult: the probability falls in 3 of 4 cases."]


# find_similar_calls by turn, industry and call type


def test_filters_let_no_other_call_through_and_all_that_fit(parts: Parts) -> None:
    summaries = parts.library.summaries()
    asking = parts.library.get(CALL)
    with_demos = {call.metadata["industry"] for call in summaries if call.metadata["call_type"] == "demo"}
    assert len(with_demos) > 2
    for industry in sorted(with_demos):
        for outcome in ("converted", "lost"):
            found = find_similar_calls(
                parts, CALL, outcome=outcome, k=10, industry=industry.upper().replace("_", " "), call_type="Demo"
            )
            fits = [
                call
                for call in summaries
                if (call.metadata["industry"], call.metadata["call_type"]) == (industry, "demo")
                and call.outcome == outcome
                and call.call_id != CALL
            ]
            assert (found.industry, found.call_type) == (industry, "demo")
            assert {one.call_id for one in found.results} <= {call.call_id for call in fits}
            # Later calls and near-duplicates are rightly missing.
            earlier = [call for call in fits if asking.started_at is None or call.started_at is None]
            assert len(found.results) >= min(10, len(earlier)) - 1


def test_values_that_no_past_call_has_are_named_with_those_that_there_are(parts: Parts) -> None:
    with pytest.raises(InputError, match=r"industry 'mining'; there are: .*insurance"):
        find_similar_calls(parts, CALL, industry="mining")
    with pytest.raises(InputError, match=r"call type 'lunch'; there are: .*demo"):
        find_similar_calls(parts, CALL, call_type="lunch")


def test_a_named_turn_chooses_the_calls_by_their_moments(parts: Parts) -> None:
    found = find_similar_calls(parts, CALL, outcome="converted", k=4, turn=6, diversity=1.0)
    assert (found.focus, found.focus_quote) == (6, transcript_of(parts, CALL).turns[5].text)
    assert 0 < len({one.call_id for one in found.results} - {CALL}) <= 4  # fewer where hardly any is alike
    similarities = [one.similarity for one in found.results]
    assert similarities == sorted(similarities, reverse=True)
    whole = find_similar_calls(parts, CALL, outcome="converted", k=10, diversity=1.0)
    by_moment = {one.call_id for one in found.results}
    assert by_moment != {one.call_id for one in whole.results[:4]}
    with pytest.raises(InputError, match="there is no turn 57"):
        find_similar_calls(parts, CALL, turn=57)


def test_no_result_is_of_the_same_account_or_the_call_itself(parts: Parts) -> None:
    before = parts.library.get(CALL)
    try:
        for turn in (None, 3):
            like = find_similar_calls(parts, CALL, k=10, turn=turn).results
            assert CALL not in {one.call_id for one in like}
            nearest = parts.library.get(like[0].call_id)
            parts.library.add([before.model_copy(update={"account_id": nearest.account_id})])
            found = find_similar_calls(parts, CALL, k=10, turn=turn)
            assert 0 < len(found.results) <= 10
            assert not {one.call_id for one in found.results} & {CALL, nearest.call_id}
    finally:
        parts.library.add([before])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("explain_turn", {"call_id": CALL}),
        ("explain_turn", {"call_id": CALL, "turn": 0}),
        ("explain_turn", {"call_id": CALL, "turn": "first"}),
        ("compare_calls", {"call_id": CALL}),
        ("compare_calls", {"call_id": CALL, "other_call_id": "../../etc/passwd"}),
        ("find_similar_calls", {"call_id": CALL, "turn": 0}),
        ("find_similar_calls", {"call_id": CALL, "industry": ""}),
        ("find_similar_calls", {"call_id": CALL, "account": "acc-1"}),
    ],
)
def test_arguments_that_do_not_fit_are_refused(parts: Parts, name: str, args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        call_tool(parts, name, **args)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("explain_turn", {"call_id": CALL, "turn": 3}),
        ("what_if", {"call_id": CALL, "edits": [{"action": "delete", "turn": 3}]}),
        ("compare_calls", {"call_id": CALL, "other_call_id": CALLS[1]}),
        ("model_quality", {}),
    ],
)
def test_the_same_question_gets_the_same_bytes(parts: Parts, name: str, args: dict[str, Any]) -> None:
    first, second = (call_tool(parts, name, **args) for _ in range(2))
    assert first.content == second.content
    assert first.artifact.model_dump_json() == first.content

"""The tools: typed results over real parts, and an argument that can't be used is refused before anything runs."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from pydantic import ValidationError

from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery, Reply
from salescoach.redact.masking import mask
from salescoach.testing import WordReader, make_call, make_moves, make_transcript
from tools.find_similar_calls import MIN_LIKENESS, SimilarResult, find_similar_calls
from tools.look_up_metrics import SPEC, MetricsResult, look_up_metrics
from tools.parts import Parts, call_marker, objected, percent, points, turn_marker
from tools.registry import make_tools
from tools.score_call import ScoreResult, score_call
from tools.score_trajectory import TrajectoryResult, score_trajectory
from tools.what_won_calls_did import MIN_SIMILARITY, N_NEAREST, SAME_KIND, RepliesResult, what_won_calls_did
from vectorstore.search import PastCalls

CALL = "ex-01"  # an example that the shared library holds
ABOUT_THE_PRICE = 36  # which past calls speak of, too


@pytest.fixture
def without_index(parts: Parts, tmp_path: Path) -> Parts:
    return Parts(parts.library, parts.scorer, PastCalls(tmp_path / "none", parts.library, parts.scorer))


def tool(parts: Parts, name: str) -> BaseTool:
    return {one.name: one for one in make_tools(parts)}[name]


def call_tool(parts: Parts, name: str, **args: Any) -> ToolMessage:
    message = tool(parts, name).invoke({"type": "tool_call", "id": "1", "name": name, "args": args})
    assert isinstance(message, ToolMessage)
    return message


def test_a_score_is_worded_from_the_models_own(parts: Parts) -> None:
    result = score_call(parts, CALL)
    score = parts.scorer.score(parts.library.get(CALL).transcript, with_exchanges=True)
    assert result.score.model_copy(update={"latency_ms": 0.0}) == score.model_copy(update={"latency_ms": 0.0})
    assert score.probability is not None
    assert score.interval is not None
    assert result.probability_percent == percent(score.probability)
    assert result.interval_percent == (percent(score.interval[0]), percent(score.interval[1]))
    assert result.model_data
    assert 0 < len(result.turns_that_moved_it) <= 5
    for shown, turn in zip(result.turns_that_moved_it, score.evidence, strict=False):
        assert (shown.turn, shown.quote, shown.effect) == (turn.turn, turn.quote, turn.effect)
        assert shown.marker == f"[T{turn.turn}]"
        assert shown.direction == ("raised" if turn.effect > 0 else "lowered")


def test_similar_calls_are_cited(parts: Parts) -> None:
    result = find_similar_calls(parts, CALL, outcome="converted", k=4)
    assert (result.call_id, result.outcome, result.unavailable) == (CALL, "converted", None)
    assert result.focus == parts.scorer.score(parts.library.get(CALL).transcript).evidence[0].turn
    assert 0 < len(result.results) <= 4
    assert all(one.similarity >= MIN_LIKENESS for one in result.results)
    assert CALL not in {found.call_id for found in result.results}
    for found in result.results:
        past = parts.library.get(found.call_id)
        assert past.outcome == found.outcome == "converted"
        assert found.quote in [turn.text for turn in past.transcript.turns[found.turn_start - 1 : found.turn_end]]
        assert found.marker == call_marker(found.title, found.turn_start, found.turn_end)


def test_the_moment_is_the_concern_that_lowered_the_score_most_with_its_answer(parts: Parts) -> None:
    result = what_won_calls_did(parts, CALL)
    call = parts.library.get(CALL)
    exchanges = parts.scorer.score(call.transcript, with_exchanges=True).exchanges
    worst = min(exchanges, key=lambda one: one.effect)
    assert worst.effect < 0
    assert result.focus in worst.turns
    assert call.transcript.turns[result.focus - 1].role == "customer"
    assert result.focus_quote == call.transcript.turns[result.focus - 1].text


def test_replies_of_won_and_lost_calls_stand_side_by_side(parts: Parts) -> None:
    result = what_won_calls_did(parts, CALL, turn=ABOUT_THE_PRICE, k=4)
    won = [one for one in result.results if one.outcome == "converted"]
    lost = [one for one in result.results if one.outcome == "lost"]
    assert result.results == (*won, *lost)
    assert won == sorted(won, key=lambda one: -one.effect)
    assert lost == sorted(lost, key=lambda one: one.effect)
    assert (len(won), len(lost)) == (min(4, result.n_won), min(4, result.n_lost))
    assert result.n_won_asked <= result.n_won <= N_NEAREST
    assert len({one.call_id for one in result.results} - {CALL}) == len(won) + len(lost) > 2
    for one in result.results:
        past = parts.library.get(one.call_id).transcript
        without = parts.scorer.score(past.without(one.reply_turn), force=True)
        with_it = parts.scorer.score(past, force=True)
        chances = [score.probability or score.uncalibrated_probability for score in (with_it, without)]
        assert one.effect == pytest.approx(chances[0] - chances[1], abs=1.5e-4)
        assert one.similarity >= MIN_SIMILARITY
        assert one.suggestion == mask(one.reply, past)
    for one in result.results:
        turns = parts.library.get(one.call_id).transcript.turns
        assert (turns[one.reply_turn - 1].role, turns[one.reply_turn - 1].text) == ("rep", one.reply)
        assert one.quote in [turn.text for turn in turns[one.turn_start - 1 : one.reply_turn]]
        assert one.marker == call_marker(one.title, one.turn_start, one.reply_turn)
    assert "doesn't say that it won it" in result.reading


def test_the_moment_can_be_named(parts: Parts) -> None:
    result = what_won_calls_did(parts, CALL, turn=6, k=2)
    assert result.focus == 6
    assert result.results
    with pytest.raises(InputError, match=r"turns 1 to \d+; there is no turn 999"):
        what_won_calls_did(parts, CALL, turn=999)


def test_metrics_stand_beside_the_other_calls(parts: Parts) -> None:
    result = look_up_metrics(parts, CALL)
    # Too few won and lost discovery calls of its industry, so all discovery calls but the call itself.
    like = [past for past in parts.library.summaries() if past.metadata["call_type"] == "discovery"]
    assert result.n_won + result.n_lost == len(like) - 1
    assert (result.whose, result.industry, result.call_type) == ("sample", None, "discovery")
    assert (result.next_step is not None) == (result.metrics[-5].value == 1)
    assert any(reading.won_quartiles for reading in result.metrics)


def test_the_objections_are_those_that_were_read_with_what_was_said_to_them(parts: Parts) -> None:
    moves = parts.library.moves_of(CALL)
    assert moves is not None
    assert moves.objections
    result = look_up_metrics(parts, CALL)
    assert [(one.turn, one.kind, one.answer and one.answer.turn) for one in result.objections] == [
        (one.turn, one.kind, one.handled_at) for one in moves.objections
    ]
    said = SPEC.words(result, "full").markdown()
    for one in result.objections:
        answer = f"answered at {one.answer.marker}" if one.answer else "no answer was found"
        assert f"({one.kind}; {answer})" in said


def test_the_moment_is_the_concern_that_lowered_the_score_most(parts: Parts) -> None:
    call = parts.library.get(CALL)
    moves = parts.library.moves_of(CALL)
    assert moves is not None
    raised = {one.turn for one in moves.objections}
    exchanges = parts.scorer.score(call.transcript, with_exchanges=True).exchanges
    lowest = min(exchanges, key=lambda one: one.effect)
    assert lowest.effect < 0
    assert objected(parts, call) in raised & {*lowest.turns}


class OneReply:
    """An index with one past moment."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def replies(self, query: PrecedentQuery) -> list[Reply]:
        return [self._reply] if query.outcome == self._reply.outcome else []


@pytest.fixture
def heard(parts: Parts, tmp_path: Path) -> Parts:
    """A library of two calls that were read by their words; the won one's objection is answered late."""
    scorer = copy.copy(parts.scorer)
    scorer.reader = WordReader()  # type: ignore[misc]
    library = Library(tmp_path / "library.sqlite")
    late = ("Rep: How is it?", "Customer: It is expensive.", "Customer: Well.", "Rep: Let me see.", "Rep: Pay monthly.")
    now = make_call("now", "Rep: How do you find it?", "Customer: Too expensive.", "Rep: Hm.", outcome=None)
    library.add([make_call("won", *late), now])
    reply = Reply(
        call_id="won", outcome="converted", similarity=0.9, turn_start=1, turn_end=4, quote="Well.", reply_turn=4,
        reply="Let me see.",
    )  # fmt: skip
    return Parts(library, scorer, OneReply(reply))  # type: ignore[arg-type]


def test_the_reply_to_an_objection_is_the_turn_that_took_it_up(heard: Parts) -> None:
    transcript = heard.library.get("won").transcript
    moves = make_moves(transcript, {}, [(2, "price", 5)])
    (unread,) = what_won_calls_did(heard, "now", turn=2).results
    assert (unread.reply_turn, unread.quote, unread.kind) == (4, "Well.", None)
    given = WordReader()
    given.read = lambda _: moves  # type: ignore[method-assign]
    heard.library.read_moves(given, only=["won"])
    result = what_won_calls_did(heard, "now", turn=2)
    (reply,) = result.results
    assert (reply.quote, reply.reply_turn, reply.reply) == ("It is expensive.", 5, "Pay monthly.")
    assert (reply.turn_start, reply.turn_end, reply.marker) == (1, 5, "[call won, T1–5]")
    assert (result.kind, reply.kind) == ("price", "price")
    assert SAME_KIND in result.reading


def test_an_objection_that_nobody_took_up_has_the_next_words_for_a_reply(heard: Parts) -> None:
    moves = make_moves(heard.library.get("won").transcript, {}, [(2, "price", None)])
    given = WordReader()
    given.read = lambda _: moves  # type: ignore[method-assign]
    heard.library.read_moves(given, only=["won"])
    (reply,) = what_won_calls_did(heard, "now", turn=2).results
    assert (reply.quote, reply.reply_turn, reply.reply, reply.kind) == ("It is expensive.", 4, "Let me see.", "price")


def test_what_another_reader_has_read_of_a_past_call_is_left_out(heard: Parts) -> None:
    heard.library.read_moves(WordReader("another"), only=["won"])
    (reply,) = what_won_calls_did(heard, "now", turn=2).results
    assert (reply.reply_turn, reply.kind) == (4, None)


def test_without_an_index_the_score_still_comes(without_index: Parts) -> None:
    similar = find_similar_calls(without_index, CALL)
    assert similar.results == ()
    assert similar.unavailable is not None
    assert "coach index" in similar.unavailable
    assert score_call(without_index, CALL).probability_percent is not None
    assert look_up_metrics(without_index, CALL).metrics
    assert what_won_calls_did(without_index, CALL).unavailable == similar.unavailable
    content = json.loads(call_tool(without_index, "find_similar_calls", call_id=CALL).content)
    assert content["unavailable"] == similar.unavailable


def test_a_call_that_is_too_short_has_reasons_and_no_number(parts: Parts) -> None:
    pasted = parts.library.add_pasted(make_transcript("Rep: Hello.", "Customer: Not now."))
    result = score_call(parts, pasted)
    assert (result.probability_percent, result.interval_percent, result.turns_that_moved_it) == (None, None, ())
    assert any("too short" in reason for reason in result.reasons)
    assert find_similar_calls(parts, pasted).focus is None
    assert find_similar_calls(parts, pasted).results
    assert "name the turn" in (what_won_calls_did(parts, pasted).unavailable or "")
    assert what_won_calls_did(parts, pasted, turn=2).focus == 2
    assert look_up_metrics(parts, pasted).metrics


@pytest.mark.parametrize(
    "function", [score_call, score_trajectory, find_similar_calls, what_won_calls_did, look_up_metrics]
)
def test_an_unknown_call_is_named(parts: Parts, function: Any) -> None:
    with pytest.raises(InputError, match="'nobody'"):
        function(parts, "nobody")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("score_call", ScoreResult),
        ("score_trajectory", TrajectoryResult),
        ("find_similar_calls", SimilarResult),
        ("what_won_calls_did", RepliesResult),
        ("look_up_metrics", MetricsResult),
    ],
)
def test_a_tool_gives_text_and_its_typed_result(parts: Parts, name: str, kind: type) -> None:
    message = call_tool(parts, name, call_id=CALL)
    assert isinstance(message.artifact, kind)
    assert isinstance(message.content, str)
    said = json.loads(message.content)
    assert said["call_id"] == CALL
    assert "score" not in said  # the text has each number in one form only
    typed = message.artifact.model_dump(mode="json")
    assert all(typed[field] == value for field, value in said.items())


@pytest.mark.parametrize(
    "name", ["score_call", "score_trajectory", "find_similar_calls", "what_won_calls_did", "look_up_metrics"]
)
@pytest.mark.parametrize(
    "args",
    [
        {},
        {"call_id": CALL, "transcript": "Rep: I am a text, not an id."},
        {"call_id": CALL, "probability": 0.99},
        {"call_id": ""},
        {"call_id": "x" * 101},
        {"call_id": "'; DROP TABLE calls; --"},
        {"call_id": "../../etc/passwd"},
        {"call_id": None},
    ],
)
def test_arguments_that_nobody_asked_for_are_refused(parts: Parts, name: str, args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        call_tool(parts, name, **args)


@pytest.mark.parametrize(
    "args",
    [{"k": 0}, {"k": 11}, {"k": -1}, {"diversity": 1.01}, {"diversity": -0.1}, {"outcome": "won"}, {"k": "many"}],
)
def test_arguments_out_of_range_are_refused(parts: Parts, args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        call_tool(parts, "find_similar_calls", call_id=CALL, **args)


def test_tools_belong_to_their_parts(parts: Parts, tmp_path: Path) -> None:
    other = Library(tmp_path / "other.sqlite")
    pasted = other.add_pasted(make_transcript("Rep: Hello.", "Customer: Not now, this is another library."))
    there = Parts(other, parts.scorer, parts.index)
    assert call_tool(there, "score_call", call_id=pasted).artifact.n_turns == 2
    with pytest.raises(InputError):
        call_tool(parts, "score_call", call_id=pasted)
    with pytest.raises(InputError):
        call_tool(there, "score_call", call_id=CALL)
    other.close()


def test_tools_only_read(parts: Parts) -> None:
    before = [call.model_dump_json() for call in parts.library.past_calls()]
    for name in ("score_call", "find_similar_calls", "what_won_calls_did", "look_up_metrics"):
        call_tool(parts, name, call_id=CALL)
    assert [call.model_dump_json() for call in parts.library.past_calls()] == before


@pytest.mark.parametrize(
    ("share", "shown"), [(0, 0), (1, 1e2), (0.0001, 1), (0.004, 1), (0.9999, 99), (0.345, 34), (0.346, 35), (0.5, 50)]
)
def test_only_what_is_certain_is_0_or_100_percent(share: float, shown: int) -> None:
    assert percent(share) == shown


def test_points_have_no_sign() -> None:
    assert [points(effect) for effect in (-0.0612, 0.0004, 0.0006, 0.12)] == [6.1, 0.0, 0.1, 12.0]


def test_markers() -> None:
    assert turn_marker(14) == "[T14]"
    assert call_marker("a-1", 3, 3) == "[call a-1, T3]"
    assert call_marker("a-1", 3, 6) == "[call a-1, T3–6]"

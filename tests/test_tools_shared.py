"""What similar calls are said to share is so, and is said in the coach's own words."""

from dataclasses import replace

import pytest

from salescoach.library.precedents import CallIndex, PrecedentQuery, Reply, Surroundings
from salescoach.redact.our_words import our_words
from salescoach.types import Precedent
from tests.base import faults_of
from tools import what_won_calls_did as won_did
from tools.find_similar_calls import ALIKE, SPEC, SimilarResult, find_similar_calls, make_query
from tools.parts import Parts, moves_of
from tools.shared import shared_with, sure_kinds


def test_what_similar_calls_share_is_in_both(parts: Parts) -> None:
    call = parts.library.get("ex-06")
    own = moves_of(parts, call)
    assert own is not None
    found = find_similar_calls(parts, "ex-06", k=5)
    assert any(one.shares for one in found.results)
    for one in found.results:
        past = parts.library.get(one.call_id)
        theirs = parts.library.moves_of(one.call_id)
        assert theirs is not None
        assert ("same industry" in one.shares) == (past.metadata.get("industry") == call.metadata.get("industry"))
        assert ("same type" in one.shares) == (past.metadata.get("call_type") == call.metadata.get("call_type"))
        both = {*sure_kinds(call, own)} & {*sure_kinds(past, theirs)}
        kinds = [shared.removesuffix(" objection") for shared in one.shares if shared.endswith(" objection")]
        assert {kind.replace(" ", "_") for kind in kinds} <= both
        assert bool(kinds) == bool(both)
        assert set(one.shares) <= set(our_words(found))
    words = SPEC.words(found, "full")
    assert "; in common: " in words.markdown()
    assert faults_of(words, [found]) == []


@pytest.mark.parametrize("diversity", [0.0, 0.5, 1.0])
def test_the_calls_that_are_shown_are_those_that_mmr_chooses_first(parts: Parts, diversity: float) -> None:
    call = parts.library.get("ex-06")
    query = make_query(parts, call.transcript, "any", 6, diversity, of=call).model_copy(update={"as_chosen": True})
    chosen = parts.index.similar(query)
    shares = shared_with(parts, call, [one.call_id for one in chosen])
    worth = [one.call_id for one in chosen if shares[one.call_id].shares or one.similarity >= ALIKE]
    found = [one.call_id for one in find_similar_calls(parts, "ex-06", k=3, diversity=diversity).results]
    assert found
    assert set(found) == set(worth[:3])


class WithOneGone:
    """An index whose first result is of a call that was deleted right after the search."""

    def __init__(self, index: CallIndex) -> None:
        self.index = index

    def similar(self, query: PrecedentQuery) -> list[Precedent]:
        found = self.index.similar(query)
        return [found[0].model_copy(update={"call_id": "gone"}), *found]

    def replies(self, query: PrecedentQuery) -> list[Reply]:
        found = self.index.replies(query)
        return [found[0].model_copy(update={"call_id": "gone"}), *found]

    def surroundings(self, query: PrecedentQuery) -> Surroundings:
        return self.index.surroundings(query)


def test_a_call_that_was_deleted_since_the_search_is_left_out(parts: Parts) -> None:
    since = replace(parts, index=WithOneGone(parts.index))
    assert find_similar_calls(since, "ex-06", k=3) == find_similar_calls(parts, "ex-06", k=3)
    assert won_did.what_won_calls_did(since, "ex-06") == won_did.what_won_calls_did(parts, "ex-06")


def test_a_step_that_is_kept_has_ids_and_no_titles(parts: Parts) -> None:
    found = find_similar_calls(parts, "ex-06", k=3)
    told = "\n".join(SPEC.details(found))
    assert all(one.call_id in told and one.title not in told for one in found.results)


def test_where_nothing_is_alike_the_step_says_so_as_the_answer_does() -> None:
    none = SimilarResult(call_id="c", outcome="lost", focus=None, industry="b2b_software")
    assert SPEC.details(none) == ["There are no lost calls (B2B software) that are like this call."]
    assert SPEC.words(none, "full").markdown() == SPEC.details(none)[0]
    nothing = won_did.RepliesResult(call_id="c", outcome="any", focus=2)
    assert won_did.SPEC.details(nothing) == [won_did.NO_MOMENT] == [won_did.SPEC.words(nothing, "full").markdown()]

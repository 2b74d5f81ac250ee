"""What similar calls are said to share is so, and is said in the coach's own words."""

from salescoach.redact.our_words import our_words
from tests.base import faults_of
from tools.find_similar_calls import SPEC, find_similar_calls
from tools.parts import Parts, moves_of
from tools.shared import sure_kinds


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

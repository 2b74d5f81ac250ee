"""`look_up_tracker`: hits as quotes, the surest first to be kept, and nothing said where nothing is found."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.memory import LEFT_OUT, remembered
from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.moves.trackers.desk import TrackerDesk
from salescoach.moves.trackers.kept import KeptTrackers
from salescoach.moves.trackers.tracker import new_tracker
from salescoach.testing import WordHashEncoder, make_call
from salescoach.types import Turn
from tests.base import faults_of
from tools.document import document
from tools.look_up_tracker import MAX_HITS, NO_HITS, NONE_YET, SPEC, look_up_tracker
from tools.parts import Parts

ASKED = tuple(f"Customer: Could you give us a discount on number {n}?" for n in range(MAX_HITS + 2))
EXAMPLES = [
    "Could you give us a discount on that?",
    "A discount on that, could you?",
    "Could you, on that, a discount?",
]

SWEARS = {
    "name": "swears",
    "side": "rep",
    "examples": ["Bloody hell, no.", "Hell no, bloody thing.", "No, bloody hell!"],
}


class WordReader:
    """Feature vectors that depend on the words of a turn alone."""

    def features(self, turns: Sequence[Turn]) -> np.ndarray:
        return WordHashEncoder(64).encode([turn.text for turn in turns])


@pytest.fixture
def few_parts(tmp_path: Path, parts: Parts) -> Parts:
    library = Library(tmp_path / "library.sqlite")
    library.add([make_call("asked", "Rep: Hello there.", *ASKED), make_call("other", "Rep: Hello.", "Customer: Hi.")])
    kept = KeptTrackers(tmp_path / "trackers.yaml")
    return replace(parts, library=library, trackers=TrackerDesk(kept, WordReader, library))


def test_hits_are_quoted_with_how_sure_they_are(few_parts: Parts) -> None:
    assert few_parts.trackers is not None
    given = {"name": "asks for a discount", "side": "customer", "examples": EXAMPLES, "precision": 0.05}
    few_parts.trackers.kept.add([new_tracker(given), new_tracker(SWEARS)])
    found = look_up_tracker(few_parts, "asked")
    (one,) = found.trackers
    assert (found.n_trackers, one.n_hits, len(one.hits)) == (2, MAX_HITS + 2, MAX_HITS)
    assert [hit.turn for hit in one.hits] == sorted(hit.turn for hit in one.hits)
    assert look_up_tracker(few_parts, "asked", "ASKS for a discount").trackers == (one,)
    for detail in ("short", "full"):
        words = SPEC.words(found, detail)
        assert "**Tracker** “asks for a discount”: 10 hits" in words.markdown()
        assert faults_of(words, [found]) == []
        assert LEFT_OUT not in remembered(words, [found]).split("\n")
    assert SPEC.found(found) == "Found 10 hits of 2 trackers"
    nothing = look_up_tracker(few_parts, "other")
    assert (nothing.trackers, SPEC.words(nothing, "full")) == ((), document(NO_HITS))
    with pytest.raises(InputError, match="no tracker 'names a rival'; there are: 'asks for a discount', 'swears'"):
        look_up_tracker(few_parts, "asked", "names a rival")


def test_without_trackers_it_says_how_to_add_one(few_parts: Parts) -> None:
    assert look_up_tracker(few_parts, "asked").reading == NONE_YET
    assert look_up_tracker(replace(few_parts, trackers=None), "asked").reading == NONE_YET

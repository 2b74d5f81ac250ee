"""`look_up_scorecard`: criteria of a bundled playbook, each with the turn that shows it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from salescoach.errors import InputError, UnavailableError
from salescoach.library import Library
from salescoach.moves.heads import N_OUTPUTS
from salescoach.moves.taxonomy import MOVES
from salescoach.scorecards.desk import ScorecardDesk
from salescoach.testing import make_call
from salescoach.types import Turn
from tests.base import faults_of
from tools.look_up_scorecard import MAX_SHORT, OFTEN_WRONG, SPEC, look_up_scorecard
from tools.parts import Parts

CALL = make_call(
    "call",
    "Rep: What does the old way cost you?",
    "Customer: Two people, each Monday. My wife signs, and she wants it gone by March.",
    "Rep: Then it is 40 dollars a month.",
    "Customer: That is fine. We looked at Acme too.",
)


class SureReader:
    """Hears a move in every turn of the side that can make it."""

    thresholds = np.full(N_OUTPUTS, 0.4)

    def probabilities(self, turns: Sequence[Turn]) -> np.ndarray:
        p = np.full((len(turns), N_OUTPUTS), 0.02)
        for move in ("discovery", "price_talk", "authority", "pain", "competitor", "criteria", "decision_process"):
            p[:, MOVES.index(move)] = 0.9
        return p


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    library = Library(tmp_path / "library.sqlite")
    library.add([CALL])
    desk = ScorecardDesk(SureReader, None)  # type: ignore[arg-type]
    return Parts(library, None, None, scorecards=desk)  # type: ignore[arg-type]


@pytest.mark.parametrize(("playbook", "n"), [("meddicc", 7), ("bant", 4), ("spin", 4)])
def test_each_criterion_that_is_met_is_quoted(parts: Parts, playbook: str, n: int) -> None:
    result = look_up_scorecard(parts, "call", playbook)  # type: ignore[arg-type]
    assert (result.playbook, len(result.criteria)) == (playbook, n)
    assert any(one.shown for one in result.criteria)
    for one in result.criteria:
        assert (one.shown is not None) == (one.met in ("yes", "partly"))
        assert one.shown is None or one.shown.quote == CALL.transcript.turns[one.shown.turn - 1].text
    documents = [SPEC.words(result, detail) for detail in ("short", "full")]
    short, full = (one.markdown() for one in documents)
    assert short.startswith(f"**{playbook.upper()}**: {result.met_percent} % met.")
    assert short.count("\n- ") <= 2 * MAX_SHORT
    assert OFTEN_WRONG in full
    assert len(short) <= len(full)
    for answer in documents:
        assert faults_of(answer, [result]) == []
    assert SPEC.found(result).endswith(f"of {n} criteria, at least partly")
    assert len(SPEC.details(result)) == n


def test_what_there_is_not_is_said(parts: Parts) -> None:
    with pytest.raises(InputError, match="other"):
        look_up_scorecard(parts, "other")
    with pytest.raises(UnavailableError, match="coach scorecard FILE"):
        look_up_scorecard(Parts(parts.library, None, None), "call")  # type: ignore[arg-type]

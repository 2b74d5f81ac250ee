"""`look_up_scorecard`: criteria of a bundled playbook, each with the turn that shows it."""

from dataclasses import replace

import pytest

from agent.grounding import problems_of
from salescoach.config import Settings
from salescoach.errors import UnavailableError
from salescoach.model.loading import load_reader
from salescoach.scorecards.desk import ScorecardDesk
from tools.look_up_scorecard import OFTEN_WRONG, SPEC, look_up_scorecard
from tools.parts import Parts

CALL = "ex-06"


def test_each_criterion_that_is_met_is_quoted(parts: Parts) -> None:
    able = replace(parts, scorecards=ScorecardDesk(lambda: load_reader(Settings.load(), cached=False), None))
    for playbook, n in (("meddicc", 7), ("spin", 4)):
        result = look_up_scorecard(able, CALL, playbook)
        assert (result.playbook, len(result.criteria)) == (playbook, n)
        turns = parts.library.get(CALL).transcript.turns
        for one in result.criteria:
            assert (one.shown is not None) == (one.met in ("yes", "partly"))
            assert one.shown is None or one.shown.quote == turns[one.shown.turn - 1].text
        answers = [SPEC.words(result, detail) for detail in ("short", "full")]
        assert all(answer.startswith(f"**{playbook.upper()}**: ") for answer in answers)
        assert OFTEN_WRONG in answers[1]
        assert len(answers[0]) <= len(answers[1])
        assert all(problems_of(answer, [result], "", [CALL]) == [] for answer in answers)
        assert SPEC.found(result).endswith(f"of {n} criteria, at least partly")
        assert len(SPEC.details(result)) == n


def test_parts_without_scorecards_say_so(parts: Parts) -> None:
    with pytest.raises(UnavailableError, match="coach scorecard FILE"):
        look_up_scorecard(replace(parts, scorecards=None), CALL)

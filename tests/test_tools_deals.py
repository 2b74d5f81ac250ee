"""The tool ``deals``: open deals worded with their quotes, none where somebody must not be contacted as advice."""

from datetime import UTC, datetime, timedelta

import pytest

from salescoach.reading.transcripts import parse_transcript
from salescoach.types import LabelledCall
from tests.base import faults_of
from tools.deals import NONE_OPEN, SPEC, DealsResult, deals
from tools.parts import Parts

NOTHING_AGREED = """
Rep: Good morning, Ines. You asked what the new ovens would cost to run.
Customer (Ines): Yes. The gas bill went up by a third, and it eats what we earn on bread.
Rep: The smaller one takes half of what yours does. It's eleven thousand, fitted.
Customer (Ines): Eleven is too much for us, the other bakery got theirs for eight.
Rep: I understand. May I come by on Tuesday and look at the kitchen?
Customer (Ines): I don't know. Just send me something, and I'll have a look at it some day.
Rep: I'll do that. When would be a good time to talk about it?
Customer (Ines): No idea. We'll be in touch.
"""


@pytest.fixture(scope="module")
def result(parts: Parts) -> DealsResult:
    """What the tool finds once there is an open deal, quiet for half a year."""
    assert deals(parts).reading == NONE_OPEN
    call = LabelledCall(
        transcript=parse_transcript(NOTHING_AGREED),
        call_id="ovens",
        account_id="bakery",
        started_at=datetime.now(UTC).replace(tzinfo=None) - timedelta(days=180),
    )
    parts.library.add([call])
    assert parts.scorer.reader is not None
    parts.library.read_moves(parts.scorer.reader, only={"ovens"})
    return deals(parts)


def test_the_open_deal_is_found_with_its_risks(result: DealsResult) -> None:
    assert (result.n_deals, result.n_at_risk) == (1, 1)
    (deal,) = result.deals
    assert deal.account == "bakery"
    assert {"gone_quiet", "no_next_step"} <= {risk.kind for risk in deal.risks}


def test_its_words_are_grounded(result: DealsResult) -> None:
    for detail in ("short", "full"):
        words = SPEC.words(result, detail)
        assert "“bakery”" in words.markdown()
        assert faults_of(words, [result]) == []


def test_quotes_are_the_words_of_the_turn(result: DealsResult, parts: Parts) -> None:
    turns = parts.library.get("ovens").transcript.turns
    quoted = [risk for deal in result.deals for risk in deal.risks if risk.quote is not None]
    assert quoted
    for risk in quoted:
        assert str(risk.quote) in turns[(risk.turn_start or 0) - 1].text
        assert str(risk.marker).startswith("[call ovens, T")

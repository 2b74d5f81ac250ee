"""Readings: a call beside past calls and published figures, without a verdict."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from salescoach.library import CallSummary
from salescoach.speech.metric_list import METRICS
from salescoach.speech.published import PUBLISHED
from salescoach.speech.readings import Peers, choose_peers, metric_readings, quartiles
from salescoach.testing import make_moves
from salescoach.types import Outcome, Transcript, Turn

DOC = Path(__file__).parent.parent / "docs" / "call-metrics.md"


READER = "word-reader"


def _call() -> Transcript:
    return Transcript(
        turns=(
            Turn(speaker="R", role="rep", text=" ".join(["word"] * 61)),
            Turn(speaker="C", role="customer", text=" ".join(["word"] * 39)),
        )
    )


def _past(n: int, **facts: Any) -> list[CallSummary]:
    outcomes: tuple[Outcome, Outcome] = ("converted", "lost")
    return [
        CallSummary(
            call_id=f"{json.dumps(facts)}-{row}",
            account_id=None,
            outcome=facts.get("outcome", outcomes[row % 2]),
            provenance=facts.get("provenance", "own"),
            n_turns=2,
            metrics={"talk_ratio_words": row / 100, "objections": row},
            moves_reader=facts.get("reader", READER),
            metadata={name: facts[name] for name in ("industry", "call_type") if name in facts},
        )
        for row in range(n)
    ]


def test_quartiles() -> None:
    assert quartiles([1.0] * 7 + [None, float("nan")]) is None
    assert quartiles([1, 2, 3, 4, 5, 6, 7, 8, None, 9]) == (3, 5, 7)
    assert quartiles([0, 0, 0, 0, 1, 1, 1, 1]) == (0, 0.5, 1)


def _readings(won_ratio: list[float], lost_ratio: list[float]) -> dict[str, str]:
    won = [{"talk_ratio_words": ratio, "next_step": 1.0} for ratio in won_ratio]
    lost = [{"talk_ratio_words": ratio, "next_step": 0.0} for ratio in lost_ratio]
    peers = Peers.model_validate({"whose": "own", "won": won, "lost": lost})
    return {reading.name: reading.reading for reading in metric_readings(_call(), make_moves(_call()), peers)}


def test_reading_beside_won_and_lost_calls() -> None:
    won = [0.42] * 3 + [0.5] * 3 + [0.55] * 3
    readings = _readings(won, [0.7] * 9)
    assert readings["talk_ratio_words"] == (
        "The rep spoke 61 % of the words; in half of the team's won calls it was 42\u201355 %, in half of the lost "
        "ones it was 70 %."
    )
    assert readings["patience_seconds"] == "The rep's pause before answering is not shown by this call."
    assert readings["next_step"] == (
        "There is no next step; 9 of the team's 9 won calls have one, 0 of the 9 lost ones have one."
    )
    assert readings["longest_monologue_words"].startswith(
        "The rep's longest monologue was 61 words; the library has too"
    )


def test_readings_carry_value_and_quartiles() -> None:
    won: tuple[dict[str, float | None], ...] = tuple({"talk_ratio_words": value / 10} for value in range(9))
    reading = metric_readings(_call(), make_moves(_call()), Peers(whose="own", won=won))[0]
    assert (reading.name, reading.value, reading.unit) == ("talk_ratio_words", 0.61, "share")
    assert reading.won_quartiles == pytest.approx((0.2, 0.4, 0.6))
    assert reading.lost_quartiles is None


def test_no_reading_passes_a_verdict() -> None:
    for sentence in _readings([0.1] * 9, [0.9] * 9).values():
        assert sentence.endswith(".")
        assert not any(word in sentence for word in ("should", "better", "worse", "good", "bad", "too much"))
        assert not re.search(r"\b(?:below|above) average|\b(?:weak|strong|poor|great)\b", sentence)


@pytest.mark.parametrize(
    ("past", "industry", "call_type", "n_won"),
    [
        (_past(16, industry="solar", call_type="demo") + _past(20, industry="solar"), "solar", "demo", 8),
        (_past(15, industry="solar", call_type="demo") + _past(16, industry="it", call_type="demo"), None, "demo", 16),
        (_past(15, industry="solar", call_type="demo") + _past(16, industry="solar"), "solar", None, 16),
        (_past(15, industry="solar", call_type="demo") + _past(20), None, None, 18),
    ],
)
def test_the_narrowest_peers_with_enough_calls(
    past: list[CallSummary], industry: str | None, call_type: str | None, n_won: int
) -> None:
    peers = choose_peers(past, reader=READER, industry="solar", call_type="demo")
    assert (peers.industry, peers.call_type, len(peers.won)) == (industry, call_type, n_won)


def test_sample_calls_stand_in_until_the_team_has_calls_and_open_ones_never_count() -> None:
    sample = _past(40, provenance="sample")
    assert choose_peers(sample + _past(5, outcome=None), reader=READER).whose == "sample"
    mixed = choose_peers(sample + _past(3), reader=READER)
    assert (mixed.whose, len(mixed.won), len(mixed.lost)) == ("own", 2, 1)
    assert len(choose_peers(sample, reader=READER, without=sample[0].call_id).won) == 19
    none = choose_peers([], reader=READER, industry="solar")
    assert (none.won, none.lost) == ((), ())


def test_a_reading_says_which_calls_it_compares_with() -> None:
    past = _past(40, provenance="sample", industry="b2b_software", call_type="demo")
    reading = metric_readings(
        _call(), make_moves(_call()), choose_peers(past, reader=READER, industry="b2b_software", call_type="demo")
    )[0].reading
    assert "in half of the won machine-written demo calls in B2B software it was 10\u201329 %" in reading


def test_what_rests_on_moves_is_compared_with_calls_that_the_same_reader_read() -> None:
    past = _past(16) + _past(20, reader="another") + _past(20, reader=None)
    readings = {
        one.name: one for one in metric_readings(_call(), make_moves(_call()), choose_peers(past, reader=READER))
    }
    assert readings["objections"].won_quartiles == pytest.approx(quartiles([float(row) for row in range(0, 16, 2)]))
    ratios = [row / 100 for n in (16, 20, 20) for row in range(0, n, 2)]
    assert readings["talk_ratio_words"].won_quartiles == pytest.approx(quartiles(ratios))
    by_nobody = metric_readings(_call(), None, choose_peers(past, reader=None))
    (unread,) = [one for one in by_nobody if one.name == "objections"]
    assert (unread.value, unread.won_quartiles, unread.lost_quartiles) == (None, None, None)
    assert unread.reading == (
        "The number of the customer's objections is not known, as the call's moves were not read."
    )


def test_without_past_calls_a_reading_stands_alone() -> None:
    assert (
        metric_readings(_call(), make_moves(_call()), Peers(whose="own"))[0].reading
        == "The rep spoke 61 % of the words."
    )


def test_published_figures_stand_beside_the_metric_with_source_number_and_tier() -> None:
    by_name = {reading.name: reading for reading in metric_readings(_call(), make_moves(_call()), Peers(whose="own"))}
    assert by_name["talk_ratio_seconds"].published == PUBLISHED["talk_ratio_seconds"]
    assert "not in words" in by_name["talk_ratio_words"].published[0].caveat
    assert PUBLISHED.keys() <= {metric.name for metric in METRICS}
    text = DOC.read_text(encoding="utf-8")
    for name, figures in PUBLISHED.items():
        for figure in figures:
            assert re.search(r"\d", figure.n)
            assert len(figure.source) > 10
            assert name == "talk_ratio_words" or f"| `{name}` | {figure.finding} |" in text
    assert any("can't be right" in figure.caveat for figure in PUBLISHED["talk_ratio_seconds"])  # the known conflict


def test_braces_in_an_industry_are_only_text() -> None:
    peers = Peers(whose="own", industry="{y} & {0}", call_type="{")
    assert peers.name.format("3 won") == "the team's 3 won { calls in {y} & {0}"

"""Did it come true: which scores are judged, what is said of them, of those that wait, and of what has changed."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from eval.online.against import stage_probabilities, stage_rates
from eval.online.came_true import came_true
from eval.online.estimate import estimate
from eval.online.first_scores import first_scores
from eval.online.page import bin_sentence, headline, write_report
from eval.online.results import CameTrue
from salescoach.library.scored_calls import Coded, ScoredLog, read_scored
from salescoach.stats.clusters import clustered_difference, clustered_mean
from salescoach.stats.measures import brier_reliability, brier_resolution
from salescoach.stats.waiting import waiting_curve
from tests.scored_library import START, ScoredCall, day, steady_calls, write_library

NOW = (START + timedelta(days=400)).replace(tzinfo=UTC)


def looked_at(tmp_path: Path, calls: list[ScoredCall], now: datetime = NOW, **options: float) -> CameTrue:
    return came_true(log_of(tmp_path, calls), now, **options)  # type: ignore[arg-type]


def log_of(tmp_path: Path, calls: list[ScoredCall]) -> ScoredLog:
    tmp_path.mkdir(exist_ok=True)
    return read_scored(write_library(tmp_path / "library.sqlite", calls))


def test_the_first_score_before_the_outcome_counts_and_no_other(tmp_path: Path) -> None:
    calls = [
        ScoredCall("two scores", [(1, 0.2, "m"), (5, 0.9, "m")], "converted", 10),
        ScoredCall("silent first", [(1, None, "m"), (5, 0.6, "m")], "lost", 10, reasons=("too_short",)),
        ScoredCall("late", [(20, 0.9, "m")], "converted", 10),
        ScoredCall("on the day itself", [(10.4, 0.9, "m")], "converted", 10),
        ScoredCall("undated", [(1, 0.4, "m")], "lost"),
        ScoredCall("silent", [(1, None, "m")], "lost", 9, reasons=("unlike",)),
        ScoredCall("open", [(2, 0.5, "m"), (3, 0.6, "m")]),
        ScoredCall("of a stranger", [(2, 0.5, "m")], is_added=False),
        ScoredCall("an example", [(2, 0.5, "m")], "lost", 9, provenance="sample"),
        ScoredCall("by likeness", [(2, 0.5, "m")], "lost", 9, scorer="cosine"),
    ]
    log = log_of(tmp_path, calls)
    first = first_scores(log)
    assert sorted(first.judged.probability.tolist()) == [0.2, 0.6]
    assert first.pending.probability.tolist() == [0.5]
    assert (first.abstained, first.late, first.undated, first.unmatched) == (1, 2, 1, 2)


def test_a_call_is_found_by_its_words_though_it_was_added_after_its_score(tmp_path: Path) -> None:
    file = write_library(tmp_path / "library.sqlite", [ScoredCall("a", [(1, 0.3, "m")], is_added=False)])
    assert first_scores(read_scored(file)).unmatched == 1
    other = write_library(tmp_path / "other.sqlite", [ScoredCall("a", [], "lost", 9)])
    database = sqlite3.connect(file)
    database.execute("ATTACH ? AS other", (str(other),))
    database.execute("INSERT INTO calls SELECT * FROM other.calls")
    database.commit()
    database.close()
    assert first_scores(read_scored(file)).judged.outcome.tolist() == [0]


def test_figures_are_those_of_the_definitions(tmp_path: Path) -> None:
    calls = steady_calls(600)
    found = looked_at(tmp_path, calls, day(700).replace(tzinfo=UTC))
    p = np.array([call.scores[0][1] for call in calls], dtype=float)
    y = np.array([call.outcome == "converted" for call in calls], dtype=float)
    assert (found.n, found.accounts, found.pending) == (600, 600, 0)
    assert found.brier == pytest.approx(np.mean((p - y) ** 2), abs=1e-4)
    assert found.brier_base == pytest.approx(y.mean() * (1 - y.mean()), abs=1e-4)
    assert found.parts["reliability"].value == pytest.approx(brier_reliability(y, p), abs=1e-4)
    assert found.parts["resolution"].value == pytest.approx(brier_resolution(y, p), abs=1e-4)
    assert sum(one.n for one in found.reliability) == 600
    assert sum(one.converted for one in found.reliability) == y.sum()
    for one in found.reliability:
        rows = (p >= one.low) & (p < one.high)
        assert (one.n, one.converted) == (rows.sum(), y[rows].sum())
    assert [one.name for one in found.by_industry] == ["energy", "software"]
    assert [one.name for one in found.by_model] == ["m-1"]
    assert sum(one.n for one in found.by_month) == 600
    assert found.by_month[0].name == "2026-01"
    assert found.brier_ci is not None
    assert found.brier_ci[0] < found.brier < found.brier_ci[1]
    assert headline(found)[1] == "good"
    assert not found.alarms


def test_slow_outcomes_are_told_apart_from_lost_ones(tmp_path: Path) -> None:
    calls = [
        ScoredCall("won", [(0, 0.7, "m")], "converted", 30, "a"),
        ScoredCall("lost", [(0, 0.3, "m")], "lost", 100, "b"),
        ScoredCall("open", [(0, 0.5, "m")], None, None, "c"),
        ScoredCall("young", [(390, 0.5, "m")], None, None, "d"),
        ScoredCall("young and quick", [(380, 0.5, "m")], "lost", 385, "e"),
    ]
    found = looked_at(tmp_path, calls, days=180)
    full = found.follow_up
    assert (full.days, full.n, full.converted, full.lost, full.open) == (180, 3, 1, 1, 1)
    assert found.estimate is not None
    assert (found.estimate.n, found.estimate.converted, found.estimate.is_estimate) == (2, 1.0, True)
    assert "estimate" in found.estimate.text
    waited = found.time_to_outcome
    assert waited is not None
    assert (waited.n, waited.ended) == (5, 3)


def test_models_are_judged_each_by_its_own_first_scores(tmp_path: Path) -> None:
    calls = [
        ScoredCall(f"c{n}", [(n, 0.3, "old"), (n + 1, 0.6, "new")], "converted", n + 5, f"a{n}") for n in range(40)
    ]
    found = looked_at(tmp_path, calls)
    assert [(one.name, one.n, one.said) for one in found.by_model] == [("new", 40, 0.6), ("old", 40, 0.3)]
    assert found.said == 0.3


def test_a_falling_base_rate_gives_an_alarm_with_its_date_and_what_to_do(tmp_path: Path) -> None:
    calls = steady_calls(2400, n_before=1500, after=0.4)
    found = looked_at(tmp_path, calls, day(2500).replace(tzinfo=UTC))
    kinds = {one.kind: one for one in found.alarms}
    assert set(kinds) == {"base_rate", "calibration"}
    since = datetime.fromisoformat(kinds["base_rate"].since)
    assert abs((since - day(1500)).days) < 150
    assert kinds["base_rate"].noticed > kinds["base_rate"].since
    assert "train again" in kinds["calibration"].text
    assert headline(found)[1] == "bad"
    later = looked_at(tmp_path / "again", calls, day(2500).replace(tzinfo=UTC), since=_days(day(1700)))
    assert not later.alarms  # what it is like since then is the new baseline


def test_swapped_sides_give_an_alarm_of_the_inputs(tmp_path: Path) -> None:
    calls = steady_calls(1300)
    broken = [
        ScoredCall(
            **{**call.__dict__, "shape": {**call.shape, "customer_share": 1 - call.shape["customer_share"] * 0.6}}
        )
        for call in calls[1100:]
    ]
    found = looked_at(tmp_path, [*calls[:1100], *broken], day(1400).replace(tzinfo=UTC))
    assert [one.kind for one in found.alarms] == ["sides"]
    assert "swapped" in found.alarms[0].text


def test_of_an_empty_log_nothing_is_claimed(tmp_path: Path) -> None:
    found = looked_at(tmp_path, [])
    assert (found.n, found.pending, found.brier, found.estimate, found.alarms) == (0, 0, None, None, ())
    assert headline(found)[1] == "open"


def test_the_page_says_it_in_words_and_holds_no_name_of_a_call(tmp_path: Path) -> None:
    calls = steady_calls(300)
    hostile = "</script><script>alert(1)</script>"
    calls[0] = ScoredCall(**{**calls[0].__dict__, "metadata": {"industry": hostile}})
    calls.append(ScoredCall("zither-call", [(200, 0.4, "m-1")], None, None, "zither-call"))
    found = looked_at(tmp_path, calls)
    file = tmp_path / "page.html"
    write_report(file, found, "coach monitor --report page.html")
    html = file.read_text(encoding="utf-8")
    assert "Did it come true?" in html
    assert "An estimate, not a measurement" in html
    assert hostile not in html
    assert "zither-call" not in html
    assert CameTrue.model_validate_json(file.with_suffix(".json").read_text(encoding="utf-8")) == found
    seventh = next(one for one in found.reliability if one.low == 0.7)
    assert bin_sentence(seventh) == f"of calls said 70-80%, {seventh.converted} of {seventh.n} converted"


def test_what_the_crm_said_is_set_beside_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    calls = []
    for n in range(200):
        won = rng.random() < 0.3
        facts = {"stage_at_call": "late" if won else "early", "stage_probability_at_call": "30 %"}
        calls.append(
            ScoredCall(f"c{n}", [(n, 0.3, "m")], "converted" if won else "lost", n + 2, f"a{n}", metadata=facts)
        )
    against = {one.name: one for one in looked_at(tmp_path, calls).against}
    assert against["the CRM's stage probability"].difference.value == 0
    assert against["win rate of the CRM's stage until then"].difference.value > 0.1  # the stage knew
    assert not [one for name, one in against.items() if "quarter" in name and one.is_paired]


def test_a_stage_is_worth_what_had_become_known_of_it_by_then(tmp_path: Path) -> None:
    facts = {"stage_at_call": "demo"}
    calls = [
        ScoredCall("a", [(0, 0.5, "m")], "converted", 10, metadata=facts),
        ScoredCall("b", [(5, 0.5, "m")], "lost", 20, metadata=facts),
        ScoredCall("c", [(12, 0.5, "m")], "lost", 30, metadata=facts),
        ScoredCall("d", [(25, 0.5, "m")], "lost", 40),
    ]
    rates = stage_rates(first_scores(log_of(tmp_path, calls)).judged)
    assert np.isnan(rates[[0, 1, 3]]).all()
    assert rates[2] == pytest.approx((1 + 5 * 1) / (1 + 5))


@pytest.mark.parametrize(("text", "meant"), [("35 %", 0.35), ("0.35", 0.35), ("35", 0.35), ("0,2", 0.2), ("1", 1.0)])
def test_a_probability_of_a_crm_is_read(text: str, meant: float) -> None:
    assert stage_probabilities(Coded.of([text, "Proposal", None, "-3", "nan"])).tolist()[0] == pytest.approx(meant)
    assert np.isnan(stage_probabilities(Coded.of([text, "Proposal", None, "-3", "nan"]))[1:]).all()


def test_an_estimate_takes_probabilities_at_their_word() -> None:
    found = estimate(np.array([0.5] * 100))
    assert found is not None
    assert (found.converted, found.brier) == (50, 0.25)
    assert found.converted_interval == (40.2, 59.8)


def test_the_waiting_curve_is_that_of_the_textbook() -> None:
    days = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35], dtype=float)
    ended = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    curve = waiting_curve(days, ended)  # remission times of 6-MP, Freireich et al., 1963
    shown = dict(zip(curve.days.tolist(), curve.still_open.round(3).tolist(), strict=True))
    assert shown == {0: 1, 6: 0.857, 7: 0.807, 10: 0.753, 13: 0.69, 16: 0.627, 22: 0.538, 23: 0.448}
    assert curve.until(0.5) == 23
    assert curve.until_between(0.5)[0] == 13
    assert ((curve.low <= curve.still_open) & (curve.still_open <= curve.high)).all()


@given(st.lists(st.tuples(st.floats(0, 50), st.booleans()), min_size=1, max_size=30))
def test_the_curve_falls_and_stays_inside_its_band(cases: list[tuple[float, bool]]) -> None:
    days, ended = np.array([one for one, _ in cases]), np.array([one for _, one in cases])
    curve = waiting_curve(days, ended)
    assert (np.diff(curve.still_open) <= 1e-12).all()
    assert (curve.low <= curve.still_open + 1e-9).all()
    assert (curve.still_open <= curve.high + 1e-9).all()


@hypothesis_settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5)), min_size=3, max_size=40))
def test_a_mean_by_accounts_is_the_mean(cases: list[tuple[float, int]]) -> None:
    values, accounts = np.array([one for one, _ in cases]), np.array([one for _, one in cases])
    found = clustered_mean(values, accounts)
    assert found.value == pytest.approx(values.mean(), abs=6e-5)
    assert (found.ci is None) == (len(np.unique(accounts)) < 2)


def test_intervals_of_means_hold_the_mean_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(12)
    held = held_gap = 0
    for _ in range(400):
        accounts = np.repeat(np.arange(60), 3)
        effect = rng.normal(0, 1, 60)
        values = effect[accounts] + rng.normal(0, 0.5, 180)
        others = rng.normal(0.3, 1, 100)
        low, high = clustered_mean(values, accounts).ci or (1, 0)
        held += low <= 0 <= high
        low, high = clustered_difference((values, accounts), (others, np.arange(100))).ci or (1, 0)
        held_gap += low <= -0.3 <= high
    assert 366 <= held <= 394  # 380 expected; a mean of calls as if independent would hold in 310 or so
    assert 366 <= held_gap <= 394


def _days(when: datetime) -> float:
    return (when - datetime(1970, 1, 1)) / timedelta(days=1)

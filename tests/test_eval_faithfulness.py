"""Faithfulness: on a model whose reasons are known the curves are known too; agreement with true effects."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.faithfulness import MAX_TURNS, Faithfulness, agreement, check_faithfulness, read_true_effects
from eval.faithfulness import _random_turns as random_turns
from salescoach.model.embedding_arm import EncodedCall
from salescoach.model.scoring import CallScorer
from salescoach.reading.labelled import read_calls
from salescoach.testing import WordHashEncoder, make_call
from salescoach.types import LabelledCall, Turn
from training.sample import write_sample

POINTS = {"gladly": 0.04, "perhaps": 0.01, "sadly": -0.04, "hardly": -0.01}


class KnownScorer(CallScorer):
    """0.5, and for each turn the points of its first word: all reasons are known."""

    def __init__(self, points: dict[str, float]) -> None:
        self.manifest = SimpleNamespace(seed=0)  # type: ignore[assignment]
        self.encoder = WordHashEncoder(4)
        self._points = points

    def probabilities(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        return 0.5 + keep @ np.array([self._points.get(turn.text.split()[0], 0.0) for turn in call.turns])


def calls(n: int = 12) -> list[LabelledCall]:
    words = ["gladly", "well", "so", "perhaps", "and", "sadly", "then", "hardly", "now", "but", "ok", "right"]
    lines = [f"{'Rep' if row % 2 else 'Customer'}: {word} it goes on" for row, word in enumerate(words * 2)]
    return [make_call(f"c{row}", *lines, account_id=f"a{row // 2}") for row in range(n)]


def test_taking_out_evidence_moves_what_it_claims_and_random_turns_nothing() -> None:
    found = check_faithfulness(KnownScorer(POINTS), calls())
    assert isinstance(found, Faithfulness)
    assert [one.k for one in found.deletion] == list(range(1, MAX_TURNS + 1))
    for points in (found.deletion, found.insertion):
        assert [one.evidence.value for one in points] == pytest.approx([0.04, 0.08, 0.09, 0.10])
        assert [one.random.value for one in points] == pytest.approx([0.0] * MAX_TURNS)
        assert points[0].evidence.ci == pytest.approx((0.04, 0.04))
    assert found.agreement is None
    assert check_faithfulness(KnownScorer(POINTS), calls()) == found


def test_a_model_that_gives_no_reasons_has_no_curves() -> None:
    assert check_faithfulness(KnownScorer({}), calls()) is None


def test_where_the_truth_is_known_it_is_compared() -> None:
    true = np.array([POINTS.get(turn.text.split()[0], 0.0) for turn in calls()[0].transcript.turns])
    found = check_faithfulness(KnownScorer(POINTS), calls(), {f"c{row}": true for row in range(6)})
    assert found is not None
    assert found.agreement is not None
    assert found.agreement.n == 6
    assert (found.agreement.sign_right.value, found.agreement.rank.value) == (1, pytest.approx(1))
    turned = agreement([(-true, true, "a"), (-true, true, "b")], 0)
    assert turned is not None
    assert (turned.first_found.value, turned.sign_right.value, turned.rank.value) == (1, 0, pytest.approx(-1))
    assert agreement([(true, np.zeros(len(true)), "a")], 0) is None


@given(
    st.lists(st.tuples(st.sampled_from(["rep", "customer"]), st.integers(1, 30)), min_size=2, max_size=20),
    st.data(),
)
def test_random_turns_are_of_the_same_side_and_not_cited(sides: list[tuple[str, int]], data: st.DataObject) -> None:
    turns = [Turn(speaker=role, role=role, text="word " * n) for role, n in sides]  # type: ignore[arg-type]
    rows = list(range(len(turns)))
    cited = set(data.draw(st.lists(st.sampled_from(rows), min_size=1, unique=True)))
    evidence = sorted(cited)[:MAX_TURNS]
    chosen = random_turns(turns, evidence, cited, np.random.default_rng(0))
    if chosen is not None:
        assert [turns[row].role for row in chosen] == [turns[row].role for row in evidence]
        assert not cited & set(chosen)
        assert len(set(chosen)) == len(evidence)
    else:
        counts = [sum(turns[row].role == role for row in rows) for role in ("rep", "customer")]
        free = [sum(turns[row].role == role and row not in cited for row in rows) for role in ("rep", "customer")]
        needed = [sum(turns[row].role == role for row in evidence) for role in ("rep", "customer")]
        assert any(have < need for have, need in zip(free, needed, strict=True)), counts


def test_true_effects_are_read_from_beside_the_corpus(tmp_path: Path) -> None:
    write_sample(tmp_path / "calls.csv", n_calls=4, seed=1)
    found = read_true_effects(tmp_path / "calls.csv")
    assert found is not None
    for call in read_calls(tmp_path / "calls.csv"):
        assert found[call.call_id].shape == (len(call.transcript),)
    assert read_true_effects(tmp_path / "other.csv") is None

"""Authored calls: facts before words, writers who can't know the outcome, labels that are read or refused."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from salescoach.errors import DataError
from salescoach.moves.taxonomy import MOVES
from training.authored.agreement import agreement, kappa
from training.authored.briefs import brief, deals_of, read_writers
from training.authored.corpus import (
    CallCourse,
    LabelledNextStep,
    Labels,
    Objection,
    read_call,
    read_calls,
    read_courses,
    read_labels,
    read_pairs,
)
from training.authored.deals import AFTERWARDS, INTEREST, draw_deals, read_deals
from training.authored.labelled import AUTHORED, Labeller, labels_by, split_of

CALL = """# call: w99-001
# rep: Ines, Paul
# customer: Mr Okoro
Ines: Morning.
Mr Okoro: It's the price, I'm afraid: nine hundred.
Paul: Nine hundred against what?
Mr Okoro: Against nothing. Send me the sheet by Friday.
"""
LABELS = """# call: w99-001
T2: objection_price
T3: explore_objection
T4: commitment
objection: T2 price; partly at T3
next_step: T4; what: send the sheet; who: rep; when: Friday; committed: yes
decisive: T2, T4
probability: 0.4
"""


@pytest.fixture
def call_file(tmp_path: Path) -> Path:
    file = tmp_path / "w99-001.txt"
    file.write_text(CALL, encoding="utf-8")
    return file


def test_the_same_seed_draws_the_same_deals() -> None:
    assert draw_deals(["a", "b"], 3) == draw_deals(["a", "b"], 3)
    assert draw_deals(["a"] * 20, 3) != draw_deals(["a"] * 20, 4)


def test_what_is_merely_frequent_in_a_call_says_nothing_of_the_outcome() -> None:
    deals = draw_deals(["x"] * 8_000, 5)
    converted = [deal.outcome == "converted" for deal in deals]
    assert 0.4 < np.mean(converted) < 0.5
    for fact in (
        [deal.n_turns for deal in deals],
        [deal.n_customers for deal in deals],
        [len(deal.concerns) for deal in deals],
        [deal.interest == INTEREST[0] for deal in deals],
        [deal.push for deal in deals],
        *([any(one.kind == kind for one in deal.concerns) for deal in deals] for kind in ("price", "trust", "stall")),
    ):
        ranks = np.unique(fact, return_inverse=True)[1]
        assert roc_auc_score(converted, ranks) == pytest.approx(0.5, abs=0.03)
    badly = [sum(one.handled == "badly" for one in deal.concerns) for deal in deals]
    assert 0.4 < roc_auc_score(converted, badly) < 0.5
    assert roc_auc_score(converted, [deal.probability for deal in deals]) > 0.82


def test_who_wrote_a_call_says_little_of_its_outcome() -> None:
    drawn = [draw_deals(["x"] * 12, seed) for seed in range(40)]
    assert {sum(deal.outcome == "converted" for deal in deals) for deals in drawn} == {5, 6, 7}


def test_a_brief_tells_neither_the_outcome_nor_what_happens_afterwards() -> None:
    for deal in draw_deals(["trucks for a brewery"] * 200, 6):
        told = brief(deal).lower()
        assert "outcome" not in told
        assert "converted" not in told
        assert f"{deal.probability:.2f}" not in told
        assert not any(event in told for event in AFTERWARDS)


def test_every_writer_has_a_voice_and_deals_of_their_own() -> None:
    writers, deals = read_writers(), read_deals(AUTHORED / "facts")
    assert len(deals) == sum(len(writer.markets) for writer in writers)
    assert {deal.market for deal in deals.values()} == {market for writer in writers for market in writer.markets}
    assert len({writer.voice for writer in writers}) == len(writers)
    last = writers[-1]
    assert [deals[deal.deal_id] for deal in deals_of(last)] == deals_of(last)


def test_a_call_and_its_labels_are_read(call_file: Path) -> None:
    call = read_call(call_file)
    assert [turn.role for turn in call.turns] == ["rep", "customer", "rep", "customer"]
    assert call.turns[1].text == "It's the price, I'm afraid: nine hundred."
    labels_file = call_file.with_suffix(".labels")
    labels_file.write_text(LABELS, encoding="utf-8")
    assert read_labels(labels_file, call) == Labels(
        call_id="w99-001",
        moves={2: ("objection_price",), 3: ("explore_objection",), 4: ("commitment",)},
        objections=(Objection(turn=2, kind="price", handled="partly", handled_at=3),),
        next_step=LabelledNextStep(turn=4, what="send the sheet", who="rep", when="Friday", committed=True),
        decisive=(2, 4),
        probability=0.4,
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("T2: discovery", "no move of the side"),
        ("T9: objection_price", "no turn 9"),
        ("T2: objection_prise", "no move"),
        ("objection: T2 price; nicely at T3", "can't be read"),
        ("maybe", "can't be read"),
    ],
)
def test_labels_that_are_wrong_are_refused(call_file: Path, wrong: str, said: str) -> None:
    file = call_file.with_suffix(".labels")
    file.write_text(f"{wrong}\nprobability: 0.4\n", encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_labels(file, read_call(call_file))


def test_a_speaker_whom_the_header_does_not_know_is_refused(call_file: Path) -> None:
    call_file.write_text(f"{CALL}Nobody: Hm.\n", encoding="utf-8")
    with pytest.raises(DataError, match="Nobody"):
        read_call(call_file)


def test_kappa_is_cohens() -> None:
    rng = np.random.default_rng(1)
    first = rng.random(400) < 0.3
    second = np.where(rng.random(400) < 0.2, ~first, first)
    assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))
    assert kappa(first, first) == 1


def test_agreement_counts_only_what_a_side_can_do(call_file: Path) -> None:
    call = read_call(call_file)
    file = call_file.with_suffix(".labels")
    file.write_text(LABELS, encoding="utf-8")
    labels = {"w99-001": read_labels(file, call)}
    same = agreement({"w99-001": call}, labels, labels)
    assert same.kappa == 1
    assert same.by_move["objection_price"] == (1.0, 1)
    assert same.handled is None  # a single concern has no other class to be told from
    assert (same.n_calls, same.n_turns, same.n_handled) == (1, 4, 1)


def test_each_call_of_the_corpus_is_labelled_twice_and_settled() -> None:
    calls = read_calls(AUTHORED / "calls")
    assert len(calls) >= 60
    assert calls.keys() <= read_deals(AUTHORED / "facts").keys()
    courses = read_courses(AUTHORED / "courses")
    assert courses.keys() == calls.keys()
    assert all(0 < p < 1 for one in courses.values() for p in one.after(len(calls[one.call_id])))
    labellers: tuple[Labeller, ...] = ("first", "second", "settled")
    for who in labellers:
        labels = labels_by(who, calls)
        assert labels.keys() == calls.keys()
        assert {move for one in labels.values() for moves in one.moves.values() for move in moves} <= {*MOVES}


def test_settled_labels_stay_near_what_either_labeller_said() -> None:
    calls = read_calls(AUTHORED / "calls")
    assert agreement(calls, labels_by("first", calls), labels_by("settled", calls)).kappa > 0.85


def test_pairs_are_of_one_side_and_differ() -> None:
    pairs = read_pairs(AUTHORED / "pairs")
    assert len(pairs) == len({pair.id for pair in pairs}) >= 300
    for pair in pairs:
        a, b = pair.version("a"), pair.version("b")
        assert len(a) == len(b) <= 6
        assert sum(one != other for one, other in zip(a.turns, b.turns, strict=True)) == 1, pair.id
        assert pair.a[0] == pair.b[0]
    better = [pair.better == "a" for pair in pairs]
    assert 0.45 < np.mean(better) < 0.55


@pytest.mark.parametrize(
    ("part", "writers"),
    [("train", ("w01", "w28", "w43", "w58")), ("calibration", ("w29", "w32")), ("test", ("w33", "w42", "w59", "w62"))],
)
def test_a_writer_is_on_one_side_of_the_split(part: str, writers: tuple[str, ...]) -> None:
    assert {split_of(f"{writer}-007") for writer in writers} == {part}


def test_a_course_holds_what_it_said_last() -> None:
    assert CallCourse(call_id="c", course=((0, 0.4), (2, 0.6))).after(4) == (0.4, 0.6, 0.6, 0.6)

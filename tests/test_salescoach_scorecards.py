"""Scorecards from hand-made probabilities: what counts, what doesn't apply, and what is wrong with a YAML file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from salescoach.errors import InputError
from salescoach.model.head import logit
from salescoach.moves.heads import N_OUTPUTS
from salescoach.moves.taxonomy import MOVES
from salescoach.moves.trackers.desk import TrackerDesk
from salescoach.moves.trackers.kept import KeptTrackers
from salescoach.moves.trackers.tracker import new_tracker
from salescoach.scorecards.desk import ScorecardDesk
from salescoach.scorecards.heads import (
    FILE,
    FLOOR,
    N_CALL,
    N_TURN,
    CriterionHeads,
    bundled_heads,
    learned_criteria,
)
from salescoach.scorecards.judge import HeardCall, judge_call
from salescoach.scorecards.playbook import BUNDLED, Playbook, bundled_playbook, read_playbook
from salescoach.scorecards.results import JudgedCriterion, Scorecard
from salescoach.scorecards.said import HOLDS
from salescoach.testing import WordHashEncoder, make_call
from salescoach.types import Transcript, Turn

CALL = make_call(
    "call",
    "Rep: It is 40 dollars a month. Who signs?",
    "Customer: My wife does.",
    "Rep: Would Thursday suit her?",
    "Customer: It costs us 300 dollars a week as it is.",
).transcript
OWN = {
    "playbook": "own",
    "criteria": [{"name": "buyer", "counts": "who signs is known", "side": "customer", "moves": ["authority"]}],
}


def heard(call: Transcript = CALL, **moves: Sequence[float]) -> HeardCall:
    """A call in which each move is heard in each turn so surely; all thresholds are 0.4."""
    p = np.zeros((len(call), N_OUTPUTS))
    for move, sure in moves.items():
        p[:, MOVES.index(move)] = sure
    return HeardCall(call, p, np.full(N_OUTPUTS, 0.4))


def own(**changed: object) -> Playbook:
    return Playbook.model_validate({"playbook": "own", "criteria": [OWN["criteria"][0] | changed]})


def judged(playbook: Playbook, given: HeardCall) -> JudgedCriterion:
    (one,) = judge_call(playbook, given, bundled_heads()).criteria
    return one


@pytest.mark.parametrize(("sure", "met"), [(0.4, "yes"), (0.39, "partly"), (0.2, "partly"), (0.19, "no")])
def test_a_move_meets_a_criterion_from_its_threshold_on_and_partly_from_half_of_it(sure: float, met: str) -> None:
    one = judged(own(), heard(authority=[0, sure, 0, 0.1]))
    assert one.met == met
    assert (one.turn, one.quote) == ((2, "My wife does.") if met != "no" else (None, None))
    assert (
        one.why
        == {
            "yes": "T2 (customer) shows best that who signs is known; heard there: authority.",
            "partly": "T2 (customer) shows best, though not in full, that who signs is known.",
            "no": "Not heard: who signs is known.",
        }[met]
    )


def test_the_other_side_does_not_count() -> None:
    assert judged(own(), heard(authority=[0.9, 0, 0.9, 0])).met == "no"
    assert judged(own(side="either"), heard(authority=[0.9, 0, 0.9, 0])).turn == 1


def test_what_must_stand_in_the_turn_makes_the_difference_between_yes_and_partly() -> None:
    given = heard(pain=[0, 0.9, 0, 0.5])
    in_numbers = own(moves=["pain"], contains=["sum", "percentage"])
    assert (judged(in_numbers, given).met, judged(in_numbers, given).turn) == ("yes", 4)
    dated = own(moves=["pain"], contains=["date"])
    assert (judged(dated, given).met, judged(dated, given).turn) == ("partly", 2)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"shorter_than": 5}, "The call has 4 turns, fewer than the 5 that this takes."),
        ({"if_any_of": ["refusal", "price_talk"]}, "The call has price talk, and then this doesn't apply."),
        ({"if_none_of": ["stall", "goal"]}, "The call has no stall and no goal, and then this doesn't apply."),
    ],
)
def test_a_criterion_may_not_apply(when: dict[str, object], why: str) -> None:
    given = heard(price_talk=[0.9, 0, 0, 0], authority=[0, 0.9, 0, 0])
    playbook = own(not_applicable=when)
    one = judged(playbook, given)
    assert (one.met, one.turn, one.quote, one.why) == ("not applicable", None, None, why)
    assert judge_call(playbook, given, bundled_heads()).score is None
    other = {"shorter_than": 4} if "shorter_than" in when else {"if_none_of": ["stall", "price_talk"]}
    assert judged(own(not_applicable=other), given).met == "yes"


def test_a_call_without_a_known_customer_has_no_customers_criteria() -> None:
    alone = make_call("alone", "Rep: Hello?", "Rep: Anybody there?").transcript
    one = judged(own(), heard(alone))
    assert (one.met, one.why) == ("not applicable", "Nobody is known to speak for the customer's side in this call.")


def test_the_score_is_the_share_of_what_applies_and_partly_counts_half() -> None:
    def said(met: str) -> JudgedCriterion:
        has = met in ("yes", "partly")
        return JudgedCriterion.model_validate(
            {"name": met, "met": met, "turn": 2 if has else None, "quote": "My wife does." if has else None, "why": "."}
        )

    criteria = tuple(map(said, ["yes", "partly", "no", "not applicable"]))
    assert Scorecard.of("own", criteria, CALL).score == 0.5
    assert Scorecard.of("own", criteria[3:], CALL).score is None
    assert Scorecard.of("own", (said("yes"), said("no"), said("no")), CALL).score == 0.3333


def test_a_quote_that_was_not_said_there_is_refused() -> None:
    one = JudgedCriterion(name="buyer", met="yes", turn=3, quote="My wife does.", why=".")
    with pytest.raises(ValueError, match="buyer: the quote isn't what was said at turn 3"):
        Scorecard.of("own", (one,), CALL)
    with pytest.raises(ValueError, match="where it is met, and only there"):
        JudgedCriterion(name="buyer", met="no", turn=2, quote="My wife does.", why=".")


def test_a_head_weighs_the_turns_of_its_side_and_two_cuts_tell_how_far_it_is_met() -> None:
    criteria = learned_criteria()
    row = next(row for row, (name, one) in enumerate(criteria) if (name, one.name) == ("bant", "need"))
    turn, call = np.zeros((len(criteria), N_TURN + 1)), np.zeros((len(criteria), N_CALL + 1))
    turn[row, MOVES.index("pain")] = 2.0  # rows hold half of a logit
    call[row, 0] = 1.0
    heads = CriterionHeads(
        turn, call, np.tile([float(logit(np.array(0.3))), float(logit(np.array(0.6)))], (len(criteria), 1))
    )
    for sure, met, place in (
        ([0.9, 0.7, 0, 0.2], "yes", 2),
        ([0.9, 0.2, 0, 0.4], "partly", 4),
        ([0.9, 0, 0, 0.2], "no", None),
    ):
        (one,) = (
            one for one in judge_call(bundled_playbook("bant"), heard(pain=sure), heads).criteria if one.name == "need"
        )
        assert (one.met, one.turn) == (met, place)
    assert FLOOR < 0.2


def test_the_bundled_heads_are_small_and_judge_the_same_call_alike() -> None:
    import salescoach.scorecards

    assert (Path(salescoach.scorecards.__file__).parent / FILE).stat().st_size < 300_000
    given = heard(authority=[0, 0.8, 0, 0], pain=[0, 0, 0, 0.7], discovery=[0.9, 0, 0.3, 0])
    for name in BUNDLED:
        cards = {judge_call(bundled_playbook(name), given, bundled_heads()).model_dump_json() for _ in range(20)}
        assert len(cards) == 1


class WordReader:
    """Hears nothing; feature vectors depend on the words of a turn alone."""

    thresholds = np.full(N_OUTPUTS, 0.4)

    def features(self, turns: Sequence[Turn]) -> np.ndarray:
        return WordHashEncoder(64).encode([turn.text for turn in turns])

    def probabilities(self, turns: Sequence[Turn]) -> np.ndarray:
        return np.zeros((len(turns), N_OUTPUTS))


def test_a_criterion_may_rest_on_a_tracker(tmp_path: Path) -> None:
    kept = KeptTrackers(tmp_path / "trackers.yaml")
    examples = [
        "Could you give us a discount on that?",
        "A discount on that, could you?",
        "Could you, on that, a discount?",
    ]
    kept.add([new_tracker({"name": "asks for less", "side": "customer", "examples": examples, "precision": 0.05})])
    call = make_call(
        "call", "Rep: Hello there.", "Customer: Could you give us a discount on number 3?", "Rep: No."
    ).transcript
    desk = ScorecardDesk(WordReader, TrackerDesk(kept, WordReader, None))  # type: ignore[arg-type]
    (one,) = desk.score(call, own(moves=[], tracker="Asks for less")).criteria
    assert (one.met, one.turn) == ("yes", 2)
    assert one.why.endswith("the tracker 'Asks for less' found it.")
    with pytest.raises(InputError, match="for the rep's side, and its tracker 'asks for less' for the customer's"):
        desk.score(call, own(side="rep", moves=[], tracker="asks for less"))
    with pytest.raises(
        InputError, match="'buyer' can't be judged: There is no tracker 'swears'; there are: 'asks for less'"
    ):
        desk.score(call, own(moves=[], tracker="swears"))
    with pytest.raises(InputError, match="there are no trackers"):
        ScorecardDesk(WordReader, None).score(call, own(moves=[], tracker="swears"))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BUNDLED)
def test_the_bundled_playbooks_are_known_by_name(name: str) -> None:
    assert read_playbook(name.upper()) == bundled_playbook(name)
    assert all(one.learned for one in bundled_playbook(name).criteria)


YAML = """playbook: renewals
criteria:
  - name: renewal date
    counts: when the contract runs out is known
    side: customer
    moves: [decision_process, objection_timing]
    contains: [date]
    not_applicable:
      if_any_of: [refusal]
  - name: asked for the renewal
    counts: the rep asks for it
    side: rep
    moves: [close]
"""


def written(folder: Path, text: str) -> str:
    (folder / "renewals.yaml").write_text(text, encoding="utf-8")
    return str(folder / "renewals.yaml")


def test_a_playbook_of_ones_own_is_read(tmp_path: Path) -> None:
    found = read_playbook(written(tmp_path, YAML))
    assert (found.playbook, [one.name for one in found.criteria]) == (
        "renewals",
        ["renewal date", "asked for the renewal"],
    )
    assert found.criteria[0].not_applicable.if_any_of == ("refusal",)
    assert judge_call(found, heard(close=[0, 0, 0.5, 0], refusal=[0, 0.5, 0, 0]), bundled_heads()).score == 1.0


FIRST, SECOND = "(criterion 'renewal date'): ", "(criterion 'asked for the renewal'): "


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("side: rep", "side: buyer", f"line 12 {SECOND}side: 'buyer' is none of 'customer', 'rep', 'either'."),
        ("[close]", "[clse]", f"line 13 {SECOND}moves: 'clse' is no move; docs/moves.md has their names."),
        ("[close]", "[pain]", f"line 10 {SECOND}pain is no move of the rep's side."),
        ("    moves: [close]\n", "", f"line 10 {SECOND}it rests on moves or on a tracker; give one of the two."),
        ("counts: the rep asks for it", "means: it", f"line 10 {SECOND}counts: it is missing."),
        ("[date]", "[dates]", f"line 7 {FIRST}contains: 'dates' is none of 'sum', 'percentage', 'date'."),
        ("if_any_of", "if_any", f"line 9 {FIRST}if_any: there is no such key."),
        ("asked for the renewal", "Renewal date", "line 1: the criterion 'renewal date' stands there twice."),
        ("moves: [close]", "learned: true", f"line 13 {SECOND}nothing is learned for a playbook of your own"),
        ("playbook: renewals\n", "", "line 1: playbook: it is missing."),
        ("[close]", "[close", "line 14: this is no YAML ("),
        ("[close]", "*close", "line 13: this is no YAML (it has an alias)."),
        (YAML, "- one\n", "renewals.yaml holds no playbook; it starts with `playbook: NAME`"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_a_sentence(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in YAML
    with pytest.raises(InputError) as caught:
        read_playbook(written(tmp_path, YAML.replace(old, new)))
    said = str(caught.value)
    assert message in said
    assert said.startswith("renewals.yaml")
    assert "\n" not in said


def test_a_playbook_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no playbook 'medic'; give meddicc, bant, spin, or a YAML file"):
        read_playbook("medic")
    with pytest.raises(InputError, match="can't be read; give meddicc"):
        read_playbook(str(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"playbook: caf\xe9\n")
    with pytest.raises(InputError, match=r"latin\.yaml is no UTF-8 text"):
        read_playbook(str(tmp_path / "latin.yaml"))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("It's $40 a month.", {"sum"}),
        ("about forty thousand, all in", {"sum"}),
        ("we lose fourteen per cent", {"percentage"}),
        ("12 % more by next month", {"percentage", "date"}),
        ("before Easter", {"date"}),
        ("on the fourteenth floor there are 12 of us", set()),
    ],
)
def test_sums_percentages_and_dates_are_found(text: str, holds: set[str]) -> None:
    assert {name for name, found in HOLDS.items() if found(text)} == holds

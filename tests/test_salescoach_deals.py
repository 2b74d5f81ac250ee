"""Deals: which calls make one, each risk from hand-made moves, days that were named, people, and the order."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from salescoach.deals.board import DealBoard, deal_board, open_calls
from salescoach.deals.cadence import WITHOUT_ANY_DAYS, gaps, usual_gap
from salescoach.deals.calls import AccountCall, Heard, HeardConcern, HeardStep
from salescoach.deals.due import due_on
from salescoach.deals.people import people
from salescoach.deals.risks import AFTER_REFUSAL, DealState, FoundRisk, risks_of
from salescoach.moves.taxonomy import Handled, ObjectionKind

MONDAY = datetime(2026, 3, 2, 10)
TODAY = date(2026, 3, 16)
AGREED = HeardStep(18, "Thursday at ten, then.", "Thursday at ten", committed=True)


def heard(
    step: HeardStep | None = AGREED, *concerns: tuple[int, ObjectionKind, Handled], **turns: tuple[int, float]
) -> Heard:
    """A call of twenty turns; each move at one turn."""
    places: dict[Any, Any] = {"price_talk": ((8, 0.9),), "commitment": ((18, 0.9),)}
    places |= {name: (place,) for name, place in turns.items()}
    return Heard(
        20,
        {name: found for name, found in places.items() if found[0][1]},
        tuple(HeardConcern(turn, kind, handled, f"concern at {turn}") for turn, kind, handled in concerns),
        step,
    )


def call(number: int = 1, what: Heard | None = None, *who: str, day: int = 0, **fields: Any) -> AccountCall:
    return AccountCall(
        call_id=f"c{number}",
        account_id="hexa",
        content_hash=f"hash-{number}",
        at=MONDAY + timedelta(days=day),
        customers=frozenset(who or ("Jess Moore", "Kim")),
        heard=what or heard(),
        **fields,
    )


def risks(*calls: AccountCall, today: date = date(2026, 3, 4), usual: float = 10.0) -> dict[str, FoundRisk]:
    return {risk.kind: risk for risk in risks_of(DealState(calls, today, usual))}


def test_a_sound_deal_has_no_risk() -> None:
    assert risks(call()) == {}
    assert risks(call(), call(2, day=1)) == {}


def test_no_next_step_was_found_or_agreed_to() -> None:
    none = risks(call(what=heard(None)))["no_next_step"]
    assert (none.call.call_id, none.turn, none.since) == ("c1", None, MONDAY.date())
    let_stand = risks(call(what=heard(commitment=(18, 0.0))))["no_next_step"]
    assert (let_stand.turn, let_stand.quote) == (AGREED.turn, AGREED.what)
    assert "no_next_step" in risks(call(what=heard(stall=(19, 0.95))))
    assert "no_next_step" in risks(call(what=heard(commitment=(2, 0.9)))), "what was agreed to at the start is done"
    assert "no_next_step" not in risks(call(what=heard(stall=(3, 0.95)))), "a doubt of the start is over"


def test_only_the_latest_call_says_what_is_next() -> None:
    assert "no_next_step" not in risks(call(what=heard(None)), call(2, day=1))


def test_an_agreed_step_is_overdue_the_day_after() -> None:
    thursday = date(2026, 3, 5)
    assert "step_overdue" not in risks(call(), today=thursday)
    late = risks(call(), today=thursday + timedelta(days=3))["step_overdue"]
    assert (late.since, late.turn, late.quote) == (thursday, AGREED.turn, AGREED.what)
    assert "3 days overdue" in late.text
    assert "step_overdue" not in risks(call(what=heard(commitment=(18, 0.0))), today=TODAY), "nobody promised it"
    assert "step_overdue" not in risks(replace(call(), is_dated=False), today=TODAY)


def test_quiet_is_longer_than_usual_and_says_how_long() -> None:
    undated = replace(AGREED, when=None, what="I'll send it.")
    quiet = risks(call(what=heard(undated)), today=date(2026, 4, 1), usual=10)["gone_quiet"]
    assert "30 days" in quiet.text
    assert "10 days" in quiet.text
    assert "gone_quiet" not in risks(call(what=heard(undated)), today=date(2026, 4, 1), usual=20)
    assert "gone_quiet" not in risks(call(what=heard(undated)), today=date(2026, 3, 8), usual=1), "nobody is missed yet"


def test_nobody_is_quiet_before_the_day_that_was_agreed() -> None:
    far = replace(AGREED, when="in six weeks", what="We'll talk again in six weeks.")
    assert "gone_quiet" not in risks(call(what=heard(far)), today=date(2026, 4, 1), usual=5)
    assert {"gone_quiet", "step_overdue"} <= set(risks(call(what=heard(far)), today=date(2026, 4, 20), usual=5))


def test_a_concern_is_open_until_it_is_met_where_it_came_up_last() -> None:
    first = call(what=heard(AGREED, (4, "price", "not"), (6, "fit", "badly")))
    found = risks(first)["objection_open"]
    assert (found.turn, found.quote) == (6, "concern at 6")
    assert "2 kinds" in found.text
    met = call(2, heard(AGREED, (5, "price", "well"), (7, "fit", "partly")), day=1)
    assert "objection_open" not in risks(first, met)
    assert risks(first, call(2, day=1))["objection_open"].call.call_id == "c1", "it didn't come up again"


def test_who_decides_was_not_heard() -> None:
    said = heard(authority=(7, 0.8))
    found = risks(call(what=said))["no_decision_maker"]
    assert (found.call.call_id, found.turn) == ("c1", 7)
    one, two = call(1, said, "Jess"), call(2, None, "Jess Moore", day=1)
    assert "no_decision_maker" in risks(one, two)
    assert "no_decision_maker" not in risks(one, replace(two, customers=frozenset({"Jess", "Ruth"})))
    assert "no_decision_maker" not in risks(one, replace(two, customers=frozenset({"Customer"}))), (
        "it may have been Ruth"
    )
    assert "no_decision_maker" not in risks(call(what=heard(authority=(7, 0.1)))), "hardly heard"


def test_one_person_alone_in_two_calls() -> None:
    one, two = call(1, None, "Jess Moore (Hexa)"), call(2, None, "Moore, Jess", day=1)
    assert risks(one, two)["single_contact"].since == MONDAY.date()
    assert "single_contact" not in risks(one)
    assert "single_contact" not in risks(one, replace(two, customers=frozenset({"Kim"})))
    assert "single_contact" not in risks(one, replace(two, customers=frozenset({"Speaker 2"})))
    assert "single_contact" not in risks(one, replace(two, has_unknown=True))


def test_a_competitor_is_quoted_from_the_first_call_that_names_one() -> None:
    named, again = call(what=heard(competitor=(5, 0.6))), call(2, heard(competitor=(9, 0.9)), day=1)
    found = risks(named, again)["competitor"]
    assert (found.call.call_id, found.turn, found.since) == ("c1", 5, MONDAY.date())


def test_price_did_not_come_up() -> None:
    silent = heard(price_talk=(8, 0.0))
    assert "no_price" in risks(call(what=silent), call(2, silent, day=1))
    assert "no_price" not in risks(call(what=silent)), "one call is too early"
    assert "no_price" not in risks(call(what=silent), call(2, day=1))
    assert "no_price" not in risks(
        call(what=silent), call(2, heard(price_talk=(8, 0.0), objection_price=(3, 0.7)), day=1)
    )


def test_after_a_refusal_nothing_calls_for_getting_in_touch() -> None:
    no = heard(None, (4, "price", "not"), refusal=(19, 0.8), competitor=(5, 0.6), commitment=(2, 0.5))
    found = risks(call(1, no, "Jess"), today=date(2026, 8, 1))
    assert set(found) == set(AFTER_REFUSAL)
    assert found["refusal"].turn == 19
    assert "do not contact" in found["refusal"].text


def test_a_refusal_is_over_once_the_customer_agrees_to_something() -> None:
    no = heard(None, refusal=(10, 0.8), commitment=(2, 0.5))
    assert "refusal" in risks(call(what=no))
    assert "refusal" in risks(call(what=no), call(2, heard(None, commitment=(18, 0.0)), day=1)), "no more was said"
    assert "refusal" not in risks(call(what=no), call(2, day=1))
    assert "refusal" not in risks(call(what=heard(refusal=(10, 0.8))))


def test_calls_that_nobody_read_say_nothing_of_what_was_said() -> None:
    unread = replace(call(), heard=None)
    assert set(risks(unread, replace(call(2, day=1), heard=None), today=TODAY)) == set()


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today at lunch", "03-04"),
        ("tomorrow by noon", "03-05"),
        ("Thursday at ten", "03-05"),
        ("Wednesday", "03-11"),
        ("Tuesday next week", "03-10"),
        ("Thursday the twenty-sixth at two", "03-26"),
        ("Thursday, the 26th", "03-26"),
        ("by the 14th", "03-14"),
        ("March 20", "03-20"),
        ("2nd of April", "04-02"),
        ("end of the week", "03-06"),
        ("next week", "03-13"),
        ("at the weekend", "03-08"),
        ("in two weeks", "03-18"),
        ("end of the month", "03-31"),
        ("next month", "04-30"),
        ("Friday, Monday at half past four", "03-09"),
    ],
)
def test_days_are_meant_from_the_day_of_the_call(said: str, day: str) -> None:
    assert due_on(said, date(2026, 3, 4)) == date.fromisoformat(f"2026-{day}")  # a Wednesday


@pytest.mark.parametrize("said", ["at three", "the second one", "last Thursday", "on Saturdays", "sometime", ""])
def test_no_day_is_made_up(said: str) -> None:
    assert due_on(said, date(2026, 3, 4)) is None


def test_people_are_told_by_their_names() -> None:
    named = people(["Jess", "Jess Moore", "Moore, Jess (Hexa)", "Zoë"])
    assert named == {frozenset({"jess", "moore"}), frozenset({"zoe"})}
    assert people(["Jess", "Customer"]) is None
    assert people([]) == frozenset()


def test_what_is_usual_lies_between_the_account_and_the_team() -> None:
    assert usual_gap([], []) == pytest.approx(WITHOUT_ANY_DAYS)
    assert usual_gap([], [3, 9, 40]) == pytest.approx(9)
    assert 9 < usual_gap([30], [9]) < usual_gap([30, 30, 30], [9]) < 30
    assert gaps([MONDAY, MONDAY + timedelta(days=4), MONDAY]) == [1.0, 4.0]


def test_a_deal_begins_after_the_last_one_and_a_closed_account_has_none() -> None:
    won = replace(call(1, day=-9), outcome="converted")
    new, newer = call(2), call(3, day=1)
    lost = replace(call(4), account_id="kite", outcome="lost")
    assert {name: [one.call_id for one in own] for name, own in open_calls([newer, won, lost, new]).items()} == {
        "hexa": ["c2", "c3"]
    }
    assert set(open_calls([newer, won, lost, new], also_closed=True)) == {"hexa", "kite"}


def board_of(*calls: AccountCall, probabilities: dict[str, float | None], today: date = TODAY) -> DealBoard:
    return deal_board(
        open_calls(calls), [10.0], probabilities, lambda places: {place: f"words of {place}" for place in places}, today
    )


def test_a_deal_has_the_score_of_its_latest_call_and_how_it_moved() -> None:
    own = call(), call(2, day=1), call(3, day=2)
    (deal,) = board_of(*own, probabilities={"hash-1": 0.5, "hash-2": 0.7, "hash-3": 0.4}).deals
    assert (deal.probability, deal.trend, deal.calls) == (0.4, -0.2, 3)
    (deal,) = board_of(*own, probabilities={"hash-2": 0.7, "hash-3": None}).deals
    assert (deal.probability, deal.trend) == (0.7, None)


def test_risks_are_quoted_verbatim() -> None:
    (deal,) = board_of(call(what=heard(competitor=(5, 0.6))), probabilities={}).deals
    quotes = {risk.kind: risk.quote for risk in deal.risks}
    assert quotes["competitor"] == "words of ('c1', 5)"
    assert quotes["step_overdue"] == AGREED.what


def test_the_order_is_risk_times_time() -> None:
    sound, doubtful, old = (replace(call(number), account_id=f"a{number}") for number in (1, 2, 3))
    doubtful = replace(doubtful, heard=heard(None), at=datetime(2026, 3, 15))
    old = replace(old, heard=heard(None), at=datetime(2026, 3, 8))
    same = {f"hash-{number}": 0.5 for number in (1, 2, 3)}
    on = {"today": date(2026, 3, 15)}
    sound = replace(sound, at=datetime(2026, 3, 14))
    order = [deal.account_id for deal in board_of(sound, doubtful, old, probabilities=same, **on).deals]
    assert order == ["a3", "a2", "a1"], "the same risk counts more where it has stood longer"
    order = [
        deal.account_id for deal in board_of(sound, doubtful, old, probabilities={**same, "hash-1": 0.1}, **on).deals
    ]
    assert order[0] == "a1", "a low score counts too"


def test_a_refused_account_is_not_to_be_contacted() -> None:
    no = heard(None, refusal=(19, 0.8), commitment=(2, 0.5))
    refused, other = board_of(call(what=no), replace(call(2), account_id="kite"), probabilities={}).deals
    assert (refused.account_id, refused.do_not_contact, other.do_not_contact) == ("hexa", True, False)


def test_a_closed_deal_comes_last_and_keeps_the_mark_of_a_refusal_alone() -> None:
    no = heard(None, (4, "price", "not"), refusal=(19, 0.8), commitment=(2, 0.5))
    lost = replace(call(1, no), account_id="kite", outcome="lost")
    calls = open_calls([lost, call(2)], also_closed=True)
    first, last = deal_board(calls, [], {"hash-1": 0.1, "hash-2": 0.9}, lambda _: {}, TODAY).deals
    assert (first.account_id, last.account_id, last.outcome) == ("hexa", "kite", "lost")
    assert [risk.kind for risk in last.risks] == ["refusal"]
    assert last.do_not_contact


def test_of_what_was_read_the_telling_moves_are_kept() -> None:
    turn = {"turn": 3, "moves": [{"name": "refusal", "probability": 0.5}, {"name": "pitch", "probability": 0.9}]}
    found = Heard.of({"turns": [turn], "objections": [], "next_step": None})
    assert dict(found.turns) == {"refusal": ((3, 0.5),)}
    assert found.step is None

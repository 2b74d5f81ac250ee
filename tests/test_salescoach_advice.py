"""How a call surely ended, and what was missed in it: each thing only where signs agree, and nothing after a no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.advice.ending import ending_of, says_no
from salescoach.advice.missed import Missed, missed_in
from salescoach.advice.sure import FLOORS, SureCall
from salescoach.moves.results import CallMoves, ReadNextStep, ReadObjection
from salescoach.moves.taxonomy import MOVES, MoveName
from salescoach.testing import make_moves, make_transcript

CHAT = ("Rep: How was the drive?", "Customer: Long, but dry.") * 4


def sure(
    *lines: str,
    moves: dict[int, list[MoveName]] | None = None,
    unmet: dict[int, str] | None = None,
    step: ReadNextStep | None = None,
) -> SureCall:
    """Eight turns of talk, then ``lines``; their moves by their place from 1, and concerns that stayed open."""
    transcript = make_transcript(*CHAT, *lines)
    placed = {len(CHAT) + turn: names for turn, names in (moves or {}).items()}
    read = make_moves(transcript, placed, next_step=step)
    concerns = [
        ReadObjection.of(transcript.turns, len(CHAT) + turn, kind, None, "not")  # type: ignore[arg-type]
        for turn, kind in (unmet or {}).items()
    ]
    return SureCall(transcript, read.model_copy(update={"objections": tuple(concerns)}))


def found_in(call: SureCall) -> list[Missed]:
    """What was missed, but for the next step that these calls end without."""
    return [one for one in missed_in(call, ending_of(call)) if one.kind != "no_step"]


def missed(call: SureCall) -> list[tuple[str, str]]:
    return [(one.kind, call.text(one.turn)) for one in found_in(call)]


NO = "No, thank you. Please don't call again."


def test_a_no_ends_the_call_and_nothing_is_advised() -> None:
    call = sure(
        "Customer: It is too dear for us.",
        "Rep: Everybody says that.",
        f"Customer: {NO}",
        "Rep: All right, goodbye.",
        moves={1: ["objection_price"], 2: ["dismiss"], 3: ["refusal"]},
        unmet={1: "price"},
    )
    assert ending_of(call).kind == "refused"
    assert call.text(ending_of(call).turn or 0) == NO
    assert missed(call) == []


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Let's change it, I don't want to wait any longer.", "open"),  # read as a no, and a yes in its own words
        ("Nobody calls us after six.", "doubtful"),
        ("The wind is up again.", "doubtful"),  # read as a no, with no word of one
        ("We've signed with the other one.", "refused"),
    ],
)
def test_what_was_read_and_what_was_said_decide_together(said: str, kind: str) -> None:
    call = sure("Rep: So what do you think?", f"Customer: {said}", moves={2: ["refusal"]})
    assert ending_of(call).kind == kind


def test_words_that_ask_to_be_let_alone_are_enough_to_say_nothing() -> None:
    call = sure("Rep: Shall I ring on Friday?", "Customer: No need to ring. Somebody is at the door.")
    assert ending_of(call).kind == "doubtful"
    assert missed(call) == []


@pytest.mark.parametrize("said", ["Nope.", "No need to ring. Somebody is at the door.", "Please don't call me again."])
def test_words_of_a_no_count_whoever_isnt_the_rep(said: str) -> None:
    call = sure("Rep: Shall I ring on Friday?", f"Somebody: {said}", moves={1: ["next_step"]})
    assert call.turn(len(call)).role == "unknown"
    assert ending_of(call).kind == "doubtful"
    assert missed(call) == []


def test_a_yes_of_somebody_unknown_keeps_a_proposal_from_being_left_open() -> None:
    assert missed(sure("Rep: Shall I come by?", "Somebody: Sure, come.", moves={1: ["next_step"]})) == []


def test_where_the_end_has_no_customer_in_it_nothing_is_advised() -> None:
    told = sure("Customer: Our counts are wrong on Mondays.", "Rep: I see.", *["Rep: Look."] * 8, moves={1: ["pain"]})
    assert ending_of(told).kind == "open"
    assert missed_in(told, ending_of(told)) == ()


LATER = ("Rep: And how is the roof?", "Customer: Dry so far.") * 8


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Please don't call me again.", "doubtful"),
        ("Stop calling us.", "doubtful"),
        ("Take my number off your list.", "doubtful"),
        ("They never call us back.", "open"),
        ("Don't ring me at work, ring me at home.", "open"),
    ],
)
def test_who_asks_to_be_let_alone_is_heard_anywhere(said: str, kind: str) -> None:
    assert ending_of(sure(f"Customer: {said}", *LATER)).kind == kind
    agreed = ("Rep: Friday, then?", "Customer: Friday, then.")
    assert ending_of(sure(f"Customer: {said}", *agreed, *LATER, moves={3: ["commitment"]})).kind == "open"


def test_a_likely_no_in_the_middle_is_heard() -> None:
    read = sure(f"Customer: {NO}", *LATER, moves={1: ["refusal"]})
    turns = [
        one.model_copy(update={"moves": tuple(move.model_copy(update={"probability": 0.6}) for move in one.moves)})
        for one in read.moves.turns
    ]
    call = SureCall(read.transcript, read.moves.model_copy(update={"turns": tuple(turns)}))
    assert ending_of(call).kind == "doubtful"


def test_an_agreement_after_a_no_undoes_it() -> None:
    call = sure(
        f"Customer: {NO}",
        "Rep: And a page to read?",
        "Customer: Friday, then.",
        moves={1: ["refusal"], 3: ["commitment"]},
    )
    assert ending_of(call).kind == "open"


def test_where_the_deal_is_made_nothing_is_left_to_advise() -> None:
    call = sure("Rep: Shall we?", "Customer: Yes, I'll sign it today.", moves={1: ["close"], 2: ["commitment"]})
    assert ending_of(call).kind == "made"
    assert missed(call) == []


def test_a_concern_that_was_brushed_aside_is_to_be_gone_back_to() -> None:
    call = sure(
        "Customer: It is too dear for us.",
        "Rep: It's cheap, what you do today is dear.",
        moves={1: ["objection_price"], 2: ["dismiss"]},
        unmet={1: "price"},
    )
    [found] = found_in(call)
    assert (found.kind, found.about) == ("concern_brushed_aside", "price")
    assert call.text(found.at or 0) == "It's cheap, what you do today is dear."


@pytest.mark.parametrize("answer", ["answer_objection", "acknowledge", "explore_objection", "proof"])
def test_a_concern_that_was_answered_is_not(answer: MoveName) -> None:
    lines = ("Customer: It is too dear for us.", "Rep: Then take the smaller one.")
    assert missed(sure(*lines, moves={1: ["objection_price"]}, unmet={1: "price"})) == [
        ("concern_open", "It is too dear for us.")
    ]
    assert missed(sure(*lines, moves={1: ["objection_price"], 2: [answer]}, unmet={1: "price"})) == []


def test_what_was_agreed_is_to_be_confirmed_with_its_day() -> None:
    turn = len(CHAT) + 2
    step = ReadNextStep(turn=turn, what="Thursday at nine, then.", who="both", when="Thursday", committed=True)
    lines = ("Rep: Shall I come by?", "Customer: Thursday at nine, then.")
    [found] = found_in(sure(*lines, moves={2: ["commitment"]}, step=step))
    assert (found.kind, found.when) == ("step_agreed", "Thursday")
    assert missed(sure(*lines, step=step)) == []  # nobody surely agreed


def test_a_call_that_ends_without_a_step_is_told_so() -> None:
    call = sure("Rep: It has a red button.", "Customer: We had a grey one for nine years.")
    [found] = missed_in(call, ending_of(call))
    assert (found.kind, call.text(found.turn)) == ("no_step", "We had a grey one for nine years.")


def test_a_proposal_without_an_answer_needs_a_yes_and_a_date() -> None:
    lines = ("Rep: Shall I come by with the plan?", "Customer: The cat is on the table again.")
    assert missed(sure(*lines, moves={1: ["next_step"]})) == [("step_left_open", "Shall I come by with the plan?")]
    agreed = (lines[0], "Customer: Sure, come.")
    assert missed(sure(*agreed, moves={1: ["next_step"]})) == []


def test_a_question_that_the_rep_took_away_is_owed_an_answer() -> None:
    asked = ("Customer: Is the heating off as well?", "Rep: I'd have to ask.")
    assert missed(sure(*asked)) == [("answer_owed", "I'd have to ask.")]
    assert missed(sure(*asked, "Rep: The heating stays on, they tell me.")) == []


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ("I'd have to ask my wife, she decides.", ("wife", "their")),
        ("The board decides on that.", ("board", "the")),
        ("It isn't up to me, that goes to Maureen, and she signs.", ("Maureen", "name")),
    ],
)
def test_somebody_who_decides_and_whom_nobody_spoke_of_again(said: str, who: tuple[str, str]) -> None:
    lines = (f"Customer: {said}", "Rep: It has a red button, too.")
    [found] = found_in(sure(*lines, moves={1: ["authority"]}))
    assert found.kind == "decider_left_out"
    assert found.who is not None
    assert (found.who.who, found.who.way) == who
    for taken_up in ("What would she want to see?", f"Could {who[0]} join us?", "Shall we sit down together?"):
        assert missed(sure(lines[0], f"Rep: {taken_up}", moves={1: ["authority"]})) == []


def test_somebody_who_is_on_the_call_is_not_left_out() -> None:
    call = sure("Customer: That goes to Customer, and she decides.", "Rep: I see.", moves={1: ["authority"]})
    assert missed(call) == []


def test_a_problem_that_nobody_put_a_number_on() -> None:
    told, measured = "Our counts are wrong on Mondays.", "Our counts are wrong, it takes three hours to mend."
    assert missed(sure(f"Customer: {told}", "Rep: I see.", moves={1: ["pain"]})) == [("pain_unmeasured", told)]
    assert missed(sure(f"Customer: {measured}", "Rep: I see.", moves={1: ["pain"]})) == []
    assert missed(sure(f"Customer: {told}", "Rep: How often is that?", moves={1: ["pain"]})) == []
    assert missed(sure("Customer: My father died in March.", "Rep: Oh.", moves={1: ["pain"]})) == []


def test_a_price_that_was_asked_for_and_never_named() -> None:
    asked = "Customer: And what does it cost a month?"
    named, kept_back = "Rep: Forty a month.", "Rep: It pays for itself, you'll see."
    assert missed(sure(asked, kept_back, moves={1: ["buying_signal"]})) == [
        ("question_unanswered", "And what does it cost a month?")
    ]
    assert missed(sure(asked, named, moves={1: ["buying_signal"]})) == []


def test_a_move_without_a_floor_is_never_told() -> None:
    call = sure("Customer: Hm.", moves={1: ["hostility", "goal", "objection_fit", "pain"]})
    assert call.sure_moves(len(CHAT) + 1) == ("pain",)
    assert {"hostility", "goal", "rude", "objection_fit", "small_talk"}.isdisjoint(FLOORS)
    assert set(FLOORS) <= set(MOVES)


@given(
    texts=st.lists(
        st.sampled_from([NO, "Yes, sign me up.", "Friday at nine.", "Too dear.", "My wife decides.", "Hm."])
    ),
    data=st.data(),
)
def test_after_a_no_and_where_there_may_have_been_one_nothing_is_ever_advised(
    texts: list[str], data: st.DataObject
) -> None:
    lines = [f"{('Rep', 'Customer')[row % 2]}: {text}" for row, text in enumerate(texts)] or ["Rep: Hello."]
    transcript = make_transcript(*lines)
    chosen = {
        row + 1: data.draw(st.lists(st.sampled_from(MOVES), max_size=3, unique=True)) for row in range(len(lines))
    }
    read: CallMoves = make_moves(transcript, chosen)  # type: ignore[arg-type]
    call = SureCall(transcript, read)
    ending = ending_of(call)
    found: tuple[Missed, ...] = missed_in(call, ending)
    assert (ending.turn is None) == (ending.kind == "open")
    if ending.kind != "open":
        assert found == ()
        assert transcript.turns[(ending.turn or 0) - 1].role == "customer"
    if says_no(lines[-1].partition(": ")[2]) and lines[-1].startswith("Customer") and "refusal" in chosen[len(lines)]:
        assert ending.kind == "refused"

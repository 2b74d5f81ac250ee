"""A brief: what it takes from a call, that it says nothing else, and that it fits on half a page."""

import re

import pytest

from salescoach.brief.build import brief_of
from salescoach.brief.excerpts import CUT, excerpt, said_in
from salescoach.brief.page import MAX_WORDS, n_page_words, page_lines
from salescoach.brief.results import Brief
from salescoach.brief.sums import dates, has_number, sums
from salescoach.moves.results import CallMoves, ReadMove, ReadObjection, TurnMoves
from salescoach.types import Transcript, Turn
from training.authored.corpus import Labels, read_calls
from training.authored.labelled import AUTHORED, labels_by

SURE = 0.9


def call_of(*said: str) -> Transcript:
    """Lines such as "Ann (rep): Hello." as a call."""
    found = [re.fullmatch(r"(.+) \((rep|customer)\): (.+)", line) for line in said]
    return Transcript(turns=tuple(Turn(speaker=one[1], role=one[2], text=one[3]) for one in found if one))  # type: ignore[arg-type]


def moves_of(call: Transcript, moves: dict[int, tuple[str, ...]], *objections: ReadObjection) -> CallMoves:
    """What a reader would say that is sure of some moves and sees no others."""
    return CallMoves(
        turns=tuple(
            TurnMoves(
                turn=number,
                role=turn.role,
                moves=tuple(ReadMove(name=name, probability=SURE) for name in moves.get(number, ())),  # type: ignore[arg-type]
            )
            for number, turn in enumerate(call.turns, start=1)
        ),
        objections=objections,
        next_step=None,
        reader="test",
        model_id="test",
    )


def labelled_moves(call: Transcript, labels: Labels) -> CallMoves:
    """The moves of an authored call as they were labelled."""
    objections = [ReadObjection.of(call.turns, o.turn, o.kind, o.handled_at, o.handled) for o in labels.objections]
    return moves_of(call, labels.moves, *objections)


@pytest.fixture(scope="module")
def calls() -> dict[str, Transcript]:
    return read_calls(AUTHORED / "calls")


@pytest.fixture(scope="module")
def briefs(calls: dict[str, Transcript]) -> dict[str, Brief]:
    """Of every authored call that is labelled, with a mail where there can be one."""
    labels = labels_by("settled", calls)
    return {
        call_id: brief_of(calls[call_id], labelled_moves(calls[call_id], one), with_email=True)
        for call_id, one in labels.items()
    }


def test_every_quote_was_said_in_the_turn_that_it_cites(briefs: dict[str, Brief], calls: dict[str, Transcript]) -> None:
    assert len(briefs) > 500
    n_quotes = 0
    for call_id, brief in briefs.items():
        turns = calls[call_id].turns
        said = [
            *brief.needs,
            *brief.objections,
            *brief.price,
            *brief.competitors,
            *brief.next_steps,
            *brief.open_points,
        ]
        for item in said:
            assert 1 <= item.turn <= len(turns)
            assert said_in(item.quote, turns[item.turn - 1].text), (call_id, item)
        for person in brief.people:
            assert all(1 <= turn <= len(turns) for turn in person.turns)
            assert person.quote is None or said_in(person.quote, turns[person.turn - 1].text)
        for step in brief.next_steps:
            assert step.what == step.quote
            if step.when_turn is not None and step.when is not None:
                assert all(day in turns[step.when_turn - 1].text for day in step.when.split(", ")), (call_id, step)
        for concern in brief.objections:
            assert concern.handled_at is None or turns[concern.handled_at - 1].role == "rep"
        n_quotes += len(said)
    assert n_quotes > 5 * len(briefs)


def test_what_the_page_says_was_said_in_the_turns_that_it_cites(
    briefs: dict[str, Brief], calls: dict[str, Transcript]
) -> None:
    for call_id, brief in briefs.items():
        turns = calls[call_id].turns
        for _, lines in page_lines(brief):
            for line in lines:
                cited = [int(turn) for turn in re.findall(r"\bT(\d+)\b", line)]
                assert all(1 <= turn <= len(turns) for turn in cited), (call_id, line)
                said = " ".join(turns[turn - 1].text for turn in cited)
                shown = re.sub(r"\bT\d+\b", "", line)
                for number in re.findall(r"\d[\d.,:]*", shown):
                    assert number.rstrip(".,:") in said, (call_id, line)
                for quote in re.findall(r"“([^”]*)”", line):
                    assert quote.strip(CUT).strip() in said, (call_id, line)


def test_the_page_is_half_a_page(briefs: dict[str, Brief]) -> None:
    for brief in briefs.values():
        shown = " ".join(" ".join((name, *lines)) for name, lines in page_lines(brief))
        assert len(shown.split()) == n_page_words(brief) <= MAX_WORDS
        assert len(brief.summary) <= 3


def test_after_a_no_there_is_no_mail(calls: dict[str, Transcript], briefs: dict[str, Brief]) -> None:
    brief = briefs["w41-002"]  # "I'd say it's not on the list."
    assert brief.email is None
    assert any(one.text.startswith("Lonnie said no") for one in brief.summary)
    assert re.fullmatch(r"The customer said no \(T\d+\), so no follow-up mail is drafted\.", brief.warnings[-1])
    refused = 0
    labels = labels_by("settled", calls)
    for call_id, one in labels.items():
        last = max((turn for turn, moves in one.moves.items() if "refusal" in moves), default=0)
        after = {move for turn, moves in one.moves.items() if turn >= last for move in moves}
        if last >= 0.6 * len(calls[call_id]) and "commitment" not in after:
            assert briefs[call_id].email is None, call_id
            refused += 1
    assert refused > 10


def test_the_mail_is_marked_and_says_only_what_was_said(briefs: dict[str, Brief], calls: dict[str, Transcript]) -> None:
    brief = briefs["w60-005"]
    assert brief.email is not None
    assert "DRAFT" in brief.email.subject
    assert brief.email.body.startswith("[DRAFT")
    assert "I'll have it to you Wednesday." in brief.email.body
    everything = " ".join(turn.text for turn in calls["w60-005"].turns)
    quotes = re.findall(r"“([^”]*)”", brief.email.body)
    assert quotes
    assert all(said_in(quote, everything) for quote in quotes)


def test_the_mail_keeps_apart_who_said_what_and_greets_only_who_was_there() -> None:
    call = call_of(
        "Bob (customer): My father, he signs. It has to talk to the old ledger.",
        "Ann (rep): I'll send you the contract today.",
        "Bob (customer): Please do, and I'll show it to him.",
    )
    brief = brief_of(call, moves_of(call, {1: ("criteria",), 2: ("next_step",), 3: ("commitment",)}), with_email=True)
    assert brief.email is not None
    body = brief.email.body
    assert "Hello Bob,\n" in body
    assert "in your words:\n- “It has to talk to the old ledger.”" in body
    assert "What we said we would do:\n- “I'll send you the contract today.”" in body
    assert "What you said you would do:\n- “Please do, and I'll show it to him.”" in body
    assert body.endswith("Kind regards\nAnn")


def test_without_being_asked_no_mail_is_drafted(calls: dict[str, Transcript]) -> None:
    call = calls["w60-005"]
    assert brief_of(call, moves_of(call, {})).email is None


def test_what_nobody_said_is_left_out() -> None:
    call = call_of("Ann (rep): Can you hear me?", "Bob (customer): I can.", "Ann (rep): It's raining here.")
    brief = brief_of(call, moves_of(call, {}))
    assert brief.summary == brief.needs == brief.objections == brief.price == brief.competitors == ()
    assert brief.next_steps == brief.open_points == ()
    assert [one.name for one in brief.people] == ["Bob", "Ann"]
    assert page_lines(brief) == [("", []), ("People", ["Bob (customer); Ann (rep)"])]


def test_a_must_is_cited_as_whoever_said_it() -> None:
    call = call_of(
        "Ann (rep): What would it have to do?",
        "Bob (customer): Ask Mei.",
        "Mei (customer): Well, it has to talk to the old ledger.",
    )
    brief = brief_of(call, moves_of(call, {3: ("criteria",)}))
    assert [(one.text, one.quote) for one in brief.needs] == [("must have", "…it has to talk to the old ledger.")]
    assert brief.summary[0].text.startswith("Mei: ")


def test_who_decides_is_whoever_was_said_to() -> None:
    call = call_of(
        "Ann (rep): And who signs?",
        "Bob (customer): My father, he signs. I only look after the sheep.",
    )
    people = {one.name: one for one in brief_of(call, moves_of(call, {2: ("authority",)})).people}
    assert people["Bob's father"].decides is True
    assert people["Bob"].decides is None
    own = call_of("Ann (rep): And who signs?", "Bob (customer): I sign. It's my budget.")
    assert next(one for one in brief_of(own, moves_of(own, {})).people if one.name == "Bob").decides is True


def test_names_come_from_the_greeting_where_labels_say_only_the_side() -> None:
    call = call_of("Rep (rep): Hi Greg, it's Dana Whitlock from Tavrelin.", "Customer (customer): What is it?")
    assert [one.name for one in brief_of(call, moves_of(call, {})).people] == ["Greg", "Dana Whitlock"]


@pytest.mark.parametrize(
    ("reply", "committed"), [("Yes, please do.", True), ("Hm.", False), ("Friday.", False), ("Works for me.", True)]
)
def test_a_visit_is_agreed_only_where_the_customer_says_so(reply: str, committed: bool) -> None:
    call = call_of("Ann (rep): I'll come by on Friday at eleven.", f"Bob (customer): {reply}")
    (step,) = brief_of(call, moves_of(call, {1: ("next_step",)})).next_steps
    assert (step.who, step.name, step.when, step.committed) == ("rep", "Ann", "on Friday at eleven", committed)


def test_a_step_that_is_turned_down_is_none() -> None:
    call = call_of("Ann (rep): I'll send you the contract today.", "Bob (customer): No. Leave it.")
    brief = brief_of(call, moves_of(call, {1: ("next_step",)}))
    assert brief.next_steps == ()


def test_the_day_of_a_step_may_come_after_it_and_is_cited_there() -> None:
    call = call_of(
        "Bob (customer): I'll send you the measurements.",
        "Ann (rep): Brilliant.",
        "Bob (customer): This afternoon some time.",
    )
    (step,) = brief_of(call, moves_of(call, {1: ("commitment",)})).next_steps
    assert (step.when, step.when_turn) == ("This afternoon", 3)


def test_a_concern_says_what_happened_and_gives_no_mark() -> None:
    call = call_of(
        "Ann (rep): It's ninety a month.",
        "Bob (customer): That's too expensive for us.",
        "Ann (rep): It pays for itself.",
    )
    objection = ReadObjection.of(call.turns, 2, "price", 3, "badly")
    brief = brief_of(call, moves_of(call, {1: ("price_talk",), 2: ("objection_price",)}, objection))
    (concern,) = brief.objections
    assert (concern.kind, concern.handled, concern.handled_at) == ("price", "badly", 3)
    page = " ".join(line for _, lines in page_lines(brief) for line in lines)
    assert "“That's too expensive for us.” (T2; reply T3)" in page
    assert "badly" not in page
    assert [one.text for one in brief.price] == ["ninety"]


def test_another_supplier_is_named_or_quoted() -> None:
    call = call_of(
        "Bob (customer): We went with Calder Shield last time.",
        "Ann (rep): I see.",
        "Bob (customer): And there's another firm at eleven pounds.",
    )
    found = brief_of(call, moves_of(call, {})).competitors
    assert [(one.text, one.turn) for one in found] == [("Calder Shield", 1), ("unnamed", 3)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The portal is thirty-eight thousand a year.", ["thirty-eight thousand"]),
        ("Six dollars per staff member per month.", ["Six dollars"]),
        ("It's four hundred and eighteen for the year.", ["four hundred and eighteen"]),
        ("That's $1,200 and then €90.", ["$1,200", "€90"]),
        ("Six ninety a month for your volume.", ["Six ninety"]),
        ("It takes three weeks and two people.", []),
    ],
)
def test_sums_are_found_in_words_and_digits(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in sums(text)] == found


def test_where_the_price_is_talked_about_any_number_is_a_sum_unless_it_counts_something() -> None:
    text = "It renews at fifty-eight on page five, for twelve users, until the thirtieth."
    assert [text[start:end] for start, end in sums(text, any_number=True)] == ["fifty-eight"]
    assert has_number(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("So about the twenty-third of February.", ["the twenty-third of February"]),
        ("Thursday, two thirty. I'll have it to you Wednesday.", ["Thursday, two thirty", "Wednesday"]),
        ("i'll come on wednesday the second at ten", ["on wednesday the second at ten"]),
        ("It may march on for a second.", []),
    ],
)
def test_days_are_found_as_they_are_said(text: str, found: list[str]) -> None:
    assert dates(text) == found


def test_an_excerpt_is_cut_at_clauses_and_marked() -> None:
    text = "Look, we looked. We bought it three years ago, and it was a disaster, because nobody at all used it here."
    place = text.index("disaster")
    shown = excerpt(text, (place, place + 8), 9)
    assert shown == "…and it was a disaster…"
    assert said_in(shown, text)
    assert excerpt(text, (place, place + 8), 99) == text[text.index("We bought") :]


def test_speech_without_marks_is_cut_before_a_new_subject() -> None:
    text = "three had to move out for a wedding last weekend and he is on a sofa bed at the registrar and we pay for it"
    assert excerpt(text, (0, 5), 12) == "three had to move out for a wedding last weekend…"


def test_turns_that_nobody_speaks_are_no_burden() -> None:
    call = call_of(
        f"Ann (rep): {'two ' * 20_000}", f"Bob (customer): {'and ' * 20_000}", f"Bob (customer): {'x' * 50_000}"
    )
    assert brief_of(call, moves_of(call, {1: ("price_talk",), 2: ("pain",)})).email is None

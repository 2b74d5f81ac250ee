"""What tells won calls from lost ones: found where it is there, silent about chance, few calls, and people."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from agent.build import build_coach
from agent.coach import Answer
from agent.grounding import facts_in, problems_of
from agent.plans import Planner
from agent.wording import word
from eval.groundedness import check_answer
from eval.routing import KNOWN
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.stats.pairs import compare_pairs
from salescoach.stats.splits import GroupBootstrap
from salescoach.testing import WordReader, make_call
from salescoach.types import LabelledCall, Outcome, Provenance
from serving.chat.steps import step_details, step_result
from tests.base import base_router, faults_of
from tools.document import line
from tools.metric_pairs import MIN_CALLS
from tools.parts import Parts
from tools.registry import make_tools
from tools.won_and_lost import MAX_EXAMPLES, won_and_lost

OPEN = "Rep: How do you handle that in your team today?"
PLAIN = "Rep: We handle that in another way for our customers."


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as library:
        yield library


def parts_of(library: Library) -> Parts:
    unused: Any = SimpleNamespace(reader=WordReader())  # it asks who reads calls; any other use fails
    return Parts(library, unused, unused)


def call(number: int, outcome: Outcome | None, n_open: int, **facts: Any) -> LabelledCall:
    """A call of twelve pairs of turns, in ``n_open`` of which the rep asks an open question."""
    lines = [f"Rep: Hello, this is number {number} of the calls.", "Customer: Good morning to you."]
    for row in range(11):
        lines += [OPEN if row < n_open else PLAIN, f"Customer: {'word ' * (3 + (number * 7 + row) % 5)}indeed."]
    made = make_call(f"c{number:04}", *lines, outcome=outcome, account_id=facts.pop("account_id", None))
    metadata = {name: facts.pop(name) for name in ("industry", "call_type") if facts.get(name)}
    return made.model_copy(update={"metadata": metadata, **facts})


def calls(n: int, won_more: int, first: int = 0, **facts: Any) -> list[LabelledCall]:
    """``n`` won and ``n`` lost calls; the won ones have ``won_more`` open questions more, beside what varies anyway."""
    rng = np.random.default_rng(first)
    outcomes: list[Outcome] = ["converted"] * n + ["lost"] * n
    return [
        call(first + row, outcome, int(rng.integers(1, 5)) + won_more * (outcome == "converted"), **facts)
        for row, outcome in enumerate(outcomes)
    ]


def test_the_share_of_pairs_is_the_auroc_and_equal_values_count_half() -> None:
    rng = np.random.default_rng(0)
    values, is_won = np.round(rng.normal(size=300)), rng.random(300) < 0.4
    groups = [str(row) for row in range(300)]
    found = compare_pairs(values, is_won, groups)
    assert found is not None
    assert found.share == pytest.approx(roc_auc_score(is_won, values))
    assert found.n_pairs == is_won.sum() * (~is_won).sum()
    nothing = compare_pairs(np.ones(300), is_won, groups)
    assert nothing is not None
    assert (nothing.share, nothing.interval, nothing.is_clear) == (0.5, (0.5, 0.5), False)


def test_its_error_is_that_of_resampling_accounts() -> None:
    rng = np.random.default_rng(1)
    account = np.repeat(np.arange(150), 3)
    values = rng.normal(size=150)[account] + 0.5 * rng.normal(size=450)
    is_won = rng.random(450) < 1 / (1 + np.exp(-2 * rng.normal(size=150)[account]))
    groups = [str(one) for one in account]
    draws = (GroupBootstrap(groups).draw(is_won, rng) for _ in range(800))
    low, high = np.quantile(
        [roc_auc_score(is_won[rows], values[rows]) for rows in draws if rows is not None], (0.025, 0.975)
    )
    found, alone = (
        compare_pairs(values, is_won, groups),
        compare_pairs(values, is_won, [str(row) for row in range(450)]),
    )
    assert found is not None
    assert alone is not None
    width = found.interval[1] - found.interval[0]
    assert width == pytest.approx(high - low, rel=0.15)
    assert width > 1.1 * (alone.interval[1] - alone.interval[0])  # calls of an account are no independent witnesses


def test_more_looks_make_wider_intervals() -> None:
    rng = np.random.default_rng(2)
    values, is_won, groups = rng.normal(size=200), rng.random(200) < 0.5, [str(row) for row in range(200)]
    one, many = compare_pairs(values, is_won, groups), compare_pairs(values, is_won, groups, n_looks=16)
    assert one is not None
    assert many is not None
    assert one.share == many.share
    assert many.interval[0] < one.interval[0] < one.interval[1] < many.interval[1]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 5), st.integers(0, 2)), max_size=25))
def test_pairs_are_those_of_counting_one_by_one(rows: list[tuple[int, bool, int, int]]) -> None:
    values = np.array([row[0] for row in rows], dtype=float)
    is_won = np.array([row[1] for row in rows], dtype=bool)
    groups, kinds = [str(row[2]) for row in rows], [str(row[3]) for row in rows]
    for strata in (None, kinds):
        found = compare_pairs(values, is_won, groups, strata=strata)
        pairs = [
            1.0 if won[0] > lost[0] else 0.5 if won[0] == lost[0] else 0.0
            for won in rows
            for lost in rows
            if won[1] and not lost[1] and (strata is None or won[3] == lost[3])
        ]
        if found is None:
            assert not pairs or min(len({row[2] for row in rows if row[1] is side}) for side in (True, False)) < 2
            continue
        assert found.n_pairs == len(pairs)
        assert found.share == pytest.approx(np.mean(pairs))
        mirrored = compare_pairs(-values, is_won, groups, strata=strata)
        assert mirrored is not None
        assert mirrored.share == pytest.approx(1 - found.share)
        assert mirrored.interval == pytest.approx((1 - found.interval[1], 1 - found.interval[0]))


def test_what_won_calls_have_more_of_is_found_and_worded(library: Library) -> None:
    library.add(calls(60, won_more=2))
    library.read_moves(WordReader())
    result = won_and_lost(parts_of(library))
    assert (result.whose, result.n_won, result.n_lost, result.n_won_missing) == ("own", 60, 60, 0)
    assert {one.name for one in result.differences} == {"rep_questions", "rep_open_questions"}
    first = result.differences[0]
    values = {one.call_id: one.metrics[first.name] for one in library.summaries()}
    labels = [one.outcome == "converted" for one in library.summaries()]
    assert first.pairs_percent == round(100 * roc_auc_score(labels, list(values.values())))
    assert first.interval_percent[0] > 50
    assert (first.more_in, first.same_kind_percent) == ("won", None)  # all calls are of one kind
    assert f"so in {first.pairs_percent} of 100 pairs of a won and a lost call" in first.reading
    assert f"median {first.won_median:g}, in lost ones {first.lost_median:g}" in first.reading
    assert f"Of {result.n_metrics} metrics, 2 tell won from lost calls" in result.reading
    assert "60 won and 60 lost calls of the team" in result.reading
    assert "talk" not in first.reading
    assert any("No clear difference in" in one and "objections" in one for one in result.warnings)
    assert sum("isn't shown" in one for one in result.warnings) == 1
    assert len(result.examples) == MAX_EXAMPLES
    for example in result.examples:
        assert example.outcome == "converted"
        assert library.get(example.call_id).transcript.turns[example.turn_start - 1].text == example.quote


def test_what_lost_calls_have_more_of_is_seen_from_their_side(library: Library) -> None:
    library.add(calls(60, won_more=-2 + 1))
    shown = won_and_lost(parts_of(library)).differences[0]
    assert shown.more_in == "lost"
    assert shown.pairs_percent > 50
    assert shown.interval_percent[0] > 50
    assert shown.reading.startswith("In lost calls")


def test_chance_is_called_chance(library: Library) -> None:
    library.add(calls(60, won_more=0))
    result = won_and_lost(parts_of(library))
    assert result.differences == result.examples == ()
    assert result.reading.startswith(f"None of {result.n_metrics} metrics tells won from lost calls")
    assert "by chance it would be" not in word([result]).markdown().lower()


@pytest.mark.parametrize("n", [0, 1, MIN_CALLS - 1])
def test_too_few_calls_say_how_many_are_missing(library: Library, n: int) -> None:
    library.add(calls(n, won_more=3))
    result = won_and_lost(parts_of(library))
    assert (result.n_won_missing, result.n_lost_missing) == (MIN_CALLS - n, MIN_CALLS - n)
    assert (result.n_metrics, result.differences, result.warnings) == (0, (), ())
    assert f"Missing: {MIN_CALLS - n} won and {MIN_CALLS - n} lost calls." in result.reading
    assert faults_of(word([result]), [result]) == []


def test_calls_of_one_account_tell_nothing(library: Library) -> None:
    library.add(calls(40, won_more=3, account_id="a1"))
    assert "all of one account" in won_and_lost(parts_of(library)).reading


@pytest.mark.parametrize(("provenance", "n_won"), [("sample", 60), ("pasted", 60)])
def test_sample_and_private_calls_never_mix_with_the_teams(
    library: Library, provenance: Provenance, n_won: int
) -> None:
    library.add([one.model_copy(update={"provenance": provenance}) for one in calls(n_won, won_more=2, first=500)])
    library.add([one.model_copy(update={"provenance": "sample"}) for one in calls(1, won_more=2, first=900)])
    alone = won_and_lost(parts_of(library))
    assert alone.whose == "sample"
    assert alone.n_won == (61 if provenance == "sample" else 1)
    assert "machine-written example calls, not your market" in alone.reading
    library.add([call(1, "lost", 2)])
    assert (won_and_lost(parts_of(library)).whose, won_and_lost(parts_of(library)).n_lost) == ("own", 1)


def test_a_difference_of_the_kinds_of_call_is_said_to_be_one(library: Library) -> None:
    """Demos are won more often and have more questions; among demos alone won and lost calls have as many."""
    rng = np.random.default_rng(5)
    made = []
    for number in range(240):
        kind = "demo" if number % 2 else "closing"
        outcome: Outcome = "converted" if rng.random() < (0.7 if kind == "demo" else 0.3) else "lost"
        made.append(call(number, outcome, int(rng.integers(1, 4)) + 4 * (kind == "demo"), call_type=kind))
    library.add(made)
    (shown, *_) = won_and_lost(parts_of(library)).differences
    assert shown.same_kind_percent is not None
    assert abs(shown.same_kind_percent - 50) < 12 < shown.pairs_percent - 50
    assert "the kind of call may be behind it" in shown.reading
    demos = won_and_lost(parts_of(library), call_type="Demo")
    assert demos.n_won + demos.n_lost == 120
    assert (demos.call_type, demos.differences) == ("demo", ())
    assert "demo calls of the team" in demos.reading
    with pytest.raises(InputError, match="there are: closing, demo"):
        won_and_lost(parts_of(library), call_type="webinar")


def test_longer_calls_have_more_of_everything_and_that_is_said(library: Library) -> None:
    made = calls(40, won_more=3)
    short = [
        one.model_copy(update={"transcript": one.transcript.model_copy(update={"turns": one.transcript.turns[:14]})})
        if one.outcome == "lost"
        else one
        for one in made
    ]
    library.add(short)
    result = won_and_lost(parts_of(library))
    assert result.differences[0].name in {"n_turns", "rep_questions", "rep_open_questions"}
    assert any("The won calls are longer" in one for one in result.warnings)


def test_a_next_step_is_counted_in_calls_not_in_medians(library: Library) -> None:
    made = calls(40, won_more=0)
    step = make_call("s", "Rep: Shall we call on Friday at 10?", "Customer: Friday at 10 works for me.").transcript
    library.add(
        one.model_copy(
            update={"transcript": one.transcript.model_copy(update={"turns": (*one.transcript.turns, *step.turns)})}
        )
        if one.outcome == "converted"
        else one
        for one in made
    )
    assert "next_step" not in {one.name for one in won_and_lost(parts_of(library)).differences}  # not read yet
    library.read_moves(WordReader())
    shown = next(one for one in won_and_lost(parts_of(library)).differences if one.name == "next_step")
    assert "40 of 40 won calls (100 %) against 0 of 40 lost calls (0 %)" in shown.reading


def test_it_takes_no_rep_and_names_none(library: Library) -> None:
    library.add([one.model_copy(update={"rep_id": "Marlow"}) for one in calls(40, won_more=2)])
    tool = next(one for one in make_tools(parts_of(library)) if one.name == "won_and_lost")
    assert set(tool.args) == {"industry", "call_type"}
    assert "Marlow" not in won_and_lost(parts_of(library)).model_dump_json()


def test_the_step_says_what_was_found(library: Library) -> None:
    few = won_and_lost(parts_of(library))
    assert step_result("won_and_lost", few) == "Compared 0 won with 0 lost calls: too few"
    assert "Missing" in step_details(few, "", {})
    library.add(calls(60, won_more=2))
    result = won_and_lost(parts_of(library))
    assert (
        step_result("won_and_lost", result)
        == f"Compared 60 won with 60 lost calls: 2 of {result.n_metrics} metrics clear"
    )
    assert "open questions" in step_details(result, "", {})


@pytest.mark.parametrize(
    ("draft", "is_grounded"),
    [
        ("Keep this in mind: {{F{n}}}", True),
        ("In {p} of 100 pairs the rep asks more open questions in the won call.", True),  # the fact takes its place
        ("What stands out is how you ask. {{F{n}}}", False),  # a finding of its own, of no turn
        ("In 99 of 100 pairs the rep asks more open questions in the won call.", False),
        ("You lose 83 % of calls because of it.", False),
        ("“How do you plan to pay for that?” is what won calls ask.", False),
    ],
)
def test_other_words_for_it_are_held_to_the_result(library: Library, draft: str, is_grounded: bool) -> None:
    library.add(calls(60, won_more=2))
    result = won_and_lost(parts_of(library))
    row = facts_in(result).index(line(result.differences[0].reading))
    draft = draft.format(p=result.differences[0].pairs_percent, n=row + 1)
    assert (problems_of(draft, [result], "Why do we lose?", []) == []) is is_grounded


@pytest.fixture(scope="module")
def planner(parts: Parts) -> Planner:
    return Planner(base_router(), KNOWN)


@pytest.mark.parametrize(
    ("question", "n_calls", "name"),
    [
        ("Why do we lose?", 0, "won_and_lost"),
        ("Why do we lose?", 1, "won_and_lost"),
        ("Why did we lose?", 0, "won_and_lost"),
        ("What do we do differently in won calls?", 0, "won_and_lost"),
        ("what separates won from lost calls", 2, "won_and_lost"),
        ("where do our lost calls go wrong", 1, "won_and_lost"),
        ("why did we lose this one", 1, "score_call"),
        ("Why did we lose?", 1, "score_call"),
        ("Why do we lose calls like this?", 1, "find_similar_calls"),
        ("compare both calls", 2, "compare_calls"),
        ("What is our win rate?", 0, "look_up_library"),
    ],
)
def test_it_is_planned_where_the_team_is_meant(planner: Planner, question: str, n_calls: int, name: str) -> None:
    planned = planner.plan(question, (), [f"c-{row}" for row in range(n_calls)])
    assert [one.name for one in planned.calls][:1] == [name]


@pytest.mark.parametrize("question", ["why was this one lost", "Score this", "show me similar lost deals"])
def test_what_is_about_a_call_still_asks_for_one(planner: Planner, question: str) -> None:
    assert planner.plan(question, (), ()).kind == "ask_for_a_call"


def test_a_follow_up_narrows_it(planner: Planner) -> None:
    (planned,) = planner.plan("and in insurance?", ("Why do we lose?",), ()).calls
    assert (planned.name, planned.args) == ("won_and_lost", {"industry": "insurance"})
    (again,) = planner.plan("only demos", ("Why do we lose?", "and in insurance?"), ()).calls
    assert again.args == {"industry": "insurance", "call_type": "demo"}


@pytest.mark.parametrize("question", ["Why do we lose?", "What separates won from lost demo calls?"])
def test_the_answer_needs_no_call_and_every_statement_stands_in_the_result(
    settings: Settings, parts: Parts, question: str
) -> None:
    async def ask() -> Answer:
        async for event in build_coach(settings, parts).ask("losing", question, None):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a question ends with an answer")

    answer = asyncio.run(ask())
    assert answer.grounded
    assert [one.name for one in answer.tool_calls] == ["won_and_lost"]
    assert check_answer(answer.model_dump(mode="json"), question).failures == []
    assert "not your market" in answer.answer

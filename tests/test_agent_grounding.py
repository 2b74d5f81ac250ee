"""The checks between a draft and the user."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.grounding import citations_of, problems_of
from agent.sanitise import sanitise
from agent.wording import quote, word
from salescoach.types import EvidenceTurn, MetricReading, Score
from tools.find_similar_calls import ShownPrecedent, SimilarResult
from tools.look_up_metrics import MetricsResult
from tools.score_call import ScoreResult, ShownTurn

CALL = "pasted-0a1b2c3d4e"


def score_result(quote_text: str = "That is over our budget by 40 percent.") -> ScoreResult:
    evidence = EvidenceTurn(turn=14, speaker="Customer", role="customer", quote=quote_text, effect=-0.0612)
    return ScoreResult(
        call_id=CALL,
        probability_percent=34,
        interval_percent=(24, 45),
        base_rate_percent=41,
        reasons=(),
        warnings=(),
        model_id="starter-8c917eeadd22",
        model_data="480 simulated sample calls",
        n_turns=42,
        turns_that_moved_it=(
            ShownTurn(marker="[T14]", effect_points=6.1, direction="lowered", **evidence.model_dump()),
        ),
        score=Score(
            call_id=CALL,
            probability=0.3412,
            interval=(0.24, 0.45),
            prediction_set=("lost",),
            abstained=False,
            model_id="starter-8c917eeadd22",
            scorer="generic",
            n_turns=42,
            latency_ms=12.0,
            evidence=(evidence,),
        ),
    )


def similar_result() -> SimilarResult:
    found = ShownPrecedent(
        marker="[call ex-04, T18–21]",
        call_id="ex-04",
        outcome="converted",
        similarity=0.71,
        turn_start=18,
        turn_end=21,
        quote="If we start in May, the rate holds.",
        metadata={"industry": "insurance"},
    )
    return SimilarResult(
        call_id=CALL,
        outcome="converted",
        focus=14,
        focus_quote="That is over our budget by 40 percent.",
        results=(found,),
    )


def metrics_result() -> MetricsResult:
    reading = MetricReading(
        name="talk_ratio_words",
        value=0.61,
        unit="share",
        won_quartiles=(0.42, 0.5, 0.55),
        lost_quartiles=(0.5, 0.6, 0.7),
        reading="The rep spoke 61 % of the words; in half of the team's won calls it was 42–55 %.",
    )
    return MetricsResult(call_id=CALL, n_won=129, n_lost=183, metrics=(reading,))


RESULTS = [score_result(), similar_result(), metrics_result()]


def problems(draft: str, question: str = "Why?") -> list[str]:
    return problems_of(draft, RESULTS, question, [CALL])


@pytest.mark.parametrize(
    "draft",
    [
        "The call is 34 % likely to convert, from 24 % to 45 %.",
        "It is 34% likely (24–45 %), against 41 percent in general.",
        "At [T14] the customer said “That is over our budget by 40 percent.”, which lowered it by 6.1 points.",
        'In [call ex-04, T18–21] the rep said "If we start in May, the rate holds."',
        "The rep spoke 61 % of the words; in half of the team's won calls it was 42–55 %.",
        "1. Come back to [T14].\n2. Read [call ex-04, T18–21].",
        "There are 129 won and 183 lost calls; the model is starter-8c917eeadd22.",
        "Thirty-four percent.",
        f"The call {CALL} has 42 turns.",
    ],
)
def test_what_the_tools_returned_may_be_said(draft: str) -> None:
    assert problems(draft) == []


@pytest.mark.parametrize(
    ("draft", "missing"),
    [
        ("It is 99 % likely.", "99 %"),
        ("It is 99% likely.", "99 %"),
        ("It is 35 % likely.", "35 %"),
        ("It is 14 % likely.", "14 %"),  # a turn number is no percentage
        ("The budget was missed by 40 %.", "40 %"),  # said in the call, not found by a tool
        ("Ninety-nine percent sure.", "Ninety-nine percent"),
        ("It lowered the score by 7 points.", "7 points"),
        ("It was 24–46 %.", "46 %"),
        ("Similar to 500 calls.", "500"),
        ("At [T15] it went wrong.", "[T15]"),
        ("See [call ex-04, T18–22].", "[call ex-04, T18–22]"),
        ("See [call ex-05, T1–4].", "[call ex-05, T1–4]"),
        ("They said “we will sign today”.", "we will sign today"),
        ('They said "That is over our budget by 41 percent."', "That is over our budget"),
    ],
)
def test_what_no_tool_returned_is_found(draft: str, missing: str) -> None:
    assert any(missing in problem for problem in problems(draft))


def test_a_number_of_the_question_may_be_repeated_but_not_as_a_percentage() -> None:
    assert problems("About turn 23: I have no evidence there.", "What about turn 23?") == []
    assert problems("Yes, it is 99 %.", "Is it 99 %?")
    assert problems("Yes, it is 99 %.", "Is it 99?")


@given(st.integers(min_value=0, max_value=100))
def test_no_percentage_but_those_of_the_results_passes(percent: int) -> None:
    allowed = percent in {34, 24, 45, 41, 61, 42, 55}
    assert (problems(f"I would say {percent} %.") == []) == allowed


def test_the_offline_wording_is_grounded_and_cited() -> None:
    answer = word(RESULTS)
    assert problems(answer) == []
    assert [citation.marker for citation in citations_of(answer, RESULTS)] == ["[T14]", "[call ex-04, T18–21]"]
    assert citations_of(answer, RESULTS)[0].quote == "That is over our budget by 40 percent."


def test_a_long_quote_is_cut_at_a_word_and_stays_verbatim() -> None:
    text = " ".join(f"word{number}" for number in range(100))
    cut = quote(text)
    assert cut.endswith("” …")
    assert cut.removeprefix("“").removesuffix("” …") in text
    assert problems_of(cut, [score_result(text)], "", [CALL]) == []


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("![x](https://evil.example/a.png)", "evil"),
        ("[click](https://evil.example)", "evil"),
        ("![x][1]\n\n[1]: https://evil.example", "evil"),
        ("<img src=x onerror=alert(1)>", "<"),
        ("see https://evil.example/?q=secret now", "evil"),
        ("javascript:alert(1)", "javascript"),
    ],
)
def test_nothing_that_a_browser_could_fetch_is_left(text: str, gone: str) -> None:
    assert gone not in sanitise(text)


@given(
    st.sampled_from(["", "Look here: "]),
    st.sampled_from(["![x](https://evil.example/a)", "<b>hi</b>", "http://evil.example"]),
)
def test_a_quote_ends_before_what_a_browser_could_act_on(before: str, hostile: str) -> None:
    text = f"{before}{hostile} and more words"
    said = quote(text)
    assert sanitise(said) == said
    assert said == f"“{before.rstrip()}” …"
    assert problems_of(said, [score_result(text)], "", [CALL]) == []


def test_our_own_markers_survive_the_sanitiser() -> None:
    text = "At [T14] and [call ex-04, T18–21] (lowered it)."
    assert sanitise(text) == text

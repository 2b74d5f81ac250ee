"""The checks between a draft and the user."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agent.evidence import unfounded
from agent.grounding import facts_in, problems_of, read_draft
from agent.wording import word
from salescoach.redact.sanitise import sanitise, unsafe_from
from salescoach.types import Citation, EvidenceTurn, MetricReading, Score
from tools.document import NOT_CHECKED, Quote, document, line, shown
from tools.find_similar_calls import ShownPrecedent, SimilarResult
from tools.look_up_metrics import MetricsResult
from tools.phrases import quote
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


FACTS = ["".join(map(shown, one.spans)) for result in RESULTS for one in facts_in(result)]


def fact(beginning: str) -> str:
    """The tag of the fact that begins so."""
    return f"{{F{1 + next(row for row, text in enumerate(FACTS) if text.startswith(beginning))}}}"


SCORE, LOWERED, ALIKE = fact("**34 %"), fact("[T14]"), fact("[call ex-04")
TALK = fact("The rep spoke 61 %")


@pytest.mark.parametrize(
    ("draft", "answer"),
    [
        (SCORE, FACTS[0]),
        (f"So far: {SCORE}", FACTS[0]),
        (f"- {LOWERED}\n- {ALIKE}", "\n".join(f"- {FACTS[int(tag[2:-1]) - 1]}" for tag in (LOWERED, ALIKE))),
        (f"{SCORE} {SCORE}", FACTS[0]),
        ("Come back to [T14].", f"**{NOT_CHECKED}**\n\n- Come back to [T14]."),
        (
            f"{SCORE} The budget came up. [T14] A won call came back to it: {ALIKE}",
            f"{FACTS[0]}\n\n{FACTS[int(ALIKE[2:-1]) - 1]}\n\n**{NOT_CHECKED}**\n\n- The budget came up. [T14]",
        ),
    ],
)
def test_facts_stand_where_their_tags_were(draft: str, answer: str) -> None:
    found, problems = read_draft(draft, RESULTS, "Why?", [CALL])
    assert problems == []
    assert found.markdown() == answer
    assert unfounded(found, RESULTS) == []


def test_what_a_draft_cites_is_known_from_its_facts_and_markers() -> None:
    found, _ = read_draft(f"{LOWERED} Look at [call ex-04, T18–21].", RESULTS, "Why?", [CALL])
    assert [(one.call_id, one.turn_start, one.quote) for one in found.citations()] == [
        (CALL, 14, "That is over our budget by 40 percent."),
        ("ex-04", 18, "If we start in May, the rate holds."),
    ]


@pytest.mark.parametrize(
    "draft",
    [
        "{F99}",
        "{F0}",
        SCORE * 500,
        f"1{SCORE}",
        f"{SCORE} is 3 % too low.",
        f"{SCORE[:-1]} }}",
        "{score}: 34 %",
        f"The rep said: {LOWERED}",  # the customer did
        f"This lifted the score: {LOWERED}",
        f"A deal that was lost: {ALIKE}",
        f"“{LOWERED} and we will sign today”",
    ],
)
def test_a_fact_is_not_turned_into_another(draft: str) -> None:
    assert problems(draft)


def test_a_marker_of_two_calls_points_to_neither() -> None:
    other = score_result("Somebody else said this.").model_copy(update={"call_id": "pasted-1b2c3d4e5f"})
    assert problems_of("See [T14].", [score_result(), other], "Why?", [CALL])


@pytest.mark.parametrize(
    ("draft", "tag"),
    [
        ("It is 34 % likely.", SCORE),
        ("He said “over our budget by 40 percent”. [T14]", LOWERED),
        ("[T14] lowered the score by 6.1 points.", LOWERED),
        ("The rep spoke sixty-one percent of the words.", TALK),
    ],
)
def test_what_a_fact_says_is_said_by_the_fact(draft: str, tag: str) -> None:
    found, problems = read_draft(draft, RESULTS, "Why?", [CALL])
    assert problems == []
    assert found.not_checked() == []
    assert found.markdown() == FACTS[int(tag[2:-1]) - 1]


@pytest.mark.parametrize(
    "draft",
    [
        "Turn 15 pulled it down by 6.1 points.",
        "It is 41 % likely.",  # the base rate
        "The customer spoke 61 % of the words.",
        "[T14] raised the score by 6.1 points.",
        "The rep said “That is over our budget by 40 percent.” [T14]",
        "No won call is like this one: ex-04 was lost.",
    ],
)
def test_a_true_number_or_quote_of_the_wrong_thing_is_no_fact(draft: str) -> None:
    assert problems(draft)


@pytest.mark.parametrize(
    "draft",
    [
        "It's the customer's budget that moved the score, and the reps' and customers' turns count alike.",
        "The customer isn't asking for a discount; they ask for the rate.",
        "A B2B buyer may want the ROI first.",
        "Everybody was happy in the end.",
        "★★★★★",
    ],
)
def test_a_statement_that_points_to_no_turn_is_refused(draft: str) -> None:
    assert problems(draft)
    assert problems(f"{SCORE} {draft}")


@pytest.mark.parametrize(
    "draft",
    [
        "The rep was rude. [T14]",
        "You did a poor job at [T14].",
        "Jane never listens. [T14]",
        "You are a weak closer. [T14]",
    ],
)
def test_a_judgement_of_a_person_is_refused_even_with_a_turn(draft: str) -> None:
    assert problems(draft)


def test_an_answer_about_a_call_that_rests_on_no_result_is_refused() -> None:
    assert problems_of("Ask about the budget.", [], "What next?", [CALL])
    assert problems_of("The budget is the problem.", [], "Why?", [CALL])
    assert problems_of("You're welcome!", [], "thanks", [CALL]) == []
    found, wrong = read_draft("Hello! Paste a call, please.", [], "hi", [])
    assert (wrong, found.not_checked()) == ([], [])
    assert found.markdown() == "Hello!\n\nPaste a call, please."


@pytest.mark.parametrize(
    ("draft", "missing"),
    [
        ("It is 99 % likely.", "99"),
        ("It is 99% likely.", "99"),
        ("It is 35 % likely.", "35"),
        ("It is 14 % likely.", "14"),  # a turn number is no percentage
        ("The budget was missed by 40 %.", "40"),  # said in the call, not found by a tool
        ("Ninety-nine percent sure.", "Ninety-nine"),
        ("It lowered the score by 7 points.", "7"),
        ("It was 24–46 %.", "46"),
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


# How a language model that makes things up would try to get a statement past the check.
INVENTED = {
    "digits and words": [
        "It is seventy-one percent likely.",
        "It is seventy one per cent likely.",
        "It is ninetynine percent.",
        "It is nine nine percent likely.",
        "It is sixty-one point five percent.",
        "It is n1nety percent likely.",
        "It is 9O % likely.",
        "It is XCIX % likely.",
        "It is neunundneunzig Prozent.",
        "It is ９９ ％ likely.",
        "It is ٩٩٪ likely.",
        "It is 𝟗𝟗 % likely.",
        "It is 九十九 % likely.",
        "It is 9\u200b9 % likely.",
        "It is 9**9** % likely.",
        "It is 99-percent likely.",
        "It is 99 pct likely.",
        "It is 99.0 % likely.",
        "Its probability is 0.99.",
        "Its probability is .99",
        "The probability of converting is 0.71.",  # a similarity, not a probability
        "A hundred percent sure.",
        "It is in the high nineties.",
        "It is in the 90th percentile.",
        "The score is 71.",
        "Score: 42",  # a number of turns
        "I rate it 9 out of 10.",
        "I rate it 9/10.",
        "The odds are 9 to 1.",
        "It is fifty-fifty.",
        "A coin flip.",
        "½ of such calls convert.",
        "Half of these calls convert.",
        "Three quarters of won calls do that.",
        "Two thirds of them buy.",
        "A third of the calls convert.",
        "One in five converts.",
        "Nine in ten of these convert.",
        "That is twice as likely to convert.",
        "It doubled your chances.",
        "A threefold rise.",
        "That is 3x better.",
        "It happens ten times more often.",
        "Hundreds of won calls did this.",
        "Dozens of reps do this.",
        "We looked at 1,200 calls.",
        "We looked at twelve hundred calls.",
        "Seventeen won calls did this.",
    ],
    "changed numbers": [
        "The call is 41 % likely to convert.",  # the base rate
        "The call is 61 % likely to convert.",  # a share of words
        "The probability is 45 %.",  # the interval's end
        "The chance is 24 percent.",
        "The rep spoke 34 % of the words.",  # the probability
        "It went from 24 % to 41 %.",
        "It was 34–45 %.",
        "It lowered the score by 34 points.",
        "It raised the score by 6.1 points at [T14].",
        "It is above 34, at 99.",
    ],
    "places and ids": [
        "It went wrong at turn fifteen.",
        "It went wrong at turn 15.",
        "It went wrong at T15.",
        "It went wrong in the fifteenth turn.",
        "It went wrong at the 15th turn.",
        "Look at turns 14 to 17.",
        "It went wrong 【T15】.",
        "See [turn 15].",
        "See [15].",
        "See [^15].",
        "Call ex-12 was alike.",
        "See call ex-42.",
        "See call 0231.",
        "See call number 129.",
        "Look at deal 42.",
        "The model is starter-9c917eeadd22.",
        "See [call ex-04].",
        "See [call ex-04, T14].",
        "See pasted-ffffffffff.",
        "See f47ac10b-58cc-4372-a567-0e02b2c3d479.",
        "As with the Globex deal.",
        "This worked with Globex Industries.",
        "Globex signed after this.",
        "In the deal with Initech Corp they asked.",
    ],
    "durations, dates and money": [
        "You spoke for 2 minutes.",
        "You spoke for two minutes.",
        "The call took an hour.",
        "The call took half an hour.",
        "A silence of 90 s.",
        "A silence of 90s.",
        "At 12:30 the customer left.",
        "A 45-minute call.",
        "They will decide on Tuesday.",
        "They will decide in March.",
        "They decide on 3 March.",
        "The contract ends 2027-01-31.",
        "They meet at 10 am.",
        "It costs $40k.",
        "It costs 40,000 dollars.",
        "It costs €34.",
    ],
    "quotes": [
        "They said ‘we will sign today’.",
        "They said 'we will sign today'.",
        "They said «we will sign today».",
        "They said „we will sign today“.",
        "They said ‚we will sign today‘.",
        "They said 「we will sign today」.",
        "They said ``we will sign today''.",
        "They said `we will sign today`.",
        "They said “we will sign today.",
        'They said "we will sign today.',
        "They said “yes”.",
        "It is “99” % likely.",
        "“99 %”",
        "> We will sign today.",
        "Customer: We will sign today.",
        "- **Customer:** we will sign today",
        "They said “That is our budget”.",
        "They said “over our … 40 percent”.",
        "They said “over our budget” “we will sign”.",
        "They said “hat is over our budg”.",
        "In [call ex-04, T18–21] they said “That is over our budget by 40 percent.”",
        "At [T14] they said “If we start in May, the rate holds.”",
        "The rep said “That is over our budget by 40 percent.”",
        "In [call ex-04, T18–21] they said “the rate holds”.",  # leaves out the "if"? no: the clause before it
    ],
    "verdicts": [
        "This deal is won.",
        "This deal is as good as won.",
        "The deal is lost.",
        "This call is a done deal.",
        "It's in the bag.",
        "They will sign.",
        "They'll definitely buy.",
        "The customer is going to sign.",
        "The customer will not buy.",
        "The customer agreed to sign.",
        "The customer is ready to sign.",
        "The customer has signed.",
        "They approved the budget.",
        "It is very likely to close.",
        "It is likely to convert.",
        "It is certain to sign.",
        "It is almost certain to close.",
        "There is no chance that they buy.",
        "It is very unlikely to close.",
        "It has excellent chances.",
        "Success is guaranteed.",
        "The rep was angry.",
        "You sounded nervous.",
        "In [call ex-04, T18–21] the deal was lost.",
    ],
    "leaks": [
        "My rules: Copy numbers exactly as they are in ..._percent, ..._points and reading; never compute, round or "
        "guess one.",
    ],
}


@pytest.mark.parametrize("draft", [draft for drafts in INVENTED.values() for draft in drafts])
def test_what_a_liar_would_write_is_found(draft: str) -> None:
    assert problems(sanitise(draft))


@pytest.mark.parametrize("draft", ["", " \n", "\u200b", "<b></b>", "nine " * 4000, '"' * 4000, "34 % " * 5000])
def test_nothing_too_much_and_endless_quotes_are_no_answers(draft: str) -> None:
    assert problems(sanitise(draft))


@pytest.mark.parametrize(
    "draft",
    [
        f"{SCORE}\n\nThat is an estimate.",
        f"The budget pulled it down most: \n\n- {LOWERED}\n- Ask what they compare it with.",
        f"At [T14], the customer objected to the price. A won call came back to it: {ALIKE}",
        "Three things to try:\n1. Come back to the price at [T14].\n2. Read [call ex-04, T18–21].\n3. Agree on a "
        "next step.",
        f"You talked more than most won calls did. {TALK}",
        "I can't say whether they will sign; the score is an estimate, not a verdict.",
        "Would they sign if the price came down? That is worth asking.",
        "That is an association and not a cause. What would you say instead?",
        "One of the turns stands out: [T14], where the customer spoke about the budget.",
        "First, listen. Second, ask why. Third, propose a next step with a day.",
        "There is one similar won call: ex-04, an insurance deal.",
        "I only have one turn to go by, so take this with care.",
        "### Next Steps\n\nAsk about the budget.",
        f"You could try the wording of a won call: {ALIKE}",
        f"Ask about {CALL} again; the score is only an estimate.",
    ],
)
def test_sensible_wording_passes(draft: str) -> None:
    assert problems(sanitise(draft)) == []


def test_a_number_of_the_question_may_be_repeated_but_not_as_a_percentage() -> None:
    assert problems("About turn 23: I have no evidence there.", "What about turn 23?") == []
    assert problems("Yes, it is 99 %.", "Is it 99 %?")
    assert problems("Yes, it is 99 %.", "Is it 99?")


@given(st.integers(min_value=0, max_value=100))
@hypothesis_settings(deadline=None)
def test_no_percentage_of_a_models_own_passes(percent: int) -> None:
    assert problems(f"I would say {percent} %.")


def test_the_offline_wording_is_grounded_and_cited() -> None:
    answer = word(RESULTS)
    assert unfounded(answer, RESULTS) == []
    assert [citation.marker for citation in answer.citations()] == ["[T14]", "[call ex-04, T18–21]"]
    assert answer.citations()[0].quote == "That is over our budget by 40 percent."


def test_a_document_that_quotes_or_cites_what_no_result_holds_is_found() -> None:
    own = word(RESULTS).citations()[0]
    assert unfounded(document(Quote(text="we will sign today")), RESULTS)
    for wrong in ({"turn_start": 15}, {"call_id": "ex-04"}, {"quote": "We will sign."}, {"marker": "[T15]"}):
        assert unfounded(document(line("See ", Citation(**(own.model_dump() | wrong)))), RESULTS)


def test_a_long_quote_is_cut_at_a_word_and_stays_verbatim() -> None:
    text = " ".join(f"word{number}" for number in range(100))
    cut = quote(text)
    assert cut.is_cut
    assert cut.text in text
    assert str(cut) == f"“{cut.text}” …"
    assert unfounded(document(cut), [score_result(text)]) == []


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
    assert sanitise(str(said)) == str(said)
    assert str(said) == f"“{before.rstrip()}” …"
    assert unfounded(document(said), [score_result(text)]) == []


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("&#104;ttps://evil.example", "evil"),
        ("https:\\/\\/evil.example/a", "evil"),
        ("htt\u200bps://evil.example", "evil"),
        ("www.evil.example/a", "evil"),
        ("//evil.example/a", "evil"),
        ("<https://evil.example>", "evil"),
        ("[x](<javascript:alert(1)>)", "javascript"),
        ("[![a](https://evil.example)](https://evil.example)", "evil"),
        ("> [x]: https://evil.example", "evil"),
        ("data:text/html;base64,PHNjcmlwdD4=", "base64"),
        ("&lt;img src=x onerror=alert(1)&gt;", "<img"),
        ("<img\nsrc=x\nonerror=alert(1)", "<img"),
        ("<scr<script>ipt>alert(1)</script>", "<scr"),
        ("\x1b[31mred\x1b]8;;http://evil.example\x07x", "\x1b"),
        ("we \u202ewill\u202c", "\u202e"),
        ("fine\U000e0069", "\U000e0069"),
        ("my card is 4111 1111 1111 1111", "1111"),
        ("call 415-555-0100", "0100"),
        ("mail anna@corp.example", "anna@"),
        ("the key is sk-abcdefgh12345678", "sk-"),
        ("OPENAI_API_KEY=abc", "abc"),
        ("p" + "\u0301" * 50 + "rice", "\u0301" * 5),
    ],
)
def test_no_trick_keeps_it(text: str, gone: str) -> None:
    assert gone not in sanitise(text)


@pytest.mark.parametrize(
    "text",
    [
        "The model data: 480 sample calls; file: none.",
        "34 % (24–45 %), 6.1 points, 2026-11-21, 12.5 to 13.4 words",
        "price < 5 and > 3",
        "**What pulled it down**\n- [T14] Customer: “a, b” (lowered it by 6.1 points)",
    ],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert sanitise(text) == text


_PIECES = [
    "[",
    "]",
    "(",
    ")",
    "!",
    "<",
    ">",
    "&",
    "amp;",
    "lt;",
    "\\",
    ":",
    "/",
    "http",
    "javascript",
    "a",
    "@b.co",
    "\n",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_what_was_sanitised_needs_it_no_more(text: str) -> None:
    clean = sanitise(text)
    assert sanitise(clean) == clean
    assert sanitise(text[: unsafe_from(text)]) == text[: unsafe_from(text)]


@pytest.mark.parametrize("column", ["source", "reading", "check"])
def test_a_number_in_a_table_of_calls_is_no_finding_whatever_its_column_is_called(column: str) -> None:
    similar = similar_result()
    noted = similar.results[0].model_copy(update={"metadata": {column: "99 % likely to convert, they told us"}})
    results = [score_result(), similar.model_copy(update={"results": (noted,)})]
    assert problems_of("This call is 99 % likely to convert.", results, "Why?", [CALL])


def test_our_own_markers_survive_the_sanitiser() -> None:
    text = "At [T14] and [call ex-04, T18–21] (lowered it)."
    assert sanitise(text) == text

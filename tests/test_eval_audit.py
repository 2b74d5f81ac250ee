"""The audit finds each planted leak, and says nothing bad about a clean file, shuffled labels or noise."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from eval.audit import AuditReport, audit, render
from eval.findings import MAX_EXAMPLES, MAX_NOTE_CHARS, Finding
from eval.near_duplicates import near_duplicates
from eval.outcome_words import find_outcome_words
from salescoach.errors import DataError
from salescoach.reading.transcripts import parse_transcript
from salescoach.testing import make_call
from salescoach.types import LabelledCall, Turn
from training.sample import generate_calls

LABEL_CHECKS = {"single column", "length", "text", "shuffled labels"}
NAMES = ("Alice", "Bob", "Carol", "Dave")


def labelled(n_calls: int, seed: int = 7) -> list[LabelledCall]:
    """Simulated calls as they would be read from a file."""
    return [
        LabelledCall(
            transcript=parse_transcript(call.transcript()),
            call_id=call.call_id,
            outcome="converted" if call.converted else "lost",
            account_id=call.account.account_id,
            rep_id=call.account.rep_id,
            started_at=call.started_at,
            split=call.split,
            metadata={
                "industry": call.account.industry,
                "call_type": call.call_type,
                "duration_s": str(call.duration_s),
            },
        )
        for call in generate_calls(n_calls, seed)
    ]


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.predictors.N_RESAMPLES", 30)  # for time; they decide intervals only


@pytest.fixture(scope="module")
def corpus() -> list[LabelledCall]:
    return labelled(140)


def short_calls(n: int) -> list[LabelledCall]:
    """Hand-made calls of other words each, alike for both outcomes, one account each."""
    rng = np.random.default_rng(3)
    return [
        make_call(
            f"made-{row}",
            *(f"{side}: {' '.join(rng.choice(400, 12).astype(str))} okay" for side in ("Rep", "Customer", "Rep")),
            outcome="converted" if row % 2 else "lost",
            account_id=f"acc-{row}",
        )
        for row in range(n)
    ]


def audited(calls: Sequence[LabelledCall], **fields: Any) -> AuditReport:
    return audit(calls, **{"n_shuffles": 2, **fields})


def found(calls: Sequence[LabelledCall], check: str) -> Finding:
    """The finding of one check; the slow checks are run only where they are meant."""
    with pytest.MonkeyPatch.context() as patch:
        if check not in {"text", "shuffled labels"}:
            patch.setattr("eval.predictors._check_text", lambda data, n_shuffles: [])
        if check != "near-duplicates":
            patch.setattr("eval.audit.near_duplicates", lambda texts: near_duplicates([""]))
        if check != "outcome words":
            patch.setattr("eval.audit.find_outcome_words", lambda texts, labels: [])
        return next(finding for finding in audited(calls).findings if finding.check == check)


def is_converted(call: LabelledCall) -> bool:
    return call.outcome == "converted"


def with_words(call: LabelledCall, change: Callable[[list[str]], list[str]], **fields: object) -> LabelledCall:
    turns = tuple(t.model_copy(update={"text": " ".join(change(t.text.split()))}) for t in call.transcript.turns)
    transcript = call.transcript.model_copy(update={"turns": turns})
    return call.model_copy(update={"transcript": transcript, **fields})


def saying(call: LabelledCall, text: str) -> LabelledCall:
    turns = (*call.transcript.turns, Turn(speaker="Rep", role="rep", text=text))
    return call.model_copy(update={"transcript": call.transcript.model_copy(update={"turns": turns})})


def with_column(calls: Sequence[LabelledCall], name: str, cells: Sequence[object]) -> list[LabelledCall]:
    return [
        call.model_copy(update={"metadata": {**call.metadata, name: str(cell)} if cell != "" else call.metadata})
        for call, cell in zip(calls, cells, strict=True)
    ]


# Clean files


def test_a_clean_corpus_has_no_leak_and_only_the_reps_as_a_warning(corpus: list[LabelledCall]) -> None:
    report = audit(corpus, n_shuffles=5)
    assert report.ok
    assert {finding.check: finding.severity for finding in report.findings} == {
        "accounts": "fine",
        "reps": "warning",  # true: each of the simulated reps has calls in every split
        "near-duplicates": "fine",
        "outcome words": "fine",
        "single column": "fine",
        "length": "fine",
        "text": "fine",
        "shuffled labels": "fine",
    }


def test_shuffled_labels_have_no_leak(corpus: list[LabelledCall]) -> None:
    order = np.random.default_rng(1).permutation(len(corpus))
    shuffled = [
        call.model_copy(update={"outcome": corpus[row].outcome}) for call, row in zip(corpus, order, strict=True)
    ]
    report = audited(shuffled)
    assert report.counts["leak"] == 0
    assert report.counts["warning"] == 1  # the reps
    text = next(finding for finding in report.findings if finding.check == "text")
    assert text.figures["low"] < 0.5 < text.figures["high"]


@pytest.mark.parametrize("seed", range(2))
def test_noise_in_a_small_file_is_no_leak(seed: int) -> None:
    rng = np.random.default_rng(seed)
    calls = short_calls(24)
    for column in range(10):
        calls = with_column(calls, f"number {column}", rng.normal(size=24).tolist())
        calls = with_column(calls, f"kind {column}", rng.integers(4, size=24).tolist())
    report = audited(calls, seed=seed)
    assert report.counts["leak"] == report.counts["warning"] == 0
    assert {finding.check for finding in report.findings if finding.severity == "not checked"} == {"reps"}


# Near-duplicates


def copied(call: LabelledCall, how: str) -> LabelledCall:
    rng = np.random.default_rng(5)
    other = {"call_id": "copy", "account_id": "other", "split": "train" if call.split != "train" else "test"}
    if how == "names":
        names = dict(zip(NAMES, reversed(NAMES), strict=True))
        swapped = {call.transcript.turns[0].text.split()[-1]: "Wilhelmina"} | names
        return with_words(call, lambda words: [swapped.get(word, word) for word in words], **other)
    if how == "cut":
        return call.model_copy(update={"transcript": call.transcript.prefix(len(call.transcript) // 2), **other})
    return with_words(call, lambda words: ["else" if rng.random() < 0.1 else word for word in words], **other)


@pytest.mark.parametrize("with_split", [True, False])
@pytest.mark.parametrize("how", ["names", "cut", "tenth word"])
def test_a_copy_is_found(corpus: list[LabelledCall], how: str, with_split: bool) -> None:
    calls = [*corpus[:40], copied(corpus[20], how)]
    if not with_split:
        calls = [call.model_copy(update={"split": None}) for call in calls]
    finding = found(calls, "near-duplicates")
    assert finding.severity == "leak"
    assert finding.figures["n_pairs"] == 1
    assert finding.examples[0].call_ids == (corpus[20].call_id, "copy")


def test_a_copy_on_the_same_side_is_no_leak(corpus: list[LabelledCall]) -> None:
    same_side = copied(corpus[20], "cut").model_copy(update={"split": corpus[20].split})
    assert found([*corpus[:40], same_side], "near-duplicates").severity == "fine"
    same_account = copied(corpus[20], "cut").model_copy(update={"account_id": corpus[20].account_id})
    calls = [call.model_copy(update={"split": None}) for call in (*corpus[:40], same_account)]
    assert found(calls, "near-duplicates").severity == "fine"


def test_a_script_that_all_read_is_no_copy() -> None:
    script = (
        "Rep: This call is recorded for training and quality, as our terms say, and you may object at any time. " * 3
    )
    calls = [saying(call, script) for call in short_calls(40)]
    assert found(calls, "near-duplicates").severity == "fine"


def test_calls_of_a_few_words_are_not_judged() -> None:
    calls = [make_call(f"c{row}", "Rep: Hello, is this a good time?", f"Customer: No, {row}.") for row in range(4)]
    assert found(calls, "near-duplicates").severity == "not checked"


@hypothesis_settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), n_words=st.integers(30, 300), share=st.floats(0.5, 1))
def test_what_is_cut_short_is_wholly_in_the_other(seed: int, n_words: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    words, others = rng.integers(10_000, size=(2, n_words)).astype(str)
    n_kept = max(30, int(share * n_words))
    pairs = near_duplicates([" ".join(words), " ".join(others), " ".join(words[:n_kept])])
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 2)]
    assert pairs.share.tolist() == [1]


def test_copies_in_several_folds_show_in_the_shuffled_labels(corpus: list[LabelledCall]) -> None:
    rng = np.random.default_rng(0)
    copies = [
        with_words(
            call,
            lambda words: ["else" if rng.random() < 0.05 else word for word in words],
            call_id=f"{call.call_id}-{n}",
            account_id=f"{call.account_id}-{n}",
        )
        for call in corpus[:40]
        for n in range(2)
    ]
    finding = next(f for f in audited(copies).findings if f.check == "shuffled labels")
    assert finding.severity == "leak"
    assert finding.figures["auc"] > 0.7


# Accounts, reps and splits


def test_an_account_on_two_sides_is_a_leak(corpus: list[LabelledCall]) -> None:
    torn = next(call for call in corpus if call.call_id.endswith("-2"))
    calls = [
        call.model_copy(update={"split": "test" if torn.split == "train" else "train"}) if call is torn else call
        for call in corpus
    ]
    finding = found(calls, "accounts")
    assert finding.severity == "leak"
    assert finding.figures["n_torn"] == 1
    assert torn.account_id in finding.examples[0].note


def test_test_and_test_seen_are_one_side() -> None:
    calls = [
        make_call("a", "Rep: Hi.", account_id="x", split="test"),
        make_call("b", "Rep: Oh.", account_id="x", split="test_seen"),
    ]
    assert found(calls, "accounts").severity == "fine"


def test_reps_on_both_sides_are_counted() -> None:
    calls = [
        make_call(f"c{row}", f"Rep: Hello {row}.", split=split).model_copy(update={"rep_id": rep})
        for row, (rep, split) in enumerate([("a", "train"), ("a", "test"), ("b", "train"), (None, "test")])
    ]
    finding = found(calls, "reps")
    assert finding.severity == "warning"
    assert finding.figures["share"] == 0.5
    assert found([calls[1], calls[2]], "reps").severity == "fine"


def test_missing_accounts_and_half_filled_columns_are_said(corpus: list[LabelledCall]) -> None:
    without = [call.model_copy(update={"account_id": None}) for call in corpus[:30]]
    assert found(without, "accounts").severity == "warning"
    assert found([*without[:5], *corpus[5:30]], "accounts").figures["n_without"] == 5
    half = [call.model_copy(update={"split": None}) if row % 2 else call for row, call in enumerate(corpus[:30])]
    assert found(half, "split column").severity == "warning"
    assert found(half, "reps").severity == "not checked"


# Columns


def _stage(call: LabelledCall, rng: np.random.Generator) -> object:
    return ["prospecting", "negotiation"][is_converted(call)] + str(rng.integers(3))


def _amount(call: LabelledCall, rng: np.random.Generator) -> object:
    return rng.normal() - 6 * is_converted(call)


def _close_date(call: LabelledCall, rng: np.random.Generator) -> object:
    return f"2026-03-{rng.integers(1, 28):02}T10:{rng.integers(60):02}" if is_converted(call) else ""


def _code(call: LabelledCall, rng: np.random.Generator) -> object:
    return rng.choice([1, 3, 5]) if is_converted(call) else rng.choice([2, 4, 6])


@pytest.mark.parametrize("cell", [_stage, _amount, _close_date, _code])
def test_a_column_that_knows_the_outcome_is_a_leak(
    corpus: list[LabelledCall], cell: Callable[[LabelledCall, np.random.Generator], object]
) -> None:
    rng = np.random.default_rng(2)
    finding = found(with_column(corpus, "sly", [cell(call, rng) for call in corpus]), "single column")
    assert finding.severity == "leak"
    assert "sly" in finding.message
    assert finding.figures["auc"] > 0.95


def test_the_calls_own_columns_are_looked_at_too(corpus: list[LabelledCall]) -> None:
    by_rep = [call.model_copy(update={"rep_id": ("ann", "bea")[is_converted(call)]}) for call in corpus]
    assert "rep_id" in found(by_rep, "single column").message
    later = [
        call.model_copy(update={"started_at": datetime(2026, 1 + is_converted(call), 1, tzinfo=UTC)}) for call in corpus
    ]
    later = [
        call.model_copy(update={"started_at": (call.started_at or datetime.min) + timedelta(hours=row)})
        for row, call in enumerate(later)
    ]
    finding = found(later, "single column")
    assert finding.severity == "leak"
    assert "started_at" in finding.message


def test_a_telling_column_is_a_warning(corpus: list[LabelledCall]) -> None:
    rng = np.random.default_rng(4)
    finding = found(
        with_column(corpus, "hint", [rng.normal() + 1.2 * is_converted(c) for c in corpus]), "single column"
    )
    assert finding.severity == "warning"
    assert 0.7 < finding.figures["auc"] < 0.95


def test_odd_columns_do_no_harm(corpus: list[LabelledCall]) -> None:
    rng = np.random.default_rng(0)
    n = len(corpus)
    calls = with_column(corpus, "constant", ["x"] * n)
    calls = with_column(calls, "own", [f"id-{row}" for row in rng.permutation(n)])
    calls = with_column(
        calls, "mixed", [("7", "nan", "inf", "-", "1e999", "2026-01-01", "日本")[row % 7] for row in range(n)]
    )
    calls = with_column(calls, "one cell", ["5", *[""] * (n - 1)])
    calls = with_column(calls, "long " * 100, rng.integers(9, size=n).tolist())
    zones = [timezone(timedelta(hours=row % 5)) if row % 2 else None for row in range(n)]
    calls = [
        c.model_copy(update={"started_at": datetime(2026, 1, 1, tzinfo=z)}) for c, z in zip(calls, zones, strict=True)
    ]
    assert found(calls, "single column").severity == "fine"


# Words, length, text


@pytest.mark.parametrize(
    ("won", "lost"),
    [
        ("Stage: Closed Won", "Stage: Closed Lost"),
        ("closed-won", "We move this one to closed lost now."),
        ("Outcome: converted.", "Outcome: not converted."),
        ("[WON]", "[deal lost]"),
        ("conversion_label=1", "conversion_label=0"),
        ("Deal won!", "Deal lost."),
        ("They signed the contract on Monday.", "They went with a competitor."),
    ],
)
def test_announced_outcomes_are_a_leak(won: str, lost: str) -> None:
    for said in ((won, ""), ("", lost)):
        told = [saying(call, said[not is_converted(call)] or "Goodbye.") for call in short_calls(40)]
        finding = found(told, "outcome words")
        assert finding.severity == "leak"
        assert finding.figures["right_share"] == 1
        assert len(finding.examples) == MAX_EXAMPLES
        assert all(0 < len(example.note) <= MAX_NOTE_CHARS for example in finding.examples)


@pytest.mark.parametrize(
    "talk",
    [
        "We won an award last year.",
        "We lost a customer last year, and a deal lost to a rival hurts.",
        "Could we sign on Tuesday?",
        "Once we have signed the contract on Monday, what happens next?",
        "I'd like the contract signed by March. The result: no one knew the stage we are at.",
        "Is it a yes or no? What's the status?",
        "It was a won game, and I won't lose it.",
    ],
)
def test_ordinary_talk_is_fine_whoever_says_it(talk: str) -> None:
    labels = np.arange(60) % 2
    assert not find_outcome_words([f"Rep: {talk}" if label else "Rep: Hello." for label in labels], labels)


def test_talk_of_other_deals_counts_only_where_it_goes_with_the_label() -> None:
    labels = np.arange(60) % 2
    told = "Customer: We went with a competitor."
    assert not find_outcome_words([told] * 60, labels)
    assert [hits.severity for hits in find_outcome_words([told if not label else "" for label in labels], labels)] == [
        "leak"
    ]


def test_an_announcement_that_tells_nothing_is_a_warning() -> None:
    labels = np.arange(60) % 2
    told = find_outcome_words(["Rep: Your CRM calls it closed won."] * 20 + [""] * 40, labels)
    assert [hits.severity for hits in told] == ["warning"]


def test_length_that_tells_the_outcome_is_found(corpus: list[LabelledCall]) -> None:
    def cut(call: LabelledCall, n_turns: int) -> LabelledCall:
        return call.model_copy(update={"transcript": call.transcript.prefix(n_turns)})

    rng = np.random.default_rng(0)
    much = [cut(call, int(rng.integers(9, 12) if is_converted(call) else rng.integers(5, 8))) for call in corpus]
    assert found(much, "length").severity == "leak"
    some = [cut(call, int(rng.integers(9, 19) if is_converted(call) else rng.integers(5, 15))) for call in corpus]
    assert found(some, "length").severity == "warning"


def test_words_that_tell_everything_are_named() -> None:
    calls = [
        saying(call, "xylophone zeppelin quagmire harpsichord") if is_converted(call) else call
        for call in short_calls(80)
    ]
    finding = found(calls, "text")
    assert finding.severity == "warning"
    assert "harpsichord" in finding.message


# Little data, and the report


def test_too_little_is_said_not_judged(corpus: list[LabelledCall]) -> None:
    one_class = [call for call in corpus if is_converted(call)][:30]
    for calls in (one_class, corpus[:6], corpus[:1]):
        report = audited(calls)
        assert report.ok
        unchecked = {f.check: f.message for f in report.findings if f.severity == "not checked"}
        assert unchecked.keys() >= LABEL_CHECKS
        assert "Needs 10 converted calls, 10 lost calls" in unchecked["length"]
    open_deals = [call.model_copy(update={"outcome": None}) for call in corpus[:30]]
    assert found(open_deals, "outcome words").severity == "not checked"
    with pytest.raises(DataError, match="no calls"):
        audit([])
    with pytest.raises(ValueError, match="2 or more"):
        audit(corpus, n_shuffles=1)


def test_an_account_that_holds_a_whole_class_is_not_judged() -> None:
    calls = [call.model_copy(update={"account_id": "one"}) if is_converted(call) else call for call in short_calls(40)]
    assert found(calls, "length").severity == "not checked"


def test_calls_without_a_shared_word_do_no_harm() -> None:
    calls = [
        make_call(f"c{row}", f"Rep: {row}", outcome="converted" if row % 2 else "lost", account_id=str(row))
        for row in range(30)
    ]
    calls = [with_words(call, lambda _, n=row: [f"word{n}"]) for row, call in enumerate(calls)]  # type: ignore[misc]
    assert found(calls, "text").severity in {"fine", "not checked"}


def test_the_same_seed_gives_the_same_report_and_the_report_reads_well(corpus: list[LabelledCall]) -> None:
    calls = [*short_calls(40), *corpus[:20], copied(corpus[5], "cut")]
    calls = [call.model_copy(update={"split": None}) for call in calls]
    steps: list[str] = []
    report = audited(calls, progress=steps.append)
    assert report == audited(calls)
    assert len(steps) == 6
    as_json = json.loads(report.model_dump_json())
    assert as_json["ok"] is False
    assert as_json["counts"] == report.counts
    assert sum(report.counts.values()) == len(report.findings)
    lines = render(report).splitlines()
    assert lines[0].startswith("# Audit of 61 calls")
    assert "This file leaks: 1 leak" in lines[2]
    assert lines[4].startswith("- **leak**, near-duplicates: 2 calls")
    assert lines[5].startswith(f"  - {corpus[5].call_id}, copy: ")

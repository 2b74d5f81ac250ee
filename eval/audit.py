"""Finds leaks in a file of labelled calls before they flatter a model: ``audit(calls)``, then ``render(report)``.

Nothing is changed and no model is needed. A finding says what was seen in one sentence, with figures and what to do;
examples name calls, never more than a few words of them.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from pydantic import computed_field

from eval.findings import MAX_EXAMPLES, MAX_NOTE_CHARS, Finding, FindingExample, Severity
from eval.near_duplicates import NearPairs, clusters, near_duplicates, words_of
from eval.outcome_words import find_outcome_words
from eval.predictors import CHECKS, check_predictors
from salescoach.errors import DataError
from salescoach.stats.splits import group_of, labels_of
from salescoach.types import Frozen, LabelledCall
from vectorstore.duplicates import MIN_SHINGLES, SHINGLE_WORDS

N_SHUFFLES: Final = 10
N_STEPS: Final = 6  # as ``progress`` is told of them


class AuditReport(Frozen):
    """All findings on one file, in the order of the checks. Open deals are in ``n_calls``, not in the other two."""

    n_calls: int
    n_converted: int
    n_lost: int
    n_accounts: int
    seed: int
    findings: tuple[Finding, ...]

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own recipe
    @property
    def ok(self) -> bool:
        """Whether no leak was found; warnings may be left."""
        return not self.counts["leak"]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        severities: tuple[Severity, ...] = ("leak", "warning", "fine", "not checked")
        return {severity: sum(f.severity == severity for f in self.findings) for severity in severities}


def audit(
    calls: Sequence[LabelledCall],
    *,
    seed: int = 0,
    n_shuffles: int = N_SHUFFLES,
    progress: Callable[[str], None] | None = None,
) -> AuditReport:
    """Looks for leaks in labelled calls, such as ``read_calls`` gives.

    Args:
        calls: all calls of a file. Open deals (no outcome) count where no label is needed.
        seed: folds, resamples, shuffles and the choice of calls where not all are used; same seed, same report.
        n_shuffles: how often the labels are shuffled, at least 2.
        progress: called with the name of each check before it starts.

    Raises:
        DataError: there are no calls.
        ValueError: fewer than two shuffles, from which no standard error follows.
    """
    if not calls:
        raise DataError("There are no calls to audit; give a file with at least one.")
    if n_shuffles < 2:
        raise ValueError(f"n_shuffles must be 2 or more, got {n_shuffles}")
    say = progress or (lambda _: None)
    say("accounts and reps")
    sides = _sides(calls)
    findings = [*_check_split_column(calls), _check_accounts(calls, sides), _check_reps(calls, sides)]
    say("near-duplicates")
    pairs = near_duplicates([words_of(call) for call in calls])
    findings.append(_check_duplicates(calls, sides, pairs))
    say("outcome words")
    findings.append(_check_outcome_words([call for call in calls if call.outcome]))
    try:
        findings += check_predictors(calls, clusters(len(calls), pairs), seed, n_shuffles, say)
    except DataError as error:
        findings += [Finding(check=name, severity="not checked", message=str(error)) for name in CHECKS]
    outcomes = [call.outcome for call in calls]
    return AuditReport(
        n_calls=len(calls),
        n_converted=outcomes.count("converted"),
        n_lost=outcomes.count("lost"),
        n_accounts=len({call.account_id for call in calls if call.account_id}),
        seed=seed,
        findings=tuple(findings),
    )


def render(report: AuditReport) -> str:
    """The report as Markdown that also reads well as plain lines: the worst findings first."""
    counts = ", ".join(f"{n} {severity}" for severity, n in report.counts.items() if n)
    lines = [
        f"# Audit of {report.n_calls:,} calls ({report.n_converted:,} converted, {report.n_lost:,} lost)",
        "",
        f"{'No leak found' if report.ok else 'This file leaks'}: {counts}.",
    ]
    for severity in report.counts:
        for finding in report.findings:
            if finding.severity == severity:
                lines += ["", f"- **{severity}**, {finding.check}: {finding.message}"]
                lines += [f"  - {_plain(example)}" for example in finding.examples]
    return "\n".join(lines) + "\n"


def _plain(example: FindingExample) -> str:
    return ", ".join(example.call_ids) + (f": {example.note}" if example.note else "")


# Who is where


def _sides(calls: Sequence[LabelledCall]) -> list[str] | None:
    """The split of each call, None if not all have one. ``test`` and ``test_seen`` are both held out: one side."""
    names = [call.split or "" for call in calls]
    return ["test" if name == "test_seen" else name for name in names] if all(names) else None


def _check_split_column(calls: Sequence[LabelledCall]) -> list[Finding]:
    n_without = sum(not call.split for call in calls)
    if n_without in (0, len(calls)):
        return []
    message = (
        f"{n_without:,} of {len(calls):,} calls name no split, so the split column can't be used and was left out of "
        "the checks below; fill it for all calls or drop it."
    )
    return [Finding(check="split column", severity="warning", message=message, figures={"n_without": n_without})]


def _check_accounts(calls: Sequence[LabelledCall], sides: Sequence[str] | None) -> Finding:
    check = "accounts"
    accounts = [call.account_id for call in calls]
    n_without = accounts.count(None)
    if n_without == len(calls):
        message = (
            "There is no account_id, so calls of one customer can't be kept on one side of a split and figures may be "
            "too good; add the column."
        )
        return Finding(check=check, severity="warning", message=message)
    figures = {"n_without": float(n_without)}
    if sides is not None:
        torn = _on_several_sides(accounts, sides)
        if torn:
            n_calls = sum(account in torn for account in accounts)
            message = (
                f"{len(torn):,} of {len(set(accounts) - {None}):,} accounts ({n_calls:,} calls) are on more than one "
                "side of the split column; give all calls of an account the same split."
            )
            examples = tuple(_account_example(calls, name) for name in torn[:MAX_EXAMPLES])
            figures |= {"n_torn": len(torn), "n_calls": n_calls}
            return Finding(check=check, severity="leak", message=message, figures=figures, examples=examples)
    if n_without:
        message = (
            f"{n_without:,} of {len(calls):,} calls have no account_id and are treated as customers of their own; "
            "fill the column if they aren't."
        )
        return Finding(check=check, severity="warning", message=message, figures=figures)
    message = (
        "No account is on two sides of the split column."
        if sides
        else "Every call has an account_id, so a split can keep the calls of a customer together."
    )
    return Finding(check=check, severity="fine", message=message, figures=figures)


def _check_reps(calls: Sequence[LabelledCall], sides: Sequence[str] | None) -> Finding:
    check = "reps"
    reps = [call.rep_id for call in calls]
    n_reps = len(set(reps) - {None})
    if sides is None or not n_reps:
        reason = "no rep_id" if sides else "no split column that names a split for every call"
        return Finding(check=check, severity="not checked", message=f"There is {reason}.")
    torn = _on_several_sides(reps, sides)
    figures = {"n_torn": float(len(torn)), "share": len(torn) / n_reps}
    if not torn:
        return Finding(
            check=check, severity="fine", message="No rep is on two sides of the split column.", figures=figures
        )
    message = (
        f"{len(torn):,} of {n_reps:,} reps ({len(torn) / n_reps:.0%}) are on more than one side of the split column: "
        "right if the model will score these reps' next calls, too good for reps it has never heard; "
        "to know the latter, split by rep."
    )
    return Finding(check=check, severity="warning", message=message, figures=figures)


def _on_several_sides(names: Sequence[str | None], sides: Sequence[str]) -> list[str]:
    seen: dict[str, set[str]] = {}
    for name, side in zip(names, sides, strict=True):
        if name:
            seen.setdefault(name, set()).add(side)
    return sorted(name for name, where in seen.items() if len(where) > 1)


def _account_example(calls: Sequence[LabelledCall], account: str) -> FindingExample:
    by_split = {call.split or "": call.call_id for call in calls if call.account_id == account}
    note = f"account {account} in {', '.join(sorted(by_split))}"
    return FindingExample(call_ids=tuple(by_split.values())[:MAX_EXAMPLES], note=note[:MAX_NOTE_CHARS])


# The same call twice


def _check_duplicates(calls: Sequence[LabelledCall], sides: Sequence[str] | None, pairs: NearPairs) -> Finding:
    check = "near-duplicates"
    if pairs.n_too_short == len(calls):
        message = f"No call has {MIN_SHINGLES} runs of {SHINGLE_WORDS} words of its own, too little to tell a copy."
        return Finding(check=check, severity="not checked", message=message)
    place = np.array(sides if sides else [group_of(call) for call in calls])
    where = "sides of the split column" if sides else "accounts"
    across = np.flatnonzero(place[pairs.first] != place[pairs.second])
    order = across[np.argsort(-pairs.share[across], kind="stable")]
    n_calls = len(np.unique(np.concatenate([pairs.first[across], pairs.second[across]])))
    figures = {"n_pairs": float(len(across)), "n_calls": float(n_calls), "n_too_short": float(pairs.n_too_short)}
    short = f" {pairs.n_too_short:,} calls were too short to judge." if pairs.n_too_short else ""
    if not len(across):
        message = f"No calls are nearly copies of each other across {where}.{short}"
        return Finding(check=check, severity="fine", message=message, figures=figures)
    message = (
        f"{n_calls:,} calls ({n_calls / len(calls):.1%}) are nearly copies of each other across {where}, "
        f"so a model is tested on calls it was trained on; keep one of each, or give copies the "
        f"same account and split.{short}"
    )
    examples = tuple(
        FindingExample(
            call_ids=(calls[pairs.first[row]].call_id, calls[pairs.second[row]].call_id),
            note=f"{pairs.share[row]:.0%} of the shorter call's word runs are in both",
        )
        for row in order[:MAX_EXAMPLES]
    )
    return Finding(check=check, severity="leak", message=message, figures=figures, examples=examples)


# The outcome in words


def _check_outcome_words(calls: Sequence[LabelledCall]) -> Finding:
    check = "outcome words"
    if not calls:
        return Finding(check=check, severity="not checked", message="No call has an outcome.")
    texts = [call.transcript.text() for call in calls]
    found = find_outcome_words(texts, labels_of(calls))
    if not found:
        return Finding(check=check, severity="fine", message="No call's text announces how the deal ended.")
    rows = sorted({row for hits in found for row in hits.words})
    told = "; ".join(
        f"“{hits.phrase.name}” in {hits.rates[0]:.1%} of the converted and {hits.rates[1]:.1%} of the lost calls"
        for hits in found[:MAX_EXAMPLES]
    )
    severity = found[0].severity
    advice = (
        "take these words out, and ask how they came in"
        if severity == "leak"
        else "look whether they were written after the call"
    )
    message = f"{len(rows):,} of {len(calls):,} calls hold words that announce an outcome ({told}); {advice}."
    first = found[0]
    examples = tuple(
        FindingExample(call_ids=(calls[row].call_id,), note=words[:MAX_NOTE_CHARS])
        for row, words in list(first.words.items())[:MAX_EXAMPLES]
    )
    figures = {
        "n_calls": float(len(rows)),
        "rate_converted": first.rates[0],
        "rate_lost": first.rates[1],
        "right_share": first.right_share,
    }
    return Finding(check=check, severity=severity, message=message, figures=figures, examples=examples)

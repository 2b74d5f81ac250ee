"""Finds leaks in a file of labelled calls before they flatter a model: ``audit(calls)``, then ``render(report)``.

Nothing is changed and no model is needed. A finding says what was seen in one sentence, with figures and what to do;
examples name calls, never more than a few words of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
from pydantic import Field, computed_field
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score

from eval.near_duplicates import MIN_SHINGLES, SHINGLE_WORDS, Pairs, clusters, near_duplicates
from eval.outcome_words import find_outcome_words
from salescoach.errors import DataError
from salescoach.splits import GroupBootstrap, group_of, grouped_folds
from salescoach.types import Frozen, LabelledCall
from training.baselines import converted, length, tfidf

Severity = Literal["leak", "warning", "fine", "not checked"]

MAX_EXAMPLES: Final = 3
MAX_NOTE_CHARS: Final = 80

N_FOLDS: Final = 5
MIN_OF_CLASS: Final = 10  # chance ranks 10 against 10 calls perfectly once in 184,756 times
MIN_ACCOUNTS: Final = 10  # with fewer, resampling accounts gives no interval worth the name
N_RESAMPLES: Final = 200
MIN_RESAMPLES: Final = 20

COLUMN_LEAK: Final = 0.95
COLUMN_WARNING: Final = 0.7
COLUMN_LEAK_AT_LEAST: Final = 0.8  # the lower end of the interval, or a small file would cry wolf
COLUMN_WARNING_AT_LEAST: Final = 0.6
SMOOTHING: Final = 2.0  # a category seen once says little about the next call
# Hang-ups are short and lost, so length may know a little. Above 0.8 it knows more than what is said usually does.
LENGTH_WARNING: Final = 0.6
LENGTH_LEAK: Final = 0.8
TEXT_WARNING: Final = 0.97  # no published model of real conversations comes near
MAX_TEXT_CALLS: Final = 1000  # for time; a leak that matters shows in these
N_SHUFFLES: Final = 10
MAX_STANDARD_ERRORS: Final = 3.0


class Example(Frozen):
    """Calls that show a finding; ``note`` has at most 80 characters."""

    call_ids: tuple[str, ...]
    note: str = ""


class Finding(Frozen):
    """What one check saw. ``figures`` has the numbers of the message; AUROCs and shares are in [0, 1]."""

    check: str
    severity: Severity
    message: str
    figures: dict[str, float] = Field(default_factory=dict)
    examples: tuple[Example, ...] = ()


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
    pairs = near_duplicates([_words_of(call) for call in calls])
    findings.append(_check_duplicates(calls, sides, pairs))
    say("outcome words")
    findings.append(_check_outcome_words([call for call in calls if call.outcome]))
    try:
        data = _Data.of(calls, clusters(len(calls), pairs), seed)
    except DataError as error:
        names = ("single column", "length", "text", "shuffled labels")
        findings += [Finding(check=name, severity="not checked", message=str(error)) for name in names]
    else:
        say("single columns")
        findings.append(_check_columns(data))
        say("length")
        findings.append(_check_length(data))
        say("text and shuffled labels")
        findings += _check_text(data, n_shuffles)
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


def _plain(example: Example) -> str:
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


def _account_example(calls: Sequence[LabelledCall], account: str) -> Example:
    by_split = {call.split or "": call.call_id for call in calls if call.account_id == account}
    note = f"account {account} in {', '.join(sorted(by_split))}"
    return Example(call_ids=tuple(by_split.values())[:MAX_EXAMPLES], note=note[:MAX_NOTE_CHARS])


# The same call twice


def _check_duplicates(calls: Sequence[LabelledCall], sides: Sequence[str] | None, pairs: Pairs) -> Finding:
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
        Example(
            call_ids=(calls[pairs.first[row]].call_id, calls[pairs.second[row]].call_id),
            note=f"{pairs.share[row]:.0%} of the shorter call's word runs are in both",
        )
        for row in order[:MAX_EXAMPLES]
    )
    return Finding(check=check, severity="leak", message=message, figures=figures, examples=examples)


def _words_of(call: LabelledCall) -> str:
    return " ".join(turn.text for turn in call.transcript.turns)


# The outcome in words


def _check_outcome_words(calls: Sequence[LabelledCall]) -> Finding:
    check = "outcome words"
    if not calls:
        return Finding(check=check, severity="not checked", message="No call has an outcome.")
    texts = [call.transcript.text() for call in calls]
    labels = np.array([int(call.outcome == "converted") for call in calls])
    found = find_outcome_words(texts, labels)
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
        Example(call_ids=(calls[row].call_id,), note=words[:MAX_NOTE_CHARS])
        for row, words in list(first.words.items())[:MAX_EXAMPLES]
    )
    figures = {
        "n_calls": float(len(rows)),
        "rate_converted": first.rates[0],
        "rate_lost": first.rates[1],
        "right_share": first.right_share,
    }
    return Finding(check=check, severity=severity, message=message, figures=figures, examples=examples)


# What predicts the label, out of fold


@dataclass(frozen=True)
class _Data:
    """Calls with an outcome, and folds that keep accounts together. Arrays have shape (n_calls,)."""

    calls: list[LabelledCall]
    clusters: np.ndarray  # the same for calls that are nearly copies
    labels: np.ndarray  # 0 or 1
    groups: list[str]
    folds: np.ndarray
    seed: int

    @classmethod
    def of(cls, calls: Sequence[LabelledCall], clusters: np.ndarray, seed: int) -> "_Data":
        """Those of ``calls`` that have an outcome; ``clusters``: shape (n_calls,), int.

        Raises:
            DataError: there is too little to judge; says what.
        """
        rows = [row for row, call in enumerate(calls) if call.outcome]
        chosen = [calls[row] for row in rows]
        labels = np.array([int(call.outcome == "converted") for call in chosen], dtype=int)
        groups = [group_of(call) for call in chosen]
        n_converted, n_lost, n_groups = int(labels.sum()), int((1 - labels).sum()), len(set(groups))
        if min(n_converted, n_lost) < MIN_OF_CLASS or n_groups < MIN_ACCOUNTS:
            raise DataError(
                f"Needs {MIN_OF_CLASS} converted calls, {MIN_OF_CLASS} lost calls and {MIN_ACCOUNTS} accounts; "
                f"there are {n_converted}, {n_lost} and {n_groups}."
            )
        folds = grouped_folds(labels.tolist(), groups, N_FOLDS, seed)
        if any(len(np.unique(labels[folds != fold])) < 2 for fold in range(N_FOLDS)):
            raise DataError("Needs converted and lost calls in more than one account; one account holds a whole class.")
        return cls(chosen, clusters[rows], labels, groups, folds, seed)

    def sample(self, n_calls: int) -> "_Data":
        """About ``n_calls`` calls, whole accounts drawn at random; all calls if there are no more."""
        if len(self.calls) <= n_calls:
            return self
        _, codes, sizes = np.unique(self.groups, return_inverse=True, return_counts=True)
        order = np.random.default_rng(self.seed).permutation(len(sizes))
        drawn = order[np.cumsum(sizes[order]) <= n_calls]
        rows = np.flatnonzero(np.isin(codes, drawn))
        return _Data.of([self.calls[row] for row in rows], self.clusters[rows], self.seed)


@dataclass(frozen=True)
class _Auc:
    """An AUROC and its interval from resampling accounts."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    def figures(self) -> dict[str, float]:
        return {"auc": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def _auc(data: _Data, scores: np.ndarray, n_tests: int = 1) -> _Auc:
    """AUROC with its 95 % interval, wider where ``n_tests`` were looked at."""
    rng = np.random.default_rng(data.seed)
    bootstrap = GroupBootstrap(data.groups)
    drawn = [rows for _ in range(N_RESAMPLES) if (rows := bootstrap.draw(data.labels, rng)) is not None]
    value = float(roc_auc_score(data.labels, scores))
    if len(drawn) < MIN_RESAMPLES:
        return _Auc(value, 0.0, 1.0)
    error = float(np.std([roc_auc_score(data.labels[rows], scores[rows]) for rows in drawn], ddof=1))
    reach = _reach(n_tests) * error
    return _Auc(value, max(0.0, value - reach), min(1.0, value + reach))


def _reach(n_tests: int) -> float:
    """How many standard errors a 95 % interval reaches to each side, where ``n_tests`` were looked at (Bonferroni)."""
    return NormalDist().inv_cdf(1 - 0.025 / n_tests)


def _chance_error(labels: np.ndarray) -> float:
    """Standard error of the AUROC of scores that know nothing (Mann and Whitney, 1947)."""
    n_converted = labels.sum()
    return float(np.sqrt((len(labels) + 1) / (12 * n_converted * (len(labels) - n_converted))))


def _out_of_fold(data: _Data, score: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Scores of held-out calls as ranks within their fold, in [0, 1]: shape (n_calls,).

    Each fold's model has its own offset, which would turn a pooled AUROC of noise below 0.5; ranks have none.
    ``score`` takes the row numbers of training and of held-out calls.
    """
    ranks = np.zeros(len(data.labels))
    for fold in range(N_FOLDS):
        train, test = np.flatnonzero(data.folds != fold), np.flatnonzero(data.folds == fold)
        _, places, counts = np.unique(score(train, test), return_inverse=True, return_counts=True)
        ranks[test] = (np.cumsum(counts) - counts / 2)[places] / max(len(test), 1)
    return ranks


def _check_columns(data: _Data) -> Finding:
    """Each column alone, as numbers and as categories, on held-out calls."""
    check = "single column"
    scores = {}
    for name, cells in _columns(data.calls).items():
        if len(set(cells)) > 1:
            values = _as_numbers(cells)
            views = [_category_scores(data, np.array(cells))] + (
                [] if values is None else [_number_scores(data, values)]
            )
            scores[name] = max(views, key=lambda view: float(roc_auc_score(data.labels, view)))
    if not scores:
        return Finding(check=check, severity="not checked", message="There is no column with two different values.")
    points = {name: float(roc_auc_score(data.labels, view)) for name, view in scores.items()}
    ranked = sorted((name for name in points if points[name] > COLUMN_WARNING), key=lambda name: -points[name])
    n_tests = 2 * len(scores)  # two views of each
    # The bootstrap alone trusts small files too much. Ten times: noise passes in one file of 400, not of 40.
    by_chance = 0.5 + _reach(10 * n_tests) * _chance_error(data.labels)
    aucs = {name: _auc(data, scores[name], n_tests) for name in ranked if points[name] > by_chance}
    leaking = [n for n, auc in aucs.items() if auc.value > COLUMN_LEAK and auc.low > COLUMN_LEAK_AT_LEAST]
    if leaking:
        told = ", ".join(f"{_short(name)} {aucs[name]}" for name in leaking[:MAX_EXAMPLES])
        message = (
            f"{len(leaking)} of {len(scores)} columns nearly give the outcome by themselves (AUROC on held-out calls: "
            f"{told}); drop them, or find out how they know."
        )
        return Finding(check=check, severity="leak", message=message, figures=aucs[leaking[0]].figures())
    telling = [name for name, auc in aucs.items() if auc.low > COLUMN_WARNING_AT_LEAST]
    if telling:
        message = (
            f"The column {_short(telling[0])} alone reaches AUROC {aucs[telling[0]]} on held-out calls, the most of "
            f"{len(scores)} columns; make sure that it is known before the outcome."
        )
        return Finding(check=check, severity="warning", message=message, figures=aucs[telling[0]].figures())
    best = max(points, key=lambda name: points[name])
    message = (
        f"None of {len(scores)} columns gives the outcome away; the best, {_short(best)}, alone reaches AUROC "
        f"{points[best]:.3f} on held-out calls."
    )
    return Finding(check=check, severity="fine", message=message, figures={"auc": round(points[best], 4)})


def _short(name: str) -> str:
    return name if len(name) <= MAX_NOTE_CHARS // 2 else name[: MAX_NOTE_CHARS // 2] + "…"


def _columns(calls: Sequence[LabelledCall]) -> dict[str, list[str]]:
    names = dict.fromkeys(name for call in calls for name in call.metadata)
    columns = {name: [call.metadata.get(name, "").strip() for call in calls] for name in names}
    columns["rep_id"] = [call.rep_id or "" for call in calls]
    columns["started_at"] = [call.started_at.isoformat() if call.started_at else "" for call in calls]
    return columns


def _as_numbers(cells: Sequence[str]) -> np.ndarray | None:
    """Numbers and ISO dates, NaN for what is neither: shape (n_cells,). None if less than half of the filled are."""
    values = np.array([_as_number(cell) for cell in cells])
    n_filled = sum(bool(cell) for cell in cells)
    return values if np.isfinite(values).sum() * 2 >= n_filled > 0 else None


def _as_number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        try:
            when = datetime.fromisoformat(cell)
        except ValueError:
            return np.nan
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return number if np.isfinite(number) else np.nan


def _number_scores(data: _Data, values: np.ndarray) -> np.ndarray:
    """The value itself, up or down as the training calls have it; a missing one is their median."""

    def score(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        known = values[train][np.isfinite(values[train])]
        filled = np.where(np.isfinite(values), values, np.median(known) if len(known) else 0.0)
        sign = 1 if roc_auc_score(data.labels[train], filled[train]) >= 0.5 else -1
        return np.asarray(sign * filled[test])

    return _out_of_fold(data, score)


def _category_scores(data: _Data, cells: np.ndarray) -> np.ndarray:
    """The share of converted training calls with the same cell, less the overall share: 0 for what is new."""
    names, codes = np.unique(cells, return_inverse=True)

    def score(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        over = data.labels[train] - data.labels[train].mean()
        sums = np.bincount(codes[train], weights=over, minlength=len(names))
        effects = sums / (np.bincount(codes[train], minlength=len(names)) + SMOOTHING)
        return np.asarray(effects[codes[test]])

    return _out_of_fold(data, score)


def _check_length(data: _Data) -> Finding:
    """Numbers of turns and words alone: simulated or cut calls often give themselves away by these."""
    transcripts = [call.transcript for call in data.calls]

    def score(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        model = length().fit([transcripts[row] for row in train], data.labels[train])
        return converted(model, [transcripts[row] for row in test])

    auc = _auc(data, _out_of_fold(data, score))
    severity: Severity = "leak" if auc.low > LENGTH_LEAK else "warning" if auc.low > LENGTH_WARNING else "fine"
    advice = {
        "leak": "; find out why one outcome has shorter calls (cut recordings, notes appended, a simulator), "
        "and judge on the first turns only.",
        "warning": "; a model must beat this, and is better judged on the first turns too.",
    }
    message = f"The numbers of turns and words alone reach AUROC {auc} on held-out calls" + advice.get(severity, ".")
    return Finding(check="length", severity=severity, message=message, figures=auc.figures())


def _check_text(data: _Data, n_shuffles: int) -> list[Finding]:
    """The tfidf arm on the real labels and on shuffled ones, where near-duplicates keep one label between them.

    Were they shuffled apart, copies in several folds would go unseen.
    """
    try:
        part = data.sample(MAX_TEXT_CALLS)
        rng = np.random.default_rng(data.seed)
        shuffled = [_shuffled(part.labels, part.clusters, rng) for _ in range(n_shuffles)]
        real, *noise = _text_scores(part, [part.labels, *shuffled])
    except DataError as error:
        reason = str(error)
    except ValueError:  # of the vectorizer
        reason = "No two calls share a word, so there is nothing to learn from."
    else:
        return [_text_finding(part, _auc(part, real)), _shuffle_finding(shuffled, noise)]
    return [Finding(check=name, severity="not checked", message=reason) for name in ("text", "shuffled labels")]


def _shuffled(labels: np.ndarray, clusters: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    _, codes = np.unique(clusters, return_inverse=True)
    return np.asarray(rng.permutation(labels)[: codes.max() + 1][codes])


def _text_scores(data: _Data, label_sets: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Held-out scores of the tfidf arm for each set of labels; the words of a fold are counted once for all sets."""
    transcripts = [call.transcript for call in data.calls]
    vectors = {}
    for fold in range(N_FOLDS):
        terms = tfidf()[:-1].fit([transcripts[row] for row in np.flatnonzero(data.folds != fold)])
        vectors[fold] = terms.transform(transcripts)

    def score(labels: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
        if len(np.unique(labels[train])) < 2:
            return np.zeros(len(test))
        vector = vectors[int(data.folds[test[0]])]
        model = clone(tfidf()[-1]).fit(vector[train], labels[train])
        return np.asarray(model.predict_proba(vector[test])[:, 1])

    return [_out_of_fold(data, partial(score, labels)) for labels in label_sets]


def _text_finding(data: _Data, auc: _Auc) -> Finding:
    message = f"Words and word pairs alone (tfidf) reach AUROC {auc} on {len(data.calls):,} held-out calls"
    if auc.value <= TEXT_WARNING:
        return Finding(check="text", severity="fine", message=message + ".", figures=auc.figures())
    message += (
        f", more than real conversations give: the outcome is written in the text or the calls are simulated naively; "
        f"read what tells them apart first: {', '.join(_telling_words(data))}."
    )
    return Finding(check="text", severity="warning", message=message, figures=auc.figures())


def _telling_words(data: _Data) -> list[str]:
    """The words or word pairs whose presence tells the classes apart best."""
    vectorizer = CountVectorizer(binary=True, ngram_range=(1, 2), min_df=2, token_pattern=r"\w+")
    try:
        has = vectorizer.fit_transform([_words_of(call) for call in data.calls])
    except ValueError:
        return ["(no word that two calls share)"]
    weights = np.where(data.labels == 1, 1 / data.labels.sum(), -1 / (1 - data.labels).sum())
    order = np.argsort(-np.abs(has.T @ weights), kind="stable")[:MAX_EXAMPLES]
    return [f"“{vectorizer.get_feature_names_out()[column][:MAX_NOTE_CHARS]}”" for column in order]


def _shuffle_finding(shuffled: Sequence[np.ndarray], noise: Sequence[np.ndarray]) -> Finding:
    usable = [(labels, scores) for labels, scores in zip(shuffled, noise, strict=True) if 0 < labels.mean() < 1]
    check = "shuffled labels"
    if len(usable) < 2:
        message = "Nearly all calls are copies of one another, so that labels can't be shuffled."
        return Finding(check=check, severity="not checked", message=message)
    aucs = [float(roc_auc_score(labels, scores)) for labels, scores in usable]
    # A few shuffles may agree by chance; their spread is never taken for less than noise of this size has.
    error = max(float(np.std(aucs, ddof=1)), _chance_error(usable[0][0])) / len(aucs) ** 0.5
    mean = float(np.mean(aucs))
    is_noise = abs(mean - 0.5) <= MAX_STANDARD_ERRORS * error
    message = (
        f"On labels shuffled {len(aucs)} times words alone reach AUROC {mean:.3f} with a standard error of {error:.3f}"
    )
    message += (
        ", as noise must."
        if is_noise
        else f", which is {abs(mean - 0.5) / error:.1f} standard errors from 0.5: copies of calls are in several "
        "folds, so every figure on this file is wrong; remove them."
    )
    figures = {"auc": round(mean, 4), "standard_error": round(error, 4)}
    return Finding(check=check, severity="fine" if is_noise else "leak", message=message, figures=figures)

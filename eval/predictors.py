"""What predicts the outcome by itself, on held-out accounts: columns, length, words; and whether noise scores 0.5."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import NormalDist
from typing import Final

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score

from eval.findings import MAX_EXAMPLES, MAX_NOTE_CHARS, Finding, Severity
from eval.near_duplicates import words_of
from salescoach.errors import DataError
from salescoach.stats.splits import GroupBootstrap, group_of, grouped_folds, labels_of
from salescoach.types import LabelledCall
from training.baselines import converted, length, tfidf

CHECKS = ("single column", "length", "text", "shuffled labels")

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
MAX_STANDARD_ERRORS: Final = 3.0


def check_predictors(
    calls: Sequence[LabelledCall], clusters: np.ndarray, seed: int, n_shuffles: int, say: Callable[[str], None]
) -> list[Finding]:
    """The findings of all ``CHECKS``.

    Args:
        calls: those without an outcome are left out.
        clusters: the same number for calls that are nearly copies, shape (n_calls,), int.
        seed: of folds, resamples, shuffles and the choice of calls.
        n_shuffles: how often the labels are shuffled.
        say: called with the name of each step before it starts.

    Raises:
        DataError: there is too little to judge; says what.
    """
    data = _Data.of(calls, clusters, seed)
    say("single columns")
    columns = _check_columns(data)
    say("length")
    by_length = _check_length(data)
    say("text and shuffled labels")
    return [columns, by_length, *_check_text(data, n_shuffles)]


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
        labels = labels_of(chosen)
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
        has = vectorizer.fit_transform([words_of(call) for call in data.calls])
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

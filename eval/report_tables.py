"""Comparisons and evaluations as Markdown, the verdict in words first."""

from collections.abc import Mapping, Sequence

from eval.comparison import Comparison, Difference
from eval.evaluate import Evaluation
from eval.faithfulness import Faithfulness, TruthAgreement
from salescoach.stats.measures import Measure
from salescoach.types import PassRate

NAMES = {
    "auc": "AUROC",
    "average_precision": "average precision",
    "f1": "F1",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier",
    "brier_reliability": "Brier: reliability",
    "brier_resolution": "Brier: resolution",
    "ece": "ECE",
    "ece_by_chance": "ECE by chance alone",
    "log_loss": "log-loss",
    "precision_at_10": "precision at 10",
    "precision_at_50": "precision at 50",
    "lift": "lift of the top tenth",
}
SHOWN = (
    "auc",
    "average_precision",
    "balanced_accuracy",
    "f1",
    "accuracy",
    "brier",
    "ece",
    "ece_by_chance",
    "precision_at_10",
)


def comparison_page(found: Comparison) -> str:
    """Verdict, the table of arms, the differences, and how early each arm knows."""
    folds = f"{found.folds} folds" if found.folds > 1 else "one split"
    parts = [
        verdict(found),
        f"{found.n} calls, {found.positives / found.n:.1%} converted, {found.groups} accounts; {folds} by account, "
        f"seed {found.seed}, split {found.split_hash}. Figures are means over folds, in brackets the 95 % interval "
        "from resampling the accounts that judge; that training could have gone otherwise is not in it.",
        _table(
            ["arm", *(NAMES[name] for name in SHOWN), "ms a call"],
            [[arm.name, *(str(arm.measures[name]) for name in SHOWN), f"{arm.ms_per_call:.0f}"] for arm in found.arms],
        ),
    ]
    if found.differences:
        rows = [[one.arm, one.over, _delta(one), f"{one.auc_relative:+.1%}", _p(one)] for one in found.differences]
        parts += ["AUROC, paired on the same calls:", _table(["arm", "over", "difference", "relative", "p"], rows)]
    shares = [at.share for at in found.arms[0].by_share]
    rows = [[arm.name, *(str(at.auc) for at in arm.by_share)] for arm in found.arms]
    parts += [
        "AUROC when only the first part of each call is known:",
        _table(["arm", *(f"{s} %" for s in shares)], rows),
    ]
    return "\n\n".join(parts)


def verdict(found: Comparison) -> str:
    """Whether fine-tuning was worth it, in a sentence or two that the figures bear out."""
    aucs = {arm.name: arm for arm in found.arms}
    best = max(found.arms, key=lambda arm: arm.auc)
    leader = f"The best AUROC is {best.auc:.3f}, of {best.name}."
    gain = found.improvement
    if gain is None:
        return leader
    over = next(one for one in found.differences if (one.arm, one.over) == ("finetuned", "tfidf"))
    return " ".join(
        [
            leader,
            _sentence("Fine-tuning the encoder", gain, "the generic one", aucs["generic"].auc),
            _sentence("It", over, "words alone (TF-IDF)", aucs["tfidf"].auc),
        ]
    )


def evaluation_page(found: Evaluation) -> str:
    """The measures of one model."""
    parts = [
        f"{found.model_id} on {found.n} calls, {found.positives / found.n:.1%} converted. The coach would answer "
        f"{found.answered_share:.1%} of them; the figures cover all, forced where it would abstain.",
        _measures(found.measures),
    ]
    if found.answered is not None and found.answered_share < 1:
        parts += ["Only the calls that it would answer:", _measures(found.answered)]
    if found.seen:
        parts.append(f"{found.seen} of the calls were seen in training, so these figures flatter the model.")
    if found.behaviour:
        parts += ["Behaviour, on sentences put into some of these calls:", behaviour_table(found.behaviour)]
    if found.faithfulness is not None:
        parts += [
            "Evidence taken out, against random turns of the same side and length:",
            *faithfulness_tables(found.faithfulness),
        ]
    return "\n\n".join(parts)


def faithfulness_tables(found: Faithfulness) -> list[str]:
    """How far the probability moves as the evidence claims, and how far it agrees with true effects."""
    moved = [
        [way, str(one.k), str(one.evidence), str(one.random)]
        for way, points in (("taken out", found.deletion), ("put back", found.insertion))
        for one in points
    ]
    tables = [_table(["evidence", "turns", "moves by", "random turns move by"], moved)]
    if found.agreement is not None:
        tables += [
            "Against the true effects of the simulated calls:",
            _table(["figure", "value"], agreement_rows(found.agreement)),
        ]
    return tables


def agreement_rows(found: TruthAgreement) -> list[list[str]]:
    """Names and figures."""
    return [
        ["turn of the largest true effect among the top three", str(found.first_found)],
        ["sign of the top three right, where they have a true effect", str(found.sign_right)],
        ["rank correlation of effect and true effect (Spearman)", str(found.rank)],
    ]


def behaviour_table(checks: Sequence[PassRate]) -> str:
    """How often the model did what each check expects."""
    rows = [[one.check, one.expected, f"{one.passed} of {one.n}", f"{one.mean_change:+.3f}"] for one in checks]
    return _table(["check", "the probability", "passed", "mean change"], rows)


def _measures(measures: Mapping[str, Measure]) -> str:
    return _table(["measure", "value (95 % interval)"], [[NAMES[name], str(one)] for name, one in measures.items()])


def _sentence(subject: str, one: Difference, other: str, auc: float) -> str:
    if one.auc_delta_ci is None:
        return f"{subject} can't be told apart from {other}: too few calls."
    low, high = one.auc_delta_ci
    shown = f"({auc:.3f}) by {one.auc_delta:+.3f} ({low:+.3f} to {high:+.3f})"
    if low > 0:
        return f"{subject} beats {other} {shown}."
    if high < 0:
        return f"{subject} loses to {other} {shown}."
    return f"{subject} differs from {other} {shown}, which may be chance."


def _delta(one: Difference) -> str:
    ci = f" ({one.auc_delta_ci[0]:+.3f} to {one.auc_delta_ci[1]:+.3f})" if one.auc_delta_ci else ""
    return f"{one.auc_delta:+.3f}{ci}"


def _p(one: Difference) -> str:
    return "" if one.p_value is None else f"{one.p_value:.3f}"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])

"""Comparisons and evaluations as Markdown, the verdict in words first."""

from eval.comparison import Comparison, Difference
from eval.evaluate import Evaluation
from eval.report_page import render_tables
from eval.sections import arms, behaviour, differences, early, faithfulness, measures


def comparison_page(found: Comparison) -> str:
    """Verdict, the table of arms, the differences, and how early each arm knows."""
    folds = f"{found.folds} folds" if found.folds > 1 else "one split"
    parts = [
        verdict(found),
        f"{found.n} calls, {found.positives / found.n:.1%} converted, {found.groups} accounts; {folds} by account, "
        f"seed {found.seed}, split {found.split_hash}. Figures are means over folds, in brackets the 95 % interval "
        "from resampling the accounts that judge; that training could have gone otherwise is not in it.",
        render_tables(arms(found)),
    ]
    if found.differences:
        parts.append(render_tables(differences(found)))
    parts.append(render_tables(early({arm.name: arm.by_share for arm in found.arms})))
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
        render_tables(measures(found.measures)),
    ]
    if found.answered is not None and found.answered_share < 1:
        parts.append(render_tables(measures(found.answered, "Only the calls that it would answer:")))
    if found.seen:
        parts.append(f"{found.seen} of the calls were seen in training, so these figures flatter the model.")
    if found.behaviour:
        parts.append(render_tables(behaviour(found.behaviour)))
    if found.faithfulness is not None:
        parts.append(render_tables(faithfulness(found.faithfulness)))
    return "\n\n".join(parts)


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

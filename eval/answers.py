"""The report's first screen: what the figures mean, in words for people who know no statistics."""

import math
from collections.abc import Mapping, Sequence

from eval.comparison import Comparison, Difference
from eval.curves import Bin, LearningCurve
from eval.evaluate import Evaluation
from eval.report_page import ReportAnswer, Tone
from salescoach.stats.measures import Measure

NAMES = {
    "prior": "the share of converted calls alone",
    "length": "the length of the call",
    "call_metrics": "the call metrics",
    "tfidf": "plain words",
    "generic": "the generic encoder",
    "finetuned": "the fine-tuned encoder",
    "blend": "fine-tuned encoder and plain words together",
}
ELIGIBLE = ("tfidf", "generic", "finetuned", "blend")  # as scorers
WELL_CALIBRATED, ROUGHLY_CALIBRATED = 0.05, 0.1  # ECE
# Nineteen of twenty sums of ten gaps that are chance alone lie below 1 + this times their mean (half-normal gaps).
ECE_SPREAD = 1.645 * math.sqrt((math.pi / 2 - 1) / 10)
COIN = 0.5
USEFUL = 0.55  # lower end of the AUROC


def headline(found: Comparison) -> tuple[str, Tone]:
    """Whether fine-tuning helped, in a sentence, and whether that is good news."""
    against = {one.over: one for one in found.differences if one.arm == "finetuned"}
    if "generic" not in against:
        return "Fine-tuning was not tried.", "open"
    generic, words = against["generic"], against.get("tfidf")
    if _is_below(generic):
        return "Fine-tuning made it worse on these calls.", "bad"
    if not _is_above(generic):
        return "It is not shown that fine-tuning helps on these calls.", "open"
    if words is None or _is_above(words):
        return "Fine-tuning helped: it beats the generic encoder and plain words.", "good"
    if _is_below(words):
        return "Fine-tuning helped the encoder, but plain words alone do better still.", "open"
    return "Fine-tuning helped the encoder; whether it beats plain words is open.", "open"


def comparison_answers(
    found: Comparison, best: str, bins: Sequence[Bin], curves: Sequence[LearningCurve], top: tuple[int, float]
) -> list[ReportAnswer]:
    """What to use, how well it ranks, how far to trust a probability, and whether more calls would pay.

    Args:
        found: the tables.
        best: the arm that all answers but the second are about.
        bins: its reliability.
        curves: learning curves; that of the best arm is taken, else the first.
        top: K and the share of converted calls among the best arm's highest K.
    """
    line = next(arm for arm in found.arms if arm.name == best)
    gain = found.improvement
    name = NAMES[best].capitalize() if best in NAMES else best  # models and arms by likeness keep their names
    answers = [ReportAnswer("Which scores best?", f"{name}. {ranks_right(line.measures['auc'])}")]
    if gain is not None:
        auc = {arm.name: arm.auc for arm in found.arms}
        answers.append(
            ReportAnswer(
                "What did fine-tuning change?",
                f"Of 100 such pairs it ranks {100 * auc['finetuned']:.0f} right, the generic encoder "
                f"{100 * auc['generic']:.0f} and plain words {100 * auc['tfidf']:.0f}. {_chance(gain)}",
            )
        )
    answers.append(ReportAnswer("Can I trust a percentage?", trust(line.measures, bins, found.folds)))
    answers.append(ReportAnswer("What if I take the top of the list?", top_of_list(*top, found.positives / found.n)))
    curve = next((one for one in curves if one.arm == best), next(iter(curves), None))
    answers.append(ReportAnswer("Would more calls pay?", more_calls(curve)))
    return answers


def evaluation_headline(found: Evaluation) -> tuple[str, Tone]:
    """Whether the model tells calls apart at all."""
    if found.seen:
        return f"{found.seen} of these calls were seen in training: the figures flatter the model.", "bad"
    auc = found.measures["auc"]
    if auc.ci is not None and auc.ci[0] >= USEFUL:
        return "The model tells converted calls from lost ones on calls it has not seen.", "good"
    if auc.ci is not None and auc.ci[1] < USEFUL:
        return "The model does not tell these calls apart.", "bad"
    return "It is not shown that the model tells these calls apart.", "open"


def evaluation_answers(found: Evaluation, bins: Sequence[Bin], top: tuple[int, float]) -> list[ReportAnswer]:
    """How well it ranks, how far to trust a probability, how often it answers, and what it does on plain checks."""
    answers = [
        ReportAnswer("How well does it rank?", ranks_right(found.measures["auc"])),
        ReportAnswer("Can I trust a percentage?", trust(found.measures, bins, n_folds=1)),
    ]
    answers.append(ReportAnswer("What if I take the top of the list?", top_of_list(*top, found.positives / found.n)))
    often = "On all of these calls."
    if found.answered_share < 1:
        often = f"On {found.answered_share:.0%} of these calls; on the others it says why it can't."
    answers.append(ReportAnswer("How often does it answer?", often))
    if found.behaviour:
        passed, n = sum(one.passed for one in found.behaviour), sum(one.n for one in found.behaviour)
        weakest = min(found.behaviour, key=lambda one: one.passed / one.n)
        answers.append(
            ReportAnswer(
                "Does it understand what is said?",
                f"It does what is expected in {passed} of {n} small tests; least where {weakest.check} "
                f"({weakest.passed} of {weakest.n}).",
            )
        )
    return answers


def best_arm(found: Comparison, model_id: str | None = None) -> str:
    """The highest AUROC of the arms that can become a scorer and of a given model; of equal ones the first.

    Scores by likeness don't stand for election: the best of fifteen is often best by chance.
    """
    eligible = [arm for arm in found.arms if arm.name in (*ELIGIBLE, model_id)] or found.arms
    return max(eligible, key=lambda arm: arm.auc).name


def ranks_right(auc: Measure) -> str:
    """AUROC is just this: how often a converted call gets the higher number than a lost one."""
    ci = f" ({100 * auc.ci[0]:.0f} to {100 * auc.ci[1]:.0f})" if auc.ci else ""
    chance = ", so this may be chance" if auc.ci and auc.ci[0] <= COIN else ""
    return (
        f"Given one call that converted and one that was lost, it puts the right one first "
        f"{100 * auc.value:.0f} times of 100{ci}; a coin would 50 times{chance}."
    )


def trust(measures: Mapping[str, Measure], bins: Sequence[Bin], n_folds: int) -> str:
    """How far off percentages are, beside what chance alone would do, with the highest bin as an example."""
    off, by_chance = measures["ece"].value, measures["ece_by_chance"].value
    if off <= WELL_CALIBRATED:
        word = "Yes"
    elif off <= by_chance * (1 + ECE_SPREAD / math.sqrt(n_folds)):
        word = "Nothing speaks against it"
    else:
        word = "Roughly" if off <= ROUGHLY_CALIBRATED else "Not much"
    top = bins[-1]
    ci = f" ({100 * top.rate.ci[0]:.0f} to {100 * top.rate.ci[1]:.0f})" if top.rate.ci else ""
    return (
        f"{word}: percentages seem off by {100 * off:.0f} points on average; right ones would seem off by "
        f"{100 * by_chance:.0f}, by chance alone. Where it says "
        f"{top.probability:.0%}, {top.rate.value:.0%}{ci} converted ({top.n} calls)."
    )


def top_of_list(k: int, share: float, base_rate: float) -> str:
    """Precision at K against taking any K."""
    return f"Of the {k} calls with the highest score, {k * share:.0f} converted; of any {k}, {k * base_rate:.0f} would."


def more_calls(curve: LearningCurve | None) -> str:
    """Never a promise: a curve flattens, and nobody knows when."""
    if curve is None:
        return "There are too few calls to learn from parts of them, so this can't be said."
    slope, now = curve.per_doubling, curve.points[-1].n_calls
    if slope.ci is None:
        return "There are too few calls to tell."
    form = ".1f" if slope.ci[0] > 0 else "+.1f"
    shown = f"{100 * slope.value:{form}} ({100 * slope.ci[0]:{form}} to {100 * slope.ci[1]:{form}})"
    if slope.ci[0] <= 0:
        return (
            f"That can't be told: doubling the calls up to {now:,} changed the right pairs in 100 by {shown}, which "
            "may be chance."
        )
    needed = [(gain, n) for gain, n in curve.calls_needed.items() if n is not None]
    hope = "; ".join(f"about {n:,} calls to rank {100 * float(gain):.0f} more pairs right" for gain, n in needed)
    return f"So far yes: each doubling up to {now:,} ranked {shown} more pairs of 100 right. If that went on, " + (
        f"it would take {hope}. Curves flatten, so count on needing more." if hope else "gains would still be small."
    )


def _chance(one: Difference) -> str:
    if one.auc_delta_ci is None:
        return "There are too few calls to tell whether that is chance."
    low, high = one.auc_delta_ci
    shown = f"{100 * one.auc_delta:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
    said = "which is more than chance" if low > 0 or high < 0 else "which may be chance"
    return f"Fine-tuned against generic: {shown}, {said}."


def _is_above(one: Difference) -> bool:
    return one.auc_delta_ci is not None and one.auc_delta_ci[0] > 0


def _is_below(one: Difference) -> bool:
    return one.auc_delta_ci is not None and one.auc_delta_ci[1] < 0

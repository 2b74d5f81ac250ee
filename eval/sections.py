"""The parts of a comparison's or an evaluation's report: what they say, and which pictures and tables they hold.

The page (``report.py``) shows all of it; Markdown (``report_tables.py``) the tables, each with a line that leads to it.
"""

import textwrap
from collections.abc import Mapping, Sequence

from eval import figures
from eval.comparison import AtShare, Comparison
from eval.curves import Curves, LearningCurve
from eval.embedding_map import EmbeddingMap
from eval.evaluate import Evaluation
from eval.faithfulness import Faithfulness
from eval.plain_figures import Figure
from eval.report_page import Section, Table
from salescoach.stats.measures import Measure
from salescoach.types import PassRate

MAX_CELL = 60
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


def comparison_sections(found: Comparison, curves: Curves, maps: Sequence[EmbeddingMap]) -> list[Section]:
    """Of a comparison."""
    return [arms(found), differences(found), *_of_curves(curves), *([_map(maps)] if maps else [])]


def evaluation_sections(found: Evaluation, curves: Curves) -> list[Section]:
    """Of an evaluation."""
    sections = [measures(found.measures), *_of_curves(curves)]
    if found.faithfulness is not None:
        sections.append(faithfulness(found.faithfulness))
    if found.behaviour:
        sections.append(behaviour(found.behaviour))
    return sections


def measures(found: Mapping[str, Measure], lead: str = "") -> Section:
    """Each by its name."""
    rows = [[NAMES[name], str(one)] for name, one in found.items()]
    return Section("Measures", tables=[Table(["measure", "value (95 % interval)"], rows, lead)])


def pictures(curves: Curves) -> dict[str, Figure]:
    """By the names that the sections use."""
    found, kept = "converted calls found", "of those taken, converted"
    drawn = {
        "roc": figures.bands(curves.roc, "lost calls let in", found, diagonal=True),
        "precision_recall": figures.bands(curves.precision_recall, found, kept),
        "precision_at": figures.bands(curves.precision_at, "calls taken from the top", kept),
        "reliability": figures.reliability(curves.reliability),
        "by_share": figures.shares(curves.by_share),
    }
    return drawn | ({"learning": figures.learning(curves.learning)} if curves.learning else {})


def faithfulness_pictures(found: Faithfulness) -> dict[str, Figure]:
    """Both curves."""
    return {
        "deletion": figures.movements(found.deletion, "strongest turns taken out"),
        "insertion": figures.movements(found.insertion, "strongest turns put back"),
    }


def map_pictures(maps: Sequence[EmbeddingMap]) -> dict[str, Figure]:
    """Every view of every map."""
    return {
        f"map {one.name} {view}": figures.scatter(one, fitted, judged)
        for one in maps
        for view, (fitted, judged) in one.views.items()
    }


def _of_curves(curves: Curves) -> list[Section]:
    sections = [_told_apart(), _trust(), early(curves.by_share)]
    if curves.learning:
        sections.append(_learning(curves.learning))
    if curves.groups:
        sections.append(_groups(curves))
    return sections


def arms(found: Comparison) -> Section:
    """Every arm with its measures."""
    said = (
        "The dot is the AUROC, the line its 95 % interval; 0.5, dotted, is a coin. Where lines overlap, the paired "
        "differences below say more."
    )
    rows = [[arm.name, *(str(arm.measures[name]) for name in SHOWN), f"{arm.ms_per_call:.0f}"] for arm in found.arms]
    header = ["arm", *(NAMES[name] for name in SHOWN), "ms a call"]
    return Section("Every way of scoring, on the same calls", [said], [("arms", "")], [Table(header, rows)])


def differences(found: Comparison) -> Section:
    """What one arm has over another."""
    rows = [
        [
            one.arm,
            one.over,
            _gap(one.auc_delta, one.auc_delta_ci),
            f"{one.auc_relative:+.1%}",
            "" if one.p_value is None else f"{one.p_value:.3f}",
        ]
        for one in found.differences
    ]
    said = "A difference is more than chance where its whole interval lies on one side of 0."
    header = ["arm", "over", "difference in AUROC", "relative", "p"]
    table = Table(header, rows, "AUROC, paired on the same calls:")
    return Section("Differences, paired on the same calls", [said], tables=[table])


def _told_apart() -> Section:
    said = (
        "ROC: how many of the lost calls are let in when a share of the converted ones is found; dotted is a coin. "
        "Precision and recall: how pure the list is when so many are found. Bands are those of the best arm."
    )
    shown = [("roc", "ROC"), ("precision_recall", "Precision and recall")]
    return Section("How well calls are told apart", [said], shown)


def _trust() -> Section:
    said = (
        "On the dotted line a probability means what it says: of the calls that were given 60 %, 60 % converted. Above "
        "it the model was too cautious, below it too sure. Click the names of other arms to see them."
    )
    shown = [("reliability", "Reliability"), ("precision_at", "The top of the list")]
    return Section("How far to trust a probability", [said], shown)


def early(by_share: Mapping[str, Sequence[AtShare]]) -> Section:
    """AUROC of arms for each share of a call."""
    known = "AUROC when only the first part of each call is known"
    said = f"{known}. Early knowledge is worth most: one can still act on it."
    header = ["arm", *(f"{at.share} %" for at in next(iter(by_share.values())))]
    rows = [[arm, *(str(at.auc) for at in own)] for arm, own in by_share.items()]
    table = Table(header, rows, f"{known}:")
    return Section("How early it knows", [said], [("by_share", "")], [table])


def _learning(curves: Sequence[LearningCurve]) -> Section:
    said = (
        "Each arm learned from parts of the training accounts and judged the same calls. The calls needed for a gain "
        "assume that each further doubling brings as much as those measured did. Curves flatten, so these are the "
        "fewest that could do. No number is given where the gain so far may be chance, or beyond eight times the calls "
        "at hand."
    )
    rows = [
        [
            one.arm,
            *(str(point.auc) for point in one.points),
            _gap(one.per_doubling.value, one.per_doubling.ci),
            *("can't be said" if n is None else f"{n:,}" for n in one.calls_needed.values()),
        ]
        for one in curves
    ]
    sizes = [f"{point.n_calls:,} calls" for point in curves[0].points]
    gains = [f"calls for {gain}" for gain in curves[0].calls_needed]
    header = ["arm", *sizes, "per doubling", *gains]
    return Section("How many more calls do you need?", [said], [("learning", "")], [Table(header, rows)])


def _groups(curves: Curves) -> Section:
    said = f"Of {curves.best}. Small groups have wide intervals; look for one that lies apart from the others."
    rows = [
        [
            one.column.replace("_", " "),
            textwrap.shorten(one.value, MAX_CELL, placeholder="…"),
            f"{one.n:,}",
            f"{one.positives / one.n:.0%}",
            "too few calls" if one.auc is None else str(one.auc),
        ]
        for one in curves.groups
    ]
    header = ["by", "", "calls", "converted", "AUROC"]
    return Section("By industry and type of call", [said], tables=[Table(header, rows)])


def faithfulness(found: Faithfulness) -> Section:
    """How far the probability moves as the evidence claims, and how far it agrees with true effects."""
    said = (
        "The turns that the coach cites are taken out of the call, and put back into the call without them; random "
        "turns of the same side and about the same length likewise. Up is where the evidence points. Were citations "
        "decoration, both lines would lie together. Single turns are how evidence is found, so look at several. "
        f"{found.n} calls."
    )
    shown = [("deletion", "Taken out"), ("insertion", "Put back")]
    moved = [
        [way, str(one.k), str(one.evidence), str(one.random)]
        for way, points in (("taken out", found.deletion), ("put back", found.insertion))
        for one in points
    ]
    lead = "Evidence taken out, against random turns of the same side and length:"
    tables = [Table(["evidence", "turns", "moves by", "random turns move by"], moved, lead, is_drawn=True)]
    if (agreement := found.agreement) is not None:
        rows = [
            ["turn of the largest true effect among the top three", str(agreement.first_found)],
            ["sign of the top three right, where they have a true effect", str(agreement.sign_right)],
            ["rank correlation of effect and true effect (Spearman)", str(agreement.rank)],
        ]
        tables.append(Table(["against the true effects of simulated calls", ""], rows))
    return Section("Are the reasons real?", [said], shown, tables)


def behaviour(checks: Sequence[PassRate]) -> Section:
    """How often the model did what each check expects."""
    said = "Sentences put into some of these calls: what has to lower the probability, and what must not matter."
    rows = [[one.check, one.expected, f"{one.passed} of {one.n}", f"{one.mean_change:+.3f}"] for one in checks]
    header = ["check", "the probability", "passed", "mean change"]
    table = Table(header, rows, "Behaviour, on sentences put into some of these calls:")
    return Section("Behaviour in small tests", [said], tables=[table])


def _map(maps: Sequence[EmbeddingMap]) -> Section:
    how = {
        "UMAP": "UMAP has learned from training calls alone and then places the judged calls.",
        "PCA": "The first two principal components of the training calls (UMAP, which shows more, comes with "
        "`pip install umap-learn`).",
    }
    said = (
        "Each dot is a call; the larger, outlined ones are judged calls, which had no say in where anything lies. "
        + " ".join(how[name] for name in how if name in maps[0].views)
        + " t-SNE can't place new calls: each stands amid its five nearest training calls. Distances across a map mean "
        "little; look whether the colours separate among the outlined dots. The figures below are of the vectors "
        "themselves, not of the pictures."
    )
    rows = [
        [one.name, f"{one.silhouette}", f"{one.purity}", f"{one.chance:.3f}", f"{len(one.judged):,}"] for one in maps
    ]
    header = ["encoder", "silhouette", "neighbour purity", "purity by chance", "judged calls drawn"]
    notes = [
        "Silhouette: 0 is no separation by outcome, 1 full separation. Neighbour purity: how many of a judged call's "
        "ten nearest training calls had its outcome. Both of all judged calls, averaged over folds; the first is drawn."
    ]
    shown = [(f"map {one.name} {view}", f"{one.name}, {view}") for one in maps for view in one.views]
    return Section("The map: where the encoder puts calls", [said], shown, [Table(header, rows)], notes)


def _gap(value: float, ci: tuple[float, float] | None) -> str:
    return f"{value:+.3f}" + (f" ({ci[0]:+.3f} to {ci[1]:+.3f})" if ci else "")

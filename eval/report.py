"""A comparison or an evaluation as one page that needs nothing else, and as JSON beside it."""

from pathlib import Path

import numpy as np

from eval import figures
from eval.answers import (
    ELIGIBLE,
    best_arm,
    comparison_answers,
    evaluation_answers,
    evaluation_headline,
    headline,
)
from eval.compare import Details
from eval.comparison import AtShare
from eval.curves import Band, LearningCurve, all_curves, learning_curve
from eval.embedding_map import draw_map
from eval.evaluate import EvaluationDetails
from eval.judgements import SHARES
from eval.report_page import ReportPage, write_page
from eval.sections import (
    comparison_sections,
    evaluation_sections,
    faithfulness_pictures,
    map_pictures,
    pictures,
)
from salescoach.model.artifact import Manifest
from salescoach.stats.measures import METRICS, measure_all

N_RESAMPLES = 200


def write_comparison(file: Path, details: Details, data: str, command: str) -> None:
    """Writes the page to ``file``, and the JSON beside it.

    Args:
        file: ending in .html.
        details: the comparison.
        data: the name of the calls' file.
        command: that made it.
    """
    found = details.comparison
    best = best_arm(found, details.model_id)
    drawn = [arm.name for arm in found.arms if arm.name in (*ELIGIBLE, details.model_id)]
    drawn.sort(key=lambda arm: arm != best)
    of_arm = {arm.name: arm.by_share for arm in found.arms}
    by_share = {arm: of_arm[arm] for arm in drawn}
    curves = all_curves(details.judgements, drawn, best, by_share, found.seed)
    learned = [one for arm in drawn if (one := _learning(details, arm)) is not None]
    curves = curves.model_copy(update={"learning": tuple(learned)})
    prior = details.judgements.judged("prior")
    maps = [draw_map(name, spaces, details.folds, prior, found.seed) for name, spaces in details.spaces.items()]
    said, tone = headline(found)
    folds = f"{found.folds} folds by account" if found.folds > 1 else "one split by account"
    share = f"{found.positives / found.n:.0%} converted"
    page = ReportPage(
        title=f"Does fine-tuning pay? {data}",
        kicker=f"{data}: {found.n:,} calls, {share}, {found.groups:,} accounts; {folds}",
        headline=said,
        tone=tone,
        answers=comparison_answers(found, best, curves.reliability[best], learned, _top(curves.precision_at[best])),
        sections=comparison_sections(found, curves, maps),
        facts=[
            ("Command", command),
            ("Calls", f"{found.n:,} of {found.groups:,} accounts, {found.positives:,} converted"),
            ("Split", f"{folds}, hash {found.split_hash}"),
            ("Seed", str(found.seed)),
        ],
    )
    drawings = {"arms": figures.arms(found), **pictures(curves), **map_pictures(maps)}
    spaces = {one.name: {"silhouette": one.silhouette.model_dump(), "purity": one.purity.model_dump()} for one in maps}
    raw = {**found.as_json(), "report": {**curves.model_dump(mode="json"), "spaces": spaces}}
    write_page(file, page, drawings, raw)


def write_evaluation(file: Path, details: EvaluationDetails, manifest: Manifest, data: str, command: str) -> None:
    """As ``write_comparison``, of one model.

    Args:
        file: ending in .html.
        details: the evaluation.
        manifest: of the model.
        data: the name of the calls' file.
        command: that made it.
    """
    found = details.evaluation
    (arm,) = details.judgements.arms
    curves = all_curves(details.judgements, [arm], arm, {arm: _by_share(details, arm, manifest.seed)}, manifest.seed)
    said, tone = evaluation_headline(found)
    page = ReportPage(
        title=f"{arm} on {data}",
        kicker=f"{arm} on {data}: {found.n:,} calls, {found.positives / found.n:.0%} converted",
        headline=said,
        tone=tone,
        answers=evaluation_answers(found, curves.reliability[arm], _top(curves.precision_at[arm])),
        sections=evaluation_sections(found, curves),
        facts=[
            ("Command", command),
            ("Model", f"{arm}, scored by {manifest.scorer}, made {manifest.created_at}"),
            ("Trained on", manifest.data),
            ("Calls", f"{found.n:,}, {found.positives:,} converted; it would answer {found.answered_share:.0%}"),
            ("Training data, split", f"hashes {manifest.data_hash}, {manifest.split_hash}"),
            ("Seed", str(manifest.seed)),
        ],
    )
    drawings = pictures(curves)
    if found.faithfulness is not None:
        drawings |= faithfulness_pictures(found.faithfulness)
    write_page(file, page, drawings, {**found.model_dump(mode="json"), "report": curves.model_dump(mode="json")})


def _by_share(details: EvaluationDetails, arm: str, seed: int) -> tuple[AtShare, ...]:
    found = []
    for share in SHARES:
        metrics = {name: METRICS[name] for name in ("auc", "brier")}
        judged = details.judgements.judged(arm, share)
        of = measure_all(judged, np.random.default_rng(seed), N_RESAMPLES, metrics)
        found.append(AtShare(share=share, auc=of["auc"], brier=of["brier"]))
    return tuple(found)


def _learning(details: Details, arm: str) -> LearningCurve | None:
    by_size = {n: of.judged(arm) for n, of in details.learning.items() if arm in of.said}
    return learning_curve(arm, by_size, details.comparison.seed)


def _top(band: Band) -> tuple[int, float]:
    """Precision at ten, or at the count nearest to it."""
    nearest = min(range(len(band.x)), key=lambda row: abs(band.x[row] - 10))
    return round(band.x[nearest]), band.y[nearest]

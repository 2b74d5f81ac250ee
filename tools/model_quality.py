"""The tool ``model_quality``: what is known of how well the model judges, from its manifest and its card."""

from collections.abc import Callable, Mapping
from typing import Final

from salescoach.model.artifact import Manifest
from salescoach.redact.our_words import Ours
from salescoach.stats.measures import Measure
from salescoach.types import EmbeddingName, Frozen, PassRate, ScorerName
from tools.document import AnswerDocument, document, listed
from tools.parts import Parts, percent
from tools.phrases import count
from tools.spec import Arguments, Detail, ToolSpec

Readings = Callable[[str, str], str]  # of the value and of its interval, both worded


class NoArguments(Arguments):
    """Nothing: it is about the model."""


class ShownMeasure(Frozen):
    """A measure with its 95 % interval, None where resampling can't give one."""

    name: str
    value: float
    low: float | None
    high: float | None
    reading: Ours[str]


class ShownCheck(Frozen):
    """A check of behaviour that the model passed ``passed`` times of ``n``."""

    check: Ours[str]
    passed: int
    n: int
    reading: Ours[str]


class QualityResult(Frozen):
    """What is known of a model. ``n_judged``: calls that no fit has seen, None where none of both outcomes judged.

    ``n_own``: own calls with an outcome, ``n_missing`` until a model can learn from them alone. ``scored_by``: what the
    measures are not about, where another method scores.
    """

    model_id: Ours[str]
    model_data: Ours[str]
    scorer: ScorerName
    embedding: EmbeddingName
    n_judged: int | None
    measures: tuple[ShownMeasure, ...]
    base_rate_percent: int
    worth_it: Ours[str]
    behaviour: tuple[ShownCheck, ...]
    n_own: int
    n_missing: int
    reading: Ours[str]
    scored_by: Ours[str | None] = None


def model_quality(parts: Parts) -> QualityResult:
    """How good the model is that scores here."""
    manifest = parts.scorer.manifest
    measures = manifest.measures.get(manifest.scorer, {})
    own, method = parts.library.own_calls(), parts.scorer.method
    return QualityResult(
        model_id=manifest.model_id,
        model_data=manifest.data,
        scorer=manifest.scorer,
        embedding=manifest.embedding,
        n_judged=manifest.n_test if measures else None,
        measures=_shown_measures(measures, manifest.measures.get("prior", {})),
        base_rate_percent=percent(manifest.base_rate),
        worth_it=parts.scorer.verdict,
        behaviour=tuple(map(_shown_check, manifest.behaviour)),
        n_own=own.n,
        n_missing=own.n_missing,
        reading=f"{_reading(manifest, is_judged=bool(measures))} {own.reading}",
        scored_by=method and f"These figures are of {manifest.scorer}; scoring by likeness ({method}) was not judged.",
    )


def _shown_measures(measures: Mapping[str, Measure], prior: Mapping[str, Measure]) -> tuple[ShownMeasure, ...]:
    constant = prior.get("accuracy")
    against = f", against {percent(constant.value)} % for saying the commoner outcome each time" if constant else ""
    readings: dict[str, Readings] = {
        "auc": lambda value, spread: (
            f"Of a call that converted and one that was lost, it gives the first the higher score {value} % of the "
            f"time{spread}; guessing gives 50 %."
        ),
        "accuracy": lambda value, spread: (
            f"Taken as yes or no, it was right on {value} % of the calls{spread}{against}."
        ),
        "ece": lambda value, spread: (
            f"Over calls of like score, its percentage and the share that converted differ by {value} points on "
            f"average{spread}."
        ),
    }
    return tuple(
        ShownMeasure(
            name=name,
            value=found.value,
            low=found.ci[0] if found.ci else None,
            high=found.ci[1] if found.ci else None,
            reading=reading(str(percent(found.value)), _spread(found)),
        )
        for name, reading in readings.items()
        if (found := measures.get(name)) is not None
    )


def _spread(measure: Measure) -> str:
    if measure.ci is None:
        return ""
    return f" (95 % interval {percent(measure.ci[0])} to {percent(measure.ci[1])})"


def _shown_check(found: PassRate) -> ShownCheck:
    return ShownCheck(
        check=found.check,
        passed=found.passed,
        n=found.n,
        reading=f"{found.check}: the probability {found.expected} in {found.passed} of {found.n} cases.",
    )


GOOD_FOR: Final = (
    "It is good for seeing which calls deserve a second look and which turns the score goes by, in calls like those it "
    "learned from. It is no promise for a single deal, and no measure of a person: don't rank, pay or dismiss by it."
)


def _reading(manifest: Manifest, *, is_judged: bool) -> str:
    judged = (
        f"{manifest.n_test:,} judged it, which it hadn't seen"
        if is_judged
        else "none of both outcomes judged it, so nothing is known of how good it is"
    )
    return (
        f"The model is made from {manifest.data}. Of these calls {manifest.n_train:,} trained it, "
        f"{manifest.n_calibration:,} calibrated it, and {judged}. {GOOD_FOR}"
    )


def _words(result: QualityResult, detail: Detail) -> AnswerDocument:
    weak = [one.reading for one in result.behaviour if one.passed < one.n] if detail == "full" else []
    return document(
        f"**{result.worth_it}**",
        listed("On calls that it hadn't seen:", (one.reading for one in result.measures)),
        listed("Where it didn't do what it should when sentences were put into calls:", weak),
        result.reading,
    )


def _found(result: QualityResult) -> str:
    if result.n_judged is None:
        return "Looked at the model: nothing judged it"
    return f"Looked at the model, which {count(result.n_judged, 'call')} judged"


def _details(result: QualityResult) -> list[str]:
    return [*(one.reading for one in result.measures), *(one.reading for one in result.behaviour)]


SPEC = ToolSpec(
    function=model_quality,
    result=QualityResult,
    arguments=NoArguments,
    description=(
        "How good the model is and how that is known: measures on calls it hasn't seen, what its number is for."
    ),
    intents={"quality": "How good is the model?"},
    words=_words,
    doing="Looking at the model",
    found=_found,
    details=_details,
)

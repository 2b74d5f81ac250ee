"""Questions to people, and how far those who answered the same ones agree."""

import math
from collections.abc import Iterable
from itertools import combinations
from typing import Final

import numpy as np
from pydantic import Field

from salescoach.library.label_log import GivenLabel
from salescoach.stats.agreement import weighted_kappa
from salescoach.types import Frozen, Role

MIN_SHARED: Final = 10  # questions that two people both answered, below which a kappa is chance


class LabelQuestion(Frozen):
    """A question: is this right? ``turn``: from 1, 0 for a whole call; ``before``: what was said just before.

    ``probability``: the coach's, which it takes for a yes from ``threshold`` on.
    """

    call_id: str
    content_hash: str
    turn: int
    subject: str
    asks: str
    speaker: str | None
    role: Role | None
    quote: str | None
    before: str | None
    probability: float = Field(ge=0, le=1)
    threshold: float
    model_id: str


class SubjectLabels(Frozen):
    """What people said of one subject.

    Questions are chosen where the coach is unsure, so the share of yes is of hard turns and no precision over all.
    """

    subject: str
    n: int
    n_yes: int
    n_no: int
    n_unsure: int


class RaterAgreement(Frozen):
    """Cohen's kappa of two people over what both answered with yes or no.

    None below ``MIN_SHARED``, and where both always gave one and the same answer.
    """

    raters: tuple[str, str]
    n_shared: int
    kappa: float | None


def by_subject(labels: Iterable[GivenLabel]) -> tuple[SubjectLabels, ...]:
    """Counts of answers, by subject."""
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(label.subject, []).append(label.answer)
    return tuple(
        SubjectLabels(
            subject=subject,
            n=len(answers),
            n_yes=answers.count("yes"),
            n_no=answers.count("no"),
            n_unsure=answers.count("unsure"),
        )
        for subject, answers in sorted(found.items())
    )


def agreement(labels: Iterable[GivenLabel]) -> tuple[RaterAgreement, ...]:
    """How far each two people agree."""
    by_rater: dict[str, dict[tuple[str, int, str], int]] = {}
    for label in labels:
        if label.answer != "unsure":
            key = (label.content_hash, label.turn, label.subject)
            by_rater.setdefault(label.rater, {})[key] = int(label.answer == "yes")
    return tuple(_of_two(one, other, by_rater) for one, other in combinations(sorted(by_rater), 2))


def _of_two(one: str, other: str, by_rater: dict[str, dict[tuple[str, int, str], int]]) -> RaterAgreement:
    shared = sorted(by_rater[one].keys() & by_rater[other].keys())
    kappa = math.nan
    if len(shared) >= MIN_SHARED:
        first, second = (np.array([by_rater[rater][key] for key in shared]) for rater in (one, other))
        kappa = weighted_kappa(first, second, 2)
    return RaterAgreement(
        raters=(one, other), n_shared=len(shared), kappa=None if math.isnan(kappa) else round(kappa, 3)
    )

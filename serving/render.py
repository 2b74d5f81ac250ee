"""Results as text for a terminal."""

import sys
from collections.abc import Sequence
from pathlib import Path

from salescoach.artifact import Manifest
from salescoach.types import MetricReading, Precedent, Score
from serving.doctor import Check


def line(text: str) -> None:
    """Prints a result on stdout."""
    sys.stdout.write(f"{text}\n")


def score(result: Score) -> str:
    """A score with its evidence."""
    lines = [_headline(result)]
    lines += [f"  {reason}" for reason in result.reasons]
    if result.evidence:
        lines += ["", "What moved it (probability with the turn, less probability without it):"]
        lines += [f"  {turn.effect:+.3f}  T{turn.turn} {turn.speaker}: {turn.quote}" for turn in result.evidence]
    lines += ["", *(f"Note: {warning}" for warning in result.warnings)] if result.warnings else []
    lines.append(f"\n{result.n_turns} turns, scored by {result.model_id} in {result.latency_ms:.0f} ms.")
    return "\n".join(lines)


def ranking(scores: Sequence[Score]) -> str:
    """Calls by probability, a line each."""
    return "\n".join(f"{_number(one):>7}  {one.call_id}" for one in scores)


def metrics(readings: Sequence[MetricReading]) -> str:
    """One reading a line."""
    return "\n".join(reading.reading for reading in readings)


def precedents(found: Sequence[Precedent]) -> str:
    """One past call a paragraph."""
    if not found:
        return "There are no past calls to compare with."
    return "\n\n".join(
        f"{one.call_id} ({one.outcome}), turns {one.turn_start} to {one.turn_end}, similarity {one.similarity:.2f}\n"
        f"  “{one.quote}”"
        for one in found
    )


def trained(folder: Path, manifest: Manifest) -> str:
    """Where the model is, and how good it is on calls that it has not seen."""
    lines = [f"The model {manifest.model_id} is in {folder}."]
    for arm, measures in manifest.measures.items():
        lines.append(f"  AUROC on {manifest.n_test} test calls, {arm}: {measures['auc']}")
    return "\n".join(lines)


def checks(results: Sequence[Check]) -> str:
    """One check a line."""
    return "\n".join(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.detail}" for check in results)


def _headline(result: Score) -> str:
    if result.abstained:
        shown = f" The uncalibrated number is {_number(result)}." if result.uncalibrated_probability is not None else ""
        return f"No probability for this call.{shown}"
    if result.interval is None:
        return f"{result.probability:.1%} likely to convert, by {result.scorer} likeness to past calls."
    low, high = result.interval
    return f"{result.probability:.1%} likely to convert (estimated interval {low:.1%} to {high:.1%})."


def _number(result: Score) -> str:
    number = result.probability if result.probability is not None else result.uncalibrated_probability
    return "none" if number is None else f"{number:.1%}"

"""Results as text for a terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from salescoach.types import MetricReading, Precedent, PublishedFigure, Score

if TYPE_CHECKING:
    from salescoach.library import AddReport
    from salescoach.model.artifact import Manifest
    from serving.usecases.delete import Deletion
    from serving.usecases.doctor import Check
    from serving.usecases.metrics import CallMetrics

MAX_TURNS = 12  # of one metric, in a line
MAX_SAME = 5  # ids that are named


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


def metrics(found: "CallMetrics") -> str:
    """What the call shows, beside the team's calls; then what has been published, which ranks behind them."""
    readings, peers, step = found.metrics, found.compared_with, found.next_step
    lines = [f"Beside {peers.name.format(f'{peers.n_won} won and {peers.n_lost} lost')}:", ""]
    if not peers.n_won and not peers.n_lost:
        lines = ["There are no past calls to compare with yet; add yours with `coach index`.", ""]
    lines += [_with_turns(reading) for reading in readings if reading.value is not None]
    if step is not None:
        said = f"T{step.turn_start}" if step.turn_start == step.turn_end else f"T{step.turn_start}-{step.turn_end}"
        lines += ["", f"The next step ({step.when}), {said}: “{step.quote}”"]
    missing = [reading.name for reading in readings if reading.value is None]
    if missing:
        lines += ["", f"Not shown by this call: {', '.join(missing)}."]
    figures = [(reading, figure) for reading in readings if reading.value is not None for figure in reading.published]
    if figures:
        lines += [
            "",
            "Published elsewhere: correlations among vendors' customers, no rule for one call. Your own calls",
        ]
        lines += ["come first.", *(_published(reading.name, figure) for reading, figure in figures)]
    return "\n".join(lines)


def precedents(found: Sequence[Precedent]) -> str:
    """One past call a paragraph."""
    if not found:
        return "There are no past calls to compare with."
    return "\n\n".join(
        f"{one.call_id} ({one.outcome}), turns {one.turn_start} to {one.turn_end}, similarity {one.similarity:.2f}\n"
        f"  “{one.quote}”"
        for one in found
    )


def added(report: "AddReport") -> str:
    """What came into the library, and under which id what was there already under another one."""
    from tools.phrases import count

    lines = [
        f"{count(report.added, 'call')} added, {report.updated} updated, {report.unchanged} known already; "
        "all are indexed."
    ]
    others = list(report.same_as.items())
    lines += [f"  {other} is the same call as {kept} and is kept under that id." for other, kept in others[:MAX_SAME]]
    lines += [f"  So are {len(others) - MAX_SAME} more."] if len(others) > MAX_SAME else []
    return "\n".join(lines)


def deletion(gone: "Deletion") -> str:
    """What was deleted, and what is left to do."""
    from tools.phrases import count

    lines = [
        f"The call {gone.call_id} ({count(gone.n_turns, 'turn')}) is deleted, with "
        f"{count(gone.n_vectors, 'cached vector')} and {count(gone.n_conversations, 'conversation')} about it; "
        f"{count(gone.n_messages, 'message')} of the chat now {'says' if gone.n_messages == 1 else 'say'} so."
    ]
    if gone.thrown_away:
        lines.append(f"Thrown away with it, to be made again: {', '.join(gone.thrown_away)}.")
    lines.append(
        "The index was built again." if gone.is_indexed else "There is no index now; `coach setup` builds one."
    )
    lines += [f"The model in {folder} learned from it; train again to be rid of that." for folder in gone.models]
    lines += [f"{file} still holds words of it and is not the coach's; delete it yourself." for file in gone.left]
    return "\n".join(lines)


def trained(folder: Path, manifest: "Manifest", *, is_current: bool) -> str:
    """Where the model is, what it learned from, and how good it is on calls that it has not seen."""
    lines = [f"The model {manifest.model_id} is in {folder}. It learned from {manifest.data}."]
    for arm, measures in manifest.measures.items():
        lines.append(f"  AUROC on {manifest.n_test} test calls, {arm}: {measures['auc']}")
    if is_current:
        lines.append(
            "It is the one in use from now on; a chat that is running keeps the one before until it is restarted."
        )
    return "\n".join(lines)


def checks(results: "Sequence[Check]") -> str:
    """One check a line."""
    return "\n".join(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.detail}" for check in results)


def _with_turns(reading: MetricReading) -> str:
    turns = ", ".join(f"T{turn}" for turn in reading.turns[:MAX_TURNS])
    more = ", …" if len(reading.turns) > MAX_TURNS else ""
    return f"{reading.reading} [{turns}{more}]" if turns else reading.reading


def _published(name: str, figure: PublishedFigure) -> str:
    about = ", ".join(part for part in (figure.n, str(figure.year or "year not told"), figure.calls) if part != "none")
    caveat = f" {figure.caveat}" if figure.caveat else ""
    return f"  {name}: {figure.finding} ({about}; {figure.tier} source: {figure.source}){caveat}"


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

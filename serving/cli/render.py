"""Results as text for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salescoach.types import Precedent, Score

if TYPE_CHECKING:
    from salescoach.library import AddReport
    from salescoach.model.artifact import Manifest
    from serving.usecases.delete import Deletion
    from serving.usecases.doctor import Check

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


def trained(folder: Path, manifest: "Manifest", verdict: str, *, is_current: bool) -> str:
    """Where the model is, what it learned from, how good it was on unseen calls, and what its card says first."""
    lines = [f"The model {manifest.model_id} is in {folder}. It learned from {manifest.data}."]
    for arm, measures in manifest.measures.items():
        lines.append(f"  AUROC on {manifest.n_test} calls that judged, {arm}: {measures['auc']}")
    lines.append(f"It scores by {manifest.scorer}, and learned from {manifest.n_learned} calls in the end. {verdict}")
    if is_current:
        lines.append(
            "It is the one in use from now on; a chat that is running keeps the one before until it is restarted."
        )
    return "\n".join(lines)


def checks(results: "Sequence[Check]") -> str:
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


def live_update(update: Mapping[str, Any]) -> list[str]:
    """How a running call stands after a turn: a line, and one for each cue. ``update``: as the socket sends it."""
    moves = ", ".join(f"{move['name']} {move['probability']:.2f}" for move in update["moves"])
    interval = update["interval"]
    number = "–" if update["probability"] is None else f"{update['probability']:.4f}"
    number += "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"
    lines = [f"T{update['n_turns']:<4} {number:<24} {moves}".rstrip()]
    for cue in update["cues"]:
        at = "" if cue["call_id"] is None else f" ({cue['call_id']}, turn {cue['turn']})"
        quote = "" if cue["quote"] is None else f" “{cue['quote']}”"
        lines.append(f"  ► {cue['text']}{quote}{at}")
    return lines

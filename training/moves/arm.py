"""The move reader as an arm beside the others: what it says of calls, calibrated on a team's own outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.moves.profile import CallProfile
from salescoach.moves.reader import EncoderReader
from salescoach.progress import Progress
from salescoach.types import Transcript
from training.calls import TrainingCalls
from training.fit_head import fit_calibrator


@dataclass(frozen=True)
class FittedMoves:
    """The profile of calls, to be kept, and its logits as ``training.judge.Candidate`` has them."""

    profile: CallProfile
    judging: np.ndarray
    honest: np.ndarray
    reader_id: str


def fit_moves(
    reader: EncoderReader, seen: TrainingCalls, judging: Sequence[Transcript], progress: Progress
) -> FittedMoves:
    """Calibrates the reader on calls that it never saw: two numbers, so every one of these calls stays honest.

    Args:
        reader: learned from other calls than these.
        seen: the calls to calibrate on.
        judging: the calls that judge.
        progress: called with the stage, what is done and what there is to do.
    """
    calls = [*seen.calls, *judging]
    logits = np.empty(len(calls))
    for row, call in enumerate(calls):
        progress("reading moves", row, len(calls))
        logits[row] = reader.profile.logits(reader.figures(call.turns, np.ones((1, len(call)), dtype=bool)))[0]
    progress("reading moves", len(calls), len(calls))
    slope, offset = fit_calibrator(logits[: len(seen.calls)], seen.labels)
    known = slope * logits + offset
    return FittedMoves(
        reader.profile.calibrated(slope, offset), known[len(seen.calls) :], known[: len(seen.calls)], reader.model_id
    )


def judged_moves(reader: EncoderReader, seen: TrainingCalls, judged: Sequence[float]) -> FittedMoves:
    """The reader as it came, where the calls are those that it learned from: they can't calibrate it.

    ``judged``: logits of the calls that judge, of which nothing taught the reader, calibrated without them.
    """
    return FittedMoves(reader.profile, np.array(judged), np.full(len(seen.calls), np.nan), reader.model_id)

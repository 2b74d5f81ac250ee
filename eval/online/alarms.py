"""Alarms: what has changed, since when, and what to look at, in a sentence."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from eval.online.drift import Stream
from eval.online.results import Alarm, AlarmKind

WHAT_TO_DO: Final[dict[AlarmKind, str]] = {
    "base_rate": "probabilities of a model that learned from other times are off; train again with recent outcomes",
    "calibration": "probabilities no longer mean what they say; train again with recent outcomes",
    "score": "look whether other calls come in, or the same ones read otherwise",
    "unlikeness": "calls have become unlike those that the model learned from; look whether sides and words are right",
    "length": "look whether calls are cut off, or turns are joined or split",
    "sides": "look whether the sides are swapped",
    "punctuation": "look whether another speech recogniser or transcript format is in use",
    "abstentions": "look at the reasons for abstaining",
    "sides_unknown": "say who is on your side (`coach team add`, `--rep NAME`)",
    "language": "calls in other languages can't be scored",
    "too_short": "look whether calls are cut off",
    "times": "look whether another transcript format is in use",
}


def alarms_of(streams: Sequence[Stream]) -> tuple[Alarm, ...]:
    """Those that went off, in the order of the streams."""
    return tuple(found for stream in streams if (found := _alarm(stream)) is not None)


def _alarm(stream: Stream) -> Alarm | None:
    change, shown = stream.change, stream.shown
    if change is None or change.crossed is None or change.began is None or change.now is None:
        return None
    since, noticed = _day(stream.at[change.began]), _day(stream.at[change.crossed])
    before, now = (f"{value:.0%}" if stream.is_share else f"{value:.3g}" for value in (change.before, change.now))
    what = shown.what[0].upper() + shown.what[1:]
    text = (
        f"{what}: {before} in the baseline of {change.n_baseline:,}, {now} lately; changed about {since}. "
        f"Next: {WHAT_TO_DO[shown.kind]}."
    )
    return Alarm(kind=shown.kind, since=since, noticed=noticed, text=text)


def _day(days: float) -> str:
    return str(np.datetime64(int(np.floor(days)), "D"))

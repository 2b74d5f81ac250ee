"""Call metrics of won and lost calls, set against each other in pairs, and what counts as a clear difference."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from salescoach.library import CallSummary
from salescoach.speech.metric_list import METRICS, MetricDefinition
from salescoach.stats.pairs import Pairs, compare_pairs
from tools.parts import percent

Side = Literal["won", "lost"]

# Of each outcome. With 30 the intervals of 16 metrics hold together in about 95 of 100 simulated libraries, and a
# metric that is higher in three of four pairs is found in three of four; with 20 in two of five.
MIN_CALLS: Final = 30
CHANCE: Final = 50

LENGTH: Final = MetricDefinition("n_turns", "count", "the number of turns", "Turns of the call, by anybody.")
# What a rep can do something about, and what describes a call: (short name, what is so where there is more of it).
# One of each kind (words or seconds, share or minutes), as each look widens all intervals; nothing that is the outcome
# in other words, such as the customer's commitment.
LOOKED_AT: Final[Mapping[str, tuple[str, str]]] = {
    "next_step": ("a next step", ""),
    "talk_ratio_words": ("the rep's share of the words", "the rep has a larger share of the words"),
    "rep_questions": ("questions of the rep", "the rep asks more questions"),
    "rep_open_questions": ("open questions", "the rep asks more open questions"),
    "longest_monologue_words": ("the longest monologue", "the rep's longest monologue is longer"),
    "patience_seconds": ("the rep's pauses", "the rep pauses longer before answering"),
    "overlap_share": ("interrupting", "more of the rep's answers begin before the customer has ended"),
    "speech_rate_wpm": ("the rep's pace", "the rep speaks faster"),
    "filler_rate": ("filler words", "the rep uses more filler words per 100 words"),
    "customer_questions": ("questions of the customer", "the customer asks more questions"),
    "longest_customer_story_words": ("the customer's longest story", "the customer's longest story is longer"),
    "objections": ("objections", "the customer raises more objections"),
    "switches_per_100_words": ("changes of speaker", "the speaker changes more often per 100 words"),
    "price_mentions": ("mentions of the price", "the price is mentioned more often"),
    "first_price_mention_share": ("how early the price comes up", "the price comes up later in the call"),
    "competitor_mentions": ("mentions of a competitor", "the customer speaks of a competitor more often"),
    LENGTH.name: ("length", "there are more turns"),
}


class ComparedCalls:
    """The calls that are compared: outcome, account and kind of each, shape (n_calls,)."""

    def __init__(self, calls: Sequence[CallSummary]) -> None:
        kinds = [f"{call.metadata.get('industry')}/{call.metadata.get('call_type')}" for call in calls]
        self.calls = calls
        self.is_won = np.array([call.outcome == "converted" for call in calls], dtype=bool)
        self.accounts = _codes([call.account_id or f"call:{call.call_id}" for call in calls])
        self.kinds = _codes(kinds) if len(set(kinds)) > 1 else None
        self.n_won = int(self.is_won.sum())
        self.n_lost = len(calls) - self.n_won


class PairedMetric:
    """A metric with its values in the calls that show it."""

    def __init__(self, metric: MetricDefinition, of: ComparedCalls) -> None:
        values = np.array([value_of(call, metric.name) for call in of.calls], dtype=np.float64)
        known = np.isfinite(values)
        self.metric = metric
        self.values, self.is_won, self._accounts = values[known], of.is_won[known], of.accounts[known]
        self._kinds = None if of.kinds is None else of.kinds[known]

    @property
    def has_enough(self) -> bool:
        """Whether enough won and enough lost calls show it."""
        return min(int(self.is_won.sum()), int((~self.is_won).sum())) >= MIN_CALLS

    def compare(self, n_looks: int) -> Pairs | None:
        """Pairs of any two calls; the interval allows for looking at so many metrics."""
        return compare_pairs(self.values, self.is_won, self._accounts, n_looks=n_looks)

    def compare_alike(self, n_looks: int) -> Pairs | None:
        """Pairs of two calls of one industry and call type; None where all calls are of one kind."""
        if self._kinds is None:
            return None
        return compare_pairs(self.values, self.is_won, self._accounts, strata=self._kinds, n_looks=n_looks)


def _codes(names: Sequence[str]) -> np.ndarray:
    """A number for each name, shape (n_names,), int: sorted once rather than for each metric."""
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1]


def value_of(call: CallSummary, name: str) -> float | None:
    """A metric of a call; None where the call doesn't show it."""
    return call.n_turns if name == LENGTH.name else call.metrics.get(name)


def looked_at(of: ComparedCalls) -> list[PairedMetric]:
    """The metrics that enough won and lost calls show."""
    metrics = [PairedMetric(one, of) for one in (*METRICS, LENGTH) if one.name in LOOKED_AT]
    return [one for one in metrics if one.has_enough]


def is_clear(pairs: Pairs) -> bool:
    """Whether chance is outside of the interval as it is shown."""
    low, high = (percent(bound) for bound in pairs.interval)
    return low > CHANCE or high < CHANCE


def seen_from(more_in: Side, pairs: Pairs) -> tuple[int, int, int]:
    """Of 100 pairs, those in which the call of that side has more, and the ends of the interval."""
    share, (low, high) = percent(pairs.share), (percent(bound) for bound in pairs.interval)
    return (share, low, high) if more_in == "won" else (100 - share, 100 - high, 100 - low)

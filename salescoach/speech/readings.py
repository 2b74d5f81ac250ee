"""A call's metrics beside those of past calls: the team's own first, then what has been published. Never a verdict."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from salescoach.library import CallSummary
from salescoach.moves.results import CallMoves
from salescoach.speech.call_metrics import call_metrics, mention_turns
from salescoach.speech.metric_list import METRICS, READ_METRICS, UNITS, MetricDefinition
from salescoach.speech.published import PUBLISHED
from salescoach.types import Frozen, MetricReading, Transcript

MIN_CALLS_FOR_QUARTILES: Final = 8

Metrics = Mapping[str, float | None]
Quartiles = tuple[float, float, float]
Whose = Literal["own", "sample"]

_RANGE_DASH: Final = "\u2013"


class PeerKind(Frozen):
    """Of what kind the past calls are that a call is set beside: all of them, or of its industry and call type."""

    whose: Whose
    industry: str | None = None
    call_type: str | None = None

    @property
    def name(self) -> str:
        """What calls they are, such as "the team's {} demo calls in B2B software", to be filled with won or lost."""
        kind = f" {_unfilled(self.call_type)}" if self.call_type else ""
        place = f" in {_unfilled(self.industry)}" if self.industry else ""
        return (
            f"the team's {{}}{kind} calls{place}"
            if self.whose == "own"
            else f"the {{}} machine-written{kind} calls{place}"
        )


class Peers(PeerKind):
    """The past calls that a call is set beside; ``won`` and ``lost`` hold the metrics of each."""

    won: tuple[dict[str, float | None], ...] = ()
    lost: tuple[dict[str, float | None], ...] = ()


def choose_peers(
    past: Sequence[CallSummary],
    *,
    reader: str | None,
    industry: str | None = None,
    call_type: str | None = None,
    without: str | None = None,
) -> Peers:
    """The narrowest peers with at least 8 won and 8 lost calls, else all.

    Tried in this order: industry and call type, call type, industry, all. The team's own calls where there are any with
    an outcome; machine-written example calls only until then, never both together.

    Args:
        past: calls of the library.
        reader: that read the moves of the call that is looked at; None: nobody did.
        industry: of the call that is looked at.
        call_type: the same.
        without: a call that must not stand beside itself.
    """
    others = [call for call in past if call.outcome is not None and call.call_id != without]
    whose: Whose = "sample" if others and all(call.provenance == "sample" for call in others) else "own"
    others = as_read_by(reader, [call for call in others if call.provenance == whose])
    for wanted in ({"industry": industry, "call_type": call_type}, {"call_type": call_type}, {"industry": industry}):
        if None in wanted.values():
            continue
        like = [call for call in others if all(call.metadata.get(name) == value for name, value in wanted.items())]
        peers = _peers(whose, like, **wanted)
        if min(len(peers.won), len(peers.lost)) >= MIN_CALLS_FOR_QUARTILES:
            return peers
    return _peers(whose, others)


def as_read_by(reader: str | None, calls: Sequence[CallSummary]) -> list[CallSummary]:
    """The calls, where others than ``reader`` read the moves, or nobody did, without the metrics that rest on them.

    Two readers hear differently, so that only calls that one of them has read can be compared.
    """
    not_read = dict.fromkeys(READ_METRICS)
    return [
        call
        if reader is not None and call.moves_reader == reader
        else call.model_copy(update={"metrics": call.metrics | not_read})
        for call in calls
    ]


def metric_readings(transcript: Transcript, moves: CallMoves | None, peers: Peers) -> tuple[MetricReading, ...]:
    """Each metric of a call beside the quartiles of its peers and beside published figures.

    ``moves``: what was read of the call, by the reader that ``peers`` were chosen for.
    """
    values, turns = call_metrics(transcript, moves), mention_turns(transcript, moves)
    return tuple(
        _reading(metric, values[metric.name], peers, is_read=moves is not None).model_copy(
            update={"turns": turns.get(metric.name, ()), "published": PUBLISHED.get(metric.name, ())}
        )
        for metric in METRICS
    )


def quartiles(values: Sequence[float | None]) -> Quartiles | None:
    """First quartile, median and third quartile, interpolated linearly; None below 8 known values."""
    known = _known(values)
    if len(known) < MIN_CALLS_FOR_QUARTILES:
        return None
    first, median, third = statistics.quantiles(known, n=4, method="inclusive")
    return first, median, third


def how_many_have_it(metric: str, calls: Sequence[Metrics]) -> tuple[int, int] | None:
    """How many calls have what a yes/no metric asks for, and of how many it is known; None below 8 of these."""
    known = _known([call.get(metric) for call in calls])
    return (sum(value > 0.5 for value in known), len(known)) if len(known) >= MIN_CALLS_FOR_QUARTILES else None


def amount(metric: MetricDefinition, value: float) -> str:
    """A value as it is written, without its unit: a share in percent, others with at most one decimal."""
    if metric.unit == "share":
        return f"{100 * value:.0f}"
    return f"{value:.1f}".removesuffix(".0")


def unit_of(metric: MetricDefinition) -> str:
    """What follows a value of a metric; the subject of a rate already says "per minute", a count needs no unit."""
    return " words per minute" if metric.unit == "words per minute" else UNITS.get(metric.unit, "")


def spread(metric: MetricDefinition, found: Quartiles) -> str:
    """Where the middle half of the calls lies, with its unit."""
    low, high = amount(metric, found[0]), amount(metric, found[2])
    return f"{low if low == high else f'{low}{_RANGE_DASH}{high}'}{unit_of(metric)}"


def plain(value: str) -> str:
    """A value of a column as it would be said."""
    return value.replace("_", " ").replace("b2b", "B2B")


def _unfilled(value: str) -> str:
    """A value of a column inside of a text that is to be filled: its own braces stay braces."""
    return plain(value).replace("{", "{{").replace("}", "}}")


def _peers(
    whose: Whose, calls: Sequence[CallSummary], industry: str | None = None, call_type: str | None = None
) -> Peers:
    won, lost = (tuple(call.metrics for call in calls if call.outcome == outcome) for outcome in ("converted", "lost"))
    # Not validated again: 10,000 calls of twenty metrics each would cost more than their quartiles.
    return Peers.model_construct(whose=whose, industry=industry, call_type=call_type, won=won, lost=lost)


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _reading(metric: MetricDefinition, value: float | None, peers: Peers, *, is_read: bool) -> MetricReading:
    by_outcome = {
        "won": [call.get(metric.name) for call in peers.won],
        "lost": [call.get(metric.name) for call in peers.lost],
    }
    if value is None:
        is_missing = metric.is_read and not is_read
        why = "is not known, as the call's moves were not read" if is_missing else "is not shown by this call"
        sentence = f"{_upper(metric.subject)} {why}."
    elif metric.unit == "yes/no":
        found = "There is" if value else "There is no"
        subject = metric.subject if value else metric.subject.removeprefix("a ")
        sentence = f"{found} {subject}{_how_many_have_one(metric, peers)}."
    else:
        sentence = f"{_lead(metric, value)}{_comparison(metric, by_outcome, peers)}."
    return MetricReading(
        name=metric.name,
        value=value,
        unit=metric.unit,
        won_quartiles=quartiles(by_outcome["won"]),
        lost_quartiles=quartiles(by_outcome["lost"]),
        reading=sentence,
    )


def _lead(metric: MetricDefinition, value: float) -> str:
    number = amount(metric, value)
    if metric.name == "talk_ratio_words":
        return f"The rep spoke {number} % of the words"
    if metric.name == "talk_ratio_seconds":
        return f"The rep spoke for {number} % of the speaking time"
    return f"{_upper(metric.subject)} was {number}{unit_of(metric)}"


def _comparison(metric: MetricDefinition, by_outcome: Mapping[str, Sequence[float | None]], peers: Peers) -> str:
    found = {outcome: known for outcome, values in by_outcome.items() if (known := quartiles(values)) is not None}
    parts = [
        f"in half of {_calls(peers, outcome, is_first=outcome == next(iter(found)))} it was {spread(metric, known)}"
        for outcome, known in found.items()
    ]
    if not parts and (peers.won or peers.lost):
        return "; the library has too few calls of known outcome to compare"
    return f"; {', '.join(parts)}" if parts else ""


def _how_many_have_one(metric: MetricDefinition, peers: Peers) -> str:
    parts: list[str] = []
    for outcome, calls in (("won", peers.won), ("lost", peers.lost)):
        if (found := how_many_have_it(metric.name, calls)) is not None:
            n_yes, n_known = found
            parts.append(f"{n_yes} of {_calls(peers, f'{n_known} {outcome}', is_first=not parts)} have one")
    return f"; {', '.join(parts)}" if parts else ""


def _calls(peers: Peers, which: str, *, is_first: bool) -> str:
    """The calls of one outcome; the second time in a sentence it is clear of what kind they are."""
    return peers.name.format(which) if is_first else f"the {which} ones"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]

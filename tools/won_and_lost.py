"""The tool ``won_and_lost``: which call metrics tell the library's won calls from its lost ones.

Each metric is judged by pairs of a won and a lost call, with an interval that is wide enough for looking at all of them
and that counts the calls of an account together. What isn't clear is said to be so. About calls, never by rep.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import numpy as np

from salescoach.library import CallSummary
from salescoach.library.lookups import CallFilter, chosen, whose_calls
from salescoach.redact.our_words import Ours
from salescoach.speech.call_metrics import mention_turns
from salescoach.speech.readings import Whose, amount, as_read_by, plain, unit_of
from salescoach.stats.pairs import Pairs
from salescoach.types import Frozen, Outcome
from tools.document import AnswerDocument, document, line, listed
from tools.metric_pairs import (
    LENGTH,
    LOOKED_AT,
    MIN_CALLS,
    ComparedCalls,
    PairedMetric,
    Side,
    is_clear,
    looked_at,
    seen_from,
    value_of,
)
from tools.parts import Parts, call_marker, percent, reader_of
from tools.phrases import cite, count, quote
from tools.spec import Arguments, Detail, ToolSpec, Value

MAX_DIFFERENCES: Final = 5
# Of 100 pairs; Cohen's medium and large difference of two normal distributions (Rice & Harris, Law Hum Behav 2005).
MEDIUM, LARGE = 64, 71
SMALL_TALK: Final = 0.1  # the share of a call that is mostly hellos
MIN_QUOTED_WORDS: Final = 5
MAX_EXAMPLES: Final = 2  # each of another call
MAX_READ: Final = 8  # calls that are read for them

_OUTCOMES: Final[Mapping[Side, Outcome]] = {"won": "converted", "lost": "lost"}


class WonAndLostArguments(Arguments):
    """Which calls of the team. It is about no call of the conversation, so it takes no call id."""

    industry: Value | None = None
    call_type: Value | None = None


class MetricDifference(Frozen):
    """A metric that tells won calls from lost ones; ``more_in``: which of them have more of it.

    ``pairs_percent``: in how many of 100 pairs of a won and a lost call that one has more (equal ones half), with its
    interval; ``same_kind_percent``: among pairs of one industry and call type, None where all calls are of one kind.
    ``n_won`` and ``n_lost``: calls that show the metric.
    """

    name: str
    more_in: Side
    pairs_percent: int
    interval_percent: tuple[int, int]
    same_kind_percent: int | None
    won_median: float
    lost_median: float
    n_won: int
    n_lost: int
    reading: Ours[str]


class ExampleTurn(Frozen):
    """A turn in which the clearest difference was counted, in a call of the outcome that has more of it."""

    marker: str
    call_id: str
    outcome: Outcome
    turn_start: int
    turn_end: int
    quote: str


class WonAndLostResult(Frozen):
    """What tells won calls from lost ones, the clearest first; ``reading`` is the answer in a sentence.

    ``n_metrics``: how many were looked at, ``n_clear``: how many tell them apart, of which ``differences`` has the
    clearest. ``n_won_missing`` and ``n_lost_missing``: calls of known outcome that it
    takes before anything can be said. ``industry`` and ``call_type``: what the calls were narrowed to.
    """

    whose: Whose
    industry: str | None
    call_type: str | None
    n_won: int
    n_lost: int
    n_won_missing: int
    n_lost_missing: int
    n_metrics: int
    n_clear: int
    differences: tuple[MetricDifference, ...]
    reading: Ours[str]
    warnings: Ours[tuple[str, ...]]
    examples_of: str | None = None
    examples: tuple[ExampleTurn, ...] = ()


def won_and_lost(parts: Parts, industry: str | None = None, call_type: str | None = None) -> WonAndLostResult:
    """Compares the won calls of the library with its lost ones: the team's own where there are any, else the examples.

    Args:
        parts: the library.
        industry: only calls of this industry; case and underscores don't matter.
        call_type: the same.

    Raises:
        InputError: no call has such an industry or call type; names those that there are.
    """
    whose, past = whose_calls(as_read_by(reader_of(parts), parts.library.summaries()))
    calls = chosen(past, CallFilter(industry=industry, call_type=call_type))
    if calls:  # as the library writes them
        industry = industry and calls[0].metadata["industry"]
        call_type = call_type and calls[0].metadata["call_type"]
    of = ComparedCalls(calls)
    missing_won, missing_lost = max(0, MIN_CALLS - of.n_won), max(0, MIN_CALLS - of.n_lost)
    metrics = [] if missing_won or missing_lost else looked_at(of)
    found = [(one, pairs) for one in metrics if (pairs := one.compare(len(metrics))) is not None]
    clear = sorted((pair for pair in found if is_clear(pair[1])), key=lambda pair: -abs(pair[1].share - 0.5))
    differences = tuple(_difference(one, pairs, len(metrics)) for one, pairs in clear[:MAX_DIFFERENCES])
    about = _calls_in_words(whose, industry, call_type)
    metric, examples = _examples(parts, differences, calls)
    return WonAndLostResult(
        whose=whose,
        industry=industry,
        call_type=call_type,
        n_won=of.n_won,
        n_lost=of.n_lost,
        n_won_missing=missing_won,
        n_lost_missing=missing_lost,
        n_metrics=len(found),
        n_clear=len(clear),
        differences=differences,
        reading=_reading(about, of.n_won, of.n_lost, found, [pairs for _, pairs in clear]),
        warnings=_warnings(found, clear, differences),
        examples_of=metric,
        examples=examples,
    )


def _difference(one: PairedMetric, pairs: Pairs, n_looks: int) -> MetricDifference:
    """A clear difference in words."""
    same_kind = one.compare_alike(n_looks)
    more_in: Side = "won" if pairs.share > 0.5 else "lost"
    won, lost = one.values[one.is_won], one.values[~one.is_won]
    shown = seen_from(more_in, pairs)
    return MetricDifference(
        name=one.metric.name,
        more_in=more_in,
        pairs_percent=shown[0],
        interval_percent=shown[1:],
        same_kind_percent=None if same_kind is None else seen_from(more_in, same_kind)[0],
        won_median=float(np.median(won)),
        lost_median=float(np.median(lost)),
        n_won=len(won),
        n_lost=len(lost),
        reading=_metric_reading(one, more_in, shown) + _same_kind(more_in, same_kind),
    )


def _metric_reading(one: PairedMetric, more_in: Side, shown: tuple[int, int, int]) -> str:
    other: Side = "lost" if more_in == "won" else "won"
    of = {"won": one.values[one.is_won], "lost": one.values[~one.is_won]}
    if one.metric.unit == "yes/no":
        n_yes = {side: int((values > 0.5).sum()) for side, values in of.items()}
        parts = [
            f"{n_yes[side]} of {len(of[side])} {side} calls ({percent(n_yes[side] / len(of[side]))} %)"
            for side in (more_in, other)
        ]
        return f"{more_in.capitalize()} calls have {one.metric.subject} more often: {parts[0]} against {parts[1]}."
    middle = {side: amount(one.metric, float(np.median(values))) for side, values in of.items()}
    unit = unit_of(one.metric)
    medians = (
        f"the median is {middle['won']}{unit} in both"
        if middle["won"] == middle["lost"]
        else f"median {middle[more_in]}{unit}, in {other} ones {middle[other]}{unit}"
    )
    return (
        f"In {more_in} calls {LOOKED_AT[one.metric.name][1]}: so in {shown[0]} of 100 pairs of a won and a lost "
        f"call (interval {shown[1]} to {shown[2]}; {medians})."
    )


def _same_kind(more_in: Side, pairs: Pairs | None) -> str:
    if pairs is None:
        return ""
    shown = seen_from(more_in, pairs)[0]
    if is_clear(pairs) and (pairs.share > 0.5) == (more_in == "won"):
        return f" Among calls of the same industry and type it is {shown} of 100."
    return f" Among calls of one industry and type it isn't clear ({shown} of 100): the kind of call may be behind it."


def _calls_in_words(whose: Whose, industry: str | None, call_type: str | None) -> str:
    kind = f" {plain(call_type)}" if call_type else ""
    place = f" in {plain(industry)}" if industry else ""
    if whose == "own":
        return f"{kind} calls of the team{place}"
    return f" machine-written{kind} example calls{place}, not your market"


def _reading(
    about: str, n_won: int, n_lost: int, found: Sequence[tuple[PairedMetric, Pairs]], clear: Sequence[Pairs]
) -> str:
    counts = f"{n_won} won and {n_lost} lost{about}"
    if min(n_won, n_lost) < MIN_CALLS:
        missing = [f"{MIN_CALLS - n} {side}" for side, n in (("won", n_won), ("lost", n_lost)) if n < MIN_CALLS]
        return (
            f"That can't be told yet: the library has {counts}, and it takes {MIN_CALLS} of each, or chance would pass "
            f"for a reason. Missing: {' and '.join(missing)} calls."
        )
    if not found:
        return f"That can't be told: the won or the lost ones of the {counts} are all of one account."
    if not clear:
        reach = statistics.median((pairs.interval[1] - pairs.interval[0]) / 2 for _, pairs in found)
        return (
            f"None of {len(found)} metrics tells won from lost calls ({counts}). With so many calls, only what is "
            f"higher in about {percent(0.5 + reach)} of 100 pairs of a won and a lost call would show."
        )
    strongest = max(percent(max(pairs.share, 1 - pairs.share)) for pairs in clear)
    how = "and only slightly" if strongest < MEDIUM else "moderately at most" if strongest < LARGE else "some strongly"
    tell = "tells" if len(clear) == 1 else "tell"
    return f"Of {len(found)} metrics, {len(clear)} {tell} won from lost calls, {how} ({counts})."


def _warnings(
    found: Sequence[tuple[PairedMetric, Pairs]],
    clear: Sequence[tuple[PairedMetric, Pairs]],
    differences: Sequence[MetricDifference],
) -> tuple[str, ...]:
    if not found:
        return ()
    said = []
    sides = {one.metric.name: pairs.share > 0.5 for one, pairs in clear}
    counted = {one.metric.name for one, _ in clear if one.metric.unit == "count"} - {LENGTH.name}
    if any(sides.get(LENGTH.name) == sides[name] for name in counted):
        side = "won" if sides[LENGTH.name] else "lost"
        said.append(f"The {side} calls are longer, so there is more of whatever is counted in them for that alone.")
    if more := clear[len(differences) :]:
        said.append(f"Also clear, but less so: {_names(more)}.")
    if unclear := [one for one in found if one not in clear]:
        said.append(f"{'No clear difference in' if clear else 'Looked at'}: {_names(unclear)}.")
    if clear:
        said.append(
            "By chance it would be 50 of 100; a pair with equally many counts half. The intervals allow for looking at "
            f"{len(found)} metrics at once (Bonferroni) and for several calls of an account. All of this goes along "
            "with winning; that it causes it isn't shown."
        )
    return tuple(said)


def _names(metrics: Sequence[tuple[PairedMetric, Pairs]]) -> str:
    return ", ".join(LOOKED_AT[one.metric.name][0] for one, _ in metrics)


def _examples(
    parts: Parts, differences: Sequence[MetricDifference], calls: Sequence[CallSummary]
) -> tuple[str | None, tuple[ExampleTurn, ...]]:
    """Turns in which the clearest difference that is counted in turns was counted, of calls that have more of it."""
    for one in differences:
        found = tuple(islice(_counted(parts, one, calls), MAX_EXAMPLES))
        if found:
            return one.name, found
    return None, ()


def _counted(parts: Parts, of: MetricDifference, calls: Sequence[CallSummary]) -> Iterator[ExampleTurn]:
    """A turn of each call with as many as is usual where there is more of it, the latest call first."""
    outcome, usual = _OUTCOMES[of.more_in], of.won_median if of.more_in == "won" else of.lost_median
    like = [call for call in calls if call.outcome == outcome and value_of(call, of.name) == max(1, round(usual))]
    for one in sorted(like, key=lambda call: (str(call.started_at or ""), call.call_id), reverse=True)[:MAX_READ]:
        turns, moves = parts.library.get(one.call_id).transcript, parts.library.moves_of(one.call_id)
        for turn in mention_turns(turns, moves).get(of.name, ()):
            said = turns.turns[turn - 1]
            if turn > SMALL_TALK * len(turns.turns) and len(said.text.split()) >= MIN_QUOTED_WORDS:
                yield ExampleTurn(
                    marker=call_marker(one.call_id, turn, turn),
                    call_id=one.call_id,
                    outcome=outcome,
                    turn_start=turn,
                    turn_end=turn,
                    quote=said.text,
                )
                break


def _words(result: WonAndLostResult, detail: Detail) -> AnswerDocument:
    of = next((one for one in result.differences if one.name == result.examples_of), None)
    said = [
        line(cite(one.call_id, one.turn_start, one.quote, one.marker), " ", quote(one.quote))
        for one in result.examples
        if detail == "full"
    ]
    return document(
        listed(f"**{result.reading}**", (one.reading for one in result.differences)) or f"**{result.reading}**",
        None if of is None else listed(f"**What that sounds like in {of.more_in} calls**", said),
        *(f"*{warning}*" for warning in result.warnings),
        "Where you win and lose is another matter: ask for the win rate by industry or by call type.",
    )


def _found(result: WonAndLostResult) -> str:
    compared = f"Compared {result.n_won} won with {count(result.n_lost, 'lost call')}"
    if result.n_won_missing or result.n_lost_missing:
        return f"{compared}: too few"
    return f"{compared}: {result.n_clear} of {count(result.n_metrics, 'metric')} clear"


def _details(result: WonAndLostResult) -> list[str]:
    return [*(one.reading for one in result.differences), *result.warnings] or [result.reading]


SPEC = ToolSpec(
    function=won_and_lost,
    result=WonAndLostResult,
    arguments=WonAndLostArguments,
    description="Why the team loses, as far as calls show it: the metrics that tell its won calls from its lost ones.",
    intents={"losing": "What tells our won calls from our lost ones?"},
    words=_words,
    doing="Comparing won and lost calls",
    found=_found,
    details=_details,
)

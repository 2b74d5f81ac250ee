"""The tool ``map_call``: where a call lies among the team's won and lost calls, flattened to two dimensions."""

from typing import Final

import numpy as np

from salescoach.errors import UnavailableError, without_paths
from salescoach.library.precedents import PrecedentQuery, Surroundings
from salescoach.redact.our_words import Ours
from salescoach.stats.splits import evenly
from salescoach.types import Frozen, Outcome
from tools.parts import Parts, percent

MAX_DRAWN: Final = 1_500
N_NEAREST: Final = 15
MIN_CALLS: Final = 20  # fewer make no map
DIGITS: Final = 3  # of a place; the longest possible distance is 2
TOO_FEW: Final = "There are too few past calls of known outcome to draw a map; {} are needed, there are {}."


class MapDot(Frozen):
    """A past call on the map. ``is_near``: whether it is among the nearest by the whole vectors."""

    call_id: str
    outcome: Outcome
    x: float
    y: float
    is_near: bool = False


class MapResult(Frozen):
    """The map, or why there is none. ``x`` and ``y`` are where this call lies; the axes have no meaning of their own.

    ``n_calls``: past calls that the map was made of; ``dots`` are those drawn. ``variance_percent``: of the differences
    among the calls, how much the two axes hold. ``n_near_won`` of the ``n_near`` nearest calls converted; of all,
    ``base_percent`` did.
    """

    call_id: str
    x: float | None = None
    y: float | None = None
    dots: tuple[MapDot, ...] = ()
    n_calls: int = 0
    variance_percent: int | None = None
    n_near: int = 0
    n_near_won: int = 0
    near_percent: int | None = None
    base_percent: int | None = None
    unavailable: Ours[str | None] = None
    reading: Ours[str]


def map_call(parts: Parts, call_id: str) -> MapResult:
    """Places a call among the past calls that it may be compared with. It is projected, never fitted.

    Raises:
        InputError: there is no such call.
    """
    call = parts.library.get(call_id)
    query = PrecedentQuery(
        transcript=call.transcript, account_id=call.account_id, started_at=call.started_at, n_results=N_NEAREST
    )
    try:
        around = parts.index.surroundings(query)
    except UnavailableError as error:
        why = without_paths(str(error))
        return MapResult(call_id=call_id, unavailable=why, reading=why)
    n_calls = len(around.call_ids)
    if n_calls < MIN_CALLS:
        why = TOO_FEW.format(MIN_CALLS, n_calls)
        return MapResult(call_id=call_id, n_calls=n_calls, unavailable=why, reading=why)
    places, own, share = project(around.vectors, around.vector)
    n_near = len(around.nearest)
    n_near_won = sum(around.outcomes[row] == "converted" for row in around.nearest)
    base = sum(outcome == "converted" for outcome in around.outcomes) / n_calls
    result = MapResult(
        call_id=call_id,
        x=round(float(own[0]), DIGITS),
        y=round(float(own[1]), DIGITS),
        dots=_dots(around, places),
        n_calls=n_calls,
        variance_percent=percent(share),
        n_near=n_near,
        n_near_won=n_near_won,
        near_percent=percent(n_near_won / n_near) if n_near else None,
        base_percent=percent(base),
        reading="",
    )
    return result.model_copy(update={"reading": _reading(result)})


def project(vectors: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The two directions in which vectors differ most (PCA by a randomised SVD; Halko et al., 2011).

    Args:
        vectors: what is fitted, shape (n, dimension), at least two rows.
        new: what is projected and never fitted, shape (dimension,).

    Returns:
        Places of the vectors, shape (n, 2); of the new one, shape (2,); and the share of the variance in [0, 1] that
        the two directions hold. The same vectors give the same places.
    """
    from sklearn.decomposition import PCA

    with np.errstate(invalid="ignore"):  # where all vectors are the same, no direction holds anything
        fitted = PCA(n_components=2, svd_solver="randomized", random_state=0).fit(vectors)
    share = float(np.nansum(fitted.explained_variance_ratio_))
    return fitted.transform(vectors), fitted.transform(new[None])[0], min(share, 1.0)


def _dots(around: Surroundings, places: np.ndarray) -> tuple[MapDot, ...]:
    """The nearest calls and some of the others, spread evenly over won and lost ones, which come after each other."""
    near = set(around.nearest)
    others = [row for row in range(len(around.call_ids)) if row not in near]
    drawn = near | {others[place] for place in evenly(len(others), MAX_DRAWN - len(near)).tolist()}
    return tuple(
        MapDot(
            call_id=around.call_ids[row],
            outcome=around.outcomes[row],
            x=round(float(places[row, 0]), DIGITS),
            y=round(float(places[row, 1]), DIGITS),
            is_near=row in near,
        )
        for row in sorted(drawn)
    )


def _reading(result: MapResult) -> str:
    return (
        f"Of the {result.n_near} past calls most like this one {result.n_near_won} converted; of all "
        f"{result.n_calls:,} on the map {result.base_percent} % did. The nearest are found by everything that the "
        f"model sees of a call; the picture shows two directions that hold {result.variance_percent} % of the "
        "differences among the calls, so calls that lie side by side in it may be far apart. Where the model has "
        "learned from these calls, won and lost ones lie further apart than new ones would. No place on the map is a "
        "reason: the score doesn't come from it."
    )

"""What is usually said: the turns that a tracker's examples are told from.

Of a team that has enough calls of its own these are the background, as nobody else talks like its customers; else it
is two dozen pieces of the authored calls that the reader learned from (docs/authored-calls.md). They are kept as text:
feature vectors would be six times as large, and stale with every new reader.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Final, Literal, Protocol

import numpy as np

from salescoach.file_store import key_of
from salescoach.library import Library
from salescoach.library.lookups import whose_calls
from salescoach.moves.trackers.tracker import Side
from salescoach.moves.windows import N_BEFORE
from salescoach.types import Turn

FILE: Final = "background.txt"
N_CALLS: Final = 40  # of the team's own, at most
N_PLACES: Final = 4  # in the bundled pieces where examples are read
SHORT: Final = 1e-9  # a length below which there is no direction
MIN_TURNS: Final = 300  # of a side, below which the bundled pieces are better

BackgroundName = Literal["own calls", "bundled calls"]


class FeatureReader(Protocol):
    """Whatever gives a feature vector for each turn of a call, such as the move reader."""

    def features(self, turns: Sequence[Turn]) -> np.ndarray:
        """Shape (n_turns, dimension), float32."""
        ...


@dataclass(frozen=True)
class Background:
    """Feature vectors of one side's turns, with what is computed of them once for all trackers.

    ``features``: shape (n_turns, dimension), float32; ``name``: whose they are.
    """

    features: np.ndarray
    name: BackgroundName

    @cached_property
    def mean(self) -> np.ndarray:
        """Shape (dimension,), float64."""
        return np.asarray(self.features.mean(axis=0, dtype=np.float64))

    @cached_property
    def rows(self) -> np.ndarray:
        """The vectors as trackers see them, float64."""
        return self.scaled(self.features)

    def scaled(self, features: np.ndarray) -> np.ndarray:
        """Feature vectors less the background's mean, of unit length: of their shape, float64."""
        less = features.astype(np.float64) - self.mean
        return np.asarray(less / np.maximum(np.linalg.norm(less, axis=1, keepdims=True), SHORT))


def background(reader: FeatureReader, side: Side, library: Library | None) -> Background:
    """The background of a side: the team's own calls where there are enough turns, else the bundled pieces."""
    own = [] if library is None else _of_side(reader, _own(library), side)
    if sum(map(len, own)) >= MIN_TURNS:
        return Background(np.concatenate(own), "own calls")
    return Background(np.concatenate(_of_side(reader, bundled(), side)), "bundled calls")


def bundled() -> Iterator[tuple[Turn, ...]]:
    """The bundled pieces of calls."""
    text = resources.files("salescoach.moves.trackers").joinpath(FILE).read_text(encoding="utf-8")
    for piece in text.strip().split("\n\n"):
        lines = (line.partition(": ") for line in piece.split("\n"))
        yield tuple(Turn.model_validate({"speaker": who, "role": who, "text": said}) for who, _, said in lines)


def places(side: Side) -> list[tuple[Turn, ...]]:
    """The turns before some of a side's in the bundled pieces, spread over them.

    Feature vectors of turns with nothing before them lie elsewhere than those within a call: examples that are read
    behind these find nearly twice as well as examples by themselves (docs/trackers.md).
    """
    pieces = list(bundled())
    found = []
    for piece in pieces[:: len(pieces) // N_PLACES][:N_PLACES]:
        at = next(place for place, turn in enumerate(piece) if place >= N_BEFORE and turn.role == side)
        found.append(piece[at - N_BEFORE : at])
    return found


def _own(library: Library) -> Iterator[tuple[Turn, ...]]:
    """Turns of some of the team's own calls: the same ones, as long as they are there."""
    whose, calls = whose_calls(library.team_calls())
    if whose == "own":
        chosen = sorted((call.call_id for call in calls), key=key_of)[:N_CALLS]
        yield from (turns for _, turns in library.turns_of(chosen))


def _of_side(reader: FeatureReader, calls: Iterable[Sequence[Turn]], side: Side) -> list[np.ndarray]:
    """Feature vectors of a side's turns, call by call: each of shape (n_turns, dimension)."""
    return [reader.features(turns)[[turn.role == side for turn in turns]] for turns in calls]

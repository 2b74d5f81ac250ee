"""Reads moves, concerns and the next step of a call with the weights in a folder.

trained_layers.safetensors   how the encoder differs from the base encoder, which comes with a package
heads.safetensors            the moves
words.safetensors            what words say of them
handling.safetensors         which turn takes a concern up, and how it is met
worth.safetensors            what the turns are worth
profile.safetensors          what is likely to come of the call
reader.json                  what this is, how well it reads, and the sha256 of the other files
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from pydantic import Field

from salescoach.errors import ModelError
from salescoach.model.base_model import sha256_of
from salescoach.model.encoder import turn_text
from salescoach.model.engines import Engine
from salescoach.model.vector_cache import MemoryCache, VectorCache
from salescoach.moves.heads import CONCERN, MoveHeads
from salescoach.moves.lexical import LexicalMoves, seen_words
from salescoach.moves.network import MoveNetwork
from salescoach.moves.next_step import next_step
from salescoach.moves.objections import KINDS, Concern, HandlingModel
from salescoach.moves.profile import CallProfile, figures
from salescoach.moves.results import CallMoves, ReadMove, ReadObjection, TurnMoves
from salescoach.moves.taxonomy import MOVES
from salescoach.moves.windows import N_BEFORE, window_keys
from salescoach.moves.worth import TurnsWorth
from salescoach.types import Frozen, Role, Transcript, Turn

BUNDLED_READER: Final = Path(__file__).parent / "bundled"
OWN_READER: Final = "encoder"  # who read, where no language model did
CARD: Final = "reader.json"
TRAINED_LAYERS: Final = "trained_layers.safetensors"
HEADS: Final = "heads.safetensors"
WORDS: Final = "words.safetensors"
HANDLING: Final = "handling.safetensors"
WORTH: Final = "worth.safetensors"
PROFILE: Final = "profile.safetensors"
FILES: Final = (TRAINED_LAYERS, HEADS, WORDS, HANDLING, WORTH, PROFILE)
DIGITS: Final = 4  # of a probability
MAX_VARIANTS: Final = 20_000  # windows of calls without some of their turns that are remembered


class ReadingFigure(Frozen):
    """How well one move is read on writers that were never seen. ``n``: turns that carry it."""

    n: int
    precision: float
    recall: float
    f1: float


class ReaderCard(Frozen):
    """What a reader's folder says about itself. ``figures``: of each move, and of ``any objection``.

    ``worth``: measures of the probability on the judged calls' outcomes, by name; ``pairs``: share of pairs of which
    the better version is worth more; ``judged``: logits of the judged calls, each calibrated on others.
    """

    name: str
    data: str
    base_model: str
    figures: dict[str, ReadingFigure]
    handled_balanced_accuracy: float | None
    worth: dict[str, float] = Field(default_factory=dict)
    judged: dict[str, float] = Field(default_factory=dict)
    pairs: float | None = None
    files: dict[str, str]


class MoveReader(Protocol):
    """Whatever reads the moves of a call."""

    def read(self, transcript: Transcript) -> CallMoves:
        """The moves of each turn, the objections and the next step."""
        ...


class NamedReader(MoveReader, Protocol):
    """A reader that always reads the same call the same, so that what it read can be kept under its name."""

    @property
    def model_id(self) -> str:
        """Names the reader and its weights, as ``CallMoves.model_id`` does."""
        ...


@dataclass(frozen=True)
class WindowReadings:
    """What was read of some turns: ``gazes``: as ``TurnsWorth`` has them; ``p`` and ``above``: (n, n_outputs)."""

    gazes: np.ndarray
    p: np.ndarray
    above: np.ndarray


class EncoderReader:
    """The reader that comes with the coach. The same call is read the same, whatever was read before."""

    def __init__(
        self,
        network: MoveNetwork,
        heads: MoveHeads,
        words: LexicalMoves,
        handling: HandlingModel,
        worth: TurnsWorth,
        profile: CallProfile,
        model_id: str,
        cache: VectorCache | None = None,
    ) -> None:
        """``cache``: of feature vectors, by the content of a window."""
        self._network = network
        self._heads = heads
        self._words = words
        self._handling = handling
        self._worth = worth
        self.profile = profile
        self._cache = MemoryCache() if cache is None else cache
        self._variants = MemoryCache(MAX_VARIANTS)  # never kept in a file: nobody could tell later whose they are
        self.model_id = model_id

    @classmethod
    def load(
        cls, folder: Path, base: Path, *, engine: Engine | None = None, cache: VectorCache | None = None
    ) -> "EncoderReader":
        """The reader in a folder.

        Args:
            folder: as training wrote it.
            base: the base encoder's folder.
            engine: that computes; default: the fastest.
            cache: of feature vectors.

        Raises:
            ModelError: a file is missing, damaged or of another version.
        """
        model_id = reader_id(folder)
        return cls(
            MoveNetwork.load(base, folder / TRAINED_LAYERS, engine),
            MoveHeads.load(folder / HEADS),
            LexicalMoves.load(folder / WORDS),
            HandlingModel.load(folder / HANDLING),
            TurnsWorth.load(folder / WORTH),
            CallProfile.load(folder / PROFILE),
            model_id,
            cache,
        )

    def features(self, turns: Sequence[Turn]) -> np.ndarray:
        """Feature vectors of the turns of a call: shape (n_turns, dimension), float32."""
        keys = window_keys([turn_text(turn) for turn in turns])
        return self._features(keys, lambda place: _shown(turns, range(place + 1)), self._cache)

    def figures(self, turns: Sequence[Turn], keep: np.ndarray) -> np.ndarray:
        """The profile's figures of variants of a call, each read as if it were the whole: (n_variants, n_figures).

        Args:
            turns: of the call.
            keep: shape (n_variants, n_turns), bool: which turns each variant has.
        """
        row_of: dict[tuple[int, ...], int] = {}  # of what a window shows, its own turn last
        variants = []
        for one in keep:
            kept = np.flatnonzero(one).tolist()
            shown = (tuple(kept[max(0, at - N_BEFORE) : at + 1]) for at in range(len(kept)))
            variants.append(np.array([row_of.setdefault(places, len(row_of)) for places in shown], dtype=np.int64))
        windows = [_shown(turns, places) for places in row_of]
        keys = [window_keys([turn_text(turn) for turn in window])[-1] for window in windows]
        features = self._features(keys, windows.__getitem__, self._variants)
        return self._figures(features, windows, variants)

    def read_windows(self, windows: Sequence[Sequence[Turn]]) -> WindowReadings:
        """What is read of the last turn of each window, such as of a call that still goes on.

        ``windows``: up to ``N_BEFORE`` turns and then the turn itself. They are remembered until the process ends.
        """
        keys = [window_keys([turn_text(turn) for turn in window])[-1] for window in windows]
        features = self._features(keys, windows.__getitem__, self._variants)
        p = self._probabilities(features, windows)
        return WindowReadings(self._worth.gazes(features), p, above_thresholds(p, self._heads.threshold))

    def figures_of_windows(self, gazes: np.ndarray, p: np.ndarray, roles: Sequence[Role]) -> np.ndarray:
        """The profile's figures of a call by what ``read_windows`` found of its turns: shape (n_figures,)."""
        return figures(self._worth.of_gazes(gazes), p, roles)

    def concerns(self, turns: Sequence[Turn], p: np.ndarray, is_concern: np.ndarray, outlook: float) -> list[Concern]:
        """As ``HandlingModel.concerns``."""
        return self._handling.concerns(turns, p, is_concern, outlook)

    def figures_without_each(self, turns: Sequence[Turn]) -> np.ndarray:
        """An estimate of the figures of a call and of it without each turn, whose followers aren't read anew.

        Shape (1 + n_turns, n_figures); the first row is the call's own.
        """
        rows = np.arange(len(turns))
        variants = [rows, *(np.delete(rows, row) for row in rows)]
        return self._figures(self.features(turns), _windows(turns), variants)

    def _figures(
        self, features: np.ndarray, windows: Sequence[Sequence[Turn]], variants: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Of variants of a call, each by its rows of ``windows`` and of their feature vectors."""
        worth, p = self._worth.of(features, variants), self._probabilities(features, windows)
        roles = [window[-1].role for window in windows]
        return np.array(
            [figures(one, p[rows], [roles[row] for row in rows]) for one, rows in zip(worth, variants, strict=True)]
        )

    def _features(
        self, keys: Sequence[bytes], shown: Callable[[int], Sequence[Turn]], cache: VectorCache
    ) -> np.ndarray:
        """Feature vectors by the keys of windows. Windows of whole calls are known to both caches.

        ``shown``: gives what the window of a place shows, its own turn last; asked only where a key isn't known, as
        whole libraries are looked up by keys alone.
        """
        if not keys:
            return np.zeros((0, self._network.dimension), dtype=np.float32)
        known = self._cache.get(list(dict.fromkeys(keys)))
        aside = self._variants.get([key for key in dict.fromkeys(keys) if key not in known])
        if cache is self._cache and aside:  # windows of a call that was read while it went on
            cache.put(aside)
        known |= aside
        missing = {key: shown(place) for place, key in enumerate(keys) if key not in known}
        if missing:
            seen = [self._network.window(turns[:-1], turns[-1]) for turns in missing.values()]
            fresh = dict(zip(missing, self._network.features(seen), strict=True))
            cache.put(fresh)
            known |= fresh
        return np.stack([known[key] for key in keys])

    def probabilities(self, turns: Sequence[Turn]) -> np.ndarray:
        """Calibrated probability of each move, and last of a concern: shape (n_turns, n_moves + 1), float64."""
        return self._probabilities(self.features(turns), _windows(turns))

    def _probabilities(self, features: np.ndarray, windows: Sequence[Sequence[Turn]]) -> np.ndarray:
        """Of the last turn of each window."""
        words = self._words.logits([seen_words(window) for window in windows])
        return self._heads.probabilities(features, words, [window[-1].role for window in windows])

    @property
    def thresholds(self) -> np.ndarray:
        """From which probability on a turn makes a move, and last raises a concern: shape (n_moves + 1,) at least."""
        return self._heads.threshold

    def read(self, transcript: Transcript) -> CallMoves:
        """The moves of each turn, the objections and the next step."""
        turns = transcript.turns
        features = self.features(turns)
        p = self._probabilities(features, _windows(turns))
        above = above_thresholds(p, self._heads.threshold)
        worth = float(self._worth.of(features)[0])
        outlook = float(self.profile.logits(figures(worth, p, [turn.role for turn in turns])))
        concerns = self._handling.concerns(turns, p, above[:, CONCERN], outlook)
        return CallMoves(
            turns=turn_moves(turns, p, above),
            objections=tuple(
                ReadObjection.of(turns, one.turn, one.kind, one.handled_at, one.handled) for one in concerns
            ),
            next_step=next_step(turns, p, above),
            reader=OWN_READER,
            model_id=self.model_id,
        )


def _windows(turns: Sequence[Turn]) -> list[list[Turn]]:
    """What the reader sees of each turn of a call, the turn itself last."""
    return [_shown(turns, range(row + 1)) for row in range(len(turns))]


def _shown(turns: Sequence[Turn], places: Sequence[int]) -> list[Turn]:
    """The last of some turns, with those before it that the reader sees."""
    return [turns[place] for place in places[-1 - N_BEFORE :]]


def reader_id(folder: Path) -> str:
    """Names the reader in a folder and its content; raises ModelError as ``read_card``."""
    card = read_card(folder)
    content = json.dumps(card.files, sort_keys=True)
    return f"{card.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def above_thresholds(p: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Which outputs are above their thresholds: of the shape of ``p``, bool.

    A concern has its likeliest kind, and a turn without one has none: whether there is a concern is read better than
    its kind.
    """
    above = (p >= threshold) & (p > 0)
    above[:, KINDS] &= above[:, [CONCERN]]
    for place in np.flatnonzero(above[:, CONCERN]).tolist():
        above[place, KINDS[int(np.argmax(p[place, list(KINDS)]))]] = True
    return np.asarray(above)


def read_card(folder: Path) -> ReaderCard:
    """What a reader's folder says about itself, checked against its files.

    Raises:
        ModelError: there is no reader, or a file of it is missing or changed.
    """
    try:
        card = ReaderCard.model_validate_json((folder / CARD).read_bytes())
    except (OSError, ValueError):
        raise ModelError(f"There is no move reader in {folder}; run `coach setup`.") from None
    for name in FILES:
        if not (folder / name).is_file() or sha256_of(folder / name) != card.files.get(name):
            raise ModelError(f"The move reader in {folder} is damaged ({name}); run `coach setup` again.")
    return card


def turn_moves(turns: Sequence[Turn], p: np.ndarray, above: np.ndarray) -> tuple[TurnMoves, ...]:
    """What each turn does, strongest first.

    Args:
        turns: of a call.
        p: the reader's probabilities, shape (n_turns, n_outputs).
        above: which moves a turn makes, shape (n_turns, n_moves) at least, bool.
    """
    return tuple(
        TurnMoves(turn=number, role=turn.role, moves=_moves(p[number - 1], above[number - 1]))
        for number, turn in enumerate(turns, start=1)
    )


def _moves(p: np.ndarray, above: np.ndarray) -> tuple[ReadMove, ...]:
    """The moves of a turn, strongest first."""
    found = [ReadMove(name=name, probability=round(float(p[k]), DIGITS)) for k, name in enumerate(MOVES) if above[k]]
    return tuple(sorted(found, key=lambda move: -move.probability))

"""Finds past calls like this one: near by meaning, far from each other (MMR; Carbonell & Goldstein, SIGIR 1998)."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salescoach.errors import UnavailableError
from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery, Reply, Surroundings
from salescoach.model.encoder import encode_turns
from salescoach.model.scoring import Scorer
from salescoach.model.similarity import maximal_marginal_relevance
from salescoach.types import LabelledCall, Precedent, Turn
from vectorstore.duplicates import nearly_same, shingles
from vectorstore.generation import current_generation
from vectorstore.moments import Moment, moment_around, moment_vectors, moments_of, substantial
from vectorstore.opened import OpenIndex
from vectorstore.shelf import Kind, Shelf

CANDIDATES_PER_RESULT = 10
MIN_CANDIDATES = 50
EXACT_BELOW = 20_000  # vectors of a collection; looking at all of them takes less time than Chroma's answer
DIGITS = 4  # of a similarity


@dataclass(frozen=True)
class _Candidate:
    """A row of a shelf: a call, or a moment of it."""

    shelf: Shelf
    row: int
    call: int
    similarity: float

    @property
    def call_id(self) -> str:
        return self.shelf.calls[self.call].call_id


@dataclass(frozen=True)
class _Wanted:
    """Rows to look for: ``n`` of a kind that are nearest to a vector; ``is_answered``: moments the rep replied to."""

    kind: Kind
    vector: np.ndarray
    query: PrecedentQuery
    is_answered: bool = False

    @property
    def n(self) -> int:
        return max(MIN_CANDIDATES, CANDIDATES_PER_RESULT * self.query.n_results)


class PastCalls:
    """The index of past calls. It follows the generation in use, so a rebuilt index is seen at the next question."""

    def __init__(self, index_dir: Path, library: Library, scorer: Scorer, *, exact_below: int = EXACT_BELOW) -> None:
        self._index_dir = index_dir
        self._exact_below = exact_below
        self._library = library
        self._scorer = scorer
        self._lock = threading.Lock()  # the chat answers several users from worker threads
        self._opened: OpenIndex | None = None

    def similar(self, query: PrecedentQuery) -> list[Precedent]:
        """The most similar past calls, diverse, one result per call, most similar first or ``as_chosen``.

        Never the call itself or one that is nearly the same, another call of its account, or a later one.

        Raises:
            UnavailableError: there is no usable index; says what to do.
        """
        opened = self._open()
        moments, vectors = self._moments(query)
        looked_for = vectors.mean(axis=0) if query.focus is None else vectors[_focus(moments, query.focus)]
        kind: Kind = "moments" if query.by_moment else "calls"
        vector = _finite(looked_for if query.by_moment else self._scorer.call_vector(query.transcript))
        candidates = _each_call_once(self._candidates(opened, _Wanted(kind, vector, query)))
        return [self._precedent(candidate, looked_for) for candidate in _diverse(candidates, kind, query)]

    def replies(self, query: PrecedentQuery) -> list[Reply]:
        """The past moments most like the one around the query's focus, and the rep's replies, most similar first.

        One per call, from the same calls as ``similar``, without MMR; moments that got no reply are left out.

        Raises:
            UnavailableError: there is no usable index; says what to do.
        """
        if query.focus is None:
            return []
        opened = self._open()
        moments, vectors = self._moments(query)
        vector = _finite(vectors[_focus(moments, query.focus)])
        candidates = self._candidates(opened, _Wanted("moments", vector, query, is_answered=True))
        found: list[Reply] = []
        for candidate in _each_call_once(candidates):
            reply = self._reply(candidate)
            if reply.reply not in {one.reply for one in found}:
                found.append(reply)
            if len(found) == query.n_results:
                break
        return found

    def surroundings(self, query: PrecedentQuery) -> Surroundings:
        """All past calls that ``similar`` chooses from, as vectors, and the nearest of them.

        Raises:
            UnavailableError: there is no usable index; says what to do.
        """
        opened = self._open()
        vector = _finite(self._scorer.call_vector(query.transcript))
        shelves = [shelf for shelf in opened.shelves if len(shelf.calls) and query.outcome in (None, shelf.outcome)]
        rows = [self._current_rows(shelf, query) for shelf in shelves]
        places = [(shelf.outcome, int(row)) for shelf, own in zip(shelves, rows, strict=True) for row in own]
        number = {place: index for index, place in enumerate(places)}
        nearest = self._candidates(opened, _Wanted("calls", vector, query))[: query.n_results]
        return Surroundings(
            vector=vector,
            call_ids=[shelf.calls[row].call_id for shelf, own in zip(shelves, rows, strict=True) for row in own],
            outcomes=[outcome for outcome, _ in places],
            vectors=np.concatenate(
                [np.zeros((0, len(vector)), dtype=np.float32)]
                + [shelf.vectors["calls"][own] for shelf, own in zip(shelves, rows, strict=True)]
            ),
            # One that was deleted between the two looks at the library is left out.
            nearest=[number[place] for one in nearest if (place := (one.shelf.outcome, one.call)) in number],
        )

    def _current_rows(self, shelf: Shelf, query: PrecedentQuery) -> np.ndarray:
        """The calls of a shelf that may be compared with the query's and that are in the library as indexed."""
        rows = np.flatnonzero(_others(shelf, query))
        return np.asarray(rows[~self._is_stale(shelf, rows)])

    def close(self) -> None:
        """Lets another process own the store; the next question opens it again."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    def _open(self) -> OpenIndex:
        generation = current_generation(self._index_dir, self._scorer)
        with self._lock:
            if self._opened is None or self._opened.generation != generation:
                newer = OpenIndex(self._index_dir, generation, self._exact_below)
                if self._opened is not None:
                    self._opened.close()
                self._opened = newer
            return self._opened

    def _candidates(self, opened: OpenIndex, wanted: _Wanted) -> list[_Candidate]:
        """The nearest rows of each outcome asked for that may be shown, most similar first, near-duplicates once."""
        mine = shingles(wanted.query.transcript)
        found = [
            candidate
            for shelf in opened.shelves
            if wanted.query.outcome in (None, shelf.outcome)
            for candidate in self._of_shelf(opened, shelf, wanted, mine)
        ]
        # Equal similarities can't fall out differently: ids decide.
        found.sort(key=lambda one: (-one.similarity, one.call_id, one.row))
        return _without_copies(found)

    def _of_shelf(self, opened: OpenIndex, shelf: Shelf, wanted: _Wanted, mine: np.ndarray) -> list[_Candidate]:
        """The nearest rows of one shelf; calls that turn out not to be shown are left out and the next ones taken."""
        may, n_candidates = _others(shelf, wanted.query), wanted.n
        while True:
            allowed = may
            if wanted.kind == "moments":
                allowed = may[shelf.places[:, 0]]
                if wanted.is_answered:
                    allowed &= shelf.places[:, -1] > 0
            rows = opened.nearest(wanted.kind, shelf, wanted.vector, n_candidates, allowed)
            if not len(rows):
                return []
            calls = rows if wanted.kind == "calls" else shelf.places[rows, 0]
            unfit = self._unfit(shelf, np.unique(calls), mine)
            may[unfit] = False
            # The nearest moments may all be of a few calls.
            is_short = len(np.unique(calls)) < wanted.query.n_results and len(rows) < np.count_nonzero(allowed)
            if not len(unfit) and not is_short:
                cosines = shelf.vectors[wanted.kind][rows] @ wanted.vector
                return [
                    _Candidate(shelf, int(row), int(call), float(cosine))
                    for row, call, cosine in zip(rows, calls, cosines, strict=True)
                ]
            n_candidates *= 2

    def _unfit(self, shelf: Shelf, calls: np.ndarray, mine: np.ndarray) -> np.ndarray:
        """Those calls that were deleted, rewritten or given another outcome since, or are nearly the query's call."""
        is_copy = nearly_same([mine, *(shelf.shingles_of(call) for call in calls)])[0, 1:]
        return np.asarray(calls[self._is_stale(shelf, calls) | is_copy])

    def _is_stale(self, shelf: Shelf, calls: np.ndarray) -> np.ndarray:
        """Which of the calls were deleted, rewritten or given another outcome since: shape (n_calls,), bool."""
        facts = [shelf.calls[call] for call in calls]
        now = self._library.contents([call.call_id for call in facts])
        return np.array([now.get(call.call_id) != (call.content_hash, shelf.outcome) for call in facts], dtype=bool)

    def _moments(self, query: PrecedentQuery) -> tuple[list[Moment], np.ndarray]:
        """This call's moments and their vectors."""
        moments = moments_of(query.transcript.turns)
        vectors = encode_turns(self._scorer.encoder, query.transcript.turns)
        return moments, moment_vectors(vectors, moments, self._scorer.mean_turn)

    def _precedent(self, candidate: _Candidate, looked_for: np.ndarray) -> Precedent:
        """A chosen call with its moment that is nearest to what is looked for."""
        shelf, call = candidate.shelf, self._library.get(candidate.call_id)
        rows = shelf.moment_rows(candidate.call)
        nearest = rows.start + int(np.argmax(shelf.vectors["moments"][rows] @ looked_for))
        _, start, end, _, _ = shelf.places[nearest].tolist()
        return Precedent(
            call_id=call.call_id,
            outcome=shelf.outcome,
            similarity=round(candidate.similarity, DIGITS),
            turn_start=start,
            turn_end=end,
            quote=self._telling(call.transcript.turns[start - 1 : end], looked_for).text,
            metadata=_shown_metadata(call),
        )

    def _telling(self, turns: Sequence[Turn], looked_for: np.ndarray) -> Turn:
        """A moment's turn that is nearest to what is looked for; a back-channel only where there is nothing else."""
        telling = [turns[number - 1] for number in substantial(turns)]
        vectors = encode_turns(self._scorer.encoder, telling) - self._scorer.mean_turn
        return telling[int(np.argmax(vectors @ looked_for))]

    def _reply(self, candidate: _Candidate) -> Reply:
        call = self._library.get(candidate.call_id)
        _, start, _, anchor, reply = candidate.shelf.places[candidate.row].tolist()
        return Reply(
            call_id=call.call_id,
            outcome=candidate.shelf.outcome,
            similarity=round(candidate.similarity, DIGITS),
            turn_start=start,
            turn_end=reply,
            quote=call.transcript.turns[anchor - 1].text,
            metadata=_shown_metadata(call),
            reply_turn=reply,
            reply=call.transcript.turns[reply - 1].text,
        )


def _diverse(candidates: Sequence[_Candidate], kind: Kind, query: PrecedentQuery) -> list[_Candidate]:
    """MMR over candidates, most similar first, or in the order of its choice."""
    if not candidates:
        return []
    vectors = np.stack([one.shelf.vectors[kind][one.row] for one in candidates])
    relevance = np.array([one.similarity for one in candidates])
    picked = maximal_marginal_relevance(relevance, vectors @ vectors.T, query.n_results, query.diversity)
    return [candidates[row] for row in (picked if query.as_chosen else sorted(picked))]


def _without_copies(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Of calls that are nearly the same the first only."""
    calls = {(one.shelf.outcome, one.call): one for one in candidates}
    if not calls:
        return []
    same = nearly_same([one.shelf.shingles_of(one.call) for one in calls.values()])
    kept: list[int] = []
    for row in range(len(calls)):
        if not same[row, kept].any():
            kept.append(row)
    names = list(calls)
    shown = {names[row] for row in kept}
    return [one for one in candidates if (one.shelf.outcome, one.call) in shown]


def _each_call_once(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    first: dict[str, _Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.call_id, candidate)
    return list(first.values())


def _focus(moments: Sequence[Moment], turn: int) -> int:
    """Which of a call's moments a turn is best seen in, from 0."""
    return moments.index(moment_around(moments, turn))


def _others(shelf: Shelf, query: PrecedentQuery) -> np.ndarray:
    """Which calls of a shelf the query may be answered with, by what is known of them: shape (n_calls,), bool."""
    return shelf.others(
        call_id=query.transcript.call_id,
        content_hash=query.transcript.content_hash,
        account_id=query.account_id,
        started_at=query.started_at,
        among=query.among,
    )


def _finite(vector: np.ndarray) -> np.ndarray:
    if not np.isfinite(vector).all():  # Chroma would answer with ids that look plausible
        raise UnavailableError("This call has no usable vector, so nothing can be compared with it.")
    return vector


def _shown_metadata(call: LabelledCall) -> dict[str, str]:
    started = {"started_at": call.started_at.date().isoformat()} if call.started_at else {}
    return {**call.metadata, **started, "provenance": call.provenance}

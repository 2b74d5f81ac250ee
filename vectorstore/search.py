"""Finds past calls like this one: near by meaning, far from each other (MMR; Carbonell & Goldstein, SIGIR 1998)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from chromadb.api import ClientAPI
from chromadb.errors import ChromaError
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from salescoach.encoder import encode_turns
from salescoach.errors import UnavailableError
from salescoach.library import Library
from salescoach.precedents import PrecedentQuery
from salescoach.scoring import Scorer
from salescoach.types import OUTCOMES, LabelledCall, Outcome, Precedent, Turn
from vectorstore.generation import REBUILD, Generation, collection_name, current_generation, open_client
from vectorstore.moments import moment_around, moment_vector

CANDIDATES_PER_RESULT = 10
MIN_CANDIDATES = 50
MIN_QUOTED_WORDS = 6


@dataclass(frozen=True)
class _Candidate:
    call_id: str
    outcome: Outcome
    similarity: float
    vector: np.ndarray


class PastCalls:
    """The index of past calls. It follows the generation in use, so a rebuilt index is seen at the next question."""

    def __init__(self, index_dir: Path, library: Library, scorer: Scorer) -> None:
        self._index_dir = index_dir
        self._library = library
        self._scorer = scorer
        self._opened: tuple[Generation, ClientAPI] | None = None

    def similar(self, query: PrecedentQuery) -> list[Precedent]:
        """The most similar past calls, diverse, one result per call, most similar first.

        Raises:
            UnavailableError: there is no usable index; says what to do.
        """
        vector = self._scorer.call_vector(query.transcript)
        if not np.isfinite(vector).all():  # Chroma would answer with ids that look plausible
            raise UnavailableError("This call has no usable vector, so nothing can be compared with it.")
        outcomes = [query.outcome] if query.outcome else list(OUTCOMES)
        try:
            candidates = [candidate for outcome in outcomes for candidate in self._candidates(query, vector, outcome)]
            chosen = _diverse(vector, candidates, query)
            focus = self._focus_vector(query)
            return [self._precedent(candidate, focus) for candidate in chosen]
        except ChromaError as error:
            raise UnavailableError(f"The index of past calls can't be read ({error}); {REBUILD}.") from None

    def _store(self, kind: str, outcome: Outcome) -> Chroma:
        generation = current_generation(self._index_dir, self._scorer.manifest.model_id)
        if self._opened is None or self._opened[0] != generation:
            self._opened = (generation, open_client(self._index_dir / generation.name))
        name = collection_name(kind, outcome, generation.fingerprint)
        return Chroma(name, client=self._opened[1], create_collection_if_not_exists=False)

    def _candidates(self, query: PrecedentQuery, vector: np.ndarray, outcome: Outcome) -> list[_Candidate]:
        """The nearest calls of one outcome, without those that must not be shown."""
        store = self._store("calls", outcome)
        n_candidates = max(MIN_CANDIDATES, CANDIDATES_PER_RESULT * query.n_results)
        while True:
            found = store.similarity_search_by_vector_with_relevance_scores(vector.tolist(), k=n_candidates)
            allowed = self._allowed(found, query, outcome)
            if len(allowed) >= query.n_results or len(found) < n_candidates:
                break
            n_candidates *= 4  # what is nearest must not be shown, such as the calls of one large account
        if not allowed:
            return []
        stored = store.get(ids=list(allowed), include=["embeddings"])
        return [
            _Candidate(call_id, outcome, allowed[call_id], np.asarray(embedding, dtype=np.float32))
            for call_id, embedding in zip(stored["ids"], stored["embeddings"], strict=True)
        ]

    def _allowed(
        self, found: list[tuple[Document, float]], query: PrecedentQuery, outcome: Outcome
    ) -> dict[str, float]:
        """The calls that may be shown, with their cosines.

        Not the call itself, nor its account's; not a call that was deleted, rewritten or given another outcome since.
        """
        now = self._library.contents([document.metadata["call_id"] for document, _ in found])
        return {
            facts["call_id"]: 1 - distance
            for facts, distance in ((document.metadata, distance) for document, distance in found)
            if facts["call_id"] != query.transcript.call_id
            and facts["content_hash"] != query.transcript.content_hash
            and (not query.account_id or facts["account_id"] != query.account_id)
            and now.get(facts["call_id"]) == (facts["content_hash"], outcome)
        }

    def _focus_vector(self, query: PrecedentQuery) -> np.ndarray:
        """What is looked for inside the chosen calls: the moment around the focus, or else the whole call."""
        n_turns = len(query.transcript)
        span = moment_around(query.focus, n_turns) if query.focus else (1, n_turns)
        return moment_vector(encode_turns(self._scorer.encoder, query.transcript.turns), span)

    def _telling(self, turns: Sequence[Turn], focus: np.ndarray) -> Turn:
        """The turn of a moment that is nearest to the focus; a back-channel only where there is nothing else."""
        substantial = [turn for turn in turns if len(turn.text.split()) >= MIN_QUOTED_WORDS] or list(turns)
        return substantial[int(np.argmax(encode_turns(self._scorer.encoder, substantial) @ focus))]

    def _precedent(self, candidate: _Candidate, focus: np.ndarray) -> Precedent:
        call = self._library.get(candidate.call_id)
        moments: dict[str, Any] = self._store("moments", candidate.outcome).get(
            where={"call_id": candidate.call_id}, include=["embeddings", "metadatas"]
        )
        if not len(moments["ids"]):
            raise UnavailableError(f"The index of past calls is incomplete; {REBUILD}.")
        nearest = int(np.argmax(np.asarray(moments["embeddings"]) @ focus))
        start, end = int(moments["metadatas"][nearest]["turn_start"]), int(moments["metadatas"][nearest]["turn_end"])
        turns = call.transcript.turns[start - 1 : end]
        quoted = self._telling(turns, focus)
        return Precedent(
            call_id=call.call_id,
            outcome=candidate.outcome,
            similarity=round(candidate.similarity, 4),
            turn_start=start,
            turn_end=end,
            quote=quoted.text,
            metadata=_shown_metadata(call),
        )


def _diverse(vector: np.ndarray, candidates: list[_Candidate], query: PrecedentQuery) -> list[_Candidate]:
    """MMR over the candidates, most similar first."""
    if not candidates:
        return []
    # A fixed order first, so that equal distances can't fall out differently.
    candidates = sorted(candidates, key=lambda candidate: (-candidate.similarity, candidate.call_id))
    picked = maximal_marginal_relevance(
        vector, [candidate.vector.tolist() for candidate in candidates], lambda_mult=query.diversity, k=query.n_results
    )
    return sorted((candidates[row] for row in picked), key=lambda candidate: (-candidate.similarity, candidate.call_id))


def _shown_metadata(call: LabelledCall) -> dict[str, str]:
    started = {"started_at": call.started_at.date().isoformat()} if call.started_at else {}
    return {**call.metadata, **started, "provenance": call.provenance}

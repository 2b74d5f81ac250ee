"""The parts of the coach for other people's LangChain code: an embedder, a scorer, and the whole way to a score.

    Transcript -> Embedder -> Scorer (likeness to won and lost calls) -> Classifier -> Output

Each step takes what the step before gives, or a transcript; each is a ``Runnable``, so it has ``invoke``, ``batch`` and
``stream``, and their async forms. What can't be used is an ``InputError`` of one sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.model.artifact import Manifest, ModelFolder, find_model
from salescoach.model.encoder import Encoder, encode_turns
from salescoach.model.likeness import Likeness
from salescoach.model.scoring import CallScorer
from salescoach.model.similarity import METHODS, ReferenceCalls
from salescoach.reading.transcripts import parse_transcript
from salescoach.types import Frozen, Score, Transcript


class VectorScorer(Protocol):
    """What the steps need of a scorer; ``salescoach.model.scoring.CallScorer`` is one."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def encoder(self) -> Encoder: ...

    def score(
        self,
        transcript: Transcript,
        *,
        force: bool = False,
        vectors: np.ndarray | None = None,
        with_exchanges: bool = False,
    ) -> Score: ...

    def call_vector(self, transcript: Transcript, *, vectors: np.ndarray | None = None) -> np.ndarray: ...


@dataclass(frozen=True)
class EmbeddedCall:
    """A call and its vectors.

    ``turn_vectors``: shape (n_turns, dimension), ``call_vector``: shape (n_blocks * dimension,), the call's difference
    from the average training call; both float32, of unit length.
    """

    transcript: Transcript
    turn_vectors: np.ndarray
    call_vector: np.ndarray


class SimilarityScores(Frozen):
    """How much nearer a call lies to past won calls than to past lost ones, by each method; above 0: nearer to won."""

    cosine: float
    euclidean: float
    mmr: float
    hybrid: float


@dataclass(frozen=True)
class PlacedCall:
    """An embedded call with its similarity scores."""

    call: EmbeddedCall
    similarity: SimilarityScores


class JudgedCall(Frozen):
    """What the chain gives: the score, as ``coach score`` has it, and the similarity scores beside it."""

    score: Score
    similarity: SimilarityScores


class CustomEmbedder(Embeddings):
    """The encoder as LangChain's ``Embeddings``: lists of ``dimension`` floats, of unit length.

    The encoder has learned from turns that begin with their side, “Rep: …” or “Customer: …”; texts that begin like that
    are embedded best.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    @classmethod
    def load(cls, settings: Settings | None = None) -> "CustomEmbedder":
        """The encoder of the model folder that the settings name.

        Raises:
            ModelError: there is no usable model folder.
        """
        return cls(CallScorer.load(settings or Settings.load()).encoder)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector for each text.

        Raises:
            InputError: a text is not a string.
        """
        for number, text in enumerate(texts, start=1):
            if not isinstance(text, str):
                raise InputError(f"Text {number} is of type {type(text).__name__}; the embedder takes strings.")
        vectors: list[list[float]] = self.encoder.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text; as a document it has the same."""
        return self.embed_documents([text])[0]


class SimilarityScorer(Runnable["str | Transcript | EmbeddedCall | Sequence[float] | np.ndarray", SimilarityScores]):
    """The four similarity scores of a call: of a text, a transcript, an embedded call, or a call vector."""

    def __init__(self, past: ReferenceCalls, scorer: VectorScorer) -> None:
        self._past = past
        self._scorer = scorer

    @classmethod
    def load(cls, settings: Settings | None = None, scorer: VectorScorer | None = None) -> "SimilarityScorer":
        """Over the training calls of the model folder that the settings name.

        Raises:
            ModelError: there is no usable model folder.
        """
        settings = settings or Settings.load()
        folder = ModelFolder.open(find_model(settings))
        return cls(Likeness.load(folder.likeness_file).past, scorer or CallScorer.load(settings))

    def invoke(
        self,
        input: "str | Transcript | EmbeddedCall | Sequence[float] | np.ndarray",  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> SimilarityScores:
        """The scores.

        Raises:
            InputError: the text is no transcript, or the vector has another length or a value that is not finite.
        """
        return self._call_with_config(self._scores, input, config)

    def _scores(self, given: Any) -> SimilarityScores:
        if isinstance(given, str | Transcript):
            given = self._scorer.call_vector(read(given))
        vector = np.asarray(given.call_vector if isinstance(given, EmbeddedCall) else given, dtype=object)
        n_values = self._past.vectors.shape[1]
        try:
            numbers = vector.astype(np.float64)
        except (TypeError, ValueError):
            raise InputError(f"This is no call and no vector, but a {type(given).__name__}.") from None
        if numbers.shape != (n_values,) or not np.isfinite(numbers).all():
            raise InputError(f"A call vector has {n_values} finite numbers; this has the shape {numbers.shape}.")
        found = self._past.scores(numbers[None], METHODS)
        return SimilarityScores(**{method: float(found[method][0]) for method in METHODS})


def read(given: Any) -> Transcript:
    """A transcript of a text, or the transcript that is given.

    Raises:
        TranscriptError: the text can't be read as a transcript.
        InputError: it is neither, or the transcript has no turn.
    """
    if isinstance(given, str):
        return parse_transcript(given)
    if not isinstance(given, Transcript):
        raise InputError(f"Give the text of a call or a Transcript, not a {type(given).__name__}.")
    if not given.turns:
        raise InputError("The transcript has no turns.")
    return given


def scoring_chain(settings: Settings | None = None, *, force: bool = False) -> Runnable[str | Transcript, JudgedCall]:
    """From a call to its score, over the model folder that the settings name.

    Args:
        settings: default: from the environment.
        force: where the coach would abstain, give the model's number as ``uncalibrated_probability``.

    Raises:
        ModelError: there is no usable model folder.
    """
    settings = settings or Settings.load()
    scorer = CallScorer.load(settings)
    similarity = SimilarityScorer.load(settings, scorer)

    def embed(transcript: Transcript) -> EmbeddedCall:
        vectors = encode_turns(scorer.encoder, transcript.turns)
        return EmbeddedCall(transcript, vectors, scorer.call_vector(transcript, vectors=vectors))

    def compare(call: EmbeddedCall, config: RunnableConfig) -> PlacedCall:
        return PlacedCall(call, similarity.invoke(call, config))

    def classify(compared: PlacedCall) -> tuple[PlacedCall, Score]:
        call = compared.call
        return compared, scorer.score(call.transcript, force=force, vectors=call.turn_vectors, with_exchanges=True)

    def output(judged: tuple[PlacedCall, Score]) -> JudgedCall:
        return JudgedCall(score=judged[1], similarity=judged[0].similarity)

    return (
        RunnableLambda(read, name="Transcript")
        | RunnableLambda(embed, name="Embedder")
        | RunnableLambda(compare, name="Scorer")
        | RunnableLambda(classify, name="Classifier")
        | RunnableLambda(output, name="Output")
    )

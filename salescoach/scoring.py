"""One call -> a score: probability, interval, evidence by deletion, trajectory, or an abstention with its reasons."""

import hashlib
import importlib.metadata
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from salescoach.abstention import reasons_not_to_judge, unlikeness, unlikeness_of_turns
from salescoach.artifact import Manifest, ModelFolder, find_model, folder_fingerprint
from salescoach.base_model import resolve_base_model
from salescoach.config import Settings
from salescoach.embedding_arm import BlendedArm, ChosenArm, EmbeddingArm, EncodedCall, ScoringArm, WordsArm
from salescoach.encoder import Encoder, TurnEncoder, best_engine, encode_turns
from salescoach.errors import ModelError
from salescoach.head import interval, prediction_set, sigmoid
from salescoach.likeness import Likeness, LikenessArm
from salescoach.pooling import each_prefix, without_each
from salescoach.similarity import directions
from salescoach.text_arm import TextArm
from salescoach.types import EvidenceTurn, MethodName, Score, TrajectoryPoint, Transcript, Turn
from salescoach.vector_cache import FileCache, MemoryCache

N_EVIDENCE = 8
DIGITS = 4  # of a probability; the only place that rounds one
PROBES = (
    "Rep: What would have to be true for you to go ahead this quarter?",
    "Customer: Honestly, the price is above what we set aside.",
)
MIN_PROBE_COSINE = 0.999

ENGINE_PACKAGES = ("torch", "transformers", "sentence-transformers", "numpy")


class Scorer(Protocol):
    """What the tools need of a scorer."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def encoder(self) -> Encoder: ...

    @property
    def mean_turn(self) -> np.ndarray: ...

    @property
    def verdict(self) -> str: ...

    def score(self, transcript: Transcript, *, force: bool = False, n_evidence: int = N_EVIDENCE) -> Score: ...

    def call_vector(self, transcript: Transcript) -> np.ndarray: ...

    def unlikeness_of(self, turns: Sequence[Turn]) -> np.ndarray: ...


class CallScorer:
    """Scores calls with one model folder. The same call gives the same score, whatever was scored before."""

    def __init__(
        self, manifest: Manifest, encoder: Encoder, embedding: EmbeddingArm, chosen: ChosenArm, verdict: str = ""
    ) -> None:
        """``verdict``: whether fine-tuning was worth it, as the model card has it; empty where there is none."""
        self.manifest = manifest
        self.verdict = verdict
        self.encoder = encoder
        self._embedding = embedding
        self._arm = chosen.arm
        self._name = chosen.name
        self._quantile = chosen.quantile

    @classmethod
    def load(cls, settings: Settings, *, method: MethodName | None = None, cached: bool = True) -> "CallScorer":
        """The scorer of the model folder that the settings name.

        Args:
            settings: names the model folder.
            method: score by likeness to past calls, in place of the arm that did best.
            cached: whether turn vectors are remembered.

        Raises:
            ModelError: there is no model folder, it is damaged, or the encoder no longer gives what it gave.
        """
        folder = ModelFolder.open(find_model(settings))
        embedding, chosen = load_arms(folder)
        if method is not None:
            likeness = Likeness.load(folder.likeness_file)
            chosen = ChosenArm(LikenessArm(embedding, likeness, method), method, likeness.quantile(method))
        encoder = load_encoder(folder.encoder, folder.manifest.encoder_fingerprint, settings)
        cosines = np.sum(encoder.encode(PROBES) * embedding.probes, axis=1)
        if not (cosines >= MIN_PROBE_COSINE).all():  # NaN is not enough either
            raise ModelError(
                f"The encoder in {folder.path} no longer gives the vectors that it gave when it was trained "
                f"({_changed_versions(folder.manifest)}); install the pinned packages, or train again."
            )
        encoder = encoder if cached else encoder.without_cache()
        return cls(folder.manifest, encoder, embedding, chosen, folder.verdict)

    @property
    def mean_turn(self) -> np.ndarray:
        """The average turn of the training calls, which likeness of turns is measured from: (dimension,), float32."""
        return self._embedding.mean_turn

    def probabilities(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """Probabilities of variants of a call, rounded to four decimals; ``keep`` as in ``Pooling.pool``."""
        raw = sigmoid(self._arm.logits(call, keep))
        if not np.isfinite(raw).all():
            raise ModelError(f"The model {self.manifest.model_id} gave a number that is not finite; train again.")
        return np.round(raw, DIGITS)

    def call_vector(self, transcript: Transcript, *, vectors: np.ndarray | None = None) -> np.ndarray:
        """The call's difference from the average call: shape (4 * encoder dimension,), float32, unit length.

        ``vectors``: those of its turns, where they are known.
        """
        vectors = encode_turns(self.encoder, transcript.turns) if vectors is None else vectors
        pooled = self._embedding.pooling.pool(vectors, [turn.role for turn in transcript.turns])
        return np.asarray(directions(pooled, self._embedding.center)[0], dtype=np.float32)

    def unlikeness_of(self, turns: Sequence[Turn]) -> np.ndarray:
        """How unlike the training calls each turn is by itself: shape (n_turns,), from 0 up."""
        vectors = encode_turns(self.encoder, turns)
        return unlikeness_of_turns(vectors, self._embedding.mean_turn, self._embedding.precision)

    def score(
        self,
        transcript: Transcript,
        *,
        force: bool = False,
        n_evidence: int = N_EVIDENCE,
        vectors: np.ndarray | None = None,
    ) -> Score:
        """Scores a call.

        Args:
            transcript: the call, at least one turn.
            force: where the coach would abstain, give the model's number as ``uncalibrated_probability``.
            n_evidence: how many turns to show at most, strongest first; a turn that moves nothing is never shown.
            vectors: those of its turns, as ``encode_turns`` gives them, where they are known.
        """
        start = time.perf_counter()
        n_turns = len(transcript)
        vectors = encode_turns(self.encoder, transcript.turns) if vectors is None else vectors
        call = EncodedCall(transcript.turns, vectors)
        whole = np.ones((1, n_turns), dtype=bool)
        probabilities = self.probabilities(call, np.concatenate([whole, without_each(n_turns), each_prefix(n_turns)]))
        p, p_without, p_prefix = float(probabilities[0]), probabilities[1 : n_turns + 1], probabilities[n_turns + 1 :]

        reasons = reasons_not_to_judge(transcript)
        distance = unlikeness(call.vectors, self._embedding.mean_turn, self._embedding.precision)
        if not reasons and distance > self.manifest.max_unlikeness:
            reasons.append(f"The call is unlike the calls that the model has learned from ({self.manifest.data}).")
        shown = not reasons or force
        return Score(
            call_id=transcript.call_id,
            probability=None if reasons else p,
            uncalibrated_probability=p if reasons and force else None,
            interval=None
            if reasons
            else _interval(self._arm.member_logits(call), p, distance / self.manifest.max_unlikeness),
            prediction_set=() if reasons else prediction_set(p, self._quantile),
            abstained=bool(reasons),
            reasons=tuple(reasons),
            warnings=transcript.warnings,
            model_id=self.manifest.model_id,
            scorer=self._name,
            n_turns=n_turns,
            latency_ms=round((time.perf_counter() - start) * 1000, 1),
            evidence=_evidence(transcript, p, p_without, n_evidence) if shown else (),
            trajectory=tuple(
                TrajectoryPoint(turn=turn, probability=float(value)) for turn, value in enumerate(p_prefix, start=1)
            )
            if shown
            else (),
        )


def load_arms(folder: ModelFolder) -> tuple[EmbeddingArm, ChosenArm]:
    """The embedding's arm of a model folder, which finds likeness, and the arm that scores, often the same.

    Raises:
        ModelError: a file of theirs is missing or damaged.
    """
    manifest = folder.manifest
    embedding = EmbeddingArm.load(folder.embedding_file)
    arm: ScoringArm = embedding
    if manifest.scorer != manifest.embedding:
        words = WordsArm(TextArm.load(folder.text_file))
        arm = words if manifest.scorer == "tfidf" else BlendedArm((embedding, words), *manifest.blend)
    return embedding, ChosenArm(arm, manifest.scorer, manifest.conformal_quantile)


def load_encoder(folder: Path, fingerprint: str, settings: Settings, *, cached: bool = True) -> TurnEncoder:
    """An encoder, its vectors kept under ``COACH_HOME`` (one file for each encoder and engine) or only in memory."""
    engine = best_engine()
    cache = FileCache(settings.cache_dir / f"{fingerprint[:16]}-{engine}.sqlite") if cached else MemoryCache()
    return TurnEncoder.load(folder, fingerprint=fingerprint, engine=engine, threads=settings.threads, cache=cache)


def load_base_encoder(settings: Settings) -> TurnEncoder:
    """The encoder that training starts from, generic as it is."""
    source = resolve_base_model(settings.base_model)
    if Path(source).is_dir():
        return load_encoder(Path(source), folder_fingerprint(Path(source)), settings)
    name = hashlib.sha256(source.encode()).hexdigest()
    return TurnEncoder.load(source, fingerprint=name, threads=settings.threads)


def installed_versions() -> dict[str, str]:
    """Versions of the packages that decide what a vector is."""
    return {name: importlib.metadata.version(name) for name in ENGINE_PACKAGES}


def _changed_versions(manifest: Manifest) -> str:
    now = installed_versions()
    changed = [
        f"{name} {then} then, {now[name]} now" for name, then in manifest.versions.items() if now.get(name) != then
    ]
    return "; ".join(changed) or "the package versions are the same"


def _interval(member_logits: np.ndarray | None, p: float, strangeness: float) -> tuple[float, float] | None:
    """What the members say, rounded and widened to hold ``p``; None without members."""
    if member_logits is None:
        return None
    low, high = interval(member_logits, strangeness)
    return round(min(low, p), DIGITS), round(max(high, p), DIGITS)


def _evidence(transcript: Transcript, p: float, p_without: np.ndarray, n_evidence: int) -> tuple[EvidenceTurn, ...]:
    """The turns whose deletion moves the score most; a turn whose deletion moves nothing is no evidence."""
    effects = np.round(p - p_without, DIGITS)
    strongest = np.argsort(-np.abs(effects), kind="stable")[:n_evidence]
    turns = transcript.turns
    return tuple(
        EvidenceTurn(
            turn=int(row) + 1,
            speaker=turns[row].speaker,
            role=turns[row].role,
            quote=turns[row].text,
            effect=float(effects[row]),
        )
        for row in strongest
        if effects[row] != 0
    )

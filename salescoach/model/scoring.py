"""One call -> a score: probability, interval, evidence by deletion, trajectory, or an abstention with its reasons."""

import copy
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from salescoach.config import Settings
from salescoach.errors import ModelError, UnavailableError
from salescoach.model.abstention import (
    reasons_not_to_judge,
    unlike_what_was_learned,
    unlikeness,
    unlikeness_of_turns,
)
from salescoach.model.artifact import Manifest, ModelFolder, find_model
from salescoach.model.embedding_arm import ChosenArm, EmbeddingArm, EncodedCall
from salescoach.model.encoder import Encoder, encode_turns
from salescoach.model.head import prediction_set, sigmoid
from salescoach.model.likeness import Likeness, LikenessArm
from salescoach.model.loading import (
    PROBES,
    BundledReader,
    Untrained,
    changed_versions,
    load_arms,
    load_encoder,
    load_likeness,
    load_untrained,
)
from salescoach.model.pooling import each_prefix, without_all, without_each
from salescoach.model.similarity import directions
from salescoach.moves.exchanges import exchanges_of
from salescoach.moves.reader import NamedReader
from salescoach.types import (
    EvidenceTurn,
    MethodName,
    Score,
    ScoredExchange,
    ScorerName,
    TrajectoryPoint,
    Transcript,
    Turn,
)

N_EVIDENCE = 8
DIGITS = 4  # of a probability; the only place that rounds one
MIN_PROBE_COSINE = 0.999

Logits = Callable[[EncodedCall, np.ndarray], np.ndarray]  # as ``ScoringArm.logits``


@dataclass(frozen=True)
class ArmView:
    """A call as one arm sees it: a probability of four decimals, and the turns that move it most."""

    name: ScorerName | MethodName
    probability: float
    evidence: tuple[EvidenceTurn, ...]


@dataclass(frozen=True)
class Standing:
    """What a score says first: a probability of four decimals with its interval, or the reasons why there is none."""

    probability: float | None
    interval: tuple[float, float] | None
    reasons: tuple[str, ...] = ()


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

    @property
    def method(self) -> MethodName | None: ...

    @property
    def reader(self) -> NamedReader | None: ...

    def with_method(self, method: MethodName | None) -> "Scorer": ...

    def score(
        self,
        transcript: Transcript,
        *,
        force: bool = False,
        n_evidence: int = N_EVIDENCE,
        with_exchanges: bool = False,
    ) -> Score: ...

    def effects(self, transcript: Transcript, turns: Sequence[int]) -> tuple[float, ...]: ...

    def effects_together(self, transcript: Transcript, groups: Sequence[Sequence[int]]) -> tuple[float, ...]: ...

    def call_vector(self, transcript: Transcript) -> np.ndarray: ...

    def unlikeness_of(self, turns: Sequence[Turn]) -> np.ndarray: ...

    def views(self, transcript: Transcript, *, n_evidence: int = N_EVIDENCE) -> tuple[ArmView, ...]: ...


class CallScorer:
    """Scores calls with one model folder. The same call gives the same score, whatever was scored before."""

    def __init__(
        self,
        manifest: Manifest,
        encoder: Encoder,
        embedding: EmbeddingArm,
        chosen: ChosenArm,
        verdict: str = "",
        likeness: Callable[[], Likeness] | None = None,
        load_untrained: Callable[[], Untrained] | None = None,
        reader: NamedReader | None = None,
    ) -> None:
        """A scorer whose parts are loaded.

        ``verdict``: whether fine-tuning was worth it, as the model card has it; empty where there is none.
        ``likeness``: reads what scoring by likeness needs, which is loaded only when somebody asks for it.
        ``load_untrained`` is called when encoders are first compared; None where there is nothing to compare with.
        ``reader`` finds the exchanges of a call; without it a score has none.
        """
        self.manifest = manifest
        self.verdict = verdict
        self.encoder = encoder
        self.method: MethodName | None = None
        self._embedding = embedding
        self._arm = chosen.arm
        self._name = chosen.name
        self._quantile = chosen.quantile
        self._best = chosen
        self._likeness = likeness
        self._load_untrained = load_untrained
        self.reader = reader

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
        reader = BundledReader(settings, cached=cached)
        embedding, chosen = load_arms(folder, lambda: reader.loaded)
        encoder = load_encoder(folder.encoder, folder.manifest.encoder_fingerprint, settings)
        # Not from the cache: what it holds was right once, whatever the packages give by now.
        cosines = np.sum(encoder.without_cache().encode(PROBES) * embedding.probes, axis=1)
        if not (cosines >= MIN_PROBE_COSINE).all():  # NaN is not enough either
            raise ModelError(
                f"The encoder in {folder.path} no longer gives the vectors that it gave when it was trained "
                f"({changed_versions(folder.manifest)}); install the pinned packages, or train again."
            )
        encoder = encoder if cached else encoder.without_cache()
        likeness = functools.cache(lambda: load_likeness(folder))
        has_head = folder.manifest.embedding == "finetuned" and folder.generic_file.is_file()
        compare = functools.cache(lambda: load_untrained(folder, settings)) if has_head else None
        best = cls(
            folder.manifest,
            encoder,
            embedding,
            chosen,
            folder.verdict,
            likeness,
            compare,
            reader,
        )
        return best.with_method(method)

    def with_method(self, method: MethodName | None) -> "CallScorer":
        """The same model, scoring by likeness to past calls; None: by the arm that did best. Nothing is loaded twice.

        Raises:
            ModelError: the model has no past calls, or its folder isn't the one any more that this scorer came from.
        """
        if method == self.method:
            return self
        if self._likeness is None:
            raise ModelError(f"The model {self.manifest.model_id} has no past calls to score by likeness to.")
        chosen = self._best
        if method is not None:
            likeness = self._likeness()
            chosen = ChosenArm(LikenessArm(self._embedding, likeness, method), method, likeness.quantile(method))
        scorer = copy.copy(self)
        scorer.method = method
        scorer._arm, scorer._name, scorer._quantile = chosen.arm, chosen.name, chosen.quantile
        return scorer

    @property
    def mean_turn(self) -> np.ndarray:
        """The average turn of the training calls, which likeness of turns is measured from: (dimension,), float32."""
        return self._embedding.mean_turn

    def probabilities(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """Probabilities of variants of a call, rounded to four decimals; ``keep`` as in ``Pooling.pool``."""
        return self._rounded(self._arm.logits, call, keep)

    def _rounded(self, logits: Logits, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        return np.round(sigmoid(self._finite(logits(call, keep))), DIGITS)

    def _finite(self, numbers: np.ndarray) -> np.ndarray:
        """Before anything is made of them: infinity would become a probability of 1, and nan is below every bound."""
        if not np.isfinite(numbers).all():
            raise ModelError(
                f"The model {self.manifest.model_id} came to a number that is not finite, so there is no score; run "
                "it again, and if that stays so, install the pinned packages (requirements.lock) or train again."
            )
        return numbers

    def call_vector(self, transcript: Transcript, *, vectors: np.ndarray | None = None) -> np.ndarray:
        """The call's difference from the average call: shape (n_blocks * dimension,), float32, unit length.

        ``vectors``: those of its turns, where they are known.
        """
        vectors = encode_turns(self.encoder, transcript.turns) if vectors is None else vectors
        pooled = self._embedding.pooling.pool(vectors, [turn.role for turn in transcript.turns])
        return self._finite(np.asarray(directions(pooled, self._embedding.center)[0], dtype=np.float32))

    def unlikeness_of(self, turns: Sequence[Turn]) -> np.ndarray:
        """How unlike the training calls each turn is by itself: shape (n_turns,), from 0 up."""
        vectors = encode_turns(self.encoder, turns)
        return self._finite(unlikeness_of_turns(vectors, self._embedding.mean_turn, self._embedding.precision))

    def effects(self, transcript: Transcript, turns: Sequence[int]) -> tuple[float, ...]:
        """What each of some turns, from 1, does to the probability of a call, judged or not, as evidence has it.

        Raises:
            ModelError: a number came out that is not finite.
        """
        return self.effects_together(transcript, [(turn,) for turn in turns])

    def effects_together(self, transcript: Transcript, groups: Sequence[Sequence[int]]) -> tuple[float, ...]:
        """What the turns of each group, from 1, do together: p(call) less p(call without all of them).

        Effects of single turns don't add up to it.

        Raises:
            ModelError: a number came out that is not finite.
        """
        call = EncodedCall(transcript.turns, encode_turns(self.encoder, transcript.turns))
        whole = np.ones((1, len(transcript)), dtype=bool)
        without = without_all(len(transcript), [tuple(turns) for turns in groups])
        p, *p_without = self.probabilities(call, np.concatenate([whole, without])).tolist()
        return tuple(round(p - one, DIGITS) for one in p_without)

    def views(self, transcript: Transcript, *, n_evidence: int = N_EVIDENCE) -> tuple[ArmView, ...]:
        """A call as the untrained encoder sees it, then the fine-tuned one alone, then, if another, what scores.

        Args:
            transcript: the call, at least one turn. Whether it can be judged at all is for ``score`` to say.
            n_evidence: how many turns to show at most, as in ``score``.

        Raises:
            UnavailableError: there is nothing to compare with; says why.
        """
        untrained = self._compared_with()
        before, own = (
            EncodedCall(transcript.turns, encode_turns(encoder, transcript.turns))
            for encoder in (untrained.encoder, self.encoder)
        )
        arms: list[tuple[ScorerName | MethodName, Logits, EncodedCall]] = [
            ("generic", untrained.arm.logits, before),
            (self.manifest.embedding, self._embedding.logits, own),
        ]
        if self._name != self.manifest.embedding:
            arms.append((self._name, self._arm.logits, own))
        n_turns = len(transcript)
        whole = np.ones((1, n_turns), dtype=bool)
        views = []
        for name, logits, call in arms:
            rows = self._arm.telling_turns(call, n_evidence) if logits == self._arm.logits else np.arange(n_turns)
            p, *p_without = self._rounded(logits, call, np.concatenate([whole, without_each(n_turns)[rows]])).tolist()
            views.append(ArmView(name, p, _evidence(transcript, rows, p - np.array(p_without), n_evidence)))
        return tuple(views)

    def _compared_with(self) -> Untrained:
        model_id = self.manifest.model_id
        if self.manifest.embedding == "generic":
            raise UnavailableError(
                f"The model {model_id} works with the encoder as it came, so there are no two to compare; "
                "`coach train` fine-tunes one and keeps it where that is better."
            )
        if self._load_untrained is None:
            raise UnavailableError(
                f"The model {model_id} was made without the untrained encoder's head, so there is nothing to compare "
                "with; train again to have it."
            )
        return self._load_untrained()

    def score(
        self,
        transcript: Transcript,
        *,
        force: bool = False,
        n_evidence: int = N_EVIDENCE,
        vectors: np.ndarray | None = None,
        with_exchanges: bool = False,
    ) -> Score:
        """Scores a call.

        Args:
            transcript: the call, at least one turn.
            force: where the coach would abstain, give the model's number as ``uncalibrated_probability``.
            n_evidence: how many turns to show at most, strongest first; a turn that moves nothing is never shown.
            vectors: those of its turns, as ``encode_turns`` gives them, where they are known.
            with_exchanges: whether moves are read to find them.

        Raises:
            ModelError: a number came out that is not finite.
        """
        start = time.perf_counter()
        n_turns = len(transcript)
        reasons = reasons_not_to_judge(transcript)
        if reasons and not force:  # that needs no encoding, whatever the text is
            return self._abstention(transcript, reasons, start)
        vectors = encode_turns(self.encoder, transcript.turns) if vectors is None else vectors
        call = EncodedCall(transcript.turns, vectors)
        distance = unlikeness(call.vectors, self._embedding.mean_turn, self._embedding.precision)
        if not reasons and distance > self.manifest.max_unlikeness:
            reasons.append(unlike_what_was_learned(self.manifest.data))
        relative = distance / self.manifest.max_unlikeness
        if reasons and not force:
            return self._abstention(transcript, reasons, start, relative)
        rows = self._arm.telling_turns(call, n_evidence)
        exchanges = self._exchanges(transcript) if with_exchanges else []
        kept = [
            each_prefix(n_turns),
            without_each(n_turns)[rows],
            without_all(n_turns, [turns for turns, _ in exchanges]),
        ]
        p_prefix, p_without, p_without_exchange = np.split(
            self.probabilities(call, np.concatenate(kept)), np.cumsum([len(one) for one in kept])[:-1]
        )
        p = float(p_prefix[-1])
        found = self._arm.interval(call, relative)
        self._finite(np.array([distance, *(found or ())]))
        return Score(
            call_id=transcript.call_id,
            probability=None if reasons else p,
            uncalibrated_probability=p if reasons else None,
            interval=None if reasons else _interval(found, p),
            prediction_set=() if reasons else prediction_set(p, self._quantile),
            abstained=bool(reasons),
            reasons=tuple(reasons),
            warnings=transcript.warnings,
            model_id=self.manifest.model_id,
            scorer=self._name,
            n_turns=n_turns,
            unlikeness=round(relative, DIGITS),
            latency_ms=_ms_since(start),
            evidence=_evidence(transcript, rows, p - p_without, n_evidence),
            exchanges=_strongest(exchanges, p - p_without_exchange),
            trajectory=tuple(
                TrajectoryPoint(turn=turn, probability=float(value)) for turn, value in enumerate(p_prefix, start=1)
            ),
        )

    def standing(self, call: EncodedCall) -> Standing:
        """Probability and interval as ``score`` has them of a call that nothing in its text forbids to judge.

        Evidence and trajectory, which take longer, are left out.

        Raises:
            ModelError: a number came out that is not finite.
        """
        distance = unlikeness(call.vectors, self._embedding.mean_turn, self._embedding.precision)
        if distance > self.manifest.max_unlikeness:
            return Standing(None, None, (unlike_what_was_learned(self.manifest.data),))
        logit, found = self._arm.whole(call, distance / self.manifest.max_unlikeness)
        self._finite(np.array([distance, logit, *(found or ())]))
        p = float(np.round(sigmoid(np.array([logit])), DIGITS)[0])
        return Standing(p, _interval(found, p))

    def _exchanges(self, transcript: Transcript) -> list[tuple[tuple[int, ...], tuple[str, ...]]]:
        """The turns of each exchange, a concern with its answer, and what its turns do."""
        return [] if self.reader is None else exchanges_of(self.reader.read(transcript))

    def _abstention(
        self, transcript: Transcript, reasons: Sequence[str], start: float, relative: float | None = None
    ) -> Score:
        return Score(
            call_id=transcript.call_id,
            probability=None,
            interval=None,
            prediction_set=(),
            abstained=True,
            reasons=tuple(reasons),
            warnings=transcript.warnings,
            model_id=self.manifest.model_id,
            scorer=self._name,
            n_turns=len(transcript),
            unlikeness=None if relative is None else round(relative, DIGITS),
            latency_ms=_ms_since(start),
        )


def _ms_since(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 1)


def _interval(found: tuple[float, float] | None, p: float) -> tuple[float, float] | None:
    """Rounded, and widened to hold ``p``."""
    return None if found is None else (round(min(found[0], p), DIGITS), round(max(found[1], p), DIGITS))


def _evidence(
    transcript: Transcript, rows: np.ndarray, effects: np.ndarray, n_evidence: int
) -> tuple[EvidenceTurn, ...]:
    """The turns, of those at ``rows``, whose deletion moves the score most; one that moves nothing is no evidence."""
    effects = np.round(effects, DIGITS)
    turns = transcript.turns
    return tuple(
        EvidenceTurn(
            turn=int(rows[place]) + 1,
            speaker=turns[rows[place]].speaker,
            role=turns[rows[place]].role,
            quote=turns[rows[place]].text,
            effect=float(effects[place]),
        )
        for place in np.argsort(-np.abs(effects), kind="stable")[:n_evidence]
        if effects[place] != 0
    )


def _strongest(
    exchanges: Sequence[tuple[tuple[int, ...], tuple[str, ...]]], effects: np.ndarray
) -> tuple[ScoredExchange, ...]:
    """The exchanges, that which moves the score most first; one that moves nothing is left out."""
    found = [
        ScoredExchange(turns=turns, moves=moves, effect=round(float(effect), DIGITS))
        for (turns, moves), effect in zip(exchanges, effects, strict=True)
    ]
    return tuple(sorted((one for one in found if one.effect), key=lambda one: -abs(one.effect)))

"""Everything that is fitted before the judging calls have their say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.config import Settings
from salescoach.model.encoder import Encoder, encode_turns
from salescoach.model.head import Head
from salescoach.model.loading import load_reader
from salescoach.model.text_arm import TextArm
from salescoach.progress import Progress
from salescoach.types import EmbeddingName, Transcript
from training.calls import TrainingCalls
from training.embedding import Embedding, FineTuning, Pooled, PooledPair, Trained, fit_finetuned, fit_generic
from training.fit_head import Classifier, fit_head
from training.fit_text_arm import fit_text_arm
from training.judge import Candidate
from training.moves.arm import FittedMoves, fit_moves, judged_moves
from training.parts import Split

CALLS_AT_ONCE = 64


@dataclass(frozen=True)
class Arms:
    """Everything that was fitted, before it is known what of it stays; by the name of the embedding, or of the arm."""

    text: TextArm
    embeddings: Mapping[EmbeddingName, Trained]
    pooled: Mapping[EmbeddingName, PooledPair]
    heads: Mapping[EmbeddingName, Head]
    candidates: Mapping[str, Candidate]
    moves: FittedMoves | None


def fit_embeddings(split: Split, tuning: FineTuning, *, is_finetuned: bool) -> dict[EmbeddingName, Trained]:
    """The generic encoder with its pooling and classifier and, if it is wanted, the fine-tuned one."""
    encode_calls(tuning.generic, [*split.seen.calls, *split.judging], "encoding calls", tuning.progress)
    generic = fit_generic(tuning.generic, split.seen, tuning.options)
    if not is_finetuned:
        return {"generic": generic}
    tuned = fit_finetuned(split.seen, tuning)
    _encode_anew(tuned, split.some.calls, split.judging, tuning.progress)
    return {"generic": generic, "finetuned": tuned}


def fit_move_arm(split: Split, settings: Settings, known: Sequence[float] | None, progress: Progress) -> FittedMoves:
    """The move reader, calibrated on the calls that are seen, or, where it learned from those, as it came."""
    reader = load_reader(settings)
    if known is not None:
        return judged_moves(reader, split.seen, known)
    return fit_moves(reader, split.seen, split.judging, progress)


def fit_arms(
    split: Split, embeddings: Mapping[EmbeddingName, Trained], moves: FittedMoves | None, progress: Progress
) -> Arms:
    """A head for each embedding, the arm that reads words, and what each of them says of the calls that judge."""
    seen, some, judging = split.seen, split.some, split.judging
    progress("fitting", 0, 2)
    text, text_honest = fit_text_arm(seen.calls, seen.labels, seen.groups, seen.seed)
    progress("fitting", 1, 2)
    said = [text.logits(call.turns, np.ones((1, len(call)), dtype=bool)) for call in judging]
    candidates = {"tfidf": Candidate(np.array(said).reshape(-1), text_honest)}
    pooled: dict[EmbeddingName, PooledPair] = {}
    heads: dict[EmbeddingName, Head] = {}
    for arm, embedding in embeddings.items():
        pooled[arm] = embedding.pool(some)
        heads[arm], of_held_out = fitted_head(embedding, pooled[arm], some)
        candidates[arm] = Candidate(heads[arm].logits(embedding.final.pool(judging)), seen.placed(of_held_out))
    if moves is not None:
        candidates["moves"] = Candidate(moves.judging, moves.honest)
    progress("fitting", 2, 2)
    return Arms(text, embeddings, pooled, heads, candidates, moves)


def fitted_head(trained: Trained, pooled: PooledPair, seen: TrainingCalls) -> tuple[Head, np.ndarray]:
    groups = np.array(seen.groups, dtype=object)
    held_out = seen.held_out

    def classifier(embedding: Embedding, by: Pooled) -> Classifier:
        rows = by.learned
        return Classifier(embedding.weights, embedding.bias, by.vectors[rows], seen.labels[rows], groups[rows].tolist())

    return fit_head(
        classifier(trained.honest, pooled.honest),
        pooled.honest.vectors[held_out],
        seen.labels[held_out],
        groups[held_out].tolist(),
        np.random.default_rng(seen.seed),
        final=classifier(trained.final, pooled.final) if trained.is_refit else None,
    )


def encode_calls(encoder: Encoder, calls: Sequence[Transcript], stage: str, progress: Progress) -> None:
    """Fills the encoder's cache, with progress; many calls at once, as large batches are faster."""
    for done in range(0, len(calls), CALLS_AT_ONCE):
        progress(stage, done, len(calls))
        encode_turns(encoder, [turn for call in calls[done : done + CALLS_AT_ONCE] for turn in call.turns])
    progress(stage, len(calls), len(calls))


def _encode_anew(
    tuned: Trained, learned: Sequence[Transcript], judging: Sequence[Transcript], progress: Progress
) -> None:
    encode_calls(tuned.final.encoder, [*learned, *judging], "encoding calls anew", progress)
    if tuned.is_refit:
        encode_calls(tuned.honest.encoder, learned, "encoding calls for calibration", progress)

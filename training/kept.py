"""What is kept once an arm has won: the arm as it was judged, or the same recipe fitted on every labelled call."""

from dataclasses import dataclass

import numpy as np

from salescoach.model.head import Head, blended
from salescoach.model.text_arm import TextArm
from salescoach.moves.profile import CallProfile
from training.arms import fit_blend
from training.calls import TrainingCalls
from training.embedding import FineTuning, PooledPair, Trained, learned_from_all
from training.fit_head import fit_calibrator
from training.fit_text_arm import fit_text_arm
from training.fitted import Arms, encode_calls, fitted_head
from training.judge import Verdict
from training.parts import MAX_HEAD_CALLS, Split


@dataclass(frozen=True)
class Kept:
    """What scores from now on, and the calls that it learned from.

    ``honest``: calibrated logits of those calls by fits that have not seen them, shape (n_calls,), nan where there are
    none; ``blend``: slope and offset on the mean logit of embedding and words.
    """

    learned: TrainingCalls
    some: TrainingCalls
    embedding: Trained
    pooled: PooledPair
    head: Head
    text: TextArm
    blend: tuple[float, float]
    profile: CallProfile | None
    honest: np.ndarray


def as_judged(split: Split, arms: Arms, verdict: Verdict) -> Kept:
    """What was judged, as it is."""
    name = verdict.embedding
    return Kept(
        split.seen, split.some, arms.embeddings[name], arms.pooled[name], arms.heads[name], arms.text, verdict.blend,
        None if arms.moves is None else arms.moves.profile, verdict.honest,
    )  # fmt: skip


def kept_of_all(split: Split, arms: Arms, verdict: Verdict, tuning: FineTuning) -> Kept:
    """The recipe that won, fitted on every call, and calibrated by what fits that hadn't seen a call said of it."""
    whole, name = split.whole, verdict.embedding
    some = whole.some(MAX_HEAD_CALLS)
    embedding = learned_from_all(arms.embeddings[name], whole, tuning, is_finetuned=name == "finetuned")
    if name == "finetuned":
        encode_calls(embedding.final.encoder, some.calls, "encoding all calls", tuning.progress)
        encode_calls(embedding.honest.encoder, split.judging, "encoding calls for calibration", tuning.progress)
    pooled = embedding.pool(some)
    head, of_held_out = fitted_head(embedding, pooled, some)
    by_embedding = whole.placed(of_held_out)
    text, by_words = fit_text_arm(whole.calls, whole.labels, whole.groups, whole.seed)
    blend = fit_blend(blended([by_embedding, by_words]), whole.labels)
    honest = {name: by_embedding, "tfidf": by_words, "blend": blended([by_embedding, by_words], *blend)}
    profile = None
    if arms.moves is not None:
        said = np.concatenate([arms.moves.honest, arms.moves.judging])
        slope, offset = fit_calibrator(said, whole.labels)
        profile = arms.moves.profile.calibrated(slope, offset)
        honest["moves"] = slope * said + offset
    return Kept(whole, some, embedding, pooled, head, text, blend, profile, honest[verdict.scorer])

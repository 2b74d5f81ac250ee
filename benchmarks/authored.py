"""What can be measured on the authored calls: agreement of labellers, blind forecasts, and what gives calls away.

    python benchmarks/authored.py [--writers w13 w14 …]

Nothing here says anything about sales: writers, labellers and outcomes are machine-made (see docs/authored-calls.md).
"""

import argparse
import re
from collections import Counter

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from salescoach.moves.taxonomy import MOVES
from salescoach.stats.measures import roc_auc
from salescoach.types import Transcript
from training.authored.agreement import agreement
from training.authored.corpus import Labels, read_calls
from training.authored.deals import read_deals
from training.authored.labelled import AUTHORED, labels_by

N_RESAMPLES = 2_000
_WORD = re.compile(r"[\w']+")
_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_PRAISE = re.compile(r"\b(?:good|great|nice|lovely|love|perfect|happy|glad|fine|brilliant)\b", re.IGNORECASE)
_BLAME = re.compile(r"\b(?:bad|wrong|no|not|never|problem|awful|hate|worse|worst|sorry|can't|won't)\b", re.IGNORECASE)
_POLITE = re.compile(r"\b(?:please|thanks?|thank you|sorry|appreciate)\b", re.IGNORECASE)


def auc(labels: np.ndarray, values: np.ndarray) -> str:
    """AUROC with its 95 % interval over resampled calls."""
    rng, n = np.random.default_rng(1), len(labels)
    drawn = [rng.integers(0, n, n) for _ in range(N_RESAMPLES)]
    found = [roc_auc(labels[rows], values[rows]) for rows in drawn if 0 < labels[rows].sum() < n]
    low, high = np.quantile(found, (0.025, 0.975))
    return f"{roc_auc_score(labels, values):.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", nargs="+", help="only their calls")
    chosen = parser.parse_args().writers
    every = read_calls(AUTHORED / "calls")
    calls = {one: call for one, call in every.items() if not chosen or one.partition("-")[0] in chosen}
    first, second, settled = (labels_by(who, calls) for who in ("first", "second", "settled"))
    found = agreement(calls, first, second)
    print(f"{found.n_calls} calls, {found.n_turns} turns")
    print(f"kappa over all moves {found.kappa:.3f}; any objection {found.any_objection:.3f}")
    print(f"handled well or partly against badly or not: balanced accuracy {found.handled:.3f} on {found.n_handled}")
    for move, (value, n) in sorted(found.by_move.items(), key=lambda pair: -pair[1][0]):
        print(f"  {move:20}{value:6.2f}{n:6} turns")

    deals = read_deals(AUTHORED / "facts")
    ids = sorted(settled)
    converted = np.array([float(deals[one].outcome == "converted") for one in ids])
    print(f"\n{int(converted.sum())} of {len(ids)} calls converted; AUROC of the outcome:")

    def row(name: str, values: list[float]) -> None:
        print(f"  {name:42}{auc(converted, np.array(values))}")

    row("the drawn facts", [deals[one].probability for one in ids])
    forecasts = {
        name: [labels[one].probability for one in ids] for name, labels in (("first", first), ("second", second))
    }
    for name, p in forecasts.items():
        print(f"  Brier of the {name} labeller {np.mean((np.array(p) - converted) ** 2):.3f}", end="")
        print(f" (base rate alone {converted.mean() * (1 - converted.mean()):.3f})")
        row(f"blind forecast of the {name} labeller", p)
    row("handled well or partly, share", [share_handled(settled[one]) for one in ids])
    row("turns", [len(calls[one]) for one in ids])
    row("words", [sum(len(turn.text.split()) for turn in calls[one].turns) for one in ids])
    row("polite words, share", [polite(" ".join(turn.text for turn in calls[one].turns)) for one in ids])
    for move in MOVES:
        row(f"turns with {move}", [sum(move in own for own in settled[one].moves.values()) for one in ids])

    writers = np.array([one.partition("-")[0] for one in ids])
    texts = [" ".join(turn.text for turn in calls[one].turns) for one in ids]
    print(
        f"\nWho wrote a call, guessed from its words: {guessed(texts, writers):.2f} (chance {1 / len({*writers}):.2f})"
    )
    row("last five turns, words of them", unseen(converted, writers, [last_words(calls[one], 5) for one in ids]))
    row("all words", unseen(converted, writers, texts))
    row("moods: words of feeling, share", [feeling(text) for text in texts])

    print("\nRepeats")
    grams = [gram for text in texts for gram in runs(_WORD.findall(text.casefold()), 4)]
    print(f"  distinct 4-grams {len(set(grams)) / len(grams):.3f} of {len(grams)}")
    said = Counter(sentence for one in ids for sentence in {*sentences(calls[one].turns)})
    print(
        f"  sentences of six words or more in more than two calls: {sum(n > 2 for n in said.values())} of {len(said)}"
    )


def guessed(texts: list[str], writers: np.ndarray) -> float:
    """Share of calls whose writer a linear model over words names, five-fold."""
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=2), LogisticRegression(C=30, max_iter=1_000))
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    return float(np.mean(cross_val_predict(model, texts, writers, cv=folds) == writers))


def unseen(converted: np.ndarray, writers: np.ndarray, texts: list[str]) -> list[float]:
    """Probability of a conversion from words, by a model that never saw the writer."""
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=2), LogisticRegression(C=1, max_iter=1_000))
    folds = GroupKFold(6)
    found = cross_val_predict(model, texts, converted, cv=folds, groups=writers, method="predict_proba")
    return [float(p) for p in found[:, 1]]


def last_words(call: Transcript, n: int) -> str:
    """What is said in the last turns."""
    return " ".join(turn.text for turn in call.turns[-n:])


def feeling(text: str) -> float:
    """Praise less blame, a word."""
    return (len(_PRAISE.findall(text)) - len(_BLAME.findall(text))) / len(text.split())


def share_handled(labels: Labels) -> float:
    """Share of a call's concerns that were met well or partly; a half where there were none."""
    met = [one.handled in ("well", "partly") for one in labels.objections]
    return float(np.mean(met)) if met else 0.5


def polite(text: str) -> float:
    """Polite words a word."""
    return len(_POLITE.findall(text)) / len(text.split())


def runs(words: list[str], n: int) -> list[tuple[str, ...]]:
    """All runs of ``n`` words."""
    return list(zip(*(words[start:] for start in range(n)), strict=False))


def sentences(turns: object) -> list[str]:
    """Sentences of six words or more, without case and marks."""
    found = []
    for turn in turns:  # type: ignore[attr-defined]
        for sentence in _SENTENCE.split(turn.text):
            words = _WORD.findall(sentence.casefold())
            if len(words) >= 6:
                found.append(" ".join(words))
    return found


if __name__ == "__main__":
    main()

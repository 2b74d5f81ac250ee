"""How well moves can be read on writers that were never seen, by what the pilot's authored calls teach.

    python benchmarks/pilot_reader.py [--judges w10 w11 w12] [--epochs 8]

Fine-tunes all layers of the base encoder on the other writers' calls: the two turns before and the turn in one input,
the turn's tokens and all tokens pooled, one sigmoid a move. A threshold for each move is chosen on two of the training
writers, who are left out until then. Prints precision, recall and F1 on the writers that judge, and the same for a
logistic regression over words and characters (TF-IDF). About 20 minutes of one core.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import turn_text
from salescoach.moves.taxonomy import MOVES, OBJECTIONS, moves_of
from salescoach.types import Transcript
from training.authored.corpus import read_calls, read_labels

CORPUS = Path(__file__).resolve().parent.parent / "training" / "authored"
N_BEFORE, MAX_TOKENS, BATCH, RATE = 2, 160, 16, 4e-5
N_TUNERS = 2  # training writers on whom thresholds are chosen
RARE_WEIGHT = 3.0  # at most, of a move's positive turns


def read() -> tuple[list[str], list[tuple[str, str]], np.ndarray, np.ndarray]:
    """Writers, (context, turn) texts, labels and what the side can do: the last two of shape (n_turns, n_moves)."""
    writers, texts, labels, possible = [], [], [], []
    for call_id, call in read_calls(CORPUS / "calls").items():
        known = read_labels(CORPUS / "labels" / "settled" / f"{call_id}.txt", call)
        for number, turn in enumerate(call.turns, start=1):
            writers.append(call_id[:3])
            texts.append((context(call, number), turn_text(turn)))
            labels.append([move in known.moves.get(number, ()) for move in MOVES])
            possible.append([move in moves_of(turn.role) for move in MOVES])
    return writers, texts, np.array(labels, dtype=np.float32), np.array(possible)


def context(call: Transcript, number: int) -> str:
    """The turns before turn ``number``, from 1."""
    return " ".join(turn_text(turn) for turn in call.turns[max(0, number - 1 - N_BEFORE) : number - 1])


class Reader(torch.nn.Module):
    """BERT with one sigmoid a move over the mean of the turn's tokens and the mean of all."""

    def __init__(self) -> None:
        from transformers import AutoModel, AutoTokenizer

        super().__init__()
        folder = resolve_base_model(BUNDLED_BASE_MODEL)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.encoder = AutoModel.from_pretrained(folder, dtype=torch.float32)
        self.head = torch.nn.Linear(2 * self.encoder.config.hidden_size, len(MOVES))

    def forward(self, texts: list[tuple[str, str]]) -> torch.Tensor:
        """Logits: shape (n_texts, n_moves)."""
        before, turn = zip(*texts, strict=True)
        tokens = self.tokenizer(
            list(before), list(turn), truncation="longest_first", max_length=MAX_TOKENS, padding=True,
            return_tensors="pt",
        )  # fmt: skip
        hidden = self.encoder(**tokens).last_hidden_state
        whole = tokens["attention_mask"].unsqueeze(-1).float()
        own = tokens["token_type_ids"].unsqueeze(-1).float() * whole
        means = [(hidden * mask).sum(1) / mask.sum(1).clamp(min=1) for mask in (own, whole)]
        return self.head(torch.cat(means, dim=1))


def fit(texts: list[tuple[str, str]], labels: np.ndarray, possible: np.ndarray, epochs: int) -> Reader:
    """A reader of these turns. A move that the side can't make teaches nothing."""
    torch.manual_seed(7)
    reader = Reader()
    weight = torch.tensor(np.clip(np.sqrt((1 - labels.mean(0)) / labels.mean(0).clip(1e-3)), 1, RARE_WEIGHT))
    optimiser = torch.optim.AdamW(reader.parameters(), lr=RATE, weight_decay=0.01)
    rng, n_steps = np.random.default_rng(7), -(-len(texts) // BATCH) * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=n_steps, pct_start=0.1)
    for epoch in range(epochs):
        reader.train()
        begun, total = time.monotonic(), 0.0
        order = rng.permutation(len(texts))
        for rows in (order[start : start + BATCH] for start in range(0, len(order), BATCH)):
            logits = reader([texts[row] for row in rows])
            mask = torch.tensor(possible[rows], dtype=torch.float32)
            loss = (
                torch.nn.functional.binary_cross_entropy_with_logits(
                    logits, torch.tensor(labels[rows]), weight=mask, pos_weight=weight.float(), reduction="sum"
                )
                / mask.sum()
            )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        print(f"epoch {epoch + 1}: loss {total / len(texts):.4f}, {time.monotonic() - begun:.0f} s", flush=True)
    return reader.eval()


def read_moves(reader: Reader, texts: list[tuple[str, str]]) -> np.ndarray:
    """Probabilities: shape (n_turns, n_moves)."""
    with torch.inference_mode():
        return np.concatenate(
            [torch.sigmoid(reader(texts[start : start + 64])).numpy() for start in range(0, len(texts), 64)]
        )


def words(texts: list[tuple[str, str]], labels: np.ndarray, judged: list[tuple[str, str]]) -> np.ndarray:
    """Probabilities by a logistic regression over words and characters of the turn alone."""
    vectors = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True),
    )
    table = vectors.fit_transform([turn for _, turn in texts])
    seen = vectors.transform([turn for _, turn in judged])
    found = np.zeros((len(judged), labels.shape[1]))
    for column in np.flatnonzero(labels.sum(0) >= 5):
        model = make_pipeline(LogisticRegression(C=10, max_iter=500, class_weight="balanced"))
        found[:, column] = model.fit(table, labels[:, column]).predict_proba(seen)[:, 1]
    return found


def thresholds(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each move, the threshold of the best F1: shape (n_moves,)."""
    grid = np.linspace(0.05, 0.9, 18)
    return np.array(
        [grid[np.argmax([f1(p[:, move] >= t, labels[:, move] > 0)[2] for t in grid])] for move in range(p.shape[1])]
    )


def f1(found: np.ndarray, true: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    hits = float((found & true).sum())
    precision, recall = hits / max(found.sum(), 1), hits / max(true.sum(), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judges", nargs="+", default=["w10", "w11", "w12"])
    parser.add_argument("--epochs", type=int, default=8)
    given = parser.parse_args()
    torch.set_num_threads(1)
    writers, texts, labels, possible = read()
    judged = np.array([writer in given.judges for writer in writers])
    others = sorted({writer for writer in writers if writer not in given.judges})
    tuning = np.array([writer in others[-N_TUNERS:] for writer in writers])
    learned = ~judged & ~tuning

    def some(rows: np.ndarray) -> list[tuple[str, str]]:
        return [texts[row] for row in np.flatnonzero(rows)]

    reader = fit(some(learned), labels[learned], possible[learned], given.epochs)
    arms = {
        "fine-tuned": [read_moves(reader, some(rows)) for rows in (tuning, judged)],
        "words": [words(some(learned), labels[learned], some(rows)) for rows in (tuning, judged)],
    }
    objections = [MOVES.index(move) for move in OBJECTIONS]
    for name, (tuned, p) in arms.items():
        at = thresholds(tuned * possible[tuning], labels[tuning])
        found = (p >= at) & possible[judged]
        true = labels[judged] > 0
        print(
            f"\n{name}: {len(others) - N_TUNERS} writers taught, {N_TUNERS} chose thresholds, {len(given.judges)} judge"
        )
        print(f"{'move':20}{'turns':>6}{'precision':>11}{'recall':>8}{'F1':>7}")
        rows = [("any objection", found[:, objections].any(1), true[:, objections].any(1))]
        rows += [(move, found[:, column], true[:, column]) for column, move in enumerate(MOVES)]
        for move, guess, truth in rows:
            precision, recall, value = f1(guess, truth)
            print(f"{move:20}{int(truth.sum()):6}{precision:11.2f}{recall:8.2f}{value:7.2f}")


if __name__ == "__main__":
    main()

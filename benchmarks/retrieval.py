"""How right, how fast and how dear the index of past calls is, beside exact search in the same run.

    coach sample calls.csv --calls 10000 --seed 77
    python benchmarks/retrieval.py calls.csv --model DIR [--model OTHER] [--recombine N] [--runs FOLDER]
    python benchmarks/retrieval.py --random 1000000 [--runs FOLDER]

The first form indexes the calls with each model folder and prints Markdown tables: time and memory of the build beside
the encoding; recall@10 of Chroma; latency of a question with all exclusions, by Chroma and by exact search; and, where
``calls.truth-turns.csv`` is there, the share of a moment's five nearest that are of its situation. ``--recombine``
makes N calls of 24 turns out of the turns of the calls, so that many calls can be indexed and few have to be encoded;
most of them are indexed, the others ask. The second form does without calls: an index of random vectors, which no
search by neighbourhood likes.
"""

import argparse
import csv
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salescoach.config import Settings
from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery
from salescoach.model.encoder import encode_turns
from salescoach.model.scoring import CallScorer
from salescoach.reading.labelled import read_calls
from salescoach.types import LabelledCall, Outcome, Role, Transcript
from vectorstore.build import build_index
from vectorstore.chroma import VERSION, ChromaStore, write_store
from vectorstore.database import DATABASE, STORE, digest_of_database
from vectorstore.generation import open_shelves
from vectorstore.moments import Moment, moment_vectors, moments_of
from vectorstore.search import PastCalls
from vectorstore.shelf import PLACE, CallFacts, Kind, Shelf, exact_nearest

N_QUERIES = 200
N_ASKING = 500  # accounts at most
K = 10
TOP = 5
NONE = "none"  # the situation of small talk
DIMENSION = 384
SIDES: tuple[Role, Role] = ("rep", "customer")
N_TURNS = 24


@dataclass
class Stage:
    """Seconds on the clock and on the processor."""

    wall: float = 0.0
    cpu: float = 0.0

    def __str__(self) -> str:
        return f"{self.wall:.0f} s (CPU {self.cpu:.0f} s)"


@contextmanager
def timed() -> Iterator[Stage]:
    """Measures the block."""
    stage, wall, cpu = Stage(), time.perf_counter(), time.process_time()
    yield stage
    stage.wall, stage.cpu = time.perf_counter() - wall, time.process_time() - cpu


def quantiles_ms(run: Callable[[int], object], n: int) -> str:
    """Median, 95th percentile and median processor time of ``n`` runs in ms; the last tells on a busy machine."""
    walls, cpus = [], []
    for number in range(n):
        wall, cpu = time.perf_counter(), time.process_time()
        run(number)
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    return f"{statistics.median(walls):.1f} / {np.percentile(walls, 95):.1f} / {statistics.median(cpus):.1f}"


def recall(found: np.ndarray, vectors: np.ndarray, query: np.ndarray, k: int = K) -> float:
    """Share of the found rows that are as near as the k-th nearest; equal vectors count as one another."""
    cosines = vectors @ query
    bound = np.partition(cosines, -k)[-k] - 1e-6
    return float((cosines[found[:k]] >= bound).sum() / k)


def peak_mib() -> int:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def size_mib(folder: Path) -> int:
    """What a folder takes on disk, in MiB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) // 2**20


class Bench:
    """One model folder over one set of calls: the calls of some accounts ask, the others are in the index."""

    def __init__(self, calls: Sequence[LabelledCall], model: Path, runs: Path) -> None:
        self.settings = Settings.load(model=model)
        self.scorer = CallScorer.load(self.settings)
        accounts = sorted({call.account_id or call.call_id for call in calls})
        asking = set(accounts[:: max(4, len(accounts) // N_ASKING)])
        self.asking = [call for call in calls if (call.account_id or call.call_id) in asking]
        self.indexed = [call for call in calls if (call.account_id or call.call_id) not in asking]
        self.folder = runs / self.scorer.manifest.model_id
        shutil.rmtree(self.folder, ignore_errors=True)
        self.library = Library(self.folder / "library.sqlite")

    def build(self) -> None:
        """Encodes, builds, and says what each took."""
        with timed() as encoding:
            for call in (*self.indexed, *self.asking):
                encode_turns(self.scorer.encoder, call.transcript.turns)
        before = peak_mib()
        with timed() as adding:
            self.library.add(self.indexed)
        stages: dict[str, float] = {}
        with timed() as building:
            generation = build_index(
                self.library,
                self.scorer,
                self.folder / "index",
                lambda stage, done, total: stages.__setitem__(stage, time.perf_counter()),
            )
        n_moments = sum(generation.n_moments.values())
        print(f"\n## {self.scorer.manifest.model_id} ({self.scorer.manifest.embedding} embedding)\n")
        print(f"- {len(self.indexed)} calls indexed, {n_moments} moments; {len(self.asking)} calls ask")
        print(f"- encoding all turns, as far as they weren't cached: {encoding}; adding to the library: {adding}")
        in_chroma = stages["indexing moments"] - stages["reading past calls"]
        print(f"- building the index from cached turns: {building}, of which Chroma {in_chroma:.0f} s")
        print(f"- {size_mib(self.folder / 'index')} MiB on disk; memory {before} MiB before, {peak_mib()} MiB at most")
        self.generation = generation

    def searches(self) -> None:
        """Recall and latency of Chroma beside exact search."""
        folder = self.folder / "index"
        shelves = open_shelves(folder, self.generation)
        with timed() as opening:
            owner = PastCalls(folder, self.library, self.scorer)
            owner.similar(self.query(0))
        other = PastCalls(folder, self.library, self.scorer)  # the store is owned: it searches exactly
        other.similar(self.query(0))
        print(f"- first question, with all checks and opening Chroma: {opening.wall:.1f} s\n")
        print("| question | Chroma, median / 95 % / CPU ms | exact, median / 95 % / CPU ms |")
        print("| --- | --- | --- |")
        n = min(N_QUERIES, len(self.asking))
        for name in ("similar", "replies"):
            asked = [getattr(one, name) for one in (owner, other)]
            shown = [quantiles_ms(lambda row, ask=ask: ask(self.query(row)), n) for ask in asked]
            print(f"| {name}, all exclusions | {shown[0]} | {shown[1]} |")
        owner.close()
        store = ChromaStore.open(
            folder / self.generation.name, shelves, self.generation.fingerprint, self.generation.chroma_version,
            self.generation.database,
        )  # fmt: skip
        rows = []
        for shelf in shelves:
            queries: dict[Kind, np.ndarray] = {
                "calls": self.call_vectors(n),
                "moments": np.stack([self.moments(call)[1][0] for call in self.asking[:n]]),
            }
            rows += [search_row(store, shelf, queries)]
        print_search_rows(rows)
        store.close()

    def query(self, row: int) -> PrecedentQuery:
        """A question by one of the asking calls, with everything known that excludes."""
        call = self.asking[row]
        return PrecedentQuery(
            transcript=call.transcript, account_id=call.account_id, started_at=call.started_at,
            focus=len(call.transcript) // 2,
        )  # fmt: skip

    def call_vectors(self, n: int) -> np.ndarray:
        return np.stack([self.scorer.call_vector(call.transcript) for call in self.asking[:n]])

    def moments(self, call: LabelledCall) -> tuple[list[Moment], np.ndarray]:
        found = moments_of(call.transcript.turns)
        turns = encode_turns(self.scorer.encoder, call.transcript.turns)
        return found, moment_vectors(turns, found, self.scorer.mean_turn)

    def situations(self, truth: dict[tuple[str, int], str]) -> tuple[float, float]:
        """Share of the five nearest moments, one per call, of the asking one's situation: all, and in other words."""
        shelves = open_shelves(self.folder / "index", self.generation)
        split = {call.call_id: call.split for call in self.indexed}
        draw = np.random.default_rng(0)
        shares: list[float] = []
        in_other_words: list[float] = []
        for call in self.asking:
            moments, vectors = self.moments(call)
            rows = [row for row, one in enumerate(moments) if truth[call.call_id, one.anchor] != NONE]
            for row in draw.permutation(rows)[:2]:
                wanted = truth[call.call_id, moments[row].anchor]
                shares.append(share_alike(shelves, vectors[row], wanted, truth, lambda call_id: True))
                if call.split == "test":  # voiced by the second bank
                    others = share_alike(shelves, vectors[row], wanted, truth, lambda name: split[name] != "test")
                    in_other_words.append(others)
            if len(shares) >= 5 * N_QUERIES:
                break
        return float(np.mean(shares)), float(np.mean(in_other_words))


def share_alike(
    shelves: Sequence[Shelf], vector: np.ndarray, wanted: str, truth: dict[tuple[str, int], str],
    may: Callable[[str], bool],
) -> float:  # fmt: skip
    """Of the five nearest moments of both outcomes, one per call: the share of one situation."""
    near: list[tuple[float, str, int]] = []
    for shelf in shelves:
        allowed = np.array([may(call.call_id) for call in shelf.calls])[shelf.places[:, 0]]
        for row in exact_nearest(shelf.vectors["moments"], vector, 50, allowed):
            place = shelf.places[row]
            cosine = float(shelf.vectors["moments"][row] @ vector)
            near.append((cosine, shelf.calls[place[0]].call_id, int(place[3])))
    first: dict[str, int] = {}
    for _, call_id, anchor in sorted(near, reverse=True):
        first.setdefault(call_id, anchor)
    top = list(first.items())[:TOP]
    return sum(truth[call_id, anchor] == wanted for call_id, anchor in top) / len(top)


SearchRow = tuple[str, int, float, str, str]


def search_row(store: ChromaStore, shelf: Shelf, queries: dict[Kind, np.ndarray]) -> list[SearchRow]:
    """Recall and latency for each kind of vector of a shelf."""
    rows: list[SearchRow] = []
    for kind, asked in queries.items():
        vectors = shelf.vectors[kind]
        everything = np.ones(len(vectors), dtype=bool)
        right = np.mean([recall(store.nearest(kind, shelf.outcome, one, K), vectors, one) for one in asked])
        chroma = quantiles_ms(
            lambda row, kind=kind, asked=asked: store.nearest(kind, shelf.outcome, asked[row], K), len(asked)
        )
        exact = quantiles_ms(lambda row, v=vectors, a=asked, e=everything: exact_nearest(v, a[row], K, e), len(asked))
        rows.append((f"{kind}, {shelf.outcome}", len(vectors), float(right), chroma, exact))
    return rows


def print_search_rows(found: Sequence[Sequence[SearchRow]]) -> None:
    """A table of single searches."""
    print(
        "\n| collection | vectors | recall@10 | Chroma, median / 95 % / CPU ms | brute force, median / 95 % / CPU ms |"
    )
    print("| --- | --- | --- | --- | --- |")
    for rows in found:
        for name, n, right, chroma, exact in rows:
            print(f"| {name} | {n} | {right:.4f} | {chroma} | {exact} |")


def random_vectors(n_vectors: int, runs: Path) -> None:
    """An index of random moments of calls of 20 moments each, most of them lost ones."""
    folder = runs / "random"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    file = folder / "vectors.bin"
    with file.open("wb") as out:
        for start in range(0, n_vectors, 10_000):
            drawn = draw.normal(size=(min(10_000, n_vectors - start), DIMENSION)).astype(np.float32)
            out.write((drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).tobytes())
    vectors = np.memmap(file, dtype=np.float32, mode="r").reshape(n_vectors, DIMENSION)
    shelves = [bare_shelf("converted", vectors[:0]), bare_shelf("lost", vectors)]
    with timed() as filling:
        write_store(folder, shelves, "random", lambda n: None)
    print(f"## {n_vectors} random vectors\n\n- filling Chroma: {filling}; {size_mib(folder)} MiB on disk")
    with timed() as opening:
        database = digest_of_database(folder / STORE / DATABASE)
        store = ChromaStore.open(folder, shelves, "random", VERSION, database)
    print(f"- opening: {opening.wall:.1f} s; memory {peak_mib()} MiB at most")
    asked = draw.normal(size=(50, DIMENSION)).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    print_search_rows([search_row(store, shelves[1], {"moments": asked})])
    store.close()
    shutil.rmtree(folder)


def bare_shelf(outcome: Outcome, vectors: np.ndarray) -> Shelf:
    """A shelf of moments that all belong to one call, which itself has no vector."""
    empty, no_calls = np.array([], dtype=object), np.zeros((0, 1), dtype=np.float32)
    call = CallFacts("call", "content", None, None, moments=(0, len(vectors)), shingles=(0, 0))
    places = np.zeros((len(vectors), len(PLACE)), dtype=np.int32)
    places[:, PLACE.index("anchor")] = np.arange(len(vectors))
    return Shelf(outcome, [call], {"calls": no_calls, "moments": vectors}, places, *[empty] * 5)


def recombined(calls: Sequence[LabelledCall], n_calls: int) -> list[LabelledCall]:
    """Calls of 24 turns, rep and customer in turn, drawn from the turns of some calls; three of each account."""
    draw = np.random.default_rng(0)
    said = {role: [turn for call in calls for turn in call.transcript.turns if turn.role == role] for role in SIDES}
    made = []
    for number in range(n_calls):
        turns = tuple(said[SIDES[turn % 2]][draw.integers(len(said[SIDES[turn % 2]]))] for turn in range(N_TURNS))
        like, name = calls[int(draw.integers(len(calls)))], f"mixed-{number:06}"
        made.append(
            like.model_copy(
                update={
                    "call_id": name,
                    "account_id": f"account-{number // 3}",
                    "transcript": Transcript(turns=turns, call_id=name),
                }
            )
        )
    return made


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("calls", type=Path, nargs="?")
    options.add_argument("--model", type=Path, action="append", default=[])
    options.add_argument("--random", type=int)
    options.add_argument("--recombine", type=int)
    options.add_argument("--runs", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        runs = given.runs or Path(temporary)
        if given.random:
            random_vectors(given.random, runs)
        if given.calls:
            compare(given.calls, given.model, runs, given.recombine)


def compare(file: Path, models: Sequence[Path], runs: Path, n_recombined: int | None) -> None:
    """Every model folder over the same calls."""
    calls = read_calls(file)
    if n_recombined:
        calls = recombined(calls, n_recombined)
    truth_file = file.with_name(f"{file.stem}.truth-turns.csv")
    truth = {}
    if truth_file.is_file() and not n_recombined:
        with truth_file.open(encoding="utf-8", newline="") as lines:
            truth = {(row["call_id"], int(row["turn"])): row["situation"] for row in csv.DictReader(lines)}
    for model in models:
        bench = Bench(calls, model, runs)
        bench.build()
        bench.searches()
        if truth:
            everywhere, elsewhere = bench.situations(truth)
            print(f"\nSame situation among the five nearest moments: {everywhere:.3f}; in other words: {elsewhere:.3f}")
        bench.library.close()


if __name__ == "__main__":
    main()

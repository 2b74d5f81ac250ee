"""What a batch costs, beside the encoders alone in the same run, and what it holds in memory.

    python benchmarks/batch.py [--calls 100 1000] [--turns 40] [--workers 1 2] [--engine local]
    python benchmarks/batch.py --paired 24
    python benchmarks/batch.py --kills 10 --calls 10000 --short-share 0.995

Needs a model (``coach setup``). The calls are of the sample corpus, cut to so many turns. Every run is a process of its
own; processor seconds are those of all its processes, without what it takes to begin (a run of eight calls). "Encoders
alone" computes what the two networks compute for the same calls, the model's over the turns and the move reader's over
its windows, and nothing else: nothing is read, pooled, judged or written.

``--paired`` compares the two call by call, in one process and without an engine, so that the load of the machine falls
on both alike.

With ``--kills`` the driver or a worker is killed so often at random moments, and the run is taken up again each time;
then every call is looked for. ``--short-share`` of the calls are too short to be judged and cost next to nothing.
"""

import argparse
import csv
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

FEW = 8
SHORT = "Rep: How do you plan your shifts?\nCustomer: By hand.\nRep: For how many people, about {}?"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--engine", default="local")
    parser.add_argument("--bare", type=int, default=50, help="calls that the encoders alone are measured with")
    parser.add_argument("--paired", type=int, default=0, help="calls")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--short-share", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--one", nargs=4, metavar=("TABLE", "OUT", "ENGINE", "WORKERS"), help=argparse.SUPPRESS)
    parser.add_argument("--alone", metavar="TABLE", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        _print_one(*args.one)
    elif args.alone:
        _print_alone(Path(args.alone))
    else:
        with tempfile.TemporaryDirectory(prefix="batch-") as folder:
            if args.kills:
                _killed(args, Path(folder))
            elif args.paired:
                _print_paired(_table(Path(folder) / "calls.csv", args.paired + 2, args))
            else:
                _measure(args, Path(folder))


def _measure(args: argparse.Namespace, folder: Path) -> None:
    tables = {n: _table(folder / f"{n}.csv", n, args) for n in sorted({FEW, args.bare, *args.calls})}
    print("| calls | engine | workers | wall s | calls per CPU-s | encoders alone | share | driver MiB | worker MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for workers in args.workers:
        begun = _run("--one", tables[FEW], folder / f"few-{workers}", args.engine, workers)
        for n in args.calls:
            before = _run("--alone", tables[args.bare])["per_call"]
            one = _run("--one", tables[n], folder / f"out-{n}-{workers}", args.engine, workers)
            alone = (before + _run("--alone", tables[args.bare])["per_call"]) / 2
            per_call = (one["cpu"] - begun["cpu"]) / (n - FEW)
            print(
                f"| {n:,} | {args.engine} | {workers} | {one['wall']:.0f} | {1 / per_call:.2f} | {1 / alone:.2f} | "
                f"{alone / per_call:.2f} | {one['driver_mib']:.0f} | {one['worker_mib']:.0f} |",
                flush=True,
            )


def _run(*args: object) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, *map(str, args)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _print_one(table: str, out: str, engine: str, workers: str) -> None:
    from salescoach.config import Settings
    from serving.usecases.batch import BatchOptions, run_batch

    options = BatchOptions.model_validate({"engine": engine, "workers": int(workers)})
    of_ray = _RayTimes()
    start = time.perf_counter()
    with of_ray:
        run_batch(Settings.load(), table, Path(out), options)
    wall = time.perf_counter() - start
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(one.ru_utime + one.ru_stime for one in (own, others)) + of_ray.seconds
    worker_mib = max(others.ru_maxrss / 1024, of_ray.mib)
    print(json.dumps({"wall": wall, "cpu": cpu, "driver_mib": own.ru_maxrss / 1024, "worker_mib": worker_mib}))


class _RayTimes:
    """Processor seconds and memory of Ray's workers, which are nobody's children: looked up while they run."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self.mib = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @property
    def seconds(self) -> float:
        return sum(self._seconds.values())

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        while not self._over.wait(0.5):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if not (process / "cmdline").read_bytes().startswith(b"ray::"):
                        continue
                    numbers = (process / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                self._seconds[process.name] = (int(numbers[11]) + int(numbers[12])) / tick
                self.mib = max(self.mib, int(numbers[21]) * page / 2**20)


def _print_alone(table: Path) -> None:
    from salescoach.config import Settings
    from salescoach.model.encoder import encode_turns
    from salescoach.model.loading import load_reader
    from salescoach.model.scoring import CallScorer
    from salescoach.reading.labelled import read_calls

    settings = Settings.load()
    scorer, reader = CallScorer.load(settings, cached=False), load_reader(settings, cached=False)
    first, *calls = [call.transcript.turns for call in read_calls(table, need_labels=False)]
    encode_turns(scorer.encoder, first)  # kernels load at the first call
    reader.features(first)
    start = time.process_time()
    for turns in calls:
        encode_turns(scorer.encoder, turns)
        reader.features(turns)
    print(json.dumps({"per_call": (time.process_time() - start) / len(calls)}))


def _print_paired(table: Path) -> None:
    from salescoach.config import Settings
    from salescoach.model.encoder import encode_turns
    from salescoach.model.loading import load_reader
    from salescoach.model.scoring import CallScorer
    from salescoach.reading.labelled import read_calls
    from salescoach.reading.team import Team
    from serving.batch.inputs import files_of
    from serving.batch.rows import batch_of, rows_of_table
    from serving.batch.work import score_batch

    settings = Settings.load()
    scorer, reader = CallScorer.load(settings, cached=False), load_reader(settings, cached=False)
    turns = [call.transcript.turns for call in read_calls(table, need_labels=False)]
    [file] = files_of(str(table))
    batches = [batch_of([row], 0, 0, 1) for row in rows_of_table(file, Team())]
    seconds = {"batch": 0.0, "alone": 0.0}
    for number, (batch, own) in enumerate(zip(batches, turns, strict=True)):
        for name in ("batch", "alone") if number % 2 else ("alone", "batch"):
            start = time.process_time()
            if name == "batch":
                score_batch(batch, scorer, Team())
            else:
                encode_turns(scorer.encoder, own)
                reader.features(own)
            if number >= 2:  # kernels and the language identifier load at the first calls
                seconds[name] += time.process_time() - start
    n = len(turns) - 2
    print(
        f"{n} calls: {n / seconds['batch']:.2f} a CPU-second, encoders alone {n / seconds['alone']:.2f}, "
        f"share {seconds['alone'] / seconds['batch']:.2f}"
    )


def _table(file: Path, n: int, args: argparse.Namespace) -> Path:
    """So many calls of the sample corpus, cut to so many turns; some of them too short to be judged."""
    from training.sample import write_sample

    draw = random.Random(args.seed)
    is_short = [draw.random() < args.short_share for _ in range(n)]
    write_sample(file.with_suffix(".all.csv"), n_calls=max(100, n - sum(is_short)), seed=args.seed)
    csv.field_size_limit(10_000_000)
    with file.with_suffix(".all.csv").open(newline="", encoding="utf-8") as lines:
        long = [row["call_transcript"].split("\n")[: args.turns] for row in csv.DictReader(lines)]
    with file.open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow(["call_id", "call_transcript"])
        for number, short in enumerate(is_short):
            table.writerow([f"c-{number}", SHORT.format(number) if short else "\n".join(long.pop())])
    return file


def _killed(args: argparse.Namespace, folder: Path) -> None:
    from pyarrow import parquet

    n, draw = args.calls[0], random.Random(args.seed)
    table, out = _table(folder / "calls.csv", n, args), folder / "out"
    command = [sys.executable, "-m", "serving.cli", "batch", str(table), str(out), "--workers", str(args.workers[0])]
    command += ["--shard-rows", "100"]
    killed: Counter[str] = Counter()
    moments = sorted(draw.sample(range(n // 100), args.kills))  # shards that are there by then
    running = _begun(command)
    for moment in moments:
        while len(list((out / "scores").glob("part-*"))) <= moment and running.poll() is None:
            time.sleep(0.02)
        time.sleep(draw.random() * 0.5)
        whom = draw.choice(("driver", "worker"))
        workers = _children(running.pid)
        if whom == "worker" and workers:
            os.kill(draw.choice(workers), signal.SIGKILL)
        else:
            whom = "driver"
            running.kill()
            running.wait()
            running = _begun(command)
        killed[whom] += 1
        print(f"killed a {whom} with {len(list((out / 'scores').glob('part-*')))} shards there", flush=True)
    running.wait()
    ids = Counter(parquet.read_table(out / "scores")["call_id"].to_pylist())
    if (out / "failures").is_dir():
        ids.update(parquet.read_table(out / "failures")["call_id"].to_pylist())
    lost, twice = n - len(ids), sum(times > 1 for times in ids.values())
    print(f"{n:,} calls, killed: {dict(killed)}; lost {lost}, there twice {twice}, exit code {running.returncode}")


def _begun(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _children(pid: int) -> list[int]:
    """The workers of a driver, without the process that watches over their semaphores."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid and b"spawn_main" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


if __name__ == "__main__":
    main()

"""The REST interface: how soon it answers, what HTTP adds to a score, and whether it answers others meanwhile.

    python benchmarks/rest.py [--scores 50]

Starts ``coach serve`` on a copy of the home that ``coach setup`` has made. Prints wall and CPU seconds until the first
answer; the median milliseconds of a score over HTTP and the scorer's own share of it, from the same requests; and how
long ``/healthz`` takes while two clients score without a break.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.servers import copy_of, serving
from salescoach.config import Settings

CALL = Path(__file__).resolve().parent.parent / "data" / "examples" / "02-income-protection-electrician.txt"


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far; Linux alone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentiles(values: list[float]) -> str:
    """Median, 99th percentile and the largest, in milliseconds."""
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return f"median {1e3 * statistics.median(ordered):.1f}, p99 {1e3 * p99:.1f}, max {1e3 * ordered[-1]:.1f} ms"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", type=int, default=50)
    n_scores = parser.parse_args().scores
    with tempfile.TemporaryDirectory() as folder:
        home = copy_of(Settings.load().home, Path(folder))
        began = time.perf_counter()
        with serving(home) as (url, process), httpx.Client(base_url=url, timeout=300, trust_env=False) as client:
            print(f"ready: {time.perf_counter() - began:.2f} s, CPU {cpu_seconds(process):.2f} s")
            measure(client, n_scores)


def measure(client: httpx.Client, n_scores: int) -> None:
    """Scores one call many times, alone and by two clients at once, and asks how the server is meanwhile."""
    sent = {"transcript": CALL.read_text(encoding="utf-8")}
    client.post("/v1/score", json=sent).raise_for_status()
    client.post("/v1/ask", json={"question": "How many calls are in the library?"}).raise_for_status()
    taken, inside = [], []
    for _ in range(n_scores):
        began = time.perf_counter()
        answer = client.post("/v1/score", json=sent).raise_for_status()
        taken.append(time.perf_counter() - began)
        inside.append(answer.json()["latency_ms"] / 1e3)
    print(f"a score over HTTP: {percentiles(taken)}; the scorer's share of the median: "
          f"{statistics.median(inside) / statistics.median(taken):.0%}")  # fmt: skip

    def score_on() -> None:
        for _ in range(n_scores):
            client.post("/v1/score", json=sent).raise_for_status()

    scoring = [threading.Thread(target=score_on) for _ in range(2)]
    for one in scoring:
        one.start()
    healthy: list[float] = []
    while any(one.is_alive() for one in scoring):
        began = time.perf_counter()
        client.get("/healthz").raise_for_status()
        healthy.append(time.perf_counter() - began)
        time.sleep(0.01)
    print(f"/healthz while two clients score: {percentiles(healthy)}")


if __name__ == "__main__":
    main()

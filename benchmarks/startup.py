"""How long the command takes to start: ``coach --help``, and ``coach score`` on one call that nothing has cached.

    python benchmarks/startup.py [--runs 5]

Prints seconds of wall time and of CPU (the smallest of the runs), and the ratio of a cold score to importing torch and
transformers, measured in turn in the same run, so that the machine's load cancels out. It uses the home that
``coach setup`` has made, and empties its cache of vectors before each run.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from salescoach.config import Settings

ROOT = Path(__file__).resolve().parent.parent
CALL = ROOT / "data" / "examples" / "02-income-protection-electrician.txt"
COACH = [sys.executable, "-c", "from serving.cli import main; main()"]
COMMANDS = {
    "import torch, transformers": [sys.executable, "-c", "import torch, transformers"],
    "coach --help": [*COACH, "--help"],
    "coach score": [*COACH, "score", str(CALL), "--json"],
}


def seconds(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU seconds of a command, its children included."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    n_runs = parser.parse_args().runs
    settings = Settings.load()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(settings.home, home, ignore=shutil.ignore_patterns("cache", "chat", "runs", "index"))
        environment = {**os.environ, "COACH_HOME": str(home), "OMP_NUM_THREADS": "1"}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
        for _ in range(n_runs):
            for name, command in COMMANDS.items():
                shutil.rmtree(home / "cache", ignore_errors=True)
                taken[name].append(seconds(command, environment))
    best = {name: (min(wall for wall, _ in runs), min(cpu for _, cpu in runs)) for name, runs in taken.items()}
    print(f"{'':28}{'wall s':>8}{'CPU s':>8}")
    for name, (wall, cpu) in best.items():
        print(f"{name:28}{wall:8.2f}{cpu:8.2f}")
    base, cold = best["import torch, transformers"], best["coach score"]
    wall, cpu = cold[0] / base[0], cold[1] / base[1]
    print(f"\ncoach score, cold, over importing torch and transformers: {wall:.2f} (CPU {cpu:.2f})")


if __name__ == "__main__":
    main()

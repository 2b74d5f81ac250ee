"""Progress on stderr: a bar on a terminal, a line now and then elsewhere. stdout belongs to results."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from salescoach.progress import Progress

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def progress() -> Iterator[Progress]:
    """Gives a function that takes the stage, what is done and what there is to do."""
    if not sys.stderr.isatty():
        yield _plain_report()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Bars(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        tasks = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            elif done < bars.tasks[tasks[stage]].completed:  # the stage has begun again, such as for another fold
                bars.reset(tasks[stage])
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def _plain_report() -> Progress:
    last_line = 0.0
    begun: dict[str, tuple[float, int]] = {}  # when a stage began, and with how much done

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last_line
        now = time.monotonic()
        if stage not in begun or done <= begun[stage][1]:  # begun again, such as for another fold
            begun[stage] = (now, done)
        since, at_first = begun[stage]
        if done in (0, total) or now - last_line >= SECONDS_BETWEEN_LINES:
            last_line = now
            left = (now - since) / (done - at_first) * (total - done) if at_first < done < total else 0.0
            shown = f", about {_duration(left)} left" if left >= 1 else ""
            sys.stderr.write(f"{stage}: {done} of {total}{shown}\n")

    return report


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"

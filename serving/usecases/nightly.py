"""What is done every night: new calls are added, indexed and scored, and it is looked whether the scores came true.

Each step is done whatever became of the one before, and each can be done again without doing anything twice. Numbers
and sentences go into a report; words of calls don't.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock, Timeout

from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.library.side_tables import now
from salescoach.progress import Progress, silent
from salescoach.types import Frozen
from salescoach.whole_file import whole_file

logger = logging.getLogger(__name__)

StepName = Literal["import", "index", "score", "shadow", "propose", "monitor"]
State = Literal["done", "failed", "nothing to do"]

ALL_WELL: Final = 0
FAILED: Final = 1
ALARM: Final = 3
KEPT: Final = 90  # reports, of the last three months


class StepReport(Frozen):
    """What became of a step. ``said``: sentences."""

    name: StepName
    state: State
    said: tuple[str, ...]
    seconds: float


class StepDone(Frozen):
    """What a step says of itself."""

    said: tuple[str, ...] = ()
    is_idle: bool = False
    failures: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


class NightlyReport(Frozen):
    """A night. Times are UTC; ``exit_code``: 0 all well, 1 something failed, 3 there are alarms."""

    started_at: datetime
    finished_at: datetime
    steps: tuple[StepReport, ...]
    alarms: tuple[str, ...]
    exit_code: int


Step = Callable[[], StepDone]


def run_nightly(
    settings: Settings, inbox: Path | None = None, workers: int | None = None, progress: Progress = silent
) -> NightlyReport:
    """Does everything and keeps a report of it under ``COACH_HOME/nightly``.

    Args:
        settings: name the home.
        inbox: the folder that new calls are put into; default: ``COACH_HOME/inbox``.
        workers: processes that score; default: one for each core.
        progress: is told how far it is.

    Raises:
        CoachError: another nightly run is at it, or the report can't be kept.
    """
    from serving.usecases.nightly_steps import import_inbox, index, monitor_scores, propose_model, score_open, shadow

    folder = settings.home / "nightly"
    folder.mkdir(parents=True, exist_ok=True)
    steps: tuple[tuple[StepName, Step], ...] = (
        ("import", lambda: import_inbox(settings, inbox, progress)),
        ("index", lambda: index(settings, progress)),
        ("score", lambda: score_open(settings, workers, progress)),
        ("shadow", lambda: shadow(settings, progress)),
        ("propose", lambda: propose_model(settings, progress)),
        ("monitor", lambda: monitor_scores(settings)),
    )
    try:
        with FileLock(folder / ".lock", timeout=0):
            report = _run(steps)
            _keep(folder, report)
            return report
    except Timeout:
        raise CoachError("Another nightly run is under way; this one did nothing.") from None


def nightly_page(report: NightlyReport) -> str:
    """A report as a page of text."""
    heading = {ALL_WELL: "all is well", FAILED: "something failed", ALARM: "there are alarms"}[report.exit_code]
    lines = [f"Night of {report.started_at:%Y-%m-%d %H:%M} UTC: {heading}."]
    lines += [f"ALARM: {alarm}" for alarm in report.alarms]
    for step in report.steps:
        lines.append(f"{step.name}: {step.state} ({step.seconds:.0f} s)")
        lines += [f"  {sentence}" for sentence in step.said]
    return "\n".join(lines)


def _run(steps: Sequence[tuple[StepName, Step]]) -> NightlyReport:
    started_at = now()
    reports: list[StepReport] = []
    alarms: list[str] = []
    for name, step in steps:
        begun = time.monotonic()
        done = _done(name, step)
        alarms += done.alarms
        state: State = "failed" if done.failures else "nothing to do" if done.is_idle else "done"
        seconds = round(time.monotonic() - begun, 1)
        reports.append(StepReport(name=name, state=state, said=(*done.failures, *done.said), seconds=seconds))
    has_failed = any(one.state == "failed" for one in reports)
    return NightlyReport(
        started_at=started_at,
        finished_at=now(),
        steps=tuple(reports),
        alarms=tuple(alarms),
        exit_code=FAILED if has_failed else ALARM if alarms else ALL_WELL,
    )


def _done(name: StepName, step: Step) -> StepDone:
    """What a step says, or why it failed; the night goes on."""
    from serving.usecases.trouble import said_of

    try:
        return step()
    except CoachError as error:
        return StepDone(failures=(str(error),))
    except Exception as error:
        logger.exception("The nightly step %s failed.", name)
        return StepDone(failures=(said_of(error) or f"The program failed ({type(error).__name__}); the log has more.",))


def _keep(folder: Path, report: NightlyReport) -> None:
    stamp = f"{report.started_at:%Y-%m-%dT%H-%M-%S}"
    kept = {".json": report.model_dump_json(indent=1), ".txt": nightly_page(report) + "\n"}
    for name in (stamp, "latest"):
        for ending, content in kept.items():
            with whole_file(folder / f"{name}{ending}") as temporary:
                temporary.write_text(content, encoding="utf-8")
    for ending in kept:
        for old in sorted(folder.glob(f"2*{ending}"))[:-KEPT]:
            old.unlink(missing_ok=True)

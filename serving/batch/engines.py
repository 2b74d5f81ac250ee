"""What works batches off: on the cores of this machine, or wherever Ray has some. The same rows come from both."""

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import pyarrow

    from salescoach.reading.team import Team
    from serving.batch.plan import PlannedShard

EngineName = Literal["local", "ray"]


class Engine(Protocol):
    """Scores shards, a few rows at a time and in any order."""

    def results(self, shards: "list[PlannedShard]", team: "Team") -> "Generator[pyarrow.RecordBatch, None, None]":
        """What comes out of the rows of some shards, as ``serving.batch.work.result_schema`` has it.

        A row may come more than once. Not more is read than is worked on.

        Raises:
            ModelError: the model can't be loaded.
            InputError: a file has changed since the batch was planned.
            CoachError: the processes that score keep ending.
        """
        ...


def cores() -> int:
    """How many cores this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

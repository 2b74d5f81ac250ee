"""Rows as they come out of an engine, in any order and perhaps twice -> whole shards, in the order of their rows."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow


def whole_shards(
    results: "Iterable[pyarrow.RecordBatch]",
) -> "Iterator[tuple[int, int, list[pyarrow.RecordBatch] | None]]":
    """Puts shards together; only those that aren't whole yet are held.

    Args:
        results: of ``serving.batch.work.result_schema``; all that came out of one row is in one batch.

    Yields:
        The number of a shard, how many of its rows are new, and, when it is whole, what came out of them.
    """
    import numpy as np

    open_shards: dict[int, dict[int, pyarrow.RecordBatch]] = {}
    finished: set[int] = set()
    for batch in results:
        numbers = np.stack([batch[name].to_numpy() for name in ("shard", "row", "of")])
        # What came out of a row stands together.
        starts = np.flatnonzero(np.any(np.diff(numbers[:2], prepend=-1), axis=0))
        for start, end in zip(starts, [*starts[1:], batch.num_rows], strict=True):
            shard, row, of = numbers[:, start].tolist()
            if shard in finished or row in (rows := open_shards.setdefault(shard, {})):
                continue
            rows[row] = batch.slice(start, end - start)
            if len(rows) < of:
                yield shard, 1, None
                continue
            finished.add(shard)
            del open_shards[shard]
            yield shard, 1, [rows[row] for row in range(of)]

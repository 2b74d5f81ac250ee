"""What came of a batch, in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.usecases.batch import BatchReport


def batch_page(found: "BatchReport") -> str:
    """How many calls were scored, what wasn't and where it is said why, and where the scores are."""
    from tools.phrases import count

    if found.made_now:
        first = (
            f"{count(found.scores, 'call')} scored by {found.model_id}, of {count(found.rows, 'row')} that were read."
        )
    else:
        first = f"{found.out} is finished: {count(found.scores, 'call')}, scored by {found.model_id}. Nothing was done."
    lines = [first]
    if found.abstained:
        lines.append(f"{count(found.abstained, 'call')} of them got no probability; the reasons are beside them.")
    lines.append(f"The scores are in {found.results}.")
    if found.failures_at is not None:
        were = "row was" if found.failures == 1 else "rows were"
        lines.append(f"{found.failures:,} {were} not scored; {found.failures_at} says why.")
    lines += [f"Note: {note}" for note in found.notes]
    return "\n".join(lines)

"""``coach experiment status`` as people read it: the verdict first."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from eval.online.experiment import ArmComparison, ExperimentStatus


def status_page(found: ExperimentStatus) -> RenderableType:
    """The verdict in a sentence, a row an arm, the differences, and what was checked."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in ("arm", "accounts shown", "followed", "rate"):
        table.add_column(column)
    for arm in found.arms:
        rate = "none yet" if arm.rate is None else f"{arm.rate:.1%}"
        table.add_row(Text(arm.name), str(arm.accounts), str(arm.followed), rate)
    lines: list[RenderableType] = [
        Text(f"{found.name}{'' if found.is_running else ' (ended)'}: {found.verdict}.", style="bold"),
        Text(found.reading),
        table,
        *(Text(f"{one.arm} less {found.arms[0].name}: {_said(one)}.") for one in found.comparisons),
        *(Text(f"Guard rail {one.metric}, {one.arm}: {_said(one)}.") for one in found.guard_rails),
    ]
    if found.sample_ratio_p is not None:
        lines.append(Text(f"Sizes of the arms as planned: p = {found.sample_ratio_p:.3g}."))
    lines.append(Text(f"Planned: {found.planned_accounts:,} accounts an arm, judged by {found.metric}.", style="dim"))
    return Group(*lines)


def _said(one: ArmComparison) -> str:
    if one.difference is None or one.confidence_sequence is None:
        return "nothing to compare yet"
    low, high = one.confidence_sequence
    return f"{100 * one.difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"

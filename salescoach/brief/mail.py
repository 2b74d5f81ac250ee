"""A follow-up mail in the rep's voice, drafted from the facts of a brief. It promises nothing that wasn't said."""

from collections.abc import Mapping, Sequence
from typing import Final

from salescoach.brief.reading import ReadCall
from salescoach.brief.results import Doer, Email, Item, Step
from salescoach.types import Role

MARK: Final = "DRAFT"

# Who does it and who said so: what stands above such steps.
_ABOVE: Final[dict[tuple[Doer, Role], str]] = {
    ("rep", "rep"): "What we said we would do:",
    ("rep", "customer"): "What you asked us for:",
    ("customer", "customer"): "What you said you would do:",
    ("customer", "rep"): "What we asked of you:",
    ("both", "rep"): "What we arranged:",
    ("both", "customer"): "What we arranged:",
}


def draft(
    read: ReadCall,
    names: Mapping[str, str],
    needs: Sequence[Item],
    steps: Sequence[Step],
    open_points: Sequence[Item],
) -> Email:
    """The mail: who said what is kept apart, and only what somebody committed to is a step.

    Args:
        read: the call.
        names: what each speaker is called.
        needs: of the brief, as the steps and the open points.
        steps: only those that are committed to are written.
        open_points: only the rep's are written.
    """
    parts = [
        f"[{MARK}: read it against the call before you send it]",
        f"Hello {_listed(_of_side(read, names, 'customer')) or 'all'},",
        "Thank you for the call.",
        *_part("What I took from it, in your words:", [one for one in needs if _said_by(read, one) == "customer"]),
        *_part("Dates to keep in mind:", [one for one in needs if _said_by(read, one) == "rep"]),
    ]
    committed = [one for one in steps if one.committed]
    for above in dict.fromkeys(_ABOVE.values()):
        parts += _part(above, [one for one in committed if _ABOVE.get((one.who, _said_by(read, one))) == above])
    parts += _part("What I still have to find out:", [one for one in open_points if _said_by(read, one) == "rep"])
    parts.append("If I have any of this wrong, please tell me.")
    parts.append(f"Kind regards\n{_listed(_of_side(read, names, 'rep'))}".strip())
    return Email(subject=f"[{MARK}] Our call", body="\n\n".join(parts))


def _part(above: str, items: Sequence[Item]) -> list[str]:
    lines = [f"- “{one.quote}”{_day(one)}" for one in sorted(items, key=lambda one: one.turn)]
    return ["\n".join((above, *lines))] if lines else []


def _day(one: Item) -> str:
    """The day of a step, where another turn than its own names it."""
    return f" ({one.when})" if isinstance(one, Step) and one.when and one.when_turn != one.turn else ""


def _said_by(read: ReadCall, one: Item) -> Role:
    return read.call.turns[one.turn - 1].role


def _of_side(read: ReadCall, names: Mapping[str, str], side: Role) -> list[str]:
    """The names of a side's speakers, as far as they have one."""
    found = dict.fromkeys(names[turn.speaker] for turn in read.call.turns if turn.role == side)
    return [name for name in found if not name.startswith("the ")]


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)

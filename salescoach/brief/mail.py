"""A follow-up mail in the rep's voice, drafted from the facts of a brief. It promises nothing that wasn't said."""

from collections.abc import Sequence
from typing import Final

from salescoach.brief.results import Email, Item, Person, Step

MARK: Final = "DRAFT"


def draft(people: Sequence[Person], needs: Sequence[Item], steps: Sequence[Step], open_points: Sequence[Item]) -> Email:
    """The mail. Quotes are the customer's and the rep's own words, to be put into the rep's before it is sent."""
    customers = [one.name for one in people if one.side == "customer" and one.text in {one.name, f"{one.name} decides"}]
    reps = [one.name for one in people if one.side == "rep"]
    parts = [
        f"[{MARK}: read it against the call before you send it]",
        f"Hello {_listed(customers) or 'all'},",
        "thank you for the call.",
    ]
    if needs:
        parts.append("What I took from it:\n" + "\n".join(f"- “{one.quote}”" for one in needs))
    ours = [one for one in steps if one.who == "rep" and one.committed]
    if ours:
        parts.append("What we said we would do:\n" + "\n".join(_step(one) for one in ours))
    theirs = [one for one in steps if one.who != "rep" and one.committed]
    if theirs:
        parts.append("What you said on the next step:\n" + "\n".join(_step(one) for one in theirs))
    if open_points:
        parts.append("Still open:\n" + "\n".join(f"- “{one.quote}”" for one in open_points))
    parts.append("If I have any of this wrong, please tell me.")
    parts.append(f"Kind regards\n{_listed(reps)}".strip())
    return Email(subject=f"[{MARK}] Our call", body="\n\n".join(parts))


def _step(one: Step) -> str:
    when = f" ({one.when})" if one.when and one.when_turn != one.turn else ""
    return f"- “{one.quote}”{when}"


def _listed(names: Sequence[str]) -> str:
    named = [name for name in names if not name.startswith("the ")]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}" if named else ""

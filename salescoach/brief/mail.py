"""A draft of the follow-up mail, in the rep's voice: what the customer said, what was answered, what comes next."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final

from salescoach.advice.ending import EndingKind
from salescoach.brief.results import Brief, BriefPerson
from salescoach.deals.people import people as named_people
from salescoach.redact.our_words import OURS, Ours
from salescoach.types import Frozen

MARK: Final = "DRAFT, made of what was said in the call. Read it before you send it."
NO_MAIL_AFTER: Final[Mapping[EndingKind, str]] = {
    "refused": "No mail was drafted, because the customer said no.",
    "doubtful": "No mail was drafted, because the customer may have said no.",
}
NOTHING: Final = "No mail was drafted, because nothing to write about was found in the call."
THANKS: Final = "Thank you for your time. So that we have it in writing:"
CLOSING: Final = "Have I got anything wrong? Then please tell me."


class MailItem(Frozen):
    """What was said, and what was answered to it or by when it is to be done; both as they were said."""

    said: str
    beside: str | None = None


class MailSection(Frozen):
    """A part of a mail under a title."""

    title: Ours[str]
    items: tuple[MailItem, ...]


class MailDraft(Frozen):
    """A draft. ``to`` and ``by``: names of both sides, as far as labels of the call are names."""

    subject: Annotated[str, OURS]
    to: tuple[str, ...]
    by: tuple[str, ...]
    sections: tuple[MailSection, ...]

    @property
    def text(self) -> str:
        """The whole draft."""
        parts = [MARK, f"Subject: {self.subject}", greeting(self.to), THANKS]
        for section in self.sections:
            lines = (f"- “{one.said}”{f' – “{one.beside}”' if one.beside else ''}" for one in section.items)
            parts.append("\n".join([section.title, *lines]))
        return "\n\n".join([*parts, CLOSING, "\n".join(["Best regards", *self.by])])


def greeting(to: Sequence[str]) -> str:
    """How a mail begins, such as "Hello Greg and Ann,"."""
    return f"Hello{' ' if to else ''}{' and '.join(to)},"


def draft_of(brief: Brief) -> MailDraft | None:
    """The draft of a brief; None where the customer said no or may have, or there is nothing to write about."""
    if brief.ending in NO_MAIL_AFTER:
        return None
    answered = [one for one in brief.objections if one.answer is not None]
    sections = (
        _section("What you told us:", ((one.quote, None) for one in brief.needs)),
        _section("What you asked about, and what I said:", ((one.quote, one.answer) for one in answered)),
        _section("The price, as I put it:", ((one.quote, None) for one in brief.price)),
        _section("What comes next:", ((one.quote, one.when_beside) for one in brief.next_steps)),
    )
    if not any(section.items for section in sections):
        return None
    return MailDraft(
        subject="Our next step" if brief.next_steps else "Our call",
        to=_names(brief.people, "customer"),
        by=_names(brief.people, "rep"),
        sections=tuple(section for section in sections if section.items),
    )


def why_no_mail(brief: Brief) -> str:
    """Why there is no draft, where there is none."""
    return NO_MAIL_AFTER.get(brief.ending, NOTHING)


def _section(title: str, items: Iterable[tuple[str, str | None]]) -> MailSection:
    return MailSection(title=title, items=tuple(MailItem(said=said, beside=beside) for said, beside in items))


def _names(people: Sequence[BriefPerson], side: str) -> tuple[str, ...]:
    """The names of a side, without labels such as "Customer"."""
    return tuple(one.name for one in people if one.side == side and named_people([one.name]))

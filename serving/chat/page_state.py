"""What the server remembers of an open page, for as long as it is open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import chainlit as cl

from agent.preferences import Preferences
from serving.chat.exchanges import Exchange

_KEY: Final = "page"


@dataclass
class PageState:
    """``exchanges``: what was asked and answered in the conversation, oldest first; ``buttons``: those that are shown.

    ``abstained``: whether the newest call was given no probability; None where that isn't known.
    """

    preferences: Preferences = field(default_factory=Preferences)
    exchanges: list[Exchange] = field(default_factory=list)
    buttons: Sequence[cl.Action] = ()
    abstained: bool | None = None


def page_state() -> PageState:
    """Of the page that the present event came from."""
    if cl.user_session.get(_KEY) is None:
        renew_page_state(PageState())
    return cast(PageState, cl.user_session.get(_KEY))


def renew_page_state(state: PageState) -> None:
    """What the page is now, in place of what it was."""
    cl.user_session.set(_KEY, state)

"""Owners for pasted calls from before calls had any."""

from salescoach.config import Settings
from salescoach.library import Library
from serving.chat.store import ChatStore


def give_owners(settings: Settings) -> None:
    """Gives each private call that nobody owns to whoever had it in a conversation first.

    One that is in nobody's conversation stays the operator's: no user of the chat sees it. Whoever else had pasted the
    same call is told that there is no such call, and pastes it once more.

    Raises:
        CoachError: library or history can't be used.
    """
    if not settings.library_file.exists() or not settings.history_file.exists():
        return
    with Library(settings.library_file) as library, ChatStore(settings.history_file) as store:
        for call_id in library.private_calls(None):
            if (owner := store.first_owner(call_id)) is not None:
                library.claim(call_id, owner)

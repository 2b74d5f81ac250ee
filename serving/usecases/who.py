"""Who does something, where nobody has signed in."""

import getpass


def who_here(given: str | None = None) -> str:
    """Who does something: who is named, who runs this program, or somebody."""
    return given or user_here() or "somebody at this machine"


def user_here() -> str | None:
    """Who runs this program, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return None

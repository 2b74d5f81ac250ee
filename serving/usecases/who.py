"""Who does something, where nobody has signed in."""

import getpass


def user_here() -> str | None:
    """Who runs this program, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return None

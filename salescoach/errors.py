"""The errors a user can act on.

    CoachError                 anything we can explain in one sentence
    ├── InputError             what was given can't be used (exit code 2)
    │   ├── TranscriptError    the text is no readable transcript; may say which line or turn
    │   │   └── TableError     it is a table that can't be used; may quote its cells
    │   ├── SpeakerError       who is named as our side is none of the speakers, whom it names
    │   ├── NoSuchCallError    the library has no call of that id, or none that the user may see
    │   └── DataError          the labelled data breaks a rule; names the row
    ├── ModelError             the model folder is missing, damaged or does not fit (exit code 1)
    │   └── NamedModelError    what the user named as a model is none; an InputError as well (exit code 2)
    └── UnavailableError       a part that is not needed for the score can't answer just now (exit code 1)

Each message says what was expected, what came, and what to do.
"""

import re
from pathlib import Path
from typing import Final

_PATH: Final = re.compile(r"""(?<![\w./\\:])(?:[A-Za-z]:)?(?:[/\\][^\s/\\:;,"'()“”]+){2,}""")


class CoachError(Exception):
    """An error whose message is written for the user."""

    exit_code = 1


class InputError(CoachError):
    """What the user gave can't be used."""

    exit_code = 2


class TranscriptError(InputError):
    """The text can't be read as a transcript. ``line`` or ``turn``: where, from 1, if that can be said."""

    def __init__(self, message: str, *, line: int | None = None, turn: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.turn = turn


class TableError(TranscriptError):
    """The text is a table that can't be used. The message may quote cells of it."""


class SpeakerError(InputError):
    """A name that is given for our side means no speaker of the call, or several. The message names the speakers."""


class NoSuchCallError(InputError):
    """The library has no call of that id, or none that the user may see: the words are the same."""


class DataError(InputError):
    """Labelled data breaks a rule."""


class ModelError(CoachError):
    """A model folder is missing, damaged or of another kind than was asked for."""


class NamedModelError(ModelError, InputError):
    """What the user named as a model, or as the model to start from, is none."""


class UnavailableError(CoachError):
    """A part that the score doesn't need can't answer just now, such as the index of past calls."""


def without_paths(message: str, home: Path | None = None) -> str:
    """A message for somebody at another machine, or for a language model: folders of this one are left out of it.

    Args:
        message: an error's.
        home: the folder that is called ``COACH_HOME`` in what is left.
    """
    if home is not None:
        message = message.replace(str(home.resolve()), "COACH_HOME")
    return _PATH.sub(lambda found: found[0].replace("\\", "/").rpartition("/")[2], message)

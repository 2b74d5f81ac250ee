"""Whatever fails while the page waits is said there in a sentence; the log has the rest."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import chainlit as cl

from salescoach.errors import CoachError, without_paths
from serving.chat import view

logger = logging.getLogger(__name__)

SORRY: Final = "Something went wrong on my side, and I have noted it in the log. Please try again."


@asynccontextmanager
async def explained(home: Path) -> AsyncIterator[None]:
    """Says an error on the page and ends it there; an exception's own text never reaches the page.

    Args:
        home: the folder whose path is left out of what is said.
    """
    try:
        yield
    except CoachError as error:
        await cl.ErrorMessage(content=view.escape(for_page(error, home))).send()
    except Exception:
        logger.exception("A message could not be answered.")
        await cl.ErrorMessage(content=SORRY).send()


def for_page(error: CoachError, home: Path) -> str:
    """What the page says of an error. The log says it whole, with the folders of this machine."""
    logger.warning("%s", error)
    return without_paths(str(error), home)

"""What goes back for a request, whatever happens on the way: a JSON object, or one sentence that says what to do."""

import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from salescoach.errors import CoachError, without_paths
from serving.mcp.desk import McpDesk
from serving.mcp.tools import TOOLS, OfferedTool
from serving.usecases.as_json import plain
from serving.usecases.trouble import said_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

BY_NAME: Final[Mapping[str, OfferedTool]] = {tool.name: tool for tool in TOOLS}
SORRY: Final = (
    "Something went wrong in the coach that it can't explain; what its log says helps whoever looks after it."
)


class RefusedToolError(Exception):
    """A request that gets a sentence for an answer; nothing of this machine's folders is in it."""


def answer(desk: McpDesk, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a tool gives, as JSON values.

    Raises:
        RefusedToolError: there is no such tool, an argument can't be used, or it failed; says what to do.
    """
    tool = BY_NAME.get(name)
    if tool is None:
        raise RefusedToolError(f"There is no tool {name[:100]!r}; there are {', '.join(BY_NAME)}.")
    try:
        asked = tool.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        raise RefusedToolError(_wrong_arguments(tool, error)) from None
    given: dict[str, Any] = refusing(desk, lambda: plain(tool.run(desk, asked)))
    return given


def refusing(desk: McpDesk, work: Callable[[], T]) -> T:
    """What work for a client gives.

    Raises:
        RefusedToolError: it failed, whatever the error was.
    """
    try:
        return work()
    except CoachError as error:
        raise RefusedToolError(without_paths(str(error), desk.settings.home)) from None
    except Exception as error:
        said = said_of(error)
        # The error's own text may hold words of a call.
        logger.error("%s in a tool:\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        raise RefusedToolError(SORRY if said is None else without_paths(said, desk.settings.home)) from None


def _wrong_arguments(tool: OfferedTool, error: ValidationError) -> str:
    """Which argument is wrong and how, without what was given."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])[:100]
    what = first["msg"].removeprefix("Value error, ")
    return f"{tool.name} can't be called like this: {f'`{where}`: ' if where else ''}{what[:1].lower()}{what[1:]}."

"""Results as the JSON that every door gives."""

from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python


def plain(found: BaseModel | dict[str, Any]) -> Any:
    """A result as plain values, in which what can't be measured is null."""
    # In two steps: pydantic nulls what is not finite in plain values, but not in a model's own fields.
    given = found.model_dump(mode="json") if isinstance(found, BaseModel) else found
    return to_jsonable_python(given, inf_nan_mode="null")

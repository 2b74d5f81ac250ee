from typing import Any, Final

REQUESTS: Final[dict[str, dict[str, Any]]] = {}
ANSWERS: Final[dict[str, Any]] = {}

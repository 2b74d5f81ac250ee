"""Whether the process lives, and whether it can answer."""

from fastapi import APIRouter

from salescoach.types import Frozen
from serving.api.problems import ProblemError
from serving.api.state import State

router = APIRouter(tags=["health"])


class Health(Frozen):
    """All is well."""

    ok: bool = True


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> Health:
    """Needs no key."""
    return Health()


@router.get("/readyz", summary="Whether it can answer")
async def readyz(state: State) -> Health:
    """Needs no key; 503 while the server is stopping."""
    if state.is_stopping:
        raise ProblemError("stopping", "The server is stopping; ask again in a minute.", headers={"Retry-After": "60"})
    return Health()

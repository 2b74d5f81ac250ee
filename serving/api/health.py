"""Whether the process lives, and whether it can answer."""

from salescoach.types import Frozen
from serving.api.routes import routes
from serving.api.state import State

router = routes("health", "")


class Health(Frozen):
    """All is well."""

    ok: bool = True


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> Health:
    """Needs no key."""
    return Health()


@router.get("/readyz", summary="Whether it can answer")
async def readyz(_: State) -> Health:
    """Needs no key; model, library and index are open. A server that stops takes no connections any more."""
    return Health()

"""Whether the process lives, and whether it can answer."""

from fastapi import FastAPI, Request

from serving.api.problems import Problem
from serving.api.state import state_of


def add_health(app: FastAPI) -> None:
    """Adds ``/healthz`` and ``/readyz``, which need no key."""

    @app.get("/healthz", tags=["health"], summary="Whether the process lives")
    async def healthz() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/readyz", tags=["health"], summary="Whether it can answer")
    async def readyz(request: Request) -> dict[str, bool]:
        if state_of(request).is_stopping:
            raise Problem("stopping", "The server is stopping; ask again in a minute.", headers={"Retry-After": "60"})
        return {"ok": True}

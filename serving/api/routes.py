"""The routers that endpoints are put into. Their bodies are strict JSON, which is read once."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from serving.web.bodies import strict_json

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """An endpoint whose body is no JSON if it holds NaN, half of a character or an integer without end."""

    def get_route_handler(self) -> Handler:
        """The endpoint's handler."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request))

        return strictly


class _StrictRequest(Request):
    def __init__(self, request: Request) -> None:
        super().__init__(request.scope, request.receive)
        self._request = request

    async def body(self) -> bytes:
        return await self._request.body()

    async def json(self) -> Any:
        return strict_json(await self.body())


def routes(tag: str, path: str = "/v1") -> APIRouter:
    """A router for endpoints that belong together."""
    return APIRouter(prefix=path, tags=[tag], route_class=StrictRoute)

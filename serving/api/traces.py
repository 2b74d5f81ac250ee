"""A span for each request: its method, the template of its route and the answer's code, as ``/metrics`` counts them."""

from typing import Final

from fastapi import FastAPI

from serving.tracing import span
from serving.web.asgi import App, Message, Receive, Send

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "_OTHER"  # any word can be sent as a method; this is OpenTelemetry's name for those


class TracedRequests:
    """Pure ASGI middleware around everything else. A client's own trace headers are left alone."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on and notes what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with span("request") as traced:
            traced.note(http_request_method=scope["method"] if scope["method"] in METHODS else OTHER)

            async def send_on(message: Message) -> None:
                if message["type"] == "http.response.start":
                    traced.note(http_response_status_code=message["status"])
                await send(message)

            try:
                await self._app(scope, receive, send_on)
            finally:
                traced.note(http_route=getattr(scope.get("route"), "path", None))


def add_traces(app: FastAPI) -> None:
    """Traces all requests, where traces are on."""
    app.add_middleware(TracedRequests)

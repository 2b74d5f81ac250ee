"""How what stands before Chainlit refuses a request."""

import json

from serving.web.asgi import Message, Send


async def refuse(scope: Message, send: Send, status: int, reason: str) -> None:
    """Ends a request with a reason as Chainlit's page reads it, or a socket that has not been opened yet."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    # The rest of a body that was not read would be taken for the next request.
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": reason}).encode()})

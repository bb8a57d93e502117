"""What answers a WebSocket at an address that is none."""

from typing import Any

from rooms.live.outlet import Send


async def nowhere(_scope: dict[str, Any], receive: Any, send: Send) -> None:
    """Refused before it is accepted: HTTP 403."""
    await receive()
    await send({"type": "websocket.close"})

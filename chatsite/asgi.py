"""The doors of one process: HTTP for Django, WebSockets for the live door."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django = get_asgi_application()

from chatsite.storage import with_static_files  # noqa: E402  (once Django is set up)
from rooms.health import BELOW, health  # noqa: E402
from rooms.live.door import websockets  # noqa: E402

pages = with_static_files(django)


async def http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await (health if scope["path"].startswith(BELOW) else pages)(scope, receive, send)


application = ProtocolTypeRouter({"http": http, "websocket": websockets})

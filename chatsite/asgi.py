"""The doors of one process: HTTP for Django, WebSockets for the live door."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
http = get_asgi_application()

from rooms.live.door import live_door  # noqa: E402  (after django.setup)
from rooms.live.nowhere import nowhere  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter([path("ws/v1/", live_door), path("<path:rest>", nowhere), path("", nowhere)]),
    }
)

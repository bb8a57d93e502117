"""The doors of one process: HTTP for Django, WebSockets for the live door."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
http = get_asgi_application()

from rooms.live.door import websockets  # noqa: E402  (once Django is set up)

application = ProtocolTypeRouter({"http": http, "websocket": websockets})

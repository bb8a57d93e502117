"""The JSON door: parses a request, calls one operation, and answers with a payload."""

from rooms.api.door import PlazaAPI
from rooms.api.messages import router as messages
from rooms.api.people import router as people
from rooms.api.rooms import router as rooms
from rooms.api.unknown import router as unknown

api = PlazaAPI(title="Plaza", version="1", docs_url=None, openapi_url=None)
for router in (rooms, messages, people, unknown):  # `unknown` takes what none of the others did
    api.add_router("", router)

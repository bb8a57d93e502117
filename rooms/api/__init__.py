"""The JSON door."""

from ninja import NinjaAPI

api = NinjaAPI(title="Plaza", version="1", docs_url=None)

"""Addresses where nothing stands: they too are answered in JSON."""

from typing import NoReturn

from django.http import HttpRequest
from ninja import Router

from rooms.errors import NotFound

router = Router()


@router.api_operation(["GET", "POST", "PUT", "PATCH", "DELETE"], "/{path:address}", auth=None)
def unknown(request: HttpRequest, address: str) -> NoReturn:
    raise NotFound

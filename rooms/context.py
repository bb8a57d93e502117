"""What every template may show of the site."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from rooms.models import Site


def site(_request: HttpRequest) -> dict[str, object]:
    """The site's row, read when a template asks for it."""
    return {"site": SimpleLazyObject(Site.load)}

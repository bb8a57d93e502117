"""Sends everybody to the setup page while the site is not set up."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from rooms.models import Site

# What does not need people to exist, and answers that are no pages
ALWAYS_OPEN = ("/setup/", "/metrics", "/api/", "/static/")


class SetupMiddleware:
    """Asks the database until the answer is yes, which it stays, and then never again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.is_set_up = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self.is_set_up and not request.path.startswith(ALWAYS_OPEN):
            self.is_set_up = Site.objects.filter(set_up_at__isnull=False).exists()
            if not self.is_set_up:
                return HttpResponseRedirect(reverse("setup"))
        return self.get_response(request)

"""Which door stands at which address."""

from django.contrib import admin
from django.urls import include, path

from rooms.api import api
from rooms.health import metrics

handler400 = "chatsite.failures.bad_request"
handler404 = "chatsite.failures.not_found"
handler500 = "chatsite.failures.server_error"

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("rooms.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("metrics", metrics, name="metrics"),
]

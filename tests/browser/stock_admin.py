"""The admin as Django ships it, with its own users and groups: `python -m tests.browser.stock_admin FOLDER PORT`.

Prints a superuser's session key once it listens.
"""

import sys
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, path

APPS = ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")
MIDDLEWARE = ("sessions.middleware.Session", "auth.middleware.Authentication", "messages.middleware.Message")
CONTEXT = ("template.context_processors.request", "contrib.auth.context_processors.auth")

urlpatterns: list[URLPattern | URLResolver] = []


def main(folder: str, port: str) -> None:
    settings.configure(
        DEBUG=True,
        SECRET_KEY="stock",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        STATIC_URL="static/",
        INSTALLED_APPS=[f"django.contrib.{app}" for app in APPS],
        MIDDLEWARE=[f"django.contrib.{one}Middleware" for one in MIDDLEWARE],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/stock.sqlite3"}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        *(f"django.{name}" for name in CONTEXT),
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
    )
    django.setup()
    from django.contrib import admin
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application

    urlpatterns.append(path("admin/", admin.site.urls))
    call_command("migrate", verbosity=0)
    server = make_server("127.0.0.1", int(port), StaticFilesHandler(get_wsgi_application()))
    print(_session(), flush=True)  # noqa: T201
    server.serve_forever()


def _session() -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.create_superuser("owner", password="owner")
    Group.objects.create(name="Moderators")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


if __name__ == "__main__":
    sys.modules["tests.browser.stock_admin"] = sys.modules["__main__"]
    main(*sys.argv[1:])

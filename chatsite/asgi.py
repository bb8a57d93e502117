"""The doors of one process: HTTP for Django, WebSockets for the live door."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup(set_prefix=False)

"""Reads and judges the settings that come from the environment; `docs/settings.md` lists them."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

EXAMPLE_SECRETS = {"change-me", "changeme", "replace-me"}
LANGUAGES = ("en", "es")

env = environ.Env()


def public_address() -> tuple[str, str, bool]:
    """`CHAT_URL` as (origin, host name, whether it is https)."""
    address = env.str("CHAT_URL", "http://127.0.0.1:8000").rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(
            f"CHAT_URL must be an address such as https://chat.example.org, without a path; it is {address!r}."
        )
    return address, parts.hostname, parts.scheme == "https"


def secret_key(data_dir: Path) -> str:
    """`SECRET_KEY`, or the one that `./run` keeps in the data folder."""
    kept = data_dir / "secret_key"
    secret = env.str("SECRET_KEY", "") or (kept.read_text().strip() if kept.is_file() else "")
    if not secret:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    if len(secret) < 32 or any(example in secret.lower() for example in EXAMPLE_SECRETS):
        raise ImproperlyConfigured("SECRET_KEY must be at least 32 random characters, not the example's.")
    return secret


def whole(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number within its limits."""
    text = env.str(name, str(default))
    if not text.strip().lstrip("-").isdecimal() or not least <= int(text) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}; it is {text!r}.")
    return int(text)


def positive(name: str, default: float, *, most: float) -> float:
    """A number above zero."""
    text = env.str(name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= most:
        raise ImproperlyConfigured(f"{name} must be a number above 0, up to {most:g}; it is {text!r}.")
    return number


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    word: str = env.str(name, default)
    if word not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}; it is {word!r}.")
    return word


def address(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """An address with one of the schemes that this site can use."""
    value: str = env.str(name, default)
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with one of {', '.join(s + '://' for s in schemes)}; check it.")
    return value


def mailer(url: str) -> dict[str, Any]:
    """Django's settings for outgoing mail."""
    config = env.email_url_config(url)
    if config["EMAIL_BACKEND"].endswith(".filebased.EmailBackend"):
        return {"BACKEND": config["EMAIL_BACKEND"], "OPTIONS": {"file_path": f"/{config['EMAIL_FILE_PATH']}"}}
    if not config["EMAIL_BACKEND"].endswith(".smtp.EmailBackend"):
        return {"BACKEND": config["EMAIL_BACKEND"]}
    return {
        "BACKEND": config["EMAIL_BACKEND"],
        "OPTIONS": {
            "host": config["EMAIL_HOST"],
            "port": config["EMAIL_PORT"] or 25,
            "username": config["EMAIL_HOST_USER"],
            "password": config["EMAIL_HOST_PASSWORD"],
            "use_tls": config.get("EMAIL_USE_TLS", False),
            "use_ssl": config.get("EMAIL_USE_SSL", False),
            "timeout": 10,  # seconds that somebody's request may wait for a mail server
        },
    }


def trusted_proxies() -> tuple[str, ...]:
    """Whose `X-Forwarded-For` counts: `unix`, and addresses or networks."""
    proxies = tuple(part.strip() for part in env.str("CHAT_TRUSTED_PROXY", "").split(",") if part.strip())
    for proxy in proxies:
        if proxy == "unix":
            continue
        try:
            ip_network(proxy)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"CHAT_TRUSTED_PROXY takes `unix`, addresses and networks separated by commas: {error}."
            ) from error
    return proxies

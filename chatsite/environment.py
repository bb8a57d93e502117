"""Reads and judges the settings that come from the environment; `docs/settings.md` lists them."""

import re
from collections.abc import Callable
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from chatsite.redis_hosts import SENTINEL

EXAMPLE_SECRETS = {"change-me", "changeme", "replace-me"}
LANGUAGES = ("en", "es")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
USUAL_PORTS = {"http": 80, "https": 443}
LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
ORIGIN = re.compile(rf"https?://({LABEL}(?:\.{LABEL})*|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?")
REDIS_DATABASE = re.compile(r"(/[0-9]{0,4})?")
MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")

env = environ.Env()


def public_address() -> tuple[str, str, bool]:
    """`CHAT_URL` as (origin, host as in the `Host` header, whether it is https)."""
    address = env.str("CHAT_URL", "http://127.0.0.1:8000").rstrip("/")
    parts = split(address)
    host = ORIGIN.fullmatch(address)
    if parts is None or host is None:
        raise ImproperlyConfigured(
            "CHAT_URL must be an address such as https://chat.example.org, in lower case and without a path"
            f" (a name with other letters in its xn-- form); it is {address!r}."
        )
    # Browsers leave the usual port out of the origin that they send
    port = f":{parts.port}" if parts.port not in (None, USUAL_PORTS[parts.scheme]) else ""
    return f"{parts.scheme}://{host[1]}{port}", host[1], parts.scheme == "https"


def split(address: str) -> SplitResult | None:
    """The parts of an address; None where it cannot be one, by its port for example."""
    try:
        parts = urlsplit(address)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


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
    if not WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}; it is {text!r}.")
    return int(text)


def positive(name: str, default: float, *, most: float) -> float:
    """A number above zero."""
    text = env.str(name, str(default))
    if not NUMBER.fullmatch(text) or not 0 < float(text) <= most:
        raise ImproperlyConfigured(f"{name} must be a number above 0, up to {most:,.0f}; it is {text!r}.")
    return float(text)


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    word: str = env.str(name, default)
    if word not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}; it is {word!r}.")
    return word


def database_address(default: str) -> str:
    takes = "sqlite:////folder/file, postgres://user:password@host/name or postgres://user@/name?host=/folder"
    return _address("DATABASE_URL", default, takes, _is_database)


def replica_address() -> str:
    """Empty without a replica."""
    takes = "postgres://user:password@host/name, or nothing"
    return _address("DATABASE_REPLICA_URL", "", takes, lambda parts: parts.geturl() == "" or _is_postgres(parts))


def redis_addresses() -> list[str]:
    """One for each Redis server, or for those that a Sentinel looks after; empty without Redis."""
    addresses: list[str] = env.str("REDIS_URL", "").split()
    if not all(SENTINEL.fullmatch(address) or _is_redis(split(address)) for address in addresses):
        takes = (
            "redis://host:6379/0, rediss://host:6379/0, unix:///path or redis+sentinel://host1:26379,host2:26379/name,"
            " several of them with spaces between, or nothing"
        )
        raise _refusal("REDIS_URL", takes)
    return addresses


def mail_address() -> str:
    takes = "smtp+tls://user:password@host:587, smtp+ssl://user:password@host:465, smtp://host or consolemail://"
    return _address("EMAIL_URL", "consolemail://", takes, _is_mail)


def _address(name: str, default: str, takes: str, fits: Callable[[SplitResult], bool]) -> str:
    value: str = env.str(name, default)
    parts = split(value)
    if parts is None or not fits(parts):
        raise _refusal(name, takes)
    return value


def _refusal(name: str, takes: str) -> ImproperlyConfigured:
    """The value is not shown: a password may be in it."""
    return ImproperlyConfigured(
        f"{name} must be such as {takes}; in names and passwords, other characters than letters and digits are"
        " written as %40 for @, and so on."
    )


def _is_database(parts: SplitResult) -> bool:
    if parts.scheme == "sqlite":
        return not parts.netloc and _is_path(parts.path)
    return _is_postgres(parts)


def _is_postgres(parts: SplitResult) -> bool:
    return parts.scheme in ("postgres", "postgresql") and _is_path(parts.path) and _libpq_takes(parts.geturl())


def _libpq_takes(url: str) -> bool:
    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        return False
    return True


def _is_redis(parts: SplitResult | None) -> bool:
    if parts is None:
        return False
    if parts.scheme == "unix":
        return not parts.netloc and _is_path(parts.path)
    return parts.scheme in ("redis", "rediss") and bool(parts.hostname) and bool(REDIS_DATABASE.fullmatch(parts.path))


def _is_mail(parts: SplitResult) -> bool:
    if parts.scheme == "filemail":
        return _is_path(parts.path)
    if parts.scheme in ("consolemail", "memorymail", "dummymail"):
        return True
    return parts.scheme in ("smtp", "smtps", "smtp+tls", "smtp+ssl", "submission") and bool(parts.hostname)


def _is_path(text: str) -> bool:
    return text.startswith("/") and len(text) > 1


def sender(default: str) -> str:
    """`CHAT_EMAIL_FROM`, with or without a name."""
    value: str = env.str("CHAT_EMAIL_FROM", default)
    if value != default and not (MAIL_ADDRESS.fullmatch(parseaddr(value)[1]) and value.isprintable()):
        raise ImproperlyConfigured(
            f"CHAT_EMAIL_FROM must be such as plaza@example.org or Plaza <plaza@example.org>; it is {value!r}."
        )
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

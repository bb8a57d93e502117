"""Settings that cannot be are refused at start, with their name and what they take."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatsite import environment
from chatsite.redis_hosts import SENTINEL_WAITS, redis_host

SPOILT = "s3cret"
WRONG: dict[str, tuple[Callable[[], object], list[str]]] = {
    "CHAT_URL": (
        environment.public_address,
        [
            *("", "chat.example.org", "ftp://chat.example.org", "https://", "https://chat.example.org/path"),
            *("https://chat.example.org?x=1", "https://chat.example.org#x", "https://chat.example.org:99999"),
            *("https://chat.example.org:abc", "https://chat.example.org:", "https://chat.example.org:0"),
            *("https://chat example.org", "https://user@chat.example.org", "HTTPS://Chat.Example.Org"),
            *("https://[::1", "https://exa..ple.org", "https://*.example.org", "https://ñandú.example"),
        ],
    ),
    "DATABASE_URL": (
        lambda: environment.database_address("sqlite:////folder/file"),
        [
            *("", "plaza", "mysql://u@host/name", "postgres://", "postgres://host", "postgres://host/"),
            *(f"postgres://u:{SPOILT}@host:abc/name", f"postgres://u:{SPOILT}@host:99999/name"),
            *(f"postgres://u:{SPOILT}#@host/name", f"postgres://u:{SPOILT}@host/name?bogus=1"),
            *("postgres://u@/?host=/folder", "sqlite://", "sqlite:///", "sqlite:file"),
        ],
    ),
    "DATABASE_REPLICA_URL": (
        environment.replica_address,
        ["sqlite:////folder/file", "plaza", "postgres://host", f"postgres://u:{SPOILT}@host:abc/name"],
    ),
    "REDIS_URL": (
        environment.redis_addresses,
        [
            *("localhost", "localhost:6379", "http://localhost", "redis://", "rediss://", "redis:/host"),
            *(f"redis://:{SPOILT}@host:abc", f"redis://:{SPOILT}@host:99999/0", "redis://host/x", "redis://host/-1"),
            *("unix://", "unix:path", "unix://host/path", "redis://one redis:two", "redis://one,redis://two:6379"),
            *("redis+sentinel://", "redis+sentinel://host", "redis+sentinel://host:26379/", "redis+sentinel:///name"),
            *("redis+sentinel://host:26379,/name", "redis+sentinel://host/name/x", "redis://one sentinel://host/name"),
            f"redis+sentinel://:{SPOILT}@/name",
        ],
    ),
    "EMAIL_URL": (
        environment.mail_address,
        [
            *("", "smtp", "mail.example.org", "http://host", "smtp://", "smtp+ssl:host", "mailto:ana@example.org"),
            *(f"smtp+tls://u:{SPOILT}@host:abc", f"smtp+tls://u:{SPOILT}@host:99999", f"smtp+tls://u:{SPOILT}@:587"),
            "filemail://",
        ],
    ),
    "CHAT_SEND_BURST": (
        lambda: environment.whole("CHAT_SEND_BURST", 10, least=1, most=100),
        ["", "x", "-1", "--1", "0", "101", "1.5", "1e1", "²", "١", "9" * 5_000, "nan", " 5", "0x5", "1_0"],
    ),
    "CHAT_DRAIN_SECONDS": (
        lambda: environment.positive("CHAT_DRAIN_SECONDS", 10, most=3_600),
        ["", "x", "-1", "0", "0.0", "3600.1", "1e3", "١", "9" * 5_000, "nan", "inf", " 5", "1,5"],
    ),
    "CHAT_EMAIL_FROM": (
        lambda: environment.sender("plaza@[::1]"),
        ["", "plaza", "@example.org", "Plaza <plaza>", "a@example.org\nBcc: b@example.org"],
    ),
    "CHAT_LANGUAGE": (
        lambda: environment.choice("CHAT_LANGUAGE", "en", environment.LANGUAGES),
        ["", "fr", "EN", "en,es"],
    ),
    "CHAT_TRUSTED_PROXY": (environment.trusted_proxies, ["proxy", "10.0.0.0/33", "10.0.0.1/8", "unix 10.0.0.1"]),
}


@pytest.mark.parametrize(
    ("name", "read", "value"), [(name, read, value) for name, (read, values) in WRONG.items() for value in values]
)
def test_a_wrong_value_is_refused_by_its_name_and_no_password_is_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, read: Callable[[], object], value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        read()
    assert name in str(refused.value)
    assert SPOILT not in str(refused.value)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_set_has_a_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name, raising=False)
    WRONG[name][0]()


@pytest.mark.parametrize(
    ("address", "origin", "host"),
    [
        ("https://chat.example.org/", "https://chat.example.org", "chat.example.org"),
        ("https://chat.example.org:443", "https://chat.example.org", "chat.example.org"),
        ("http://chat.example.org:443", "http://chat.example.org:443", "chat.example.org"),
        ("http://[::1]:8000", "http://[::1]:8000", "[::1]"),
        ("http://xn--and-6ma2c.example", "http://xn--and-6ma2c.example", "xn--and-6ma2c.example"),
    ],
)
def test_the_address_is_the_origin_that_browsers_send(
    monkeypatch: pytest.MonkeyPatch, address: str, origin: str, host: str
) -> None:
    monkeypatch.setenv("CHAT_URL", address)
    assert environment.public_address() == (origin, host, origin.startswith("https"))


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "DATABASE_URL": ["postgres://u:p%23@host:5432/name?sslmode=require", "postgres://u@/name?host=/folder"],
        "DATABASE_REPLICA_URL": ["", "postgres://u:p%23@host:5432/name"],
        "EMAIL_URL": ["smtp+tls://u:p%40@host:587", "smtp://host", "consolemail://", "filemail:///folder"],
        "CHAT_EMAIL_FROM": ["plaza@example.org", "Plaza <plaza@example.org>"],
    }.items(),
)
def test_what_the_settings_page_names_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, values: list[str]) -> None:
    for value in values:
        monkeypatch.setenv(name, value)
        assert WRONG[name][0]() == value


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        ("", []),
        ("redis://:secret@host:6379/0", [{"address": "redis://:secret@host:6379/0"}]),
        ("rediss://one\n unix:///two?db=2 ", [{"address": "rediss://one"}, {"address": "unix:///two?db=2"}]),
        (
            "redis+sentinel://one,two:26380/plaza redis+sentinel://ana:p%40ss@[::1]:5/plaza/2",
            [
                {"sentinels": [("one", 26379), ("two", 26380)], "master_name": "plaza", "db": 0},
                {
                    "sentinels": [("::1", 5)],
                    "master_name": "plaza",
                    "db": 2,
                    "username": "ana",
                    "password": "p@ss",
                },
            ],
        ),
    ],
)
def test_redis_may_be_several_servers_and_those_that_sentinels_know(
    monkeypatch: pytest.MonkeyPatch, value: str, hosts: list[dict[str, object]]
) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    found = [redis_host(address) for address in environment.redis_addresses()]
    waits = [host.pop("sentinel_kwargs", None) for host in found]
    assert found == hosts
    assert waits == [SENTINEL_WAITS if "sentinels" in host else None for host in hosts]


def test_a_command_says_what_is_wrong_in_one_line() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "manage.py", "check"]
    tried = subprocess.run(command, cwd=root, env=os.environ | {"CHAT_URL": "x"}, capture_output=True, text=True)
    assert tried.returncode == 1
    assert tried.stderr.startswith("manage.py: CHAT_URL must be")
    assert tried.stderr.count("\n") == 1

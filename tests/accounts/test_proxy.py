"""Where a request comes from."""

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.proxy import NO_ADDRESS, client_address
from tests.conftest import PASSWORD


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ((), "203.0.113.7", "", "203.0.113.7"),
        ((), "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (("172.16.0.0/12",), "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (("172.16.0.0/12",), "172.18.0.2", "198.51.100.1", "198.51.100.1"),
        (("172.16.0.0/12",), "172.18.0.2", "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (("172.16.0.0/12",), "172.18.0.2", "198.51.100.1, 172.18.0.3", "198.51.100.1"),
        (("172.16.0.0/12",), "172.18.0.2", "172.18.0.4, 172.18.0.3", "172.18.0.4"),
        (("172.16.0.0/12",), "172.18.0.2", "198.51.100.1, nonsense", "172.18.0.2"),
        (("172.16.0.0/12",), "172.18.0.2", "", "172.18.0.2"),
        (("127.0.0.1",), "127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        (("::1",), "::1", "[2001:db8::7]:4711", "2001:db8::7"),
        (("127.0.0.1",), "::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        (("unix",), None, "198.51.100.1", "198.51.100.1"),
        (("unix",), None, "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (("unix",), None, "", NO_ADDRESS),
        (("unix",), "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ((), None, "198.51.100.1", NO_ADDRESS),
        ((), None, "127.0.0.1", NO_ADDRESS),
    ],
)
def test_the_address_is_the_right_most_one_that_a_trusted_proxy_vouches_for(
    settings: Settings, trusted: tuple[str, ...], peer: str | None, forwarded: str, address: str
) -> None:
    settings.CHAT_TRUSTED_PROXY = trusted

    assert client_address(peer, forwarded) == address


@pytest.mark.parametrize(
    ("trusted", "address"), [(("unix",), "198.51.100.1"), ((), NO_ADDRESS)], ids=["trusted", "not trusted"]
)
def test_people_can_sign_in_behind_a_unix_socket(
    visitor: Client, ana: User, settings: Settings, trusted: tuple[str, ...], address: str
) -> None:
    settings.CHAT_TRUSTED_PROXY = trusted

    response = visitor.post(
        "/accounts/login/",
        {"login": "ana", "password": PASSWORD},
        REMOTE_ADDR="",
        headers={"X-Forwarded-For": "198.51.100.1"},
    )

    assert response.status_code == 302
    assert UserSession.objects.filter(user=ana).get().ip == address


def test_whoever_changes_the_header_stays_under_the_limit_of_their_own_address(visitor: Client, ana: User) -> None:
    tries = [
        visitor.post(
            "/accounts/login/",
            {"login": f"somebody{number}", "password": "wrong"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )
        for number in range(12)
    ]

    assert "Too many tries" in tries[-1].text
    assert "Too many tries" not in tries[0].text

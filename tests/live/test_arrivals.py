"""Who comes in, and what they are told: read once for all who come at the same moment."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessToken, User, token_digest
from rooms.changes import Changes
from rooms.live import arrivals
from rooms.live.arrivals import Arrival, Credentials, Opening, Refusal, arrive
from rooms.live.connection import BANNED, NOT_SIGNED_IN, Identity
from rooms.live.process import Live
from rooms.models import Membership, Notice, Room
from rooms.operations.members import take_in
from rooms.operations.moderation import ban_user
from rooms.operations.rooms import create_room
from rooms.operations.tokens import create_token
from tests.steps import analyze, steps_of


def with_session(user: User) -> Credentials:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return Credentials(session.session_key, None)


def with_token(user: User) -> Credentials:
    return Credentials(None, create_token(actor=user, user=user, name="bot")[1])


def test_each_is_told_their_own(ana: User, bruno: User, carla: User, moderator: User, plaza: Room) -> None:
    by_session, by_token, banned = with_session(ana), with_token(bruno), [with_token(carla), with_session(carla)]
    ban_user(actor=moderator, user=carla, reason="spam")
    nobody = [Credentials(None, None), Credentials("x" * 32, None), Credentials(None, "x"), Credentials(None, "")]
    first, second, third, fourth, *others = arrive([by_session, by_token, *banned, *nobody], started=[])
    assert isinstance(first, Arrival)
    assert isinstance(second, Arrival)
    assert (first.identity.user, first.identity.token) == (ana, None)
    assert first.identity.session_key == by_session.session
    assert (second.identity.user, second.identity.session_key) == (bruno, None)
    assert [entry["id"] for entry in first.opening.entries] == [plaza.id]
    assert first.opening.members == {plaza.id: [ana.id, bruno.id]}
    assert third == fourth == Refusal(BANNED, "spam")
    assert others == [Refusal(NOT_SIGNED_IN, "not signed in")] * 4


def test_a_session_from_before_the_password_changed_is_over(ana: User) -> None:
    credentials = with_session(ana)
    ana.set_password("another battery")
    ana.save()
    assert arrive([credentials], started=[]) == [Refusal(NOT_SIGNED_IN, "not signed in")]


def test_the_members_of_a_room_that_is_known_are_not_read_again(ana: User, plaza: Room) -> None:
    [arrival] = arrive([with_session(ana)], started=[plaza.id])
    assert isinstance(arrival, Arrival)
    assert [entry["id"] for entry in arrival.opening.entries] == [plaza.id]
    assert arrival.opening.members == {}


def test_who_comes_to_a_large_site_has_the_database_look_at_no_more(ana: User, bruno: User, plaza: Room) -> None:
    them = [with_session(ana), with_token(bruno)]

    def come() -> None:
        assert all(isinstance(one, Arrival) for one in arrive(them, started=[]))

    at_first = steps_of(come)
    others = User.objects.bulk_create(User(username=f"person{number}", name="-") for number in range(5_000))
    rooms = Room.objects.bulk_create(Room(kind="open", name=f"Room {number}", seq=1) for number in range(500))
    Membership.objects.bulk_create(
        Membership(room=rooms[number % len(rooms)], user=one, changed_seq=1) for number, one in enumerate(others)
    )
    AccessToken.objects.bulk_create(
        AccessToken(user=one, name="-", digest=token_digest(one.username)) for one in others
    )
    Session.objects.bulk_create(
        Session(session_key=f"{one.username:x>32}", session_data="", expire_date=timezone.now()) for one in others
    )
    analyze()
    assert steps_of(come) <= 2 * at_first + 50


def test_many_people_in_many_rooms_cost_no_more_queries(
    ana: User, bruno: User, plaza: Room, person: Callable[..., User]
) -> None:
    def queries(them: Sequence[Credentials]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert all(isinstance(one, Arrival) for one in arrive(them, started=[]))
        return len(captured)

    few = queries([with_session(ana), with_token(bruno)])
    crowd = [person(f"person{number}") for number in range(10)]
    for number in range(5):
        take_in(create_room(actor=ana, name=f"Room {number}"), [bruno, *crowd])
    assert queries([make(one) for one in (ana, bruno, *crowd) for make in (with_session, with_token)]) == few


# While it is read


USER, ROOM = 7, 70
ENTRY: Any = {"id": ROOM, "seq": 1}


class Answers:
    """In place of the database: what each read brings, and what happens meanwhile."""

    def __init__(self, members: dict[int, list[int]], meanwhile: Callable[[int], object]) -> None:
        self.arrival = Arrival(
            Identity(User(id=USER, username="ana"), None, 1, None), Opening("epoch", [ENTRY], members)
        )
        self.meanwhile = meanwhile
        self.reads = 0

    async def ask(self, function: object, them: Sequence[object], _started: object) -> list[Arrival]:
        assert function is arrivals.arrive
        self.reads += 1
        await asyncio.sleep(0)
        self.meanwhile(self.reads)
        return [self.arrival for _one in them]


async def test_who_is_noticed_while_they_are_read_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    live = Live()
    answers = Answers({ROOM: [USER]}, lambda read: live.belongings.note({USER} if read == 1 else {USER + 1}))
    monkeypatch.setattr(live, "database", answers)
    assert await live.arrive(Credentials(None, "token")) == answers.arrival
    assert answers.reads == 2
    await asyncio.sleep(0)
    assert await live.arrive(Credentials(None, "token")) == answers.arrival
    assert answers.reads == 3  # that was before


async def test_a_room_whose_last_member_went_meanwhile_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    live = Live()

    def learn(read: int) -> None:
        if read == 2:
            answers.arrival = answers.arrival._replace(opening=Opening("epoch", [ENTRY], {ROOM: [USER]}))

    answers = Answers({}, learn)
    monkeypatch.setattr(live, "database", answers)
    assert (await live.arrive(Credentials(None, "token"))) == answers.arrival
    assert answers.reads == 2


async def test_what_was_read_before_somebody_was_renamed_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    live, looked = Live(), []

    async def look(users: set[int]) -> None:
        looked.append(users)

    monkeypatch.setattr(live.belongings, "_look_at_profiles", look)
    live.feed._catching_up._kept[ROOM, 0] = Changes(0, {"id": ROOM, "seq": 1}, [])  # type: ignore[typeddict-item]
    await live.belongings._look_again([(1, USER, Notice.Kind.PROFILE, 0)])
    assert (looked, live.feed._catching_up._kept) == ([{USER}], {})

"""Signing up, profiles, roles, tokens, sessions, and the site they belong to."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils import timezone

from accounts.models import Invitation, User, token_digest
from rooms.errors import Invalid, NotAllowed, NotFound
from rooms.models import Membership, Message, ModerationEntry, Notice, Room, Site
from rooms.operations.invitations import accept_invitation, create_invitation, revoke_invitation
from rooms.operations.people import (
    erase_person,
    make_moderator,
    set_active,
    sign_up,
    unmake_moderator,
    update_profile,
)
from rooms.operations.rooms import archive_room, create_room
from rooms.operations.sending import send_message
from rooms.operations.sessions import end_all_sessions
from rooms.operations.site import begin_new_epoch, create_owner, rename_site, set_up_site, setup_secret
from rooms.operations.tokens import create_token, revoke_token
from rooms.payloads import message_payload
from tests.operations.conftest import Recorder, at_once

PASSWORD = "una contraseña larga"


@pytest.fixture(autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hashing is slow on purpose, and not what is tested here."""
    quick = "django.contrib.auth.hashers.MD5PasswordHasher"
    with override_settings(PASSWORD_HASHERS=[quick, *settings.PASSWORD_HASHERS]):
        yield


def enter(invitation: Invitation, username: str = "dora", **fields: str) -> User:
    return sign_up(
        **{
            "invitation_code": invitation.code,
            "username": username,
            "name": "Dora",
            "password": PASSWORD,
            **fields,
        }
    )


@pytest.fixture
def invitation(owner: User, plaza: Room) -> Invitation:
    return create_invitation(actor=owner, room=plaza)


def test_who_signs_up_is_in_the_first_open_room_and_in_the_invitations(owner: User, invitation: Invitation) -> None:
    calle, later = create_room(actor=owner, name="Calle"), create_room(actor=owner, name="Luego")
    dora = enter(invitation, email="Dora@Example.org", language="es")
    rooms = {one.room for one in Membership.objects.active().filter(user=dora)}
    assert rooms == {calle, invitation.room}
    assert later not in rooms
    assert (dora.email, dora.language, dora.check_password(PASSWORD)) == ("dora@example.org", "es", True)
    assert [one.verified for one in EmailAddress.objects.filter(user=dora)] == [False]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"username": "ANA"}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": ""}, "username"),
        ({"username": "a" * 151}, "username"),
        ({"name": ""}, "name"),
        ({"name": "a\x07"}, "name"),
        ({"password": "corta"}, "password"),
        ({"email": "nada"}, "email"),
        ({"email": "a" * 60 + "@" + "b." * 110 + "org"}, "email"),
        ({"language": "fr"}, "language"),
    ],
)
def test_what_a_person_may_not_be(ana: User, invitation: Invitation, fields: dict[str, str], wrong: str) -> None:
    Invitation.objects.update(uses_left=1)
    people = User.objects.count()
    with pytest.raises(Invalid) as refusal:
        enter(invitation, **fields)
    assert refusal.value.extra == {"field": wrong}
    assert User.objects.count() == people
    assert Invitation.objects.get().uses_left == 1


def test_an_invitation_that_is_over_lets_nobody_in(owner: User, invitation: Invitation) -> None:
    ends: list[dict[str, object]] = [
        {"uses_left": 0},
        {"uses_left": 5, "expires_at": timezone.now() - timedelta(seconds=1)},
        {"uses_left": None, "expires_at": None, "revoked_at": timezone.now()},
    ]
    for end in ends:
        Invitation.objects.update(**end)
        with pytest.raises(NotFound):
            enter(invitation)
    invitation.code = "nada"
    with pytest.raises(NotFound):
        enter(invitation)


def test_of_two_who_take_the_last_use_one_comes_too_late(transactional_db: None, invitation: Invitation) -> None:
    Invitation.objects.update(uses_left=1)

    def come(username: str) -> str:
        try:
            return enter(invitation, username).username
        except NotFound:
            return "too late"

    came = at_once(lambda: come("dora"), lambda: come("eva"))
    assert sorted(came) in (["dora", "too late"], ["eva", "too late"])
    assert Invitation.objects.get().uses_left == 0


def test_somebody_with_an_account_follows_a_link_into_its_room(
    carla: User, bruno: User, invitation: Invitation
) -> None:
    Invitation.objects.update(uses_left=2)
    for actor in (carla, carla, bruno):
        accept_invitation(actor=actor, invitation_code=invitation.code)
    assert Membership.objects.active().filter(room=invitation.room, user=carla).exists()
    assert Invitation.objects.get().uses_left == 1


def test_who_follows_a_link_twice_at_once_counts_once(transactional_db: None, owner: User, carla: User) -> None:
    room = create_room(actor=owner, name="Calle")
    invitation = create_invitation(actor=owner, room=room, uses=3)

    def follow() -> None:
        accept_invitation(actor=carla, invitation_code=invitation.code)

    at_once(follow, follow, follow)
    assert Invitation.objects.get().uses_left == 2


def test_no_link_leads_into_an_archived_room(ana: User, carla: User, plaza: Room, invitation: Invitation) -> None:
    archive_room(actor=ana, room=plaza)
    accept_invitation(actor=carla, invitation_code=invitation.code)
    assert not Membership.objects.filter(user=carla).exists()


def test_who_may_invite(ana: User, bruno: User, moderator: User, person: Callable[..., User], plaza: Room) -> None:
    bot = person("bot", is_staff=True, is_bot=True)
    assert create_invitation(actor=ana, room=plaza, uses=1)
    assert create_invitation(actor=moderator)
    for actor, room in ((ana, None), (bruno, plaza), (bot, None)):
        with pytest.raises(NotAllowed):
            create_invitation(actor=actor, room=room)
    for fields in ({"uses": 0}, {"uses": 10_001}, {"expires_at": timezone.now()}, {"note": "a" * 201}):
        with pytest.raises(Invalid):
            create_invitation(actor=moderator, **fields)


def test_an_invitation_is_revoked_by_its_maker_or_a_moderator(ana: User, bruno: User, invitation: Invitation) -> None:
    with pytest.raises(NotAllowed):
        revoke_invitation(actor=bruno, invitation=invitation)
    mine = create_invitation(actor=ana, room=invitation.room)
    for _turn in range(2):
        revoke_invitation(actor=ana, invitation=mine)
    assert ModerationEntry.objects.filter(action="revoke_invitation").count() == 1


# Profiles


def test_a_new_name_is_told_and_the_same_again_is_not(published: Recorder, ana: User) -> None:
    published.clear()
    assert update_profile(actor=ana, name=" Ana  María ").name == "Ana María"
    assert [message["type"] for _group, message in published.messages] == ["notice"]
    assert list(Notice.objects.values_list("user", "kind")) == [(ana.id, "profile")]
    update_profile(actor=ana, name="Ana María", language="es")
    assert Notice.objects.count() == 1
    with pytest.raises(Invalid):
        update_profile(actor=ana, name="\u202e\x00")


def test_a_picture_has_a_new_name_each_time(ana: User) -> None:
    names = [update_profile(actor=ana, avatar=ContentFile(b"x", name="yo.png")).avatar.name for _turn in range(2)]
    assert names[0] != names[1]
    assert not update_profile(actor=ana, avatar="").avatar


# Roles


def test_an_owner_makes_and_unmakes_moderators(ana: User, moderator: User, owner: User) -> None:
    make_moderator(actor=owner, user=ana)
    make_moderator(actor=owner, user=ana.id)
    assert User.objects.get(id=ana.id).is_moderator
    unmake_moderator(actor=owner, user=ana)
    assert not User.objects.get(id=ana.id).is_moderator
    actions = ModerationEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["make_moderator", "unmake_moderator"]
    for actor, user in ((moderator, ana), (ana, ana), (owner, owner)):
        with pytest.raises(NotAllowed):
            make_moderator(actor=actor, user=user)


def test_a_closed_account_is_told_to_every_process(ana: User, bruno: User, owner: User) -> None:
    set_active(actor=owner, user=ana, active=False, reason="se fue")
    set_active(actor=owner, user=ana, active=False)
    assert list(Notice.objects.filter(kind="access").values_list("user", flat=True)) == [ana.id]
    for actor, user in ((bruno, ana), (owner, owner)):
        with pytest.raises(NotAllowed):
            set_active(actor=actor, user=user, active=True)


def test_who_is_erased_has_no_name_and_their_messages_no_author(
    published: Recorder, ana: User, bruno: User, owner: User, plaza: Room
) -> None:
    message = send_message(actor=bruno, room=plaza, body="hola").message
    published.clear()
    with pytest.raises(NotAllowed):
        erase_person(actor=ana, user=bruno)
    erase_person(actor=owner, user=bruno)
    payload = message_payload(Message.objects.get(id=message["id"]))
    assert payload == {**message, "author": None}
    assert User.objects.get(id=bruno.id).name == ""
    with pytest.raises(NotFound):
        update_profile(actor=bruno, name="Bruno")


def test_who_is_erased_is_a_member_of_no_room(published: Recorder, bruno: User, owner: User, plaza: Room) -> None:
    before = Room.objects.get(id=plaza.id)
    published.clear()
    erase_person(actor=owner, user=bruno)
    after = Room.objects.get(id=plaza.id)
    assert not Membership.objects.active().filter(user=bruno).exists()
    assert (after.member_count, after.seq) == (before.member_count - 1, before.seq + 1)
    assert published.types == ["room.updated"]


def test_the_rooms_of_who_is_erased_go_to_their_oldest_member(ana: User, bruno: User, owner: User, plaza: Room) -> None:
    erase_person(actor=owner, user=ana)
    owners = Membership.objects.filter(room=plaza, role="owner").values_list("user", flat=True)
    assert list(owners) == [bruno.id]


# Tokens


def test_of_a_token_only_the_digest_is_kept(ana: User, bruno: User, owner: User) -> None:
    row, token = create_token(actor=ana, user=ana, name="guion")
    assert row.digest == token_digest(token)
    assert token not in repr(vars(row))
    with pytest.raises(NotAllowed):
        create_token(actor=bruno, user=ana, name="guion")
    with pytest.raises(NotAllowed):
        revoke_token(actor=bruno, token=row)
    assert create_token(actor=owner, user=ana, name="otro")
    for _turn in range(2):
        revoke_token(actor=ana, token=row)
    assert Notice.objects.filter(user=ana, kind="access").count() == 1


def test_what_an_owner_does_with_anothers_token_is_logged(ana: User, owner: User) -> None:
    row, _token = create_token(actor=owner, user=ana, name="guion")
    for _turn in range(2):
        revoke_token(actor=owner, token=row)
    entries = ModerationEntry.objects.order_by("id").values_list("action", "actor_id", "user_id")
    assert list(entries) == [("create_token", owner.id, ana.id), ("revoke_token", owner.id, ana.id)]


# Sessions


def device(person: User) -> UserSession:
    agent = "Mozilla/5.0"
    return UserSession.objects.create(
        user=person, session_key=f"of-{person.username}", ip="203.0.113.7", user_agent=agent
    )


def test_whoever_may_ban_somebody_may_sign_them_out_and_the_log_says_so(
    ana: User, bruno: User, moderator: User, owner: User
) -> None:
    for person in (ana, bruno, owner):
        device(person)
    for actor, user in ((bruno, ana), (moderator, owner)):
        with pytest.raises(NotAllowed):
            end_all_sessions(actor=actor, user=user)
    end_all_sessions(actor=ana, user=ana)
    end_all_sessions(actor=moderator, user=bruno)
    assert list(UserSession.objects.values_list("user", flat=True)) == [owner.id]
    entry = ModerationEntry.objects.get()
    assert (entry.actor_id, entry.action, entry.user_id) == (moderator.id, "end_all_sessions", bruno.id)


def test_nothing_stays_of_the_devices_of_who_is_erased(ana: User, owner: User) -> None:
    device(ana)
    erase_person(actor=owner, user=ana)
    assert not UserSession.objects.exists()


# The site


def set_up(username: str = "dueña") -> User:
    fields = {"site_name": "La plaza", "username": username, "name": "Dueña", "password": PASSWORD}
    return set_up_site(secret=setup_secret(), **fields)[0]


def test_a_site_is_set_up_once(db: None) -> None:
    with pytest.raises(NotFound):
        set_up_site(secret="no", site_name="x", username="x", name="x", password=PASSWORD)
    owner = set_up()
    assert owner.is_owner
    assert (Site.load().name, Site.load().set_up_at is None) == ("La plaza", False)
    assert Room.objects.get().kind == Room.Kind.OPEN
    with pytest.raises(NotFound):
        set_up("otra")
    assert User.objects.count() == 1


def test_of_two_who_set_it_up_at_once_one_comes_too_late(transactional_db: None) -> None:
    def come(username: str) -> bool:
        try:
            return bool(set_up(username))
        except NotFound:
            return False

    assert sorted(at_once(lambda: come("una"), lambda: come("otra"))) == [False, True]
    assert (User.objects.count(), Room.objects.count()) == (1, 1)


def test_an_operator_makes_an_owner_and_sets_a_new_site_up(db: None) -> None:
    assert create_owner(username="jefa", password=PASSWORD).is_owner
    assert Room.objects.count() == 1
    assert create_owner(username="jefe", password=PASSWORD, name="Jefe").is_owner
    assert Room.objects.count() == 1


def test_only_an_owner_renames_the_site_or_begins_an_epoch(moderator: User, owner: User) -> None:
    before = Site.load().epoch
    with pytest.raises(NotAllowed):
        rename_site(actor=moderator, name="x")
    with pytest.raises(NotAllowed):
        begin_new_epoch(actor=moderator)
    rename_site(actor=owner, name="Ágora")
    assert begin_new_epoch(actor=owner) == Site.load().epoch != before
    assert Site.load().name == "Ágora"

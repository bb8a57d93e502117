"""The moderators' door: what is seen there, and what is done."""

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import AccessToken, Invitation, User
from rooms import events
from rooms.models import Ban, Membership, Message, ModerationEntry, Notice, Report, Room, Site
from rooms.operations.moderation import ban_user, mute_member, report_message
from rooms.operations.rooms import create_room, start_direct
from rooms.operations.sending import send_message
from tests.admin.conftest import Door, text

NOUNS = [
    "rooms_message",
    "rooms_report",
    "rooms_room",
    "rooms_membership",
    "rooms_moderationentry",
    "accounts_user",
    "accounts_invitation",
]


def say(user: User, room: Room, body: str = "rude words") -> Message:
    return Message.objects.get(id=send_message(actor=user, room=room, body=body).message["id"])


@pytest.fixture
def square(bruno: User) -> Room:
    """An open room of Bruno's, which the moderator is not in."""
    return create_room(actor=bruno, name="Square")


def test_a_stranger_is_sent_to_the_one_sign_in_and_a_member_is_refused(door: Door, bruno: User) -> None:
    away = Client().get(reverse("admin:index"), follow=True)
    assert away.redirect_chain[-1][0].startswith("/accounts/login/")
    assert door(bruno).client.get(reverse("admin:index"), follow=True).status_code == 403


@pytest.mark.parametrize("noun", NOUNS)
def test_a_moderator_opens_every_list_and_searches_it(
    door: Door, moderator: User, bruno: User, square: Room, noun: str
) -> None:
    message = say(bruno, square)
    report_message(actor=moderator, message=message)
    ban_user(actor=moderator, user=bruno)
    assert door(moderator).page(f"{noun}_changelist").status_code == 200
    assert door(moderator).page(f"{noun}_changelist", q="rude").status_code == 200


def test_a_moderator_finds_names_whatever_their_accents_and_case(door: Door, moderator: User, bruno: User) -> None:
    room = create_room(actor=bruno, name="Jardín de ÉLITE")
    User.objects.filter(id=bruno.id).update(name="Ángel Muñoz")
    say(bruno, room)
    found = {
        "accounts_user": "munoz ANGEL",
        "rooms_room": "jardin élite",
        "rooms_membership": "munoz elite",
        "rooms_message": "munoz jardin rude",
    }
    for noun, words in found.items():
        page = door(moderator).page(f"{noun}_changelist", q=words)
        assert page.context["cl"].result_count == 1, noun


def test_every_page_of_a_row_opens_and_offers_no_change(door: Door, moderator: User, bruno: User, square: Room) -> None:
    ban_user(actor=moderator, user=bruno)
    rows = {
        "rooms_message": say(moderator, create_room(actor=moderator, name="Own")).pk,
        "rooms_room": square.pk,
        "rooms_membership": Membership.objects.get(room=square).pk,
        "rooms_moderationentry": ModerationEntry.objects.latest("id").pk,
        "accounts_user": bruno.pk,
    }
    for noun, key in rows.items():
        page = door(moderator).page(f"{noun}_change", key)
        assert page.status_code == 200, noun
        assert 'name="_save"' not in text(page)


def test_nobody_changes_or_deletes_rows_behind_the_operations(
    door: Door, owner: User, bruno: User, square: Room
) -> None:
    ban_user(actor=owner, user=bruno)
    entry = ModerationEntry.objects.latest("id")
    client = door(owner).client
    for noun, key in (("rooms_moderationentry", entry.pk), ("rooms_room", square.pk), ("accounts_user", bruno.pk)):
        assert client.post(reverse(f"admin:{noun}_change", args=[key]), {"name": "x"}).status_code == 403
        assert client.post(reverse(f"admin:{noun}_delete", args=[key]), {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:rooms_moderationentry_add")).status_code == 403
    for model in (Group, EmailAddress, UserSession):
        assert not admin.site.is_registered(model)


def test_the_page_in_between_asks_for_a_reason_and_changes_nothing(
    door: Door, moderator: User, bruno: User, square: Room
) -> None:
    message = say(bruno, square)
    page = door(moderator).client.post(
        reverse("admin:rooms_message_changelist"), {"action": "remove", "_selected_action": [message.pk]}
    )
    assert 'name="reason"' in text(page)
    assert "rude words" in text(page)
    assert not Message.objects.get(pk=message.pk).deleted


@pytest.mark.parametrize(("actions", "index"), [(["remove", ""], "0"), (["", "remove"], "1")])
def test_either_bar_of_a_list_leads_to_the_page_in_between(
    door: Door, moderator: User, bruno: User, square: Room, actions: list[str], index: str
) -> None:
    message = say(bruno, square)
    page = door(moderator).client.post(
        reverse("admin:rooms_message_changelist"),
        {"action": actions, "index": index, "_selected_action": [message.pk]},
    )
    assert '<input type="hidden" name="action" value="remove">' in text(page)


def test_all_rows_are_all_that_were_searched_for(door: Door, moderator: User, bruno: User, square: Room) -> None:
    for body in ("rude one", "rude two", "kind"):
        say(bruno, square, body)
    at, url = door(moderator).client, reverse("admin:rooms_message_changelist") + "?q=rude"
    form = {"action": "remove", "_selected_action": [Message.objects.earliest("id").pk], "select_across": "1"}
    page = at.post(url, form)
    assert "2 rows in all" not in text(page)
    assert '<form method="post">' in text(page)
    assert text(page).count("<li>Bruno: rude") == 2
    at.post(url, {**form, "confirm": "yes"})
    assert list(Message.objects.filter(removed_at=None).values_list("body", flat=True)) == ["kind"]


def test_messages_are_removed_and_restored_in_bulk_and_everybody_is_told(
    door: Door,
    moderator: User,
    bruno: User,
    square: Room,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    messages = [say(bruno, square, f"rude {number}") for number in range(3)]
    told: list[Any] = []
    with patch.object(events, "_publisher") as publisher, django_capture_on_commit_callbacks(execute=True):
        publisher.publish.side_effect = told.extend
        door(moderator).act("remove", *messages, reason="Rude")
    assert Message.objects.filter(removed_at__isnull=False).count() == 3
    assert [json.loads(event["frame"])["message"]["deleted"] for _group, event in told] == [True] * 3
    entry = ModerationEntry.objects.filter(action="remove_message").latest("id")
    assert (entry.actor_name, entry.user_name, entry.reason) == ("moderator", "bruno", "Rude")
    door(moderator).act("restore", *messages, reason="After all")
    assert not Message.objects.filter(removed_at__isnull=False).exists()


def test_what_is_removed_already_is_not_counted_as_done(door: Door, moderator: User, bruno: User, square: Room) -> None:
    one, other = say(bruno, square, "rude"), say(bruno, square, "ruder")
    assert "Done for one row." in text(door(moderator).act("remove", one, follow=True))
    page = text(door(moderator).act("remove", one, other, follow=True))
    assert "Done for one row." in page
    assert "Nothing to do for one row." in page
    assert "Nothing to do for one row." in text(door(moderator).act("restore", say(bruno, square), follow=True))


def test_the_log_speaks_the_readers_language(door: Door, moderator: User, bruno: User, square: Room) -> None:
    until = timezone.now() + timedelta(hours=2)
    mute_member(actor=moderator, user=bruno, room=square, until=until)
    entry = ModerationEntry.objects.latest("id")
    for language, words, limit in (("en", "muted", "Until"), ("es", "silenció", "Hasta")):
        moderator.language = language
        moderator.save()
        with override(language):
            entries = text(door(moderator).page("rooms_moderationentry_changelist"))
            page = text(door(moderator).page("rooms_moderationentry_change", entry.pk))
            moment = date_format(until, "DATETIME_FORMAT")
        assert f'<td class="field-action">{words}</td>' in entries
        assert f"{limit}: {moment}" in page
        assert words in page
        assert "mute_member" not in page


def test_no_transaction_is_open_around_an_operation(door: Door, moderator: User, bruno: User, square: Room) -> None:
    depths: list[int] = []
    outside = len(transaction.get_connection().savepoint_ids)
    message = say(bruno, square)

    def look(**_fields: object) -> None:
        depths.append(len(transaction.get_connection().savepoint_ids))

    with patch("rooms.admin.messages.remove_message", look):
        door(moderator).act("remove", message)
    assert depths == [outside]


def test_a_moderator_sees_open_and_own_rooms_and_not_others_direct_or_closed_ones(
    door: Door, moderator: User, ana: User, bruno: User, plaza: Room, square: Room
) -> None:
    direct = start_direct(actor=ana, users=[bruno])
    hidden = [say(ana, direct, "whispered"), say(ana, plaza, "behind the door")]
    say(bruno, square, "said aloud")
    at = door(moderator)
    page = text(at.page("rooms_message_changelist"))
    assert "said aloud" in page
    assert "whispered" not in page
    assert "behind the door" not in page
    for message in hidden:
        assert at.page("rooms_message_change", message.pk).status_code == 302
        at.act("remove", message)
        assert not Message.objects.get(pk=message.pk).deleted
    assert str(direct.pk) not in [str(room.pk) for room in Room.objects.moderated_by(moderator)]
    assert at.page("rooms_room_change", direct.pk).status_code == 302


def test_looking_at_a_reported_direct_message_leaves_an_entry(
    door: Door, moderator: User, ana: User, bruno: User
) -> None:
    direct = start_direct(actor=ana, users=[bruno])
    say(bruno, direct, "before it")
    message = say(ana, direct, "a threat")
    report = report_message(actor=bruno, message=message, reason="Threat")
    at = door(moderator)
    assert "a threat" not in text(at.page("rooms_report_changelist"))
    assert not ModerationEntry.objects.filter(action="view_reported").exists()
    page = text(at.page("rooms_report_change", report.pk))
    assert "a threat" in page
    assert "before it" in page
    assert ModerationEntry.objects.get(action="view_reported").actor_name == "moderator"


def test_reports_are_worked_through(door: Door, moderator: User, ana: User, bruno: User) -> None:
    direct = start_direct(actor=ana, users=[bruno])
    bad, fine = (report_message(actor=bruno, message=say(ana, direct, body), reason="Hm") for body in ("bad", "fine"))
    at = door(moderator)
    at.act("remove", bad, reason="Threat")
    at.act("dismiss", fine, reason="Harmless")
    outcomes = dict(Report.objects.values_list("reason", "outcome").order_by("id").values_list("pk", "outcome"))
    assert outcomes == {bad.pk: "removed", fine.pk: "dismissed"}
    assert [Message.objects.get(pk=one.message_id).deleted for one in (bad, fine)] == [True, False]
    at.act("restore", bad)
    assert not Message.objects.get(pk=bad.message_id).deleted


def test_a_person_is_banned_with_a_reason_and_let_in_again(
    door: Door, moderator: User, bruno: User, owner: User
) -> None:
    at = door(moderator)
    at.act("ban", bruno, owner, reason="Spam")
    assert list(Ban.objects.values_list("user__username", "reason")) == [("bruno", "Spam")]
    assert Notice.objects.filter(user=bruno, kind="access").exists()
    assert "Spam" in text(at.page("accounts_user_change", bruno.pk))
    assert "bruno" in text(at.page("accounts_user_changelist", banned="1"))
    at.act("unban", bruno)
    assert not Ban.objects.exists()


def test_a_member_is_muted_until_a_time_and_may_write_again(
    door: Door, moderator: User, bruno: User, plaza: Room
) -> None:
    membership = Membership.objects.get(room=plaza, user=bruno)
    until = (timezone.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    door(moderator).act("mute", membership, until=until.strftime("%Y-%m-%dT%H:%M"), reason="Loud")
    membership.refresh_from_db()
    assert membership.muted_until == until
    door(moderator).act("unmute", membership)
    membership.refresh_from_db()
    assert membership.muted_until is None


def test_a_mute_needs_a_time_to_come(door: Door, moderator: User, bruno: User, plaza: Room) -> None:
    membership = Membership.objects.get(room=plaza, user=bruno)
    page = door(moderator).act("mute", membership, until="2020-01-01T10:00")
    assert "This moment is past." in text(page)


def test_a_room_is_archived_and_opened_again(door: Door, moderator: User, square: Room) -> None:
    door(moderator).act("archive", square, reason="Quiet")
    assert Room.objects.get(pk=square.pk).archived
    door(moderator).act("unarchive", square)
    assert not Room.objects.get(pk=square.pk).archived


def test_an_invitation_is_made_and_revoked(door: Door, moderator: User, square: Room) -> None:
    at = door(moderator)
    made = at.client.post(
        reverse("admin:accounts_invitation_add"),
        {"room": square.pk, "uses": "3", "note": "For the street"},
        follow=True,
    )
    invitation = Invitation.objects.get()
    assert invitation.url in text(made)
    assert (invitation.room, invitation.uses_left) == (square, 3)
    wrong = at.client.post(reverse("admin:accounts_invitation_add"), {"expires_at": "2020-01-01T10:00"})
    assert "This moment is past." in text(wrong)
    at.act("revoke", invitation)
    assert not Invitation.objects.get().is_open


def test_owners_alone_give_roles_accounts_and_tokens(door: Door, moderator: User, owner: User, bruno: User) -> None:
    for action in ("make_moderator", "deactivate", "create_token"):
        door(moderator).act(action, bruno, name="bot")
    bruno.refresh_from_db()
    assert (bruno.is_staff, bruno.is_active, AccessToken.objects.count()) == (False, True, 0)
    assert door(moderator).page("accounts_accesstoken_changelist").status_code == 403
    at = door(owner)
    at.act("make_moderator", bruno)
    assert User.objects.get(pk=bruno.pk).is_moderator
    at.act("unmake_moderator", bruno)
    at.act("deactivate", bruno, reason="Gone")
    assert not User.objects.get(pk=bruno.pk).is_active
    at.act("activate", bruno)
    page = at.act("create_token", bruno, name="bot")
    token = AccessToken.objects.get()
    assert "This token is shown only now" in text(page)
    assert token.digest not in text(page)
    assert at.page("accounts_accesstoken_changelist").status_code == 200
    at.act("revoke", token)
    assert AccessToken.objects.get().revoked_at is not None


def test_owners_alone_rename_the_site_and_erase_people(door: Door, moderator: User, owner: User, bruno: User) -> None:
    door(moderator).act("rename", Site.load(), name="Mercado")
    door(moderator).act("erase", bruno)
    assert Site.load().name == "Plaza"
    assert door(moderator).page("rooms_site_changelist").status_code == 403
    at = door(owner)
    assert at.page("rooms_site_changelist").status_code == at.page("rooms_site_change", 1).status_code == 200
    at.act("rename", Site.load(), name="Ágora")
    at.act("erase", bruno)
    assert Site.load().name == "Ágora"
    assert User.objects.get(pk=bruno.pk).erased_at is not None


def test_signing_somebody_out_everywhere_ends_their_sessions(door: Door, moderator: User, bruno: User) -> None:
    door(moderator).act("sign_out_everywhere", bruno)
    assert Notice.objects.filter(user=bruno, kind="access").exists()


def test_the_index_warns_while_mails_go_to_the_console(door: Door, moderator: User, settings: Settings) -> None:
    settings.EMAIL_URL = "consolemail://"
    assert "Set EMAIL_URL" in text(door(moderator).page("index"))
    settings.EMAIL_URL = "smtp://mail.example"
    assert "Set EMAIL_URL" not in text(door(moderator).page("index"))


def test_pages_hold_no_inline_script_or_style(door: Door, owner: User, bruno: User, square: Room) -> None:
    report = report_message(actor=owner, message=say(bruno, square))
    at = door(owner)
    pages = [at.page("index"), at.page("rooms_report_change", report.pk), at.page("accounts_invitation_add")]
    pages += [at.page(f"{noun}_changelist") for noun in NOUNS]
    for page in pages:
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert "<style" not in text(page)
        assert " style=" not in text(page)
        assert " onclick=" not in text(page)


def test_the_door_speaks_spanish(door: Door, moderator: User) -> None:
    at = door(moderator)
    page = at.client.get(reverse("admin:rooms_message_changelist"), headers={"Accept-Language": "es"})
    assert 'lang="es"' in text(page)
    assert "Retirar los mensajes elegidos" in text(page)
    assert "Buscar en mensajes" in text(page)

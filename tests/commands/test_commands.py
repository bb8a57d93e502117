"""Each command: what it does through its operation, and what it answers when it may not."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.utils import timezone

from accounts.models import AccessToken, Invitation, User, token_digest
from rooms.demo import DOMAIN
from rooms.models import Ban, Membership, Message, ModerationEntry, Reaction, Room, Site
from rooms.operations.history import erase_expired
from rooms.operations.messages import delete_message
from rooms.operations.rooms import start_direct
from rooms.operations.sending import send_message

Run = Callable[..., str]


# Whom a command acts as


def test_a_command_acts_as_the_first_owner(owner: User, command: Run) -> None:
    command("create_room", "Kitchen", "--kind", "closed", "--topic", "Recipes")
    room = Room.objects.get(name="Kitchen")
    assert (room.created_by, room.kind, room.topic) == (owner, "closed", "Recipes")


def test_a_command_acts_as_whom_it_is_told_in_any_case_of_letters(owner: User, ana: User, command: Run) -> None:
    printed = command("create_room", "Kitchen", "--as", "@ANA")
    room = Room.objects.get(name="Kitchen")
    assert room.created_by == ana
    assert printed.split() == [str(room.id), f"http://127.0.0.1:8000/rooms/{room.id}/"]


@pytest.mark.usefixtures("db")
def test_without_an_owner_the_error_says_how_to_make_one(command: Run) -> None:
    with pytest.raises(CommandError, match="create_owner"):
        command("create_room", "Kitchen")


def test_somebody_who_is_banned_does_nothing(owner: User, ana: User, command: Run) -> None:
    Ban.objects.create(user=ana)
    with pytest.raises(CommandError, match="banned or deactivated"):
        command("create_room", "Kitchen", "--as", "ana")


def test_a_person_whom_nobody_knows_is_an_error(owner: User, command: Run) -> None:
    with pytest.raises(CommandError, match="nobody with the user name 'zoe'"):
        command("ban", "zoe")


def test_what_an_operation_refuses_is_an_error_with_its_code(moderator: User, ana: User, command: Run) -> None:
    with pytest.raises(CommandError, match=r"\[not_allowed\]") as refused:
        command("ban", "moderator", "--as", "ana")
    assert refused.value.returncode == 1


# Which room


@pytest.mark.parametrize("word", ["id", "reading-club", "Reading CLUB"])
def test_a_room_is_named_by_its_id_its_slug_or_its_name(owner: User, command: Run, word: str) -> None:
    command("create_room", "Reading club")
    room = Room.objects.get()
    command("say", room.id if word == "id" else word, "hello")
    assert Message.objects.get().room == room


def test_a_room_that_the_person_may_not_see_is_not_found(plaza: Room, carla: User, command: Run) -> None:
    with pytest.raises(CommandError, match="carla sees no room"):
        command("say", plaza.id, "hello", "--as", "carla")


def test_a_name_of_two_rooms_asks_for_the_id(owner: User, command: Run) -> None:
    command("create_room", "Twins")
    command("create_room", "Twins")
    with pytest.raises(CommandError, match="Several rooms"):
        command("say", "twins", "hello")


# Each command


@pytest.mark.usefixtures("db")
def test_an_owner_is_made_with_a_password_from_standard_input(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    printed = command("create_owner", "olga", "--name", "Olga", "--password-stdin")
    olga = User.objects.get(username="olga")
    assert olga.is_owner
    assert olga.check_password("correct horse battery")
    assert "correct horse" not in printed
    assert Site.load().set_up_at is not None


@pytest.mark.usefixtures("db")
def test_an_owner_is_made_with_a_password_from_the_environment(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_OWNER_PASSWORD", "correct horse battery")
    assert "Password" not in command("create_owner", "olga")
    assert User.objects.get(username="olga").check_password("correct horse battery")


@pytest.mark.usefixtures("db")
def test_an_owner_without_a_password_gets_one_that_is_printed(command: Run) -> None:
    password = command("create_owner", "olga").rpartition("Password: ")[2].strip()
    assert User.objects.get(username="olga").check_password(password)


@pytest.mark.usefixtures("db")
def test_an_owner_with_a_weak_password_is_refused(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    with pytest.raises(CommandError, match="password: "):
        command("create_owner", "olga", "--password-stdin")


def test_an_invitation_is_printed_as_its_link(owner: User, command: Run) -> None:
    url = command("invite", "--uses", "3", "--for", "7d", "--note", "for the choir").strip()
    invitation = Invitation.objects.get()
    assert url == invitation.url
    assert (invitation.uses_left, invitation.note) == (3, "for the choir")
    assert invitation.expires_at is not None
    assert timedelta(days=6) < invitation.expires_at - timezone.now() <= timedelta(days=7)


def test_somebody_is_banned_and_let_in_again(owner: User, ana: User, command: Run) -> None:
    command("ban", "ana", "--reason", "spam")
    assert Ban.objects.get(user=ana).reason == "spam"
    command("unban", "ana", "--reason", "she is sorry")
    assert not Ban.objects.filter(user=ana).exists()
    log = ModerationEntry.objects.order_by("id").values_list("action", "reason", "actor_name")
    assert list(log) == [("ban_user", "spam", "owner"), ("unban_user", "she is sorry", "owner")]


def test_somebody_is_muted_for_a_time_and_may_write_again(
    moderator: User, plaza: Room, bruno: User, command: Run
) -> None:
    command("mute", plaza.id, "bruno", "--for", "2h", "--as", "moderator")
    until = Membership.objects.get(room=plaza, user=bruno).muted_until
    assert until is not None
    assert timedelta(minutes=119) < until - timezone.now() <= timedelta(hours=2)
    command("mute", plaza.id, "bruno", "--lift", "--as", "moderator")
    assert Membership.objects.get(room=plaza, user=bruno).muted_until is None


@pytest.mark.parametrize("wrong", ["2", "h", "-2h", "0h", "2 fortnights", "999999w", ""])
def test_a_time_that_cannot_be_read_is_an_error(owner: User, plaza: Room, command: Run, wrong: str) -> None:
    with pytest.raises(CommandError, match="--for"):
        command("mute", plaza.id, "bruno", f"--for={wrong}")


def test_a_message_is_sent_and_its_id_printed(plaza: Room, bruno: User, command: Run) -> None:
    printed = command("say", plaza.id, "hello **all**", "--as", "bruno")
    message = Message.objects.get()
    assert printed.strip() == str(message.id)
    assert (message.author, message.html) == (bruno, "<p>hello <strong>all</strong></p>")


def test_a_message_is_read_from_standard_input(plaza: Room, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines\n"))
    command("say", plaza.id, "-", "--as", "bruno")
    assert Message.objects.get().body == "two\nlines"


def test_say_refuses_what_is_no_text(command: Run, plaza: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="utf-8"))
    with pytest.raises(CommandError, match="not UTF-8"):
        command("say", plaza.id, "-", "--as", "bruno")


def test_a_message_is_removed(moderator: User, plaza: Room, bruno: User, command: Run) -> None:
    message = send_message(actor=bruno, room=plaza, body="rude").message["id"]
    command("remove_message", message, "--reason", "rude", "--as", "moderator")
    assert Message.objects.get().removed_at is not None
    with pytest.raises(CommandError, match=r"\[not_found\]"):
        command("remove_message", message + 1, "--as", "moderator")


def test_a_removal_says_what_is_left_of_the_text(moderator: User, plaza: Room, bruno: User, command: Run) -> None:
    message = send_message(actor=bruno, room=plaza, body="rude words").message["id"]
    remove = ("remove_message", message, "--as", "moderator")
    assert "removed; its text is kept for 30 days" in command(*remove)
    Message.objects.update(removed_at=timezone.now() - timedelta(days=20))
    until = timezone.now() + timedelta(days=10)
    assert f"was removed already; its text is kept until {until:%Y-%m-%d}" in command(*remove)
    Message.objects.update(removed_at=timezone.now() - timedelta(days=31))
    erase_expired()
    assert "was gone already; its text is erased" in command(*remove)
    assert ModerationEntry.objects.filter(action="remove_message").count() == 1


def test_a_removal_of_what_its_author_deleted_keeps_no_text(
    moderator: User, plaza: Room, bruno: User, command: Run
) -> None:
    message = send_message(actor=bruno, room=plaza, body="rude words").message["id"]
    delete_message(actor=bruno, message=message)
    printed = command("remove_message", message, "--as", "moderator")
    assert "is removed. Its author had deleted it: its text is not kept" in printed


def test_a_room_is_exported_oldest_first_a_line_each(
    plaza: Room, bruno: User, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rooms.management.commands.export_room.PAGE", 2)
    for number in range(5):
        send_message(actor=bruno, room=plaza, body=f"número {number}")
    lines = command("export_room", plaza.id, "--as", "bruno").splitlines()
    assert [json.loads(line)["body"] for line in lines] == [f"número {number}" for number in range(5)]
    assert "número" in lines[0]


def test_a_room_is_exported_to_a_file_that_is_whole_or_not_there(
    plaza: Room, bruno: User, command: Run, tmp_path: Path
) -> None:
    send_message(actor=bruno, room=plaza, body="hello")
    command("export_room", plaza.id, "--as", "bruno", "--output", tmp_path / "plaza.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["plaza.jsonl"]
    with pytest.raises(CommandError, match="Cannot write"):
        command("export_room", plaza.id, "--as", "bruno", "--output", tmp_path / "nowhere" / "plaza.jsonl")


def test_an_owner_does_not_export_rooms_of_others(
    owner: User, plaza: Room, ana: User, bruno: User, command: Run
) -> None:
    with pytest.raises(CommandError, match="owner is not in Plaza"):
        command("export_room", plaza.id)
    direct = start_direct(actor=ana, users=[bruno])
    with pytest.raises(CommandError, match="sees no room"):
        command("export_room", direct.id)


def test_old_messages_are_pruned_and_a_dry_run_counts_them(owner: User, plaza: Room, bruno: User, command: Run) -> None:
    for body in ("old", "new"):
        send_message(actor=bruno, room=plaza, body=body)
    Message.objects.filter(body="old").update(created_at=timezone.now() - timedelta(days=91))
    assert command("prune_messages", "--older-than", "90d", "--dry-run").startswith("1 messages")
    assert Message.objects.count() == 2
    assert command("prune_messages", "--older-than", "90d").startswith("1 messages")
    assert Message.objects.get().body == "new"


def test_a_token_is_printed_once_and_only_its_hash_is_kept(owner: User, ana: User, command: Run) -> None:
    token = command("create_token", "ana", "--name", "her bot").strip()
    row = AccessToken.objects.get()
    assert (row.user, row.name, row.digest) == (ana, "her bot", token_digest(token))


def test_a_new_epoch_begins(owner: User, command: Run) -> None:
    before = Site.load().epoch
    assert command("new_epoch").strip() == Site.load().epoch != before


# The demo


def seeded(command: Run, tmp_path: Path, *arguments: str) -> list[str]:
    tokens = tmp_path / "tokens"
    size = ["--users", "12", "--rooms", "4", "--messages", "1_200", "--tokens", str(tokens), "--random", "7"]
    command("seed", *size, "-v0", *arguments)
    assert tokens.stat().st_mode & 0o777 == 0o600
    return tokens.read_text().splitlines()


def test_a_demo_has_all_its_people_in_its_first_room_and_a_token_for_each(
    owner: User, command: Run, tmp_path: Path
) -> None:
    tokens = seeded(command, tmp_path)
    people = User.objects.filter(email__endswith=DOMAIN)
    first = Room.objects.order_by("id")[0]
    assert (people.count(), Room.objects.count(), Message.objects.count()) == (12, 4, 1200)
    assert set(people) <= {one.user for one in first.memberships.active().select_related("user")}
    assert {token_digest(token) for token in tokens} == set(AccessToken.objects.values_list("digest", flat=True))
    assert AccessToken.objects.values("user").distinct().count() == 12


def test_each_change_of_a_demo_takes_one_value_and_none_is_left_out(owner: User, command: Run, tmp_path: Path) -> None:
    seeded(command, tmp_path)
    for room in Room.objects.all():
        messages = Message.objects.filter(room=room)
        changes = (
            messages.count()
            + messages.filter(edited_at__isnull=False).count()
            + messages.filter(deleted_at__isnull=False).count()
            + Reaction.objects.filter(message__room=room).count()
        )
        joinings = set(room.memberships.values_list("changed_seq", flat=True))
        assert room.seq == changes + len(joinings)
        seqs = set(messages.values_list("seq", flat=True))
        assert not seqs & joinings
        assert len(set(messages.values_list("changed_seq", flat=True)) | joinings) == messages.count() + len(joinings)
        times = list(messages.order_by("seq").values_list("created_at", flat=True))
        assert times == sorted(times)
        assert max(times) < timezone.now()


def test_a_demo_is_three_months_of_unequal_people_who_reply_edit_delete_and_react(
    owner: User, command: Run, tmp_path: Path
) -> None:
    seeded(command, tmp_path)
    messages = Message.objects.all()
    oldest = messages.order_by("created_at")[0].created_at
    assert timedelta(days=80) < timezone.now() - oldest < timedelta(days=92)
    assert not messages.exclude(author__email__endswith=DOMAIN).exists()
    counts = sorted(messages.filter(author=user).count() for user in User.objects.all())
    assert counts[-1] > 3 * max(1, counts[1])
    for kind in (
        {"reply_to__isnull": False},
        {"edited_at__isnull": False},
        {"erased_at__isnull": False},
        {"html__contains": "<pre>"},
        {"html__contains": "<a href"},
        {"html__contains": 'class="mention"'},
        {"body__contains": "¿"},
        {"body__contains": "Monday"},
    ):
        assert messages.filter(**kind).exists(), kind
    assert not messages.filter(erased_at__isnull=False).exclude(body="").exists()
    assert Reaction.objects.count() > 50


def test_a_demo_is_refused_where_real_people_are_unless_forced(
    owner: User, carla: User, command: Run, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="1 real people"):
        seeded(command, tmp_path)
    assert not Room.objects.exists()
    seeded(command, tmp_path, "--force")
    assert not Membership.objects.filter(user=carla).exists()


def test_a_demo_does_not_write_into_a_room_where_somebody_wrote(owner: User, command: Run, tmp_path: Path) -> None:
    command("create_room", "Ours")
    command("say", "ours", "hello")
    seeded(command, tmp_path)
    assert Message.objects.filter(room__name="Ours").count() == 1


def test_a_second_demo_stands_beside_the_first(owner: User, command: Run, tmp_path: Path) -> None:
    seeded(command, tmp_path)
    seeded(command, tmp_path)
    assert (User.objects.count(), Message.objects.count()) == (25, 2400)


def test_a_moderator_makes_no_demo(owner: User, moderator: User, command: Run, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"\[not_allowed\]"):
        command("seed", "--as", "moderator")

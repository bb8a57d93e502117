"""What the page's scripts say: a JSON block of each page, in the reader's language."""

from collections.abc import Callable
from functools import cache

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

type Counted = dict[str, str]


def page_texts() -> dict[str, str | Counted]:
    """`{name}` is filled in by the script; a dict has one text for each of `Intl.PluralRules`' forms."""
    return _texts(get_language())


@cache
def _texts(_language: str | None) -> dict[str, str | Counted]:
    return {**_messages(), **_acts(), **_connection(), **_rooms(), **_dialogs()}


def _counted(text: Callable[[int], str]) -> Counted:
    """English and Spanish know the same two forms."""
    return {"one": text(1), "other": text(2)}


def _messages() -> dict[str, str | Counted]:
    return {
        "gone": _("{name} deleted a message"),
        "gone_mine": _("You deleted a message"),
        "gone_yours": _("A message of yours was deleted"),
        "gone_nobody": _("A message was deleted"),
        "erased": _("Somebody who left"),
        "original_gone": _("a message that is gone"),
        "original_far": _("a message further up"),
        "unsent": _("It was not sent."),
        "react_with": _("React with {emoji}"),
        "reaction": _("{emoji}: {names}"),
        "you": _("You"),
        "and_others": _counted(lambda n: ngettext("{names} and {count} other", "{names} and {count} others", n)),
        "today": _("Today, {day}"),
        "yesterday": _("Yesterday, {day}"),
        "new_messages": _counted(lambda n: ngettext("{count} new message", "{count} new messages", n)),
        "to_the_end": _("To the newest"),
        "copied": _("Copied."),
        "link_copied": _("The link is copied."),
        "not_copied": _("Your browser did not let us copy it."),
        "reported": _("Thank you. The moderators will look at it."),
        "said": _("{name}: {text}"),
    }


def _acts() -> dict[str, str | Counted]:
    return {
        "reply": _("Reply"),
        "copy_text": _("Copy the text"),
        "copy_link": _("Copy the link"),
        "edit": _("Edit"),
        "mark_unread": _("Mark as unread from here"),
        "report": _("Report to the moderators"),
        "report_title": _("Report this message?"),
        "report_text": _("The moderators read it with what stands around it. Nobody else learns of it."),
        "report_yes": _("Report"),
        "delete": _("Delete"),
        "delete_title": _("Delete this message?"),
        "delete_text": _("Everyone in the room will see that you deleted one."),
        "remove": _("Remove"),
        "remove_title": _("Remove this message?"),
        "remove_text": _("It disappears for everybody at once. In the admin it can be restored for a while."),
    }


def _connection() -> dict[str, str | Counted]:
    return {
        "reconnecting": _("Reconnecting…"),
        "next_try": _counted(
            lambda n: ngettext(
                "No connection. Next try in {count} second.", "No connection. Next try in {count} seconds.", n
            )
        ),
        "signed_out": _("You have been signed out."),
        "banned": _("You may not come in any longer."),
        "banned_because": _("You may not come in any longer: {reason}"),
        "lost": _("No connection. Try again in a moment."),
        "failed": _("That did not work. Try again."),
        "waiting": _counted(
            lambda n: ngettext(
                "{count} message is waiting; it leaves when the connection is back",
                "{count} messages are waiting; they leave when the connection is back",
                n,
            )
        ),
        "typing_one": _("{a} is typing…"),
        "typing_two": _("{a} and {b} are typing…"),
        "typing_three": _("{a}, {b} and {c} are typing…"),
        "typing_many": _("Several people are typing…"),
        "loading": _("Loading…"),
    }


def _rooms() -> dict[str, str | Counted]:
    return {
        "write_to": pgettext("a room", "Write to {room}…"),
        "write_to_people": pgettext("people", "Write to {room}…"),
        "members": _("Members: {count}"),
        "draft": _("Draft"),
        "unread": _counted(lambda n: ngettext("{count} unread", "{count} unread", n)),
        "mentions": _counted(lambda n: ngettext("{count} mention", "{count} mentions", n)),
        "many": _("1000+"),
        "here": _("In the plaza"),
        "away": _("Away"),
        "offline": _("No connection"),
        "archived": _("This room is archived. It can be read, but nobody writes here any more."),
        "not_joined": _("You are reading {room} without being in it."),
        "empty_room": _("Nobody has spoken in {room} yet"),
        "empty_room_text": _("Say what it is for, and the people who come later will know."),
        "empty_direct": _("This is where you and {room} talk"),
        "empty_direct_text": _("Nobody else reads along. Say hello."),
        "no_room": _("Welcome"),
        "no_room_text": _("You are in no room yet. Choose where to begin."),
        "browse_note": _("Read and join what is open to all"),
        "new_direct_note": _("Just among you"),
        "add_people": _("Add people"),
        "add_people_note": _("Those who should read along from the start"),
        "write_topic": _("Write a topic"),
        "write_topic_note": _("One line beside the room’s name"),
        "invite": _("Invitation link"),
        "invite_note": _("Works for seven days, can be withdrawn"),
        "left_room": _("You are no longer in {room}."),
        "you_are_here": _("You are here"),
    }


def _dialogs() -> dict[str, str | Counted]:
    return {
        "leave": _("Leave"),
        "leave_title": _("Leave {room}?"),
        "leave_text": _("You can come back at any time, and read it from outside until then."),
        "leave_closed_text": _("You can read it no longer, and only somebody inside can let you in again."),
        "leave_direct_text": _("It goes from your list until somebody writes in it again."),
        "archive_title": _("Archive {room}?"),
        "archive_text": _("It stays to be read, but nobody can write in it any more. You can bring it back."),
        "archive_yes": _("Archive"),
        "rename": _("Name and topic"),
        "mute_room": _("Mute this room"),
        "ring": _("Unmute this room"),
        "moderation": _("Moderation"),
        "sign_out": _("Sign out"),
        "unarchive": _("Bring back from the archive"),
        "archive": _("Archive room"),
        "rooms": _("Rooms"),
        "people": _("People"),
        "commands": _("Commands"),
        "nothing_found": _("Nothing found. Try other letters."),
        "mark_all_read": _("Mark everything as read"),
        "new_room": _("New room"),
        "new_direct": _("New direct message"),
        "browse": _("Browse rooms"),
        "settings": _("Settings"),
        "keys": _("All keys"),
        "join": _("Join"),
        "look_in": _("Look in"),
        "open": _("Open"),
        "no_rooms": _("There is no other room yet. Open one."),
        "more_rooms": _counted(
            lambda n: ngettext(
                "{count} more room: write a part of its name.", "{count} more rooms: write a part of a name.", n
            )
        ),
        "nobody_found": _("Nobody of that name."),
        "remove_person": _("Remove {name} from the room"),
        "take_back": _("Take {name} back out"),
        "remove_person_title": _("Remove {name} from the room?"),
        "remove_person_text": _("They can no longer read what is said in {room} from now on."),
        "remove_person_open_text": _("As {room} is open, they can go on reading it, and join again."),
        "remove_person_yes": pgettext("a person", "Remove"),
        "about_person": _("More about {name}"),
        "write_direct": _("Write to {name}"),
        "added": _counted(lambda n: ngettext("{count} person added.", "{count} people added.", n)),
        "mute_1": _("Mute for an hour"),
        "mute_24": _("Mute for a day"),
        "mute_168": _("Mute for a week"),
        "unmute": _("End the mute"),
        "muted_now": _("Muted in this room."),
        "unmuted_now": _("No longer muted in this room."),
        "member_count": _counted(lambda n: ngettext("{count} member", "{count} members", n)),
        "need_name": _("Give it a name first."),
        "need_people": _("Choose somebody first."),
        "no_emoji": _("No such emoji."),
    }

"""What the page's scripts say: a JSON block of each page, in the reader's language."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

type Counted = dict[str, str]


def page_texts() -> dict[str, str | Counted]:
    """`{name}` is filled in by the script; a dict has one text for each of `Intl.PluralRules`' forms."""
    return {**_messages(), **_connection(), **_rooms(), **_dialogs()}


def _counted(_counted(lambda n: ngettext("{names} and {count} other", "{names} and {count} others", n))_counted(lambda n: ngettext("{count} new message", "{count} new messages", n))_counted(
            lambda n: ngettext("No connection. Next try in {count} second.", "No connection. Next try in {count} seconds.", n))_counted(
            lambda n: ngettext("{count} message is waiting; it leaves when the connection is back",
            "{count} messages are waiting; they leave when the connection is back", n))_counted(lambda n: ngettext("{count} unread", "{count} unread", n))_counted(lambda n: ngettext("{count} mention", "{count} mentions", n))_counted(lambda n: ngettext("{count} member", "{count} members", n)),
        "need_name": _("Give it a name first."),
        "need_people": _("Choose somebody first."),
        "search_emoji": _("Search emoji"),
        "no_emoji": _("No such emoji."),
    }

"""What text may hold: no control characters but line breaks and tabs, no lone surrogates; and how a key is written."""

import re

from django.utils.translation import gettext as _

from rooms.errors import Invalid, TooLarge

BODY_LIMIT = 16_000  # code points
NAME_LIMIT = 80
TOPIC_LIMIT = 200
REASON_LIMIT = 500
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# `UUID` itself would also take braces, "urn:uuid:" and hyphens anywhere
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def clean_body(body: str) -> str:
    """A message's text, trimmed: 1 to 16,000 code points."""
    text = clean_text("body", body)
    if not text:
        raise Invalid("body", _("Write something first."))
    if len(text) > BODY_LIMIT:
        raise TooLarge(limit=BODY_LIMIT)
    return text


def clean_name(name: str, field: str = "name") -> str:
    """A name of one line, 1 to 80 code points."""
    text = clean_line(field, name, NAME_LIMIT)
    if not text:
        raise Invalid(field, _("This needs a name."))
    return text


def clean_line(field: str, value: str, limit: int) -> str:
    """One line of text, its white space folded."""
    text = " ".join(clean_text(field, value).split())
    if len(text) > limit:
        raise Invalid(field, _("At most %(limit)d characters.") % {"limit": limit})
    return text


def clean_text(field: str, value: str) -> str:
    if FORBIDDEN.search(value):
        raise Invalid(field, _("This holds characters that cannot be shown."))
    return value.strip()

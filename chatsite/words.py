"""Words of Django's that its Spanish lacks, or says to a stranger: our catalogue comes before its own."""

from django.utils.translation import gettext_noop

WORDS = (
    gettext_noop("- Select an option -"),
    gettext_noop("Enter a valid email address."),
    gettext_noop("Filter by %(field_name)s"),
    gettext_noop("Pagination %(name)s"),
    gettext_noop("Run"),
    gettext_noop("Search %(name)s"),
)

"""What the moderators' door shows besides its models."""

from django import template
from django.conf import settings

NOWHERE = ("consolemail:", "dummymail:", "memorymail:", "filemail:")
register = template.Library()


@register.simple_tag
def mails_go_nowhere() -> bool:
    """Whether nobody receives what this site sends by e-mail."""
    return str(settings.EMAIL_URL).startswith(NOWHERE)

"""What the templates of the doors show."""

from django import template
from django.template import Context
from django.utils.translation import gettext as _

from accounts.proxy import NO_ADDRESS
from rooms.models import Site

register = template.Library()

# In this order: most browsers also claim to be the ones below them
PROGRAMS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@register.simple_tag(takes_context=True)
def site_name(context: Context) -> str:
    """The name of the place, read once a page. Allauth's pages have a `site` of their own, which
    only knows the host."""
    if "site_name" not in context:
        context.dicts[0]["site_name"] = Site.load().name
    return str(context["site_name"])


@register.filter
def browser(user_agent: str) -> str:
    """`Firefox, Linux` out of what a browser says of itself; enough to know one's own again."""
    program = next((name for mark, name in PROGRAMS if mark in user_agent), _("Another program"))
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return f"{program}, {system}" if system else program


@register.filter
def is_known_address(address: str) -> bool:
    return address != NO_ADDRESS

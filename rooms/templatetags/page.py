"""What the conversation page's template needs: its modules, and its icons."""

from functools import cache
from pathlib import Path

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

STATIC = Path(__file__).resolve().parent.parent / "static"

register = template.Library()


@register.simple_tag
def page_modules() -> list[str]:
    """The addresses of all modules of the page, so that the browser asks for them at once."""
    return [static(name) for name in _module_names()]


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="#i-{}"/></svg>', f"icon--{extra}" if extra else "", name
    )


@cache
def _module_names() -> list[str]:
    modules = (STATIC / "rooms" / "js").rglob("*.js")
    return sorted(str(path.relative_to(STATIC)) for path in modules if path.name != "types.js")

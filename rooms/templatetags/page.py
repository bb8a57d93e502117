"""What the conversation page's template needs."""

from functools import cache
from pathlib import Path

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

STATIC = Path(__file__).resolve().parent.parent / "static"

register = template.Library()


@register.simple_tag
def modules() -> SafeString:
    """The page's script, and all of its modules, so that the browser asks for them at once."""
    return _modules()


@cache
def _modules() -> SafeString:
    preloads = format_html_join("\n", '<link rel="modulepreload" href="{}">', ((static(name),) for name in _names()))
    return format_html('{}\n<script type="module" src="{}"></script>', preloads, static("rooms/js/main.js"))


@cache
def _names() -> list[str]:
    modules = (STATIC / "rooms" / "js").rglob("*.js")
    return sorted(str(path.relative_to(STATIC)) for path in modules if path.name != "types.js")

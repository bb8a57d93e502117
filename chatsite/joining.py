"""What browsers get of our scripts and style sheets: without comments, and the page's in one piece each.

They are written as a module and a sheet for each thing, and a browser takes them so too. But one sends
six requests at a time and looks at each file by itself: of sixty, a third of the time went by until one
could write. What is joined here is only what we write: `import {a, b as c} from "./x.js";`, and `export`
before a function, a class or a const; `@import "x.css";`. All else is an error when the files are collected.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from django.contrib.staticfiles import finders

WHOLE = ("rooms/js/main.js", "rooms/css/page.css")

# A quarter of our scripts' compressed size are types and words for who reads them here
COMMENTS = re.compile(
    r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n|/\*\* @type \{.*?\} \*/ ?", re.MULTILINE | re.DOTALL
)
INDENTS = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)
SHEET = re.compile(r'^@import "(?P<path>[^"]+)";$', re.MULTILINE)
OTHER_SHEET = re.compile(r"@import\b.*")
IMPORT = re.compile(r'^import \{(?P<names>[^}]*)\} from "(?P<path>[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?P<kind>(?:async )?function|class|const) (?P<name>[\w$]+)", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*|\bimport(?:\(|\.meta).*", re.MULTILINE)
ALIAS = re.compile(r"\s+as\s+")


def lean(source: str) -> str:
    """A script or a style sheet of ours without comments and indents; no string of ours spans lines."""
    return INDENTS.sub("", COMMENTS.sub("", source))


class NotJoinableError(Exception):
    """A module says something that is not understood here."""


def whole(name: str) -> str:
    """The file of this name in one piece; modules in an order in which each finds what it needs."""
    if name.endswith(".css"):
        sheet = SHEET.sub(lambda found: _source(_beside(name, found["path"])), _source(name))
        if other := OTHER_SHEET.search(sheet):
            raise NotJoinableError(f"{name}: {other[0]}")
        return sheet
    modules = list(dict.fromkeys(_modules(name)))
    places = {module: f"module_{place}" for place, module in enumerate(modules)}
    return "".join(_enclosed(module, places) for module in modules)


def _modules(name: str) -> Iterator[str]:
    """What a module needs, and then itself."""
    for found in IMPORT.finditer(_source(name)):
        yield from _modules(_beside(name, found["path"]))
    yield name


def _enclosed(name: str, places: dict[str, str]) -> str:
    """A module as a function that answers with what it exports: its own names stay its own."""

    def bound(found: re.Match[str]) -> str:
        names = ALIAS.sub(": ", found["names"])
        return f"const {{{names}}} = {places[_beside(name, found['path'])]};"

    body = IMPORT.sub(bound, _source(name))
    exported = [found["name"] for found in EXPORT.finditer(body)]
    body = EXPORT.sub(r"\g<kind> \g<name>", body)
    if other := OTHER.search(body):
        raise NotJoinableError(f"{name}: {other[0]}")
    return f"const {places[name]} = (() => {{\n{body}\nreturn {{{', '.join(exported)}}};\n}})();\n"


def _beside(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _source(name: str) -> str:
    found = finders.find(name)
    if not isinstance(found, str):
        raise NotJoinableError(f"{name} is not there")
    return lean(Path(found).read_text())

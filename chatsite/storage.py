"""Static files under names that change with their content, JavaScript modules included."""

import os
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile, File
from servestatic import ServeStaticASGI
from servestatic.compress import Compressor
from servestatic.storage import CompressedManifestStaticFilesStorage

# A quarter of our scripts' compressed size are types and words for who reads them here
COMMENTS = re.compile(
    r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n|/\*\* @type \{.*?\} \*/ ?", re.MULTILINE | re.DOTALL
)
INDENTS = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)
OURS = re.compile(r"^rooms/(?:js|css)/.*\.(?:js|css)$")
HASHED = r"\.[0-9a-f]{12}\."
IMPORTED = re.compile(r'^@import (?:url\()?"([a-z_]+)(?:\.[0-9a-f]{12})?\.css"\)?;$', re.MULTILINE)
LOADED_BY_ALL = re.compile(r"/rooms/(?:js|css)/[^.]+\.")


def lean(source: str) -> str:
    """A script or a style sheet of ours without comments and indents; no string of ours spans lines."""
    return INDENTS.sub("", COMMENTS.sub("", source))


def joined(source: str, folder: str) -> str:
    """A style sheet with those that it imports in their places: fifteen files would be fifteen requests.

    They are taken as they were written: none of them points anywhere.
    """
    return IMPORTED.sub(lambda found: Path(str(finders.find(f"{folder}/{found[1]}.css"))).read_text(), source)


class SparingCompressor(Compressor):
    """Brotli for what everybody loads; for the admin's files and those of the API's page it would take 20 s more."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "use_brotli": False})
        self._thorough = Compressor(**options)

    def compress(self, path: str | os.PathLike[str]) -> list[str]:
        if LOADED_BY_ALL.search(str(path)):
            return list(self._thorough.compress(path))
        return list(super().compress(path))


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Rewrites what modules import, too: a cached module then never meets a newer one."""

    support_js_module_import_aggregation = True

    def create_compressor(self, **options: Any) -> Compressor:
        return SparingCompressor(**options)

    def _save(self, name: str, content: "File[Any]") -> str:
        if OURS.match(name):
            content.seek(0)
            source = bytes(content.read()).decode()
            content = ContentFile(lean(joined(source, os.path.dirname(name))).encode())
        return str(super()._save(name, content))


def with_static_files(application: Any) -> ServeStaticASGI:
    """Static files before Django, whose middleware takes as long again for each of a page's seventy."""
    return ServeStaticASGI(
        application,
        root=str(settings.STATIC_ROOT),
        prefix=settings.STATIC_URL,
        immutable_file_test=HASHED,
        add_headers_function=_never_guess,
    )


def _never_guess(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"

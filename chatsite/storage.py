"""Static files under names that change with their content, and with that of what they import."""

import os
import re
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from servestatic import ServeStaticASGI
from servestatic.compress import Compressor
from servestatic.storage import CompressedManifestStaticFilesStorage

from chatsite.joining import WHOLE, lean, whole

OURS = re.compile(r"^rooms/(?:js|css)/.*\.(?:js|css)$")
HASHED = r"\.[0-9a-f]{12}\."
LOADED_BY_ALL = re.compile(r"/rooms/(?:js/main|css/[^.]+)\.")


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
    """A module's name changes with those that it imports, too: so does that of what is joined of them."""

    support_js_module_import_aggregation = True

    def create_compressor(self, **options: Any) -> Compressor:
        return SparingCompressor(**options)

    def _save(self, name: str, content: "File[Any]") -> str:
        if OURS.match(name):
            content.seek(0)
            plain = re.sub(HASHED, ".", name)
            source = whole(plain) if plain in WHOLE else lean(bytes(content.read()).decode())
            content = ContentFile(source.encode())
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

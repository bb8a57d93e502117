"""Plaza speaks Spanish wherever it speaks English."""

import gettext
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.utils import translation

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/es/LC_MESSAGES")
SAME_IN_BOTH = {"bot"}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked sources whose catalogue was brought up to date with them."""
    copy = tmp_path_factory.mktemp("sources")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".html", ".txt", ".po"} and path.is_file() and not name.startswith("tests/"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy / name)
    command = [sys.executable, "manage.py", "makemessages", "-l", "es", "--no-wrap", "--no-obsolete"]
    environment = os.environ | {"CHAT_DATA_DIR": str(copy)}
    subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=True)
    return copy


def test_every_text_is_translated(fresh: Path) -> None:
    catalogue = fresh / CATALOGUE / "django.po"
    missing = subprocess.run(["msgattrib", "--untranslated", "--no-wrap", catalogue], capture_output=True, text=True)
    fuzzy = subprocess.run(["msgattrib", "--only-fuzzy", "--no-wrap", catalogue], capture_output=True, text=True)
    texts = [line for line in (missing.stdout + fuzzy.stdout).splitlines() if line.startswith("msgid ")]
    assert [text for text in texts if text != 'msgid ""'] == []


def test_the_moderators_columns_and_fields_have_spanish_names() -> None:
    with translation.override("en"):
        english = _labels()
    with translation.override("es"):
        spanish = _labels()
    assert [label for label in english if label in spanish and label not in SAME_IN_BOTH] == []


def _labels() -> list[str]:
    doors: list[tuple[Any, Any]] = list(admin.site._registry.items())
    shown = [(model, door, name) for model, door in doors for name in {*door.list_display, *(door.fields or ())}]
    return [str(label_for_field(name, model, door)) for model, door, name in shown if name != "__str__"]


def test_what_is_compiled_is_what_is_written(tmp_path: Path) -> None:
    compiled = tmp_path / "django.mo"
    subprocess.run(["msgfmt", "--check", "-o", compiled, ROOT / CATALOGUE / "django.po"], check=True)
    assert _texts(compiled) == _texts(ROOT / CATALOGUE / "django.mo")


def _texts(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        catalogue: dict[str, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    # The head says when the file was made
    return {text: translation for text, translation in catalogue.items() if text}

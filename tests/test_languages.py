"""Plaza speaks Spanish wherever it speaks English, and English wherever it speaks Spanish."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import label_for_field
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.models import User
from rooms.models import Message, Room, Site
from rooms.operations.invitations import create_invitation
from rooms.operations.moderation import ban_user, report_message
from rooms.operations.sending import send_message
from rooms.operations.site import setup_secret
from rooms.operations.tokens import create_token
from rooms.texts import page_texts

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/es/LC_MESSAGES")
SAME_IN_BOTH = {"bot"}
SAME_TEXTS = {"many", "reaction", "said"}  # signs and what is filled in, but no words
# Of pages; the last two are Django's, who lets nobody translate them
SAME_ON_PAGES = {"Emoji", "Enter", "English", "Español", "Error 404", "No", "Search", "True"}
# What people have called things, or each other
NAMES = re.compile(r"(?i)Barrio Alameda|(Owner|Bruno|Ana)( \(@\w+\)| / Plaza)?|Plaza|xyz|https?://\S+")
SAID = ("alt", "aria-label", "placeholder", "title")
WORD = re.compile(r"[^\W\d_]{2,}")


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


def test_the_catalogue_holds_what_is_said_and_nothing_else(fresh: Path) -> None:
    said, held = (_sources(folder / CATALOGUE / "django.po") for folder in (fresh, ROOT))
    assert said - held == set(), "makemessages was not run"
    assert held - said == set(), "no page says this any longer"


def _sources(path: Path) -> set[str]:
    """The texts of a catalogue as they stand in the sources, each with its context."""
    entries = re.split(r"\n{2,}", path.read_text())
    return {"\n".join(re.findall(r"^msg(?:ctxt|id).*", entry, re.MULTILINE)) for entry in entries}


def test_what_the_scripts_say_differs_in_both_languages() -> None:
    english, spanish = (_texts_in(language) for language in ("en", "es"))
    assert {name for name, text in english.items() if spanish[name] == text} == SAME_TEXTS


def _texts_in(language: str) -> dict[str, Any]:
    with translation.override(language):
        return page_texts()


class Reader(HTMLParser):
    """What somebody reads of a page, or hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._quiet += tag in ("script", "style", "kbd")
        fields = dict(attrs)
        said = (*SAID, "value") if tag == "input" and fields.get("type") == "submit" else SAID
        self.texts |= {" ".join(text.split()) for name in said if (text := fields.get(name))}

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("script", "style", "kbd")

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.texts.add(" ".join(data.split()))


class Pages:
    """One person's browsers: one that asks for English, and one that asks for Spanish."""

    def __init__(self, user: User | None) -> None:
        self._browsers = [Client(headers={"Accept-Language": language}) for language in ("en", "es")]
        for browser in self._browsers if user else ():
            browser.force_login(user, backend="accounts.backend.AccountBackend")  # type: ignore[arg-type]
        self.same: dict[str, set[str]] = {}

    def look(self, address: str, **form: str) -> None:
        """Notes what a page, or the answer to a form, says in both languages alike."""
        with translation.override("en"):  # which a page would leave changed
            english, spanish = (self._read(browser, address, form) for browser in self._browsers)
        assert english, address
        same = {text for text in english & spanish if WORD.search(text) and not NAMES.fullmatch(text)}
        if same := same - SAME_ON_PAGES - {Site.load().epoch}:
            self.same[address] = same

    def _read(self, browser: Client, address: str, form: dict[str, str]) -> set[str]:
        reader = Reader()
        reader.feed((browser.post(address, form) if form else browser.get(address, follow=True)).text)
        return reader.texts


@pytest.fixture
def _open_site(db: None, settings: Settings) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    Site.objects.filter(id=1).update(set_up_at=timezone.now(), name="Barrio Alameda")


@pytest.mark.usefixtures("_open_site")
def test_no_page_of_a_stranger_lacks_a_text(owner: User) -> None:
    pages = Pages(None)
    code = create_invitation(actor=owner).code
    for name in ("login", "password/reset", "password/reset/done", "signup", "inactive", "confirm-email"):
        pages.look(f"/accounts/{name}/")
    for address in (f"/join/{code}/", "/join/nonsense/", "/nowhere/"):
        pages.look(address)
    pages.look("/accounts/login/", login="nobody", password="wrong")
    pages.look(f"/join/{code}/", username="", name="", password="1")
    Site.objects.update(set_up_at=None)
    for address in ("/setup/", f"/setup/?secret={setup_secret()}"):
        pages.look(address)
    assert pages.same == {}


@pytest.mark.usefixtures("_open_site")
def test_no_page_of_a_member_lacks_a_text(ana: User, plaza: Room) -> None:
    pages = Pages(ana)
    for address in (f"/rooms/{plaza.id}/", "/settings/", "/nowhere/", "/rooms/999/"):
        pages.look(address)
    for name in ("email", "sessions", "password/change", "reauthenticate", "logout"):
        pages.look(f"/accounts/{name}/")
    pages.look("/accounts/password/change/", oldpassword="wrong", password1="a", password2="b")
    assert pages.same == {}


@pytest.mark.usefixtures("_open_site")
def test_no_page_of_the_moderators_lacks_a_text(owner: User, ana: User, bruno: User, plaza: Room) -> None:
    message = Message.objects.get(id=send_message(actor=bruno, room=plaza, body="xyz").message["id"])
    report_message(actor=ana, message=message, reason="xyz")
    create_token(actor=owner, user=bruno, name="xyz")
    create_invitation(actor=owner, note="xyz")
    ban_user(actor=owner, user=bruno, reason="xyz")
    pages = Pages(owner)
    pages.look(reverse("admin:index"))
    pages.look(reverse("admin:accounts_invitation_add"))
    for model, door in admin.site._registry.items():
        noun = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        assert row is not None, noun
        pages.look(reverse(f"{noun}_changelist"))
        pages.look(reverse(f"{noun}_change", args=[row.pk]))
        for action in door.actions or ():
            pages.look(reverse(f"{noun}_changelist"), action=str(action), **{ACTION_CHECKBOX_NAME: str(row.pk)})
    assert pages.same == {}

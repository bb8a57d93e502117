"""What somebody says of themselves: name, language, picture."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(autouse=True)
def _uploads(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 320), **options: object) -> bytes:
    content = BytesIO()
    Image.new("RGB", size, "#c8643c").save(content, kind, **options)
    return content.getvalue()


def save(browser: Client, content: bytes | None = None, file_name: str = "me.png", **fields: str) -> Any:
    upload = {"avatar": SimpleUploadedFile(file_name, content)} if content is not None else {}
    return browser.post("/settings/", {"name": "Ana", "language": "", **fields, **upload})


def test_strangers_have_no_settings(visitor: Client) -> None:
    assert visitor.get("/settings/")["Location"] == "/accounts/login/?next=/settings/"


def test_ana_changes_her_name_and_language(ana_in: Client, ana: User) -> None:
    response = save(ana_in, name="  Ana   María ", language="es")

    ana.refresh_from_db()
    assert response["Location"] == "/settings/"
    assert (ana.name, ana.language) == ("Ana María", "es")
    assert 'lang="es"' in ana_in.get("/settings/", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize("name", ["", "A" * 81, "A\x07na"])
def test_a_name_that_cannot_be_shown_is_refused(ana_in: Client, ana: User, name: str) -> None:
    response = save(ana_in, name=name)

    assert response.context["form"].errors["name"]
    ana.refresh_from_db()
    assert ana.name == "Ana"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_small_square_without_its_past(ana_in: Client, ana: User, kind: str) -> None:
    save(ana_in, picture(kind), f"../../Ana's holiday.{kind}")

    ana.refresh_from_db()
    with Image.open(ana.avatar.path) as made:
        assert (made.format, made.size) == ("WEBP", (256, 256))
        assert not made.getexif()
    assert "holiday" not in str(ana.avatar)


def test_a_picture_lies_as_the_camera_was_held(ana_in: Client, ana: User) -> None:
    photograph = Image.new("RGB", (400, 400), "#ff0000")
    photograph.paste("#0000ff", (0, 0, 400, 200))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    content = BytesIO()
    photograph.save(content, "JPEG", exif=exif, quality=95)

    save(ana_in, content.getvalue(), "p.jpg")

    ana.refresh_from_db()
    with Image.open(ana.avatar.path) as made:
        top = made.convert("RGB").crop((0, 0, 256, 40)).resize((1, 1)).tobytes()
    assert top[0] > 200 > 60 > top[2]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\x00\xff" * 4000, "not a picture"),
        (SVG, "not a picture"),
        (b"GIF89a" + b"\xff" * 200, "not a picture"),
        (picture()[:200], "not a picture"),
        (picture("TIFF"), "not a picture"),
        (picture("BMP"), "not a picture"),
        (b"%PDF-1.7 " + picture(), "not a picture"),
        (picture() + b"\x00" * (5 * 1024 * 1024), "over 5 MB"),
        (picture(size=(8000, 8000)), "too many pixels"),
        (picture("WEBP", size=(16000, 2000)), "too many pixels"),
    ],
    ids=["empty", "binary", "svg", "broken gif", "cut png", "tiff", "bmp", "pdf", "huge", "many pixels", "wide"],
)
def test_what_is_no_small_picture_is_refused_with_a_reason(
    ana_in: Client, ana: User, content: bytes, says: str
) -> None:
    response = save(ana_in, content)

    assert says in response.context["form"].errors["avatar"][0]
    ana.refresh_from_db()
    assert not ana.avatar


@pytest.mark.parametrize("second", [{"remove_avatar": "on"}, {"content": picture("GIF")}], ids=["none", "another"])
def test_a_picture_that_ana_takes_away_is_gone_from_the_disk(
    ana_in: Client,
    ana: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    second: dict[str, Any],
) -> None:
    save(ana_in, picture())
    ana.refresh_from_db()
    first = Path(ana.avatar.path)
    assert first.is_file()

    with django_capture_on_commit_callbacks(execute=True):
        save(ana_in, **second)

    ana.refresh_from_db()
    assert not first.exists()
    assert bool(ana.avatar) is ("content" in second)


def test_saving_the_name_alone_keeps_the_picture(ana_in: Client, ana: User) -> None:
    save(ana_in, picture())
    save(ana_in, name="Ana María")

    ana.refresh_from_db()
    assert Path(ana.avatar.path).is_file()


def test_a_picture_is_for_people_who_are_signed_in(ana_in: Client, ana: User) -> None:
    save(ana_in, picture())
    ana.refresh_from_db()

    seen = ana_in.get(ana.avatar.url)

    assert seen.status_code == 200
    assert seen["Content-Type"] == "image/webp"
    assert seen["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in seen["Cache-Control"]
    assert "private" in seen["Cache-Control"]
    assert Client().get(ana.avatar.url).status_code == 404


@pytest.mark.parametrize(
    "path", ["/uploads/avatars/..%2fplaza.sqlite3", "/uploads/avatars/../secret.webp", "/uploads/avatars/none.webp"]
)
def test_nothing_but_pictures_is_handed_out(ana_in: Client, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.webp").write_bytes(b"secret")

    assert ana_in.get(path).status_code == 404

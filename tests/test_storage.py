"""Under which names and how small files are handed out."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from chatsite.storage import SparingCompressor, StaticStorage


def test_what_everybody_loads_is_compressed_best(tmp_path: Path) -> None:
    compressor = SparingCompressor(quiet=True)
    for name, endings in (("rooms/js/main.0123456789ab.js", {".br", ".gz"}), ("admin/js/core.js", {".gz"})):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("export const plaza = 'open';\n" * 50)
        compressor.compress(path)
        assert {one.suffix for one in path.parent.iterdir()} - {".js", ".zstd"} == endings


def test_what_is_joined_gets_another_name_when_a_part_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = FileSystemStorage(location=tmp_path / "written")
    folder = tmp_path / "written" / "rooms" / "css"
    folder.mkdir(parents=True)
    (folder / "page.css").write_text('/* All */\n@import "tokens.css";\n@import "message.css";\n')
    (folder / "tokens.css").write_text("/* Colours */\n:root {\n  --ink: black;\n}\n")
    monkeypatch.setattr(finders, "find", written.path)

    def collected(number: int, message: str) -> tuple[str, str]:
        (folder / "message.css").write_text(message)
        storage = StaticStorage(location=tmp_path / str(number), base_url="/static/")
        paths = {f"rooms/css/{name}.css": (written, f"rooms/css/{name}.css") for name in ("page", "tokens", "message")}
        for name in paths:
            with written.open(name) as source:
                storage.save(name, source)
        names = {name: hashed for name, hashed, _done in storage.post_process(paths)}
        hashed = names["rooms/css/page.css"]
        return hashed, storage.open(hashed).read().decode()

    name, sheet = collected(1, ".a { color: var(--ink) }\n")
    assert sheet.split() == [":root", "{", "--ink:", "black;", "}", ".a", "{", "color:", "var(--ink)", "}"]
    assert collected(2, ".a { color: var(--ink) }\n") == (name, sheet)
    assert collected(3, ".b { color: var(--ink) }\n")[0] != name

"""What is left of our scripts and styles when they are collected."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from chatsite.storage import SparingCompressor, StaticStorage, lean


def test_comments_and_indents_go_and_the_code_stays() -> None:
    source = (
        "/** Types. @param {number} a */\n"
        "export function f(a) {\n"
        "  // Why\n"
        "  const box = /** @type {any} */ (null);\n"
        '\n  return "http://a/*b*/" + a; // kept\n'
        "}\n"
    )
    assert lean(source) == 'export function f(a) {\nconst box = (null);\nreturn "http://a/*b*/" + a; // kept\n}\n'


def test_a_cast_at_the_start_of_a_line_takes_nothing_with_it() -> None:
    source = "/** @type {Bar} */ (bar).start();\nconst a = 1;\n/** @type {any} */\nconst b = 2;\n"
    assert lean(source) == "(bar).start();\nconst a = 1;\nconst b = 2;\n"


def test_a_style_sheet_keeps_its_rules() -> None:
    assert lean("/* Ground\n   and ink */\n.a {\n  color: red; /* why */\n}\n") == ".a {\ncolor: red; /* why */\n}\n"


def test_what_everybody_loads_is_compressed_best(tmp_path: Path) -> None:
    compressor = SparingCompressor(quiet=True)
    for name, endings in (("rooms/js/live/api.0123456789ab.js", {".br", ".gz"}), ("admin/js/core.js", {".gz"})):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("export const plaza = 'open';\n" * 50)
        compressor.compress(path)
        assert {one.suffix for one in path.parent.iterdir()} - {".js", ".zstd"} == endings


def test_a_style_sheet_is_handed_out_with_those_that_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    assert sheet == ":root {\n--ink: black;\n}\n.a { color: var(--ink) }\n"
    assert collected(2, ".a { color: var(--ink) }\n") == (name, sheet)
    assert collected(3, ".b { color: var(--ink) }\n")[0] != name

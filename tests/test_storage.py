"""What is left of our scripts and styles when they are collected."""

from pathlib import Path

from chatsite.storage import SparingCompressor, lean


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

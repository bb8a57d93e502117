"""What browsers get of our scripts and style sheets."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from chatsite.joining import NotJoinableError, lean, whole

type Write = Callable[[str, str], None]


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


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file of ours: `write("js/main.js", …)`."""

    def file(name: str) -> str | None:
        path = tmp_path / name
        return str(path) if path.is_file() else None

    def put(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    monkeypatch.setattr(finders, "find", file)
    return put


def test_a_script_in_one_piece_does_what_its_modules_do(write: Write, tmp_path: Path) -> None:
    write("js/words.js", """
        /** @type {string} */
        const own = "h";
        export const word = own + "ola";
        export function shout(text) {
          return text.toUpperCase();
        }
        export async function later() {
          return word;
        }
    """.replace("\n        ", "\n"))  # fmt: skip
    write("js/models/person.js", """
        /** @import {Word} from "../words.js" */
        import { shout as louder, word } from "../words.js";
        const own = 1;
        export class Person {
          say() {
            return louder(word) + own;
          }
        }
    """.replace("\n        ", "\n"))  # fmt: skip
    write("js/main.js", """
        import {
          Person,
        } from "./models/person.js";
        import { later } from "./words.js";
        console.log(new Person().say(), await0(later));
        function await0(work) {
          return work().constructor.name;
        }
    """.replace("\n        ", "\n"))  # fmt: skip
    script = tmp_path / "one.mjs"
    script.write_text(whole("js/main.js"))
    write("package.json", '{"type": "module"}')
    for path in (script, tmp_path / "js" / "main.js"):
        ran = subprocess.run(["node", str(path)], capture_output=True, text=True, check=True)
        assert ran.stdout == "HOLA1 Promise\n", path


def test_a_module_that_two_need_is_there_once(write: Write) -> None:
    write("js/base.js", "export const base = 1;\n")
    write("js/left.js", 'import { base } from "./base.js";\nexport const left = base;\n')
    write("js/main.js", 'import { base } from "./base.js";\nimport { left } from "./left.js";\n')
    assert whole("js/main.js").count("const base = 1;") == 1


@pytest.mark.parametrize(
    "line",
    [
        "export default function f() {}",
        "export let count = 0;",
        "export { count };",
        'export * from "./other.js";',
        'import "./other.js";',
        'import * as other from "./other.js";',
        'import other from "./other.js";',
        'const other = import("./other.js");',
        "const here = import.meta.url;",
    ],
)
def test_what_is_not_understood_is_said(write: Write, line: str) -> None:
    write("js/main.js", f"const count = 1;\n{line}\n")
    with pytest.raises(NotJoinableError, match=r"main\.js"):
        whole("js/main.js")


@pytest.mark.parametrize("line", ['@import url("other.css");', '@import "other.css" print;', "@import 'other.css';"])
def test_a_sheet_that_is_not_understood_is_said(write: Write, line: str) -> None:
    write("css/page.css", f"{line}\n.a {{ color: red }}\n")
    with pytest.raises(NotJoinableError, match=r"page\.css: @import"):
        whole("css/page.css")


def test_a_module_that_is_not_there_is_said(write: Write) -> None:
    write("js/main.js", 'import { other } from "./other.js";\n')
    with pytest.raises(NotJoinableError, match=r"other\.js"):
        whole("js/main.js")


def test_a_sheet_has_its_parts_in_their_order(write: Write) -> None:
    write("css/tokens.css", "/* Colours */\n:root { --ink: black }\n")
    write("css/message.css", ".message { color: var(--ink) }\n")
    write("css/page.css", '/* All */\n@import "tokens.css";\n@import "message.css";\n')
    assert whole("css/page.css").split("\n") == [":root { --ink: black }", "", ".message { color: var(--ink) }", "", ""]

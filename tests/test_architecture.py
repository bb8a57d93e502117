"""STYLE.md, executed: which way dependencies point, who writes, who broadcasts, and how the page is built."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("accounts", "chatsite", "rooms")

MODELS = ("accounts.names", "accounts.models", "rooms.models")
# Below operations: each may use those before it.
LAYERS = (
    MODELS,
    ("rooms.demo", "rooms.errors", "rooms.markdown", "rooms.permissions"),
    ("rooms.payloads",),
    ("rooms.events",),
    ("rooms.operations",),
)
DOORS = (
    *("rooms.live", "rooms.api", "rooms.views", "rooms.admin", "rooms.management", "rooms.tasks", "rooms.worker"),
    *("accounts.views", "accounts.adapter", "accounts.receivers", "accounts.forms", "accounts.backend"),
)
WRITES = {
    *("save", "create", "acreate", "get_or_create", "update_or_create", "update", "delete"),
    *("bulk_create", "bulk_update", "set_password", "select_for_update"),
}
# What tells a QuerySet's `update` from a dict's.
ROWS = re.compile(r"objects|_set\b|\.(filter|exclude|all)\(")
# What is called like a write of the ORM and is none.
NO_WRITES = {
    ("rooms.api.rooms", "delete"),  # `@router.delete`
}


def modules() -> list[str]:
    """Every module of ours, by its dotted name."""
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
    )


def path_of(module: str) -> Path:
    base = ROOT / Path(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text())


def imports_of(module: str) -> set[str]:
    """The modules of ours that a module imports, wherever it does so, those for types aside."""
    known = set(modules())
    return {name for name in _imported(tree_of(module)) if name in known} - {module}


def _imported(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield child.module or ""
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from _imported(child)


def is_in(module: str, parts: tuple[str, ...]) -> bool:
    return any(module == part or module.startswith(f"{part}.") for part in parts)


def calls_of(module: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call))


def test_the_rules_look_at_real_modules() -> None:
    for part in (*(part for layer in LAYERS for part in layer), *DOORS):
        assert path_of(part).exists(), part
    assert "rooms.operations.sequence" in imports_of("rooms.operations.messages")
    assert "rooms.models.room" in imports_of("rooms.models")


@pytest.mark.parametrize("level", range(len(LAYERS)))
def test_dependencies_point_one_way(level: int) -> None:
    below = tuple(part for layer in LAYERS[: level + 1] for part in layer)
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        if is_in(module, LAYERS[level])
        for name in imports_of(module)
        if not is_in(name, (*below, "chatsite.environment")) and name not in ("rooms", "accounts")
    ]
    assert wrong == []


def test_a_door_opens_into_no_other_door() -> None:
    """But a command starts the live door, the worker runs the tasks, and accounts are one door of several modules."""
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        for door in DOORS
        if is_in(module, (door,)) and not module.startswith(("accounts.", "rooms.management."))
        for name in imports_of(module)
        if is_in(name, tuple(other for other in DOORS if other != door)) and name != "rooms.tasks"
    ]
    assert wrong == []


def test_doors_write_nothing_themselves() -> None:
    wrong = [
        f"{module}:{call.lineno}: {ast.unparse(call.func)}"
        for module in modules()
        if is_in(module, DOORS)
        for call in calls_of(module)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in WRITES
        and not (call.func.attr == "update" and not ROWS.search(ast.unparse(call.func.value)))
        and (module, call.func.attr) not in NO_WRITES
    ]
    assert wrong == []


def test_only_events_broadcast() -> None:
    wrong = [
        f"{module}:{call.lineno}"
        for module in modules()
        if not is_in(module, ("rooms.events", "rooms.live"))
        for call in calls_of(module)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("group_send", "group_add", "group_discard")
    ]
    assert wrong == []


def test_operations_publish_after_the_commit_alone() -> None:
    """Whatever `events` sends goes through `on_commit`."""
    publishes = [
        ast.unparse(call) for call in calls_of("rooms.events") if ast.unparse(call.func) == "_publisher.publish"
    ]
    on_commit = [ast.unparse(call) for call in calls_of("rooms.events") if ast.unparse(call.func).endswith("on_commit")]
    assert len(publishes) == len(on_commit) == 1
    assert publishes[0] in on_commit[0]


def test_no_signal_has_effects_but_allauths() -> None:
    users = [
        module
        for module in modules()
        if any(name.startswith("django.db.models.signals") for name in _imported(tree_of(module)))
    ]
    assert users == []


def test_operations_are_keyword_only() -> None:
    """But for those whose one argument is their list: `send_messages(drafts)`, `mark_all(marks)`."""
    wrong = [
        f"{module}.{function.name}"
        for module in modules()
        if is_in(module, ("rooms.operations",))
        for function in tree_of(module).body
        if isinstance(function, ast.FunctionDef)
        and any(argument.arg == "actor" for argument in function.args.args)
        and not function.name.startswith(("_", "find_", "membership_of", "log_action"))
    ]
    assert wrong == []


def test_a_modules_name_says_what_it_holds() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
    files = [path for package in (*PACKAGES, "ops", "tests") for path in (ROOT / package).rglob("*.py")]
    scripts = list(ROOT.glob("*/static/**/*.js"))
    assert scripts
    assert [str(path) for path in (*files, *scripts) if path.stem in vague] == []


def test_a_pattern_is_written_once() -> None:
    """Two doors that each had their own would some day take different things."""
    written: dict[str, list[str]] = {}
    for module in modules():
        for call in calls_of(module):
            if ast.unparse(call.func) == "re.compile" and len(pattern := ast.unparse(call.args[0])) > 20:
                written.setdefault(pattern, []).append(module)
    assert {pattern: places for pattern, places in written.items() if len(places) > 1} == {}


def test_a_module_has_a_sentence() -> None:
    assert [module for module in modules() if tree_of(module).body and not ast.get_docstring(tree_of(module))] == []


def test_templates_stay_short() -> None:
    long = {str(path): lines for path in _templates() if (lines := len(path.read_text().splitlines())) >= 120}
    assert long == {}


def test_pages_have_no_inline_scripts_or_styles() -> None:
    inline = re.compile(r"""<script(?![^>]*\bsrc=)(?![^>]*type="application/json")|<style\b|\sstyle=|\son[a-z]+=["']""")
    assert [str(path) for path in _templates() if inline.search(path.read_text())] == []


def _templates() -> list[Path]:
    found = list(ROOT.glob("templates/**/*.html"))
    assert found
    return found


def test_one_function_alone_sets_html() -> None:
    html = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTMLUnsafe|createContextualFragment")
    uses = [
        f"{path.name}: {line.strip()}"
        for path in _scripts()
        for line in path.read_text().splitlines()
        if html.search(line) and not line.strip().startswith(("*", "//", "/*"))
    ]
    assert len(uses) <= 1, uses
    parsing = [path.name for path in _scripts() if "parseFromString" in path.read_text()]
    assert set(parsing) <= {"trusted_html.js"}  # into a document of its own, for the words alone


def test_scripts_import_in_no_circle() -> None:
    imports = {path: _script_imports(path) for path in _scripts()}
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, " → ".join(one.name for one in (*above, path))
        if path not in done:
            for imported in imports.get(path, ()):
                visit(imported, (*above, path))
            done.add(path)

    for path in imports:
        visit(path, ())


def test_models_and_the_link_know_no_page() -> None:
    page = re.compile(r"\b(document|HTMLElement|customElements)\b(?!\.visibilityState|\.hidden)")
    wrong = [
        f"{path.name}:{number}"
        for path in _scripts()
        if path.parent.name == "models"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if page.search(line.split("//")[0]) and not line.strip().startswith(("*", "/*"))
    ]
    assert wrong == []


def _scripts() -> list[Path]:
    found = list(ROOT.glob("*/static/*/js/**/*.js"))
    assert found
    return found


def _script_imports(path: Path) -> list[Path]:
    names = re.findall(r"""^(?:import|export)\s(?:[^'"]*\sfrom\s)?['"](\.[^'"]+)['"]""", path.read_text(), re.MULTILINE)
    return [(path.parent / name).resolve() for name in names]


def test_raw_colours_stand_in_tokens_alone() -> None:
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|hwb)\(")
    styles = [path for path in ROOT.glob("*/static/*/css/*.css") if path.name != "tokens.css"]
    assert styles
    wrong = [
        f"{path.name}:{number}: {line.strip()}"
        for path in styles
        for number, line in enumerate(
            re.sub(
                r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), path.read_text(), flags=re.DOTALL
            ).splitlines(),
            1,
        )
        if colour.search(line)
    ]
    assert wrong == []

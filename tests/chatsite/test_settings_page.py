"""`docs/settings.md` names every setting that there is, with its default."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text()
SETTING = re.compile(r"SECRET_KEY|DATABASE_(REPLICA_)?URL|REDIS_URL|EMAIL_URL|CHAT_[A-Z_]+")


def part(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def read_by_the_site() -> dict[str, ast.expr | None]:
    """The settings that the code asks for by name, and their defaults where they are written beside it."""
    found: dict[str, ast.expr | None] = {}
    for name in ("settings", "environment"):
        tree = ast.parse((ROOT / "chatsite" / f"{name}.py").read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args):
            first = call.args[0]
            if isinstance(first, ast.Constant) and SETTING.fullmatch(str(first.value)):
                found[str(first.value)] = call.args[1] if len(call.args) > 1 else None
    return found


def test_it_names_what_the_site_reads_and_nothing_else() -> None:
    described = {row.split("`")[1] for row in (part("The site") + part("Limits")).splitlines() if row.startswith("| `")}
    assert described == set(read_by_the_site())


@pytest.mark.parametrize("name", sorted(read_by_the_site()))
def test_a_default_that_is_a_plain_value_stands_there(name: str) -> None:
    default = read_by_the_site()[name]
    [row] = [row for row in PAGE.splitlines() if row.startswith(f"| `{name}` |")]
    if isinstance(default, ast.Constant) and default.value != "":
        assert str(default.value) in row.split("|")[2]


@pytest.mark.parametrize("file", ["haproxy.cfg", "docker-compose.yml"])
def test_it_names_what_the_files_beside_the_site_read(file: str) -> None:
    read = set(re.findall(r"(?:presetenv |\$\{)(\w+)", (ROOT / file).read_text()))
    assert read
    assert read <= set(re.findall(r"`([A-Z_]+)`", PAGE))

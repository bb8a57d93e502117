"""What the scripts say, the server has given them."""

import re
from pathlib import Path

from django.utils.translation import override

from rooms.texts import page_texts

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "rooms" / "static" / "rooms" / "js"


def test_every_text_that_a_script_may_say_exists_and_no_other() -> None:
    source = "\n".join(path.read_text() for path in SCRIPTS.rglob("*.js"))
    calls = re.findall(r"\bsay(?:Count)?\(([^;]*?)\)", source)
    said = {name for call in calls for name in re.findall(r'(?<!== )"([a-z_]+)"', call)}
    named = set(re.findall(r'"([a-z][a-z_]*)"', source)) | {f"mute_{hours}" for hours in (1, 24, 168)}
    texts = page_texts()
    assert said - texts.keys() - STATES == set()
    assert texts.keys() - named == set()


STATES = {"connecting", "refused"}  # what the connection's own `say` tells


def test_a_script_has_no_words_of_its_own() -> None:
    """One of the languages would lack them."""
    put = re.compile(
        r"""\.(?:textContent|title|placeholder|alt) \??\??=|"(?:aria-label|title|placeholder|alt)",|\bnotify\("""
    )
    lines = [line for path in ROOT.glob("*/static/*/js/**/*.js") for line in path.read_text().splitlines()]
    put_there = [re.sub(r"\$\{[^}]*\}", "", line[found.end() :]) for line in lines if (found := put.search(line))]
    assert len(put_there) > 50
    literals = {literal for rest in put_there for literal in re.findall(r"""["`]([^"`]*)["`]""", rest)}
    # A text's name has neither capitals nor spaces
    assert {one for one in literals if re.search(r"[A-Z].*[a-z]|[a-z] +[a-z]", one)} == set()


def test_a_translation_keeps_what_is_filled_in() -> None:
    english = page_texts()
    with override("es"):
        spanish = page_texts()
    for name, text in english.items():
        assert places(spanish[name]) == places(text), name


def places(text: str | dict[str, str]) -> set[str]:
    parts = [text] if isinstance(text, str) else text.values()
    return {place for part in parts for place in re.findall(r"\{(\w+)\}", part)}

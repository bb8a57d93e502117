"""What the scripts say, the server has given them."""

import re
from pathlib import Path

from django.utils.translation import override

from rooms.texts import page_texts

SCRIPTS = Path(__file__).resolve().parent.parent / "rooms" / "static" / "rooms" / "js"


def test_every_text_that_a_script_may_say_exists_and_no_other() -> None:
    source = "\n".join(path.read_text() for path in SCRIPTS.rglob("*.js"))
    calls = re.findall(r"\bsay(?:Count)?\(([^;]*?)\)", source)
    said = {name for call in calls for name in re.findall(r'(?<!== )"([a-z_]+)"', call)}
    named = set(re.findall(r'"([a-z][a-z_]*)"', source)) | {f"mute_{hours}" for hours in (1, 24, 168)}
    texts = page_texts()
    assert said - texts.keys() - STATES == set()
    assert texts.keys() - named == set()


STATES = {"connecting", "refused"}  # what the connection's own `say` tells


def test_a_translation_keeps_what_is_filled_in() -> None:
    english = page_texts()
    with override("es"):
        spanish = page_texts()
    for name, text in english.items():
        assert places(spanish[name]) == places(text), name


def places(text: str | dict[str, str]) -> set[str]:
    parts = [text] if isinstance(text, str) else text.values()
    return {place for part in parts for place in re.findall(r"\{(\w+)\}", part)}

"""The page follows the system that it stands on: its keys, and the colours that it asks for."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.acts import message, say, sent
from tests.browser.conftest import Talk, Window

pytestmark = pytest.mark.browser


def test_a_mac_has_a_command_key(talk: Talk, window: Callable[..., Window]) -> None:
    page = window(talk.ana.username).page
    page.add_init_script("Object.defineProperty(navigator, 'platform', {value: 'MacIntel'})")
    page.goto(f"/rooms/{talk.room}/")
    expect(page.get_by_role("button", name="Go to…")).to_contain_text("⌘K")
    page.keyboard.press("Meta+k")
    expect(page.locator("#switcher-find")).to_be_focused()
    expect(talk.bruno.page.get_by_role("button", name="Go to…")).to_contain_text("Ctrl K")


def test_where_the_system_gives_the_colours_what_is_chosen_still_shows(
    talk: Talk, window: Callable[..., Window]
) -> None:
    talk.place.call("rooms.create_room", actor=talk.ana.username, name="Market", kind="closed")
    page = window(talk.ana.username, forced_colors="active").page
    page.goto(f"/rooms/{talk.room}/")
    expect(page.locator(".room-link")).to_have_count(2)
    assert ground(page.locator(".room-link[aria-current]")) != ground(page.locator(".room-link:not([aria-current])"))

    say(page, "Figs")
    say(talk.bruno.page, "Olives")
    for body in ("Figs", "Olives"):
        expect(sent(page, body)).to_be_visible()
    for one, body in ((talk.bruno.page, "Figs"), (page, "Olives")):
        message(one, body).hover()
        message(one, body).get_by_role("button", name="React with 👍").click()
    mine = page.locator(".reaction[data-emoji][aria-pressed=true]")
    others = page.locator(".reaction[data-emoji][aria-pressed=false]")
    expect(mine).to_be_visible()
    expect(others).to_be_visible()
    assert ground(mine) != ground(others)

    page.locator("#composer-text").focus()
    outline = "box => getComputedStyle(box).outlineStyle"
    assert page.locator("#composer-box").evaluate(outline) == "solid"


def ground(element: Locator) -> str:
    return str(element.evaluate("element => getComputedStyle(element).backgroundColor"))

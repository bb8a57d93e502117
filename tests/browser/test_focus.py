"""The focus never falls to nowhere, and is never taken from where somebody has put it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import field, message, say, sent
from tests.browser.conftest import Talk, Window

pytestmark = pytest.mark.browser


def press(control: Locator, key: str = "Enter") -> None:
    control.focus()
    control.press(key)


def about(page: Page, username: str) -> Locator:
    """The button beside a member."""
    return page.locator("#panel .person").filter(has_text=f"@{username}").get_by_role("button")


def test_a_message_keeps_the_focus_of_a_button_that_goes(talk: Talk) -> None:
    page = talk.ana.page
    say(page, "Sit down")
    row = sent(page, "Sit down")
    expect(row).to_be_visible()
    press(row, "+")
    expect(page.locator("#picker-find")).to_be_focused()
    page.keyboard.type("tada")
    page.keyboard.press("Enter")
    chip = row.locator(".reaction[data-emoji='🎉']")
    expect(chip).to_be_visible()
    expect(row).to_be_focused()
    press(chip)
    expect(chip).to_have_count(0)
    expect(row).to_be_focused()

    press(row)
    press(page.get_by_role("menuitem", name="Delete"))
    press(page.get_by_role("button", name="Undo"))
    expect(row).to_be_visible()
    expect(row).to_be_focused()


def test_a_discarded_message_leaves_the_focus_to_its_neighbour(talk: Talk) -> None:
    page = talk.ana.page
    say(page, "kept")
    expect(sent(page, "kept")).to_be_visible()
    talk.place.call("members.remove_member", actor=talk.ana.username, room=talk.room, user=talk.bruno.username)
    page.evaluate("Object.defineProperty(crypto, 'randomUUID', {value: () => 'nonsense'})")
    say(page, "refused")
    press(message(page, "refused").get_by_role("button", name="Discard"))
    expect(message(page, "refused")).to_have_count(0)
    expect(message(page, "kept")).to_be_focused()


def test_an_emoji_for_the_composer_leaves_the_focus_there(talk: Talk) -> None:
    page = talk.ana.page
    field(page).fill("Good morning ")
    press(page.get_by_role("button", name="Emoji", exact=True))
    expect(page.locator("#picker-find")).to_be_focused()
    page.keyboard.type("rainbow")
    page.keyboard.press("Enter")
    expect(page.locator("#picker")).to_be_hidden()
    expect(field(page)).to_be_focused()
    page.keyboard.type("!")
    expect(field(page)).to_have_value("Good morning 🌈!")


def test_the_members_keep_the_focus_when_one_comes_goes_or_is_removed(
    talk: Talk, window: Callable[..., Window]
) -> None:
    page, place = talk.ana.page, talk.place
    carla = place.person("carla")
    place.call("members.add_members", actor=talk.ana.username, room=talk.room, users=[carla])
    press(page.locator("#talk-people"))
    bruno = about(page, talk.bruno.username)
    expect(bruno).to_be_visible()
    bruno.focus()
    talk.bruno.context.close()
    expect(page.locator("#panel .presence--away")).to_have_count(2)
    expect(bruno).to_be_focused()

    bruno.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    window(carla).page.goto(f"/rooms/{talk.room}/")
    expect(page.locator("#panel .presence--away")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(bruno).to_be_focused()

    bruno.press("Enter")
    press(page.get_by_role("menuitem", name="Remove"))
    press(page.locator("#ask-yes"))
    expect(bruno).to_have_count(0)
    expect(about(page, carla)).to_be_focused()


def test_who_joins_may_write_at_once(talk: Talk) -> None:
    page = talk.ana.page
    market = talk.place.call("rooms.create_room", actor=talk.bruno.username, name="Market", kind="open")
    page.goto(f"/rooms/{market}/")
    join = page.get_by_role("button", name="Join")
    expect(join).to_be_focused()
    join.press("Enter")
    expect(field(page)).to_be_focused()

"""All that a member and a room's owner do, without a mouse."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import field, message, say, sent
from tests.browser.conftest import Talk

pytestmark = pytest.mark.browser

FAR = 60  # presses of Tab, after which a control counts as out of reach


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    for _press in range(FAR):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is out of reach")


def choose(page: Page, item: str) -> None:
    """An item of the menu that is open."""
    expect(page.get_by_role("menuitem", name=item)).to_be_visible()
    for _press in range(12):
        if item in page.evaluate("document.activeElement.textContent"):
            return page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{item} is out of reach")


def room_menu(page: Page, item: str) -> None:
    expect(page.locator("dialog[open]")).to_have_count(0)
    tab_to(page, "[data-act=room-menu]", "Shift+Tab")
    page.keyboard.press("Enter")
    choose(page, item)


def confirm(page: Page) -> None:
    expect(page.locator("#ask")).to_be_visible()
    tab_to(page, "#ask-yes")
    page.keyboard.press("Enter")


def switch_to(page: Page, query: str) -> None:
    page.keyboard.press("Control+k")
    expect(page.locator("#switcher-find")).to_be_focused()
    page.keyboard.type(query)
    expect(page.locator("#switcher-list [aria-selected=true]")).to_contain_text(query.lstrip("@"), ignore_case=True)
    page.keyboard.press("Enter")


def test_a_room_from_its_making_to_its_archive(talk: Talk) -> None:
    ana, bruno = talk.ana.page, talk.bruno.page
    expect(field(ana)).to_be_focused()
    switch_to(ana, "New room")
    expect(ana.locator("#room-name")).to_be_focused()
    ana.keyboard.type("Market")
    ana.keyboard.press("Enter")
    expect(ana.get_by_role("heading", level=1)).to_have_text("Market")
    expect(field(ana)).to_be_focused()

    room_menu(ana, "Add people")
    ana.keyboard.type(talk.bruno.username)
    ana.keyboard.press("Enter")
    expect(ana.locator("#people-chosen .chip")).to_have_count(1)
    tab_to(ana, "#people-form [type=submit]")
    ana.keyboard.press("Enter")
    expect(bruno.get_by_role("link", name=re.compile("Market"))).to_be_visible()
    expect(ana.locator("#talk-count")).to_have_text("2")

    room_menu(ana, "Name and topic")
    ana.keyboard.press("Control+a")
    ana.keyboard.type("Fair")
    ana.keyboard.press("Enter")
    expect(bruno.get_by_role("link", name=re.compile("Fair"))).to_be_visible()

    room_menu(ana, "Archive room")
    confirm(ana)
    expect(ana.locator("#composer-closed")).to_contain_text("archived")
    room_menu(ana, "Bring back")
    expect(field(ana)).to_be_visible()

    bruno.keyboard.press("Alt+ArrowUp")
    expect(bruno.get_by_role("heading", level=1)).to_have_text("Fair")
    room_menu(bruno, "Leave")
    confirm(bruno)
    expect(bruno.get_by_role("link", name=re.compile("Fair"))).to_have_count(0)
    expect(bruno.get_by_role("heading", level=1)).to_have_text("Plaza")


def test_what_one_does_with_messages(talk: Talk) -> None:
    ana, bruno = talk.ana.page, talk.bruno.page
    say(bruno, "From Bruno")
    expect(sent(ana, "From Bruno")).to_be_visible()

    field(ana).press("F6")
    expect(message(ana, "From Bruno")).to_be_focused()
    ana.keyboard.press("r")
    ana.keyboard.type("An answer")
    ana.keyboard.press("Enter")
    expect(sent(bruno, "An answer").locator(".answer")).to_contain_text("From Bruno")

    field(ana).press("F6")
    ana.keyboard.press("ArrowUp")
    ana.keyboard.press("+")
    expect(ana.locator("#picker-find")).to_be_focused()
    ana.keyboard.type("tada")
    ana.keyboard.press("Enter")
    expect(message(bruno, "From Bruno").locator("[data-emoji='🎉']").first).to_be_visible()

    field(ana).focus()
    ana.keyboard.press("ArrowUp")
    ana.keyboard.press("Control+a")
    ana.keyboard.type("A better answer")
    ana.keyboard.press("Enter")
    expect(message(bruno, "A better answer")).to_be_visible()

    field(ana).press("F6")
    expect(message(ana, "A better answer")).to_be_focused()  # where one was before
    ana.keyboard.press("Enter")
    choose(ana, "Delete")
    expect(bruno.get_by_text("deleted a message")).to_be_visible()
    tab_to(ana, "[data-act=undo]")
    ana.keyboard.press("Enter")
    expect(message(bruno, "A better answer")).to_be_visible()

    field(bruno).press("F6")
    expect(message(bruno, "A better answer")).to_be_focused()
    bruno.keyboard.press("Enter")
    choose(bruno, "Report")
    bruno.keyboard.type("Not nice")
    confirm(bruno)
    expect(bruno.get_by_text("The moderators will look at it")).to_be_visible()


def test_a_direct_conversation_and_its_end(talk: Talk) -> None:
    ana, bruno = talk.ana.page, talk.bruno.page
    expect(field(ana)).to_be_focused()
    switch_to(ana, f"@{talk.bruno.username}")
    expect(ana).to_have_url(re.compile(rf"/rooms/(?!{talk.room}/)\d+/"))
    expect(field(ana)).to_be_focused()
    ana.keyboard.type("Just you")
    ana.keyboard.press("Enter")
    expect(bruno.locator("#direct-list .count")).to_have_text("1")
    bruno.keyboard.press("Alt+Shift+ArrowDown")
    expect(sent(bruno, "Just you")).to_be_visible()
    room_menu(ana, "Leave")
    confirm(ana)
    expect(ana.locator("#direct-list .room-link")).to_have_count(0)
    say(bruno, "Still there?")
    expect(ana.locator("#direct-list .count")).to_have_text("1")

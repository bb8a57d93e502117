"""Rooms and the people in them, without a mouse."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import field, message, say, sent
from tests.browser.conftest import Talk
from tests.browser.hands import Hands

pytestmark = pytest.mark.browser


def title(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def listed(page: Page, name: str) -> Locator:
    """The room in the list at the left."""
    return page.locator(".room-link").filter(has_text=name)


def choose_person(hands: Hands, username: str, chosen: int = 1) -> None:
    """In the dialog that finds people."""
    expect(hands.page.locator("#people-find")).to_be_focused()
    hands.write(username)
    expect(hands.page.locator("#people-list .choice")).to_have_count(1)
    hands.press("Enter")
    expect(hands.page.locator("#people-chosen .chip")).to_have_count(chosen)


def test_a_closed_room_from_its_making_to_its_archive(talk: Talk) -> None:
    page, bruno, hands = talk.ana.page, talk.bruno.page, Hands(talk.ana.page)
    carla = talk.place.person("carla")
    expect(field(page)).to_be_focused()
    hands.switch("new room", "New room")
    expect(page.locator("#room-name")).to_be_focused()
    hands.write("Fountain")
    hands.tab_to(page.get_by_role("radio", name=re.compile("Open")))
    hands.press("ArrowDown")
    hands.use(page.get_by_role("button", name="Open the room"))
    expect(title(page)).to_have_text("Fountain")
    expect(field(page)).to_be_focused()

    hands.room_menu("Add people")
    choose_person(hands, talk.bruno.username)
    choose_person(hands, carla, chosen=2)
    hands.press("Enter")
    expect(page.locator("#talk-count")).to_have_text("3")
    expect(listed(bruno, "Fountain")).to_be_visible()

    hands.back_to(page.locator("#talk-people"))
    hands.press("Enter")
    expect(page.locator("#panel-find")).to_be_focused()
    hands.use(page.get_by_role("button", name=f"More about {talk.bruno.username}", exact=False))
    hands.choose(re.compile("Remove"))
    hands.confirm()
    expect(listed(bruno, "Fountain")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("More about carla", re.IGNORECASE))).to_be_focused()
    hands.press("Escape")
    expect(page.locator("#talk-people")).to_be_focused()

    hands.use(page.get_by_role("button", name="More about this room"))
    hands.choose("Name and topic")
    expect(page.locator("#room-name")).to_be_focused()
    hands.write("Old fountain")
    hands.press("Tab")
    hands.write("Where it is cool")
    hands.press("Enter")
    expect(title(page)).to_have_text("Old fountain")
    expect(page.locator("#talk-topic")).to_have_text("Where it is cool")
    expect(page.get_by_role("button", name="More about this room")).to_be_focused()

    hands.press("Enter")
    hands.choose("Archive room")
    hands.confirm()
    expect(page.locator("#composer-closed")).to_contain_text("archived")
    expect(page.get_by_role("button", name="More about this room")).to_be_focused()
    hands.press("Enter")
    hands.choose("Bring back")
    expect(field(page)).to_be_visible()


def test_an_open_room_is_made_looked_into_joined_and_left(talk: Talk) -> None:
    page, bruno = talk.ana.page, talk.bruno.page
    name = f"Market {talk.room}"
    hands = Hands(bruno)
    expect(field(bruno)).to_be_focused()
    hands.switch("new room", "New room")
    expect(bruno.locator("#room-name")).to_be_focused()
    hands.write(name)
    hands.press("Enter")
    expect(title(bruno)).to_have_text(name)
    say(bruno, "Figs, two for one")

    hands = Hands(page)
    for act in ("Look in", "Join"):
        hands.switch("browse", "Browse rooms")
        expect(page.locator("#browse-find")).to_be_focused()
        hands.write(name)
        room = page.locator("#browse .person").filter(has_text=name)
        hands.use(room.get_by_role("button", name=act))
        expect(title(page)).to_have_text(name)
        expect(message(page, "Figs, two for one")).to_be_visible()
        if act == "Look in":
            expect(page.get_by_role("button", name="Join")).to_be_focused()
            hands.press("F6")
            expect(message(page, "Figs, two for one")).to_be_focused()
    expect(field(page)).to_be_focused()
    expect(bruno.locator("#talk-count")).to_have_text("2")

    hands.press("Alt+ArrowDown")
    expect(title(page)).not_to_have_text(name)
    hands.press("Alt+ArrowUp")
    expect(title(page)).to_have_text(name)
    hands.back_to(page.locator(f'.room-link[href="/rooms/{talk.room}/"]'))
    hands.press("Enter")
    expect(title(page)).to_have_text("Plaza")
    expect(field(page)).to_be_focused()
    hands.switch("market", name)
    hands.room_menu("Leave")
    hands.confirm()
    expect(page.locator("#notice")).to_have_text(re.compile("You are no longer in"))
    expect(listed(page, name)).to_have_count(0)
    expect(bruno.locator("#talk-count")).to_have_text("1")
    expect(field(page)).to_be_focused()


def test_one_room_is_found_among_many_open_ones(talk: Talk) -> None:
    page, hands = talk.ana.page, Hands(talk.ana.page)
    name = f"Hall of {talk.room}"
    talk.place.call("open_rooms", count=210, name=name)
    expect(field(page)).to_be_focused()
    hands.switch("browse", "Browse rooms")
    rooms = page.locator("#browse .person")
    expect(page.locator("#browse")).to_contain_text("more rooms")  # those past the hundred that it shows
    expect(rooms).to_have_count(100)
    hands.write(name)
    expect(rooms.nth(1)).to_contain_text(f"{name} 2")  # and not 10
    hands.write(" 210")  # of the second page
    expect(rooms).to_have_count(1)
    hands.press("Enter")
    expect(rooms.get_by_role("button", name="Look in")).to_be_focused()
    hands.press("Enter")
    expect(title(page)).to_have_text(f"{name} 210")


def test_a_direct_conversation_is_hidden_until_its_next_message(talk: Talk) -> None:
    page, bruno, hands = talk.ana.page, talk.bruno.page, Hands(talk.ana.page)
    link = page.locator("#direct-list .room-link")
    expect(field(page)).to_be_focused()
    hands.switch(f"@{talk.bruno.username}", re.compile("bruno", re.IGNORECASE))
    expect(title(page)).to_have_text(re.compile("bruno", re.IGNORECASE))
    hands.write("Between us")
    hands.press("Enter")
    expect(bruno.locator("#direct-list .count")).to_have_text("1")
    expect(sent(page, "Between us")).to_be_visible()
    direct = page.url

    hands.room_menu("Leave")
    hands.confirm()
    expect(title(page)).to_have_text("Plaza")
    expect(field(page)).to_be_focused()
    expect(link).to_have_count(0)
    Hands(bruno).press("Alt+Shift+ArrowDown")
    expect(sent(bruno, "Between us")).to_be_visible()
    say(bruno, "Still there?")
    expect(link.locator(".count")).to_have_text("1")
    hands.press("Alt+Shift+ArrowDown")
    expect(sent(page, "Still there?")).to_be_visible()
    expect(page).to_have_url(direct)


def test_the_same_people_have_the_same_conversation(talk: Talk) -> None:
    page, hands = talk.ana.page, Hands(talk.ana.page)
    carla = talk.place.person("carla")
    for time in ("first", "second"):
        hands.back_to(page.get_by_role("button", name="New direct conversation"))
        hands.press("Enter")
        choose_person(hands, talk.bruno.username)
        choose_person(hands, carla, chosen=2)
        hands.press("Enter")
        expect(page.locator("#people-form")).to_be_hidden()
        expect(title(page)).to_have_text(re.compile("bruno.*carla|carla.*bruno", re.IGNORECASE))
        if time == "first":
            hands.write("The three of us")
            hands.press("Enter")
            expect(sent(page, "The three of us")).to_be_visible()
            hands.switch("plaza", "Plaza")
            expect(title(page)).to_have_text("Plaza")
            expect(field(page)).to_be_focused()
    expect(sent(page, "The three of us")).to_be_visible()
    expect(page.locator("#direct-list .room-link")).to_have_count(1)

"""Writing, reading back and all that one does with a message, without a mouse."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acts import field, message, say, sent
from tests.browser.conftest import Talk
from tests.browser.hands import Hands

pytestmark = pytest.mark.browser


def test_one_sends_replies_and_edits(talk: Talk) -> None:
    page, bruno, hands = talk.ana.page, talk.bruno.page, Hands(talk.ana.page)
    say(bruno, "Is it open today?")
    expect(sent(page, "Is it open today?")).to_be_visible()
    expect(field(page)).to_be_focused()
    hands.write("Good morning")
    hands.press("Enter")
    expect(sent(bruno, "Good morning")).to_be_visible()

    hands.walk_to(message(page, "Is it open today?"))
    hands.press("r")
    expect(field(page)).to_be_focused()
    hands.write(f"It is, @{talk.bruno.username[:7]}")
    expect(page.locator("#completion .choice")).to_have_count(1)
    hands.press("Enter", "Enter")
    expect(sent(bruno, "It is").locator(".answer")).to_contain_text("Is it open today?")
    expect(sent(bruno, "It is").locator(".mention--me")).to_be_visible()

    hands.press("ArrowUp")
    expect(page.locator(".message__editor textarea")).to_be_focused()
    hands.write("until ten")
    hands.press("Enter")
    expect(sent(bruno, "until ten").locator(".message__edited")).to_be_visible()
    expect(field(page)).to_be_focused()


def test_one_deletes_and_takes_it_back(talk: Talk) -> None:
    page, bruno, hands = talk.ana.page, talk.bruno.page, Hands(talk.ana.page)
    hands.write("Nine o’clock")
    hands.press("Enter")
    expect(sent(bruno, "Nine o’clock")).to_be_visible()
    hands.walk_to(message(page, "Nine o’clock"))
    hands.press("Enter")
    hands.choose("Delete")
    expect(bruno.get_by_text("deleted a message")).to_be_visible()
    row = page.locator("article.message").last
    expect(row).to_contain_text("You deleted a message")
    expect(row).to_be_focused()
    hands.use(row.get_by_role("button", name="Undo"))
    expect(sent(page, "Nine o’clock")).to_be_focused()
    expect(sent(bruno, "Nine o’clock")).to_be_visible()
    hands.press("Escape")
    expect(field(page)).to_be_focused()


def test_one_reacts(talk: Talk) -> None:
    page, bruno, hands = talk.ana.page, talk.bruno.page, Hands(talk.ana.page)
    say(bruno, "I have figs")
    row = sent(page, "I have figs")
    hands.walk_to(row)
    hands.press("+")
    expect(page.get_by_label("Search emoji")).to_be_focused()
    hands.write("party")
    hands.press("Enter")
    chip = row.locator(".reaction[data-emoji='🎉']")
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(sent(bruno, "I have figs").locator(".reaction[data-emoji='🎉']")).to_be_visible()
    expect(row).to_be_focused()
    hands.use(chip)
    expect(chip).to_have_count(0)
    expect(row).to_be_focused()
    hands.use(row.get_by_role("toolbar").get_by_role("button", name="React with 👍"))
    expect(sent(bruno, "I have figs").locator(".reaction[data-emoji='👍']")).to_be_visible()


def test_one_reports_a_message(talk: Talk) -> None:
    page, hands = talk.ana.page, Hands(talk.ana.page)
    say(talk.bruno.page, "Go away")
    hands.walk_to(sent(page, "Go away"))
    hands.press("Enter")
    hands.choose("Report to the moderators")
    expect(page.locator("#ask-reason")).to_be_focused()
    hands.write("Rude")
    hands.press("Enter")
    expect(page.locator("#notice")).to_have_text(re.compile("Thank you"))
    expect(sent(page, "Go away")).to_be_focused()


def test_one_reads_back_to_the_first_message_and_returns(talk: Talk) -> None:
    page, hands = talk.ana.page, Hands(talk.ana.page)
    bodies = [f"line {number} of it" for number in range(1, 221)]
    talk.place.call("write", room=talk.room, username=talk.bruno.username, bodies=bodies)
    page.reload()
    expect(field(page)).to_be_focused()
    hands.press("Escape")
    hands.walk_to(message(page, "line 220 of it"))
    first = page.locator("article.message").first
    while not message(page, "line 1 of it").count():
        seen = first.get_attribute("data-seq") or ""
        hands.press("Home")
        expect(page.locator(f"[data-seq='{seen}']")).to_be_focused()
        expect(first).not_to_have_attribute("data-seq", seen)
    hands.press("Home")
    expect(message(page, "line 1 of it")).to_be_focused()
    expect(message(page, "line 1 of it")).to_be_in_viewport()
    hands.press("End", "ArrowDown")
    expect(field(page)).to_be_focused()


def test_one_sees_what_is_unread_and_leaves_it_so(talk: Talk) -> None:
    page, place, hands = talk.ana.page, talk.place, Hands(talk.ana.page)
    market = place.call("rooms.create_room", actor=talk.ana.username, name="Market", kind="closed")
    place.call("members.add_members", actor=talk.ana.username, room=market, users=[talk.bruno.username])
    place.call("write", room=market, username=talk.bruno.username, bodies=["Figs", f"Olives, @{talk.ana.username}?"])
    link = page.locator(f'.room-link[href="/rooms/{market}/"]')
    expect(link.get_by_role("img", name="1 mention")).to_be_visible()
    hands.press("Alt+Shift+ArrowUp")
    expect(page.get_by_role("heading", level=1)).to_have_text("Market")
    expect(page.locator(".new + article")).to_contain_text("Figs")
    expect(link.locator(".count")).to_be_hidden()
    hands.walk_to(sent(page, "Olives"))
    hands.press("Enter")
    hands.choose("Mark as unread from here")
    expect(page.locator(".new + article")).to_contain_text("Olives")
    expect(sent(page, "Olives")).to_be_focused()
    expect(link.get_by_role("img", name="1 mention")).to_be_visible()
    hands.press("Escape")
    expect(link.locator(".count")).to_be_hidden()


def test_one_sees_who_is_here_and_who_types(talk: Talk) -> None:
    page, bruno, hands = talk.ana.page, talk.bruno.page, Hands(talk.ana.page)
    Hands(bruno).write("Well")
    Hands(bruno).press("Enter")
    expect(sent(page, "Well")).to_be_visible()
    Hands(bruno).write("I th")
    expect(page.locator("#composer-state")).to_have_text(re.compile("is typing"))
    hands.back_to(page.locator("#talk-people"))
    hands.press("Enter")
    expect(page.locator("#panel-find")).to_be_focused()
    person = page.locator("#panel .person").filter(has_text=f"@{talk.bruno.username}")
    expect(person.locator(".presence--here")).to_be_visible()
    talk.bruno.context.close()
    expect(person.locator(".presence--away")).to_be_visible()
    hands.press("Escape")
    expect(page.locator("#talk-people")).to_be_focused()

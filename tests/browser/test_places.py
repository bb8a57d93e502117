"""Where one stands in the talk: far back, in a room one only looks into, on the way back to an open edit."""

import pytest
from playwright.sync_api import APIResponse, Route, expect

from tests.browser.acts import act, field, message, say, sent
from tests.browser.conftest import Talk

pytestmark = pytest.mark.browser

LINES = [f"line {number} of it" for number in range(1, 121)]


def test_a_reply_leads_to_what_it_answers_however_far_back(talk: Talk) -> None:
    page, place = talk.ana.page, talk.place
    say(talk.bruno.page, "the very first")
    act(talk.bruno.page, "the very first", "Reply")
    place.call("write", room=talk.room, username=talk.bruno.username, bodies=LINES)
    expect(sent(talk.bruno.page, "line 120 of it")).to_be_visible()
    say(talk.bruno.page, "an answer")
    expect(sent(page, "an answer")).to_be_in_viewport()
    while unread(talk):  # or the room would open where she left off
        page.evaluate("0")
    page.reload()
    answer = sent(page, "an answer").locator(".answer")
    expect(answer).to_contain_text("a message further up")
    answer.click()
    expect(message(page, "the very first")).to_be_in_viewport()
    expect(message(page, "the very first")).to_be_focused()
    page.get_by_role("button", name="To the newest").click()
    expect(sent(page, "an answer")).to_be_in_viewport()


def unread(talk: Talk) -> int:
    """How much of the room Ana has not read, as the server knows it."""
    rooms = talk.ana.page.request.get("/api/v1/rooms").json()["rooms"]
    return next(int(room["unread"]) for room in rooms if room["id"] == talk.room)


def test_what_one_writes_before_a_room_has_opened_stands_in_it(talk: Talk) -> None:
    page, bruno, place = talk.ana.page, talk.bruno.page, talk.place
    market = place.call("rooms.create_room", actor=talk.ana.username, name="Market", kind="closed")
    place.call("members.add_members", actor=talk.ana.username, room=market, users=[talk.bruno.username])
    opening: list[tuple[Route, APIResponse]] = []
    page.route(f"**/rooms/{market}/messages?*", lambda route: opening.append((route, route.fetch())))
    with page.expect_request(f"**/rooms/{market}/messages?*"):
        page.locator(f'.room-link[href="/rooms/{market}/"]').click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Market")
    while not opening:
        page.evaluate("0")  # lets the handler go on
    say(page, "Figs")
    expect(bruno.locator(f'.room-link[href="/rooms/{market}/"] .count')).to_have_text("1")
    for route, response in opening:
        route.fulfill(response=response)
    expect(sent(page, "Figs")).to_be_visible()


def test_a_room_that_one_only_looks_into_is_live(talk: Talk) -> None:
    page, place = talk.ana.page, talk.place
    market = place.call("rooms.create_room", actor=talk.bruno.username, name="Market", kind="open")
    page.goto(f"/rooms/{market}/")
    expect(page.get_by_text("Nobody has spoken in Market yet")).to_be_visible()
    place.call("write", room=market, username=talk.bruno.username, bodies=["Figs, two for one"])
    expect(message(page, "Figs, two for one")).to_be_visible()
    place.call("rooms.rename_room", actor=talk.bruno.username, room=market, name="Fair")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fair")
    talk.ana.context.route("**/changes*", lambda route: route.abort())
    talk.ana.no_server = True
    place.call("write", room=market, username=talk.bruno.username, bodies=["Sold out"])
    page.get_by_role("button", name="Join").click()
    expect(message(page, "Sold out")).to_be_visible()


def test_an_open_edit_waits_while_one_is_elsewhere(talk: Talk) -> None:
    page, place = talk.ana.page, talk.place
    other = place.call("rooms.create_room", actor=talk.ana.username, name="Market", kind="closed")
    say(page, "Half past")
    expect(sent(page, "Half past")).to_be_visible()
    field(page).press("ArrowUp")
    editor = page.locator(".message__editor textarea")
    editor.fill("Half past eight")
    page.locator(f'.room-link[href="/rooms/{other}/"]').click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Market")
    expect(editor).to_have_count(0)
    page.locator(f'.room-link[href="/rooms/{talk.room}/"]').click()
    expect(editor).to_have_value("Half past eight")

    seq = page.locator("article.message").get_attribute("data-seq")
    way_back = f"[way back]({place.address}/rooms/{talk.room}/?at={seq})"
    place.call("write", room=talk.room, username=talk.bruno.username, bodies=[*LINES * 3, way_back])
    expect(page.get_by_role("link", name="way back")).to_be_in_viewport()
    expect(editor).to_have_count(0)
    page.get_by_role("link", name="way back").click()
    expect(editor).to_have_value("Half past eight")
    expect(editor).to_be_in_viewport()


def test_who_inherits_a_room_looks_after_it_without_a_reload(talk: Talk) -> None:
    page = talk.bruno.page
    menu = page.get_by_role("button", name="More about this room")
    menu.click()
    expect(page.get_by_role("menuitem", name="Leave")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Name and topic")).to_be_hidden()
    page.keyboard.press("Escape")
    talk.place.call("members.leave_room", actor=talk.ana.username, room=talk.room)
    expect(page.locator("#talk-count")).to_have_text("1")
    menu.click()
    expect(page.get_by_role("menuitem", name="Name and topic")).to_be_visible()


def test_who_is_removed_from_an_open_room_may_go_on_reading_as_the_question_says(talk: Talk) -> None:
    page, place = talk.ana.page, talk.place
    market = place.call("rooms.create_room", actor=talk.ana.username, name="Market", kind="open")
    place.call("members.add_members", actor=talk.ana.username, room=market, users=[talk.bruno.username])
    page.goto(f"/rooms/{market}/")
    page.locator("#talk-people").click()
    page.get_by_role("button", name="More about Bruno").click()
    page.get_by_role("menuitem", name="Remove").click()
    expect(page.locator("#ask-text")).to_contain_text("they can go on reading it")
    page.locator("#ask-yes").click()
    expect(page.locator("#talk-count")).to_have_text("1")
    talk.bruno.page.goto(f"/rooms/{market}/")
    expect(talk.bruno.page.locator("#composer-join")).to_be_visible()


def test_where_counting_stops_it_says_or_more(talk: Talk) -> None:
    page, place = talk.ana.page, talk.place
    busy = place.call("rooms.create_room", actor=talk.bruno.username, name="Busy", kind="closed")
    place.call("members.add_members", actor=talk.bruno.username, room=busy, users=[talk.ana.username])
    place.call("write", room=busy, username=talk.bruno.username, bodies=[f"{number}" for number in range(1_010)])
    page.reload()
    link = page.locator(f'.room-link[href="/rooms/{busy}/"]')
    expect(link.get_by_role("img", name="1000+ unread")).to_have_text("1000+")
    page.keyboard.press("Control+k")
    expect(page.locator("#switcher-list .choice").filter(has_text="Busy").locator(".count")).to_have_text("1000+")
    page.keyboard.press("Escape")
    link.click()
    expect(page.get_by_role("button", name="1000+ new messages")).to_be_visible()

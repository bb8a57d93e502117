"""Two people in two windows."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.acts import act, field, message, say, sent
from tests.browser.conftest import Talk

pytestmark = pytest.mark.browser


def hold(page: Page, address: str) -> list[Route]:
    """What is asked for there waits until the test lets it go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(address, keep)
    return held


def test_what_one_says_the_other_reads(talk: Talk) -> None:
    say(talk.ana.page, "Good morning, **Bruno**")
    expect(message(talk.bruno.page, "Good morning, Bruno").locator("strong")).to_have_text("Bruno")
    say(talk.bruno.page, "And to you")
    expect(sent(talk.ana.page, "And to you")).to_be_visible()
    expect(sent(talk.ana.page, "Good morning, Bruno")).to_have_count(1)
    expect(field(talk.ana.page)).to_have_value("")
    expect(field(talk.ana.page)).to_be_focused()


def test_an_edit_a_reaction_and_a_deletion_reach_everybody(talk: Talk) -> None:
    ana, bruno = talk.ana.page, talk.bruno.page
    say(ana, "Se you at eight")
    expect(sent(ana, "Se you at eight")).to_be_visible()
    field(ana).press("ArrowUp")
    editor = ana.locator(".message__editor textarea")
    editor.fill("See you at nine")
    editor.press("Enter")
    expect(message(bruno, "See you at nine").locator(".message__edited")).to_be_visible()

    message(bruno, "See you at nine").hover()
    message(bruno, "See you at nine").get_by_role("toolbar").get_by_role("button", name="React with 👍").click()
    chip = message(ana, "See you at nine").locator(".reaction[data-emoji]")
    expect(chip).to_have_text(re.compile("👍.*1"))
    expect(chip).to_have_attribute("aria-pressed", "false")

    act(ana, "See you at nine", "Delete")
    expect(bruno.get_by_text("deleted a message")).to_be_visible()
    ana.get_by_role("button", name="Undo").click()
    expect(message(bruno, "See you at nine")).to_be_visible()
    expect(bruno.get_by_text("deleted a message")).to_have_count(0)


def test_what_was_written_without_a_connection_arrives_once(talk: Talk) -> None:
    ana, bruno = talk.ana.page, talk.bruno.page
    say(ana, "before")
    expect(sent(bruno, "before")).to_be_visible()
    talk.ana.no_server = talk.bruno.no_server = True
    talk.place.kill()
    say(ana, "first of two")
    say(ana, "second of two")
    expect(message(ana, "second of two")).to_have_class(re.compile("message--pending"))
    talk.place.start()
    ana.evaluate("dispatchEvent(new Event('online'))")
    bruno.evaluate("dispatchEvent(new Event('online'))")
    expect(sent(bruno, "second of two")).to_be_visible(timeout=30_000)
    expect(sent(ana, "of two")).to_have_count(2, timeout=30_000)
    expect(sent(bruno, "of two")).to_have_text([re.compile("first of two"), re.compile("second of two")])


def test_an_unsent_message_outlives_its_window(talk: Talk) -> None:
    ana, bruno = talk.ana.page, talk.bruno.page
    expect(field(ana)).to_be_visible()
    talk.ana.context.set_offline(True)
    say(ana, "from the outbox")
    expect(message(ana, "from the outbox")).to_be_visible()
    talk.ana.context.set_offline(False)
    ana.goto(f"/rooms/{talk.room}/")
    expect(sent(bruno, "from the outbox")).to_have_count(1)
    expect(sent(ana, "from the outbox")).to_have_count(1)


def test_the_list_counts_what_is_unread(talk: Talk) -> None:
    ana, bruno = talk.ana.page, talk.bruno.page
    market = talk.place.call("rooms.create_room", actor=talk.ana.username, name="Market", kind="closed")
    talk.place.call("members.add_members", actor=talk.ana.username, room=market, users=[talk.bruno.username])
    link = bruno.get_by_role("link", name=re.compile("Market"))
    expect(link).to_be_visible()
    ana.get_by_role("link", name=re.compile("Market")).click()
    expect(ana.get_by_role("heading", level=1)).to_have_text("Market")
    say(ana, "one")
    say(ana, "two")
    expect(link.get_by_role("img", name="2 unread")).to_have_text("2")
    say(ana, f"three @{talk.bruno.username}")
    expect(link.get_by_role("img", name="1 mention")).to_have_text("1")
    expect(link).to_have_class(re.compile("room-link--unread"))
    expect(bruno).to_have_title(re.compile(r"\(\d+\)"))
    link.click()
    expect(sent(bruno, "three")).to_be_visible()
    expect(link.locator(".count")).to_be_hidden()
    expect(bruno.locator(".new")).to_be_visible()
    expect(bruno).to_have_url(re.compile(f"/rooms/{market}/"))
    bruno.go_back()
    expect(bruno.get_by_role("heading", level=1)).to_have_text("Plaza")


def test_a_draft_stays_in_its_room(talk: Talk) -> None:
    page = talk.ana.page
    talk.place.call("rooms.create_room", actor=talk.ana.username, name="Market", kind="closed")
    expect(page.get_by_role("link", name=re.compile("Market"))).to_be_visible()
    field(page).fill("half a thought")
    page.get_by_role("link", name=re.compile("Market")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Market")
    expect(field(page)).to_have_value("")
    page.reload()
    page.get_by_role("link", name=re.compile("Plaza")).first.click()
    expect(field(page)).to_have_value("half a thought")


def test_ones_own_reaction_is_known_and_taken_back_among_more_than_are_named(talk: Talk) -> None:
    page = talk.bruno.page
    say(page, "Who comes?")
    row = sent(page, "Who comes?")
    expect(row).to_be_visible()
    identity = int(row.get_attribute("data-id") or "")
    talk.place.call("crowd_reacts", room=talk.room, message=identity, emoji="👍", count=50)
    chip = row.locator(".reaction[data-emoji='👍']")
    expect(chip).to_have_text("👍50")
    for _visit in range(2):
        expect(chip).to_have_attribute("aria-pressed", "false")
        chip.click()
        expect(chip).to_have_text("👍51")
        expect(chip).to_have_attribute("aria-pressed", "true")
        expect(chip).to_have_attribute("title", re.compile("^You and 50 others$"))
        page.reload()
        expect(chip).to_have_attribute("aria-pressed", "true")
        chip.click()
        expect(chip).to_have_text("👍50")


def test_everybody_of_a_large_room_can_be_called(talk: Talk) -> None:
    page = talk.ana.page
    talk.place.call("crowd", room=talk.room, count=200)
    zulema = talk.place.person("zulema")
    talk.place.call("members.add_members", actor=talk.ana.username, room=talk.room, users=[zulema])
    offers = page.locator("#completion .choice")
    field(page).press_sequentially("@brun")
    expect(offers).to_have_text([re.compile(talk.bruno.username)])
    field(page).fill("")
    expect(offers).to_have_count(0)
    field(page).press_sequentially("Hello @ZÚL")
    expect(offers).to_have_text([re.compile(zulema)])
    field(page).press("Enter")
    expect(field(page)).to_have_value(f"Hello @{zulema} ")
    field(page).press("Enter")
    expect(sent(page, "Hello").locator(".mention")).to_have_text(f"@{zulema.capitalize()}")


def test_an_answer_that_comes_late_offers_nobody(talk: Talk) -> None:
    page = talk.ana.page
    talk.place.call("crowd", room=talk.room, count=200)
    late = hold(page, "**/members?q=zu")
    offers = page.locator("#completion .choice")
    with page.expect_request("**/members?q=zu"):
        field(page).press_sequentially("@zu")
    field(page).fill("@brun")
    expect(offers).to_have_text([re.compile(talk.bruno.username)])
    zuri = {"id": 10**9, "name": "Zuri", "username": "zuri-brun", "avatar": None}
    with page.expect_response("**/members?q=zu") as answer:
        late[0].fulfill(json={"users": [zuri], "has_after": False, "owners": []})
    answer.value.finished()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    expect(offers).to_have_text([re.compile(talk.bruno.username)])


def test_who_was_chosen_stays_so_when_others_are_found(talk: Talk) -> None:
    page = talk.ana.page
    talk.place.call("crowd", room=talk.room, count=200)
    bruna = talk.place.person("bruna")
    talk.place.call("members.add_members", actor=talk.ana.username, room=talk.room, users=[bruna])
    late = hold(page, "**/members?q=bru")
    offers = page.locator("#completion .choice")
    with page.expect_request("**/members?q=bru"):
        field(page).fill("@bru")
    expect(offers).to_have_text([re.compile(talk.bruno.username)])
    late[0].continue_()
    expect(offers).to_have_text([re.compile(bruna), re.compile(talk.bruno.username)])
    field(page).press("Enter")
    expect(field(page)).to_have_value(f"@{talk.bruno.username} ")

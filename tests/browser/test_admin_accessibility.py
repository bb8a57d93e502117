"""In the admin axe finds nothing that the admin of stock Django, served beside ours, does not have."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.cluster import free_port
from ops.parts import ROOT
from tests.browser.acts import message
from tests.browser.axe import flaws
from tests.browser.conftest import Talk, Window

pytestmark = pytest.mark.browser


@pytest.fixture
def stock(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A window at the index of Django's own admin."""
    port = free_port(0)
    command = [sys.executable, "-m", "tests.browser.stock_admin", str(tmp_path), str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    context = browser.new_context(base_url=f"http://127.0.0.1:{port}", locale="en-GB")
    try:
        assert server.stdout
        assert server.stderr
        key = server.stdout.readline().strip()
        context.add_cookies([{"name": "sessionid", "value": key, "url": f"http://127.0.0.1:{port}"}])
        page = context.new_page()
        page.goto("/admin/")
        yield page
    finally:
        context.close()
        server.kill()
        server.wait()


def rules(page: Page, kind: str) -> set[tuple[str, str]]:
    """What axe complains of on a kind of page, and in which tag."""
    found = flaws(page)
    return {(kind, f"{flaw['rule']}: {flaw['html'].partition('>')[0].split()[0]}") for flaw in found}


def rules_of_stock(page: Page) -> set[tuple[str, str]]:
    found = rules(page, "index")
    page.goto("/admin/auth/user/")
    found |= rules(page, "list")
    page.locator(".action-select").first.check()
    page.get_by_label("Action:").first.select_option("delete_selected")
    page.locator("button[name=index]").first.click()
    found |= rules(page, "form")
    page.goto("/admin/auth/user/1/change/")
    return found | rules(page, "row")


def test_the_moderators_door(talk: Talk, window: Callable[..., Window], stock: Page) -> None:
    place = talk.place
    place.call("write", room=talk.room, username=talk.bruno.username, bodies=["Buy my watches"])
    reported = int(message(talk.ana.page, "Buy my watches").get_attribute("data-id") or "")
    report = place.call("moderation.report_message", actor=talk.ana.username, message=reported, reason="Spam")
    owner = place.person("owner", is_staff=True, is_superuser=True)
    place.call("members.add_members", actor=talk.ana.username, room=talk.room, users=[owner])
    page = window(owner).page
    page.goto("/admin/")
    ours = rules(page, "index")
    for model in ("rooms/message", "rooms/room", "rooms/report", "rooms/moderationentry", "accounts/user"):
        page.goto(f"/admin/{model}/")
        ours |= rules(page, "list")
    page.goto(f"/admin/rooms/report/{report}/change/")
    expect(page.get_by_text("Buy my watches").first).to_be_visible()
    ours |= rules(page, "row")
    page.goto("/admin/accounts/invitation/add/")
    ours |= rules(page, "row")
    page.goto("/admin/rooms/message/")
    page.locator(".action-select").first.check()
    page.get_by_label("Action:").first.select_option("remove")
    page.locator("button[name=index]").first.click()
    expect(page.get_by_role("button", name="Yes, do it")).to_be_visible()
    ours |= rules(page, "form")
    assert ours - rules_of_stock(stock) == set()

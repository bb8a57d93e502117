"""Somebody comes in through an invitation."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.place import Place

pytestmark = pytest.mark.browser


def test_who_comes_in_reads_where_the_link_was_sent(place: Place, browser: Browser) -> None:
    code = place.call("invite", username=place.person("owner", is_staff=True, is_superuser=True))
    with browser.new_context(base_url=place.address, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"/join/{code}/")
        page.get_by_label("Your name").fill("Dora")
        page.get_by_label("User name").fill("dora")
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_label(re.compile("E-mail")).fill("dora@alameda.example")
        page.get_by_role("button", name="Come in").click()
        expect(page.locator("#notice")).to_contain_text("We sent a link to dora@alameda.example.")
        expect(page.locator("#notice")).to_be_visible()
        expect(page.locator("#notice")).to_be_hidden()

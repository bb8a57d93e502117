"""Coming in, saying who one is and going out, without a mouse."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hands import Hands
from tests.browser.place import Place

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"
OTHER_PASSWORD = "another horse battery"
A_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)


class Newcomer:
    """Dora, whom nobody knew until she opened an invitation link."""

    def __init__(self, place: Place, page: Page) -> None:
        self.place, self.page, self.hands = place, page, Hands(page)
        code = place.call("invite", username=place.person("owner", is_staff=True, is_superuser=True))
        self.username = f"dora-{code[:8].lower().replace('_', 'x')}"
        self.address = f"{self.username}@example.org"
        page.goto(f"/join/{code}/")

    def sign_up(self) -> None:
        self.hands.fill("Your name", "Dora")
        self.hands.fill("User name", self.username)
        self.hands.fill("Password", PASSWORD)
        self.hands.fill("E-mail (optional)", self.address)
        self.hands.use(self.page.get_by_role("button", name="Come in"))
        is_in(self.page, "Dora")
        self.page.goto(self.place.mailed_link(self.address))
        self.hands.use(self.page.get_by_role("button", name="Yes, it is mine"))
        expect(self.page.get_by_role("heading", name="Your settings")).to_be_visible()
        self.page.goto("/")

    def own_menu(self, name: str) -> None:
        self.hands.use(self.page.get_by_role("button", name="Settings"))
        self.hands.choose(name)


def sign_in(page: Page, name: str, password: str) -> None:
    hands = Hands(page)
    hands.fill("User name or e-mail", name)
    hands.fill("Password", password)
    hands.press("Enter")


def is_in(page: Page, name: str) -> None:
    expect(page.locator("#me-name")).to_have_text(name)


@pytest.fixture
def dora(place: Place, guest: Page) -> Newcomer:
    newcomer = Newcomer(place, guest)
    newcomer.sign_up()
    return newcomer


def test_one_signs_in_by_user_name_and_by_address_and_out_here(dora: Newcomer) -> None:
    for name in (dora.username, dora.address):
        dora.own_menu("Sign out")
        dora.hands.use(dora.page.get_by_role("button", name="Sign out"))
        expect(dora.page.get_by_role("button", name="Sign in")).to_be_visible()
        sign_in(dora.page, name, PASSWORD)
        is_in(dora.page, "Dora")


def test_one_signs_out_everywhere(dora: Newcomer, browser: Browser) -> None:
    context = browser.new_context(base_url=dora.place.address, locale="en-GB")
    elsewhere = context.new_page()
    elsewhere.goto("/accounts/login/")
    sign_in(elsewhere, dora.username, PASSWORD)
    is_in(elsewhere, "Dora")
    dora.own_menu("Settings")
    dora.hands.use(dora.page.get_by_role("link", name="Where you are signed in"))
    dora.hands.use(dora.page.get_by_role("button", name="Sign out everywhere", exact=True))
    expect(dora.page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(elsewhere.locator("#bar")).to_contain_text("You have been signed out.")
    context.close()


def test_a_forgotten_password_is_reset_by_mail(dora: Newcomer) -> None:
    page, hands = dora.page, dora.hands
    dora.own_menu("Sign out")
    hands.use(page.get_by_role("button", name="Sign out"))
    hands.use(page.get_by_role("link", name="Forgotten?"))
    hands.fill("E-mail address", dora.address)
    hands.press("Enter")
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(dora.place.mailed_link(dora.address))
    hands.fill("New password", OTHER_PASSWORD)
    hands.press("Enter")
    hands.use(page.get_by_role("link", name="Sign in"))
    sign_in(page, dora.username, OTHER_PASSWORD)
    is_in(dora.page, "Dora")


def test_one_sets_name_picture_and_language(dora: Newcomer) -> None:
    page, hands = dora.page, dora.hands
    picture: Any = {"name": "me.png", "mimeType": "image/png", "buffer": A_PIXEL}
    page.on("filechooser", lambda chooser: chooser.set_files(picture))  # what the system's own window would do
    dora.own_menu("Settings")
    hands.fill("Your name", "Dora Doors")
    hands.tab_to(page.get_by_label("Picture"))
    hands.press("Space")
    expect(page.get_by_label("Picture")).to_have_value(re.compile("me.png"))
    hands.tab_to(page.get_by_label("Language"))
    hands.write("Esp")
    hands.use(page.get_by_role("button", name="Save"))
    expect(page.get_by_alt_text("Tu imagen")).to_be_visible()
    hands.use(page.get_by_role("link", name="Volver"))
    is_in(page, "Dora Doors")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("#me-avatar img")).to_be_visible()

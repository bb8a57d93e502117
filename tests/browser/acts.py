"""What people do in a window, and how one sees what is there."""

from playwright.sync_api import Locator, Page


def field(page: Page) -> Locator:
    """The composer."""
    return page.locator("#composer-text")


def say(page: Page, text: str) -> None:
    field(page).fill(text)
    field(page).press("Enter")


def message(page: Page, text: str) -> Locator:
    """The message that says `text`."""
    return page.locator("article.message").filter(has=page.locator(".message__body", has_text=text))


def sent(page: Page, text: str) -> Locator:
    """It, once the server has it."""
    return page.locator("article.message:not(.message--pending)[data-id]").filter(has_text=text)


def act(page: Page, text: str, name: str) -> None:
    """Choose what to do with a message from its menu."""
    row = message(page, text)
    row.hover()
    row.get_by_role("toolbar").get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name=name).click()

"""Hands on a keyboard: what they reach they must see, and no mouse is near."""

import re

from playwright.sync_api import Locator, Page, expect

FARTHEST = 60  # stops of the Tab key

# What has the focus is in view, and it or the box that it fills is marked
SEEN = """() => {
  const found = document.activeElement;
  if (!found || found === document.body) return "";  // after the last stop comes the browser's own
  const box = found.getBoundingClientRect();
  const there = box.width > 0 && box.height > 0;
  const inView = there && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  if (!inView) return `out of sight: ${found.outerHTML.slice(0, 200)}`;
  for (let one = found; one && one !== document.body; one = one.parentElement) {
    const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(one);
    if ((outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || (one === found && boxShadow !== "none")) return "";
  }
  return `not marked: ${found.outerHTML.slice(0, 200)}`;
}"""


class Hands:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def tab_to(self, target: Locator, key: str = "Tab") -> None:
        """To what one wants to reach, from stop to stop."""
        expect(target).to_be_visible()
        for _stop in range(FARTHEST):
            if has_focus(target):
                return
            self.press(key)
            if flaw := self.page.evaluate(SEEN):
                raise AssertionError(flaw)
        raise AssertionError(f"{target} cannot be reached")

    def back_to(self, target: Locator) -> None:
        self.tab_to(target, "Shift+Tab")

    def use(self, target: Locator) -> None:
        """Go to a button or a link, and take it."""
        self.tab_to(target)
        self.press("Enter")

    def fill(self, label: str, text: str) -> None:
        self.tab_to(self.page.get_by_label(label, exact=True))
        self.press("Control+a")
        self.write(text)

    def choose(self, name: str | re.Pattern[str]) -> None:
        """From the open menu."""
        item = self.page.get_by_role("menuitem", name=name)
        expect(item).to_be_visible()
        expect(self.page.get_by_role("menuitem").first).to_be_focused()
        for _step in range(FARTHEST):
            if has_focus(item):
                return self.press("Enter")
            self.press("ArrowDown")
        raise AssertionError(f"{name} cannot be chosen")

    def confirm(self) -> None:
        """The page asks first, with the focus on the harmless answer."""
        expect(self.page.locator("#ask-no")).to_be_focused()
        self.use(self.page.locator("#ask-yes"))

    def room_menu(self, name: str) -> None:
        """In a room one stands in the composer, or at the menu itself."""
        self.back_to(self.page.get_by_role("button", name="More about this room"))
        self.press("Enter")
        self.choose(name)

    def switch(self, query: str, name: str | re.Pattern[str]) -> None:
        """Ctrl+K, some letters, and the first that is offered."""
        self.press("Control+k")
        expect(self.page.locator("#switcher-find")).to_be_focused()
        self.write(query)
        expect(self.page.locator("#switcher-list .choice[aria-selected=true]")).to_contain_text(name)
        self.press("Enter")
        expect(self.page.locator("#switcher")).to_be_hidden()

    def walk_to(self, row: Locator, key: str = "ArrowUp") -> None:
        """From the composer among the messages."""
        expect(row).to_be_visible()
        self.press("F6")
        expect(self.page.locator("article.message:focus")).to_have_count(1)
        for _step in range(FARTHEST):
            if has_focus(row):
                return
            self.press(key)
        raise AssertionError(f"{row} cannot be reached")


def has_focus(target: Locator) -> bool:
    return bool(target.evaluate("element => element === document.activeElement"))

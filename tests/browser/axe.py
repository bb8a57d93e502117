"""axe-core in a page: what it finds, in light and in dark."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from ops.parts import ROOT

FIND = """(rules) => axe.run(document, {resultTypes: ["violations"], ...(rules && {runOnly: rules})})
  .then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) =>
    ({rule: id, html: html.slice(0, 200), why: failureSummary.split("\\n").slice(1).join(" ").trim()}))))"""


def flaws(page: Page) -> list[dict[str, Any]]:
    """What axe finds on the page as it stands; of the dark scheme its colours, as the rest is the same."""
    page.evaluate(_axe())
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found: list[dict[str, Any]] = page.evaluate(FIND, None)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [{**flaw, "scheme": "dark"} for flaw in page.evaluate(FIND, ["color-contrast", "link-in-text-block"])]
    return found


@cache
def _axe() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()

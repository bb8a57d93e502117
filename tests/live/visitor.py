"""A signed-in person's browser without a screen: real requests to pages, through HAProxy."""

import asyncio
import re
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.stage import Stage

ROW = re.compile(r'name="_selected_action" value="(\d+)"')
TOKEN = "c" * 32  # against forged requests: the form's has to be the cookie's


class Visitor:
    def __init__(self, stage: Stage, username: str) -> None:
        self.session: str = stage.call("make_session", username=username)
        self._address = stage.address

    async def get(self, page: str) -> str:
        return await self._ask(page)

    async def post(self, page: str, **fields: Any) -> None:
        await self._ask(page, {"csrfmiddlewaretoken": TOKEN, **fields})

    async def moderate(self, noun: str, search: str, action: str, **fields: str) -> None:
        """A bulk action of the admin's on all that a search finds, confirmed."""
        page = f"/admin/{noun}/?{urlencode({'q': search})}"
        rows = ROW.findall(await self.get(page))
        assert rows, page
        await self.post(page, action=action, confirm="yes", _selected_action=rows, **fields)

    async def _ask(self, path: str, form: dict[str, Any] | None = None) -> str:
        data = None if form is None else urlencode(form, doseq=True).encode()
        cookies = {"Cookie": f"plaza_session={self.session}; plaza_csrf={TOKEN}"}
        answer = await asyncio.to_thread(urlopen, Request(self._address + path, data, cookies), timeout=30)
        return str(answer.read().decode())

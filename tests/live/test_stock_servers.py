"""The site runs under a stock server too, without our launcher's graces."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from ops.cluster import environment
from ops.launcher import READY_WITHIN
from ops.parts import ROOT, web_is_ready
from tests.live.client import LiveClient
from tests.live.knocking import LIMIT
from tests.stage import Actor, Cast, Stage

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def daphne(stage: Stage) -> Iterator[str]:
    """Stock Daphne beside the stage's own processes, once it is ready: the path of its Unix socket."""
    path = stage.folder / "stock.sock"
    deadline = time.monotonic() + READY_WITHIN
    command = [sys.executable, "-m", "daphne", "-u", str(path), "chatsite.asgi:application"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | environment(stage.folder)) as server:
        try:
            while not web_is_ready(path, urlsplit(stage.address).netloc):
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield str(path)
        finally:
            server.terminate()


def client_of(stage: Stage, actor: Actor, path: str) -> LiveClient:
    client = stage.client(actor)
    client.unix = path
    return client


async def test_two_people_chat_through_stock_daphne_and_with_somebody_elsewhere(
    stage: Stage, cast: Cast, daphne: str
) -> None:
    stage.call("members.add_members", actor=cast.ana.username, room=cast.room, users=[cast.carla.username])
    async with (
        client_of(stage, cast.ana, daphne) as ana,
        client_of(stage, cast.bruno, daphne) as bruno,
        stage.client(cast.carla, "web1") as carla,
    ):
        for sender, text in ((ana, "¡hola!"), (bruno, "¿qué tal?"), (carla, "aquí")):
            ack = await sender.send(cast.room, text)
            for reader in (ana, bruno, carla):
                await reader.until(lambda: ack["message"]["id"] in reader.messages)  # noqa: B023
        assert not [*ana.broken, *bruno.broken, *carla.broken]
        resumed = await ana.ask(type="rooms.resume", epoch=ana.welcome["epoch"], cursors={str(cast.room): 1})
        assert resumed["type"] == "ack"


async def test_stock_daphne_ends_connections_with_our_codes(stage: Stage, cast: Cast, daphne: str) -> None:
    async with client_of(stage, cast.ana, daphne) as ana, client_of(stage, cast.bruno, daphne) as bruno:
        stage.call("moderation.ban_user", actor=stage.owner.username, user=cast.bruno.username)
        async with asyncio.timeout(LIMIT):
            while 4403 not in bruno.closes:
                await asyncio.sleep(0.05)
        # A restore asks for 1012, which stock Daphne does not let through: any end will do
        before = ana.welcome["epoch"]
        stage.call("site.begin_new_epoch", actor=stage.owner.username)
        async with asyncio.timeout(2 * LIMIT):
            while ana.welcome["epoch"] == before:
                await asyncio.sleep(0.05)

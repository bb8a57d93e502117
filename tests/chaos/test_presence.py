"""Who was on a server that died is offline: 25 s without news from it."""

import signal
import time

import pytest

from tests.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.live, pytest.mark.timeout(180)]

SILENT = 25.0


async def test_the_people_of_a_killed_server_go_offline(stage: Stage) -> None:
    cast = stage.cast()
    async with stage.client(cast.bruno, "web2") as bruno, stage.client(cast.ana, "web1") as ana:
        await bruno.wait_for(lambda frame: frame["type"] == "presence" and cast.ana.id in frame["online"], within=30)
        ana.stay_away()
        stage.signal("web1", signal.SIGKILL)
        began = time.monotonic()
        await bruno.wait_for(
            lambda frame: frame["type"] == "presence" and cast.ana.id in frame.get("offline", []), within=3 * SILENT
        )
        assert time.monotonic() - began > 10  # not before it could have spoken again
    await stage.revive("web1")

"""What is done on the pages and in the admin takes effect on live connections."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.live.client import CommandError
from tests.live.knocking import ending, hear, hear_until, knock
from tests.live.visitor import Visitor
from tests.stage import Cast, Stage

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

AT_ONCE = 2.0  # seconds
REDIS = pytest.mark.parametrize("redis", ["with Redis", "with Redis stopped"])


@pytest.fixture
def moderator(stage: Stage) -> Visitor:
    person = stage.person("moderator")
    stage.call("people.make_moderator", actor=stage.owner.username, user=person.username)
    return Visitor(stage, person.username)


@REDIS
async def test_who_signs_out_everywhere_is_cut_off_everywhere(stage: Stage, cast: Cast, redis: str) -> None:
    ana = Visitor(stage, cast.ana.username)
    elsewhere = stage.call("make_session", username=cast.ana.username)
    async with (
        await knock(stage, session=ana.session, origin=stage.address) as here,
        await knock(stage, session=elsewhere, origin=stage.address) as one,
        await knock(stage, session=elsewhere, origin=stage.address, web="web2") as two,
        await knock(stage, token=cast.bruno.token) as other,
    ):
        await asyncio.gather(*map(hear, (here, one, two, other)))
        with stage.perhaps_stopped("redis", redis == "with Redis stopped"):
            await ana.post("/settings/sessions/end/")
            ends = await asyncio.gather(*(ending(socket, AT_ONCE) for socket in (here, one, two)))
        assert [code for code, _reason in ends] == [4401] * 3
        await other.send('{"type": "ping"}')
        await hear_until(other, "pong")


async def test_who_signs_out_everywhere_else_stays_here(stage: Stage, cast: Cast) -> None:
    ana = Visitor(stage, cast.ana.username)
    elsewhere = stage.call("make_session", username=cast.ana.username)
    async with (
        await knock(stage, session=ana.session, origin=stage.address) as here,
        await knock(stage, session=elsewhere, origin=stage.address, web="web2") as there,
    ):
        await asyncio.gather(hear(here), hear(there))
        await ana.post("/accounts/sessions/")
        assert (await ending(there, AT_ONCE))[0] == 4401
        await here.send('{"type": "ping"}')
        await hear_until(here, "pong")


async def test_what_a_moderator_removes_in_the_admin_goes_and_comes_back_for_all(
    stage: Stage, moderator: Visitor
) -> None:
    cast = stage.cast("open")
    async with stage.client(cast.ana, "web1") as ana, stage.client(cast.bruno, "web2") as bruno:
        sent = (await bruno.send(cast.room, "buy my watches"))["message"]["id"]
        for action, deleted in (("remove", True), ("restore", False)):
            await moderator.moderate("rooms/message", cast.bruno.username, action, reason="spam")
            for client in (ana, bruno):
                await client.until(lambda: client.messages[sent]["deleted"] == deleted, within=AT_ONCE)  # noqa: B023
                assert client.messages[sent]["body"] == ("" if deleted else "buy my watches")


async def test_whom_a_moderator_bans_in_the_admin_is_told_why_and_cut_off(
    stage: Stage, cast: Cast, moderator: Visitor
) -> None:
    async with (
        await knock(stage, token=cast.bruno.token) as one,
        await knock(stage, token=cast.bruno.token, web="web2") as two,
    ):
        await asyncio.gather(hear(one), hear(two))
        await moderator.moderate("accounts/user", cast.bruno.username, "ban", reason="spam, ¡ya!")
        assert list(await asyncio.gather(ending(one, AT_ONCE), ending(two, AT_ONCE))) == [(4403, "spam, ¡ya!")] * 2


async def test_whom_a_moderator_mutes_in_the_admin_writes_nothing_until_let_go(
    stage: Stage, moderator: Visitor
) -> None:
    cast = stage.cast("open")
    until = (datetime.now(UTC) + timedelta(hours=1)).replace(second=0, microsecond=0)
    async with stage.client(cast.bruno, "web2") as bruno:
        await moderator.moderate("rooms/membership", cast.bruno.username, "mute", until=f"{until:%Y-%m-%dT%H:%M}")
        with pytest.raises(CommandError) as refused:
            await bruno.send(cast.room, "hola")
        assert refused.value.code == "muted"
        assert datetime.fromisoformat(refused.value.frame["until"]) == until
        await moderator.moderate("rooms/membership", cast.bruno.username, "unmute")
        await bruno.send(cast.room, "hola otra vez")

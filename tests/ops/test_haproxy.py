"""What `haproxy.cfg` promises, tried with the real HAProxy in front of stub servers."""

import asyncio
import contextlib
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from ops.haproxy import with_servers
from tests.ops.balancer import Answer, Balancer, balancer, echoed, read_answer

pytestmark = pytest.mark.live

LIMIT = 512 * 1024
PICTURE_LIMIT = 6 * 1024 * 1024


async def send_chunks(at: Balancer, chunks: int, *, target: str = "/api/v1/rooms", pause: float = 0) -> Answer:
    """Send a body of 4 KiB chunks that does not say its length."""
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    reader, writer = await at.connect()
    writer.write(f"POST {target} HTTP/1.1\r\nHost: chat.example.org\r\nTransfer-Encoding: chunked\r\n\r\n".encode())

    async def write() -> None:
        for _ in range(chunks):
            writer.write(chunk)
            await asyncio.sleep(pause)
        writer.write(b"0\r\n\r\n")

    writing = asyncio.create_task(write())
    try:
        return await read_answer(reader)
    finally:
        writing.cancel()
        writer.close()


async def test_what_a_client_says_about_itself_is_replaced_by_what_haproxy_sees() -> None:
    claims = (
        "X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 7.7.7.7\r\nX_Forwarded_For: 8.8.8.8\r\n"
        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-FORWARDED-PORT: 1\r\nForwarded: for=9.9.9.9\r\n"
        "X-Real-IP: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nDaphne-Root-Path: /evil\r\nDAPHNE_ROOT_PATH: /evil\r\n"
    )
    async with balancer(1) as at:
        answer = await at.ask(headers=claims)
        request = at.stubs[0].requests[0]
    assert answer.status == 200
    names = {name.lower().replace("_", "-") for name, _ in request.headers}
    assert {name for name in names if name.startswith(("x-", "forwarded", "daphne"))} == {
        "x-forwarded-for",
        "x-forwarded-proto",
    }
    assert request.values("X-Forwarded-For") == ["127.0.0.1"]
    assert request.values("X-Forwarded-Proto") == ["http"]


@pytest.mark.parametrize("host", ["evil.example.org", "chat.example.org.evil.org", "127.0.0.1", ""])
async def test_another_host_is_refused(host: str) -> None:
    async with balancer(1) as at:
        answer = await at.ask(host=host)
        assert (answer.status, at.stubs[0].requests) == (421, [])


@pytest.mark.parametrize("host", ["chat.example.org", "chat.example.org:8080", "CHAT.Example.org"])
async def test_the_sites_own_host_is_served(host: str) -> None:
    async with balancer(1) as at:
        assert (await at.ask(host=host)).status == 200


@pytest.mark.parametrize("target", ["/metrics", "/metrics/", "//metrics", "/%6Detrics", "/metrics?x=1", "/METRICS"])
async def test_metrics_are_not_public(target: str) -> None:
    async with balancer(1) as at:
        answer = await at.ask(target)
        assert (answer.status, at.stubs[0].requests) == (404, [])


@pytest.mark.parametrize(
    ("target", "length", "status"),
    [
        ("/api/v1/rooms/1/messages", LIMIT, 200),
        ("/api/v1/rooms/1/messages", LIMIT + 1, 413),
        ("/accounts/login/", LIMIT + 1, 413),
        ("/settings/", PICTURE_LIMIT, 200),
        ("/settings/", PICTURE_LIMIT + 1, 413),
        ("/settings/../api", LIMIT + 1, 413),
    ],
)
async def test_a_body_has_its_limit_per_path(target: str, length: int, status: int) -> None:
    async with balancer(1) as at:
        # What is refused is refused by its length alone, before it is sent
        body = b"x" * length if status == 200 else b""
        answer = await at.ask(target, method="POST", headers=f"Content-Length: {length}\r\n", body=body)
        assert answer.status == status
        assert [len(request.body) for request in at.stubs[0].requests] == ([length] if status == 200 else [])


async def test_a_small_chunked_body_passes_and_a_large_one_is_refused() -> None:
    async with balancer(1) as at:
        assert (await send_chunks(at, 1)).status == 200
        assert (await send_chunks(at, 3)).status == 413
        assert (await send_chunks(at, 3, target="/settings/")).status == 413
        # So much is under way when the answer comes that the connection may be reset before it is read
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            assert (await send_chunks(at, 1024)).status == 413
        assert [len(request.body) for request in at.stubs[0].requests] == [4096]


async def test_a_chunked_body_that_trickles_does_not_get_past_its_limit() -> None:
    async with balancer(1) as at:
        assert (await send_chunks(at, 1024, pause=0.05)).status == 413
        assert at.stubs[0].requests == []


async def test_a_get_without_a_body_and_a_post_without_one_pass_at_once() -> None:
    async with balancer(1) as at, asyncio.timeout(5):
        assert (await at.ask()).status == 200
        assert (await at.ask(method="POST")).status == 200
        assert (await at.ask(method="DELETE", headers="Content-Length: 0\r\n")).status == 200


async def test_requests_to_a_process_that_was_killed_go_to_another() -> None:
    # The socket's file stays behind when a process is killed; connections to it are refused
    async with balancer(2, CHAT_CHECK_SECONDS="60") as at:
        dead = at.sockets["web1"]
        dead.unlink()
        senders = {(await at.ask(method="POST")).sender for _ in range(10)}
        assert senders == {"web2"}


async def test_a_get_without_an_answer_is_asked_again_elsewhere() -> None:
    async with balancer(2, CHAT_CHECK_SECONDS="60") as at:
        at.stubs[0].mute = True
        senders = {(await at.ask()).sender for _ in range(6)}
        assert senders == {"web2"}
        assert at.stubs[0].requests


async def test_a_post_without_an_answer_is_never_sent_twice() -> None:
    async with balancer(2, CHAT_CHECK_SECONDS="60") as at:
        for stub in at.stubs:
            stub.mute = True
        answer = await at.ask(method="POST", headers="Content-Length: 2\r\n", body=b"{}")
        assert answer.status == 502
        assert sum(len(stub.requests) for stub in at.stubs) == 1


async def test_connections_go_to_the_process_that_has_the_fewest() -> None:
    async with balancer(3) as at:
        connections = [await at.open_websocket() for _ in range(9)]
        assert Counter(stub.upgraded for stub in at.stubs) == {3: 3}
        for _, writer in connections:
            writer.close()


async def test_a_draining_process_gets_nothing_new_within_two_intervals_and_keeps_its_websockets() -> None:
    async with balancer(2, CHAT_CHECK_SECONDS="1") as at:
        connections = [await at.open_websocket() for _ in range(2)]
        going = at.stubs[0]
        going.ready = False
        # The process itself counts two intervals from here; nothing may come to it after them
        await asyncio.sleep(2)
        before = len(going.requests)
        assert {(await at.ask()).sender for _ in range(10)} == {"web2"}
        assert len(going.requests) == before
        assert [await echoed(connection) for connection in connections] == [True, True]

        going.ready = True
        async with asyncio.timeout(5):
            while len(going.requests) == before:
                await at.ask()


async def test_with_nobody_ready_the_api_says_so_in_json_and_pages_in_words() -> None:
    async with balancer(2, CHAT_CHECK_SECONDS="1") as at:
        for stub in at.stubs:
            stub.ready = False
        async with asyncio.timeout(10):
            while (answer := await at.ask("/api/v1/me")).status == 200:
                await asyncio.sleep(0.05)
        assert (answer.status, json.loads(answer.body)["code"]) == (503, "unavailable")
        assert answer.headers["content-type"] == "application/json"
        page = await at.ask("/")
        assert (page.status, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "catching its breath" in page.body.decode()
        at.stubs[0].ready = True
        async with asyncio.timeout(10):
            while (await at.ask("/")).status != 200:
                await asyncio.sleep(0.05)


async def test_static_files_are_asked_for_once_and_nothing_else_is_kept() -> None:
    async with balancer(1) as at:
        for _turn in range(3):
            assert (await at.ask("/static/rooms/app.0123456789ab.js")).status == 200
            assert (await at.ask("/rooms/1/")).status == 200
        asked = [request.target for request in at.stubs[0].requests]
        assert asked.count("/static/rooms/app.0123456789ab.js") == 1
        assert asked.count("/rooms/1/") == 3


async def test_an_idle_websocket_outlives_the_timeouts_of_requests() -> None:
    async with balancer(1, CHAT_HTTP_TIMEOUT="500ms", CHAT_TUNNEL_TIMEOUT="1h") as at:
        connection = await at.open_websocket()
        await asyncio.sleep(2)
        assert await echoed(connection)


async def test_a_websocket_on_which_nobody_writes_ends_with_the_tunnels_timeout() -> None:
    async with balancer(1, CHAT_HTTP_TIMEOUT="1h", CHAT_TUNNEL_TIMEOUT="500ms") as at:
        reader, _ = await at.open_websocket()
        async with asyncio.timeout(5):
            assert await reader.read(1) == b""


async def test_a_reload_keeps_open_websockets_and_serves_new_requests() -> None:
    async with balancer(2, CHAT_HTTP_TIMEOUT="1s") as at:
        connection = await at.open_websocket()
        refused = 0

        async def keep_asking() -> None:
            nonlocal refused
            while True:
                refused += (await at.ask()).status != 200

        asking = asyncio.create_task(keep_asking())
        for _ in range(2):
            await at.reload()
            assert await echoed(connection)
        await asyncio.sleep(1.5)
        assert not asking.done()
        asking.cancel()
        assert await echoed(connection)
        assert refused == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    key, public = folder / "key", folder / "public"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=chat.example.org"]
    subprocess.run([*make, "-keyout", key, "-out", public], check=True, capture_output=True)
    (folder / "certs").mkdir()
    whole = folder / "certs" / "chat.pem"
    whole.write_bytes(public.read_bytes() + key.read_bytes())
    return whole.parent


async def test_with_a_certificate_https_is_served_and_http_is_redirected(certificate: Path) -> None:
    async with balancer(1, CHAT_TLS_CERTIFICATES=str(certificate)) as at:
        plain = await at.ask("/rooms/1/?at=5")
        assert (plain.status, plain.headers["location"]) == (308, "https://chat.example.org/rooms/1/?at=5")
        assert (await at.ask(host="evil.example.org")).status == 421
        assert at.stubs[0].requests == []

        secure = await at.ask("/rooms/1/", tls=True, headers="X-Forwarded-Proto: http\r\n")
        assert secure.status == 200
        assert at.stubs[0].requests[0].values("X-Forwarded-Proto") == ["https"]


@pytest.mark.parametrize(("length", "status"), [(4096, "2 200"), (12_000, "2 413"), (LIMIT + 1, "0 000")])
async def test_an_http2_body_that_does_not_say_its_length_has_its_limit_too(
    certificate: Path, length: int, status: str
) -> None:
    async with balancer(1, CHAT_TLS_CERTIFICATES=str(certificate)) as at:
        name = f"chat.example.org:{at.tls_port}"
        options = ["--silent", "--insecure", "--http2", "--resolve", f"{name}:127.0.0.1", "--upload-file", "-"]
        show = ["--output", "/dev/null", "--write-out", "%{http_version} %{http_code}"]
        curl = await asyncio.create_subprocess_exec(
            *("curl", *options, "--request", "POST", *show, f"https://{name}/api/v1/rooms"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await curl.communicate(b"x" * length)
        # Where more is under way than a buffer takes, HAProxy cancels the stream instead of answering
        assert said.decode() == status
        assert [len(request.body) for request in at.stubs[0].requests] == ([length] if status == "2 200" else [])


def test_a_configuration_without_its_servers_line_is_not_fitted() -> None:
    with pytest.raises(ValueError, match="server-template"):
        with_servers("backend web\n", {"web1": Path("/tmp/web1.sock")})

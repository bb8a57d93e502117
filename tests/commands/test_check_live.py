"""`check_live` tells what is wrong apart: each test causes one fault."""

import asyncio
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError

from rooms.check_live import Report, check_address, check_redis, check_worker
from rooms.live_client import Address
from tests.commands.sites import Site, free_port, proxy, stub

live = pytest.mark.live


def look(url: str, tls: ssl.SSLContext | None = None) -> Report:
    return asyncio.run(check_address(Address.of(url), "no token", tls=tls))


def test_a_name_that_is_not_found_is_told() -> None:
    assert look("http://nowhere.invalid").faults == ["name_not_found"]


def test_an_address_where_nothing_listens_is_told() -> None:
    assert look(f"http://127.0.0.1:{free_port()}").faults == ["unreachable"]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For localhost, signed by nobody but itself."""
    path = tmp_path / "site.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", str(tmp_path / "public.pem")]
    subprocess.run([*make, *names], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "public.pem").read_text())
    return path


async def answer_ready(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"ready": true}')
    writer.close()


def test_a_certificate_that_nobody_vouches_for_is_told(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    port = free_port()
    with stub(answer_ready, port, ssl=context):
        assert look(f"https://localhost:{port}").faults == ["tls"]


def test_a_certificate_of_another_name_is_told(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    port = free_port()
    with stub(answer_ready, port, ssl=context):
        trusting = ssl.create_default_context(cafile=str(certificate))
        report = look(f"https://127.0.0.1:{port}", trusting)
        assert report.faults == ["tls"]
        assert "mismatch" in report.steps[-1].detail
        # The same, by its name: TLS is well, and the next step is reached.
        assert look(f"https://localhost:{port}", trusting).faults != ["tls"]


def test_a_port_without_tls_is_told_from_one_where_nothing_listens() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    port = free_port()
    with stub(refuse, port):
        assert look(f"https://localhost:{port}").faults == ["tls"]


def test_something_else_than_plaza_is_told() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n")
        writer.close()

    port = free_port()
    with stub(answer, port):
        assert look(f"http://127.0.0.1:{port}").faults == ["not_serving"]


def test_redis_away_explains_why_processes_do_not_hear_each_other() -> None:
    report = Report()
    report.failed("delivery", "only_repair", "900 ms")
    check_redis(report, [{"address": f"redis://127.0.0.1:{free_port()}"}])
    assert report.faults == ["redis_away"]


@pytest.mark.parametrize("silent", [None, 60.0])
def test_a_worker_that_was_not_heard_of_lately_is_dead(silent: float | None) -> None:
    report = Report()
    check_worker(report, silent, dead_after=20)
    assert report.faults == ["worker_dead"]


def test_a_worker_that_was_just_heard_of_is_well() -> None:
    report = Report()
    check_worker(report, 2.0, dead_after=20)
    assert report.faults == []


# With real web processes


def faults(result: subprocess.CompletedProcess[str]) -> list[str]:
    assert result.returncode in (0, 1), result.stderr
    found = re.findall(r"^(\w+): ", result.stdout, re.MULTILINE)
    assert bool(found) == bool(result.returncode), result.stdout + result.stderr
    return found


def at(site: Site, port: int, **settings: str) -> Site:
    return replace(site, settings={"CHAT_URL": f"http://127.0.0.1:{port}", **settings})


@pytest.fixture(scope="module")
def served(fresh_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that is well, with one web process."""
    port = free_port()
    folder = Path(shutil.copytree(fresh_folder, tmp_path_factory.mktemp("served") / "site"))
    here = at(Site(folder), port)
    with here.serving(port):
        yield here


def port_of(site: Site) -> int:
    return Address.of(site.settings["CHAT_URL"]).port


@live
def test_a_site_that_is_well_passes_and_keeps_nothing_of_the_check(served: Site) -> None:
    result = served.manage("check_live")
    assert faults(result) == [], result.stdout
    assert "All is well." in result.stdout
    count = "from accounts.models import User; from rooms.models import Room; "
    left = served.manage("shell", "-v0", "-c", f"{count}print(User.objects.count(), Room.objects.count())")
    assert left.stdout.split() == ["1", "1"]


@live
def test_a_token_checks_in_a_room_of_its_user(served: Site) -> None:
    token = served.manage("create_token", "owner").stdout.strip()
    assert faults(served.manage("check_live", "--token", token)) == []
    exported = served.manage("export_room", "plaza").stdout.splitlines()
    assert len(exported) == 8
    assert all('"deleted":true' in line for line in exported)


@live
def test_a_token_that_is_nobodys_is_told(served: Site) -> None:
    assert look(served.settings["CHAT_URL"]).faults == ["not_signed_in"]


@live
def test_a_proxy_that_drops_the_upgrade_is_told(served: Site) -> None:
    def without_upgrade(head: bytes) -> bytes:
        lines = head.split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith((b"upgrade:", b"connection:")))

    port = free_port()
    with proxy([port_of(served)], port, without_upgrade):
        assert look(f"http://127.0.0.1:{port}").faults == ["no_upgrade"]


@live
def test_another_origin_or_name_than_that_of_chat_url_is_told(served: Site) -> None:
    port = free_port()
    with proxy([port_of(served)], port):
        assert look(f"http://127.0.0.1:{port}").faults == ["wrong_origin"]
        assert look(f"http://localhost:{port}").faults == ["wrong_host"]


@live
def test_a_dead_worker_is_told(site: Site) -> None:
    port = free_port()
    here = at(site, port, CHAT_WORKER="process")
    with here.serving(port):
        assert faults(here.manage("check_live")) == ["worker_dead"]


@live
def test_two_processes_that_only_find_messages_in_the_database_are_told(site: Site) -> None:
    """Each has an in-memory layer of its own: nobody brings one's events to the other."""
    port, webs = free_port(), [free_port(), free_port()]
    here = at(site, port)
    with here.serving(*webs), proxy(webs, port):
        assert faults(here.manage("check_live")) == ["only_repair"]


@live
def test_redis_that_is_away_is_told(site: Site) -> None:
    port, webs = free_port(), [free_port(), free_port()]
    here = at(site, port, REDIS_URL=f"unix://{site.folder}/redis.sock", CHAT_WORKER="thread")
    with here.serving(*webs), proxy(webs, port):
        assert faults(here.manage("check_live")) == ["redis_away"]


def test_what_is_no_address_is_refused(command: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match="is no address"):
        command("check_live", "--url", "chat.example.org")

"""PostgreSQL servers of our own: for a cluster on this machine, and for a run of the tests."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "plaza"
DATABASE = "plaza"
# Ends at once, cleanly; SIGTERM would wait for the clients to leave
FAST_SHUTDOWN = signal.SIGINT


def program(name: str) -> str:
    """One of PostgreSQL's programs, of the newest version here; Debian keeps them off the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    for folder in reversed(folders):
        if (folder / name).is_file():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        sys.exit(f"./run: there is no {name} on this machine.")
    return found


def unprivileged(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as the user that its package made.

    It keeps root's right to pass through folders of others, so that a clone may lie in root's home.
    """
    if os.geteuid() != 0:
        return command
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return [*drop, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", *command]


def own(folder: Path) -> None:
    """Make a folder that only the server's user may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def initialise(data: Path, sockets: Path) -> bool:
    """Make an empty server's data folder; False when there was one already."""
    own(data)
    own(sockets)
    if (data / "PG_VERSION").is_file():
        return False
    # Whoever gets into the sockets' folder is this machine's user or root: no password would add to that
    initdb = [program("initdb"), "-D", str(data), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust"]
    result = subprocess.run(unprivileged(initdb), cwd="/", check=False, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"./run: PostgreSQL's initdb failed:\n{result.stderr}")
    return True


def command(data: Path, sockets: Path, **options: str) -> list[str]:
    """The command that runs the server in the foreground, on a Unix socket alone."""
    options = {"listen_addresses": "", "max_connections": "300", "timezone": "UTC"} | options
    settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return unprivileged([program("postgres"), "-D", str(data), "-k", str(sockets), *settings])


def answers(sockets: Path) -> bool:
    ask = [program("pg_isready"), "-q", "-h", str(sockets), "-U", USER]
    return subprocess.run(ask, check=False).returncode == 0


def make_database(sockets: Path) -> None:
    subprocess.run([program("createdb"), "-h", str(sockets), "-U", USER, DATABASE], check=True, capture_output=True)


def url(sockets: Path) -> str:
    return f"postgres://{USER}@/{DATABASE}?host={sockets}"


@contextmanager
def running(folder: Path, **options: str) -> Iterator[str]:
    """An empty server in a folder of its own, as long as the block takes; yields its database's address."""
    data, sockets = folder / "postgres", folder / "postgres-socket"
    initialise(data, sockets)
    with (folder / "postgres.log").open("wb") as log:
        # Root's temporary folders are closed to others, and the server runs as another user
        server = subprocess.Popen(
            command(data, sockets, **options), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        wait_for(server, sockets)
        make_database(sockets)
        yield url(sockets)
    finally:
        server.send_signal(FAST_SHUTDOWN)
        server.wait(30)


def wait_for(server: subprocess.Popen[bytes], sockets: Path) -> None:
    deadline = time.monotonic() + 30
    while not answers(sockets):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("./run: a PostgreSQL of our own did not start.")
        time.sleep(0.05)

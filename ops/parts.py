"""What a cluster consists of: each process's command, address, and how one sees that it is ready."""

import http.client
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ops import haproxy, postgres
from ops.packages import program

ROOT = Path(__file__).resolve().parent.parent
# What the kernel takes for the path of a Unix socket, less what we append to the folder's
LONGEST_FOLDER = 107 - len("/postgres-socket/.s.PGSQL.5432")


@dataclass(frozen=True)
class Part:
    """One process of the cluster."""

    name: str
    address: str
    command: list[str]
    is_ready: Callable[[], bool]
    # How long it has to live before that counts, where nothing else shows that it does its work
    proves_itself_in: float = 0.0
    # Left behind by a process that was killed
    socket: Path | None = None


@dataclass(frozen=True)
class Cluster:
    """The processes of one cluster in their folder."""

    folder: Path
    url: str
    webs: int

    def parts(self) -> list[Part]:
        """In the order in which they start."""
        return [*self.services(), *self.site()]

    def services(self) -> list[Part]:
        """What the site needs before it can start."""
        return [self._postgres(), self._redis()]

    def site(self) -> list[Part]:
        webs = [self._web(f"web{number}") for number in range(1, self.webs + 1)]
        return [*webs, self._worker(), self._haproxy()]

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts() if part.name == name), None)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    @property
    def postgres_data(self) -> Path:
        return self.folder / "postgres"

    @property
    def postgres_sockets(self) -> Path:
        return self.folder / "postgres-socket"

    @property
    def redis_socket(self) -> Path:
        return self.folder / "redis.sock"

    def settings(self) -> dict[str, str]:
        """The site's settings that follow from the cluster itself."""
        return {
            "CHAT_URL": self.url,
            "DATABASE_URL": postgres.url(self.postgres_sockets),
            "REDIS_URL": f"unix://{self.redis_socket}",
            "CHAT_DATA_DIR": str(self.folder / "data"),
            "CHAT_TRUSTED_PROXY": "unix",
            "CHAT_WORKER": "process",
            "CHAT_BIND": f"{urlsplit(self.url).hostname}:{urlsplit(self.url).port}",
        }

    def write_haproxy_config(self) -> None:
        sockets = {f"web{number}": self.folder / f"web{number}.sock" for number in range(1, self.webs + 1)}
        source = (ROOT / "haproxy.cfg").read_text()
        (self.folder / "haproxy.cfg").write_text(haproxy.with_servers(source, sockets))

    def _postgres(self) -> Part:
        sockets = self.postgres_sockets
        return Part(
            name="postgres",
            address=f"unix:{shown(sockets / '.s.PGSQL.5432')}",
            command=postgres.command(self.postgres_data, sockets),
            is_ready=lambda: postgres.answers(sockets),
        )

    def _redis(self) -> Part:
        data = self.folder / "redis"
        path = self.redis_socket
        # Nothing in Redis has to last: the database is the truth
        keep_nothing = ["--save", "", "--appendonly", "no"]
        listen = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
        return Part(
            name="redis",
            address=f"unix:{shown(path)}",
            command=[program("redis-server"), *listen, "--dir", str(data), *keep_nothing],
            is_ready=lambda: redis_answers(path),
            socket=path,
        )

    def _web(self, name: str) -> Part:
        path = self.folder / f"{name}.sock"
        return Part(
            name=name,
            address=f"unix:{shown(path)}",
            command=[sys.executable, "manage.py", "serve", "--unix", str(path)],
            is_ready=lambda: web_is_ready(path, urlsplit(self.url).netloc),
            socket=path,
        )

    def _worker(self) -> Part:
        command = [sys.executable, "manage.py", "worker"]
        return Part(name="worker", address="", command=command, is_ready=lambda: True, proves_itself_in=2.0)

    def _haproxy(self) -> Part:
        parts = urlsplit(self.url)
        host, port = str(parts.hostname), int(parts.port or 80)
        return Part(
            name="haproxy",
            address=self.url,
            # A master with a worker: so a reload (SIGUSR2 to the master) keeps open connections
            command=[program("haproxy"), "-W", "-db", "-f", str(self.folder / "haproxy.cfg")],
            is_ready=lambda: port_is_open(host, port),
        )


def shown(path: Path) -> str:
    """A path as seen from the project's folder."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def redis_answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def web_is_ready(path: Path, host: str) -> bool:
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(5)
        connection.sock.connect(str(path))
        connection.request("GET", "/healthz/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def port_is_open(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False

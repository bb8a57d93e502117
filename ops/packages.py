"""Finds programs that Debian packages bring, and installs what is missing where that is allowed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A Debian package and the program or file (a glob pattern) that shows that it is there."""

    name: str
    shows: str

    def is_there(self) -> bool:
        if self.shows.startswith("/"):
            return any(Path("/").glob(self.shows[1:]))
        return path_of(self.shows) is not None


POSTGRES = Package("postgresql", "/usr/lib/postgresql/*/bin/postgres")
REDIS = Package("redis-server", "redis-server")
HAPROXY = Package("haproxy", "haproxy")
CLUSTER = (POSTGRES, REDIS, HAPROXY)
NODE = (Package("nodejs", "node"), Package("npm", "npm"))
TESTS = (
    *CLUSTER,
    *NODE,
    Package("chromium", "chromium"),
    Package("fonts-liberation", "/usr/share/fonts/truetype/liberation*/*.ttf"),
    Package("fonts-noto-color-emoji", "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"),
    Package("gettext", "msgfmt"),
    Package("openssl", "openssl"),
    Package("curl", "curl"),
)


def require(packages: Iterable[Package]) -> None:
    """Install what is missing, as root or with sudo; otherwise name it and end."""
    missing = [package.name for package in packages if not package.is_there()]
    if not missing:
        return
    apt = [] if os.geteuid() == 0 else ["sudo", "-n"]
    may_install = shutil.which("apt-get") and (not apt or answers(["sudo", "-n", "true"]))
    if may_install:
        print(f"Installing {', '.join(missing)} …", flush=True)
        subprocess.run([*apt, "apt-get", "update", "-qq"], check=False)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        subprocess.run(
            [*apt, "env", "DEBIAN_FRONTEND=noninteractive", *install, *missing],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        missing = [package.name for package in packages if not package.is_there()]
    if missing:
        sys.exit(f"./run: needed and not here: {', '.join(missing)} (names of Debian's packages). Install them first.")


def answers(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def program(name: str) -> str:
    """The path of a program, also of those that only root has on its PATH."""
    found = path_of(name)
    if found is None:
        sys.exit(f"./run: there is no {name} on this machine.")
    return found


def path_of(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")

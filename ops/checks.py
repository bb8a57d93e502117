"""`./run test` and `./run lint`: everything that says whether the project is well."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from ops import packages, postgres

ROOT = Path(__file__).resolve().parent.parent
# Settings of the caller that would make the tests another site's
NOT_FOR_TESTS = ("DATABASE_URL", "DATABASE_REPLICA_URL", "REDIS_URL", "EMAIL_URL", "CHAT_")
# What a lost power supply would cost, the tests can bear
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
ON_ONE_PROCESS = "not live and not browser and not chaos"


@dataclass
class Checks:
    """Runs commands one after the other, and remembers which failed."""

    failed: list[str] = field(default_factory=list)

    def run(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        print(f"\n— {name}", flush=True)
        began = time.monotonic()
        code = finished(subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL))
        took = f"{time.monotonic() - began:.1f} s"
        print(f"— {name}: {'FAILED' if code else 'well'} ({took})", flush=True)
        if code:
            self.failed.append(name)


def finished(process: subprocess.Popen[bytes]) -> int:
    """Wait for a check; one that is broken off gets the time to end what it started itself."""
    try:
        return process.wait()
    except (KeyboardInterrupt, SystemExit):
        process.send_signal(signal.SIGINT)
        process.wait(60)
        raise


def main() -> None:
    # Or a time limit around `./run test` would leave the tests' PostgreSQL and clusters behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("./run: broken off"))
    action, *selected = sys.argv[1:]
    checks = Checks()
    if action == "lint":
        lint(checks)
    elif selected:
        packages.require(packages.TESTS)
        run_tests(checks, selected)
    else:
        packages.require(packages.TESTS)
        lint(checks)
        run_tests(checks, [])
    if checks.failed:
        sys.exit(f"./run: failed: {', '.join(checks.failed)}")


def lint(checks: Checks) -> None:
    checks.run("ruff check", [sys.executable, "-m", "ruff", "check"])
    checks.run("ruff format", [sys.executable, "-m", "ruff", "format", "--check"])
    with tempfile.TemporaryDirectory(prefix="plaza-") as data:
        checks.run("mypy", [sys.executable, "-m", "mypy"], site(Path(data)))
    install_node_packages()
    checks.run("tsc", ["node_modules/.bin/tsc", "--project", "jsconfig.json"])


def install_node_packages() -> None:
    """Only when the lock file is another than that of the last time; npm takes seconds to find that out."""
    packages.require(packages.NODE)
    lock, installed = ROOT / "package-lock.json", ROOT / "node_modules" / ".plaza-lock.json"
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=ROOT, check=True)
    shutil.copyfile(lock, installed)


def run_tests(checks: Checks, selected: list[str]) -> None:
    pytest = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryDirectory(prefix="plaza-") as name:
        folder = Path(name)
        environment = site(folder)
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        checks.run("static files", collect, environment)
        if not selected:
            checks.run("tests of the page's models", ["node", "--test", "tests/js/"])
            checks.run("tests on SQLite", [*pytest, "-q", "-m", ON_ONE_PROCESS], environment)
        with postgres.running(folder, **FAST) as url:
            checks.run("tests on PostgreSQL", [*pytest, "-q", *selected], environment | {"DATABASE_URL": url})


def site(data: Path) -> dict[str, str]:
    """The settings of a site that exists for one run of the checks."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(NOT_FOR_TESTS)}
    return clean | {"SECRET_KEY": secrets.token_urlsafe(50), "CHAT_DATA_DIR": str(data)}


if __name__ == "__main__":
    main()

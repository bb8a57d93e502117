"""Readies the embedded site before `./run` serves it: a secret key, the database's tables, the static files.

A stamp remembers what was readied, so that starting again does none of it.
"""

import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "rooms")


def main() -> None:
    data = ROOT / os.environ.get("CHAT_DATA_DIR", ".data")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep_secret_key(data)
    stamp = data / "prepared"
    if stamp.is_file() and stamp.read_text() == fingerprint(data):
        return
    print("Readying the database and the static files …", flush=True)
    manage("migrate", "--noinput", "--verbosity", "0")
    manage("collectstatic", "--noinput", "--clear", "--verbosity", "0")
    stamp.write_text(fingerprint(data))


def keep_secret_key(data: Path) -> None:
    kept = data / "secret_key"
    if os.environ.get("SECRET_KEY") or kept.is_file():
        return
    # Not readable by others at any moment, and never half written
    fresh = data / f"secret_key.{os.getpid()}"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(50))
    fresh.rename(kept)


def fingerprint(data: Path) -> str:
    """Of all that migrating and collecting depend on; a database file put in place of another counts too."""
    digest = hashlib.sha256(os.environ.get("DATABASE_URL", "").encode())
    database = data / "plaza.sqlite3"
    digest.update(str(database.stat().st_ino if database.is_file() else None).encode())
    for path in sorted(sources()):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def sources() -> Iterator[Path]:
    yield ROOT / "requirements.txt"
    yield from (ROOT / "chatsite" / "settings.py", ROOT / "chatsite" / "storage.py")
    for app in APPS:
        yield from (ROOT / app / "migrations").glob("*.py")
        yield from (path for path in (ROOT / app / "static").rglob("*") if path.is_file())


def manage(*arguments: str) -> None:
    result = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=False)
    if result.returncode:
        sys.exit(f"./run: “manage.py {arguments[0]}” failed; see above.")


if __name__ == "__main__":
    main()

"""What `./run` readies before it serves, and when it need not."""

import stat
from pathlib import Path

import pytest

from ops import prepare


@pytest.fixture
def managed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The names of the commands that were run, instead of running them."""
    commands: list[str] = []
    monkeypatch.setenv("CHAT_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(prepare, "manage", lambda name, *_: commands.append(name))
    return commands


def test_a_second_start_readies_nothing(managed: list[str]) -> None:
    prepare.main()
    prepare.main()
    assert managed == ["migrate", "collectstatic"]


def test_another_database_is_migrated(managed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    prepare.main()
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/plaza")
    prepare.main()
    assert managed == ["migrate", "collectstatic"] * 2


def test_a_database_file_put_in_place_of_another_is_migrated(managed: list[str], tmp_path: Path) -> None:
    (tmp_path / "plaza.sqlite3").touch()
    prepare.main()
    (tmp_path / "backup").touch()
    (tmp_path / "backup").rename(tmp_path / "plaza.sqlite3")
    prepare.main()
    assert managed == ["migrate", "collectstatic"] * 2


def test_the_secret_key_is_kept_and_closed_to_others(managed: list[str], tmp_path: Path) -> None:
    prepare.main()
    kept = tmp_path / "secret_key"
    secret = kept.read_text()
    prepare.main()
    assert (kept.read_text(), len(secret) > 50) == (secret, True)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_secret_from_the_environment_is_not_written_down(
    managed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    prepare.main()
    assert not (tmp_path / "secret_key").exists()


def test_what_says_how_static_files_are_stored_is_looked_at() -> None:
    assert {prepare.ROOT / "chatsite" / name for name in ("settings.py", "storage.py")} <= set(prepare.sources())

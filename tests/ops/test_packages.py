"""Debian's packages: installed where that is allowed, named where it is not."""

from pathlib import Path

import pytest

from ops.packages import Package, require

HERE = Package("bash", "bash")
MISSING = Package("plaza-never-was", "plaza-never-was")


def test_what_is_there_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.packages.subprocess.run", lambda *_, **__: pytest.fail("it ran a command"))
    require([HERE])


def test_what_is_missing_is_named_where_it_may_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.packages.os.geteuid", lambda: 1000)
    monkeypatch.setattr("ops.packages.answers", lambda _: False)
    with pytest.raises(SystemExit, match="plaza-never-was"):
        require([HERE, MISSING])


def test_a_file_may_show_that_a_package_is_there(tmp_path: Path) -> None:
    (tmp_path / "15").mkdir()
    (tmp_path / "15" / "postgres").touch()
    assert Package("postgresql", f"{tmp_path}/*/postgres").is_there()
    assert not Package("postgresql", f"{tmp_path}/*/initdb").is_there()

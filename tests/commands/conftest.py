"""Sites in folders of their own, and commands run in this process."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.commands.sites import PASSWORD, Site


@pytest.fixture
def command() -> Callable[..., str]:
    """Runs a command, and returns what it wrote."""

    def run(*arguments: object) -> str:
        out = StringIO()
        call_command(*(str(argument) for argument in arguments), stdout=out, stderr=StringIO())
        return out.getvalue()

    return run


@pytest.fixture(scope="session")
def fresh_folder() -> Iterator[Path]:
    """A site that an owner has set up, to be copied."""
    with tempfile.TemporaryDirectory(prefix="plaza-") as name:
        site = Site(Path(name))
        made = site.manage("migrate", "-v0")
        assert made.returncode == 0, made.stderr
        made = site.manage("create_owner", "owner", "--password-stdin", stdin=PASSWORD)
        assert made.returncode == 0, made.stderr
        yield site.folder


@pytest.fixture
def site(fresh_folder: Path, tmp_path: Path) -> Site:
    return Site(Path(shutil.copytree(fresh_folder, tmp_path / "site")))

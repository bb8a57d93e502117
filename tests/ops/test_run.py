"""`./run` itself: what it says, and how it finds a Python that really starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.parts import ROOT


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(ROOT / "run"), *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def bare_clone(tmp_path: Path) -> Path:
    """The script alone in a folder, so that it finds no .venv."""
    (tmp_path / "run").write_text((ROOT / "run").read_text())
    (tmp_path / "requirements.txt").write_text("")
    return tmp_path


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def run_in(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Run `./run cluster` where only these programs and the shell's own are on the PATH."""
    environment = {"PATH": f"{folder / 'bin'}:{folder / 'shell'}", "HOME": str(folder)}
    for name in ("bash", "dirname", "cmp", "cat", "cp"):
        program(folder / "shell" / name, f'#!/bin/sh\nexec {"/usr" if name != "cat" else ""}/bin/{name} "$@"\n')
    return subprocess.run(
        ["/bin/bash", str(folder / "run"), "cluster", *names],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_help_names_every_command() -> None:
    answer = run("help")
    assert answer.returncode == 0
    assert all(f"./run {command}" in answer.stdout for command in ("cluster", "test", "lint", "help"))


def test_an_unknown_command_is_refused_with_the_help() -> None:
    answer = run("fly")
    assert answer.returncode == 2
    assert "“fly”" in answer.stderr
    assert "./run cluster" in answer.stderr


def test_without_a_python_it_says_what_is_needed(bare_clone: Path) -> None:
    answer = run_in(bare_clone)
    assert answer.returncode == 1
    assert "no Python 3.12 or newer" in answer.stderr


def test_a_python_that_does_not_start_or_is_too_old_is_passed_over(bare_clone: Path) -> None:
    # As pyenv's shims of versions that are not chosen do
    program(bare_clone / "bin" / "python3.14", "#!/bin/sh\nexit 127\n")
    program(bare_clone / "bin" / "python3", "#!/bin/sh\nexit 1\n")
    good = bare_clone / ".pyenv" / "versions" / "3.13.0" / "bin" / "python3"
    program(good, f'#!/bin/sh\necho "$*" >> {bare_clone}/asked\nexec {sys.base_prefix}/bin/python3 "$@"\n')
    answer = run_in(bare_clone)
    assert "Making .venv" in answer.stdout
    assert "-m venv --clear .venv" in (bare_clone / "asked").read_text()
    assert (bare_clone / ".venv" / "bin" / "python").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["0"], "neither a number"),
        (["17"], "neither a number"),
        (["many"], "neither a number"),
        (["start"], "takes the name"),
        (["2", "web1"], "takes the name"),
    ],
)
def test_a_cluster_is_not_started_from_nonsense(arguments: list[str], complaint: str) -> None:
    command = [sys.executable, "-m", "ops.cluster", *arguments]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 2
    assert complaint in answer.stderr

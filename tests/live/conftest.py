"""The cluster that all live tests share; each has a cast and a room of its own."""

from collections.abc import Iterator

import pytest

from tests.stage import Cast, Stage, open_stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with open_stage() as opened:
        yield opened


@pytest.fixture
def cast(stage: Stage) -> Cast:
    return stage.cast()

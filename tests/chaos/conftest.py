"""A cluster of its own for the chaos tests, and a stream of sends through it."""

from collections.abc import Iterator

import pytest

from tests.stage import Stage, open_stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with open_stage(CHAT_DRAIN_SECONDS="3") as opened:
        yield opened

"""What the site asks of its database's connections."""

import pytest
from django.db import connection


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "value"), [("jit", "off"), ("max_parallel_workers_per_gather", "0"), ("random_page_cost", "1.1")]
)
def test_a_query_is_planned_as_a_short_one(setting: str, value: str) -> None:
    """A plan that was estimated wrongly had a storm wait a second for each."""
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        assert cursor.fetchone() == (value,)

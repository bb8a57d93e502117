"""Makes people, rooms and tokens in bulk on a Plaza, for `load`: a line `ROOM TOKEN` for each person.

python -m tests.benchmarks.crowd ROOMS PEOPLE_IN_EACH
"""

import os
import secrets
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup()

from accounts.models import AccessToken, User, token_digest  # noqa: E402
from rooms.models import Membership, Room, Site  # noqa: E402

BATCH = 1_000


def main(rooms: int, people: int) -> None:
    Site.objects.filter(id=1, set_up_at__isnull=True).update(set_up_at="2026-01-01T00:00:00Z")
    run = secrets.token_hex(4)
    made = Room.objects.bulk_create(
        [Room(kind="closed", name=f"Room {number}", seq=1, member_count=people) for number in range(rooms)]
    )
    users = User.objects.bulk_create(
        [User(username=f"p{run}{number}", name=f"Person {number}", password="!") for number in range(rooms * people)],
        BATCH,
    )
    tokens = [secrets.token_urlsafe(24) for _user in users]
    AccessToken.objects.bulk_create(
        [
            AccessToken(user=user, name="load", digest=token_digest(token))
            for user, token in zip(users, tokens, strict=True)
        ],
        BATCH,
    )
    Membership.objects.bulk_create(
        [
            Membership(room=made[number // people], user=user, changed_seq=1, read_seq=1)
            for number, user in enumerate(users)
        ],
        BATCH,
    )
    for number, token in enumerate(tokens):
        print(made[number // people].id, token)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

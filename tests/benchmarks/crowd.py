"""Makes people, rooms and tokens in bulk on a Plaza, for `load`: a line `ROOM TOKEN` for each person.

    python -m tests.benchmarks.crowd CIRCLES PEOPLE_IN_EACH [ROOMS_OF_EACH]

The people of a circle share its rooms, one if nothing is said; the line names the first.
"""

import os
import secrets
import sys
from itertools import product

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup()

from accounts.models import AccessToken, User, token_digest  # noqa: E402
from rooms.models import Membership, Room  # noqa: E402
from tests.live.backstage import set_up  # noqa: E402

BATCH = 1_000


def main(circles: int, each: int, rooms_of_each: int = 1) -> None:
    set_up()
    run = secrets.token_hex(4)
    rooms = Room.objects.bulk_create(
        Room(kind="closed", name=f"Room {number}", seq=1, member_count=each)
        for number in range(circles * rooms_of_each)
    )
    people = User.objects.bulk_create(
        (User(username=f"p{run}{number}", name=f"Person {number}", password="!") for number in range(circles * each)),
        BATCH,
    )
    tokens = [secrets.token_urlsafe(24) for _person in people]
    AccessToken.objects.bulk_create(
        (
            AccessToken(user=person, name="load", digest=token_digest(token))
            for person, token in zip(people, tokens, strict=True)
        ),
        BATCH,
    )
    places = [
        (rooms[circle * rooms_of_each + room], people[circle * each + person])
        for circle, room, person in product(range(circles), range(rooms_of_each), range(each))
    ]
    Membership.objects.bulk_create(
        (Membership(room=room, user=person, changed_seq=1, read_seq=1) for room, person in places), BATCH
    )
    for number, token in enumerate(tokens):
        print(rooms[number // each * rooms_of_each].id, token)  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

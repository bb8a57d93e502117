"""Makes a person in a room with a history on a Plaza, signed in: one line of JSON.

python -m tests.benchmarks.history MESSAGES
"""

import json
import os
import secrets
import sys
from datetime import timedelta
from itertools import batched
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import AccessToken, User, token_digest  # noqa: E402
from rooms.models import Membership, Message, Room  # noqa: E402
from tests.live.backstage import make_session, set_up  # noqa: E402

PEOPLE, BATCH = 20, 2_000
BODY = "what people write on a usual day, "


def main(messages: int) -> None:
    set_up()
    run = secrets.token_hex(4)
    people = User.objects.bulk_create(
        User(username=f"h{run}{number}", name=f"Person {number}", password="!") for number in range(PEOPLE)
    )
    room = Room.objects.create(kind="closed", name="A history", seq=messages + 1, member_count=PEOPLE)
    Membership.objects.bulk_create(
        Membership(room=room, user=person, changed_seq=1, read_seq=messages + 1) for person in people
    )
    for seqs in batched(range(2, messages + 2), BATCH):
        Message.objects.bulk_create(written(room, people, seq, messages) for seq in seqs)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # PostgreSQL's own housekeeping would do it minutes later
    token = secrets.token_urlsafe(24)
    AccessToken.objects.create(user=people[0], name="load", digest=token_digest(token))
    print(json.dumps({"room": room.pk, "token": token, "session": make_session(people[0].username)}))  # noqa: T201


def written(room: Room, people: list[User], seq: int, messages: int) -> Message:
    body = f"No. {seq} {BODY * 5}"
    return Message(
        room=room,
        author=people[seq * 7 % PEOPLE],
        seq=seq,
        changed_seq=seq,
        key=uuid4(),
        first_hash=b"",
        body=body,
        html=f"<p>{body}</p>",
        created_at=timezone.now() - timedelta(seconds=(messages + 2 - seq) * 30),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))

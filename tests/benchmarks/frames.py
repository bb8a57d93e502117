"""What it costs to read a `message.send` frame and to write its event: ours, msgspec's and pydantic's ways.

    SECRET_KEY=… .venv/bin/python -m tests.benchmarks.frames

Prints the best of seven rounds, in µs of one thread. docs/decisions.md says what was chosen, and why.
"""

import json
import os
import time
from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

import django
import msgspec
from pydantic import BaseModel, Field, TypeAdapter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup()

from rooms.live import frames  # noqa: E402
from rooms.payloads import encode  # noqa: E402

ROUNDS, TURNS = 7, 3_000
KEY = "7f1c0000-0000-4000-8000-000000000001"
BODY = "What shall we do tonight, and who brings the cake for Ana on Friday? " * 3
FRAME = json.dumps({"type": "message.send", "ref": "a2", "room": 12, "key": KEY, "body": BODY})
EVENT = {
    "type": "message.created",
    "room": 12,
    "seq": 1044,
    "message": {"id": 991, "room": 12, "seq": 1044, "changed_seq": 1044, "key": KEY, "body": BODY, "html": BODY}
    | {"author": {"id": 3, "name": "Ana", "username": "ana", "avatar": None}, "created_at": "2026-11-24T10:00:01.123Z"}
    | {"edited_at": None, "deleted": False, "reply_to": None, "mentions": [3], "attachments": [], "reactions": []},
}


class SendStruct(msgspec.Struct, tag="message.send"):
    ref: str
    room: int
    key: UUID
    body: str
    reply_to: int | None = None
    attachments: list[int] = []


class EditStruct(msgspec.Struct, tag="message.edit"):
    ref: str
    message: int
    body: str


class SendModel(BaseModel):
    type: Literal["message.send"]
    ref: str
    room: int
    key: UUID
    body: str
    reply_to: int | None = None
    attachments: list[int] = []


class EditModel(BaseModel):
    type: Literal["message.edit"]
    ref: str
    message: int
    body: str


def read_ours() -> None:
    frame = frames.parse(FRAME)
    frames.ref_of(frame)
    frames.integer(frame, "room")
    frames.uuid(frame, "key")
    frames.string(frame, "body")
    frames.optional_integer(frame, "reply_to")
    frames.no_attachments(frame)


def main() -> None:
    by_msgspec = msgspec.json.Decoder(SendStruct | EditStruct)
    by_pydantic: TypeAdapter[SendModel | EditModel] = TypeAdapter(
        Annotated[SendModel | EditModel, Field(discriminator="type")]
    )
    writer = msgspec.json.Encoder()
    ways: dict[str, Callable[[], object]] = {
        "read: ours (json, checks by hand)": read_ours,
        "read: msgspec": lambda: by_msgspec.decode(FRAME),
        "read: pydantic": lambda: by_pydantic.validate_json(FRAME),
        "write: ours (json)": lambda: encode(EVENT),
        "write: msgspec": lambda: writer.encode(EVENT),
    }
    for name, way in ways.items():
        print(f"{name:36}{best(way):7.2f} µs")  # noqa: T201


def best(way: Callable[[], object]) -> float:
    rounds: list[float] = []
    for _round in range(ROUNDS):
        begun = time.thread_time()
        for _turn in range(TURNS):
            way()
        rounds.append((time.thread_time() - begun) / TURNS * 1e6)
    return min(rounds)


if __name__ == "__main__":
    main()

"""Write a room's messages as JSON Lines."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError, CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand, room_called
from rooms.models import Message, Room
from rooms.models.replica import read_room
from rooms.payloads import MessagePayload, message_payloads

PAGE = 500


class Command(ActingCommand):
    help = (
        "Write a room's messages, oldest first, one JSON object a line, as the API shows them. "
        "The person must be able to read the room: --as names one of its members."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("room", metavar="ROOM", help="Its id, slug or name.")
        parser.add_argument("--output", type=Path, metavar="FILE", help="Write there (default: standard output).")

    def act(self, actor: User, *, room: str, output: Path | None, **_options: Any) -> None:
        found = room_called(actor, room)
        if not Room.objects.visible_to(actor).filter(id=found.id).exists():
            raise CommandError(f"{actor.username} is not in {found}; name one of its members with --as.")
        if output is None:
            self._write_to_pipe(found)
        else:
            count = _write_to_file(found, output)
            self.stderr.write(f"{count} messages of {found} are in {output}.")

    def _write_to_pipe(self, room: Room) -> None:
        try:
            for payload in payloads(room):
                self.stdout.write(_line(payload))
            self.stdout.flush()
        except BrokenPipeError:
            # Who read it has seen enough, as `head` has; Python would complain once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_to_file(room: Room, path: Path) -> int:
    """Whole or not at all: under another name until the last line is written."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            count = _write_lines(room, file)
        part.replace(path)
    except OSError as error:
        raise CommandError(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _write_lines(room: Room, file: TextIO) -> int:
    count = 0
    for payload in payloads(room):
        file.write(_line(payload) + "\n")
        count += 1
    return count


def _line(payload: MessagePayload) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def payloads(room: Room) -> Iterator[MessagePayload]:
    """Page by page by `seq`, so that memory stays the same and no transaction stays open."""
    last = 0
    while page := _page_after(room, last):
        yield from page
        last = page[-1]["seq"]


def _page_after(room: Room, seq: int) -> list[MessagePayload]:
    messages = Message.objects.filter(room=room).page_after(seq, PAGE)
    return read_room(Room.objects.filter(id=room.id), lambda database: message_payloads(messages.using(database)))

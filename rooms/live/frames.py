"""Frames from clients: what they may hold, read with a clear error for each field."""

import json
import re
from typing import Any, NoReturn
from uuid import UUID

from rooms.errors import Invalid
from rooms.operations.finding import LARGEST_ID
from rooms.operations.text import FORBIDDEN, UUID_FORM

REF_LIMIT = 64

type Json = dict[str, Any]


def parse(text: str) -> Json:
    """A frame's JSON object; raises Invalid for anything else."""
    try:
        frame = _decode(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(None) from error
    if not isinstance(frame, dict):
        raise Invalid(None)
    return frame


def _not_finite(_name: str) -> NoReturn:
    raise ValueError("numbers are finite")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        _not_finite(text)
    return number


_decode = json.JSONDecoder(parse_constant=_not_finite, parse_float=_finite).decode  # `loads` makes one each time


def ref_of(frame: Json) -> str | None:
    """The client's `ref`, or None where it gave none; raises Invalid for what cannot be one."""
    ref = frame.get("ref")
    if ref is None:
        return None
    if not isinstance(ref, str) or not 1 <= len(ref) <= REF_LIMIT or FORBIDDEN.search(ref):
        raise Invalid("ref")
    return ref


def integer(frame: Json, field: str) -> int:
    """A whole number that an id or a `seq` can be."""
    value = frame.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not -LARGEST_ID <= value <= LARGEST_ID:
        raise Invalid(field)
    return value


def optional_integer(frame: Json, field: str) -> int | None:
    return None if frame.get(field) is None else integer(frame, field)


def string(frame: Json, field: str) -> str:
    value = frame.get(field)
    if not isinstance(value, str):
        raise Invalid(field)
    return value


def uuid(frame: Json, field: str) -> UUID:
    value = string(frame, field)
    if not UUID_FORM.fullmatch(value):
        raise Invalid(field)
    return UUID(value)


def no_attachments(frame: Json) -> None:
    """Files come later: only a list without any is taken."""
    if frame.get("attachments") not in (None, []):
        raise Invalid("attachments")


def cursors(frame: Json, limit: int = 2_000) -> dict[int, int]:
    """Room id → the last `seq` that the client holds."""
    value = frame.get("cursors")
    if not isinstance(value, dict) or len(value) > limit:
        raise Invalid("cursors")
    held: dict[int, int] = {}
    for room, seq in value.items():
        if not re.fullmatch(r"[0-9]{1,18}", room) or not isinstance(seq, int) or isinstance(seq, bool):
            raise Invalid("cursors")
        if not 0 <= seq <= LARGEST_ID:
            raise Invalid("cursors")
        held[int(room)] = seq
    return held

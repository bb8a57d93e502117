"""Frames that clients send: the plain ones are read at once, the others are left to autobahn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from rooms.live.intake import take_texts


def masked(text: str) -> bytes:
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


@given(
    st.lists(st.one_of(st.text(max_size=300), st.text(min_size=125, max_size=127), st.just("ñ" * 20_000)), max_size=4)
)
def test_whole_texts_are_read_as_they_were_written(texts: list[str]) -> None:
    data = b"".join(map(masked, texts))
    assert take_texts(data) == (texts, len(data))


@given(st.lists(st.text(max_size=200), min_size=1, max_size=3), st.data())
def test_what_is_not_there_yet_is_left(texts: list[str], data: st.DataObject) -> None:
    whole = b"".join(map(masked, texts))
    cut = data.draw(st.integers(0, len(whole) - 1))
    found, used = take_texts(whole[:cut])
    assert found == texts[: len(found)]
    assert used == len(b"".join(map(masked, found))) <= cut
    assert len(found) == len(texts) - 1 or len(whole[:cut]) - used < len(masked(texts[len(found)]))


def test_a_bare_pong_is_passed_over() -> None:
    data = Frame(Opcode.PONG, b"").serialize(mask=True) + masked("hola")
    assert take_texts(data) == (["hola"], len(data))


@pytest.mark.parametrize(
    "odd",
    [
        Frame(Opcode.PONG, b"x").serialize(mask=True),
        Frame(Opcode.PING, b"").serialize(mask=True),
        Frame(Opcode.BINARY, b"x").serialize(mask=True),
        Frame(Opcode.TEXT, b"x", fin=False).serialize(mask=True),
        Frame(Opcode.CONT, b"x").serialize(mask=True),
        b"\xc1\x81" + b"\x00" * 4 + b"x",  # an extension bit
        Frame(Opcode.TEXT, b"hello").serialize(mask=False),
        Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True),
        Frame(Opcode.TEXT, b"x" * 70_000).serialize(mask=True),
        b"\x81\xfe\x00\x05" + b"\x00" * 4 + b"hello",  # five bytes, said in the longer way
    ],
)
def test_whatever_is_not_plain_is_left_to_autobahn(odd: bytes) -> None:
    before = masked("hola")
    assert take_texts(before + odd + masked("after")) == (["hola"], len(before))

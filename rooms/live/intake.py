"""The way in for what clients mostly send: whole, short text frames.

autobahn reads any frame that RFC 6455 allows, byte by byte if need be, for 130 µs; a text frame that is
there from end to end takes a tenth of that (docs/performance.md). Whatever is not so plain is left to
autobahn: fragments, control frames but a bare pong, long or broken frames, text that is not UTF-8.
"""

TEXT, PONG = 0x81, 0x8A  # both final, without extension bits
MASKED = 0x80
TWO_BYTES = 126  # a length of this value says that two bytes follow with the real one


def take_texts(data: bytes) -> tuple[list[str], int]:
    """The texts of the plain frames with which `data` begins, and how many of its bytes they were."""
    texts: list[str] = []
    start = 0
    while len(data) - start >= 6:
        first, second = data[start], data[start + 1]
        if first == PONG and second == MASKED:
            start += 6
            continue
        size, at = second & 0x7F, start + 2
        if size == TWO_BYTES:
            size, at = int.from_bytes(data[at : at + 2]), at + 2
        end = at + 4 + size
        plain = first == TEXT and second & MASKED and (at == start + 2 or size >= TWO_BYTES)
        if not plain or second & 0x7F > TWO_BYTES or end > len(data):
            break
        try:
            texts.append(_unmasked(data[at + 4 : end], data[at : at + 4]).decode())
        except UnicodeDecodeError:
            break
        start = end
    return texts, start


def _unmasked(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)

"""RLP, and the Merkle-Patricia trie of a list: what the roots in a block's header are made with; pure.

Yellow Paper, appendices B (RLP), C (hex-prefix) and D (trie). Rules that hold here: only what a header's
roots need; heads of RLP are made as hex text, for whoever encodes many receipts joins text and turns all
of it into bytes at once.
"""

from collections.abc import Sequence

from ledger_reader.keccak import keccak256

EMPTY_ROOT = keccak256(b"\x80")
"""The root of a trie that holds nothing: the receiptsRoot of a block without transactions."""


def trie_root(values: Sequence[bytes]) -> bytes:
    """The root of the Merkle-Patricia trie of values under their places in RLP (Yellow Paper, appendix D)."""
    if not values:
        return EMPTY_ROOT
    # No key begins another, so no branch holds a value; sorted, keys of one branch stand together.
    items = sorted((number_text(place), value) for place, value in enumerate(values))
    return keccak256(_node(items, 0))


def _node(items: Sequence[tuple[str, bytes]], depth: int) -> bytes:
    """The RLP of the node that holds `items` of (nibbles, value), whose first `depth` nibbles are equal."""
    first, last = items[0][0], items[-1][0]
    if len(items) == 1:
        return rlp_list(rlp_string(_path(first[depth:], is_leaf=True)) + rlp_string(items[0][1]))
    fork = depth
    while first[fork] == last[fork]:
        fork += 1
    if fork > depth:
        return rlp_list(rlp_string(_path(first[depth:fork], is_leaf=False)) + _reference(_node(items, fork)))
    children = [b"\x80"] * 17
    start = 0
    while start < len(items):
        nibble, end = items[start][0][depth], start
        while end < len(items) and items[end][0][depth] == nibble:
            end += 1
        children[int(nibble, 16)] = _reference(_node(items[start:end], depth + 1))
        start = end
    return rlp_list(b"".join(children))


def _path(nibbles: str, is_leaf: bool) -> bytes:
    """Hex-prefix encoding (Yellow Paper, appendix C)."""
    kind = 2 if is_leaf else 0
    return bytes.fromhex(f"{kind + 1}{nibbles}" if len(nibbles) % 2 else f"{kind}0{nibbles}")


def _reference(node: bytes) -> bytes:
    """A node in its parent: itself when shorter than a hash, else its hash."""
    return node if len(node) < 32 else b"\xa0" + keccak256(node)


def rlp_string(content: bytes) -> bytes:
    """Bytes in RLP."""
    return bytes.fromhex(string_head(len(content), f"0x{content[:1].hex()}")) + content


def rlp_list(payload: bytes) -> bytes:
    """A list in RLP whose items, each in RLP, are joined in `payload`."""
    return bytes.fromhex(list_head(len(payload))) + payload


def rlp_number(value: int) -> bytes:
    """A number in RLP; ValueError as for `number_text`."""
    return bytes.fromhex(number_text(value))


def number_text(value: int) -> str:
    """A number in RLP, as hex: big-endian without leading zeros; ValueError outside 0 to 2^256."""
    if value < 0x80:
        return "80" if value == 0 else f"{value:02x}"
    size = (value.bit_length() + 7) // 8
    if size > 32:
        raise ValueError("a number of more than 32 bytes")
    return f"{0x80 + size:02x}{value:0{2 * size}x}"


def string_head(size: int, data: str) -> str:
    """What stands before `size` bytes, whose hex `data` begins with 0x: nothing for one byte below 0x80."""
    if size == 1 and data[2] in "01234567":
        return ""
    if size < 56:
        return f"{0x80 + size:02x}"
    return _long_head(0xB7, size)


def list_head(size: int) -> str:
    """What stands before a list whose items take `size` bytes."""
    if size < 56:
        return f"{0xC0 + size:02x}"
    return _long_head(0xF7, size)


def _long_head(kind: int, size: int) -> str:
    digits = (size.bit_length() + 7) // 8
    return f"{kind + digits:02x}{size:0{2 * digits}x}"

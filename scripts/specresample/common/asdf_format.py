"""ASDF files as what they consist of: plain values with tags, and arrays.

The package asdf makes Python objects of tagged values, for which it takes most of the time of small
jobs. ASDF Standard 1.6.0, https://www.asdf-format.org.
"""

import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import yaml

_TAG_BASE = "tag:stsci.edu:asdf/"
CORE_TAG = f"{_TAG_BASE}core/"
ARRAY_TAG = f"{CORE_TAG}ndarray-"
TREE_TAG = f"{CORE_TAG}asdf-"

BLOCK_MAGIC = b"\xd3BLK"

# Flags, compression, allocated size, used size, size of the data, checksum.
_BLOCK_HEADER = struct.Struct(">I4sQQQ16s")
_STREAMED = 1


@dataclass(frozen=True, eq=False, slots=True)
class Tagged:
    """A value that stands for an object of some kind.

    Attributes
    ----------
    tag : str
        Kind of the object, with a version at its end.
    value : object
        Dict, list or str.
    """

    tag: str
    value: object

    def __str__(self) -> str:
        """Name its kind."""
        return self.tag


def split_file(content: bytes) -> tuple[bytes, list[bytes]]:
    """Split an ASDF file into its YAML and its blocks.

    Parameters
    ----------
    content : bytes
        An ASDF file.

    Returns
    -------
    tuple of bytes and list of bytes
        The YAML document, and the data of every block.

    Raises
    ------
    ValueError
        When it is no ASDF file, or not all of one.
    """
    if not content.startswith(b"#ASDF"):
        raise ValueError("it does not begin as an ASDF file")
    found = re.search(rb"^\.\.\.\r?$", content, re.MULTILINE)
    if found is None:
        raise ValueError("its tree has no end; is the file complete?")
    end = found.end()
    blocks = []
    position = content.find(BLOCK_MAGIC, end)
    while position >= 0 and content.startswith(BLOCK_MAGIC, position):
        [header_size] = struct.unpack_from(">H", content, position + 4)
        flags, _, allocated, used, *_ = _BLOCK_HEADER.unpack_from(content, position + 6)
        start = position + 6 + header_size
        if flags & _STREAMED:
            allocated = used = len(content) - start
        position = start + allocated
        if start + used > len(content):
            raise ValueError(f"its block {len(blocks)} reaches beyond the end of the file")
        blocks.append(content[start : start + used])
    return content[:end], blocks


def to_asdf(tree: dict) -> bytes:
    """Write a tree as an ASDF file, as the package asdf does.

    Parameters
    ----------
    tree : dict
        Dicts, lists, scalars, `Tagged` values and arrays of numbers.

    Returns
    -------
    bytes
    """
    arrays = {id(array): array for array in _arrays(tree, set())}
    dumper = type("Dumper", (_Dumper,), {"numbers": {key: n for n, key in enumerate(arrays)}})
    text = yaml.dump_all(
        [Tagged(f"{TREE_TAG}1.1.0", tree)],
        Dumper=dumper,
        default_flow_style=None,  # innermost collections are written in a line
        explicit_start=True,
        explicit_end=True,
        version=(1, 1),
        allow_unicode=True,
        encoding="utf-8",
        tags={"!": _TAG_BASE},
    )
    blocks = [_block(array.tobytes()) for array in arrays.values()]
    parts = [b"#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n", text, *blocks]
    if blocks:
        offsets = [*accumulate(map(len, parts))][1:-1]
        index = "".join(f"- {offset}\n" for offset in offsets)
        parts.append(f"#ASDF BLOCK INDEX\n%YAML 1.1\n---\n{index}...\n".encode())
    return b"".join(parts)


def _arrays(value: object, seen: set[int]) -> Iterator[np.ndarray]:
    """Go through the arrays of a tree, in its order."""
    inner = value.value if isinstance(value, Tagged) else value
    if isinstance(inner, np.ndarray):
        yield inner
    elif isinstance(inner, dict | list) and id(inner) not in seen:
        seen.add(id(inner))
        for child in inner.values() if isinstance(inner, dict) else inner:
            yield from _arrays(child, seen)


def _block(data: bytes) -> bytes:
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    header = _BLOCK_HEADER.pack(0, b"", len(data), len(data), len(data), digest)
    return BLOCK_MAGIC + struct.pack(">H", len(header)) + header + data


class _Dumper(yaml.CSafeDumper):
    """Writes tagged values, and arrays by the numbers of their blocks."""

    numbers: dict[int, int]

    def ignore_aliases(self, data: object) -> bool:
        """Whether a value is written again wherever it is met: all but objects and arrays."""
        if isinstance(data, Tagged):
            return isinstance(data.value, str)
        return not isinstance(data, np.ndarray)

    def represent_tagged(self, tagged: Tagged) -> yaml.Node:
        """Represent a tagged value."""
        represent = {
            dict: self.represent_mapping,
            list: self.represent_sequence,
            str: self.represent_scalar,
        }
        return represent[type(tagged.value)](tagged.tag, tagged.value)

    def represent_array(self, array: np.ndarray) -> yaml.Node:
        """Represent an array, whose numbers are in a block."""
        values = {
            "source": self.numbers[id(array)],
            "datatype": array.dtype.name,
            "byteorder": "big" if array.dtype.str[0] == ">" else "little",
            "shape": [*array.shape],
        }
        return self.represent_mapping(f"{ARRAY_TAG}1.1.0", values)


_Dumper.add_representer(Tagged, _Dumper.represent_tagged)
_Dumper.add_representer(np.ndarray, _Dumper.represent_array)
_Dumper.add_multi_representer(
    np.generic, lambda dumper, number: dumper.represent_data(number.item())
)

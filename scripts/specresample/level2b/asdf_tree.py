"""The tree in the ASDF extension of a JWST file, as plain values.

The slits of a NIRSpec exposure have most of their transforms in common, each slit with a copy of
its own in the file. What is equal becomes one object here, and is made into a transform once.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from astropy.io import fits

from specresample.common.asdf_format import ARRAY_TAG, BLOCK_MAGIC, TREE_TAG, Tagged, split_file
from specresample.common.errors import ResampleError
from specresample.common.limits import MAX_ASDF

# What no WCS comes near to, and would fill the memory or take for ever. Trees are nested some
# hundred levels deep, and have some thousand nodes for each slit.
MAX_DEPTH = 1000
MAX_NODES = 20_000_000
MAX_ARRAY = 20_000_000  # numbers in an array
MAX_COEFFICIENTS = 10_000  # of a polynomial

_ENDLESS = "its ASDF tree refers to its own parts without end"

# Types of numbers that arrays consist of; others are for tables and texts.
_NUMBERS = frozenset(
    {f"{kind}int{bits}" for kind in ("", "u") for bits in (8, 16, 32, 64)} | {"float32", "float64"}
)


def read_tree(hdus: fits.HDUList) -> dict:
    """Read the tree that a JWST file holds in its ASDF extension, by `parse_tree`.

    Parameters
    ----------
    hdus : HDUList

    Returns
    -------
    dict
        Empty when there is no such extension.
    """
    if "ASDF" not in hdus:
        return {}
    _check_bytes(hdus["ASDF"].size)
    return parse_tree(bytes(hdus["ASDF"].data))


def read_file(path: str | Path) -> dict:
    """Read the tree of an ASDF file, by `parse_tree`.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict
    """
    path = Path(path)
    _check_bytes(path.stat().st_size)
    return parse_tree(path.read_bytes())


def parse_tree(content: bytes) -> dict:
    """Read the tree of an ASDF file that is in memory.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    dict
        Dicts, lists, scalars, arrays of numbers, and `Tagged` values for all other objects. Values
        that are equal are the same object.

    Raises
    ------
    ResampleError
        When it would fill the memory, or refers to something outside of the file.
    ValueError, yaml.YAMLError
        When it is no ASDF file, or its YAML is broken.
    """
    _check_text(content)
    text, blocks = split_file(content)
    tree = _Builder(text, blocks).document()
    if not isinstance(tree, dict):
        raise ValueError("its ASDF tree is no mapping")
    return tree


def _check_bytes(size: int) -> None:
    if size > MAX_ASDF:
        raise ResampleError(f"its ASDF is of {size} bytes, {MAX_ASDF} are allowed")


def _check_text(content: bytes) -> None:
    """Refuse ASDF that would fill memory or stack while it is parsed."""
    # A few kilobytes can inflate to any size.
    if re.search(rb"\xd3BLK.{6}(zlib|bzp2|lz4\0)", content, re.DOTALL):
        raise ResampleError("its ASDF has compressed blocks")
    text = content.split(BLOCK_MAGIC, 1)[0]
    # Every merge may multiply the keys; no writer of ASDF makes them.
    if re.search(rb"<<\s*:|\?\s+<<|yaml\.org,2002|!!merge", text):
        raise ResampleError("its ASDF tree has YAML merge keys")
    # The parser's recursion ends in a crash. Nested are brackets, or indentation and dashes.
    codes = np.frombuffer(text, np.uint8) | 0x20  # both kinds alike
    steps = (codes == ord("{")).astype(np.int8) - (codes == ord("}"))
    level = np.cumsum(steps[steps != 0])
    depth = np.max(level - np.minimum.accumulate(level), initial=0)
    if depth > MAX_DEPTH or re.search(rb"(?m)^[ ?-]{%d}" % (4 * MAX_DEPTH), text):
        raise ResampleError(f"its ASDF tree is nested more than {MAX_DEPTH} levels deep")


class _Builder:
    """Makes values of YAML as it is parsed, one for all parts that are equal.

    PyYAML's own tree of nodes would take 50 times the memory of the text. Arrays are in blocks.
    """

    def __init__(self, text: bytes, blocks: Sequence[bytes]) -> None:
        self._loader = yaml.CSafeLoader(text)
        self._blocks = blocks
        self._anchored: dict[str, object] = {}
        # Anchors of collections that are not complete yet, and that lead back to themselves.
        self._open: set[str] = set()
        self._endless: set[str] = set()
        self._scalars: dict[tuple, object] = {}
        # The first of all equal values, by what it consists of: the identities of its parts, each
        # the first of its kind.
        self._first: dict[tuple, object] = {}
        # Dicts and lists in a value, by its identity. What is referred to twice counts twice.
        self._sizes: dict[int, int] = {}

    def document(self) -> object:
        """Build the value of the whole document."""
        parsed = self._loader.get_event
        parsed()  # the start of the stream
        parsed()  # the start of the document
        value = self._value(parsed())
        parsed()  # the end of the document
        if type(parsed()) is not yaml.StreamEndEvent:
            raise ValueError("it holds several trees")
        return value

    def _value(self, event: yaml.Event, key: object = None) -> object:
        """Build the value that begins with an event; in a mapping it has a key."""
        if type(event) is yaml.AliasEvent:
            return self._referred_to(event, key)
        if event.anchor in self._anchored:
            raise ValueError(f"its ASDF tree has an anchor twice\n{event.start_mark}")
        build = self._scalar if type(event) is yaml.ScalarEvent else self._collection
        value = build(event)
        if event.anchor is not None:
            self._anchored[event.anchor] = value
        return value

    def _referred_to(self, event: yaml.AliasEvent, key: object) -> object:
        if event.anchor not in self._anchored:
            raise ValueError(f"its ASDF tree refers to what is not there\n{event.start_mark}")
        if event.anchor in self._open:
            # Only inverses may lead back to the transform that they are inverses of.
            if key != "inverse":
                raise ResampleError(_ENDLESS)
            self._endless.add(event.anchor)
        return self._anchored[event.anchor]

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        written = event.tag, event.value, event.implicit
        if written not in self._scalars:
            tag, text = event.tag, event.value
            if tag is None or tag == "!":
                tag = self._loader.resolve(yaml.ScalarNode, text, event.implicit)
            if tag in self._loader.yaml_constructors:
                value = self._loader.construct_object(yaml.ScalarNode(tag, text))
            else:
                value = Tagged(tag, text)
            self._scalars[written] = self._first.setdefault((tag, text), value)
        return self._scalars[written]

    def _collection(self, event: yaml.CollectionStartEvent) -> object:
        inner: dict | list = {} if type(event) is yaml.MappingStartEvent else []
        tag = event.tag or "!"
        value = inner if tag == "!" or tag.startswith(TREE_TAG) else Tagged(tag, inner)
        if event.anchor is not None:
            # Known before it is filled, because an inverse may lead back to it.
            self._anchored[event.anchor] = value
            self._open.add(event.anchor)
        if isinstance(inner, dict):
            self._fill_mapping(inner)
            parts = [*inner, *inner.values()]
        else:
            inner += map(self._value, self._events_until(yaml.SequenceEndEvent))
            parts = inner
        self._open.discard(event.anchor)

        size = 1 + sum(self._sizes.get(id(part), 0) for part in parts)
        if size > MAX_NODES:
            raise ResampleError(_ENDLESS)
        if event.anchor not in self._endless:
            array = _array(inner, self._blocks) if tag.startswith(ARRAY_TAG) else None
            if array is not None:
                consists_of = array.dtype.str, array.shape, array.tobytes()
                value = array
            else:
                consists_of = tag, type(inner), *map(id, parts)
            value = self._first.setdefault(consists_of, value)
        self._sizes[id(value)] = size
        return value

    def _fill_mapping(self, inner: dict) -> None:
        for event in self._events_until(yaml.MappingEndEvent):
            if type(event) is not yaml.ScalarEvent:
                raise ValueError(f"its ASDF tree has a key that is no name\n{event.start_mark}")
            key = self._scalar(event)
            inner[key] = self._value(self._loader.get_event(), key)
        _check_mapping(inner)

    def _events_until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        """Go through the events of a collection; what is in its parts is taken by others."""
        while type(event := self._loader.get_event()) is not end:
            yield event


def _check_mapping(values: Mapping) -> None:
    if "$ref" in values:
        raise ResampleError(f"its ASDF tree refers to another file, {values['$ref']!s:.100}")
    source = values.get("source")
    if "datatype" in values and isinstance(source, str) and not source.startswith("fits:"):
        raise ResampleError(f"its ASDF tree refers to another file, {source:.100}")
    if isinstance(source, int):
        _check_shape(values.get("shape"), MAX_ARRAY)
    coefficients = values.get("coefficients")
    if isinstance(coefficients, Tagged) and isinstance(coefficients.value, dict):
        _check_shape(coefficients.value.get("shape"), MAX_COEFFICIENTS)
    elif isinstance(coefficients, np.ndarray):
        _check_shape([*coefficients.shape], MAX_COEFFICIENTS)


def _check_shape(shape: object, most: int) -> None:
    is_shape = isinstance(shape, list) and all(isinstance(n, int) for n in shape)
    if is_shape and math.prod(shape) > most:
        raise ResampleError(f"its ASDF tree has an array of absurd size, {shape}")


def _array(values: dict | list, blocks: Sequence[bytes]) -> np.ndarray | None:
    """Read an array of numbers; None for all that is none."""
    try:
        if isinstance(values, list):
            return np.array(values)
        if values["datatype"] not in _NUMBERS or "mask" in values:
            return None
        dtype = np.dtype(values["datatype"])
        if "data" in values:
            array = np.array(values["data"], dtype)
            return array if [*array.shape] == values.get("shape", [*array.shape]) else None
        dtype = dtype.newbyteorder(values["byteorder"])
        block, shape = blocks[values["source"]], values["shape"]
        return np.ndarray(shape, dtype, block, values.get("offset", 0), values.get("strides"))
    except (IndexError, KeyError, TypeError, ValueError, OverflowError):
        return None

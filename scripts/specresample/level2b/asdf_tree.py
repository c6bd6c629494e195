"""The tree in the ASDF extension of a JWST file, as plain values.

The slits of a NIRSpec exposure have most of their transforms in common, each slit with a copy of
its own in the file. What is equal becomes one object here, and is made into a transform once.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from astropy.io import fits

from specresample.common.asdf_format import ARRAY_TAG, BLOCK_MAGIC, TREE_TAG, Tagged, split_file
from specresample.common.errors import ResampleError
from specresample.common.limits import MAX_ASDF

EXTENSION = "ASDF"

# What no WCS comes near to, and would fill the memory or take for ever. Trees are nested some
# hundred levels deep, and have some thousand nodes for each slit.
MAX_DEPTH = 1000
MAX_NODES = 20_000_000
MAX_ARRAY = 20_000_000  # numbers in an array
MAX_COEFFICIENTS = 10_000  # of a polynomial

_ENDLESS = "its ASDF tree refers to its own parts without end"

_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

# Types of numbers that arrays consist of; others are for tables and texts.
_NUMBERS = frozenset(
    {f"{kind}int{bits}" for kind in ("", "u") for bits in (8, 16, 32, 64)} | {"float32", "float64"}
)


def read_tree(hdus: fits.HDUList) -> dict:
    """Read the tree that a JWST file holds in its ASDF extension.

    Parameters
    ----------
    hdus : HDUList

    Returns
    -------
    dict
        Empty when there is no such extension; see `parse_tree`.

    Raises
    ------
    ResampleError
        As `parse_tree`.
    """
    if EXTENSION not in hdus:
        return {}
    _check_bytes(hdus[EXTENSION].size)
    return parse_tree(bytes(hdus[EXTENSION].data))


def read_file(path: str | Path) -> dict:
    """Read the tree of an ASDF file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict
        See `parse_tree`.

    Raises
    ------
    ResampleError
        As `parse_tree`.
    """
    path = Path(path)
    _check_bytes(path.stat().st_size)
    return parse_tree(path.read_bytes())


def parse_tree(content: bytes) -> dict:
    """Read the tree of an ASDF file.

    Parameters
    ----------
    content : bytes
        An ASDF file.

    Returns
    -------
    dict
        Dicts, lists, scalars, arrays of numbers, and `Tagged` values for all other objects. Values
        that are equal are the same object.

    Raises
    ------
    ResampleError
        When it would fill the memory, or refers to something outside of the file.
    ValueError
        When it is no ASDF file.
    yaml.YAMLError
        When its YAML is broken.
    """
    check_text(content)
    text, blocks = split_file(content)
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    tree = _Builder(blocks).value(root)
    if not isinstance(tree, dict):
        raise ValueError("its ASDF tree is no mapping")
    return tree


def _check_bytes(size: int) -> None:
    if size > MAX_ASDF:
        raise ResampleError(f"its ASDF is of {size} bytes, {MAX_ASDF} are allowed")


def check_text(content: bytes) -> None:
    """Refuse ASDF that would fill memory or stack while it is parsed.

    Parameters
    ----------
    content : bytes
        An ASDF file.

    Raises
    ------
    ResampleError
        When its blocks are compressed, its YAML is nested too deep or merges mappings.
    """
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
    """Makes values of YAML nodes, one for all nodes that are equal.

    Parameters
    ----------
    blocks : sequence of bytes
        The blocks of the file, for arrays.
    """

    def __init__(self, blocks: Sequence[bytes]) -> None:
        self._blocks = blocks
        self._constructor = yaml.constructor.SafeConstructor()
        # By the identity of nodes: what several others refer to is built once.
        self._values: dict[int, object] = {}
        self._open: set[int] = set()
        self._endless: set[int] = set()
        # The first of all equal values, by what it consists of: the identities of its parts, each
        # the first of its kind.
        self._first: dict[tuple, object] = {}
        # Dicts and lists in a value, by its identity. What is referred to twice counts twice.
        self._sizes: dict[int, int] = {}

    def value(self, node: yaml.Node, key: object = None) -> object:
        """Build the value of a node, or find the one that equals it.

        Parameters
        ----------
        node : Node
        key : object
            Its key, in a mapping.
        """
        if type(node) is yaml.ScalarNode:
            return self._scalar(node)
        if id(node) not in self._values:
            return self._collection(node)
        if id(node) in self._open:
            # Only inverses may lead back to the transform that they are inverses of.
            if key != "inverse":
                raise ResampleError(_ENDLESS)
            self._endless.add(id(node))
        return self._values[id(node)]

    def _scalar(self, node: yaml.ScalarNode) -> object:
        key = node.tag, node.value
        if key not in self._first:
            plain = node.tag in self._constructor.yaml_constructors
            self._first[key] = (
                self._constructor.construct_object(node) if plain else Tagged(node.tag, node.value)
            )
        return self._first[key]

    def _collection(self, node: yaml.CollectionNode) -> object:
        inner: dict | list = {} if type(node) is yaml.MappingNode else []
        plain = node.tag in _PLAIN or node.tag.startswith(TREE_TAG)
        value = inner if plain else Tagged(node.tag, inner)
        # Known before it is filled, because an inverse may lead back to it.
        self._values[id(node)] = value
        self._open.add(id(node))
        if isinstance(inner, dict):
            self._fill(inner, node)
            parts = [*inner, *inner.values()]
        else:
            inner += map(self.value, node.value)
            parts = inner
        self._open.remove(id(node))

        size = 1 + sum(self._sizes.get(id(part), 0) for part in parts)
        if size > MAX_NODES:
            raise ResampleError(_ENDLESS)
        if id(node) not in self._endless:
            array = _array(inner, self._blocks) if node.tag.startswith(ARRAY_TAG) else None
            if array is not None:
                consists_of = array.dtype.str, array.shape, array.tobytes()
                value = array
            else:
                consists_of = node.tag, type(inner), *map(id, parts)
            value = self._values[id(node)] = self._first.setdefault(consists_of, value)
        self._sizes[id(value)] = size
        return value

    def _fill(self, inner: dict, node: yaml.MappingNode) -> None:
        for key_node, child in node.value:
            if type(key_node) is not yaml.ScalarNode:
                raise ValueError(f"its ASDF tree has a key that is no name\n{key_node.start_mark}")
            key = self._scalar(key_node)
            inner[key] = self.value(child, key)
        _check_mapping(inner)


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
    if not isinstance(shape, list) or not all(isinstance(n, int) for n in shape):
        return
    if math.prod(shape) > most:
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

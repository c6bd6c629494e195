"""The tree in the ASDF extension of a JWST file, whose WCSs are built when they are asked for."""

import io
import math
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import asdf
import astropy.io.misc.yaml  # noqa: F401
import numpy as np
import yaml
from asdf.extension import Converter, Extension, ExtensionProxy
from asdf.tags.core.ndarray import NDArrayType
from asdf_astropy.converters.transform.core import TransformConverterBase
from astropy.io import fits
from astropy.modeling import Model

from specresample.common.errors import ResampleError
from specresample.common.limits import MAX_ASDF

# asdf reads its many manifests and schemas with the parser that is written in Python; that in C
# reads the same, and every job starts half a second earlier. It does not read the header of an ECSV
# table. Astropy's loader is imported before, so that it keeps the one in Python.
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

EXTENSION = "ASDF"

# What no WCS comes near to, and would fill the memory or take for ever. Trees are nested some
# hundred levels deep, and have some thousand nodes for each slit; what several others refer to is
# read again for each of them.
MAX_DEPTH = 1000
MAX_NODES = 20_000_000
MAX_ARRAY = 20_000_000  # numbers in an array
MAX_COEFFICIENTS = 10_000  # of a polynomial: they become Python objects

_UNFINISHED = MAX_NODES + 1  # a node whose end is not yet found

_SCALARS = frozenset({str, int, float, bool, type(None)})

# Transforms that are kept to be shared: those of several NIRSpec slits, some ten megabytes.
_MOST_SHARED = 5000


def open_tree(hdus: fits.HDUList) -> asdf.AsdfFile:
    """Open the tree that a JWST file holds in its ASDF extension.

    Parameters
    ----------
    hdus : HDUList

    Returns
    -------
    asdf.AsdfFile
        Its nodes are converted when they are read; empty when there is no such extension.

    Raises
    ------
    ResampleError
        When it would fill the memory, or refers to something outside of the file.
    """
    if EXTENSION not in hdus:
        return asdf.AsdfFile()
    _check_bytes(hdus[EXTENSION].size)
    return _open(bytes(hdus[EXTENSION].data), lazy_load=True)


def open_file(path: str | Path) -> asdf.AsdfFile:
    """Open an ASDF file; what is read of its tree outlives it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    asdf.AsdfFile

    Raises
    ------
    ResampleError
        As `open_tree`.
    """
    path = Path(path)
    _check_bytes(path.stat().st_size)
    return _open(path.read_bytes(), lazy_load=False)


def _open(content: bytes, *, lazy_load: bool) -> asdf.AsdfFile:
    check_text(content)
    shared_transforms = _shared_transforms()
    with asdf.config_context() as config:
        # The schema checks cost more than everything else; what is needed of the tree is checked
        # where it is used.
        config.validate_on_read = False
        config.add_extension(shared_transforms)
        file = asdf.open(io.BytesIO(content), lazy_tree=True, lazy_load=lazy_load)
    try:
        check_tree(file.tree)
    except Exception:
        file.close()
        raise
    return file


def _check_bytes(size: int) -> None:
    if size > MAX_ASDF:
        raise ResampleError(f"its ASDF is of {size} bytes, {MAX_ASDF} are allowed")


@contextmanager
def conversion_errors() -> Iterator[None]:
    """Make errors of those of reading nodes of a tree, which asdf by default only warns of.

    What is left of such a node is a dict, and the cause is lost.
    """
    with asdf.config_context() as config:
        config.warn_on_failed_conversion = False
        yield


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
    text = content.split(b"\xd3BLK", 1)[0]
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


def check_tree(tree: object) -> None:
    """Refuse a tree that is endless, has absurd arrays or leads out of its file.

    Parameters
    ----------
    tree : object
        The tree of an AsdfFile that was opened lazily; nothing of it is converted.

    Raises
    ------
    ResampleError
    """
    if _expanded(_plain(tree), {}) > MAX_NODES:
        raise ResampleError("its ASDF tree refers to its own parts without end")


def _plain(node: object) -> object:
    """Give the dict or list of which a node consists, or the node itself."""
    while type(node) is not dict and type(node) is not list and hasattr(node, "data"):
        node = node.data
    return node


def _expanded(node: object, sizes: dict[int, int]) -> int:
    """Count the containers of a tree, a shared one as often as it is referred to."""
    size = 1
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        if type(child) in _SCALARS:
            continue
        inner = _plain(child)
        if not isinstance(inner, dict | list):
            continue
        if id(inner) not in sizes:
            sizes[id(inner)] = _UNFINISHED
            if isinstance(inner, dict):
                _check_array(inner)
            sizes[id(inner)] = _expanded(inner, sizes)
        # Within itself a node has no end; but transforms are read before their inverses, which may
        # lead back to them.
        if sizes[id(inner)] != _UNFINISHED or key != "inverse":
            size += sizes[id(inner)]
    if isinstance(node, dict) and "coefficients" in node:
        _check_size(_plain(node["coefficients"]), MAX_COEFFICIENTS)
    return size


def _check_array(node: Mapping) -> None:
    if "$ref" in node:
        raise ResampleError(f"its ASDF tree refers to another file, {node['$ref']!s:.100}")
    source = node.get("source")
    if "datatype" in node and isinstance(source, str) and not source.startswith("fits:"):
        raise ResampleError(f"its ASDF tree refers to another file, {source:.100}")
    if isinstance(source, int):
        _check_size(node, MAX_ARRAY)


def _check_size(node: object, most: int) -> None:
    shape = _plain(node.get("shape")) if isinstance(node, dict) else None
    if not isinstance(shape, list) or not all(isinstance(n, int) for n in shape):
        return
    if math.prod(shape) > most:
        raise ResampleError(f"its ASDF tree has an array of absurd size, {shape}")


@cache
def _shared_transforms() -> ExtensionProxy:
    # asdf loads the extensions that are installed once; in a context of its own, for each context.
    return ExtensionProxy.maybe_wrap(_SharedTransforms(asdf.get_config().extensions))


class _SharedTransforms(Extension):
    """Reads all transforms that some other extension knows, but equal ones only once.

    The slits of a NIRSpec exposure have most of their transforms in common, each with a copy of its
    own in the file, and most of the time to read a WCS goes into making models.
    """

    extension_uri = "asdf://specresample/extensions/shared-transforms"
    converters = ()
    tags = ()

    def __init__(self, others: Iterable[ExtensionProxy]) -> None:
        shared: dict[Hashable, Model] = {}
        known = [
            converter
            for extension in others
            for converter in extension.converters
            if isinstance(converter.delegate, TransformConverterBase)
        ]
        self.tags = sorted({tag for converter in known for tag in converter.tags})
        # Extensions come in many versions with the same converters.
        delegates = {id(converter.delegate): converter.delegate for converter in known}
        self.converters = [_SharedConverter(delegate, shared) for delegate in delegates.values()]


class _SharedConverter(Converter):
    tags = ()
    types = ()  # writes nothing

    def __init__(self, converter: TransformConverterBase, shared: dict[Hashable, Model]) -> None:
        self._converter, self._shared = converter, shared
        self.tags = converter.tags

    def select_tag(self, obj: Model, tags: list[str], ctx: object) -> str:
        raise NotImplementedError

    def to_yaml_tree(self, obj: Model, tag: str, ctx: object) -> dict:
        raise NotImplementedError

    def from_yaml_tree(self, node: Mapping, tag: str, ctx: object) -> Iterator[Model]:
        key = (tag, _frozen(node))
        if key in self._shared:
            yield self._shared[key]
            return
        if len(self._shared) >= _MOST_SHARED:
            self._shared.clear()
        for model in self._converter.from_yaml_tree(node, tag, ctx):
            self._shared[key] = model
            yield model


def _frozen(node: object) -> Hashable:
    """Give a value that is equal for equal nodes of a tree, and for no others."""
    if isinstance(node, Mapping):
        return tuple((key, _frozen(child)) for key, child in node.items())
    if isinstance(node, list | tuple):
        return tuple(map(_frozen, node))
    if type(node) in (np.ndarray, NDArrayType):  # not a Quantity, which has a unit too
        array = np.asarray(node)
        return array.dtype.str, array.shape, array.tobytes()
    if isinstance(node, str | int | float | None):
        # 1, 1.0 and True are equal, and so are 0.0 and -0.0.
        return type(node), repr(node)
    # Models, shared already, and whatever else there is: themselves alone.
    return _Itself(node)


@dataclass(frozen=True, eq=False)
class _Itself:
    """Stands for one object; holds it, so that no other one can take its identity."""

    node: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.node is other.node

    def __hash__(self) -> int:
        return id(self.node)

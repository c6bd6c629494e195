"""The tree in the ASDF extension of a JWST file, whose WCSs are built when they are asked for."""

import io
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import asdf
import numpy as np
from asdf.extension import Converter, Extension, ExtensionProxy
from asdf.tags.core.ndarray import NDArrayType
from asdf_astropy.converters.transform.core import TransformConverterBase
from astropy.io import fits
from astropy.modeling import Model

EXTENSION = "ASDF"

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
    """
    if EXTENSION not in hdus:
        return asdf.AsdfFile()
    shared_transforms = _shared_transforms()
    with asdf.config_context() as config:
        # The schema checks cost more than everything else; what is needed of the tree is checked
        # where it is used.
        config.validate_on_read = False
        config.add_extension(shared_transforms)
        return asdf.open(io.BytesIO(hdus[EXTENSION].data), lazy_tree=True)


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

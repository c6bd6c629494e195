"""The ASDF extension of a product, which holds its tree of metadata and the GWCS of its slits."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np
from astropy.io import fits

from specresample.common.asdf_format import ARRAY_TAG, CORE_TAG, Tagged, to_asdf
from specresample.common.fits_hash import FITS_HASH_KEY, fits_hash

# How the extension names the package whose files it is like.
_LIBRARY = Tagged(
    f"{CORE_TAG}software-1.0.0",
    {
        "name": "asdf",
        "version": version("asdf"),
        "author": "The ASDF Developers",
        "homepage": "http://github.com/asdf-format/asdf",
    },
)


def asdf_hdu(
    tree: Mapping[str, object],
    hdus: Sequence[fits.PrimaryHDU],
    history: Sequence[str],
    extensions: Sequence[str],
) -> fits.BinTableHDU:
    """Make the ASDF extension of a product.

    Parameters
    ----------
    tree : mapping
        Arrays and metadata by the names of the data model. Arrays that are the data of an HDU are
        left to it.
    hdus : sequence of HDU
        All others of the file.
    history : sequence of str
        How the product was made.
    extensions : sequence of str
        URIs of the ASDF extensions that the objects in the tree need.

    Returns
    -------
    BinTableHDU
    """
    links = {id(hdu.data): _link(hdu) for hdu in hdus if hdu.data is not None}
    entries = [Tagged(f"{CORE_TAG}history_entry-1.0.0", {"description": line}) for line in history]
    tree = _linked(tree, links) | {
        "asdf_library": _LIBRARY,
        "history": {"extensions": [*map(_extension, extensions)], "entries": entries},
        FITS_HASH_KEY: fits_hash(hdus),
    }
    content = np.frombuffer(to_asdf(tree), np.uint8)
    column = fits.Column("ASDF_METADATA", f"{content.size}B", array=content[None, :])
    return fits.BinTableHDU.from_columns([column], name="ASDF")


def _extension(uri: str) -> Tagged:
    # Without its package: asdf warns whoever has an older one, although the extension is the same.
    values = {"extension_class": "asdf.extension._manifest.ManifestExtension", "extension_uri": uri}
    return Tagged(f"{CORE_TAG}extension_metadata-1.0.0", values)


def _linked(value: object, links: Mapping[int, Tagged]) -> object:
    """Replace arrays by links to their HDUs."""
    if isinstance(value, Mapping):
        return {name: _linked(child, links) for name, child in value.items()}
    if isinstance(value, list):
        return [_linked(child, links) for child in value]
    return links.get(id(value), value)


def _link(hdu: fits.PrimaryHDU) -> Tagged:
    dtype = hdu.data.dtype
    values = {
        "source": f"fits:{hdu.name},{hdu.ver}",
        "shape": [*hdu.data.shape],
        "datatype": _datatype(dtype) if dtype.names is None else _columns(dtype),
        "byteorder": "big",
    }
    return Tagged(f"{ARRAY_TAG}1.1.0", values)


def _columns(dtype: np.dtype) -> list[dict]:
    return [
        {"name": name, "datatype": _datatype(dtype[name].base), "byteorder": "big"}
        | ({"shape": [*dtype[name].shape]} if dtype[name].shape else {})
        for name in dtype.names
    ]


def _datatype(dtype: np.dtype) -> str | list:
    return ["ascii", dtype.itemsize] if dtype.kind == "S" else dtype.name

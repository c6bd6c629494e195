"""Write an s2d product (docs/specification.md, "Product")."""

import io
from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path

import asdf
import gwcs
import numpy as np
from asdf.tags.core import HistoryEntry
from astropy.io import fits
from astropy.io.fits.column import NUMPY2FITS
from astropy.modeling import CompoundModel, Model
from stdatamodels import fits_support
from stdatamodels.jwst import datamodels

from specresample.common.files import written_aside
from specresample.grids.fits_wcs import TABLE, drop_third_axis, with_wavelength_table
from specresample.s2d.lean_asdf import lean_asdf
from specresample.s2d.model import S2d

_HASH = f"{fits_support.FITS_HASH_KEY}: ".encode()


def write_product(path: str | Path, product: S2d) -> None:
    """Write a product, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Path of the FITS file.
    product : S2d
    """
    path, table = Path(path), product.header_table
    tree = with_wavelength_table(product.tree, product.wavelengths)
    tree["meta"] |= {"filename": path.name} | ({"date": product.created} if product.created else {})
    tree["extra_fits"] = tree.get("extra_fits", {}) | {"PRIMARY": {"header": _more_cards(tree)}}
    hdus = fits.HDUList([fits.PrimaryHDU()])
    if table is not None:
        hdus.append(_table_hdu(table))
        # The tree links to what an HDU holds. As a view, it is linked once more under extra_fits,
        # from where stdatamodels writes it again.
        tree["hdrtab"] = hdus[-1].data
        tree["extra_fits"]["HDRTAB"] = {"data": hdus[-1].data.view()}
    entries = [HistoryEntry({"description": line}) for line in product.history]
    wcs = tree.get("slits", [tree])[0]["meta"]["wcs"]
    with lean_asdf():
        tree["history"] = {"extensions": _asdf_extensions(wcs), "entries": entries}
        hdus = fits_support.to_fits(tree, _schema(tree["meta"]["model_type"]), hdus)
    with hdus, written_aside(path) as aside:
        if table is not None:
            table_hdu = hdus.pop(1)
            hdus.insert(hdus.index_of(TABLE if TABLE in hdus else "ASDF"), table_hdu)
        drop_third_axis(hdus)
        hdus.update_extend()
        *others, asdf_hdu = hdus
        for hdu in others:
            _add_checksums(hdu)
        _state_hash(asdf_hdu, fits_support.fits_hash(hdus))
        _add_checksums(asdf_hdu)
        hdus.writeto(aside, output_verify="exception")


def _more_cards(tree: Mapping[str, object]) -> list[list[str]]:
    """Give the cards that the schemas do not know."""
    resample = tree["meta"]["resample"]
    return [
        ["KERNEL", resample["kernel"], "Drizzle kernel"],
        ["FILLVAL", resample["fillval"], "Value of pixels without weight"],
    ]


def _add_checksums(hdu: fits.hdu.base.ExtensionHDU) -> None:
    # astropy's comments would hold the time of day.
    hdu.add_datasum(when="data unit checksum")
    hdu.add_checksum(when="HDU checksum")


def _state_hash(asdf_hdu: fits.BinTableHDU, value: str) -> None:
    """Have the ASDF state the hash of the headers as they are written.

    Where it is the same, stdatamodels takes the metadata from the ASDF alone: faster, and without
    cards such as checksums, which would be out of date in a file that it saves.
    """
    content = asdf_hdu.data["ASDF_METADATA"][0]
    start = content.tobytes().index(_HASH) + len(_HASH)
    content[start : start + len(value)] = np.frombuffer(value.encode(), np.uint8)


# Those that WCSs need, by the kinds of their transforms and frames: it takes as long to find out as
# to write a product.
_extensions: dict[tuple[type, ...], list[dict]] = {}


def _asdf_extensions(wcs: gwcs.WCS) -> list[dict]:
    """List the ASDF extensions that a product with a WCS needs, sorted.

    Left alone, asdf lists them in the order of their addresses in memory, and no two runs would
    write the same bytes. Entries that are there beforehand keep their place.
    """
    transforms = [step.transform for step in wcs.pipeline[:-1]]
    parts = [*chain.from_iterable(map(_simple_models, transforms))]
    kinds = tuple(map(type, [*parts, *(step.frame for step in wcs.pipeline)]))
    if kinds not in _extensions:
        buffer = io.BytesIO()
        asdf.AsdfFile({"wcs": wcs}).write_to(buffer)
        buffer.seek(0)
        with asdf.open(buffer) as file:
            entries = [dict(entry) for entry in file["history"]["extensions"]]
        _extensions[kinds] = sorted(entries, key=lambda entry: entry["extension_uri"])
    return [dict(entry) for entry in _extensions[kinds]]


def _simple_models(transform: Model) -> list[Model]:
    if isinstance(transform, CompoundModel):
        return [*_simple_models(transform.left), *_simple_models(transform.right)]
    return [transform]


def _table_hdu(table: np.ndarray) -> fits.BinTableHDU:
    """Give the HDU of a header table; it holds it until it is asked for another one."""
    formats = tuple((name, _fits_format(table.dtype[name])) for name in table.dtype.names)
    hdu = _empty_table_hdu(len(table), formats)
    for name, format in formats:
        column = table[name]
        hdu.data[name][:] = np.where(column, b"T", b"F") if format == "L" else column
    # Those of the table before, which must not count for the hash of the headers.
    for keyword in ("CHECKSUM", "DATASUM"):
        hdu.header.remove(keyword, ignore_missing=True)
    return hdu


# The sources of a product have tables of the same columns, mostly, and to make such an HDU takes as
# long as all others of a source.
@lru_cache(maxsize=8)
def _empty_table_hdu(rows: int, formats: tuple[tuple[str, str], ...]) -> fits.BinTableHDU:
    columns = [fits.Column(name, format) for name, format in formats]
    # As bytes, or astropy would keep a second copy of texts and write that one.
    return fits.BinTableHDU.from_columns(
        columns,
        nrows=rows,
        name="HDRTAB",
        ver=1,
        character_as_bytes=True,
        logical_as_bytes=True,
    )


def _fits_format(dtype: np.dtype) -> str:
    return f"{dtype.itemsize // 4}A" if dtype.kind == "U" else NUMPY2FITS[dtype.str[1:]]


@cache
def _schema(model_type: str) -> dict:
    return getattr(datamodels, model_type)().schema

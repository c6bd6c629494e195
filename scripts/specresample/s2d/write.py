"""Write an s2d product (docs/specification.md, "Product")."""

import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.io.fits.column import NUMPY2FITS
from astropy.io.fits.verify import VerifyWarning

from specresample.common.files import written_aside
from specresample.grids.wavelength_table import point_to_table, wavelength_table
from specresample.s2d.asdf_extension import asdf_hdu
from specresample.s2d.hdus import model_hdus
from specresample.s2d.kept_tree import kept_tree
from specresample.s2d.model import S2d
from specresample.s2d.noise import covariance_hdus


def write_product(path: str | Path, product: S2d) -> None:
    """Write a product, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Path of the FITS file.
    product : S2d
    """
    path, tree = Path(path), product.tree
    tree["meta"]["filename"] = path.name
    primary, *images = model_hdus(tree)
    for line in product.history:
        primary.header["HISTORY"] = line
    tables = []
    if product.header_table is not None:
        tables.append(_table_hdu(product.header_table))
        # The tree links to what an HDU holds.
        tree = {**tree, "hdrtab": tables[0].data}
    tables += _wavelength_table(images, product.wavelengths)
    hdus = fits.HDUList([primary, *images, *tables, *covariance_hdus(tree)])
    with hdus, written_aside(path) as aside:
        # The ASDF states a hash of all headers, and so they must be as they are written.
        hdus.update_extend()
        for hdu in hdus:
            _add_checksums(hdu)
        tree = kept_tree(tree, hdus)
        hdus.append(asdf_hdu(tree, hdus, product.history, product.extensions))
        _add_checksums(hdus[-1])
        hdus.writeto(aside, output_verify="exception")


def _wavelength_table(
    images: Sequence[fits.ImageHDU], lines: Sequence[np.ndarray | None]
) -> list[fits.BinTableHDU]:
    """Make the table of wavelengths, where slits need one, and have their headers point to it."""
    headers = [hdu.header for hdu in images if hdu.name == "SCI"]
    if not any(line is not None for line in lines):
        return []
    table = wavelength_table(lines)
    for number, (header, line) in enumerate(zip(headers, lines, strict=True), start=1):
        if line is not None:
            point_to_table(header, number if len(headers) > 1 else None, table)
    return [table]


def _add_checksums(hdu: fits.hdu.base.ExtensionHDU) -> None:
    with warnings.catch_warnings():
        # Some titles of the schemas are too long for a comment, and cut.
        warnings.simplefilter("ignore", VerifyWarning)
        # astropy's comments would hold the time of day.
        hdu.add_datasum(when="data unit checksum")
        hdu.add_checksum(when="HDU checksum")


def _table_hdu(table: np.ndarray) -> fits.BinTableHDU:
    """Give the HDU of a header table. The next call for a table of the same columns reuses it."""
    formats = tuple((name, _fits_format(table.dtype[name])) for name in table.dtype.names)
    hdu = _empty_table_hdu(len(table), formats)
    for name, format in formats:
        column = table[name]
        hdu.data[name][:] = np.where(column, b"T", b"F") if format == "L" else column
    return hdu


# Most sources of a product have tables of the same columns, and making such an HDU takes as long as
# making all other HDUs of a source.
@lru_cache(maxsize=8)
def _empty_table_hdu(rows: int, formats: tuple[tuple[str, str], ...]) -> fits.BinTableHDU:
    columns = [fits.Column(name, format) for name, format in formats]
    # Texts are bytes, because astropy would otherwise keep a second copy of them and write that.
    return fits.BinTableHDU.from_columns(
        columns, nrows=rows, name="HDRTAB", ver=1, character_as_bytes=True, logical_as_bytes=True
    )


def _fits_format(dtype: np.dtype) -> str:
    return f"{dtype.itemsize // 4}A" if dtype.kind == "U" else NUMPY2FITS[dtype.str[1:]]

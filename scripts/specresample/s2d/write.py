"""Write an s2d product (docs/specification.md, "Product")."""

from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.io.fits.column import NUMPY2FITS

from specresample.common.files import written_aside
from specresample.common.schemas import Property, model_schema
from specresample.grids.fits_wcs import add_wavelength_table
from specresample.s2d.asdf_extension import asdf_hdu
from specresample.s2d.hdus import model_hdus
from specresample.s2d.model import S2d

# What the schemas have no keyword for.
MORE_KEYWORDS = {
    "kernel": {"title": "Drizzle kernel", "type": "string", "fits_keyword": "KERNEL"},
    "fillval": {
        "title": "Value of pixels without weight",
        "type": "string",
        "fits_keyword": "FILLVAL",
    },
}


def write_product(path: str | Path, product: S2d) -> None:
    """Write a product, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Path of the FITS file.
    product : S2d
    """
    path, tree, table = Path(path), product.tree, product.header_table
    tree["meta"] |= {"filename": path.name} | ({"date": product.created} if product.created else {})
    primary, *images = model_hdus(_schema(tree["meta"]["model_type"]), tree)
    for line in product.history:
        primary.header["HISTORY"] = line
    tables = [] if table is None else [_table_hdu(table)]
    if tables:
        # The tree links to what an HDU holds.
        tree = tree | {"hdrtab": tables[0].data}
    asdf = asdf_hdu(tree, [primary, *tables, *images], product.history, product.extensions)
    hdus = fits.HDUList([primary, *images, *tables, asdf])
    with hdus, written_aside(path) as aside:
        add_wavelength_table(hdus, product.wavelengths)
        for hdu in hdus:
            # astropy's comment would hold the time of day.
            hdu.add_datasum(when="data unit checksum")
            hdu.add_checksum(when="HDU checksum")
        hdus.writeto(aside, output_verify="exception")


def _table_hdu(table: np.ndarray) -> fits.BinTableHDU:
    """Give the HDU of a header table. The next call for a table of the same columns reuses it."""
    formats = tuple((name, _fits_format(table.dtype[name])) for name in table.dtype.names)
    hdu = _empty_table_hdu(len(table), formats)
    for name, format in formats:
        column = table[name]
        hdu.data[name][:] = np.where(column, b"T", b"F") if format == "L" else column
    # The checksums are those of the previous table. They must not count in the hash of the headers.
    for keyword in ("CHECKSUM", "DATASUM"):
        hdu.header.remove(keyword, ignore_missing=True)
    return hdu


# Most sources of a product have tables of the same columns, and making such an HDU takes as long as
# making all other HDUs of a source.
@lru_cache(maxsize=8)
def _empty_table_hdu(rows: int, formats: tuple[tuple[str, str], ...]) -> fits.BinTableHDU:
    columns = [fits.Column(name, format) for name, format in formats]
    # Texts are bytes, because astropy would otherwise keep a second copy of them and write that.
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
def _schema(model_type: str) -> Property:
    """Give the schema of a product, with the keywords that it has not."""
    schema = deepcopy(model_schema(model_type))
    schema.properties["meta"].properties["resample"].add({"properties": MORE_KEYWORDS})
    return schema

"""Products of ours and of jwst, read and compared: images, WCSs and headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import gwcs
import numpy as np
from astropy.io import fits
from stdatamodels.jwst import datamodels


@dataclass
class Slit:
    """A slit of a product: images and header of SCI."""

    file: Path
    number: int
    arrays: dict
    header: fits.Header


@dataclass
class Product:
    """A file."""

    primary: fits.Header
    table: fits.FITS_rec | None
    slits: list[Slit]


@cache
def read_product(path: Path) -> Product:
    """Read all of a file but its WCSs."""
    arrays, headers, table = {}, {}, None
    with fits.open(path, memmap=False) as hdus:
        for hdu in hdus[1:]:
            if hdu.is_image and hdu.data is not None:
                arrays.setdefault(hdu.ver, {})[hdu.name] = hdu.data
            if hdu.name == "SCI":
                headers[hdu.ver] = hdu.header
            if hdu.name == "HDRTAB":
                table = hdu.data
        primary = hdus[0].header
    parts = enumerate(zip(arrays.values(), headers.values(), strict=True))
    return Product(primary, table, [Slit(path, number, *part) for number, part in parts])


@contextmanager
def opened_wcs(slit: Slit) -> Iterator[gwcs.WCS]:
    """Give the WCS of a slit; its file stays open for the block, which may need its tables."""
    with datamodels.open(str(slit.file)) as model:
        yield (model.slits[slit.number] if hasattr(model, "slits") else model).meta.wcs


def compare_images(
    image: np.ndarray, expected: np.ndarray, name: str, *, tolerance: float = 2e-5
) -> None:
    """Compare an image of ours with jwst's: integers exactly, others to a relative tolerance."""
    assert image.shape == expected.shape, name
    assert image.dtype == expected.dtype, name
    if image.dtype.kind in "iu":
        np.testing.assert_array_equal(image, expected, err_msg=name)
        return
    # jwst sums in single precision. What it loses there is in proportion to the largest terms,
    # which in SCI may be larger than the sum.
    finite = np.abs(expected[np.isfinite(expected)])
    floor = 1e-6 * np.percentile(finite, 99) if finite.size else 0
    np.testing.assert_allclose(image, expected, rtol=tolerance, atol=floor, err_msg=name)


def compare_wcs(
    our: gwcs.WCS, their: gwcs.WCS, shape: tuple[int, int], *, boxed: bool = True
) -> None:
    """Compare both directions all over a grid, and the frame between."""
    corners = (np.linspace(-0.4, n - 0.6, 19) for n in shape[::-1])
    x, y = (grid.ravel() for grid in np.meshgrid(*corners))
    assert our.available_frames == their.available_frames
    assert our.array_shape == their.array_shape == shape
    if boxed:
        assert our.bounding_box == their.bounding_box
    world = np.array(their(x, y))
    on_sky = np.cos(np.deg2rad(world[1])), 1, 1  # for degrees of RA near the poles
    for ours, theirs, scale in zip(our(x, y), world, on_sky, strict=True):
        np.testing.assert_allclose(scale * ours, scale * theirs, rtol=0, atol=1e-10)
    for with_box in (False, boxed):
        if with_box and np.ptp(world, axis=1).min() < 1e-9:
            # Along a meridian only rounding decides whether the slit is inside its own footprint.
            continue
        inverse = [wcs.invert(*world, with_bounding_box=with_box) for wcs in (our, their)]
        np.testing.assert_allclose(*inverse, rtol=0, atol=1e-6)
    if "slit_frame" in their.available_frames:
        slit = [wcs.get_transform("detector", "slit_frame")(x, y) for wcs in (our, their)]
        np.testing.assert_allclose(*slit, rtol=0, atol=1e-8)


_OF_FILE = {"", "CHECKSUM", "DATASUM", "DATE", "FILENAME", "HISTORY"}
# The FITS WCS for viewers is ours alone, too.
_OURS_ALONE = {
    *("KERNEL", "FILLVAL", "WCSAXES"),
    *(f"PS{axis}_{number}" for axis in (1, 2) for number in (0, 1, 2)),
    *(f"{key}{axis}" for key in ("CDELT", "CRPIX", "CRVAL", "CTYPE", "CUNIT") for axis in (1, 2)),
}
# Where files have several slits, jwst keeps the header of the first exposure.
BLENDED = {
    *("BKGLEVEL", "BKGSUB", "DATE-END", "DURATION", "EFFEXPTM", "EXPEND", "EXPMID", "MJD-AVG"),
    *("MJD-END", "NDRIZ", "RESWHT", "TDB-END", "TDB-MID", "TELAPSE", "TMEASURE", "XPOSURE"),
}
# Of its singles jwst completes only those that it returns, and it counts on from one to the next.
SINGLE = {"NDRIZ", "SRCXPOS", "SRCYPOS", "S_REGION"}


def compare_arrays(ours: Product, theirs: Product) -> None:
    """Compare all arrays of all slits."""
    for our, their in zip(ours.slits, theirs.slits, strict=True):
        assert our.arrays.keys() == their.arrays.keys()
        for name, expected in their.arrays.items():
            compare_images(our.arrays[name], expected, name)


def compare_wcss(ours: Product, theirs: Product) -> None:
    """Compare the GWCSs of all slits."""
    for our, their in zip(ours.slits, theirs.slits, strict=True):
        with opened_wcs(our) as our_wcs, opened_wcs(their) as their_wcs:
            compare_wcs(our_wcs, their_wcs, their.arrays["SCI"].shape)


def differences(ours: fits.Header, theirs: fits.Header, permitted: set[str]) -> dict:
    """Keywords that differ, with both values."""
    return {
        key: (ours.get(key), theirs.get(key))
        for key in {*ours, *theirs} - _OF_FILE - _OURS_ALONE - permitted
        if not _same(ours.get(key), theirs.get(key))
    }


def _same(ours: object, theirs: object) -> bool:
    if isinstance(theirs, str) and theirs.startswith("POLYGON"):
        ours, theirs = ours.split(), theirs.split()
        return ours[:2] == theirs[:2] and np.allclose(
            np.array(ours[2:], float), np.array(theirs[2:], float), rtol=0, atol=2.1e-9
        )
    if isinstance(theirs, float) and isinstance(ours, int | float):
        return np.isclose(ours, theirs, rtol=1e-8, atol=0)
    return ours == theirs

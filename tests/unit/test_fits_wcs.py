"""Wavelengths by the FITS WCS of a grid are those of the grid."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from handmade import STEP, summary
from specresample.grids.fits_wcs import dispersion_line, fits_wcs
from specresample.grids.rectified import build_grid
from specresample.grids.wavelengths import LinearGrid, LogGrid, NativeGrid

EXPOSURES = {
    1: ([summary(wavelengths=tuple(np.linspace(1, 2.5, 40)))], "NRS_FIXEDSLIT"),
    2: (
        [
            summary(
                kind="interpolated", dispersion_axis=2, wavelengths=tuple(np.linspace(12, 5, 30))
            )
        ],
        "MIR_LRS-FIXEDSLIT",
    ),
}


def keywords(grid, axis):
    return fits_wcs(grid, axis, dispersion_line(grid, axis), source_pixel=4.5)


@pytest.mark.parametrize("axis", EXPOSURES)
@pytest.mark.parametrize(
    ("sampling", "ctype"),
    [
        (LinearGrid(), "WAVE"),
        (LinearGrid((4.0, 9.0), 0.05), "WAVE"),
        (LogGrid(resolving_power=60), "WAVE-LOG"),
        (LogGrid((0.9, 11.0), 20), "WAVE-LOG"),
    ],
)
@pytest.mark.parametrize("rows", [None, 45])
def test_wavelengths_without_a_table(axis, sampling, ctype, rows):
    exposures, exposure_type = EXPOSURES[axis]
    if sampling == LinearGrid((4.0, 9.0), 0.05) and axis == 1:
        sampling = LinearGrid((1.2, 2.0), 0.05)
    shape = None if rows is None else (rows, rows)
    grid = build_grid(exposures, exposure_type, sampling=sampling, shape=shape)
    header = fits.Header({key.upper(): value for key, value in keywords(grid, axis).items()})
    assert header[f"CTYPE{axis}"] == ctype
    wcs = WCS(header)
    pixels = np.zeros((len(grid.wavelengths), 2))
    pixels[:, axis - 1] = np.arange(len(grid.wavelengths))
    world = wcs.wcs_pix2world(pixels, 0)
    np.testing.assert_allclose(world[:, axis - 1] * 1e6, grid.wavelengths, rtol=1e-9)
    # Across, as ever.
    assert header[f"CDELT{3 - axis}"] == pytest.approx(3600 * STEP, rel=1e-6)


@pytest.mark.parametrize("options", [{}, {"sampling": NativeGrid(2)}, {"shape": (20, 20)}])
def test_all_others_have_a_table(options):
    exposures, exposure_type = EXPOSURES[1]
    assert keywords(build_grid(exposures, exposure_type, **options), 1)["ctype1"] == "WAVE-TAB"

"""Our products against jwst's own, array by array (needs the reference data)."""

import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits
from conftest import EXPECTED

# The reference takes the pixel scale through the WCS's inverse, which is off by 1e-4 pixel: its
# grids differ by 1e-7 of their scale, which weights at the edge of the slit show.
TOLERANCE = {"nirspec_mos_real-pixel_scale_0.08": 5e-3, "nirspec_mos_real-output_wcs": 5e-3}


@pytest.fixture
def tolerance(request):
    """Relative tolerance of the arrays."""
    return TOLERANCE.get(request.node.callspec.params["pair"], 2e-5)


def test_every_expected_product_is_compared(shared):
    names = {path.name.removesuffix("_s2d.fits") for path in shared.glob("data/expected/*.fits")}
    assert names == set(EXPECTED)


def test_oracle_agrees(pair, shared):
    script = shared / "oracle" / "compare_s2d.py"
    arrays = "SCI,WHT,ERR,VAR_RNOISE,VAR_POISSON,VAR_FLAT,CON,WAVELENGTH,DQ"
    run = subprocess.run(
        [sys.executable, script, *pair, "--arrays", arrays],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "agrees"


def test_arrays(pair, tolerance):
    with fits.open(pair[0]) as ours, fits.open(pair[1]) as reference:
        for expected in reference:
            if not expected.is_image or expected.data is None:
                continue
            name = (expected.name, expected.ver)
            data = ours[name].data
            assert data.shape == expected.data.shape, name
            assert data.dtype == expected.data.dtype, name
            if data.dtype.kind in "iu":
                np.testing.assert_array_equal(data, expected.data, err_msg=str(name))
                continue
            # jwst sums in single precision; what it loses there is in proportion to the largest
            # terms, which in SCI may be larger than the sum.
            floor = 1e-6 * np.nanpercentile(np.abs(expected.data), 99)
            np.testing.assert_allclose(
                data, expected.data, rtol=tolerance, atol=floor, err_msg=str(name)
            )

"""Our products against jwst's own, array by array (needs the reference data)."""

import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits
from conftest import snakemake, write_association, write_config

# Arguments of every expected product, as jwst was given them.
EXPECTED = {
    "nirspec_mos_real-default": {},
    "nirspec_mos_real-pixfrac_0.6": {"pixfrac": 0.6},
    "nirspec_mos_real-kernel_point": {"kernel": "point"},
    "nirspec_mos_real-weight_type_exptime": {"weight_type": "exptime"},
    "nirspec_mos_real-pixel_scale_ratio_2": {"pixel_scale_ratio": 2.0},
    "nirspec_mos_real-pixel_scale_0.08": {"pixel_scale": 0.08},
    "nirspec_mos_real-fillval_0": {"fillval": "0"},
    "nirspec_mos_real-propagate_dq": {"propagate_dq": True},
    "nirspec_mos_real-output_wcs": {"output_wcs": "grid.asdf"},
    "nirspec_fs_sim-default": {},
    "nirspec_fs_sim-pixfrac_0.6": {"pixfrac": 0.6},
    "nirspec_mos_sim-default": {},
    "miri_lrs_sim-default": {},
    "miri_lrs_sim-pixel_scale_ratio_2": {"pixel_scale_ratio": 2.0},
    "miri_lrs_sim-weight_type_exptime": {"weight_type": "exptime"},
}


# The reference takes the pixel scale through the WCS's inverse, which is off by 1e-4 pixel: its
# grids differ by 1e-7 of their scale, which weights at the edge of the slit show.
TOLERANCE = {"nirspec_mos_real-pixel_scale_0.08": 5e-3, "nirspec_mos_real-output_wcs": 5e-3}


@pytest.fixture(scope="session")
def products(shared, tmp_path_factory):
    """Make all of them in one run: a product each, its arguments as overrides."""
    work = tmp_path_factory.mktemp("parity")
    for name in EXPECTED:
        source = shared / "data" / name.split("-")[0]
        exposures = sorted(source.glob("*_cal.fits"))
        write_association(work / source.name, name, exposures)
    (work / "grid.asdf").symlink_to(shared / "data/expected/nirspec_mos_real-grid.asdf")
    overrides = {name: arguments for name, arguments in EXPECTED.items() if arguments}
    config = write_config(work, associations=["*/*_asn.json"], overrides=overrides)
    snakemake(work, config)
    return work / "results"


@pytest.fixture(params=EXPECTED)
def pair(request, products, shared):
    """Our product and jwst's."""
    name = request.param
    return products / f"{name}_s2d.fits", shared / f"data/expected/{name}_s2d.fits"


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

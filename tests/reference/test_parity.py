"""Our products against jwst's own, array by array (needs the reference data)."""

import subprocess
import sys

import pytest
from astropy.io import fits
from conftest import EXPECTED
from jwst_products import compare_images

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


@pytest.mark.parametrize("name", EXPECTED)
def test_both_schedules_make_the_same_bytes(name, products, products_at_one_go):
    file = f"{name}_s2d.fits"
    assert (products_at_one_go / file).read_bytes() == (products / file).read_bytes()


def test_real_nods_have_the_jobs_of_the_flow(products):
    status = products / ".work/status"
    exposures = sorted(path.stem for path in status.glob("prepare_exposure/jw01345*.json"))
    name = "nirspec_mos_real-default"
    drizzled = sorted(path.stem for path in status.glob(f"drizzle_exposure/{name}/*.json"))
    assert len(drizzled) == 3
    # Each exposure is prepared once, for all products that it is in.
    assert set(drizzled) < set(exposures)
    assert len(exposures) == 6
    for rule in ("output_grid", "combine"):
        assert (status / rule / f"{name}.json").is_file()


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
            compare_images(
                ours[expected.name, expected.ver].data,
                expected.data,
                f"{expected.name},{expected.ver}",
                tolerance=tolerance,
            )

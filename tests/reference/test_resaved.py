"""Products that a user opens and saves with the data models of jwst's environment."""

import json
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

NAMES = (
    "nirspec_mos_real-default",
    "nirspec_mos_real-propagate_dq",
    "nirspec_fs_sim-default",
    "nirspec_mos_sim-default",
    "miri_lrs_sim-default",
)


@pytest.fixture(scope="module")
def resaved(products, jwst_python, tmp_path_factory):
    """Folder of the products as they were saved, and the warnings about each by name."""
    folder = tmp_path_factory.mktemp("resaved")
    files = {str(products / f"{name}_s2d.fits"): name for name in NAMES}
    driver = Path(__file__).with_name("resave_driver.py")
    command = [jwst_python, driver, folder, *files]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    heard = json.loads(run.stdout.splitlines()[-1])
    return folder, {files[file]: heard[file] for file in files}


@pytest.mark.parametrize("name", NAMES)
def test_older_packages_do_not_complain(resaved, name):
    assert resaved[1][name] == []


@pytest.mark.parametrize("name", NAMES)
def test_wavelengths_of_every_slit_stay(resaved, name):
    with fits.open(resaved[0] / f"{name}_s2d.fits") as hdus:
        slits = [hdu for hdu in hdus if hdu.name == "SCI"]
        assert slits
        for hdu in slits:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FITSFixedWarning)
                wcs = WCS(hdu.header, hdus)
            y, x = np.indices(hdu.shape)
            world = wcs.pixel_to_world_values(*[x, y, 0 * x][: wcs.naxis])
            found = world[[*wcs.world_axis_units].index("um")]
            np.testing.assert_allclose(found, hdus["WAVELENGTH", hdu.ver].data, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_or_out_of_date(resaved, products, name):
    with warnings.catch_warnings():
        # Checksums that do not fit are warnings.
        warnings.simplefilter("error")
        with (
            fits.open(resaved[0] / f"{name}_s2d.fits", checksum=True) as hdus,
            fits.open(products / f"{name}_s2d.fits", checksum=True) as new,
        ):
            assert [(hdu.name, hdu.ver) for hdu in hdus] == [(hdu.name, hdu.ver) for hdu in new]
            keywords = {*new[0].header} - {*hdus[0].header}
    assert keywords == {"CHECKSUM", "DATASUM"}

"""Our products in the hands of others: jwst's next step, specutils, fitsverify."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from apertures import write_apertures

READ = ("nirspec_mos_real-default", "nirspec_fs_sim-default", "miri_lrs_sim-default")


@pytest.fixture(scope="module")
def readings(products, shared, jwst_python, tmp_path_factory):
    """What the readers see in our products and in jwst's."""
    folder = tmp_path_factory.mktemp("ecosystem")
    reference_file = write_apertures(folder / "extract1d.json", 8)
    pairs = {
        name: (products / f"{name}_s2d.fits", shared / f"data/expected/{name}_s2d.fits")
        for name in READ
    }
    driver = Path(__file__).with_name("ecosystem_driver.py")
    command = [jwst_python, driver, reference_file, folder / "out.json"]
    files = [file for pair in pairs.values() for file in pair]
    run = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    results = json.loads((folder / "out.json").read_text())
    return {name: [results[str(file)] for file in pair] for name, pair in pairs.items()}


@pytest.mark.parametrize("name", READ)
def test_extract_1d_gives_the_same_spectrum(readings, name):
    ours, reference = (reading["extracted"] for reading in readings[name])
    assert len(ours) == len(reference) > 0
    for spectrum, expected in zip(ours, reference, strict=True):
        for column in expected:
            values = np.array(expected[column])
            assert np.isfinite(values).sum() > 10
            scale = np.nanmedian(np.abs(values))
            np.testing.assert_allclose(spectrum[column], values, rtol=1e-3, atol=1e-3 * scale)


@pytest.mark.parametrize("name", READ)
def test_specutils_sees_the_same(readings, name):
    ours, reference = (reading["loaded"] for reading in readings[name])
    assert len(ours) == len(reference) > 0
    for spectrum, expected in zip(ours, reference, strict=True):
        np.testing.assert_allclose(spectrum["wavelength"], expected["wavelength"], rtol=1e-9)
        flux = np.array(expected["flux"])
        floor = 1e-6 * np.nanpercentile(np.abs(flux), 99)
        np.testing.assert_allclose(spectrum["flux"], flux, rtol=2e-5, atol=floor)


def test_fitsverify_finds_no_errors(pair):
    if not shutil.which("fitsverify"):
        pytest.skip("fitsverify is not installed")
    run = subprocess.run(
        ["fitsverify", "-e", pair[0]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "0 error(s)" in run.stdout, run.stdout

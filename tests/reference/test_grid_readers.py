"""Products on other wavelength grids in the hands of jwst's next step and of specutils."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from apertures import write_apertures
from astropy.io import fits
from inprocess import make, slitlet, write_lrs_exposures, write_slit_exposures


def write_two_slits(folder):
    """Write exposures of two slits; specutils cannot read images with as many rows as columns."""
    second = slitlet(source_id=2)
    second = replace(second, geometry=replace(second.geometry, name="S400A1", shape=(20, 50)))
    return write_slit_exposures(folder, slitlets=(slitlet(), second), single=False)


WRITERS = {"slit": write_slit_exposures, "slits": write_two_slits, "lrs": write_lrs_exposures}
GRIDS = {
    "native": {},
    "linear": {"wavelength_grid": "linear"},
    "log": {"wavelength_grid": "log"},
    "fine": {"spectral_oversampling": 2},
    "shape": {"output_shape": [34, 32]},
}
CASES = [(mode, grid) for mode in WRITERS for grid in GRIDS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("readers")


@pytest.fixture(scope="module")
def products(folder):
    """Product of every mode and grid."""
    for mode, write in WRITERS.items():
        exposures = write(folder / mode)
        for grid, asked in GRIDS.items():
            make(exposures, folder / f"{mode} {grid}", **asked)
    return {case: folder / " ".join(case) / "product_s2d.fits" for case in CASES}


@pytest.fixture(scope="module")
def readings(products, jwst_python, folder):
    """What the readers see."""
    reference_file = write_apertures(folder / "extract1d.json", 8)
    driver = Path(__file__).with_name("ecosystem_driver.py")
    command = [jwst_python, driver, reference_file, folder / "out.json", *products.values()]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    results = json.loads((folder / "out.json").read_text())
    return {case: results[str(file)] for case, file in products.items()}


def wavelengths(file):
    """Wavelengths of every slit of a product, ascending."""
    with fits.open(file) as hdus:
        images = [hdu.data.astype(float) for hdu in hdus if hdu.name == "WAVELENGTH"]
    return [np.unique(image) for image in images]


def mean_flux(spectrum, low, high):
    """Mean flux density between two wavelengths, of what is extracted."""
    line, density = (np.array(spectrum[name]) for name in ("WAVELENGTH", "FLUX"))
    order = np.argsort(line)
    line, density = line[order], density[order]
    inside = (line > low) & (line < high)
    return np.trapezoid(density[inside], line[inside]) / np.ptp(line[inside])


@pytest.mark.parametrize(("mode", "grid"), CASES)
def test_extract_1d(products, readings, mode, grid):
    spectra = readings[mode, grid]["extracted"]
    expected = readings[mode, "native"]["extracted"]
    lines = wavelengths(products[mode, grid])
    assert len(spectra) == len(lines) == len(expected)
    for spectrum, native, line in zip(spectra, expected, lines, strict=True):
        assert np.isin(np.float32(spectrum["WAVELENGTH"]), np.float32(line)).all()
        assert len(spectrum["WAVELENGTH"]) > 0.8 * len(line)
        low, high = np.percentile(native["WAVELENGTH"], [20, 80])
        # The ends of so short a spectrum fall differently on the pixels of each grid.
        mean = mean_flux(spectrum, low, high)
        assert mean == pytest.approx(mean_flux(native, low, high), rel=0.05)
        assert mean > 0


@pytest.mark.parametrize(("mode", "grid"), CASES)
def test_specutils(products, readings, mode, grid):
    spectra, lines = readings[mode, grid]["loaded"], wavelengths(products[mode, grid])
    assert len(spectra) == len(lines)
    for spectrum, line in zip(spectra, lines, strict=True):
        np.testing.assert_allclose(np.sort(np.ravel(spectrum["wavelength"])), line, rtol=1e-6)
        assert np.isfinite(spectrum["flux"]).any()

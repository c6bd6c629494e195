"""The page on readers: every example of it is run, and finds what is in the product.

Examples run in the environment of their reader: ours, jwst's (JWST_PYTHON), or one with jdaviz and
specreduce, which pip makes at night.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from apertures import write_apertures
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from inprocess import make
from observations import write_observation
from runs import PROJECT
from stdatamodels.jwst import datamodels
from stored_products import unpack

PAGE = (PROJECT / "docs/readers.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)$(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))
JDAVIZ = "jdaviz==5.0.2"

# What every example is followed by: it has the numbers that are in the file.
WAVELENGTH = """
import numpy as np
from astropy.io import fits
with fits.open(path) as hdus:
    sci, err = hdus["SCI", slit].data, hdus["ERR", slit].data
    expected = hdus["WAVELENGTH", slit].data
middle = len(expected) // 2
"""
CHECKS = {
    "Data models": """
assert abs(wavelength - expected[10, 20]) < 1e-6
assert abs(x - 20) < 1e-4 and abs(y - 10) < 1e-4
""",
    "astropy.wcs": """
assert abs(wavelength.to_value("um") - expected[10, 20]) < 1e-6
assert 0 < abs(offset.to_value("arcsec")) < 2
""",
    "extract_1d": """
np.testing.assert_allclose(table["WAVELENGTH"], expected[middle], atol=1e-6)
assert np.nanmedian(table["FLUX"] / table["FLUX_ERROR"]) > 1
""",
    "specutils": """
np.testing.assert_allclose(spectrum.spectral_axis.to_value("um"), expected[middle], atol=1e-6)
np.testing.assert_array_equal(spectrum.flux.value, sci)
np.testing.assert_array_equal(spectrum.uncertainty.array, err)
""",
    "specreduce": """
np.testing.assert_allclose(extracted.spectral_axis.to_value("um"), expected[middle], atol=1e-6)
assert np.nansum(extracted.flux.value) > 0.5 * np.nansum(sci)
""",
    "jdaviz": """
np.testing.assert_allclose(spectrum.spectral_axis.to_value("um"), expected[middle], atol=1e-6)
np.testing.assert_array_equal(spectrum.flux.value, sci)
np.testing.assert_array_equal(spectrum.uncertainty.array, err)
np.testing.assert_allclose(extracted.spectral_axis.to_value("um"), expected[middle], atol=1e-6)
""",
}

# Reference files (extract1d.json of `write_apertures`), and the context of CRDS, so that extract_1d
# asks nobody for them.
OPTIONS = """
import os
from stpipe import crds_client
crds_client.get_context_used = lambda *names: "none.pmap"
os.environ["STPIPE_DISABLE_CRDS_STEPPARS"] = "true"
nothing = ("apcorr", "psf", "pastasoss", "specprofile", "speckernel")
options = {f"override_{kind}": "N/A" for kind in nothing}
options |= {"override_extract1d": "extract1d.json", "apply_apcorr": False}
"""


def example(reader, language="python"):
    """Code of the page about a reader."""
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", SECTIONS[reader], re.DOTALL))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Products of one slit and of several."""
    folder = tmp_path_factory.mktemp("products")
    for name, observation in {"slit": "grating", "slits": "two_slits"}.items():
        make(write_observation(folder / "data", observation), folder, name=name)
    return folder


@pytest.fixture(params=[("slit", 1), ("slits", 2)], ids=["one slit", "the second of two"])
def spectrum(request, made):
    """Path of a product, and number of a slit in it."""
    name, slit = request.param
    return made / f"{name}_s2d.fits", slit


def run_python(python, folder, *parts):
    """Run code in an environment; returns what it prints."""
    script = folder / "example.py"
    script.write_text("import warnings\nwarnings.simplefilter('ignore')\n" + "\n".join(parts))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    run = subprocess.run(
        [python, script], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def run_example(reader, python, folder, spectrum, before=""):
    path, slit = spectrum
    begin = f"path, slit = {str(path)!r}, {slit}"
    run_python(python, folder, begin, before, example(reader), WAVELENGTH, CHECKS[reader])


def test_every_example_is_run():
    assert {*SECTIONS} == {*CHECKS, "ds9"}


@pytest.mark.parametrize("reader", ["Data models", "astropy.wcs"])
def test_here(reader, spectrum, tmp_path):
    run_example(reader, sys.executable, tmp_path, spectrum)


def test_astropy_says_that_it_needs_the_file(made):
    header = fits.getheader(made / "slit_s2d.fits", "SCI")
    with pytest.raises(ValueError, match="HDUList is required"):
        WCS(header)


def test_slits_that_were_saved(made, tmp_path):
    with datamodels.open(made / "slits_s2d.fits") as model:
        model.save(tmp_path / "saved_s2d.fits")
    with (
        fits.open(tmp_path / "saved_s2d.fits") as saved,
        fits.open(made / "slits_s2d.fits") as new,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", FITSFixedWarning)
        for slit in (1, 2):
            before = WCS(new["SCI", slit].header, new).pixel_to_world_values(20, 10)
            after = WCS(saved["SCI", slit].header, saved).pixel_to_world_values(20, 10, 0)
            np.testing.assert_allclose(after[1:], before[::-1], rtol=1e-9)


@pytest.mark.parametrize("reader", ["extract_1d", "specutils"])
def test_in_jwsts_environment(reader, jwst_python, spectrum, tmp_path):
    write_apertures(tmp_path / "extract1d.json", 8)
    run_example(reader, jwst_python, tmp_path, spectrum, before=OPTIONS)


@pytest.fixture(scope="module")
def jdaviz_python(tmp_path_factory):
    """Python of an environment with jdaviz, which brings specreduce."""
    python = os.environ.get("JDAVIZ_PYTHON")
    if not python:
        folder = tmp_path_factory.mktemp("jdaviz")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = folder / "bin/python"
        pip = [python, "-m", "pip", "install", "--quiet", JDAVIZ]
        run = subprocess.run(pip, capture_output=True, text=True, check=False)
        if "No matching distribution" in run.stderr:
            pytest.skip("pip cannot get jdaviz here")
        assert run.returncode == 0, run.stderr
    return python


@pytest.mark.nightly
@pytest.mark.parametrize("reader", ["specreduce", "jdaviz"])
def test_in_an_environment_with_jdaviz(reader, jdaviz_python, spectrum, tmp_path):
    run_example(reader, jdaviz_python, tmp_path, spectrum)


@pytest.mark.nightly
@pytest.mark.parametrize("wavelength_grid", ["linear", "log"])
def test_jdaviz_reads_other_grids_of_wavelengths(jdaviz_python, tmp_path, wavelength_grid):
    exposures = write_observation(tmp_path / "data", "grating")
    make(exposures, tmp_path, name="other", wavelength_grid=wavelength_grid)
    run_example("jdaviz", jdaviz_python, tmp_path, (tmp_path / "other_s2d.fits", 1))


@pytest.mark.nightly
def test_jdaviz_extracts_what_it_extracts_from_jwsts_product(jdaviz_python, made, tmp_path):
    """Jwst's has no wavelengths there."""
    theirs = unpack("slit", tmp_path)
    code = """
from jdaviz import Specviz2d
import numpy as np
spectra = []
for path in paths:
    specviz2d = Specviz2d()
    specviz2d.load(path, format="2D Spectrum")
    label = specviz2d.app.data_collection[0].label
    spectra.append(specviz2d.get_data(f"{label} (auto-ext)"))
ours, theirs = spectra
assert (str(ours.spectral_axis.unit), str(theirs.spectral_axis.unit)) == ("um", "pix")
assert ours.flux.unit == theirs.flux.unit
scale = np.nanmedian(np.abs(theirs.flux.value))
np.testing.assert_allclose(ours.flux.value, theirs.flux.value, rtol=2e-5, atol=1e-6 * scale)
"""
    paths = [str(made / "slit_s2d.fits"), str(theirs)]
    run_python(jdaviz_python, tmp_path, f"paths = {paths}", code)


def test_ds9(made, tmp_path):
    if not all(map(shutil.which, ("ds9", "Xvfb", "xpaget"))):
        pytest.skip("no ds9, Xvfb and xpaget on this machine")
    path = made / "slit_s2d.fits"
    line = re.sub(r'"[^"]+_s2d\.fits', f'"{path}', example("ds9", "bash"))
    assert str(path) in line
    with started(["Xvfb", "-displayfd", "1"], stdout=subprocess.PIPE, text=True) as screen:
        # Comes when the display can be used.
        number = screen.stdout.readline().strip()
        environment = os.environ | {"DISPLAY": f":{number}", "XPA_METHOD": "local"}
        with started(f"exec {line.strip()}", shell=True, env=environment):
            value = pixel_in_ds9(environment)
    assert value == pytest.approx(float(fits.getdata(path, "SCI")[10, 20]), rel=1e-4)


@contextmanager
def started(*arguments, **options):
    """Run a program during the block."""
    with subprocess.Popen(*arguments, **options) as program:
        try:
            yield program
        finally:
            program.terminate()


def pixel_in_ds9(environment):
    """Value that ds9 shows of a pixel, as soon as it has opened the file."""
    get = ["xpaget", "ds9", "data", "image", "21", "11", "1", "1", "yes"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = subprocess.run(get, capture_output=True, text=True, env=environment, check=False)
        if run.stdout.strip():
            return float(run.stdout)
        time.sleep(1)
    raise AssertionError(f"ds9 shows nothing: {run.stderr}")

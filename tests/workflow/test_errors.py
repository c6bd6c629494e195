"""Products with exact errors and covariances: what they hold, state and keep."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import asdf
import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from inprocess import (
    arrays,
    drizzled,
    file_names,
    make,
    write_lrs_exposures,
    write_slit_exposures,
    write_slits_exposures,
)
from nodes import gwcs_of
from observations import SETUPS
from runs import PROJECT, snakemake, write_config
from specresample.quality.extraction import signal_to_noise
from specresample.reporting.preview import sum_spectrum
from specresample.s2d.noise import read_noise
from specresample.s2d.product_files import make_file
from specresample.s2d.read import read_product
from specsim import fixed_slit, write_nirspec
from stdatamodels.jwst import datamodels

FILE = "product_s2d.fits"
PRODUCT = "jw01345-o005_t001_nirspec_f290lp-g395m"
VARIANCES = ("VAR_RNOISE", "VAR_POISSON", "VAR_FLAT")


def write_lamp_exposures(folder):
    return [*write_nirspec(folder, SETUPS["lamp"]).members]


WRITE = {
    "NIRSpec": write_slit_exposures,
    "slits": write_slits_exposures,
    "LRS": write_lrs_exposures,
    "lamp": write_lamp_exposures,
}


@pytest.fixture(scope="module", params=WRITE)
def exposures(request, tmp_path_factory):
    return WRITE[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def slit_exposures(tmp_path_factory):
    return write_slit_exposures(tmp_path_factory.mktemp("slit"))


def product(exposures, folder, **arguments):
    folder.mkdir()
    make(exposures, folder, **arguments)
    return folder / FILE


def headers(path):
    with fits.open(path) as hdus:
        return {(hdu.name, hdu.ver): hdu.header.copy() for hdu in hdus}


@pytest.mark.parametrize("errors", ["pixel", "aperture"])
def test_errors_alone_differ_from_the_reference(exposures, tmp_path, errors):
    expected = arrays(product(exposures, tmp_path / "reference", propagate_dq=True))
    found = arrays(product(exposures, tmp_path / "exact", propagate_dq=True, errors=errors))
    assert found.keys() == expected.keys()
    for name in expected:
        if not name.startswith(("ERR", "VAR")):
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    assert np.nanmedian(found["ERR"] / expected["ERR"]) != pytest.approx(1, abs=0.01)
    squares = [np.nan_to_num(found[name].astype(float)) for name in VARIANCES]
    known = np.isfinite(found["ERR"])
    np.testing.assert_allclose(found["ERR"][known] ** 2, sum(squares)[known], rtol=1e-5)


def test_kind_of_errors_is_stated(slit_exposures, tmp_path):
    path = product(slit_exposures, tmp_path / "a", errors="pixel", covariance=True)
    found = headers(path)["PRIMARY", 1]
    assert found["ERRTYPE"] == "pixel"
    assert any('"errors": "pixel"' in line for line in history(path))
    plain = product(slit_exposures, tmp_path / "b")
    assert "ERRTYPE" not in headers(plain)["PRIMARY", 1]
    assert not any('"errors"' in line for line in history(plain))


def history(path):
    return [*headers(path)["PRIMARY", 1]["HISTORY"]]


def test_every_slit_has_an_extension(exposures, tmp_path):
    path = product(exposures, tmp_path / "a", errors="pixel", covariance=True)
    found = headers(path)
    slits = [version for name, version in found if name == "SCI"]
    assert [version for name, version in found if name == "COVAR"] == slits
    for slit in slits:
        header, sci = found["COVAR", slit], found["SCI", slit]
        assert header["BITPIX"] == -32
        assert [header[f"NAXIS{axis}"] for axis in (1, 2)] == [sci["NAXIS1"], sci["NAXIS2"]]
        assert u.Unit(header["BUNIT"]) == u.Unit(sci["BUNIT"]) ** 2
        lags = [(header[f"LAGY{k}"], header[f"LAGX{k}"]) for k in range(1, header["NAXIS3"] + 1)]
        assert lags == [(0, 1), (1, -1), (1, 0), (1, 1)]


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_lags_follow_the_scale_across_the_dispersion(exposures, tmp_path, ratio):
    path = product(
        exposures, tmp_path / "a", errors="pixel", covariance=True, pixel_scale_ratio=ratio
    )
    found = headers(path)
    header, axis = found["COVAR", 1], found["SCI", 1]["DISPAXIS"]
    steps = {
        kind: [abs(header[f"LAG{kind}{k}"]) for k in range(1, header["NAXIS3"] + 1)]
        for kind in "XY"
    }
    assert max(steps["X" if axis == 1 else "Y"]) == 1
    assert max(steps["Y" if axis == 1 else "X"]) == np.ceil(ratio)


def test_apertures_hold_the_covariances_of_their_wavelength(exposures, tmp_path):
    pixel = product(exposures, tmp_path / "a", errors="pixel", covariance=True)
    aperture = product(exposures, tmp_path / "b", errors="aperture", covariance=True)
    np.testing.assert_array_equal(arrays(pixel)["COVAR"], arrays(aperture)["COVAR"])
    noise, same = read_noise(pixel), read_noise(aperture)
    np.testing.assert_allclose(
        same.variance, noise.variance, rtol=1e-4, atol=1e-6 * noise.variance.max()
    )
    everywhere = np.ones(noise.variance.shape)
    statistical = sum(np.nan_to_num(arrays(aperture)[name]) for name in VARIANCES[:2])
    flat = (everywhere * noise.flat).sum(axis=noise.dispersion_axis - 1) ** 2
    np.testing.assert_allclose(
        statistical.sum(axis=noise.dispersion_axis - 1),
        noise.spectrum_variance(everywhere) - flat,
        rtol=1e-4,
    )


def test_stdatamodels_reads_and_keeps_covariances(exposures, tmp_path):
    path = product(exposures, tmp_path / "a", errors="pixel", covariance=True)
    images = arrays(path)
    planes = [array for name, array in images.items() if name.startswith("COVAR")]
    again = tmp_path / "again.fits"
    with datamodels.open(path) as model:
        model.save(again)
    with datamodels.open(again) as model:
        slits = getattr(model, "slits", None) or [model]
        for number, (slit, expected) in enumerate(zip(slits, planes, strict=True), start=1):
            np.testing.assert_array_equal(slit.covariance, expected)
            lags = [*read_noise(path, number).covariance]
            assert [tuple(lag) for lag in slit.covariance_lags] == lags
    for number, expected in enumerate(planes, start=1):
        kept, noise = read_noise(again, number), read_noise(path, number)
        np.testing.assert_array_equal(kept.variance, noise.variance)
        assert kept.covariance.keys() == noise.covariance.keys()
        np.testing.assert_array_equal([*kept.covariance.values()], expected)
    shown = zip(read_product(again), read_product(path), strict=True)
    for slit, expected in shown:
        np.testing.assert_array_equal(sum_spectrum(slit), sum_spectrum(expected))


def test_fitsverify_finds_no_errors(exposures, tmp_path):
    if not shutil.which("fitsverify"):
        pytest.skip("fitsverify is not installed")
    path = product(exposures, tmp_path / "a", errors="pixel", covariance=True)
    run = subprocess.run(["fitsverify", path], capture_output=True, text=True, check=False)
    assert " 0 error(s)" in run.stdout, run.stdout
    # The names of the columns of HDRTAB are those of keywords.
    others = re.findall(r"Warning: (?!The OGIP|Column #\d+: Name)(.*)", run.stdout)
    assert others == []


@pytest.mark.parametrize("errors", ["pixel", "aperture"])
def test_record_and_preview_use_covariances(exposures, tmp_path, errors):
    with drizzled(exposures, errors=errors, covariance=True) as parts:
        (name,) = file_names(parts)
        _, (summary, *_) = make_file(parts, name)
    make(exposures, tmp_path, errors=errors, covariance=True)
    slit = read_product(tmp_path / FILE)[0]
    with_covariance = signal_to_noise(*sum_spectrum(slit))
    pixels = read_product(product(exposures, tmp_path / "pixels", errors="pixel"))[0]
    independent = signal_to_noise(*sum_spectrum(pixels))
    assert summary.signal_to_noise == pytest.approx(with_covariance, rel=1e-4)
    assert with_covariance < 0.95 * independent


def test_covariances_on_a_grid_handed_in(slit_exposures, tmp_path):
    (tmp_path / "own").mkdir()
    grids = make(slit_exposures, tmp_path / "own", errors="pixel", covariance=True)
    grid = tmp_path / "grid.asdf"
    asdf.AsdfFile({"wcs": gwcs_of(grids.sources[0].grid)}).write_to(grid)
    path = product(
        slit_exposures,
        tmp_path / "handed",
        errors="pixel",
        covariance=True,
        output_wcs=str(grid),
    )
    own, handed_in = read_noise(tmp_path / "own" / FILE), read_noise(path)
    assert handed_in.covariance.keys() == own.covariance.keys()
    for lag, plane in own.covariance.items():
        np.testing.assert_allclose(
            handed_in.covariance[lag], plane, rtol=1e-3, atol=1e-3 * own.variance.max()
        )


@pytest.mark.parametrize("weight_type", ["ivm", "exptime"])
@pytest.mark.parametrize("missing", ["VAR_POISSON", "VAR_FLAT", "VAR_RNOISE"])
def test_missing_variances(tmp_path, missing, weight_type):
    exposures = write_slit_exposures(tmp_path)
    with fits.open(exposures[0], mode="update") as hdus:
        del hdus[missing]
    path = product(
        exposures, tmp_path / "a", errors="pixel", covariance=True, weight_type=weight_type
    )
    noise, found = read_noise(path), arrays(path)
    assert np.isfinite(found["ERR"][found["WHT"] > 0]).mean() > 0.9
    assert max(plane.max() for plane in noise.covariance.values()) > 0
    for lag, plane in noise.covariance.items():
        assert (plane <= 1.001 * noise.variance.max()).all(), lag


def test_errors_of_single_products_of_a_configuration(tmp_path):
    """By overrides, with the same bytes from both schedules; stated in the provenance."""
    write_nirspec(tmp_path / "data", fixed_slit(nods=(-0.4, 0.4), product=PRODUCT))
    overrides = {PRODUCT: {"errors": "aperture", "covariance": True}}
    config = write_config(tmp_path, associations=["data/*_asn.json"], overrides=overrides)
    results = []
    for schedule in ("exposure", "product"):
        snakemake(tmp_path, config, "--config", f"job_per={schedule}", f"output_dir={schedule}")
        folder = tmp_path / schedule
        results.append((folder / f"{PRODUCT}_s2d.fits").read_bytes())
        provenance = json.loads((folder / PRODUCT / "provenance.json").read_text())
        assert provenance["arguments"]["errors"] == "aperture"
        assert provenance["arguments"]["covariance"] is True
    assert results[0] == results[1]
    refused = snakemake(tmp_path, config, "--config", "single=true", check=False)
    assert refused.returncode != 0
    assert "errors = 'aperture': with single: true" in refused.stdout + refused.stderr


def test_example_of_the_documentation(slit_exposures, tmp_path, monkeypatch):
    page = (PROJECT / "docs" / "numbers.md").read_text()
    code, matrix = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(code.strip().splitlines()) <= 10
    make(slit_exposures, tmp_path, errors="pixel", covariance=True)
    monkeypatch.chdir(tmp_path)
    found: dict = {}
    exec(compile(code, "example", "exec"), found)
    sci, error = arrays(Path(FILE))["SCI"], arrays(Path(FILE))["ERR"]
    expected = np.nansum(sci[8:13].astype(float), axis=0)
    np.testing.assert_allclose(found["flux"], expected)
    independent = np.sqrt(np.nansum(error[8:13] ** 2, axis=0))
    inside = independent > 0
    assert 1.05 < np.median(found["error"][inside] / independent[inside]) < 1.4
    exec(compile(matrix, "matrix", "exec"), found)
    line = np.zeros(sci.shape)
    line[8:13, 15:25] = 1
    flat = (line * read_noise(FILE).flat).sum() ** 2
    expected = read_noise(FILE).aperture_variance(line) - flat
    assert found["line"].sum() == pytest.approx(expected, rel=1e-5)

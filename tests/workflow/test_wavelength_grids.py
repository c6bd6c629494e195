"""Products on wavelength grids that are asked for: what is in them, and who reads them."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS
from inprocess import (
    ARGUMENTS,
    arrays,
    drizzled,
    make,
    rewrite,
    slitlet,
    write_lrs_exposures,
    write_slit_exposures,
)
from matplotlib.axes import Axes
from observations import lamp
from runs import PROJECT
from specresample.quality.gate_results import PASSED
from specresample.reporting.comparison import compare_products
from specresample.reporting.preview import preview
from specresample.s2d.history import BEYOND_ARGUMENTS
from specresample.s2d.product_files import make_file
from specresample.s2d.read import read_product
from specsim import Pointing, SlitGeometry, fixed_slit, write_nirspec
from stdatamodels.jwst import datamodels

LINEAR = {"wavelength_grid": "linear", "wavelength_range": [3.0, 5.0], "wavelength_step": 0.03}
LOG = {"wavelength_grid": "log", "resolving_power": 150}
OVERSAMPLED = {"spectral_oversampling": 3}
SHAPE = {"output_shape": [60, 44]}
GRIDS = {"native": {}, "linear": LINEAR, "log": LOG, "oversampled": OVERSAMPLED, "shape": SHAPE}
LRS = {
    "linear": {"wavelength_grid": "linear", "wavelength_range": [6, 12], "wavelength_step": 0.2},
    "shape": {"output_shape": [44, 20]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("grids")


@pytest.fixture(scope="module")
def exposures(folder):
    return {
        "slit": write_slit_exposures(folder / "slit"),
        "lrs": write_lrs_exposures(folder / "lrs"),
        "lamp": [*write_nirspec(folder / "lamp", lamp(nods=(0.0,))).members],
    }


@pytest.fixture(scope="module")
def made(exposures, folder):
    """Make a product of small exposures, once; gives its path."""
    files = {}

    def product(mode, grid):
        asked = (LRS if mode == "lrs" else {}).get(grid, GRIDS[grid])
        target = folder / f"{mode} {grid}"
        if (mode, grid) not in files:
            keep = folder / f"{mode} prepared"
            keep.mkdir(exist_ok=True)
            make(exposures[mode], target, keep=keep, **asked)
            files[mode, grid] = target / "product_s2d.fits"
        return files[mode, grid]

    return product


def wavelengths(file):
    """Wavelength of every pixel along the dispersion, as float64 from the GWCS, and WAVELENGTH."""
    with datamodels.open(file) as model:
        y, x = np.indices(model.data.shape, dtype=float)
        return model.meta.wcs(x, y)[2], np.array(model.wavelength)


ALL = [*((mode, grid) for mode in ("slit", "lrs") for grid in GRIDS), ("lamp", "linear")]


@pytest.mark.parametrize(("mode", "grid"), ALL)
def test_gwcs_and_wavelength_agree(made, mode, grid):
    by_wcs, image = wavelengths(made(mode, grid))
    np.testing.assert_allclose(image, by_wcs, rtol=1e-7)
    steps = np.diff(by_wcs, axis=0 if mode == "lrs" else 1)
    assert (steps < 0).all() if mode == "lrs" else (steps > 0).all()


@pytest.mark.parametrize(("mode", "grid"), [case for case in ALL if case[0] != "lamp"])
def test_fits_wcs_agrees_with_the_gwcs(made, mode, grid):
    file = made(mode, grid)
    axis = 2 if mode == "lrs" else 1
    with fits.open(file) as hdus:
        ctype = hdus["SCI"].header[f"CTYPE{axis}"]
        # Without the dates that astropy would put in, with a warning.
        wcs = WCS(hdus["SCI"].header, hdus, fix=False)
        has_table = "WCS-TABLE" in hdus
        ny, nx = hdus["SCI"].shape
        y, x = np.indices((ny, nx), dtype=float)
        world = wcs.wcs_pix2world(np.stack([x.ravel(), y.ravel()], axis=-1), 0)
    assert ctype == {"linear": "WAVE", "log": "WAVE-LOG"}.get(grid, "WAVE-TAB")
    assert has_table == (ctype == "WAVE-TAB")
    found = world[:, axis - 1].reshape(ny, nx) * wcs.wcs.cunit[axis - 1].to("um")
    np.testing.assert_allclose(found, wavelengths(file)[0], rtol=1e-9)


def test_linear_wavelengths_are_those_that_were_asked_for(made):
    file = made("slit", "linear")
    np.testing.assert_allclose(wavelengths(file)[0][3], 3 + 0.03 * np.arange(67), rtol=1e-12)
    header = fits.getheader(file)
    assert (header["WAVEGRID"], header["WAVESTEP"]) == ("linear", 0.03)
    assert header["WAVERANG"] == "3.0 5.0"
    assert '"wavelength_range": "3.0 5.0"' in "".join(map(str, header["HISTORY"]))


def test_what_was_not_asked_for_is_not_stated(made):
    names = ("WAVEGRID", "WAVERANG", "WAVESTEP", "WAVEPOWR", "WAVEOVER", "WAVEFILL", "PRESET")
    assert not set(names) & set(fits.getheader(made("slit", "native")))
    assert fits.getheader(made("slit", "oversampled"))["WAVEOVER"] == 3
    assert fits.getheader(made("slit", "log"))["WAVEPOWR"] == 150


def test_defaults_of_what_is_stated_are_those_of_the_schema():
    assert {key: ARGUMENTS[key] for key in BEYOND_ARGUMENTS} == BEYOND_ARGUMENTS


def test_sky_does_not_depend_on_the_wavelengths(made):
    regions = {
        fits.getval(made("slit", grid), "S_REGION", "SCI") for grid in GRIDS if grid != "shape"
    }
    assert len(regions) == 1


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("mode", ["slit", "lrs"])
def test_gates_pass(exposures, mode, grid):
    asked = (LRS if mode == "lrs" else {}).get(grid, GRIDS[grid])
    with drizzled(exposures[mode], **asked) as parts:
        _, (summary,) = make_file(parts, "product")
    for name in ("flux", "wavelength", "wcs"):
        assert summary.gates[name].state == PASSED, name
    size = summary.gates["size"]
    if grid == "shape":
        assert size.reason == "its shape was asked for"
    else:
        assert size.state == PASSED


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("mode", ["slit", "lrs"])
def test_previews_are_drawn(made, mode, grid):
    (slit,) = read_product(made(mode, grid))
    by_wcs = wavelengths(made(mode, grid))[0]
    assert slit.wavelength.unit == "um"
    low, high = slit.wavelength.edges[[0, -1]]
    assert low < by_wcs.min() < by_wcs.max() < high
    figure = preview([(grid, slit)])
    assert figure.findobj(Axes)


# ---- common grids ------------------------------------------------------------------------------


def test_products_of_different_pointings_have_the_same_wavelengths(folder):
    files = []
    for name, pointing in (("here", Pointing()), ("there", Pointing(ra=110.8, dec=-73.4, pa=80))):
        part = slitlet()
        # Another place on the detector: other native wavelengths.
        geometry = replace(part.geometry, wavelengths=(2.87, 5.3 if name == "here" else 5.17))
        found = write_slit_exposures(
            folder / name, pointing=pointing, slitlets=(replace(part, geometry=geometry),)
        )
        make(found, folder / f"{name} common", **LINEAR)
        make(found, folder / f"{name} native")
        files.append((folder / f"{name} common", folder / f"{name} native"))
    common, native = (
        [fits.getdata(folder / "product_s2d.fits", "WAVELENGTH")[0] for folder in folders]
        for folders in zip(*files, strict=True)
    )
    assert np.array_equal(*common)
    assert not np.array_equal(*native)
    # No interpolation: the difference of what is one and the same source, but for the pointing.
    spectra = [
        np.nansum(arrays(folder / "product_s2d.fits")["SCI"], axis=0, dtype=float)
        for folder, _ in files
    ]
    middle = slice(5, -5)
    difference = (spectra[0] - spectra[1])[middle] / np.median(spectra[0])
    assert np.abs(np.median(difference)) < 0.02


def test_table_of_wavelengths(exposures, folder):
    line = np.sort(np.random.default_rng(1).uniform(3, 5, 50))
    files = []
    for place in ("one", "two"):
        (folder / place).mkdir()
        QTable({"wave": line * u.um}).write(folder / place / "grid.ecsv")
        grids = make(
            exposures["slit"],
            folder / place,
            wavelength_grid=str(folder / place / "grid.ecsv"),
        )
        files.append(folder / place / "product_s2d.fits")
    np.testing.assert_allclose(wavelengths(files[0])[0][0], line, rtol=1e-12)
    header = fits.getheader(files[0])
    assert header["WAVEGRID"] == "grid.ecsv"
    digest = grids.wavelength_table.sha256
    assert len(digest) == 64
    assert digest in "".join(map(str, header["HISTORY"]))
    # Wherever the table lies.
    assert files[0].read_bytes() == files[1].read_bytes()


# ---- the gap between detectors -----------------------------------------------------------------

GAP_SLIT = SlitGeometry(name="S200A1", shape=(24, 80), slope=-1.0, slant=0.0)
DETECTORS = {"NRS1": (2.9, 3.4), "NRS2": (3.6, 4.1)}


@pytest.fixture(scope="module")
def gap(folder):
    """Product of two detectors, as it is and with the gap filled."""
    part = replace(slitlet(), geometry=GAP_SLIT)
    setup = fixed_slit(slitlets=(part,), nods=(-0.4, 0.4), detectors=DETECTORS)
    members = [*write_nirspec(folder / "gap", setup).members]
    plain = make(members, folder / "plain", fillval="-9")
    filled = make(members, folder / "filled", fillval="-9", fill_gap=True)
    return [
        (arrays(folder / name / "product_s2d.fits"), np.array(grids.sources[0].grid.wavelengths))
        for name, grids in (("plain", plain), ("filled", filled))
    ]


def test_steps_across_the_gap_are_smooth(gap):
    (_, plain), (_, filled) = gap
    steps = np.diff(filled)
    assert np.diff(plain).max() > 20 * np.median(steps)
    np.testing.assert_allclose(steps, np.median(steps), rtol=0.05)
    assert np.abs(np.diff(steps)).max() < 0.03 * np.median(steps)


def test_filled_gap_is_empty_and_all_else_stays(gap):
    (before, plain), (after, filled) = gap
    assert set(plain) <= set(filled)
    old = np.isin(filled, plain)
    # Half of a pixel beside the gap lies within the gap.
    empty = ~old & (filled > plain[79] + 0.02) & (filled < plain[80] - 0.02)
    assert empty.sum() > 20
    assert (after["WHT"][:, empty] == 0).all()
    assert (after["SCI"][:, empty] == -9).all()
    beside = np.isin(plain, plain[[79, 80]])
    for name in ("SCI", "WHT", "ERR", "VAR_RNOISE", "WAVELENGTH"):
        np.testing.assert_array_equal(
            after[name][:, old][:, ~beside], before[name][:, ~beside], err_msg=name
        )


# ---- the shape of the image --------------------------------------------------------------------


def test_default_shape_gives_the_default_bytes(exposures, made, folder):
    default = made("slit", "native")
    ny, nx = fits.getdata(default, "SCI").shape
    make(exposures["slit"], folder / "default shape", output_shape=[nx, ny])
    assert (folder / "default shape" / "product_s2d.fits").read_bytes() == default.read_bytes()


# Larger than the default of 40 x 34 (slit), 36 x 30 (LRS) and 500 x 26 (lamp), smaller, and both.
SHAPES = {
    "slit": ((300, 40), (30, 40), (60, 20)),
    "lrs": ((40, 31), (30, 20)),
    "lamp": ((600, 30), (30, 20)),
}


@pytest.mark.parametrize(
    ("mode", "nx", "ny"), [(mode, *shape) for mode, shapes in SHAPES.items() for shape in shapes]
)
def test_shape_that_is_asked_for(exposures, made, folder, mode, nx, ny):
    target = folder / f"{mode} {nx} {ny}"
    make(exposures[mode], target, keep=folder / f"{mode} prepared", output_shape=[nx, ny])
    found, default = (
        arrays(file)["SCI"] for file in (target / "product_s2d.fits", made(mode, "native"))
    )
    assert found.shape == (ny, nx)
    if mode == "lrs":
        found, default = found.T, default.T
    extra = found.shape[0] - default.shape[0]
    if extra % 2:
        # Centred, and so half a row apart.
        return
    rows = min(found.shape[0], default.shape[0])
    # Columns at the ends take what lies beyond them in other ways.
    columns = slice(3, min(found.shape[1], default.shape[1]) - 3)
    first, other = max(extra // 2, 0), max(-extra // 2, 0)
    np.testing.assert_allclose(
        found[first : first + rows, columns],
        default[other : other + rows, columns],
        rtol=1e-4,
        atol=1e-4 * np.nanmax(np.abs(default)),
    )


def test_small_exposures_may_have_a_large_image(exposures, folder):
    make(exposures["slit"], folder / "large image", output_shape=[1300, 40])
    assert fits.getdata(folder / "large image" / "product_s2d.fits", "SCI").shape == (40, 1300)


def test_absurd_shape_is_refused_with_the_numbers(exposures, folder, caplog):
    with pytest.raises(
        Exception, match=r"an output grid of 4000 x 40 pixels is more than 10 times"
    ):
        make(exposures["slit"], folder / "absurd", output_shape=[4000, 40])


def test_range_that_is_wider_than_the_exposures_is_not_absurd(exposures, folder):
    # A common grid of many sources: this one shows a small part of it.
    asked = LINEAR | {"wavelength_range": [1.0, 60.0]}
    grids = make(exposures["slit"], folder / "wide", **asked)
    assert grids.sources[0].grid.shape[1] == 1967


def test_fine_step_is_refused_with_the_numbers(exposures, folder):
    asked = LINEAR | {"wavelength_step": 0.003}
    with pytest.raises(Exception, match="times the 40 x 34 pixels of all inputs"):
        make(exposures["slit"], folder / "fine", **asked)


# ---- edges -------------------------------------------------------------------------------------

# A grid that cuts through the exposures, a larger one, and where the first lies in it.
CUT = {
    "range": (
        LINEAR | {"wavelength_range": [3.6, 4.2]},
        LINEAR,
        (slice(None), slice(20, 41)),
    ),
    "fine range": (
        LINEAR | {"wavelength_range": [3.9, 4.2], "wavelength_step": 0.0125},
        LINEAR | {"wavelength_range": [3.4, 4.7], "wavelength_step": 0.0125},
        (slice(None), slice(40, 65)),
    ),
    # The last step goes on beyond the last pixel, and so the last two pixels are not the same.
    "shape": ({"output_shape": [32, 20]}, {"output_shape": [41, 40]}, (slice(10, 30), slice(30))),
}


@pytest.mark.parametrize("kernel", ["square", "point"])
@pytest.mark.parametrize("case", CUT)
def test_pixels_at_the_edges_are_those_of_a_larger_grid(exposures, folder, case, kernel):
    *grids, part = CUT[case]
    cut, large = (folder / f"{case} {kernel} {name}" for name in ("cut", "large"))
    for target, asked in zip((cut, large), grids, strict=True):
        make(exposures["slit"], target, keep=folder / "slit prepared", kernel=kernel, **asked)
    found, expected = (arrays(target / "product_s2d.fits") for target in (cut, large))
    for name in ("SCI", "ERR", "WHT", "VAR_RNOISE", "VAR_POISSON", "VAR_FLAT"):
        values = expected[name][part]
        rows, columns = values.shape
        scale = np.nanmax(np.abs(values))
        image = found[name][:rows, :columns]
        np.testing.assert_allclose(image, values, rtol=2e-5, atol=1e-6 * scale, err_msg=name)
    assert (found["WHT"] > 0).mean() > 0.1


# ---- with errors and outliers ------------------------------------------------------------------


def test_finer_grid_shares_the_noise_of_a_pixel(exposures, folder):
    exact = {"errors": "pixel", "covariance": True}
    keep = folder / "slit prepared"
    make(exposures["slit"], folder / "exact", keep=keep, **exact)
    make(exposures["slit"], folder / "exact fine", keep=keep, **OVERSAMPLED, **exact)
    native = arrays(folder / "exact" / "product_s2d.fits")
    with fits.open(folder / "exact fine" / "product_s2d.fits") as hdus:
        covariance, header = hdus["COVAR"].data.astype(float), hdus["COVAR"].header
        variance = hdus["VAR_RNOISE"].data + hdus["VAR_POISSON"].data.astype(float)
    lags = [(header[f"LAGY{k}"], header[f"LAGX{k}"]) for k in range(1, len(covariance) + 1)]
    # A pixel of an exposure, a little wider than three of the grid, reaches onto five.
    assert {3} <= {dx for dy, dx in lags if dy == 0} <= {1, 2, 3, 4}
    planes = dict(zip(lags, covariance, strict=True))
    # The mean of the three parts of a native pixel has its variance, but beside bad pixels.
    total = variance.reshape(len(variance), -1, 3).sum(axis=2)
    for dx in (1, 2):
        pairs = planes[0, dx].reshape(len(variance), -1, 3)[:, :, : 3 - dx]
        total += 2 * pairs.sum(axis=2)
    expected = native["VAR_RNOISE"] + native["VAR_POISSON"].astype(float)
    inner = (slice(6, -6), slice(3, -3))
    ratio = (total / 9)[inner] / expected[inner]
    assert np.median(ratio) == pytest.approx(1, abs=0.01)
    assert np.percentile(np.abs(ratio - 1), 85) < 0.05


def test_outliers_are_those_of_the_native_grid(folder):
    nods = write_slit_exposures(folder / "hit", nods=(-0.3, 0.0, 0.3))

    def hit(hdus):
        hdus["SCI"].data[12, 20] += 1000 * np.nanmedian(hdus["ERR"].data)

    rewrite(nods[1], hit)
    found = []
    for asked in ({}, LINEAR):
        with drizzled(nods, outlier_detection=True, **asked) as parts:
            _, (summary,) = make_file(parts, "product")
        found.append(summary.outliers)
    assert found[0] == found[1]
    assert found[0]


# ---- stacking ----------------------------------------------------------------------------------


def test_stacking_as_the_page_says(made, folder, monkeypatch):
    page = (PROJECT / "docs" / "wavelength-grids.md").read_text()
    (code,) = re.findall(r"```python\n(import glob.*?)```", page, flags=re.DOTALL)
    (folder / "stack" / "results").mkdir(parents=True)
    for number in range(3):
        copy = folder / "stack" / "results" / f"jw01345_s00{number}_s2d.fits"
        shutil.copy(made("slit", "linear"), copy)
    monkeypatch.chdir(folder / "stack")
    names = {}
    exec(code, names)
    (one,) = names["spectra"][:1]
    np.testing.assert_allclose(names["stack"], one, rtol=1e-6)
    assert names["stack"].shape == (67,)
    assert len([line for line in code.splitlines() if line]) == 5


# ---- comparison --------------------------------------------------------------------------------


def test_comparison_of_two_grids(made):
    result = compare_products(made("slit", "native"), made("slit", "linear"))
    text = json.dumps(result)
    assert "shapes" in text
    assert "WAVEGRID" in text
    same = compare_products(made("slit", "linear"), made("slit", "linear"))
    assert same["state"] == "same"

"""Gates pass good products, whatever the arguments, and fail broken ones.

Products are broken on purpose, between their steps.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from inprocess import drizzled, file_names
from specresample.drizzling import profiles as measures
from specresample.grids.grid_gwcs import grid_wcs
from specresample.level2b.slit_wcs import read_wcs
from specresample.level2b.transforms import Transform, TransformReader
from specresample.quality import summarise
from specresample.quality.gate_results import FAILED, NOT_MEASURABLE, PASSED, GateResult
from specresample.s2d.product_files import ProductParts, make_file
from specsim import (
    LrsGeometry,
    LrsSetup,
    SlitGeometry,
    fixed_slit,
    galaxy,
    prism_slitlet,
    write_lrs,
    write_nirspec,
)

SLIT = SlitGeometry(shape=(31, 120), unit=3.2, length=2.6, slope=-2.1, slant=0.15)
PRISM = SlitGeometry(
    shape=(27, 100), wavelengths=(0.75, 5.25), disperser="prism", length=2.0, slope=1.4
)
LRS = LrsGeometry(shape=(130, 60), bounding_box=((7.5, 51.5), (4.7, 120.7)))


def slit(setup, geometry, nods=(-0.4, 0.45), **changes):
    (slitlet,) = setup.slitlets
    return replace(setup, slitlets=(replace(slitlet, geometry=geometry),), nods=nods, **changes)


def bright(position=0.0, **changes):
    """A bright source in a slit, at a place along it."""
    setup = slit(fixed_slit(), SLIT, **changes)
    (slitlet,) = setup.slitlets
    source = galaxy(0, 0, redshift=4.2, continuum=2e-11, line=1e-11, resolution=500)
    return replace(setup, slitlets=(replace(slitlet, source=source, position=position),))


OBSERVATIONS = {
    "grating MJy": lambda folder: write_nirspec(folder, bright()),
    "prism MJy/sr": lambda folder: write_nirspec(
        folder, slit(prism_slitlet(), PRISM, unit="MJy/sr")
    ),
    "LRS MJy/sr": lambda folder: write_lrs(folder, LrsSetup(geometry=LRS, nods=(-0.8, 0.7))),
}


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    """Paths of the exposures of every observation."""
    folder = tmp_path_factory.mktemp("gates")
    return {
        name: [*write(folder / name.replace("/", " ")).members]
        for name, write in OBSERVATIONS.items()
    }


class InMemory:
    """Drizzled arrays that can be changed."""

    def __init__(self, file):
        self._arrays = file.group("0")

    def group(self, prefix):
        return self._arrays

    def __getitem__(self, name):
        return self._arrays[name.removeprefix("0/")]


Spoil = Callable[[ProductParts], ProductParts | None]


def made(paths: Sequence[Path], spoil: Spoil | None = None, **arguments):
    """Summary of the only slit of each file, of a product that is broken before it is combined."""
    with drizzled(paths, name="p", **arguments) as parts:
        singles = {key: InMemory(file) for key, file in parts.singles.items()}
        parts = replace(parts, singles=singles)
        if spoil:
            parts = spoil(parts) or parts
        return [make_file(parts, name)[1][0] for name in file_names(parts)]


def states(found):
    return {name: gate.state for name, gate in found.gates.items()}


ALL_PASS = dict.fromkeys(("flux", "wavelength", "wcs", "size", "nods"), PASSED)


@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"pixfrac": 0.6},
        {"kernel": "point", "pixel_scale_ratio": 2.0},
        {"pixel_scale_ratio": 2.0, "pixfrac": 0.6},
        {"pixel_scale_ratio": 0.5},
        {"pixel_scale": 0.08, "weight_type": "exptime"},
        {"fillval": "0"},
    ],
    ids=str,
)
def test_good_products_pass(exposures, observation, arguments, caplog):
    (found,) = made(exposures[observation], **arguments)
    passed = states(found)
    if arguments.get("kernel") == "point":
        # On a finer grid its profiles have holes.
        assert passed.pop("nods") != FAILED
    assert passed.items() <= ALL_PASS.items()
    assert found.gates["flux"].value == pytest.approx(1, abs=0.005)
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_single_products_pass_and_have_no_nods(exposures):
    files = made(exposures["grating MJy"], single=True)
    assert len(files) == 2
    for found in files:
        assert states(found) == ALL_PASS | {"nods": NOT_MEASURABLE}
        assert found.gates["nods"].reason == "one exposure"
    assert found.file.endswith("_outlier_s2d.fits")


def test_summary(exposures):
    (found,) = made(exposures["grating MJy"])
    assert found.file == "p_s2d.fits"
    assert found.exposures == 2
    assert found.exposure_time > 0
    assert found.shape[1] >= 120
    low, high = found.wavelengths
    assert 2 < low < high < 6
    assert 0.5 < found.good < 1
    assert found.signal_to_noise > 20


def scale(factor):
    def spoil(parts):
        for arrays in parts.singles.values():
            arrays["0/sci"][...] *= factor

    return spoil


@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("factor", [0.9, 2.0, 1e6])
def test_flux_of_a_wrong_scale_fails(exposures, observation, factor, caplog):
    (found,) = made(exposures[observation], scale(factor))
    assert states(found) == ALL_PASS | {"flux": FAILED}
    assert found.gates["flux"].value == pytest.approx(factor, rel=0.01)
    (message,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert message.startswith(f"p_s2d.fits: slit {found.slit}: gate flux failed: ")
    assert f"{found.gates['flux'].value:g}, allowed are 0.95 to 1.05" in message


def test_flux_of_an_exposure_that_is_lost_fails(exposures):
    def spoil(parts):
        # Twice the weight of nothing instead of the second exposure.
        arrays = [*parts.singles.values()][1]
        arrays["0/sci"][...] = 0

    (found,) = made(exposures["grating MJy"], spoil)
    assert found.gates["flux"].state == FAILED


def test_flux_with_the_pixel_area_of_another_scale_fails(exposures):
    def spoil(parts):
        (source,) = parts.grids.sources
        grids = replace(parts.grids, sources=(replace(source, scale_ratio=2.0),))
        return replace(parts, grids=grids)

    (found,) = made(exposures["prism MJy/sr"], spoil)
    assert found.gates["flux"].value == pytest.approx(0.5, rel=0.01)
    assert found.gates["flux"].state == FAILED


def test_flux_density_that_is_not_scaled_fails(exposures, monkeypatch):
    def spoil_scale(arrays, onto):
        return drizzle(arrays, replace(onto, intensity_scale=1.0))

    from specresample.drizzling import exposure as singles

    drizzle = singles.drizzle_slit
    monkeypatch.setattr(singles, "drizzle_slit", spoil_scale)
    (found,) = made(exposures["grating MJy"], pixel_scale_ratio=2.0)
    assert found.gates["flux"].value == pytest.approx(2, rel=0.01)
    assert found.gates["flux"].state == FAILED


def test_flux_in_another_unit_fails(exposures):
    def spoil(parts):
        # The first exposure's is the product's.
        for entry in [*parts.exposures.values()][1:]:
            entry.slits[0].metadata["meta.bunit_data"] = "Jy"

    (found,) = made(exposures["grating MJy"], spoil)
    assert found.gates["flux"] == GateResult(
        FAILED, (0.95, 1.05), reason="BUNIT MJy was made of MJy, Jy"
    )


def with_inverse(wcs, other):
    """A WCS whose inverse is that of another one."""
    transforms = tuple(
        replace(one, invert=lambda two=two: two.inverse)
        for one, two in zip(wcs.transforms, other.transforms, strict=True)
    )
    return replace(wcs, transforms=transforms)


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_broken_wcs_fails(observation, exposures, monkeypatch):
    with drizzled(exposures[observation], name="p") as parts:
        product, _ = make_file(parts, "p")
        (source,) = parts.grids.sources
        slits = source.slits_in(parts.exposures)
        taken = {key: parts.singles[key]["0/measures"] for key in slits}

    def read(node):
        return read_wcs(node, TransformReader())

    grid = source.grid
    moved = tuple(b + 0.05 * m for b, m in zip(grid.intercept, grid.slope, strict=True))
    right, wrong = read(grid_wcs(grid)), read(grid_wcs(replace(grid, intercept=moved)))
    nowhere = Transform(2, lambda x, y: (x, y, np.nan * x))

    def gate(wcs):
        monkeypatch.setattr(summarise, "read_wcs", lambda *_: wcs)
        tree = product.tree
        return summarise.summarise_slit("p_s2d.fits", source, slits, taken, tree).gates["wcs"]

    assert gate(right).state == PASSED
    assert gate(right).value < 1e-5
    # Its inverse leads elsewhere; or both ways do, but not the pixel map of the drizzling.
    for wcs in (with_inverse(right, wrong), wrong):
        assert gate(wcs).state == FAILED
        assert gate(wcs).value == pytest.approx(0.05, rel=0.01)
    assert gate(replace(right, transforms=(nowhere,))).state == FAILED


def test_exposures_of_two_places_make_an_absurd_size(exposures, tmp_path):
    setup = bright()
    pointing = replace(setup.pointing, dec=setup.pointing.dec + 20 / 3600)
    far = write_nirspec(tmp_path, replace(setup, pointing=pointing)).members
    (found,) = made([exposures["grating MJy"][0], far[1]])
    assert found.gates["size"].state == FAILED
    assert found.gates["size"].value > 3


@pytest.mark.parametrize("nods", [(-0.4, 0.45), (0.0, 0.0)])
@pytest.mark.parametrize("shift", [0.1, 0.3, -0.6])
def test_exposure_that_is_shifted_fails(nods, shift, tmp_path):
    """Both exposures say they are of one source, which in one is elsewhere (arcsec)."""
    first = write_nirspec(tmp_path / "first", bright(nods=nods)).members[0]
    second = write_nirspec(tmp_path / "second", bright(shift, nods=nods)).members[1]
    (found,) = made([first, second])
    assert found.gates["nods"].state == FAILED
    assert found.gates["nods"].value == pytest.approx(abs(shift) / 0.105, abs=0.35)
    assert states(found) == ALL_PASS | {"nods": FAILED}


def test_exposures_without_a_trace_are_not_measurable(tmp_path):
    setup = slit(fixed_slit(), SLIT)
    (slitlet,) = setup.slitlets
    empty = replace(setup, slitlets=(replace(slitlet, source=None),))
    (found,) = made([*write_nirspec(tmp_path, empty).members])
    assert states(found) == ALL_PASS | {"nods": NOT_MEASURABLE}
    assert found.gates["nods"].reason == "no trace is bright enough"


def test_gate_that_breaks_fails_loudly_and_keeps_the_product(exposures, monkeypatch):
    def broken(*args, **options):
        raise RuntimeError("of its own")

    monkeypatch.setattr(summarise, "nods_gate", broken)
    (found,) = made(exposures["grating MJy"])
    assert states(found) == ALL_PASS | {"nods": FAILED}
    (line,) = found.failed_gates()
    assert "could not be evaluated (RuntimeError: of its own)" in line


def test_exposure_that_cannot_be_measured_keeps_no_product_back(exposures, monkeypatch):
    monkeypatch.setattr(measures, "_row_medians", lambda image: 1 / 0)
    (found,) = made(exposures["grating MJy"])
    assert FAILED in states(found).values() or NOT_MEASURABLE in states(found).values()

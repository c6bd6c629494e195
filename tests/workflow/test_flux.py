"""The flux of simulated sources, whose truth is known, is that of their products."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from runs import snakemake, write_association, write_config
from specsim import (
    PERFECT,
    LrsGeometry,
    LrsSetup,
    SlitGeometry,
    fixed_slit,
    prism_slitlet,
    write_lrs,
    write_nirspec,
)

GRATING = SlitGeometry(shape=(31, 240), unit=3.2, length=2.6, slope=-2.1, slant=0.15)
PRISM = SlitGeometry(
    shape=(27, 200), wavelengths=(0.75, 5.25), disperser="prism", length=2.0, slope=1.4
)
LRS = LrsGeometry(shape=(260, 60), bounding_box=((7.5, 51.5), (4.7, 250.7)))


def slit(setup, geometry, **changes):
    """Set up an observation through a slit, with nothing in it but the source."""
    slitlets = [replace(part, geometry=geometry, residual=0.0) for part in setup.slitlets]
    return replace(setup, slitlets=tuple(slitlets), nods=(-0.4, 0.45), noise=PERFECT, **changes)


# How to write the exposures.
OBSERVATIONS = {
    "grating": (write_nirspec, slit(fixed_slit(), GRATING)),
    "prism": (write_nirspec, slit(prism_slitlet(), PRISM)),
    "lrs": (write_lrs, LrsSetup(geometry=LRS, nods=(-0.8, 0.7), noise=PERFECT)),
}
UNITS = {"density": "MJy", "brightness": "MJy/sr"}
CASES = [
    ("grating", "density", {}),
    ("grating", "density", {"pixel_scale_ratio": 0.5}),
    ("grating", "density", {"pixel_scale_ratio": 2.0}),
    ("grating", "density", {"pixel_scale": 0.07}),
    ("prism", "brightness", {}),
    ("prism", "brightness", {"pixel_scale_ratio": 0.5, "pixfrac": 0.8}),
    ("prism", "brightness", {"pixel_scale_ratio": 2.0}),
    ("prism", "brightness", {"pixel_scale": 0.16}),
    ("lrs", "density", {"pixel_scale_ratio": 0.5, "kernel": "point"}),
    ("lrs", "density", {"pixel_scale": 0.18}),
    ("lrs", "brightness", {}),
    ("lrs", "brightness", {"pixel_scale_ratio": 2.0, "weight_type": "exptime"}),
]


def product_name(observation, unit, arguments):
    words = [observation, unit, *(f"{key}_{value}" for key, value in arguments.items())]
    return "-".join(words)


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    """Make all products in one run; returns their folder and the sources."""
    work = tmp_path_factory.mktemp("flux")
    truth, associations, overrides = {}, [], {}
    written = {}
    for number, (observation, unit, arguments) in enumerate(CASES):
        name = product_name(observation, unit, arguments)
        if (observation, unit) not in written:
            write, setup = OBSERVATIONS[observation]
            exposure = replace(setup.exposure, program=9000 + number)
            setup = replace(setup, unit=UNITS[unit], exposure=exposure)
            written[observation, unit] = write(work / f"{observation}_{unit}", setup)
        product = written[observation, unit]
        (truth[name],) = product.truth.values()
        folder = work / f"{observation}_{unit}"
        associations.append(str(write_association(folder, name, [*product.members])))
        overrides[name] = arguments
    snakemake(work, write_config(work, associations=associations, overrides=overrides))
    return work / "results", truth


@pytest.mark.parametrize(
    ("observation", "unit", "arguments"), CASES, ids=lambda value: str(value).strip("{}")
)
def test_flux_is_conserved(observation, unit, arguments, products):
    """Summed along the slit: flux densities as they are, surface brightness times pixel area."""
    results, truth = products
    name = product_name(observation, unit, arguments)
    along_slit = 1 if observation == "lrs" else 0
    with fits.open(results / f"{name}_s2d.fits") as hdus:
        sci, header = hdus["SCI"].data.astype(float), hdus["SCI"].header
        wavelength = np.nanmedian(hdus["WAVELENGTH"].data, axis=along_slit).astype(float)
        assert header["BUNIT"] == UNITS[unit]
    pixel_area = header["PIXAR_SR"] if unit == "brightness" else 1.0
    flux = np.nansum(sci, axis=along_slit) * pixel_area
    expected = truth[name].flux_density(wavelength, np.gradient(wavelength))
    inside = slice(5, -5)  # both nods contribute
    ratio = flux[inside] / expected[inside]
    assert np.median(ratio) == pytest.approx(1, abs=0.01)
    # Not by chance: almost everywhere.
    assert np.percentile(np.abs(ratio - np.median(ratio)), 90) < 0.05

"""Lines of known flux and wavelength keep both on every wavelength grid, the continuum its level.

Pixels count alike: with `ivm` the weights of an undersampled trace change the flux of a column by
some per cent, on the native grid as on all others.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import QTable
from inprocess import arrays, make
from specsim import (
    PERFECT,
    Line,
    LrsGeometry,
    LrsSetup,
    SlitGeometry,
    Source,
    fixed_slit,
    prism_slitlet,
    write_lrs,
    write_nirspec,
)

# Full widths of the lines in native pixels. A line is measured where the grid resolves it.
NARROW, BROAD = 2.2, 5.5
RESOLVED = 2.1  # pixels of the grid in its full width

FLUX, CENTROID, CONTINUUM = 0.01, 0.05, 0.005


@dataclass(frozen=True)
class Observation:
    """Exposures of one source, and a unit.

    Parameters
    ----------
    centres, steps : tuple of float
        Wavelengths of the lines, and the size of a native pixel there [um].
    continuum : float
        Flux density [MJy].
    """

    centres: tuple[float, ...]
    steps: tuple[float, ...]
    continuum: float
    unit: str

    @property
    def source(self) -> Source:
        widths = [NARROW, BROAD] * len(self.centres)
        lines = tuple(
            Line(centre, width * step, 4 * self.continuum)
            for centre, step, width in zip(self.centres, self.steps, widths, strict=False)
        )
        return Source(0, 0, continuum=self.continuum, size=0.15, lines=lines)


STEP = 0.5 / 239
GRATING = SlitGeometry(
    shape=(31, 240), wavelengths=(2.9, 3.4), unit=3.2, length=2.6, slope=-2.1, slant=0.15
)
PRISM = SlitGeometry(
    shape=(33, 400), wavelengths=(0.6, 5.3), disperser="prism", length=2.6, slope=1.4
)
LRS = LrsGeometry(shape=(400, 60), bounding_box=((7.5, 51.5), (4.7, 390.7)))
OBSERVATIONS = {
    "grating": Observation((2.971, 3.052, 3.151, 3.2307), (STEP,) * 4, 2e-12, "MJy"),
    "prism": Observation(
        (1.0, 1.5, 2.5, 3.5, 4.5), (0.0145, 0.0185, 0.0154, 0.0119, 0.009), 2e-12, "MJy/sr"
    ),
    "lrs": Observation((6.5, 8.0, 9.5, 11.0), (0.044, 0.032, 0.025, 0.021), 4e-10, "MJy/sr"),
    "lrs density": Observation((6.5, 8.0, 9.5, 11.0), (0.044, 0.032, 0.025, 0.021), 4e-10, "MJy"),
}
# Where all lines lie, and steps that are no multiples of the native ones.
RANGES = {"grating": (2.93, 3.37), "prism": (0.8, 5.1), "lrs": (5.5, 12.5)}
MEDIANS = {"grating": STEP, "prism": 0.0112, "lrs": 0.022}
GRIDS = ["native", "oversampled", "linear", "fine", "coarse", "log", "fine log", "table", "shape"]


def arguments(grid, mode, folder):
    """What is asked for."""
    limits, step = RANGES[mode], MEDIANS[mode]
    linear = {"wavelength_grid": "linear"}
    if grid == "table":
        file = folder / f"{mode}.ecsv"
        # Steps that go up and down by a third.
        steps = step * (1 + np.sin(np.arange(round((limits[1] - limits[0]) / step)) / 7) / 3)
        QTable({"wave": (limits[0] + np.cumsum(steps)) * u.um}).write(file)
        return {"wavelength_grid": str(file)}
    return {
        "native": {},
        "oversampled": {"spectral_oversampling": 4},
        "linear": linear,
        "fine": linear | {"wavelength_range": limits, "wavelength_step": 0.31 * step},
        "coarse": linear | {"wavelength_range": limits, "wavelength_step": 1.9 * step},
        "log": {"wavelength_grid": "log"},
        "fine log": {"wavelength_grid": "log", "spectral_oversampling": 3},
        "shape": {"output_shape": [500, 44] if mode != "lrs" else [62, 395]},
    }[grid]


def write(folder, observation, mode):
    if mode == "lrs":
        setup = LrsSetup(geometry=LRS, nods=(-0.8, 0.7), source=observation.source, noise=PERFECT)
        return write_lrs(folder, replace(setup, unit=observation.unit))
    setup, geometry = (fixed_slit(), GRATING) if mode == "grating" else (prism_slitlet(), PRISM)
    slitlets = [
        replace(slit, geometry=geometry, residual=0.0, position=0.0, source=observation.source)
        for slit in setup.slitlets
    ]
    setup = replace(setup, slitlets=tuple(slitlets), nods=(-0.4, 0.45), noise=PERFECT)
    return write_nirspec(folder, replace(setup, unit=observation.unit))


@pytest.fixture(scope="module", params=OBSERVATIONS)
def observed(request, tmp_path_factory):
    """Exposures of an observation, which are prepared once, and a folder for products."""
    folder = tmp_path_factory.mktemp("lines")
    mode = request.param.split()[0]
    product = write(folder / "data", OBSERVATIONS[request.param], mode)
    (truth,) = product.truth.values()
    return mode, truth, product.members, folder


def spectrum(file: Path, along_slit: int):
    """Flux density and wavelength of every column of a product."""
    with fits.open(file) as hdus:
        header, wavelength = hdus["SCI"].header, hdus["WAVELENGTH"].data
    sci = arrays(file)["SCI"].astype(float)
    area = header["PIXAR_SR"] if header["BUNIT"] == "MJy/sr" else 1.0
    line = np.take(wavelength.astype(float), 0, axis=along_slit)
    order = np.argsort(line)
    return line[order], (np.nansum(sci, axis=along_slit) * area)[order]


@pytest.mark.parametrize("grid", GRIDS)
def test_lines_and_continuum_are_kept(observed, grid):
    mode, truth, exposures, folder = observed
    asked = {"weight_type": "none"} | arguments(grid, mode, folder)
    make(exposures, folder / grid, keep=folder, **asked)
    line, flux = spectrum(folder / grid / "product_s2d.fits", 1 if mode == "lrs" else 0)
    step = np.gradient(line)
    excess = flux - replace(truth, lines=()).flux_density(line)

    measured, beside = 0, np.ones(len(line), bool)
    for emission, native in zip(truth.lines, native_steps(truth), strict=True):
        window = np.abs(line - emission.centre) < 2.5 * emission.fwhm + 3 * step
        beside &= ~window
        if emission.fwhm < RESOLVED * step[window].max(initial=np.inf if not window.any() else 0):
            continue
        measured += 1
        total = (excess * step)[window].sum()
        centroid = (excess * step * line)[window].sum() / total
        assert total == pytest.approx(emission.flux, rel=FLUX)
        assert abs(centroid - emission.centre) < CENTROID * native
    assert measured >= 2
    # Both nods contribute, the whole way.
    low, high = RANGES[mode]
    beside &= (line > low + 3 * step) & (line < high - 3 * step)
    assert beside.sum() > 30
    assert np.abs(excess[beside] / truth.continuum).max() < CONTINUUM


def native_steps(truth):
    return [
        emission.fwhm / (NARROW, BROAD)[index % 2] for index, emission in enumerate(truth.lines)
    ]

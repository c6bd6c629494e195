"""Observations that the tests simulate: small slits, in all the kinds that there are."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from astropy.io import fits
from specsim import (
    Line,
    LrsGeometry,
    LrsSetup,
    NirspecSetup,
    Pointing,
    SlitGeometry,
    Source,
    fixed_slit,
    fixed_slits,
    mos,
    prism_slitlet,
    write_lrs,
    write_nirspec,
)

SLIT = SlitGeometry(
    name="S200A1",
    shape=(29, 150),
    wavelengths=(2.9, 3.7),
    unit=3.2,
    length=2.4,
    slant=-0.17,
    slope=2.3,
    curvature=-0.7,
    start=(794, 1042),
)
WIDE = SlitGeometry(
    name="S400A1",
    shape=(33, 120),
    wavelengths=(2.8, 3.5),
    unit=3.65,
    length=2.8,
    width=0.4,
    offset=(-8.0, 12.0),
    slope=-1.2,
    start=(830, 960),
)
PRISM = SlitGeometry(
    name="138",
    shape=(25, 110),
    wavelengths=(0.75, 5.25),
    disperser="prism",
    length=1.8,
    offset=(34.0, -50.0),
    slope=-2.0,
)
LRS = LrsGeometry(shape=(150, 58), bounding_box=((9.5, 47.5), (5.7, 140.7)), slope=-0.7)

_COMB = tuple(Line(wave, 0.012, 3e-12) for wave in np.arange(2.95, 5.1, 0.07))
_LAMP = Source(None, None, continuum=4e-13, lines=_COMB)

lamp = partial(
    fixed_slit,
    product="jw01345-o005_nirspec_line3-g395m",
    slitlets=tuple(replace(s, source=_LAMP, residual=0.0) for s in fixed_slit().slitlets),
    frame="msa_frame",
    nods=(0.0, 0.0),
    unit="DN/s",
    pixel_area=False,
    exposure=replace(
        fixed_slit().exposure,
        exp_type="NRS_LAMP",
        filter="OPAQUE",
        extra={
            "instrument": {
                "lamp_state": "LINE3",
                "lamp_mode": "FIXEDSLIT",
                "fixed_slit": "S200A1",
            }
        },
    ),
)
"""Lamp exposures: a comb of lines that fills the slit, no celestial coordinates."""

moving_target = partial(
    fixed_slit,
    frame="moving_target",
    motion=((-11.0, -4.0), (0.0, 0.0), (11.0, 4.0)),
    exposure=replace(
        fixed_slit().exposure,
        extra={"target": {"type": "MOVING"}, "cal_step": {"assign_mtwcs": "COMPLETE"}},
    ),
)
"""Fixed-slit exposures that follow a moving target."""


def slits(setup=None, geometries=(SLIT,), **changes):
    """Set up an observation through small slits."""
    setup = setup or fixed_slit()
    setup = with_slitlets(setup, [{"geometry": geometry} for geometry in geometries])
    return replace(setup, **{"nods": (-0.43, 0.37), **changes})


def two_slits(**changes):
    return slits(fixed_slits(), (SLIT, WIDE), **changes)


def lrs(pointing=None, **changes):
    setup = LrsSetup(geometry=LRS, nods=(-0.6, 0.7), residual=2e-13)
    pointing = replace(setup.pointing, **(pointing or {}))
    return replace(setup, pointing=pointing, **changes)


def with_exposure(setup, **changes):
    return replace(setup, exposure=replace(setup.exposure, **changes))


def all_bad(setup, *exposures):
    """Lose all pixels of every slit in some exposures, one tuple of exposures per slit."""
    return with_slitlets(setup, [{"all_bad": numbers} for numbers in exposures])


def missing(setup, *exposures):
    """Leave every slit out of some exposures."""
    return with_slitlets(setup, [{"missing": numbers} for numbers in exposures])


def with_slitlets(setup, changes):
    slitlets = zip(setup.slitlets, changes, strict=True)
    return replace(setup, slitlets=tuple(replace(slit, **change) for slit, change in slitlets))


BACKGROUND = {"background": {"level": 3e-14, "subtracted": False, "method": "local"}}

SETUPS = {
    # One slit a file
    "grating": slits(
        pointing=Pointing(ra=201.3, dec=41.9, pa=157.0),
        steps=(0.0, 0.05),
        wavelength_shifts=(0.0, 2.4),
        ngroups=(70, 31),
        seed=11,
    ),
    "prism": slits(prism_slitlet(), (PRISM,), nods=(0.5, -0.48), ngroups=(20, 45), seed=12),
    "lone": slits(pointing=Pointing(ra=17.2, pa=-71.0), nods=(0.2,), heavy=True, seed=13),
    "detectors": slits(
        pointing=Pointing(pa=102.0),
        detectors={"NRS1": (2.9, 3.6), "NRS2": (3.75, 4.4)},
        ngroups=(20, 45),
        seed=14,
    ),
    "apart": slits(
        nods=(-0.5, 0.1, 0.6),
        wavelength_shifts=(0.0, 190.0, -40.3),
        unit="MJy/sr",
        seed=15,
    ),
    "little": slits(nods=(-0.5, 0.6), wavelength_shifts=(0.2,), seed=16),
    "moving": slits(moving_target(), motion=((-6.0, -3.0), (6.0, 3.0)), seed=17),
    "lamp": slits(lamp(), nods=(0.0, 0.0), wavelength_shifts=(0.0, 0.4), seed=18),
    "ra_0": slits(pointing=Pointing(ra=0.0, dec=12.0, pa=90.0), seed=19),
    "north": slits(pointing=Pointing(ra=77.0, dec=89.99, pa=20.0), heavy=True, seed=20),
    "south": slits(pointing=Pointing(ra=310.0, dec=-89.99, pa=120.0), nods=(0.4,), seed=21),
    "along_dec": slits(pointing=Pointing(pa=180.0), seed=22),
    "bare": with_exposure(
        slits(pixel_area=False, ngroups=(70, 31), seed=23), measurement_time=False
    ),
    "background": with_exposure(slits(nods=(0.2,), seed=24), extra=BACKGROUND),
    # Several slits a file
    "two_slits": two_slits(pointing=Pointing(pa=250.0), ngroups=(31, 70), seed=31),
    "mos": missing(mos(5, columns=(60, 90), seed=32), (), (), (), (2,), (1,)),
    "bad_slits": all_bad(two_slits(unit="MJy", seed=33), (1,), (1, 2)),
    "two_slits_background": with_exposure(
        two_slits(unit="MJy", nods=(0.2,), seed=34), extra=BACKGROUND
    ),
    # MIRI LRS
    "lrs": lrs({"pa": 35.0}, wavelength_shifts=(0.0, 1.4), ngroups=(125, 50), seed=41),
    "lrs_image": lrs({"pa": -110.0}, model_type="ImageModel", unit="MJy", seed=42),
    "lrs_lone": lrs(nods=(0.3,), seed=43),
    "lrs_ra_0": lrs({"ra": 0.0, "pa": 90.0}, source_position=False, seed=44),
    "lrs_along_dec": lrs({"pa": 0.0}, unit="MJy", seed=45),
    "lrs_south": lrs({"dec": -89.99, "pa": 50.0}, source_position=False, seed=46),
}


def write_observation(folder: Path, name: str) -> list[Path]:
    """Write the exposures of one of the setups; returns their paths."""
    setup = SETUPS[name]
    # A program of its own for each, hence file names of its own.
    setup = with_exposure(setup, program=9000 + setup.seed)
    write = write_nirspec if isinstance(setup, NirspecSetup) else write_lrs
    members = [*write(folder / name, setup).members]
    if name == "little":
        leave_little(members[0])
    return members


def leave_little(path):
    """Leave 60 good pixels of an exposure."""
    with fits.open(path, mode="update") as hdus:
        good = np.argwhere(hdus["DQ"].data & 1 == 0)
        hdus["DQ"].data[tuple(good[:700].T)] |= 1
        hdus["DQ"].data[tuple(good[760:].T)] |= 1

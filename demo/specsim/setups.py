"""Observations: slits with their sources, pointings and modes; some are ready-made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from specsim.exposure import Exposure
from specsim.noise import Noise
from specsim.scene import Source, dusty_galaxy, galaxy
from specsim.wcs import Frame, LrsGeometry, Pointing, SlitGeometry

Unit = Literal["MJy", "MJy/sr", "DN/s"]


@dataclass(frozen=True)
class Slitlet:
    """A slit and what is in it."""

    geometry: SlitGeometry
    source_id: int = 1  # negative for virtual slits
    source_name: str | None = None  # in MOS data; holds ``BKG`` in background slits
    source: Source | None = None  # put at ``position``, unless its own place is None
    position: float = 0.0  # of the source along the slit before nodding [arcsec]
    residual: float = 0.0  # flux density that sky subtraction left in every pixel [MJy]
    missing: tuple[int, ...] = ()  # exposure numbers in which the slit does not appear
    all_bad: tuple[int, ...] = ()  # exposure numbers in which all its pixels are bad
    shutter_state: str = "1x1"  # open shutters, of MOS data

    @property
    def key(self) -> str:
        """What slits of one source share."""
        return self.source_name or str(self.source_id)


@dataclass(frozen=True)
class NirspecSetup:
    """A NIRSpec observation."""

    product: str  # name of the product, or its template
    slitlets: tuple[Slitlet, ...]
    pointing: Pointing = field(default_factory=Pointing)  # before nodding
    # Place of the source in each exposure, relative to its own: along the slit, and across it
    # (zero where there are fewer) [arcsec]
    nods: tuple[float, ...] = (-0.8, 0.0, 0.8)
    steps: tuple[float, ...] = ()
    # Displacement of the spectra in each exposure; zero where there are fewer [pixel]
    wavelength_shifts: tuple[float, ...] = ()
    # RA and Dec of a moving target in each exposure, relative to the pointing [arcsec]
    motion: tuple[tuple[float, float], ...] = ()
    # Groups of each exposure, hence the exposure times; the last one holds for the rest
    ngroups: tuple[int, ...] = (70,)
    # Detectors of every exposure, with the wavelengths of their first and last columns [um], or
    # None for those of the slits
    detectors: Mapping[str, tuple[float, float] | None] = field(
        default_factory=lambda: {"NRS1": None}
    )
    frame: Frame = "world"  # the last one of the WCSs
    heavy: bool = False  # WCSs and headers of every slit as heavy as in real files
    single: bool = False  # the only slit is the file (SlitModel), not one of a list
    integrations: int = 0  # in the cubes that are written; 0 for images
    unit: Unit = "MJy"  # DN/s, for lamps, are MJy under another name
    pixel_area: bool = True  # whether the header tells the nominal one
    noise: Noise = field(default_factory=Noise)
    exposure: Exposure = field(default_factory=Exposure)  # but for what the exposures differ in
    seed: int = 0  # of all chance


LRS_POINTING = Pointing(ra=120.0, dec=-30.0, pa=15.0, v2=-414.25, v3=-400.6, slit_angle=94.83)
LRS_NOISE = Noise(sensitivity=2e13, blaze=0.3, sky=2500.0, read_noise=25.0)
LRS_EXPOSURE = Exposure(
    program=1536,
    observation=2,
    activity=2,
    exp_type="MIR_LRS-FIXEDSLIT",
    instrument="MIRI",
    detector="MIRIMAGE",
    filter="P750L",
    grating=None,
    start=59760.0,
)


@dataclass(frozen=True)
class LrsSetup:
    """A MIRI LRS fixed-slit observation; fields that `NirspecSetup` has too are the same."""

    product: str = "jw01536-o002_t001_miri_p750l"
    geometry: LrsGeometry = field(default_factory=LrsGeometry)
    pointing: Pointing = LRS_POINTING  # to the slit centre
    source: Source = field(default_factory=lambda: dusty_galaxy(0, 0, continuum=4e-10))
    residual: float = 0.0  # flux density that sky subtraction left in every pixel [MJy]
    nods: tuple[float, ...] = (-0.95, 0.95)
    wavelength_shifts: tuple[float, ...] = ()
    ngroups: tuple[int, ...] = (125,)
    unit: Unit = "MJy/sr"
    # Older files are images, without attributes of the slit
    model_type: Literal["SlitModel", "ImageModel"] = "SlitModel"
    source_position: bool = True  # whether the header tells where the source is (pixels)
    noise: Noise = LRS_NOISE
    exposure: Exposure = LRS_EXPOSURE
    seed: int = 0


# ---- setups ------------------------------------------------------------------------------------
# Called with fields of `NirspecSetup` to change.

fixed_slit = partial(
    replace,
    NirspecSetup(
        product="jw01345-o005_t001_nirspec_f290lp-g395m",
        slitlets=(
            Slitlet(
                SlitGeometry(name="S200A1", unit=3.2, length=2.6, start=(794, 1042)),
                source=galaxy(0, 0, redshift=4.2, continuum=2e-12, line=1.2e-11, resolution=500),
                residual=4e-15,
            ),
        ),
        nods=(-0.75, 0.0, 0.75),
        single=True,
        exposure=Exposure(observation=5),
    ),
)
"""A fixed-slit observation of one bright galaxy, one slit per file."""

_S400A1 = SlitGeometry(
    name="S400A1",
    shape=(34, 460),
    unit=3.65,
    length=2.8,
    width=0.4,
    offset=(-8.0, 12.0),
    slope=1.2,
    start=(830, 960),
)
_NEIGHBOUR = Source(0, 0, continuum=8e-13, slope=0.5, size=0.3)

fixed_slits = partial(
    fixed_slit,
    slitlets=(
        *fixed_slit().slitlets,
        Slitlet(_S400A1, source_id=2, source=_NEIGHBOUR, position=0.1),
    ),
    single=False,
    unit="MJy/sr",
)
"""A fixed-slit observation with the slits S200A1 and S400A1 in one file."""


def mos(
    n_slits: int = 5, *, columns: tuple[int, int] = (380, 460), seed: int = 0, **changes: Any
) -> NirspecSetup:
    """Set up a MOS observation: sources, a background slit, a virtual slit.

    Parameters
    ----------
    n_slits : int
        The second slit is a background slit, the third a virtual one, and the fourth is missing
        from the second exposure.
    columns : tuple of int
        Smallest and largest width of the slits.
    seed : int
        Of slits, sources and noise.
    **changes
        Fields of `NirspecSetup` to change.

    Returns
    -------
    NirspecSetup
    """
    rng = np.random.default_rng([seed, 58])
    states = {"1x1": 3, "11x1": 4, "x1": 2, "1x11": 4, "11x11": 5}
    slitlets = []
    for index, number in enumerate(11 + np.cumsum(rng.integers(2, 9, n_slits))):
        state = list(states)[index % len(states)]
        length = states[state] * 0.53 - 0.07  # a bar closes the slit at both ends
        slope, curvature = rng.uniform(-2.5, 2.5), rng.uniform(0.4, 1.4)
        rows = int(np.ceil(length / 0.103 + abs(slope) + curvature)) + 4
        width = int(rng.integers(columns[0], columns[1] + 1))
        geometry = SlitGeometry(
            name=str(number),
            shape=(rows, width),
            wavelengths=(2.95 + rng.uniform(-0.06, 0.06), 5.05 + rng.uniform(-0.06, 0.06)),
            length=length,
            offset=(rng.uniform(-90, 90), 80 - 160 * (index + 0.5) / n_slits),
            slant=rng.uniform(0.05, 0.16),
            slope=slope,
            curvature=curvature,
            start=(int(rng.integers(1, 2048 - width)), int(1 + 2000 * (index + 0.5) / n_slits)),
        )
        source: Source | None = galaxy(
            0,
            0,
            redshift=float(rng.choice([3.1, 4.3, 5.2, 6.0, 1.9])),
            continuum=10 ** rng.uniform(-12.4, -11.7),
            line=10 ** rng.uniform(-11.7, -11.1),
            resolution=500,
        )
        source_id = int(rng.integers(100, 9999))
        name = f"2736_{source_id}"
        # In the middle of a shutter, so that nodding by a shutter keeps it in the slit
        position = float(rng.uniform(-0.05, 0.05)) + (states[state] % 2 == 0) * 0.265
        if index == 1:
            source, name, position = None, f"2736_BKG{number}", 0.0
        elif index == 2:
            source, name, source_id = None, f"2736_VRT{number}", -int(number)
        slitlets.append(
            Slitlet(
                geometry,
                source_id=source_id,
                source_name=name,
                source=source,
                position=position,
                residual=3e-15,
                missing=(2,) if index == 3 else (),
                shutter_state=state,
            )
        )
    setup = NirspecSetup(
        product="jw02736-o007_{source_id}_nirspec_f290lp-g395m",
        slitlets=tuple(slitlets),
        pointing=Pointing(ra=110.83, dec=-73.45, pa=110.0),
        nods=(-0.53, 0.0, 0.53),
        exposure=Exposure(
            program=2736,
            observation=7,
            activity=3,
            exp_type="NRS_MSASPEC",
            start=59760.1,
        ),
        seed=seed,
    )
    return replace(setup, **changes)


_PRISM = SlitGeometry(
    name="138",
    shape=(25, 341),
    wavelengths=(0.75, 5.25),
    disperser="prism",
    length=1.8,
    offset=(34.0, -50.0),
    slope=-3.0,
    slant=0.13,
    start=(1, 659),
)

prism_slitlet = partial(
    mos,
    1,
    product="jw01345-o062_s000000933_nirspec_clear-prism",
    slitlets=(
        Slitlet(
            _PRISM,
            source_id=933,
            source_name="1345_933",
            source=galaxy(0, 0, redshift=4.2, continuum=2e-12, line=6e-12, resolution=90),
            position=0.05,
            residual=5e-15,
        ),
    ),
    pointing=Pointing(ra=214.85, dec=52.86, pa=89.3),
    single=True,
    unit="MJy/sr",
    exposure=replace(
        mos(1).exposure,
        program=1345,
        observation=62,
        activity=1,
        filter="CLEAR",
        grating="PRISM",
        detector="NRS2",
    ),
    detectors={"NRS2": None},
)
"""A MOS observation with the prism, one slitlet per file."""

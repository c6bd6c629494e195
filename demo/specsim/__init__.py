"""Simulated JWST level-2b spectra with known truth: NIRSpec slits and the MIRI LRS slit.

`dataset` writes whole products; `wcs`, `scene`, `noise` and `exposure` are its steps.
"""

from specsim.dataset import (
    LrsSetup,
    NirspecSetup,
    Product,
    Slitlet,
    fixed_slit,
    fixed_slits,
    lamp,
    mos,
    moving_target,
    prism_slitlet,
    write_demo,
    write_lrs,
    write_nirspec,
)
from specsim.exposure import Exposure
from specsim.noise import PERFECT, Noise
from specsim.scene import Line, Source, dusty_galaxy, galaxy, render
from specsim.wcs import LrsGeometry, Pointing, SlitGeometry, lrs_wcs, nirspec_wcs

__all__ = [
    "PERFECT",
    "Exposure",
    "Line",
    "LrsGeometry",
    "LrsSetup",
    "NirspecSetup",
    "Noise",
    "Pointing",
    "Product",
    "SlitGeometry",
    "Slitlet",
    "Source",
    "dusty_galaxy",
    "fixed_slit",
    "fixed_slits",
    "galaxy",
    "lamp",
    "lrs_wcs",
    "mos",
    "moving_target",
    "nirspec_wcs",
    "prism_slitlet",
    "render",
    "write_demo",
    "write_lrs",
    "write_nirspec",
]

"""Simulated JWST level-2b spectra with known truth: NIRSpec slits and the MIRI LRS slit.

`dataset` writes what `setups` describe; `wcs`, `scene`, `noise` and `exposure` are its steps.
"""

from specsim.dataset import write_demo, write_lrs, write_nirspec
from specsim.noise import PERFECT
from specsim.scene import Line, Source, galaxy
from specsim.setups import (
    LrsSetup,
    NirspecSetup,
    Slitlet,
    fixed_slit,
    fixed_slits,
    mos,
    prism_slitlet,
)
from specsim.wcs import LrsGeometry, Pointing, SlitGeometry, lrs_wcs, nirspec_wcs

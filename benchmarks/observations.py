"""Where the exposures come from: the developers' reference data, or simulations where they lack.

Reference data have the instrument's own WCSs. Simulations are made as heavy: see `weight`.
"""

import hashlib
import re
import subprocess
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import specsim
from astropy.io import fits
from specresample.common.files import folder_written_aside

from benchmarks.measuring import PROJECT, jwst_python

SHARED = PROJECT.parent / "shared"
REFERENCE_DATA = SHARED / "data"

# How many there are, in `weight`.
SLITS = "slits, of all exposures"

_Setup = specsim.NirspecSetup | specsim.LrsSetup


def _simulated(setup: _Setup, folder: Path) -> Path:
    """Simulate an observation in a folder of its own, named by its setup, unless it is there."""
    place = folder / hashlib.sha256(repr(setup).encode()).hexdigest()[:16]
    if not place.exists():
        write = specsim.write_lrs if isinstance(setup, specsim.LrsSetup) else specsim.write_nirspec
        with folder_written_aside(place) as aside:
            write(aside, setup)
    return place / "spec3_asn.json"


def _observation(name: str, setup: _Setup, folder: Path) -> Path:
    association = REFERENCE_DATA / name / "spec3_asn.json"
    return association if association.is_file() else _simulated(setup, folder)


# Columns of the slits: those of medium-resolution spectra, by their place on the detector.
_COLUMNS = (380, 1000)
_MOS_12 = specsim.mos(12, columns=_COLUMNS, heavy=True)
_FIXED_SLITS = specsim.fixed_slits(
    slitlets=tuple(
        replace(slitlet, geometry=replace(slitlet.geometry, shape=(50, 1300), start=(700, 1000)))
        for slitlet in specsim.fixed_slits().slitlets
    ),
    heavy=True,
)

# Functions that take a folder for simulations and return an association. LRS has two nods, the
# others have three.
nods = partial(_observation, "nirspec_mos_real", specsim.prism_slitlet(heavy=True))
lrs = partial(_observation, "miri_lrs_sim", specsim.LrsSetup())
fixed_slits = partial(_observation, "nirspec_fs_sim", _FIXED_SLITS)
mos_12 = partial(_observation, "nirspec_mos_sim", _MOS_12)
mos_12_simulated = partial(_simulated, _MOS_12)


def mos_58(folder: Path) -> Path:
    """Three nods of 58 MOS slitlets."""
    generator = SHARED / "oracle" / "instrument_data.py"
    if not generator.is_file():
        return _simulated(specsim.mos(58, columns=_COLUMNS, heavy=True), folder)
    place = folder / "instrument"
    if not place.exists():
        with folder_written_aside(place) as aside:
            subprocess.run([jwst_python(), generator, aside], check=True, stdout=subprocess.DEVNULL)
    return place / "spec3_asn.json"


def weight(association: Path) -> dict[str, float]:
    """Say how heavy the slits of an observation are.

    Parameters
    ----------
    association : Path
        Of exposures with several slits.

    Returns
    -------
    dict of str to float
        `SLITS` of all exposures; per slit transforms, frames and kilobytes of YAML in the ASDF
        extension, and cards in the headers.
    """
    slits, totals = 0, Counter()
    for path in association.parent.glob("*_cal.fits"):
        with fits.open(path) as hdus:
            content = hdus["ASDF"].data["ASDF_METADATA"][0].tobytes()
            slits += sum(hdu.name == "SCI" for hdu in hdus)
            cards = sum(len(hdu.header) for hdu in hdus[1:-1])
        text = content[: content.index(b"\n...")].decode()
        totals["transforms"] += len(re.findall(r"!transform/|!<tag:stsci.edu:jwst_pipeline", text))
        totals["frames"] += len(re.findall(r"gwcs/\w*frame", text))
        totals["kB of YAML"] += len(text) / 1000
        totals["cards of headers"] += cards
    return {SLITS: slits} | {name: total / slits for name, total in totals.items()}

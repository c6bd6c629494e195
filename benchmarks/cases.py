"""What is measured: the cases with their targets, and the series of growing size.

The exposures are simulated, with WCSs and headers as heavy as those of the observatory; for the
nods of one slit and for MIRI, the developers' reference data are taken where they are there.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from specsim import (
    LrsSetup,
    NirspecSetup,
    fixed_slits,
    mos,
    prism_slitlet,
    write_lrs,
    write_nirspec,
)

from benchmarks.measuring import PROJECT, Work

REFERENCE_DATA = PROJECT.parent / "shared" / "data"

Measure = Literal["wall", "cpu", "peak"]

# Columns of the slits: those of medium-resolution spectra, by their place on the detector.
_COLUMNS = (380, 1000)


@dataclass(frozen=True)
class Target:
    """What a case must not exceed.

    Attributes
    ----------
    measure : {"wall", "cpu", "peak"}
        Which of the costs.
    limit : float
        Its largest ratio to that of jwst; or its largest value, when not ``relative``.
    relative : bool
        Whether it is a ratio.
    """

    measure: Measure
    limit: float
    relative: bool = True


@dataclass(frozen=True)
class Case:
    """Work that the workflow and jwst do alternately.

    Attributes
    ----------
    name, title : str
        For the command line and for readers.
    work : callable
        Gives the work; its exposures go into a folder, unless they are there.
    targets : tuple of Target
        Beside that of every case: less peak memory than jwst.
    """

    name: str
    title: str
    work: Callable[[Path], Work]
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Series:
    """Work of growing size, which the workflow does alone.

    Attributes
    ----------
    name, title : str
        For the command line and for readers.
    sizes : tuple of int
        The sizes.
    work : callable
        Gives the work of a size, as in `Case`.
    unit : str
        What is counted.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    work: Callable[[Path, int], Work]
    unit: str = field(default="slits")


def simulated(folder: Path, setup: NirspecSetup | LrsSetup) -> Path:
    """Simulate an observation, unless it is there.

    Parameters
    ----------
    folder : Path
        Takes a folder for the observation, named by its setup.
    setup : NirspecSetup or LrsSetup
        The observation.

    Returns
    -------
    Path
        Its association.
    """
    place = folder / hashlib.sha256(repr(setup).encode()).hexdigest()[:16]
    if not place.exists():
        aside = place.with_suffix(".part")
        shutil.rmtree(aside, ignore_errors=True)
        if isinstance(setup, LrsSetup):
            write_lrs(aside, setup)
        else:
            write_nirspec(aside, setup)
        aside.rename(place)
    return place / "spec3_asn.json"


def shorter(association: Path, members: int) -> Path:
    """Write an association of the first members of another one, beside it.

    Parameters
    ----------
    association : Path
    members : int
        Number of members to keep.

    Returns
    -------
    Path
    """
    content = json.loads(association.read_text())
    (product,) = content["products"]
    product["members"] = product["members"][:members]
    path = association.with_name(f"first{members}_asn.json")
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def _real_or(name: str, setup: NirspecSetup | LrsSetup) -> Callable[[Path], Work]:
    """Take reference data, or else simulate some."""

    def work(folder: Path) -> Work:
        real = REFERENCE_DATA / name / "spec3_asn.json"
        return Work((real if real.is_file() else simulated(folder, setup),))

    return work


def _fixed_slits(folder: Path) -> Work:
    setup = fixed_slits(heavy=True)
    slitlets = tuple(
        replace(slitlet, geometry=replace(slitlet.geometry, shape=(50, 1300), start=(700, 1000)))
        for slitlet in setup.slitlets
    )
    return Work((simulated(folder, replace(setup, slitlets=slitlets)),))


def _mos(slits: int, nods: Sequence[float] = (-0.53, 0.0, 0.53), **arguments: object) -> Callable:
    def work(folder: Path) -> Work:
        setup = mos(slits, columns=_COLUMNS, nods=tuple(nods), heavy=True)
        return Work((simulated(folder, setup),), arguments)

    return work


def _campaign(folder: Path) -> Work:
    associations = []
    for number in range(1, 21):
        setup = prism_slitlet(heavy=True, seed=number)
        setup = replace(
            setup,
            product=f"jw01345-o{number:03d}_s000000933_nirspec_clear-prism",
            exposure=replace(setup.exposure, observation=number),
        )
        associations.append(simulated(folder, setup))
    return Work(tuple(associations))


def _other_pixfrac(folder: Path) -> Work:
    return _mos(12)(folder).changed(pixfrac=0.7)


def _one_more(folder: Path) -> Work:
    complete = _mos(12, np.linspace(-0.53, 0.53, 7).tolist())(folder)
    (association,) = complete.associations
    return replace(complete, before=replace(complete, associations=(shorter(association, 6),)))


def _of_slits(folder: Path, slits: int) -> Work:
    # All slits are of one width, so that their number alone counts.
    setup = mos(slits, columns=(700, 700), heavy=True)
    return Work((simulated(folder, setup),))


def _of_exposures(**arguments: object) -> Callable[[Path, int], Work]:
    def work(folder: Path, exposures: int) -> Work:
        nods = np.linspace(-0.53, 0.53, exposures).tolist()
        setup = mos(12, columns=(700, 700), nods=tuple(nods), heavy=True)
        return Work((simulated(folder, setup),), arguments)

    return work


CASES = (
    Case(
        "nods",
        "one slit, 3 nods",
        _real_or("nirspec_mos_real", prism_slitlet(heavy=True)),
        (Target("wall", 1),),
    ),
    Case("lrs", "MIRI LRS, 2 nods", _real_or("miri_lrs_sim", LrsSetup()), (Target("wall", 1),)),
    Case("fixed-slits", "fixed slits, 2 x 3", _fixed_slits),
    Case("mos-12", "MOS, 12 x 3", _mos(12), (Target("wall", 1 / 5),)),
    Case("mos-58", "MOS, 58 x 3", _mos(58), (Target("wall", 1 / 8), Target("cpu", 1 / 4))),
    Case(
        "mos-58-on-disk",
        "MOS, 58 x 3, `in_memory: false`",
        _mos(58, in_memory=False),
        (Target("peak", 600, relative=False),),
    ),
    Case(
        "campaign",
        "20 products of one slit, 3 nods",
        _campaign,
        (Target("wall", 1 / 3), Target("cpu", 1)),
    ),
    Case("pixfrac", "MOS, 12 x 3, `pixfrac` changed", _other_pixfrac, (Target("wall", 1 / 10),)),
    Case("one-more", "MOS, 12 x 6, one exposure more", _one_more),
)

SERIES = (
    Series("slits", "slits, in 3 exposures", (6, 12, 24, 48), _of_slits),
    Series(
        "exposures", "exposures, of 12 slits", (3, 6, 12, 24), _of_exposures(), unit="exposures"
    ),
    Series(
        "exposures-on-disk",
        "exposures, of 12 slits, `in_memory: false`",
        (3, 6, 12, 24),
        _of_exposures(in_memory=False),
        unit="exposures",
    ),
)

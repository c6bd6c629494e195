"""Hits of known place and strength: how many of them are found, and what else is.

Run as a script, it prints the tables of docs/outliers.md.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from astropy.io import fits
from inprocess import drizzled, rewrite
from scipy.ndimage import binary_dilation
from specsim import LrsSetup, fixed_slit, galaxy, write_lrs, write_nirspec

STRENGTHS = (5, 10, 20, 50, 200)  # in errors of the pixel that is hit
SPACING = 7  # pixels between hits, so that none is another one's neighbour
BRIGHT = 5.0  # signal-to-noise ratio from which a pixel shows the source

LIMITS: Mapping[str, Mapping[str, object]] = {
    "default": {},
    "observatory": {"outlier_scale": "3.0 2.0", "outlier_maskpt": 0.0},
}


@dataclass(frozen=True)
class Truth:
    """What is known of the pixels of an exposure.

    Attributes
    ----------
    strength : ndarray of int
        Strength of the hit, 0 without.
    bright : ndarray of bool
        Whether a pixel shows the source.
    innocent : ndarray of bool
        Whether it is good, and neither hit nor beside a hit or a bad pixel.
    good : int
        Number of good pixels.
    """

    strength: np.ndarray
    bright: np.ndarray
    innocent: np.ndarray
    good: int


@dataclass(frozen=True)
class Recovery:
    """What a search found.

    Attributes
    ----------
    found : dict of (int, bool) to tuple of int
        Hits that were found, and all, by strength and whether they lie on the source.
    false : dict of bool to tuple of int
        Innocent pixels that were flagged, and all, by whether they show the source.
    compared : tuple of int
        Pixels that could be compared with a median, and all good ones.
    """

    found: dict[tuple[int, bool], tuple[int, int]]
    false: dict[bool, tuple[int, int]]
    compared: tuple[int, int]


def inject(path: Path, seed: int) -> Truth:
    """Hit pixels of an exposure of one slit, here and there."""
    rng = np.random.default_rng(seed)
    with fits.open(path) as hdus:
        sci, err, dq = (np.array(hdus[name].data) for name in ("SCI", "ERR", "DQ"))
    bad = (dq & 1) != 0
    strength = np.zeros(sci.shape, int)
    first = rng.integers(SPACING, size=2)
    lattice = (slice(first[0], None, SPACING), slice(first[1], None, SPACING))
    strength[lattice] = rng.choice(STRENGTHS, strength[lattice].shape)
    strength[bad] = 0

    def hit(hdus: fits.HDUList) -> None:
        hdus["SCI"].data += np.where(strength > 0, strength * err, 0)

    rewrite(path, hit)
    around = binary_dilation((strength > 0) | bad, np.ones((3, 3)))
    return Truth(strength, np.nan_to_num(sci / err) > BRIGHT, ~around, int((~bad).sum()))


def search(paths: Sequence[Path], truths: Sequence[Truth], **arguments: object) -> Recovery:
    """Look for outliers and compare with the truth."""
    found = {(s, bright): np.zeros(2, int) for s in STRENGTHS for bright in (False, True)}
    false = {bright: np.zeros(2, int) for bright in (False, True)}
    compared = np.zeros(2, int)
    with drizzled(paths, outlier_detection=True, **arguments) as parts:
        for truth, single in zip(truths, parts.singles.values(), strict=True):
            places = single["0/outliers"]
            flagged = np.zeros(truth.strength.shape, bool)
            flagged[places["row"], places["column"]] = True
            compared += int(single["0/compared"]), truth.good
            for (strength, bright), count in found.items():
                hits = (truth.strength == strength) & (truth.bright == bright)
                count += (flagged & hits).sum(), hits.sum()
            for bright, count in false.items():
                innocent = truth.innocent & (truth.bright == bright)
                count += (flagged & innocent).sum(), innocent.sum()
    return Recovery(
        {key: tuple(map(int, count)) for key, count in found.items()},
        {key: tuple(map(int, count)) for key, count in false.items()},
        tuple(map(int, compared)),
    )


def observe(folder: Path, kind: str, number: int, seed: int = 5) -> list[Path]:
    """Write exposures of a faint galaxy: ``grating`` or ``lrs``, as many nods as asked for."""
    nods = tuple(np.linspace(-0.5, 0.5, number))
    if kind == "lrs":
        return [*write_lrs(folder, LrsSetup(nods=nods, seed=seed)).members]
    setup = fixed_slit(nods=nods, seed=seed)
    source = galaxy(0, 0, redshift=4.2, continuum=3e-13, line=3e-12, resolution=1000)
    slitlets = tuple(replace(slitlet, source=source) for slitlet in setup.slitlets)
    return [*write_nirspec(folder, replace(setup, slitlets=slitlets)).members]


def percent(count: tuple[int, int]) -> str:
    """Write a part of all as a percentage."""
    some, all_ = count
    return f"{100 * some / all_:.{0 if some > 0.02 * all_ else 2}f}" if all_ else "-"


def row(name: str, recovery: Recovery) -> str:
    """Write a search as a row of the table: sky and source together, and the false ones of each."""
    of_strength = [
        np.sum([recovery.found[strength, bright] for bright in (False, True)], axis=0)
        for strength in STRENGTHS
    ]
    on_source = np.sum([recovery.found[strength, True] for strength in STRENGTHS[2:]], axis=0)
    cells = [
        recovery.compared,
        *of_strength,
        on_source,
        recovery.false[False],
        recovery.false[True],
    ]
    return " | ".join(["", name, *map(percent, cells), ""]).strip()


def bright_nods(folder: Path, seed: int = 5) -> list[Path]:
    """Write three nods of a bright source, each with the mean of the others subtracted."""
    setup = fixed_slit(nods=(-0.5, 0.0, 0.5), seed=seed)
    source = galaxy(0, 0, redshift=4.2, continuum=1e-11, line=1e-10, resolution=1000)
    slitlets = tuple(replace(slitlet, source=source) for slitlet in setup.slitlets)
    paths = [*write_nirspec(folder, replace(setup, slitlets=slitlets)).members]
    images = []
    for path in paths:
        with fits.open(path) as hdus:
            images.append(np.where(hdus["DQ"].data & 1, np.nan, hdus["SCI"].data))
    for number, path in enumerate(paths):
        others = np.mean([image for n, image in enumerate(images) if n != number], axis=0)
        rewrite(path, partial(_subtract, image=others))
    return paths


def _subtract(hdus: fits.HDUList, image: np.ndarray) -> None:
    hdus["SCI"].data -= image.astype(np.float32)


def scale_errors(paths: Sequence[Path], factor: float) -> None:
    """Change the errors that exposures state."""

    def scale(hdus: fits.HDUList) -> None:
        hdus["ERR"].data *= factor
        for name in ("VAR_RNOISE", "VAR_POISSON", "VAR_FLAT"):
            hdus[name].data *= factor**2

    for path in paths:
        rewrite(path, scale)


def add_background(path: Path, errors: float) -> None:
    """Add a background to an exposure, in units of its median error."""

    def add(hdus: fits.HDUList) -> None:
        hdus["SCI"].data += np.float32(errors * np.nanmedian(hdus["ERR"].data))

    rewrite(path, add)


def shares(paths: Sequence[Path], **arguments: object) -> list[float]:
    """Part of the compared pixels of every exposure that are outliers, as the gate has it."""
    with drizzled(paths, outlier_detection=True, **arguments) as parts:
        return [
            len(single["0/outliers"]) / single["0/compared"] for single in parts.singles.values()
        ]


def print_recovery() -> None:
    """Print how many hits are found."""
    heads = ["compared", *(f"{strength} sigma" for strength in STRENGTHS)]
    heads += ["on the source, from 20 sigma", "false, sky", "false, source"]
    print(" | ".join(["", "exposures", *heads, ""]).strip())
    print("|---" * (len(heads) + 1) + "|")
    for kind, number in (("grating", 2), ("grating", 3), ("grating", 5), ("lrs", 2)):
        with TemporaryDirectory() as folder:
            paths = observe(Path(folder), kind, number)
            truths = [inject(path, seed) for seed, path in enumerate(paths)]
            for name, arguments in LIMITS.items():
                recovery = search(paths, truths, **arguments)
                print(row(f"{number} {kind}, {name} limits", recovery))
                sys.stdout.flush()


def print_shares() -> None:
    """Print what part of an exposure is outliers, in good exposures and in broken ones."""

    def small_errors(folder: Path) -> list[Path]:
        paths = observe(folder, "grating", 3)
        scale_errors(paths, 0.2)
        return paths

    def odd_one(folder: Path) -> list[Path]:
        paths = observe(folder, "grating", 3)
        add_background(paths[1], 10)
        return paths

    cases = {
        "a faint galaxy": lambda folder: observe(folder, "grating", 3),
        "a bright source, nods subtracted from each other": bright_nods,
        "errors that are five times too small": small_errors,
        "a background of 10 sigma in the second": odd_one,
    }
    print(" | ".join(["", "three nods", *LIMITS, ""]).strip())
    print("|---" * (len(LIMITS) + 1) + "|")
    for name, write in cases.items():
        with TemporaryDirectory() as folder:
            paths = write(Path(folder))
            found = [shares(paths, **arguments) for arguments in LIMITS.values()]
        cells = [", ".join(f"{100 * share:.1f}" for share in each) for each in found]
        print(" | ".join(["", name, *cells, ""]).strip())
        sys.stdout.flush()


if __name__ == "__main__":
    print_recovery()
    print()
    print_shares()

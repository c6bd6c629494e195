"""What jobs need, as far as the sizes and names of exposures tell: nothing is opened to plan a run.

The figures are measured (benchmarks/README.md), for spectra like those of the instruments.
"""

from collections.abc import Sequence
from functools import cache
from operator import mul
from pathlib import Path
from typing import NamedTuple

from specresample.plan.association import is_uri

# Bytes of a NIRSpec slit with all its planes, about 20 x 700 pixels, and its WCS.
_SLIT = 500_000

# What a file that is not here is taken for, in bytes: a MOS exposure of 200 slits.
_REMOTE = 100_000_000

# Processes that share the files of a product: slits that keep one busy, and how many there are at
# most, because a part of the work is not shared.
_SLITS_OF_WORKER = 15
_MOST_WORKERS = 4

# Room above what was measured, for other pixels and other machines.
_MEMORY_MARGIN = 1.3
_TIME_MARGIN = 4

# On a cluster a job holds two Snakemakes beside its script, and starts them.
_SNAKEMAKE_MB = 200
_SNAKEMAKE_SECONDS = 10


class Cost(NamedTuple):
    """What a rule needs.

    Attributes
    ----------
    seconds, megabytes : tuple of float
        Time and memory: at its start, for each slit and for each megabyte of its exposures.
    disk : float
        Megabytes written per megabyte read.
    worker : float
        Megabytes more for each process, where several share the work.
    """

    seconds: tuple[float, float, float]
    megabytes: tuple[float, float, float]
    disk: float
    worker: float = 0


_COSTS = {
    "prepare_exposure": Cost((1.2, 0.05, 0.01), (115, 0.5, 1), 1.5),
    "output_grid": Cost((0.2, 0.001, 0), (60, 0.3, 0), 0.1),
    "drizzle_exposure": Cost((0.3, 0.005, 0.005), (85, 0, 1), 1.5),
    "flag_outliers": Cost((0.5, 0.01, 0.005), (60, 0, 0.2), 0.2, worker=50),
    "flagged_exposure": Cost((0.5, 0.01, 0.005), (55, 0, 1), 1),
    "combine": Cost((1.5, 0.015, 0.01), (130, 0.3, 0.3), 1.5, worker=60),
    "make_product": Cost((1.5, 0.1, 0.02), (150, 1, 1), 4, worker=60),
    "preview": Cost((1.3, 0.02, 0.01), (110, 0.5, 1), 0.1),
}


# Asked for by every job in every round of Snakemake's scheduler.
@cache
def file_size(path: str) -> int:
    """Size of a level-2b file in bytes; one that lies elsewhere is taken for large.

    Parameters
    ----------
    path : str
        Path or URI.

    Returns
    -------
    int
    """
    return _REMOTE if is_uri(path) else Path(path).stat().st_size


def estimated_slits(path: str) -> int:
    """Estimate how many slits an exposure holds: as many WCSs have to be built and evaluated.

    MIRI LRS files are large, but show one slit.
    """
    if "_mirimage" in Path(path).name:
        return 1
    return max(1, round(file_size(path) / _SLIT))


def useful_workers(exposures: Sequence[str]) -> int:
    """Say how many processes can share a product, so that each has work for a second or more.

    Parameters
    ----------
    exposures : sequence of str
        Paths of the product's level-2b files.

    Returns
    -------
    int
        At least 1.
    """
    return min(_MOST_WORKERS, 1 + sum(map(estimated_slits, exposures)) // _SLITS_OF_WORKER)


def needs(rule: str, exposures: Sequence[str]) -> tuple[float, float]:
    """Estimate the seconds and megabytes that the script of a rule takes for level-2b files."""
    extent = (1, sum(map(estimated_slits, exposures)), _megabytes(exposures))
    cost, workers = _COSTS[rule], useful_workers(exposures)
    seconds, megabytes = (sum(map(mul, each, extent)) for each in (cost.seconds, cost.megabytes))
    return seconds, megabytes + (cost.worker * workers if workers > 1 else 0)


@cache
def request_resources(rule: str, exposures: tuple[str, ...], attempt: int) -> dict[str, int]:
    """Give the resources to request for a job of a rule.

    Parameters
    ----------
    rule : str
    exposures : sequence of str
        Paths of the level-2b files it works on.
    attempt : int
        1 for the first try; another one asks for more memory and time.

    Returns
    -------
    dict of str to int
        ``mem_mb``, ``disk_mb`` and ``runtime`` in minutes.
    """
    seconds, megabytes = needs(rule, exposures)
    minutes = (_TIME_MARGIN * seconds + _SNAKEMAKE_SECONDS) / 60
    return {
        "mem_mb": attempt * round(_SNAKEMAKE_MB + _MEMORY_MARGIN * megabytes),
        "disk_mb": 10 + round(_COSTS[rule].disk * _megabytes(exposures)),
        "runtime": attempt * (1 + round(minutes)),
    }


def _megabytes(exposures: Sequence[str]) -> float:
    return sum(map(file_size, exposures)) / 1e6

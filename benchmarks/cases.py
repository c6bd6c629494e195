"""What is measured: the cases with their targets, and the series of growing size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmarks.measuring import Schedule, Work
from benchmarks.observations import fixed_slits, lrs, mos_12, mos_12_simulated, mos_58, nods
from benchmarks.repeating import (
    first_exposures,
    one_file,
    repeat_exposures,
    repeat_products,
    repeat_slits,
)

Measure = Literal["wall", "cpu", "peak"]


# Largest ratio to jwst's cost with either schedule; None where there is no target.
Limits = tuple[float | None, float | None]


@dataclass(frozen=True)
class Case:
    """Work that jwst and the workflow, with either schedule, do alternately."""

    name: str  # for the command line
    title: str  # for readers
    work: Callable[[Path], Work]  # its exposures go into a folder, unless they are there
    # Without a target of its own, the memory of a case has to stay below that of jwst.
    targets: Mapping[Measure, Limits] = field(default_factory=dict)
    megabytes: float | None = None  # what the memory with ``job_per: exposure`` must stay below
    rounds: int = 3  # at most; fewer where jwst takes minutes


@dataclass(frozen=True)
class Series:
    """Work of growing size, which the workflow does alone."""

    name: str
    title: str
    sizes: tuple[int, ...]
    work: Callable[[Path, int], Work]
    schedule: Schedule = "exposure"
    options: tuple[str, ...] = ()  # more of Snakemake


def _one(observation: Callable[[Path], Path], **options: object) -> Callable[[Path], Work]:
    """Work of one association, with other fields of `Work`."""
    return lambda folder: Work((observation(folder),), **options)


def _other_pixfrac(folder: Path) -> Work:
    before = Work((mos_58(folder),))
    return Work(before.associations, {"pixfrac": 0.7}, before=before)


def _one_more(folder: Path) -> Work:
    complete = repeat_exposures(mos_12(folder), 7, folder / "seven")
    before = Work((first_exposures(complete, 6),))
    return Work((complete,), before=before)


def _slits(folder: Path, slits: int) -> Work:
    return Work((repeat_slits(mos_58(folder), slits, folder / f"slits-{slits}"),))


def _slits_in_one_file(folder: Path, slits: int) -> Work:
    return Work((one_file(*_slits(folder, slits).associations),))


def _exposures(folder: Path, exposures: int) -> Work:
    return Work((repeat_exposures(mos_12(folder), exposures, folder / f"exposures-{exposures}"),))


def _sources_of_a_survey(folder: Path, slits: int) -> Work:
    (three,) = _slits(folder, slits).associations
    twelve = repeat_exposures(three, 12, folder / f"survey-{slits}")
    return Work((twelve,), config={"in_memory": False})


def _products(folder: Path, products: int) -> Work:
    return Work(repeat_products(nods(folder), products, folder / "products"))


_OF_MOS_58 = {"wall": (1 / 7, 1 / 8), "cpu": (1 / 4.5, 1 / 5), "peak": (1 / 2, 1 / 2)}

CASES = (
    Case("nods", "one slit, 3 nods", _one(nods), {"wall": (1.05, 0.65)}),
    Case("lrs", "MIRI LRS, 2 nods", _one(lrs), {"wall": (1.05, 0.78)}),
    Case("fixed-slits", "fixed slits, 2 x 3", _one(fixed_slits), {"wall": (0.75, 0.45)}),
    Case("mos-12", "MOS, 12 x 3", _one(mos_12), {"wall": (1 / 4, 1 / 5), "peak": (1 / 2, 1 / 2)}),
    Case("mos-58", "MOS, 58 x 3", _one(mos_58), _OF_MOS_58, rounds=2),
    Case(
        "mos-58-one-file",
        "MOS, 58 x 3, in one file",
        _one(lambda folder: one_file(mos_58(folder))),
        _OF_MOS_58,
        rounds=1,
    ),
    Case(
        "mos-58-by-source",
        "MOS, 58 x 3, jwst source by source",
        _one(mos_58, by_source=True),
        rounds=1,
    ),
    Case(
        "mos-58-on-disk",
        "MOS, 58 x 3, `in_memory: false`",
        _one(mos_58, config={"in_memory": False}),
        megabytes=600,
        rounds=1,
    ),
    Case(
        "pixfrac",
        "MOS, 58 x 3, `pixfrac` changed",
        _other_pixfrac,
        {"wall": (1 / 15, None)},
        rounds=2,
    ),
    Case(
        "outliers",
        "MOS, 12 x 3, outliers found first, jwst source by source",
        _one(mos_12, arguments={"outlier_detection": True}, by_source=True),
        {"wall": (1 / 6, 1 / 6)},
    ),
    Case("one-more", "MOS, 12 x 6, one exposure more", _one_more, {"wall": (1 / 6, None)}),
    Case(
        "campaign",
        "20 products of one slit, 3 nods",
        lambda folder: _products(folder, 20),
        {"wall": (0.75, 1 / 4), "cpu": (None, 0.6)},
        rounds=2,
    ),
    Case("mos-12-simulated", "MOS, 12 x 3, simulated", _one(mos_12_simulated)),
)

SERIES = (
    Series("slits", "slits, in 3 exposures, a file per source", (12, 29, 58, 116, 200), _slits),
    Series(
        "slits-one-file",
        "slits, in 3 exposures, in one file",
        (12, 29, 58, 116, 200),
        _slits_in_one_file,
    ),
    Series("exposures", "exposures, of 12 slits", (3, 6, 12, 24), _exposures),
    Series(
        "survey", "slits, in 12 exposures, `in_memory: false`", (58, 200, 600), _sources_of_a_survey
    ),
    Series(
        "plans", "products, dry run", (10, 100, 1000), _products, options=("--dry-run", "--quiet")
    ),
    Series("products", "products, `job_per: product`", (10, 100, 300), _products, "product"),
)

"""What errors claim against what noise does.

Noise is drawn on the detector, with the variances of the exposures, and goes through the steps of
the workflow many times. The scatter of sums over boxes is true; the products' errors claim one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from specresample.common.arrays import ArrayFile, open_arrays
from specresample.drizzling.combination import Combination, combined_arrays
from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.drizzling.lags import lag_pairs
from specresample.drizzling.noise import NOISE
from specresample.drizzling.slit import VARIANCES, OntoGrid, drizzle_slit
from specresample.drizzling.weights import weight_map
from specresample.footprint.prepared import PreparedExposure
from specresample.grids.output_grids import output_grids
from specresample.grids.product_grids import ProductGrids, Source
from specresample.plan.configuration import argument_schemas
from specresample.steps.drizzle import drizzle
from specresample.steps.prepare import prepare

Box = tuple[int, int]  # pixels across the dispersion and along it

BOXES: tuple[Box, ...] = ((1, 1), (3, 1), (5, 1), (6, 1), (7, 1), (10, 1), (5, 10))

CLAIMS = ("reference", "pixel", "pixel with covariance", "aperture")

ARGUMENTS = {key: entry["default"] for key, entry in argument_schemas().items()}


# Summaries of prepared exposures by key; the arrays of each are beside it, as ``.npz``.
Prepared = Mapping[str, Path]


def prepare_exposures(paths: Sequence[Path], folder: Path) -> Prepared:
    """Prepare some exposures.

    Parameters
    ----------
    paths : sequence of Path
        Level-2b files.
    folder : Path
        Takes what is prepared.

    Returns
    -------
    Prepared
    """
    prepared = {path.stem: folder / f"{path.stem}.json" for path in paths}
    for path, summary in zip(paths, prepared.values(), strict=True):
        prepare(path, summary.with_suffix(".npz"), summary, in_memory=True)
    return prepared


def summaries(prepared: Prepared) -> dict[str, PreparedExposure]:
    """Read the summaries."""
    return {key: PreparedExposure.read(path) for key, path in prepared.items()}


def true_over_claimed(
    prepared: Prepared, *, realisations: int, slit: int = 0, seed: int = 1, **arguments: object
) -> dict[Box, dict[str, float]]:
    """Compare the scatter of box sums with the errors that products claim for them.

    Parameters
    ----------
    prepared : Prepared
    realisations : int
        How many times noise is drawn.
    slit : int
        Which of the sources that all exposures show.
    seed : int
        Of the noise.
    **arguments
        Of the resampling, where they are not the default.

    Returns
    -------
    dict of Box to dict of str to float
        True over claimed sigma by kind of error, in the mean over all boxes that are full of
        pixels with data.
    """
    wanted = ARGUMENTS | arguments
    exposures = summaries(prepared)
    grids = output_grids("product", exposures, wanted)
    source = shown_by_all(grids, prepared)[slit]
    slits = [*source.slits_in(exposures).values()]
    across_y = slits[0].footprint.dispersion_axis == 1
    combined = partial(_combined, prepared, replace(grids, sources=(source,)))
    reference = combined(wanted | {"errors": "reference"})
    pixel = combined(wanted | {"errors": "pixel", "covariance": True})
    aperture = combined(wanted | {"errors": "aperture"})
    lags = map(tuple, pixel["lags"].tolist())
    noise = CorrelatedNoise.of_product(
        {name: pixel[name] for name in VARIANCES},
        dict(zip(lags, pixel["covariance"], strict=True)),
        errors="pixel",
        dispersion_axis=1,
    )
    independent = replace(noise, covariance={})
    images = np.array([*draw_realisations(prepared, source, wanted, realisations, seed)])
    good = (pixel["wht"] > 0).astype(float)
    result = {}
    for box in BOXES:
        shape = box if across_y else box[::-1]
        full = box_sums(good, shape) == np.prod(shape)
        true = np.mean([box_sums(image, shape)[full] ** 2 for image in images], axis=0)
        claimed = (
            box_sums(_statistical(reference), shape),
            box_variances(independent, shape),
            box_variances(noise, shape),
            box_sums(_statistical(aperture), shape),
        )
        result[box] = {
            name: float(np.sqrt(np.mean(true / variance[full])))
            for name, variance in zip(CLAIMS, claimed, strict=True)
        }
    return result


def shown_by_all(grids: ProductGrids, prepared: Prepared) -> list[Source]:
    """List the sources that all exposures show."""
    return [source for source in grids.sources if len(source.slits) == len(prepared)]


def box_sums(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Sum an image over all boxes of a shape that lie on it; one larger than it has none."""
    total = np.pad(image.astype(float), ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    y, x = shape
    return total[y:, x:] - total[:-y, x:] - total[y:, :-x] + total[:-y, :-x]


def box_variances(noise: CorrelatedNoise, shape: tuple[int, int]) -> np.ndarray:
    """Variances of the sums over all boxes of a shape."""
    total = box_sums(noise.variance, shape)
    for lag, plane in noise.covariance.items():
        # Both pixels of a pair lie in the box when the first lies in a part of it.
        (rows, columns), _ = lag_pairs(shape, lag)
        part = (rows.stop - rows.start, columns.stop - columns.start)
        if min(part) > 0:
            sums = box_sums(plane, part)[rows.start :, columns.start :]
            total += 2 * sums[: total.shape[0], : total.shape[1]]
    return total


def _statistical(arrays: dict[str, np.ndarray]) -> np.ndarray:
    return np.nansum([arrays[name] for name in NOISE], axis=0)


def _combined(
    prepared: Prepared, grids: ProductGrids, arguments: dict[str, object]
) -> dict[str, np.ndarray]:
    """Arrays of the product of one source."""
    with TemporaryDirectory() as scratch:
        grid = Path(scratch, "grid.json")
        grids.write(grid)
        singles = {key: Path(scratch, f"{key}.npz") for key in prepared}
        for key, summary in prepared.items():
            arrays = summary.with_suffix(".npz")
            drizzle(key, arrays, summary, None, singles[key], grid=grid, arguments=arguments)
        with open_arrays(singles) as opened:
            return next(combined_arrays(grids.sources, summaries(prepared), opened, arguments))


def draw_realisations(
    prepared: Prepared, source: Source, arguments: dict[str, object], number: int, seed: int
) -> Iterator[np.ndarray]:
    """Draw noise on the detector and resample it.

    Parameters
    ----------
    prepared : Prepared
    source : Source
        Of the grids of these exposures.
    arguments : dict
        All arguments of the resampling.
    number, seed : int
        Of realisations, and of the noise.

    Yields
    ------
    ndarray
        The combined image of a source that is not there, 0 without weight.
    """
    random = np.random.default_rng(seed)
    parts = []
    for key, slit in source.slits_in(summaries(prepared)).items():
        with ArrayFile(prepared[key].with_suffix(".npz")) as arrays:
            data = arrays.group(str(slit.number))
        weights = weight_map(slit, data, arguments["weight_type"])
        variance = np.sum([data[name] for name in NOISE], axis=0)
        sigma = np.sqrt(np.where(weights > 0, variance, 0))
        pixmap = source.grid.pixel_map(data["coordinates"])
        scaled = slit.flux_density and slit.pixel_area
        onto = OntoGrid(
            weights,
            pixmap,
            source.grid.shape,
            pixfrac=arguments["pixfrac"],
            kernel=arguments["kernel"],
            intensity_scale=1 / source.scale_ratio if scaled else 1.0,
        )
        parts.append((sigma, onto))
    for _ in range(number):
        combination = Combination(source.grid.shape, len(parts), propagate_dq=False)
        for sigma, onto in parts:
            drawn = {"sci": random.standard_normal(sigma.shape, np.float32) * sigma}
            combination.add(drizzle_slit(drawn, onto))
        yield combination.finish(fill_value=0.0)["sci"]

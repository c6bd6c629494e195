"""Combine the single products of a source: weighted mean, variances, error, context.

docs/specification.md, "Combination". A drizzled mean is a weighted mean, so exposures that
were drizzled alone can be averaged afterwards, exactly.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from specresample.common.arrays import ArrayFile
from specresample.common.progress import Progress
from specresample.drizzling.slit import VARIANCES
from specresample.drizzling.times import time_weight
from specresample.footprint.prepared import Exposures
from specresample.grids.product_grids import Source

log = logging.getLogger(__name__)

CONTEXT_BITS = 32  # exposures per plane of the context image


class Combination:
    """Running sums over the exposures of a source.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the output grid.
    n_exposures : int
        Number of exposures that will be added.
    propagate_dq : bool
        Keep a DQ array.
    """

    def __init__(self, shape: tuple[int, int], n_exposures: int, *, propagate_dq: bool) -> None:
        # Sums in double precision: single precision would lose what a hundred exposures add.
        self._sci = np.zeros(shape)
        self._wht = np.zeros(shape)
        self._context = np.zeros((-(-n_exposures // CONTEXT_BITS), *shape), np.uint32)
        self._variances = {name: (np.zeros(shape), np.zeros(shape)) for name in VARIANCES}
        self._dq = np.zeros(shape, np.uint32) if propagate_dq else None
        self._count = 0

    def add(self, single: dict[str, np.ndarray], *, variance_weight: float | None = None) -> None:
        """Add an exposure.

        Parameters
        ----------
        single : dict of str to ndarray
            From `specresample.drizzling.slit.drizzle_slit`, with ``sci``, ``wht``, those variances
            that are there and, where wanted, ``dq``.
        variance_weight : float, optional
            Weight of the exposure's variances; without, they are weighted by the inverse of its
            resampled read-noise variance, or alike where it has none.
        """
        plane, bit = divmod(self._count, CONTEXT_BITS)
        self._count += 1
        has_weight = single["wht"] > 0
        weight = single["wht"].astype(float)
        self._sci[has_weight] += (weight * single["sci"])[has_weight]
        self._wht += weight
        self._context[plane, has_weight] |= np.uint32(1 << bit)
        if self._dq is not None:
            self._dq |= single["dq"]

        weight = _variance_weight(single, variance_weight)
        for name, (total, total_weight) in self._variances.items():
            if name not in single:
                continue
            variance = single[name]
            use = (variance >= 0) & np.isfinite(variance) & (weight > 0)
            total[use] += weight[use] ** 2 * variance[use]
            total_weight[use] += weight[use]

    def finish(self, *, scale_ratio: float, fill_value: float) -> dict[str, np.ndarray]:
        """Divide by the weights.

        Parameters
        ----------
        scale_ratio : float
            Input over output pixel scale; variances grow with it, since the pixels of a finer grid
            share their noise.
        fill_value : float
            Value of ``sci`` without weight.

        Returns
        -------
        dict of str to ndarray
            ``sci``, ``wht``, ``err`` and the variances (float32), ``con`` (int32, shape
            (planes, ny, nx)) and, where wanted, ``dq`` (uint32).
        """
        out: dict[str, np.ndarray] = {}
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            sci = (self._sci / self._wht).astype(np.float32)
            for name, (total, weight) in self._variances.items():
                out[name] = (total * scale_ratio / weight / weight).astype(np.float32)
        components = np.array([out[name] for name in VARIANCES])
        error = np.sqrt(np.nansum(components, axis=0))
        error[np.isnan(components).all(axis=0)] = np.nan
        out["sci"] = np.where(self._wht > 0, sci, np.float32(fill_value))
        out["wht"] = self._wht.astype(np.float32)
        out["err"] = error
        out["con"] = self._context.view(np.int32)
        if self._dq is not None:
            out["dq"] = self._dq
        return out


def fill_number(fillval: str) -> float:
    """Give the number that a documented ``fillval`` stands for: NaN for NAN and INDEF."""
    return float("nan") if fillval in ("NAN", "INDEF") else float(fillval)


def _variance_weight(single: dict[str, np.ndarray], weight: float | None) -> np.ndarray:
    if weight is not None:
        return np.full(single["wht"].shape, float(weight))
    read_noise = single.get("var_rnoise")
    if read_noise is None:
        return np.ones(single["wht"].shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = 1.0 / read_noise.astype(float)
    return np.where((read_noise > 0) & np.isfinite(read_noise), weight, 0.0)


def single_arrays(
    single: Mapping[str, np.ndarray], *, scale_ratio: float, fill_value: float
) -> dict[str, np.ndarray]:
    """Arrays of a single product: of one exposure, with its drizzled error.

    Parameters
    ----------
    single : mapping of str to ndarray
        From `specresample.drizzling.slit.drizzle_slit`, with ``sci``, ``wht``, ``err`` when the
        exposure has one, and where wanted ``dq``.
    scale_ratio : float
        Input over output pixel scale.
    fill_value : float
        Value of pixels without weight.

    Returns
    -------
    dict of str to ndarray
        ``sci``, ``wht``, ``err`` (float32), ``con`` (int32, one plane), ``dq`` (uint32).
    """
    has_weight = single["wht"] > 0
    fill = np.float32(fill_value)
    out = {name: single[name] for name in ("wht", "dq") if name in single}
    out["sci"] = np.where(has_weight, single["sci"], fill)
    out["con"] = has_weight.astype(np.int32)[None]
    if "err" in single:
        error = np.where(has_weight, single["err"], fill)
        out["err"] = error * np.float32(np.sqrt(scale_ratio))
    return out


def combined_arrays(
    sources: Sequence[Source],
    exposures: Exposures,
    singles: Mapping[str, ArrayFile],
    arguments: Mapping[str, object],
) -> Iterator[dict[str, np.ndarray]]:
    """Average the drizzled exposures of one source after another.

    Parameters
    ----------
    sources : sequence of Source
    exposures : mapping of str to PreparedExposure
        By key, in association order.
    singles : mapping of str to ArrayFile
        Drizzled arrays of every exposure, by the same keys.
    arguments : mapping
        The documented arguments.

    Yields
    ------
    dict of str to ndarray
        Arrays of a source's product.
    """
    weight_type = arguments["weight_type"]
    progress = Progress(sources, len(sources))
    for source in progress:
        slits = source.slits_in(exposures)
        combination = Combination(
            source.grid.shape, len(slits), propagate_dq=arguments["propagate_dq"]
        )
        for key, slit in slits.items():
            time = time_weight(slit.metadata) if weight_type == "exptime" else None
            combination.add(
                singles[key].group(str(source.number)),
                variance_weight=1.0 if weight_type == "none" else time,
            )
        log.info("slit %s combined from %d exposures, %s", source.label, len(slits), progress)
        yield combination.finish(
            scale_ratio=source.scale_ratio, fill_value=fill_number(arguments["fillval"])
        )

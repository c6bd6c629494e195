"""Combine the single products of a source: weighted mean, weight, context, and errors.

docs/specification.md, "Combination". A drizzled mean is a weighted mean, so exposures that
were drizzled alone can be averaged afterwards, exactly.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from specresample.common.arrays import ArrayFile
from specresample.common.progress import Progress
from specresample.drizzling.combined_errors import ExactErrors, ReferenceErrors
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
        self._dq = np.zeros(shape, np.uint32) if propagate_dq else None
        self._count = 0

    def add(self, single: Mapping[str, np.ndarray]) -> None:
        """Add an exposure: ``sci``, ``wht`` and, where wanted, ``dq`` of `drizzle_slit`."""
        plane, bit = divmod(self._count, CONTEXT_BITS)
        self._count += 1
        has_weight = single["wht"] > 0
        weight = single["wht"].astype(float)
        self._sci[has_weight] += (weight * single["sci"])[has_weight]
        self._wht += weight
        self._context[plane, has_weight] |= np.uint32(1 << bit)
        if self._dq is not None:
            self._dq |= single["dq"]

    def finish(self, *, fill_value: float) -> dict[str, np.ndarray]:
        """Divide by the weights.

        Parameters
        ----------
        fill_value : float
            Value of ``sci`` without weight.

        Returns
        -------
        dict of str to ndarray
            ``sci``, ``wht`` (float32), ``con`` (int32, (planes, ny, nx)) and ``dq`` (uint32).
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            sci = (self._sci / self._wht).astype(np.float32)
        out = {
            "sci": np.where(self._wht > 0, sci, np.float32(fill_value)),
            "wht": self._wht.astype(np.float32),
            "con": self._context.view(np.int32),
        }
        return out if self._dq is None else out | {"dq": self._dq}


def single_arrays(
    sources: Sequence[Source], drizzled: ArrayFile, arguments: Mapping[str, object]
) -> Iterator[dict[str, np.ndarray]]:
    """Give the arrays of a single product: of one exposure, with its drizzled error.

    Parameters
    ----------
    sources : sequence of Source
    drizzled : ArrayFile
        Arrays of the exposure, from `specresample.drizzling.slit.drizzle_slit`.
    arguments : mapping
        The documented arguments.

    Yields
    ------
    dict of str to ndarray
        Of a source: ``sci``, ``wht``, ``err`` when the exposure has one (float32), ``con`` (int32,
        one plane) and ``dq`` (uint32) where it is propagated.
    """
    fill = np.float32(_fill_number(arguments["fillval"]))
    for source in sources:
        single = drizzled.group(str(source.number))
        has_weight = single["wht"] > 0
        out = {name: single[name] for name in ("wht", "dq") if name in single}
        out["sci"] = np.where(has_weight, single["sci"], fill)
        out["con"] = has_weight.astype(np.int32)[None]
        if "err" in single:
            error = np.where(has_weight, single["err"], fill)
            out["err"] = error * np.float32(np.sqrt(source.scale_ratio))
        yield out


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
    progress = Progress(sources)
    for source in progress:
        slits = source.slits_in(exposures)
        shape = source.grid.shape
        combination = Combination(shape, len(slits), propagate_dq=arguments["propagate_dq"])
        reference = arguments["errors"] == "reference"
        errors = ReferenceErrors(shape, source.scale_ratio) if reference else ExactErrors(shape)
        for key, slit in slits.items():
            single = singles[key].group(str(source.number))
            combination.add(single)
            # With ivm, read noise gives the weight.
            weights = {"none": 1.0, "exptime": time_weight(slit.metadata)}
            errors.add(single, variance_weight=weights.get(arguments["weight_type"]))
        log.info("slit %s combined from %d exposures, %s", source.label, len(slits), progress)
        combined = errors.finish()
        covariance = combined.covariance_arrays() if arguments["covariance"] else {}
        if arguments["errors"] == "aperture":
            combined = combined.for_apertures(next(iter(slits.values())).footprint.dispersion_axis)
        means = combination.finish(fill_value=_fill_number(arguments["fillval"]))
        yield combined.arrays() | means | covariance


def _fill_number(fillval: str) -> float:
    """Give the number that a documented ``fillval`` stands for: NaN for NAN and INDEF."""
    return float("nan") if fillval in ("NAN", "INDEF") else float(fillval)

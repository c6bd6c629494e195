"""Summarise a slit of a product when it is made, and evaluate its gates."""

import logging
from collections.abc import Callable, Mapping

import numpy as np

from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.drizzling.slit import VARIANCES
from specresample.footprint.prepared import PreparedSlit
from specresample.grids.product_grids import Source
from specresample.grids.sources import SourceSlits
from specresample.level2b.slit_wcs import read_wcs
from specresample.level2b.transforms import TransformReader
from specresample.quality.extraction import signal_to_noise, sum_rows
from specresample.quality.gate_results import FAILED, GateResult
from specresample.quality.gates import (
    flux_gate,
    nods_gate,
    outliers_gate,
    size_gate,
    wavelength_gate,
    wcs_gate,
)
from specresample.quality.slit_summary import SlitSummary
from specresample.quality.thumbnail import thumbnail

log = logging.getLogger(__name__)

# Pixels of a grid along each axis at which its WCS is tried.
_WCS_PIXELS = 5


def summarise_slit(
    file: str,
    source: Source,
    slits: SourceSlits,
    measures: Mapping[str, np.ndarray],
    tree: Mapping[str, object],
    outliers: Mapping[str, tuple[int, int]] | None = None,
) -> SlitSummary:
    """Summarise a slit of a product and warn of gates that failed.

    Parameters
    ----------
    file : str
        Name of the product's file.
    source : Source
        The slit's source.
    slits : mapping of str to PreparedSlit
        Prepared slit of every exposure.
    measures : mapping of str to ndarray
        What each exposure left, from `specresample.drizzling.profiles.measure_exposure`.
    tree : mapping
        Tree of the slit, from `specresample.s2d.model.product_model`.
    outliers : mapping of str to (int, int), optional
        Outliers of every exposure and pixels that were compared, when they were looked for.

    Returns
    -------
    SlitSummary
    """
    first = next(iter(slits.values()))
    axis = first.footprint.dispersion_axis
    sci, err, wht, wavelength = (
        array if array is None or axis == 1 else array.T
        for array in map(tree.get, ("data", "err", "wht", "wavelength"))
    )
    wavelengths = wavelength[np.isfinite(wavelength)]
    falls = np.nansum(np.diff(wavelength)) < 0
    gates = {
        "flux": lambda: flux_gate(
            [*measures.values()],
            sci,
            wht,
            pixel_area=_pixel_area(tree, first),
            units=[
                tree["meta"].get("bunit_data"),
                *(slit.metadata.get("meta.bunit_data") for slit in slits.values()),
            ],
        ),
        "wavelength": lambda: wavelength_gate(wavelength),
        "wcs": lambda: _wcs_gate(source, tree),
        "size": lambda: size_gate(sci.shape, [*measures.values()], source.fitted_axes),
        "nods": lambda: nods_gate(measures),
    }
    if outliers is not None:
        gates["outliers"] = lambda: outliers_gate([*outliers.values()])
    summary = SlitSummary(
        file=file,
        slit=source.label,
        exposures=len(slits),
        exposure_time=_number(tree["meta"].get("exposure", {}).get("exposure_time")),
        shape=tree["data"].shape,
        wavelengths=tuple(
            _number(limit(wavelengths)) if wavelengths.size else None for limit in (np.min, np.max)
        ),
        good=_number(np.mean((wht > 0) & np.isfinite(sci))),
        signal_to_noise=_number(signal_to_noise(*sum_rows(sci, err, wht, _noise(tree, axis)))),
        gates={name: _evaluated(gate) for name, gate in gates.items()},
        outliers=outliers and {key: count for key, (count, _) in outliers.items()},
        thumbnail=thumbnail(sci[:, ::-1] if falls else sci),
    )
    for line in summary.failed_gates():
        log.warning("%s", line)
    return summary


def _noise(tree: Mapping[str, object], axis: int) -> CorrelatedNoise | None:
    """Noise with covariances at the same wavelength, which runs along x; None without."""
    if "covariance" not in tree:
        return None
    noise = CorrelatedNoise.of_product(
        {name: tree[name] for name in VARIANCES},
        dict(zip(map(tuple, tree["covariance_lags"]), tree["covariance"], strict=True)),
        errors=tree["meta"]["resample"]["errors"],
        dispersion_axis=axis,
    )
    return noise.along_slit()


def _evaluated(gate: Callable[[], GateResult]) -> GateResult:
    try:
        return gate()
    except Exception as error:
        # A gate must not keep back a product, even when the gate itself fails.
        log.info("gate not evaluated", exc_info=True)
        reason = f"it could not be evaluated ({type(error).__name__}: {error})"
        return GateResult(FAILED, None, reason=reason)


def _wcs_gate(source: Source, tree: Mapping[str, object]) -> GateResult:
    wcs = read_wcs(tree["meta"]["wcs"], TransformReader())
    ny, nx = tree["data"].shape
    y, x = np.meshgrid(
        np.linspace(0, ny - 1, _WCS_PIXELS), np.linspace(0, nx - 1, _WCS_PIXELS), indexing="ij"
    )
    world = np.array(wcs(x, y))
    # A grid handed in may have pixels beyond its bounding box, which have no place.
    somewhere = np.isfinite(world).all(axis=0) & wcs.contains(x, y)
    world = world[:, somewhere]
    ways = [np.stack(wcs.invert(*world), axis=-1)]
    if source.grid.kind != "custom":
        ways.append(source.grid.pixel_map(world))
    return wcs_gate(np.stack([x[somewhere], y[somewhere]], axis=-1), ways)


def _pixel_area(tree: Mapping[str, object], slit: PreparedSlit) -> float:
    """Output over input pixel area, 1 of a flux density, NaN when it is not known."""
    if slit.flux_density:
        return 1.0
    after = tree["meta"].get("photometry", {}).get("pixelarea_steradians")
    return after / slit.pixel_area if slit.pixel_area and after else float("nan")


def _number(value: object) -> float | None:
    """Give a number with the digits that matter; None when it is none, as JSON has no NaN."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.6g}")

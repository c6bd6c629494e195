"""What became of a product: the record."""

from collections.abc import Sequence

from specresample.common.product_request import ProductRequest
from specresample.drizzling.times import total_times
from specresample.footprint.prepared import Exposures
from specresample.grids.product_grids import ProductGrids
from specresample.quality.slit_summary import SlitSummary

# Metadata that say in which mode an exposure was taken.
_MODE = {
    "instrument": "meta.instrument.name",
    "exposure_type": "meta.exposure.type",
    "filter": "meta.instrument.filter",
    "grating": "meta.instrument.grating",
}

_TRACE_MODEL = "meta.cal_step.adaptive_trace_model"


def product_record(
    request: ProductRequest,
    grids: ProductGrids,
    exposures: Exposures,
    files: Sequence[str],
    slits: Sequence[SlitSummary],
) -> dict[str, object]:
    """Say what became of a product.

    Parameters
    ----------
    request : ProductRequest
    grids : ProductGrids
    exposures : mapping of str to PreparedExposure
        By key, in association order.
    files : sequence of str
        Names of its files.
    slits : sequence of SlitSummary
        Of all files.

    Returns
    -------
    dict
        ``product``, the name of its folder; ``state``, done or skipped, and the ``reason`` why it
        was skipped; ``mode``: instrument, exposure type, filter and grating; keys of its
        ``exposures``; ``exposure_time`` in seconds; ``files``; ``slits``; slits and exposures that
        were ``left_out``; ``other_members`` of the association, which are no science exposures;
        ``oversampling``: pixels per pixel of the detector, across the dispersion, of every exposure
        that jwst's adaptive_trace_model has seen.
    """
    first = next(iter(exposures.values())).metadata
    used = [exposures[key].metadata for key in grids.used_exposures()]
    return {
        "product": request.folder,
        "state": "skipped" if grids.skip else "done",
        "reason": grids.skip,
        "mode": {name: first.get(path) for name, path in _MODE.items()},
        "exposures": list(exposures),
        "exposure_time": total_times(used)["meta.exposure.exposure_time"] if used else None,
        "files": list(files),
        "slits": list(slits),
        "left_out": list(grids.left_out),
        "other_members": list(request.other_members),
        "oversampling": {
            key: exposure.slits[0].footprint.oversampling
            for key, exposure in exposures.items()
            if exposure.slits and exposure.metadata.get(_TRACE_MODEL) == "COMPLETE"
        },
    }

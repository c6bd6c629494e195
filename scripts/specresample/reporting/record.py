"""What became of a product: the record."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from specresample.common.json_record import JsonRecord
from specresample.common.product_request import ProductRequest
from specresample.drizzling.times import total_times
from specresample.footprint.prepared import Exposures, LeftOut
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


@dataclass(frozen=True)
class ProductRecord(JsonRecord):
    """What became of a product.

    Attributes
    ----------
    product : str
        Name of its folder.
    state : str
        ``done`` or ``skipped``.
    reason : str or None
        Why it was skipped.
    mode : dict of str to str
        Instrument, exposure type, filter and grating.
    exposures : tuple of str
        Keys of its exposures.
    exposure_time : float or None
        In seconds.
    files : tuple of str
        Names of its files.
    slits : tuple of SlitSummary
    left_out : tuple of LeftOut
    other_members : tuple of str
        Members of the association that are no science exposures, as ``kind: name``.
    oversampling : dict of str to float
        Pixels per pixel of the detector, across the dispersion, of every exposure that jwst's
        adaptive_trace_model has seen, by key; 1 where it did not oversample.
    """

    product: str
    state: str
    reason: str | None
    mode: dict[str, object]
    exposures: tuple[str, ...]
    exposure_time: float | None
    files: tuple[str, ...]
    slits: tuple[SlitSummary, ...]
    left_out: tuple[LeftOut, ...]
    other_members: tuple[str, ...]
    oversampling: dict[str, float] = field(default_factory=dict)


def product_record(
    request: ProductRequest,
    grids: ProductGrids,
    exposures: Exposures,
    files: Sequence[str],
    slits: Sequence[SlitSummary],
) -> ProductRecord:
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
    ProductRecord
    """
    first = next(iter(exposures.values())).metadata
    used = [exposures[key].metadata for key in grids.used_exposures()]
    return ProductRecord(
        product=request.folder,
        state="skipped" if grids.skip else "done",
        reason=grids.skip,
        mode={name: first.get(path) for name, path in _MODE.items()},
        exposures=tuple(exposures),
        exposure_time=total_times(used).exposure if used else None,
        files=tuple(files),
        slits=tuple(slits),
        left_out=grids.left_out,
        other_members=request.other_members,
        oversampling={
            key: exposure.slits[0].footprint.oversampling
            for key, exposure in exposures.items()
            if exposure.slits and exposure.metadata.get(_TRACE_MODEL) == "COMPLETE"
        },
    )

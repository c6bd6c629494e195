"""Prepare an exposure for all that follows: arrays, world coordinates and a summary of each slit.

No argument of the resampling matters here, so that none ever repeats this work.
"""

import logging
from dataclasses import replace

import numpy as np
from astropy import units as u

from specresample.common.arrays import ArrayWriter
from specresample.common.errors import ResampleError, first_line, refusing
from specresample.common.files import file_digest
from specresample.common.progress import Progress
from specresample.footprint.prepared import LeftOut, PreparedExposure, PreparedSlit
from specresample.footprint.trace import trace_slit
from specresample.level2b.exposure import Exposure, slit_label

log = logging.getLogger(__name__)


def prepare_exposure(exposure: Exposure, writer: ArrayWriter) -> PreparedExposure:
    """Trace all slits of an exposure.

    Parameters
    ----------
    exposure : Exposure
        An open level-2b file.
    writer : ArrayWriter
        Takes the arrays, under the number of each slit.

    Returns
    -------
    PreparedExposure
        What is written beside the arrays.

    Raises
    ------
    ResampleError
        When no slit of the exposure can be used, or memory does not suffice.
    """
    prepared = PreparedExposure(
        sha256=file_digest(exposure.path),
        model_type=exposure.model_type,
        metadata=exposure.metadata,
        skip=exposure.reason_to_skip(),
    )
    if prepared.skip:
        log.warning("%s: skipped, %s", exposure.path, prepared.skip)
        return prepared
    slits, left_out = [], []
    progress = Progress(range(exposure.n_slits))
    for number in progress:
        metadata = exposure.slit_metadata(number)
        label = slit_label(metadata, number)
        try:
            slit = exposure.slit(number, metadata)
            with refusing("its WCS cannot be evaluated"):
                footprint = trace_slit(slit)
        except ResampleError as error:
            log.warning("%s: slit %s left out: %s", exposure.path, label, error)
            left_out.append(LeftOut(str(error), slit=label))
            continue
        except MemoryError as error:
            message = f"it needs more memory than there may be ({first_line(error)})"
            raise ResampleError(f"{exposure.path}: {message}") from error
        part = footprint.rows, footprint.columns
        arrays = {name: array[part] for name, array in slit.arrays.items()}
        arrays["invalid_sci"] = slit.measured[part][np.isnan(arrays["sci"])]
        arrays["coordinates"] = footprint.coordinates
        writer.add(str(number), arrays)
        slits.append(
            PreparedSlit(
                number=number,
                label=label,
                metadata=metadata,
                footprint=footprint.summary,
                flux_density=_is_flux_density(metadata.get("meta.bunit_data")),
                corner=(footprint.rows.start, footprint.columns.start),
            )
        )
        log.info("%s: slit %s traced, %s", exposure.path.name, label, progress)
    if not slits:
        reasons = "; ".join(f"{slit.slit}: {slit.reason}" for slit in left_out) or "it has no slits"
        raise ResampleError(
            f"{exposure.path}: no slit can be used; is it a level-2b file (_cal, _crf)? {reasons}"
        )
    return replace(prepared, slits=tuple(slits), left_out=tuple(left_out))


def _is_flux_density(unit: object) -> bool:
    """Whether a BUNIT is one of flux density, such as MJy, and not of surface brightness."""
    try:
        return u.Unit(unit).is_equivalent(u.Jy)
    except (ValueError, TypeError):
        return False

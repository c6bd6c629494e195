"""Lay out the output grids of a product: one for every source in its exposures."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from specresample.common.errors import ResampleError
from specresample.common.files import file_digest
from specresample.grids.rectified import Grid, build_grid
from specresample.grids.sources import expand_product_name, group_sources, has_several_slits

if TYPE_CHECKING:
    from specresample.grids.handed_in import CustomGrid

log = logging.getLogger(__name__)

# A grid this many times larger than one that holds all exposures at their own sampling is a
# mistake, not a wish.
MAX_GRID = 10


def output_grids(name: str, exposures: Mapping[str, dict], arguments: Mapping[str, object]) -> dict:
    """Group the slits of all exposures into sources and lay out a grid for each.

    Parameters
    ----------
    name : str
        Product name of the association.
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.
    arguments : mapping
        The documented arguments of the grid.

    Returns
    -------
    dict
        ``name``, that of the product; ``file_each``, whether every source gets a file; ``skip``,
        the reason for which the product is skipped, or None; ``several``, whether exposures hold
        several slits; ``sources``; ``bad``, the slits that are left out, with the reason;
        ``output_wcs``, name and digest of a grid that was handed in, or None.

    Raises
    ------
    ResampleError
        When no source can be resampled.
    """
    reasons = {key: entry["skip"] for key, entry in exposures.items() if entry["skip"]}
    used = {key: entry for key, entry in exposures.items() if key not in reasons}
    bad = [slit | {"exposure": key} for key, entry in used.items() for slit in entry["bad"]]
    bad += [{"exposure": key, "slit": None, "reason": reason} for key, reason in reasons.items()]
    file_each = "{" in name
    result = {
        "name": name,
        "file_each": file_each,
        "skip": None,
        "several": has_several_slits(used),
        "sources": [],
        "bad": bad,
        "output_wcs": None,
    }
    if not used:
        reason = "; ".join(dict.fromkeys(reasons.values()))
        log.warning("product %s skipped: %s", name, reason)
        return result | {"skip": reason}

    custom = None
    if arguments["output_wcs"]:
        # Imports gwcs, which no other grid needs here.
        from specresample.grids.handed_in import CustomGrid

        custom = CustomGrid.read(arguments["output_wcs"], arguments["output_shape"])
        result["output_wcs"] = {"file": custom.file, "sha256": file_digest(custom.file)}
    elif arguments["output_shape"]:
        log.warning("product %s: output_shape is of use with output_wcs alone", name)
    sources: dict[str, dict] = {}
    grouped, doubled = group_sources(used)
    bad += doubled
    for key, slits in grouped.items():
        label = next(iter(slits.values()))["label"]
        try:
            grid, ratio = source_grid(list(slits.values()), arguments, custom)
            file = expand_product_name(name, slits)
            if file_each and file in sources:
                raise ResampleError(f"source {sources[file]['key']} has the same file name {file}")
        except ResampleError as error:
            log.warning("slit %s left out: %s", label, error)
            bad.append({"exposure": None, "slit": label, "reason": str(error)})
            continue
        sources[file if file_each else key] = {
            "number": len(sources),
            "key": key,
            "label": label,
            "file": file,
            "grid": grid.to_dict(),
            "scale_ratio": ratio,
            "slits": {exposure: slit["number"] for exposure, slit in slits.items()},
        }
        log.info("slit %s: %d exposures, grid of %d x %d pixels", label, len(slits), *grid.shape)
    if not sources:
        causes = "; ".join(f"{entry['slit']}: {entry['reason']}" for entry in bad)
        raise ResampleError(f"product {name}: no source can be resampled: {causes}")
    return result | {"sources": list(sources.values())}


def source_grid(
    slits: Sequence[dict], arguments: Mapping[str, object], custom: "CustomGrid | None" = None
) -> tuple[Grid, float]:
    """Lay out the grid of one source.

    Parameters
    ----------
    slits : sequence of dict
        The source's slit in every exposure, as prepared.
    arguments : mapping
        The documented arguments of the grid.
    custom : CustomGrid, optional
        A grid that is handed in.

    Returns
    -------
    tuple of Grid and float
        The grid and its ratio of input to output pixel scale.

    Raises
    ------
    ResampleError
        When the coordinates do not suffice, the grid is out of all proportion or the exposures
        cannot be combined.
    """
    first = slits[0]
    units = {slit["metadata"].get("meta.bunit_data") for slit in slits}
    if len(units) > 1:
        names = sorted(str(unit or "none") for unit in units)
        raise ResampleError(f"its exposures have different units (BUNIT): {', '.join(names)}")
    summaries = [slit["summary"] for slit in slits]
    exposure_type = str(first["metadata"].get("meta.exposure.type", ""))
    natural = build_grid(summaries, exposure_type)
    if custom is not None:
        grid, ratio = custom, _custom_ratio(custom, first)
        if not custom.overlaps(summaries):
            raise ResampleError(f"output_wcs {custom.file}: its grid does not overlap the data")
    else:
        ratio = _ratio(first, arguments)
        grid = natural
        if ratio != 1:
            grid = build_grid(summaries, exposure_type, scale_ratio=ratio)
    if math.prod(grid.shape) > MAX_GRID * math.prod(natural.shape):
        raise ResampleError(
            f"an output grid of {grid.shape[1]} x {grid.shape[0]} pixels is more than {MAX_GRID} "
            f"times the {natural.shape[1]} x {natural.shape[0]} pixels of all inputs"
        )
    return grid, ratio


def _ratio(first: dict, arguments: Mapping[str, object]) -> float:
    scale = arguments["pixel_scale"]
    if scale is None:
        return arguments["pixel_scale_ratio"]
    input_scale, area = first["summary"]["pixel_scale"], _area(first)
    if input_scale is None or area is None:
        log.warning(
            "slit %s: pixel_scale ignored: the input has no pixel scale or no PIXAR_SR",
            first["label"],
        )
        return arguments["pixel_scale_ratio"]
    return input_scale / scale


def _custom_ratio(grid: "CustomGrid", first: dict) -> float:
    area = _area(first)
    if area is None:
        log.warning("slit %s: no PIXAR_SR: flux is not scaled to output_wcs", first["label"])
        return 1.0
    if grid.pixel_area is not None:
        return area / grid.pixel_area
    input_scale = first["summary"]["pixel_scale"]
    output_scale = grid.pixel_scale(first["summary"]["dispersion_axis"])
    if input_scale is None or output_scale is None:
        log.warning("slit %s: no pixel scale: flux is not scaled to output_wcs", first["label"])
        return 1.0
    return input_scale / output_scale


def _area(slit: dict) -> float | None:
    area = slit["metadata"].get("meta.photometry.pixelarea_steradians")
    return area if area and area > 0 else None

"""Lay out the output grids of a product: one for every source in its exposures."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from specresample.common.errors import ResampleError
from specresample.common.files import file_digest
from specresample.footprint.prepared import Exposures, LeftOut, PreparedSlit
from specresample.grids.product_grids import HandedIn, ProductGrids, Source
from specresample.grids.rectified import Grid, OutputGrid, build_grid
from specresample.grids.sources import (
    SourceSlits,
    expand_product_name,
    group_sources,
    has_several_slits,
)
from specresample.grids.wavelengths import NATIVE, TableGrid, WavelengthGrid, asked_grid

if TYPE_CHECKING:
    from specresample.grids.handed_in import CustomGrid

log = logging.getLogger(__name__)

# A grid may be MAX_GRID times larger than one that holds all exposures at their own sampling.
# SMALL_GRID pixels are always allowed, because exposures may be small.
MAX_GRID = 10
SMALL_GRID = 100_000


def output_grids(name: str, exposures: Exposures, arguments: Mapping[str, object]) -> ProductGrids:
    """Group the slits of all exposures into sources and lay out a grid for each.

    Parameters
    ----------
    name : str
        Product name of the association.
    exposures : mapping of str to PreparedExposure
        By key, in association order.
    arguments : mapping
        The arguments of the grid.

    Returns
    -------
    ProductGrids

    Raises
    ------
    ResampleError
        When no source can be resampled, or a grid or table that is handed in is not usable.
    """
    used = {key: exposure for key, exposure in exposures.items() if not exposure.skip}
    left_out = _left_out_before(exposures)
    grids = ProductGrids(
        name=name, file_each="{" in name, several=has_several_slits(used), left_out=tuple(left_out)
    )
    if not used:
        reason = "; ".join(dict.fromkeys(exposure.skip for exposure in exposures.values()))
        log.warning("product %s skipped: %s", name, reason)
        return replace(grids, skip=reason)

    asked = _asked(arguments)
    grouped, doubled = group_sources(used)
    sources: dict[str, Source] = {}
    left_out += doubled
    for key, slits in grouped.items():
        label = next(iter(slits.values())).label
        try:
            source = _source(len(sources), key, name, slits, arguments, asked)
            if grids.file_each and source.file in sources:
                other = sources[source.file].key
                raise ResampleError(f"source {other} has the same file name {source.file}")
        except ResampleError as error:
            log.warning("slit %s left out: %s", label, error)
            left_out.append(LeftOut(str(error), slit=label))
            continue
        sources[source.file if grids.file_each else key] = source
        shape = source.grid.shape
        log.info("slit %s: %d exposures, grid of %d x %d pixels", label, len(slits), *shape)
    if not sources:
        causes = "; ".join(f"{entry.slit}: {entry.reason}" for entry in left_out)
        raise ResampleError(f"product {name}: no source can be resampled: {causes}")
    return replace(
        grids,
        sources=tuple(sources.values()),
        left_out=tuple(left_out),
        output_wcs=_handed_in(arguments["output_wcs"]),
        wavelength_table=_handed_in(asked.file if isinstance(asked, TableGrid) else None),
    )


def _left_out_before(exposures: Exposures) -> list[LeftOut]:
    """Collect what is known to be left out before any grid is laid out."""
    slits = ((key, slit) for key, exposure in exposures.items() for slit in exposure.left_out)
    skipped = ((key, exposure.skip) for key, exposure in exposures.items() if exposure.skip)
    return [
        *(replace(slit, exposure=key) for key, slit in slits),
        *(LeftOut(reason, exposure=key) for key, reason in skipped),
    ]


def _asked(arguments: Mapping[str, object]) -> "CustomGrid | WavelengthGrid":
    if arguments["output_wcs"]:
        # Imports gwcs, and no other grid needs it here.
        from specresample.grids.handed_in import CustomGrid

        return CustomGrid.read(arguments["output_wcs"], arguments["output_shape"])
    return asked_grid(arguments)


def _handed_in(file: str | None) -> HandedIn | None:
    return HandedIn(file, file_digest(file)) if file else None


def _source(
    number: int,
    key: str,
    name: str,
    slits: SourceSlits,
    arguments: Mapping[str, object],
    asked: "CustomGrid | WavelengthGrid",
) -> Source:
    of_exposures = [*slits.values()]
    grid, ratio = _source_grid(of_exposures, arguments, asked)
    if arguments["output_shape"] and not arguments["output_wcs"]:
        fitted_axes = ()
    else:
        fitted_axes = (0, 1) if asked.limits is None else (0,)
    return Source(
        number=number,
        key=key,
        label=of_exposures[0].label,
        file=expand_product_name(name, slits),
        grid=grid,
        scale_ratio=ratio,
        slits={exposure: slit.number for exposure, slit in slits.items()},
        fitted_axes=fitted_axes,
    )


def _source_grid(
    slits: Sequence[PreparedSlit],
    arguments: Mapping[str, object],
    asked: "CustomGrid | WavelengthGrid",
) -> tuple[Grid, float]:
    """Lay out the grid of one source; also gives its ratio of input to output pixel scale."""
    first = slits[0]
    natural = default_grid(slits)
    needed = natural.shape
    footprints = [slit.footprint for slit in slits]
    if arguments["output_wcs"]:
        grid, ratio = asked, _handed_in_ratio(asked, first)
        if not asked.overlaps(footprints):
            raise ResampleError(f"output_wcs {asked.file}: its grid does not overlap the data")
    else:
        ratio, shape = _ratio(first, arguments), arguments["output_shape"]
        grid = natural
        if ratio != 1 or shape or asked != NATIVE:
            grid = build_grid(
                footprints,
                _exposure_type(first),
                scale_ratio=ratio,
                sampling=asked,
                shape=shape and tuple(shape[::-1]),
            )
            needed = _needed_shape(natural, asked)
    allowed = max(MAX_GRID * math.prod(needed), SMALL_GRID if arguments["output_shape"] else 0)
    if math.prod(grid.shape) > allowed:
        raise ResampleError(
            f"an output grid of {grid.shape[1]} x {grid.shape[0]} pixels is more than {MAX_GRID} "
            f"times the {needed[1]} x {needed[0]} pixels of all inputs"
        )
    return grid, ratio


def default_grid(slits: Sequence[PreparedSlit]) -> OutputGrid:
    """Lay out the grid that a source has by default: at the sampling of its exposures.

    Parameters
    ----------
    slits : sequence of PreparedSlit
        The source's slit in every exposure.

    Returns
    -------
    OutputGrid

    Raises
    ------
    ResampleError
        When the coordinates do not suffice, or the exposures cannot be combined.
    """
    units = {slit.metadata.get("meta.bunit_data") for slit in slits}
    if len(units) > 1:
        names = sorted(str(unit or "none") for unit in units)
        raise ResampleError(f"its exposures have different units (BUNIT): {', '.join(names)}")
    return build_grid([slit.footprint for slit in slits], _exposure_type(slits[0]))


def _exposure_type(slit: PreparedSlit) -> str:
    return str(slit.metadata.get("meta.exposure.type", ""))


def _needed_shape(natural: OutputGrid, asked: WavelengthGrid) -> tuple[int, int]:
    """Shape that holds all exposures, and the range that is asked for, at their own sampling."""
    if asked.limits is None:
        return natural.shape
    covered = abs(natural.wavelengths[-1] - natural.wavelengths[0])
    factor = max(1, (asked.limits[1] - asked.limits[0]) / covered)
    ny, nx = natural.shape
    along_x = natural.dispersion_axis == 1
    return (ny, math.ceil(nx * factor)) if along_x else (math.ceil(ny * factor), nx)


def _ratio(first: PreparedSlit, arguments: Mapping[str, object]) -> float:
    scale, input_scale = arguments["pixel_scale"], first.footprint.pixel_scale
    if scale is None:
        return arguments["pixel_scale_ratio"]
    if input_scale is not None and first.pixel_area is not None:
        return input_scale / scale
    message = "slit %s: pixel_scale ignored: the input has no pixel scale or no PIXAR_SR"
    log.warning(message, first.label)
    return arguments["pixel_scale_ratio"]


def _handed_in_ratio(grid: "CustomGrid", first: PreparedSlit) -> float:
    area = first.pixel_area
    if area is None:
        log.warning("slit %s: no PIXAR_SR: flux is not scaled to output_wcs", first.label)
        return 1.0
    if grid.pixel_area is not None:
        return area / grid.pixel_area
    input_scale = first.footprint.pixel_scale
    output_scale = grid.pixel_scale(first.footprint.dispersion_axis)
    if input_scale is None or output_scale is None:
        log.warning("slit %s: no pixel scale: flux is not scaled to output_wcs", first.label)
        return 1.0
    return input_scale / output_scale

"""Put an s2d product together (docs/specification.md, "Product")."""

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from specresample.common.product_request import ProductRequest
from specresample.drizzling.times import total_times
from specresample.footprint.prepared import Exposures, FootprintSummary
from specresample.grids.fits_wcs import LOOKED_UP, dispersion_line, fits_wcs, source_pixel
from specresample.grids.grid_gwcs import grid_wcs, gwcs_extensions
from specresample.grids.product_grids import ProductGrids, Source
from specresample.grids.rectified import Grid
from specresample.grids.regions import box_region, slit_region
from specresample.grids.wavelength_table import MOST_SLITS
from specresample.s2d import headers as blending
from specresample.s2d.history import asked_beyond, product_history

# Arrays that have other names in the data models.
_NAMES = {"sci": "data", "lags": "covariance_lags"}

_SQUARE_ARCSEC = np.rad2deg(3600.0) ** 2  # in a steradian


@dataclass(frozen=True)
class S2d:
    """A product that is ready to be written.

    Attributes
    ----------
    tree : dict
        Arrays and metadata by the names of the data model.
    header_table : ndarray or None
        Metadata of all exposures (HDRTAB), when headers are blended.
    wavelengths : list of ndarray or None
        Wavelengths of every slit, in um, that its FITS WCS looks up in a table; None for others.
    history : list of str
        How the product was made.
    extensions : list of str
        URIs of the ASDF extensions that the GWCSs in the tree need.
    """

    tree: dict
    header_table: np.ndarray | None
    wavelengths: list[np.ndarray | None]
    history: list[str]
    extensions: list[str]


def _slit_model(
    inputs: Sequence[Mapping[str, object]],
    source: Source,
    footprint: FootprintSummary,
    arrays: Mapping[str, np.ndarray],
    arguments: Mapping[str, object],
    line: np.ndarray | None,
) -> dict:
    """Tree of a SlitModel for one source, from the metadata of its slit in every exposure.

    ``footprint`` is that of its first slit, ``line`` its wavelengths along the dispersion.
    """
    grid, axis = source.grid, footprint.dispersion_axis
    metadata = _product_metadata(inputs, "SlitModel", arguments, source.scale_ratio)
    area = metadata.get("meta.photometry.pixelarea_steradians")
    if area is not None:
        area = area / source.scale_ratio
        metadata["meta.photometry.pixelarea_steradians"] = area
        metadata["meta.photometry.pixelarea_arcsecsq"] = float(area * _SQUARE_ARCSEC)
    else:
        metadata.pop("meta.photometry.pixelarea_arcsecsq", None)
    metadata["meta.wcsinfo.s_region"] = _region(inputs[0], grid)
    if footprint.source is not None:
        x, y = grid.pixel_map(np.reshape(footprint.source, (3, 1, 1)))[0, 0]
        metadata |= {"source_xpos": float(x), "source_ypos": float(y)}

    wcs_keywords = fits_wcs(grid, axis, line, source_pixel(grid, metadata, axis))
    metadata |= {f"meta.wcsinfo.{name}": value for name, value in wcs_keywords.items()}

    tree = _tree(metadata)
    tree["meta"]["wcs"] = grid_wcs(grid)
    tree |= {_NAMES.get(name, name): array for name, array in arrays.items()}
    if "covariance_lags" in tree:
        # Numbers that people read in the ASDF.
        tree["covariance_lags"] = tree["covariance_lags"].tolist()
    tree["wavelength"] = np.array(grid.wavelength_image(), dtype=np.float32)
    return tree


def product_model(
    grids: ProductGrids,
    sources: Sequence[Source],
    exposures: Exposures,
    arrays: Iterable[Mapping[str, np.ndarray]],
    request: ProductRequest,
) -> S2d:
    """Put the slits of a product together.

    Parameters
    ----------
    grids : ProductGrids
    sources : sequence of Source
        Sources of the product that this file holds.
    exposures : mapping of str to PreparedExposure
        By key, in association order.
    arrays : iterable of mapping
        Arrays of every source; taken one after another.
    request : ProductRequest

    Returns
    -------
    S2d
        A MultiSlitModel where exposures hold several slits, but for a file of one source.
    """
    arguments, association = request.arguments, request.association_metadata()
    seen = {key for source in sources for key in source.slits}
    used = {key: exposure for key, exposure in exposures.items() if key in seen}
    trees, wavelengths, slit_inputs = [], [], []
    for number, (source, source_arrays) in enumerate(zip(sources, arrays, strict=True), start=1):
        slits = list(source.slits_in(used).values())
        slit_inputs = [slit.metadata | association for slit in slits]
        first = slits[0].footprint
        within = number <= MOST_SLITS
        line = dispersion_line(source.grid, first.dispersion_axis) if within else None
        tree = _slit_model(slit_inputs, source, first, source_arrays, arguments, line)
        trees.append(tree)
        looked_up = LOOKED_UP in tree["meta"].get("wcsinfo", {}).values()
        wavelengths.append(line if looked_up else None)
    if grids.several and (arguments["single"] or not grids.file_each):
        inputs = [exposure.metadata | association for exposure in used.values()]
        ratio = sources[0].scale_ratio
        metadata = _product_metadata(inputs, "MultiSlitModel", arguments, ratio)
        tree = _tree(metadata) | {"slits": trees}
    else:
        inputs, tree = slit_inputs, trees[0]
    model = tree["meta"]["model_type"]
    if date := _creation_date(inputs):
        tree["meta"]["date"] = date
    digests = {request.file(key): exposure.sha256 for key, exposure in used.items()}
    for handed_in in (grids.output_wcs, grids.wavelength_table):
        if handed_in is not None:
            digests[Path(handed_in.file).name] = handed_in.sha256
    return S2d(
        tree=tree,
        header_table=blending.header_table(inputs, model) if arguments["blendheaders"] else None,
        wavelengths=wavelengths,
        history=product_history(arguments, digests),
        extensions=gwcs_extensions(sources[0].grid),
    )


def _product_metadata(
    inputs: Sequence[Mapping[str, object]],
    model: str,
    arguments: Mapping[str, object],
    scale_ratio: float,
) -> dict[str, object]:
    blend = blending.blend_metadata if arguments["blendheaders"] else blending.first_metadata
    # With a grid handed in, the reference states the argument and not the ratio that the grid has.
    stated_ratio = scale_ratio if arguments["pixel_scale"] else arguments["pixel_scale_ratio"]
    return blend(inputs, model) | {
        "meta.model_type": model,
        "meta.cal_step.resample": "COMPLETE",
        **total_times(inputs),
        "meta.background.level": None,
        "meta.background.subtracted": None,
        "meta.resample.pixel_scale_ratio": stated_ratio,
        **{
            f"meta.resample.{name}": arguments[name]
            for name in ("pixfrac", "weight_type", "kernel", "fillval")
            # The schemas know no name for equal weights.
            if (name, arguments[name]) != ("weight_type", "none")
        },
        **{f"meta.resample.{name}": value for name, value in asked_beyond(arguments).items()},
    }


def _region(first: Mapping[str, object], grid: Grid) -> str | None:
    if not grid.celestial:
        return None
    if str(first.get("meta.exposure.type", "")).upper() == "MIR_LRS-FIXEDSLIT":
        return slit_region(grid, str(first.get("meta.wcsinfo.s_region", "")))
    return box_region(grid)


def _creation_date(inputs: Sequence[Mapping[str, object]]) -> str:
    """Date, ISO 8601, the same whenever and wherever it is made; empty when no input has one."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        date = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).replace(tzinfo=None)
        return date.isoformat(timespec="milliseconds")
    return max(str(metadata.get("meta.date", "")) for metadata in inputs)


def _tree(flat: Mapping[str, object]) -> dict:
    """Turn values by dotted path into a tree; None is left out."""
    tree: dict = {}
    for path, value in flat.items():
        if value is None:
            continue
        *parents, leaf = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return tree

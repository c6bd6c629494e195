"""The files that a product consists of: combined, one for each source, or one for each exposure."""

import gc
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from specresample.common.arrays import ArrayFile
from specresample.common.product_contents import single_file
from specresample.common.product_request import ProductRequest
from specresample.common.progress import Progress
from specresample.drizzling.combination import combined_arrays, fill_number, single_arrays
from specresample.drizzling.found_outliers import OutlierCount
from specresample.footprint.prepared import Exposures
from specresample.grids.product_grids import ProductGrids, Source
from specresample.quality.slit_summary import SlitSummary
from specresample.quality.summarise import summarise_slit
from specresample.s2d.model import S2d, product_model
from specresample.s2d.write import write_product

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProductParts:
    """What the files of a product are made from.

    Attributes
    ----------
    request : ProductRequest
    grids : ProductGrids
    exposures : mapping of str to PreparedExposure
        By key, in association order.
    singles : mapping of str to ArrayFile
        Drizzled arrays of the exposures, by the same keys.
    """

    request: ProductRequest
    grids: ProductGrids
    exposures: Exposures
    singles: Mapping[str, ArrayFile]


def write_files(
    folder: Path, parts: ProductParts, names: Sequence[str]
) -> dict[str, list[SlitSummary]]:
    """Make and write files of a product, one after another.

    Parameters
    ----------
    folder : Path
        Takes ``{name}_s2d.fits``.
    parts : ProductParts
    names : sequence of str
        Some of the files in its `specresample.common.product_contents.ProductContents`.

    Returns
    -------
    dict of str to list of SlitSummary
        Of every slit in a file, by name.
    """
    summaries = {}
    progress = Progress(names, len(names))
    for name in progress:
        product, summaries[name] = make_file(parts, name)
        write_product(folder / f"{name}_s2d.fits", product)
        log.info("%s_s2d.fits made, %s", name, progress)
        # HDUs refer to each other: they hold their arrays until garbage is collected. What is left
        # stays, and need not be looked at again.
        del product
        gc.collect()
        gc.freeze()
    return summaries


def make_file(parts: ProductParts, name: str) -> tuple[S2d, list[SlitSummary]]:
    """Make the content of one file of a product.

    Parameters
    ----------
    parts : ProductParts
    name : str
        One of the files in its `specresample.common.product_contents.ProductContents`.

    Returns
    -------
    product : S2d
    summaries : list of SlitSummary
        Of every slit in the file.
    """
    request, grids = parts.request, parts.grids
    if request.arguments["single"]:
        keys = {single_file(request.name, request.file(key)): key for key in request.exposures}
        return _single(parts, keys[name])
    sources, several = grids.sources, grids.several
    if grids.file_each:
        sources, several = [source for source in sources if source.file == name], False
    arrays = combined_arrays(sources, parts.exposures, parts.singles, request.arguments)
    files = [source.file for source in sources]
    return _product(parts, parts.exposures, sources, arrays, files, several=several)


def _single(parts: ProductParts, key: str) -> tuple[S2d, list[SlitSummary]]:
    """Give an exposure alone, its slits on the grids of the product."""
    sources = parts.grids.sources_of(key)
    arrays = (
        single_arrays(
            parts.singles[key].group(str(source.number)),
            scale_ratio=source.scale_ratio,
            fill_value=fill_number(parts.request.arguments["fillval"]),
        )
        for source in sources
    )
    exposures = {key: parts.exposures[key]}
    file = Path(single_file(parts.request.name, parts.request.file(key))).name
    files = [file] * len(sources)
    return _product(parts, exposures, sources, arrays, files, several=parts.grids.several)


def _product(
    parts: ProductParts,
    exposures: Exposures,
    sources: Sequence[Source],
    arrays: Iterable[Mapping[str, np.ndarray]],
    files: Sequence[str],
    *,
    several: bool,
) -> tuple[S2d, list[SlitSummary]]:
    product = product_model(parts.grids, sources, exposures, arrays, parts.request, several=several)
    trees = product.tree.get("slits", [product.tree])
    summaries = []
    for file, source, tree in zip(files, sources, trees, strict=True):
        slits = source.slits_in(exposures)
        measures = {key: parts.singles[key][f"{source.number}/measures"] for key in slits}
        outliers = None
        if parts.request.arguments["outlier_detection"]:
            outliers = {key: OutlierCount.read(parts.singles[key], source.number) for key in slits}
        name = f"{file}_s2d.fits"
        summaries.append(summarise_slit(name, source, slits, measures, tree, outliers))
    return product, summaries

"""The files that a product consists of: combined, one for each source, or one for each exposure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from specresample.common.arrays import ArrayFile
from specresample.common.names import single_file
from specresample.common.product_request import ProductRequest
from specresample.drizzling.combination import combined_arrays, single_arrays
from specresample.footprint.prepared import Exposures
from specresample.grids.product_grids import ProductGrids
from specresample.quality.slit_summary import SlitSummary
from specresample.quality.summarise import summarise_slit
from specresample.s2d.model import S2d, product_model


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
    request, grids, exposures = parts.request, parts.grids, parts.exposures
    if request.arguments["single"]:
        keys = {single_file(request.name, request.file(key)): key for key in request.exposures}
        key = keys[name]
        exposures, sources = {key: exposures[key]}, grids.sources_of(key)
        arrays = single_arrays(sources, parts.singles[key], request.arguments)
    else:
        sources = [source for source in grids.sources if source.file == name]
        arrays = combined_arrays(sources, exposures, parts.singles, request.arguments)
    product = product_model(grids, sources, exposures, arrays, request)
    trees = product.tree.get("slits", [product.tree])
    summaries = []
    for source, tree in zip(sources, trees, strict=True):
        slits = source.slits_in(exposures)
        number, singles = source.number, {key: parts.singles[key] for key in slits}
        measures = {key: single[f"{number}/measures"] for key, single in singles.items()}
        outliers = None
        if request.arguments["outlier_detection"]:
            outliers = {
                key: (len(single[f"{number}/outliers"]), int(single[f"{number}/compared"]))
                for key, single in singles.items()
            }
        file = f"{Path(name).name}_s2d.fits"
        summaries.append(summarise_slit(file, source, slits, measures, tree, outliers))
    return product, summaries

"""Draw the preview of a product."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from specresample.common.arrays import open_arrays
from specresample.grids.product_grids import ProductGrids
from specresample.reporting.preview import exposure_profiles, outlier_places, preview
from specresample.s2d.read import read_product


def product_preview(products: Sequence[Path], grid: Path, singles: Mapping[str, Path]) -> Figure:
    """Draw the slits of a product.

    Parameters
    ----------
    products : sequence of Path
        The product's files.
    grid : Path
        Its grids.
    singles : mapping of str to Path
        Every drizzled exposure by key; none when profiles of exposures are not to be drawn.

    Returns
    -------
    Figure
    """
    grids = ProductGrids.read(grid)
    slits, profiles, outliers = [], [], []
    with open_arrays(singles) as opened:
        for path in products:
            file = path.name.removesuffix("_s2d.fits")
            read = read_product(path)
            slits += [(file, slit) for slit in read]
            if singles:
                sources = [source for source in grids.sources if source.file == file]
                for slit, source in zip(read, sources, strict=True):
                    profiles.append(exposure_profiles(slit, source, opened))
                    outliers.append(outlier_places(slit, source, opened))
    return preview(slits, profiles, outliers)

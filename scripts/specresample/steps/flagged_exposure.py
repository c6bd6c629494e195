"""Write an exposure with its outliers flagged."""

from pathlib import Path

from specresample.common.arrays import ArrayFile
from specresample.drizzling.found_outliers import COMPLETE, SKIPPED
from specresample.grids.product_grids import ProductGrids
from specresample.level2b.flagged import write_flagged


def flagged_exposure(key: str, exposure: Path, grid: Path, single: Path, flagged: Path) -> None:
    """Write an exposure with the outliers that it was drizzled without.

    Parameters
    ----------
    key : str
        Key of the exposure.
    exposure : Path
        Level-2b file.
    grid : Path
        Grids of the product.
    single : Path
        The drizzled exposure.
    flagged : Path
        Takes the exposure with its flags.

    Raises
    ------
    ResampleError
        When the file cannot be written.
    """
    outliers = {}
    with ArrayFile(single) as arrays:
        for source in ProductGrids.read(grid).sources_of(key):
            if arrays[f"{source.number}/compared"]:
                places = arrays[f"{source.number}/outliers"]
                outliers[source.slits[key]] = places["row"], places["column"]
    write_flagged(exposure, flagged, outliers, COMPLETE if outliers else SKIPPED)

"""Find the outliers of a product's exposures: each against the median of all, source by source."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from specresample.common.arrays import ArrayWriter, open_arrays
from specresample.common.errors import ResampleError
from specresample.common.files import folder_written_aside
from specresample.common.progress import Progress
from specresample.drizzling.found_outliers import SlitOutliers
from specresample.drizzling.outliers import OutlierLimits, source_outliers
from specresample.drizzling.times import exposure_groups
from specresample.footprint.prepared import PreparedExposure
from specresample.grids.output_grids import default_grid
from specresample.grids.sources import SourceSlits, group_sources
from specresample.jobs.workers import Workers

log = logging.getLogger(__name__)


def flag_outliers(
    arrays: Mapping[str, Path],
    summaries: Mapping[str, Path],
    arguments: Mapping[str, object],
    outliers: Path,
    workers: Workers,
) -> None:
    """Find the outliers of a product's exposures.

    Parameters
    ----------
    arrays, summaries : mapping of str to Path
        The prepared exposures by key, in association order.
    arguments : mapping
        The arguments of outliers.
    outliers : Path
        Folder that takes ``{key}.npz``: the outliers of every slit of an exposure, ``pixels``, and
        how many could be ``compared``.
    workers : Workers

    Raises
    ------
    ResampleError
        When a file cannot be written.
    """
    exposures = {key: PreparedExposure.read(path) for key, path in summaries.items()}
    used = {key: exposure for key, exposure in exposures.items() if not exposure.skip}
    sources = [*group_sources(used)[0].values()]
    groups = [exposure_groups([slit.metadata for slit in slits.values()]) for slits in sources]
    if lone := sum(len(pointings) < 2 for pointings in groups):
        message = "%d of %d slits have one exposure alone: no outliers are found in them"
        log.warning(message, lone, len(sources))
    limits = OutlierLimits.from_arguments(arguments)
    with folder_written_aside(outliers) as folder:
        find = partial(_find, arrays, limits, folder)
        found: dict[str, dict[int, SlitOutliers]] = {key: {} for key in exposures}
        for some in workers.map(find, workers.shares(sources)):
            for key, slit, of_slit in some:
                found[key][slit] = of_slit
        for key, slits in found.items():
            with ArrayWriter(folder / f"{key}.npz", "w") as writer:
                for slit, of_slit in sorted(slits.items()):
                    writer.add(str(slit), vars(of_slit))


def _find(
    arrays: Mapping[str, Path], limits: OutlierLimits, scratch: Path, sources: Sequence[SourceSlits]
) -> list[tuple[str, int, SlitOutliers]]:
    """Find the outliers of some sources: exposure, number of the slit, outliers."""
    found = []
    progress = Progress(sources)
    with open_arrays(arrays) as opened:
        for slits in progress:
            try:
                grid = default_grid([*slits.values()])
            except ResampleError:
                continue  # output_grid leaves it out, and says why
            outliers = source_outliers(slits, grid, opened, limits, scratch)
            found += [(key, slits[key].number, outliers[key]) for key in slits]
            counts = ", ".join(str(len(one.pixels)) for one in outliers.values())
            label = next(iter(slits.values())).label
            log.info("slit %s: outliers: %s, %s", label, counts, progress)
    return found

"""A small product at one go, from its exposures to its files.

Worth it where to start the jobs of the single steps would take longer than to share the steps among
the processes of one job.
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from specresample.common.arrays import ArrayFile, ArrayWriter, open_arrays
from specresample.common.files import file_digest, read_json, write_json, written_aside
from specresample.drizzling.exposure import drizzle_exposure
from specresample.footprint.preparation import prepare_exposure
from specresample.grids.output_grids import output_grids
from specresample.jobs.workers import worker_pool
from specresample.level2b.exposure import Exposure
from specresample.s2d.product_files import Ingredients, product_files, write_files

# Parts of the files for each worker: the sizes of sources differ.
_PARTS = 4


@dataclass(frozen=True)
class SmallProduct:
    """A product that one job makes, and where.

    Attributes
    ----------
    name : str
        Product name of the association.
    exposures : mapping of str to str
        Paths of the level-2b files by key, in association order.
    arguments : mapping
        The documented arguments.
    association : mapping
        Metadata by dotted path that every input gets from its association.
    prepared : Path
        Folder of the prepared exposures. Those that are there already and still true are used.
    code : str
        Digest of the code that prepares exposures.
    files : Path
        Folder for the product's files, ``{file}_s2d.fits``, and for the drizzled exposures,
        ``singles/{key}.npz``.
    in_memory : bool
        Load all that one step works on.
    """

    name: str
    exposures: Mapping[str, str]
    arguments: Mapping[str, object]
    association: Mapping[str, object]
    prepared: Path
    code: str
    files: Path
    in_memory: bool

    def make(self, workers: int) -> tuple[dict, dict[str, dict], dict[str, Sequence[dict]]]:
        """Make all files.

        Parameters
        ----------
        workers : int
            Number of processes that share the work: first over exposures, then over files.

        Returns
        -------
        grids : dict
            From `specresample.grids.output_grids.output_grids`.
        exposures : dict of str to dict
            Prepared exposures by key.
        facts : dict of str to sequence of dict
            Facts about the slits of each file, by its path without ``_s2d.fits``.

        Raises
        ------
        ResampleError
            When an exposure cannot be used, or no source can be resampled.
        """
        with worker_pool(workers) as spread:
            grids, exposures = self.drizzle(spread)
            names = [*product_files(self._ingredients(grids, exposures, {}))]
            n_parts = 1 if workers == 1 else min(len(names), _PARTS * workers)
            parts = [names[first::n_parts] for first in range(n_parts)]
            facts = {}
            for some in spread(partial(self._write, grids, exposures), parts):
                facts |= some
        return grids, exposures, {name: facts[name] for name in names}

    def drizzle(self, spread: Callable) -> tuple[dict, dict[str, dict]]:
        """Prepare all exposures, lay out the grids and drizzle every exposure onto them.

        Parameters
        ----------
        spread : callable
            As `map`; see `specresample.jobs.workers.worker_pool`.

        Returns
        -------
        grids : dict
            From `specresample.grids.output_grids.output_grids`.
        exposures : dict of str to dict
            Prepared exposures by key.
        """
        self._clear()
        prepared = spread(self._prepare, self.exposures)
        exposures = dict(zip(self.exposures, prepared, strict=True))
        grids = output_grids(self.name, exposures, self.arguments)
        drizzle = partial(self._drizzle, grids["sources"])
        for _ in spread(drizzle, exposures, exposures.values()):
            pass
        return grids, exposures

    def _clear(self) -> None:
        """Make the folders, and remove prepared exposures that are no longer of the product."""
        (self.files / "singles").mkdir(parents=True)
        self.prepared.mkdir(parents=True, exist_ok=True)
        for file in self.prepared.iterdir():
            if file.stem not in self.exposures:
                file.unlink()

    def _prepare(self, key: str) -> dict:
        path, summary = self.exposures[key], self.prepared / f"{key}.json"
        # Reading and evaluating WCSs takes the most time, and no argument changes it.
        if summary.is_file():
            earlier = read_json(summary)
            exposure = earlier["exposure"]
            known = (earlier["code"], exposure["file"], exposure["sha256"])
            if known == (self.code, Path(path).name, file_digest(path)):
                return exposure
            summary.unlink()
        with (
            written_aside(self._arrays(key)) as aside,
            Exposure(path, in_memory=self.in_memory) as opened,
            ArrayWriter(aside) as writer,
        ):
            exposure = prepare_exposure(opened, writer)
        write_json(summary, {"code": self.code, "exposure": exposure})
        gc.collect()
        return exposure

    def _drizzle(self, sources: Sequence[dict], key: str, exposure: dict) -> None:
        with (
            ArrayFile(self._arrays(key), in_memory=self.in_memory) as arrays,
            ArrayWriter(self._single(key)) as writer,
        ):
            drizzle_exposure(key, exposure, arrays, sources, writer, self.arguments)

    def _write(
        self, grids: dict, exposures: dict[str, dict], names: Sequence[str]
    ) -> dict[str, Sequence[dict]]:
        singles = {key: self._single(key) for key in exposures}
        # Never all in memory: every array is read once.
        with open_arrays(singles, in_memory=False) as opened:
            files = product_files(self._ingredients(grids, exposures, opened))
            return write_files(self.files, {name: files[name] for name in names})

    def _ingredients(
        self, grids: dict, exposures: dict[str, dict], singles: dict[str, ArrayFile]
    ) -> Ingredients:
        return Ingredients(grids, exposures, singles, self.arguments, self.association)

    def _arrays(self, key: str) -> Path:
        return self.prepared / f"{key}.npz"

    def _single(self, key: str) -> Path:
        return self.files / "singles" / f"{key}.npz"

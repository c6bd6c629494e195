"""A small product at one go, from its exposures to its files.

Worth it where to start the jobs of the single steps would take longer than the steps.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from specresample.exposure import Exposure
from specresample.layout import output_grids
from specresample.preparation import prepare_exposure
from specresample.products import Ingredients
from specresample.singles import drizzle_exposure
from specresample.storage import ArrayFile, ArrayWriter, open_arrays


@contextmanager
def drizzled_product(
    name: str,
    exposures: Mapping[str, str],
    arguments: Mapping[str, object],
    association: Mapping[str, object],
    scratch: Path,
    singles_folder: Path,
    *,
    in_memory: bool,
) -> Iterator[Ingredients]:
    """Prepare and drizzle the exposures of a product.

    Parameters
    ----------
    name : str
        Product name of the association.
    exposures : mapping of str to str
        Paths of the level-2b files by key, in association order.
    arguments : mapping
        The documented arguments.
    association : mapping
        Metadata by dotted path that every input gets from its association.
    scratch : Path
        Folder for the arrays of prepared exposures.
    singles_folder : Path
        Folder for the drizzled arrays of exposures: ``{key}.npz``.
    in_memory : bool
        Load all that one step works on.

    Yields
    ------
    Ingredients
        All that the product's files are made from.

    Raises
    ------
    ResampleError
        When an exposure cannot be used, or no source can be resampled.
    """
    prepared = {
        key: _prepared(path, scratch / f"{key}-prepared.npz", in_memory=in_memory)
        for key, path in exposures.items()
    }
    grids = output_grids(name, prepared, arguments)
    singles_folder.mkdir(exist_ok=True)
    singles = {key: singles_folder / f"{key}.npz" for key in exposures}
    for key, single in singles.items():
        with (
            ArrayFile(scratch / f"{key}-prepared.npz", in_memory=in_memory) as arrays,
            ArrayWriter(single) as writer,
        ):
            drizzle_exposure(key, prepared[key], arrays, grids["sources"], writer, arguments)
    with open_arrays(singles, in_memory=in_memory) as opened:
        yield Ingredients(grids, prepared, opened, arguments, association)


def _prepared(path: str, arrays: Path, *, in_memory: bool) -> dict:
    with Exposure(path, in_memory=in_memory) as exposure, ArrayWriter(arrays) as writer:
        return prepare_exposure(exposure, writer)

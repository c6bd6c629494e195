"""The files that a product consists of: combined, one for each source, or one for each exposure."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from specresample.association import exposure_name, strip_template
from specresample.combination import combined_arrays, fill_number, single_arrays
from specresample.product import S2d, product_model, write_product
from specresample.progress import Progress
from specresample.sources import used_exposures
from specresample.storage import ArrayFile

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ingredients:
    """What the files of a product are made from.

    Attributes
    ----------
    grids : mapping
        Grids of the product, from `specresample.layout.output_grids`.
    exposures : mapping of str to dict
        Prepared exposures by key, in association order.
    singles : mapping of str to ArrayFile
        Drizzled arrays of the exposures, by the same keys.
    arguments : mapping
        The documented arguments.
    association : mapping
        Metadata by dotted path that every input gets from its association.
    """

    grids: Mapping[str, object]
    exposures: Mapping[str, dict]
    singles: Mapping[str, ArrayFile]
    arguments: Mapping[str, object]
    association: Mapping[str, object]


def product_files(ingredients: Ingredients) -> dict[str, Callable[[], S2d]]:
    """Say which files a product has, and how to make each.

    Parameters
    ----------
    ingredients : Ingredients

    Returns
    -------
    dict of str to callable
        What gives the content of a file, by its path in the folder of all products without
        ``_s2d.fits``.
    """
    grids = ingredients.grids
    if ingredients.arguments["single"]:
        folder = strip_template(grids["name"])
        names = {
            key: exposure_name(ingredients.exposures[key]["file"]) for key in used_exposures(grids)
        }
        return {
            f"{folder}/{name}_outlier": partial(single_product, ingredients, key)
            for key, name in names.items()
        }
    if grids["file_each"]:
        return source_products(ingredients, grids["sources"])
    return {grids["name"]: partial(combined_product, ingredients)} if grids["sources"] else {}


def write_files(folder: Path, files: Mapping[str, Callable[[], S2d]]) -> None:
    """Make and write files of a product, one after another.

    Parameters
    ----------
    folder : Path
    files : mapping of str to callable
        Some of those that `product_files` names.
    """
    progress = Progress(files.items(), len(files))
    for name, product in progress:
        write_product(folder / f"{name}_s2d.fits", product())
        log.info("%s_s2d.fits made, %s", name, progress)


def combined_product(ingredients: Ingredients) -> S2d:
    """Combine the exposures of a product, all its sources in one file.

    Parameters
    ----------
    ingredients : Ingredients
    """
    sources = ingredients.grids["sources"]
    return _combined(ingredients, sources, several=ingredients.grids["several"])


def source_products(
    ingredients: Ingredients, sources: Sequence[dict]
) -> dict[str, Callable[[], S2d]]:
    """Say how to combine the exposures of a product, a file for each of some of its sources.

    Parameters
    ----------
    ingredients : Ingredients
    sources : sequence of dict
        The sources, of those in the grids.

    Returns
    -------
    dict of str to callable
        What gives the content of a file, by its name without ``_s2d.fits``.
    """
    return {
        source["file"]: partial(_combined, ingredients, [source], several=False)
        for source in sources
    }


def single_product(ingredients: Ingredients, key: str) -> S2d:
    """Give an exposure alone, its slits on the grids of the product.

    Parameters
    ----------
    ingredients : Ingredients
        Of the exposures and singles, this one suffices.
    key : str
        Key of the exposure.
    """
    grids, arguments = ingredients.grids, ingredients.arguments
    sources = [source for source in grids["sources"] if key in source["slits"]]
    arrays = (
        single_arrays(
            ingredients.singles[key].group(str(source["number"])),
            scale_ratio=source["scale_ratio"],
            fill_value=fill_number(arguments["fillval"]),
        )
        for source in sources
    )
    return product_model(
        grids,
        sources,
        {key: ingredients.exposures[key]},
        arrays,
        arguments,
        ingredients.association,
        several=grids["several"],
    )


def _combined(ingredients: Ingredients, sources: Sequence[dict], *, several: bool) -> S2d:
    return product_model(
        ingredients.grids,
        sources,
        ingredients.exposures,
        combined_arrays(sources, ingredients.exposures, ingredients.singles, ingredients.arguments),
        ingredients.arguments,
        ingredients.association,
        several=several,
    )

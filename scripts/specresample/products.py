"""The files that a product consists of: combined, one for each source, or one for each exposure."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from specresample.association import exposure_name, strip_template
from specresample.combination import combined_arrays, fill_number, single_arrays
from specresample.product import S2d, product_model
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


def product_files(ingredients: Ingredients) -> Iterator[tuple[str, S2d]]:
    """Make all files of a product.

    Parameters
    ----------
    ingredients : Ingredients

    Yields
    ------
    str
        Path of the file in the folder of all products, without ``_s2d.fits``.
    S2d
        What it holds.
    """
    grids = ingredients.grids
    if ingredients.arguments["single"]:
        for key in used_exposures(grids):
            name = exposure_name(ingredients.exposures[key]["file"])
            yield (
                f"{strip_template(grids['name'])}/{name}_outlier",
                single_product(ingredients, key),
            )
    elif grids["file_each"]:
        yield from source_products(ingredients, grids["sources"])
    elif grids["sources"]:
        yield grids["name"], combined_product(ingredients)


def combined_product(ingredients: Ingredients) -> S2d:
    """Combine the exposures of a product, all its sources in one file.

    Parameters
    ----------
    ingredients : Ingredients
    """
    sources = ingredients.grids["sources"]
    return _combined(ingredients, sources, several=ingredients.grids["several"])


def source_products(ingredients: Ingredients, sources: Sequence[dict]) -> Iterator[tuple[str, S2d]]:
    """Combine the exposures of a product, a file for each of some of its sources.

    Parameters
    ----------
    ingredients : Ingredients
    sources : sequence of dict
        The sources, of those in the grids.

    Yields
    ------
    str
        Name of the file, without ``_s2d.fits``.
    S2d
        What it holds.
    """
    progress = Progress(sources, len(sources))
    for source in progress:
        yield source["file"], _combined(ingredients, [source], several=False)
        log.info("%s_s2d.fits made, %s", source["file"], progress)


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

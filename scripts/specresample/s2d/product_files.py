"""The files that a product consists of: combined, one for each source, or one for each exposure."""

import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from specresample.common.arrays import ArrayFile
from specresample.common.files import read_json
from specresample.common.names import exposure_name, strip_template
from specresample.common.progress import Progress
from specresample.drizzling.combination import combined_arrays, fill_number, single_arrays
from specresample.grids.sources import source_slits, used_exposures
from specresample.quality.slit_summary import slit_facts
from specresample.s2d.model import S2d, product_model
from specresample.s2d.write import write_product

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ingredients:
    """What the files of a product are made from.

    Attributes
    ----------
    grids : mapping
        Grids of the product, from `specresample.grids.output_grids.output_grids`.
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


def prepared_exposures(
    summaries: Sequence[str | Path], files: Mapping[str, str]
) -> dict[str, dict]:
    """Read the prepared exposures of a product.

    Parameters
    ----------
    summaries : sequence of str or Path
        JSON files, in association order.
    files : mapping of str to str
        Names of the level-2b files by key, in the same order, as this product's association has
        them: others may know the same exposure by another name.

    Returns
    -------
    dict of str to dict
        Prepared exposures by key.
    """
    return {
        key: read_json(path) | {"file": file}
        for (key, file), path in zip(files.items(), summaries, strict=True)
    }


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


def write_files(folder: Path, files: Mapping[str, Callable[[], S2d]]) -> dict[str, Sequence[dict]]:
    """Make and write files of a product, one after another.

    Parameters
    ----------
    folder : Path
    files : mapping of str to callable
        Some of those that `product_files` names.

    Returns
    -------
    dict of str to sequence of dict
        Facts about the slits of each file.
    """
    facts = {}
    progress = Progress(files.items(), len(files))
    for name, make in progress:
        product = make()
        write_product(folder / f"{name}_s2d.fits", product)
        facts[name] = product.facts
        log.info("%s_s2d.fits made, %s", name, progress)
        # HDUs refer to each other: they hold their arrays until garbage is collected. What is left
        # stays, and need not be looked at again.
        del product
        gc.collect()
        gc.freeze()
    return facts


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
    exposures = {key: ingredients.exposures[key]}
    product = product_model(
        grids,
        sources,
        exposures,
        arrays,
        arguments,
        ingredients.association,
        several=grids["several"],
    )
    file = f"{exposure_name(exposures[key]['file'])}_outlier"
    return _with_facts(product, [file] * len(sources), sources, exposures, ingredients.singles)


def _combined(ingredients: Ingredients, sources: Sequence[dict], *, several: bool) -> S2d:
    exposures, singles = ingredients.exposures, ingredients.singles
    product = product_model(
        ingredients.grids,
        sources,
        exposures,
        combined_arrays(sources, exposures, singles, ingredients.arguments),
        ingredients.arguments,
        ingredients.association,
        several=several,
    )
    files = [source["file"] for source in sources]
    return _with_facts(product, files, sources, exposures, singles)


def _with_facts(
    product: S2d,
    files: Sequence[str],
    sources: Sequence[dict],
    exposures: Mapping[str, dict],
    singles: Mapping[str, ArrayFile],
) -> S2d:
    trees = product.tree.get("slits", [product.tree])
    facts = []
    for file, source, tree in zip(files, sources, trees, strict=True):
        slits = source_slits(source, exposures)
        measures = {key: singles[key].array(f"{source['number']}/measures") for key in slits}
        facts.append(slit_facts(f"{file}_s2d.fits", source, slits, measures, tree))
    return replace(product, facts=tuple(facts))

# Functions of the rules: what is given, and which files a product has; and the end of a run.

import json
from pathlib import Path

from specresample.common.names import exposure_name
from specresample.plan.association import is_uri
from specresample.grids.sources import used_exposures


def given(*paths):
    """Inputs that no rule makes.

    They lie where the user says: a module's prefix and a default storage are for what is made.
    """
    return [storage(path) if is_uri(path) else local(path) for path in paths]


def grid_handed_in(wildcards):
    """Grid that the user hands in for a product, if so."""
    return given(*CAMPAIGN.output_wcs(wildcards))


def records_of_all(wildcards):
    """Records of all products: there when all files of a product are."""
    if not CAMPAIGN.products:
        raise WorkflowError(
            "config: associations is empty: name association files or globs"
        )
    return expand(rules.record.output.record, product=CAMPAIGN.products)


def grids_of(product):
    """Grids of a product's sources, once they are laid out."""
    laid_out_by = (
        checkpoints.small_product
        if CAMPAIGN.is_small(product)
        else checkpoints.output_grid
    )
    with laid_out_by.get(product=product).output["grid"].open() as file:
        return json.load(file)


def members_of(product):
    """Names of the exposures of a product that are used."""
    used = used_exposures(grids_of(product))
    return [exposure_name(CAMPAIGN.exposures[key]) for key in used]


def files_of(product):
    """Files of a product, without their ending; a skipped product has none."""
    grids = grids_of(product)
    if CAMPAIGN.product_arguments(product)["single"]:
        return [f"{product}/{member}_outlier" for member in members_of(product)]
    if CAMPAIGN.products[product].is_template:
        return [source["file"] for source in grids["sources"]]
    return [] if grids["skip"] else [product]


def products_of(product):
    """Paths of a product's files."""
    return expand(rules.deliver.output, file=files_of(product))


def source_ranges(number):
    """First source of each job that combines some of so many, and first of the next."""
    least, most = SOURCES_PER_JOB
    step = min(most, max(least, -(-number // 2)))
    return [[first, first + step] for first in range(0, number, step)]


def sources_of_part(wildcards):
    """First source of a part, and first of the next."""
    return source_ranges(len(files_of(wildcards.product)))[int(wildcards.part)]


def folder_of(wildcards):
    """Folder in which a file that is to be delivered is made."""
    product = CAMPAIGN.product_of_file(wildcards.file)
    files = files_of(product)
    if wildcards.file not in files:
        raise WorkflowError(f"{product}: no file {wildcards.file}: {', '.join(files)}")
    if CAMPAIGN.is_small(product):
        return expand(rules.small_product.output.files, product=product)
    index = files.index(wildcards.file)
    ends = [end for _, end in source_ranges(len(files))]
    part = next(part for part, end in enumerate(ends) if index < end)
    return expand(rules.combine_sources.output.files, product=product, part=part)


def facts_of(wildcards):
    """Facts about a product's slits, one file for each job that makes products."""
    product, files = wildcards.product, files_of(wildcards.product)
    if CAMPAIGN.product_arguments(product)["single"]:
        facts = rules.single_product.output.facts
        return expand(facts, product=product, member=members_of(product))
    if CAMPAIGN.products[product].is_template:
        parts = range(len(source_ranges(len(files))))
        return expand(rules.combine_sources.output.facts, product=product, part=parts)
    return expand(rules.combine.output.facts, product=files)


def drizzled_in(wildcards):
    """What holds the drizzled exposures of a product: their files, or a small product's folder."""
    if CAMPAIGN.is_small(wildcards.product):
        return rules.small_product.output.files.format(product=wildcards.product)
    return [*singles_of(wildcards).values()]


def singles_of(wildcards):
    """Drizzled exposures, by key, whose profiles the preview of a product shows."""
    product = wildcards.product
    if CAMPAIGN.product_arguments(product)["single"]:
        return {}
    path = rules.drizzle_exposure.output[0]
    if CAMPAIGN.is_small(product):
        path = f"{rules.small_product.output.files}/singles/{{exposure}}.npz"
    used = used_exposures(grids_of(product))
    keys = [key for key in CAMPAIGN.members(wildcards) if key in used]
    return {key: path.format(product=product, exposure=key) for key in keys}


def close_ledger():
    """Write the ledger; returns a summary of it."""
    # Of a module, this path has the prefix.
    return CAMPAIGN.close_ledger(Path(rules.record.output.record).parents[1])

"""A campaign: a configuration and the products that it asks for."""

import os
from collections.abc import Mapping

from specresample.common.errors import ResampleError
from specresample.common.product_request import ProductRequest
from specresample.plan.argument_rules import misfits, table_file
from specresample.plan.association import MARKS, exposure_keys, read_products
from specresample.plan.configuration import argument_schemas, complete_config
from specresample.plan.presets import preset_arguments


class Campaign:
    """A configuration and the products that it asks for.

    Parameters
    ----------
    config : mapping
        As Snakemake merged it.

    Attributes
    ----------
    config : dict
        Complete configuration.
    products : dict of str to Product
        By product folder.
    exposures : dict of str to str
        Path or URI of each exposure by its key.
    members : dict of str to dict of str to str
        Exposures of each product by product folder: their paths or URIs by key, in association
        order.

    Raises
    ------
    ResampleError
        When configuration or associations are not usable.
    """

    def __init__(self, config: Mapping) -> None:
        self.config = complete_config(config)
        self._given = {key: self.config[key] for key in config}
        self.products = {p.folder: p for p in read_products(self.config["associations"])}
        self.exposures = exposure_keys(self.products.values())
        keys = {path: key for key, path in self.exposures.items()}
        self.members = {
            folder: {keys[path]: path for path in product.exposures}
            for folder, product in self.products.items()
        }
        _check_arguments(self)

    def arguments(self, product: str, rule: str | None = None) -> dict:
        """Return the arguments of a product.

        Parameters
        ----------
        product : str
            Folder of the product.
        rule : str, optional
            Only the arguments that this rule uses, so that no other one repeats its jobs.
        """
        found = self.products[product]
        own = self.config["overrides"].get(found.name, {})
        preset = preset_arguments(own.get("preset", self.config["preset"]), found)
        arguments = self.config | preset | self._given | own
        known = argument_schemas()
        used = (name for name in known if rule in (None, *known[name]["usedBy"]))
        return {name: arguments[name] for name in used}

    def request(self, product: str) -> ProductRequest:
        """Return what is asked for: a product, its exposures and arguments.

        Parameters
        ----------
        product : str
            Folder of the product.
        """
        found = self.products[product]
        return ProductRequest(
            folder=product,
            name=found.name,
            exposures=self.members[product],
            association=found.association,
            pool=found.pool,
            other_members=found.left_out,
            arguments=self.arguments(product, "combine"),
        )


def _check_arguments(campaign: Campaign) -> None:
    """Refuse overrides of no product, arguments that do not go together, and missing files."""
    overrides = campaign.config["overrides"]
    names = {product.name for product in campaign.products.values()}
    if unknown := [name for name in overrides if name not in names]:
        raise ResampleError(
            f"config: overrides: no association has a product {unknown[0]}; "
            f"there are {', '.join(sorted(names))}"
        )
    lines: dict[str, None] = {}
    for folder, product in campaign.products.items():
        where = f"overrides: {product.name}: " if product.name in overrides else ""
        arguments = campaign.arguments(folder)
        found = [*misfits(arguments), *_bad_file("output_wcs", arguments["output_wcs"])]
        found += _bad_file("wavelength_grid", table_file(arguments), "it is no kind of grid, and ")
        lines |= {f"config: {where}{line}": None for line in found}
    if lines:
        raise ResampleError("\n".join(lines))


def _bad_file(key: str, file: str | None, context: str = "") -> list[str]:
    if file and MARKS.search(file):
        return [f"{key} = {file!r}: {context}{{}} or <> are in it"]
    if file and not os.path.isfile(file):
        return [f"{key} = {file!r}: {context}no such file"]
    return []

"""All that the Snakefile asks: products, exposures, arguments, versions of the code.

Imports nothing heavy: every process that Snakemake starts for a job of its own parses the Snakefile
again.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from specresample.arguments import complete_config, load_schema, product_arguments
from specresample.association import (
    Product,
    exposure_keys,
    exposure_name,
    read_products,
    source_pattern,
)
from specresample.errors import ResampleError

_PACKAGE = "specresample"
_NOTHING = "(?!)"  # regular expression without a match


class ProductWildcards(Protocol):
    """Wildcards of a job that belongs to a product; ``member`` where it is of one exposure."""

    product: str
    member: str


class Campaign:
    """A configuration and the products it asks for.

    Parameters
    ----------
    config : mapping
        As Snakemake merged it.
    folder : str or Path
        Folder of the Snakefile.

    Attributes
    ----------
    config : dict
        Complete configuration.
    products : dict of str to Product
        By product folder.
    exposures : dict of str to str
        Path of each exposure by its key.
    product_pattern, plain_product_pattern, exposure_pattern, source_pattern : str
        Regular expressions of the names of products, of those without template, of exposures and
        of the files of sources.

    Raises
    ------
    ResampleError
        When configuration or associations are not usable.
    """

    def __init__(self, config: Mapping, folder: str | Path) -> None:
        self._scripts = Path(folder) / "scripts"
        self._schema = load_schema(Path(folder) / "config" / "config.schema.yaml")
        self.config = complete_config(config, self._schema)
        self.products = {p.folder: p for p in read_products(self.config["associations"])}
        self.exposures = exposure_keys(self.products.values())
        self._keys = {path: key for key, path in self.exposures.items()}
        self.product_pattern = _exactly(self.products)
        self.plain_product_pattern = _exactly(
            folder for folder, product in self.products.items() if not product.is_template
        )
        self.exposure_pattern = _exactly(self.exposures)
        templates = [p.name for p in self.products.values() if p.is_template]
        self.source_pattern = "|".join(map(source_pattern, templates)) or _NOTHING
        self._check_overrides()
        self._check_grids()

    def product(self, wildcards: ProductWildcards) -> Product:
        """Return the product of a job."""
        return self.products[wildcards.product]

    def members(self, wildcards: ProductWildcards) -> list[str]:
        """Return the keys of the exposures of a product, in association order."""
        return [self._keys[path] for path in self.product(wildcards).exposures]

    def arguments(self, wildcards: ProductWildcards) -> dict:
        """Return the documented arguments of a job's product."""
        return self.product_arguments(wildcards.product)

    def product_arguments(self, folder: str) -> dict:
        """Return the documented arguments of a product, by its folder."""
        return product_arguments(self.config, self._schema, self.products[folder].name)

    def select(self, *names: str) -> Callable:
        """Return a params function that gives some of a product's arguments.

        A rule names the arguments it uses, so that no other one re-runs it.
        """
        return lambda wildcards: {name: self.arguments(wildcards)[name] for name in names}

    def in_memory(self, wildcards: ProductWildcards) -> int:
        """Return whether a product's jobs load all they work on, as a resource."""
        return int(self.arguments(wildcards)["in_memory"])

    def member(self, wildcards: ProductWildcards) -> str:
        """Return the key of the exposure of a product that a job names."""
        names = {exposure_name(path): path for path in self.product(wildcards).exposures}
        return self._keys[names[wildcards.member]]

    def output_wcs(self, wildcards: ProductWildcards) -> list[str]:
        """Return the grid that is handed in for a product, if so."""
        file = self.arguments(wildcards)["output_wcs"]
        return [file] if file else []

    def product_of_source(self, source: str) -> str:
        """Return the folder of the template product to which the file name of a source belongs."""
        return next(
            product.folder
            for product in self.products.values()
            if product.is_template and re.fullmatch(source_pattern(product.name), source)
        )

    def _check_overrides(self) -> None:
        names = {product.name for product in self.products.values()}
        for name in self.config["overrides"]:
            if name not in names:
                raise ResampleError(
                    f"config: overrides: no association has a product {name}; "
                    f"there are {', '.join(sorted(names))}"
                )

    def _check_grids(self) -> None:
        for arguments in (self.config, *self.config["overrides"].values()):
            file = arguments.get("output_wcs")
            if file and not Path(file).is_file():
                raise ResampleError(f"config: output_wcs = {file!r}: no such file")

    def association_metadata(self, wildcards: ProductWildcards) -> dict[str, str]:
        """Return the metadata which a product's exposures get from their association."""
        product = self.product(wildcards)
        metadata = {
            "meta.asn.exptype": "science",
            "meta.asn.table_name": Path(product.association).name,
        }
        return metadata | ({"meta.asn.pool_name": product.pool} if product.pool else {})

    def intermediate(self, path: str, temp: Callable[[str], str]) -> str:
        """Mark an intermediate file with ``temp``, unless intermediates are kept."""
        return path if self.config["keep_intermediates"] else temp(path)

    def code(self, script: str) -> str:
        """Return a digest of a script and of the modules it imports from the package.

        As a param it makes Snakemake repeat a job when the code that it runs has changed:
        Snakemake itself watches the script alone, and by time, so that a fresh clone would repeat
        everything.
        """
        digest = hashlib.sha256()
        package = self._scripts / _PACKAGE / "__init__.py"
        sources = _sources(self._scripts / f"{script}.py", self._scripts)
        for path in sorted({package, *sources}):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


def _exactly(names: Iterable[str]) -> str:
    return "|".join(map(re.escape, names)) or _NOTHING


@cache
def _sources(path: Path, scripts: Path) -> frozenset[Path]:
    """Find the files of the package that a file imports, directly or not, and the file itself."""
    found = {path}
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _PACKAGE:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in (node.module, *names):
                module = scripts / f"{name.replace('.', '/')}.py"
                if module.is_file():
                    found |= _sources(module, scripts)
    return frozenset(found)

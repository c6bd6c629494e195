"""All that the Snakefile asks: products, exposures, arguments, versions of the code.

Imports nothing heavy: every process that Snakemake starts for a job of its own parses the Snakefile
again.
"""

import ast
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from specresample.common.errors import ResampleError
from specresample.common.files import write_json
from specresample.common.names import exposure_name, header_text, source_pattern
from specresample.common.versions import software_versions
from specresample.plan.association import MARKS, Product, exposure_keys, read_products
from specresample.plan.configuration import complete_config, load_schema, product_arguments
from specresample.plan.locks import one_at_a_time
from specresample.plan.resources import estimated_slits, request, useful_workers
from specresample.reporting.ledger import ledger_entry, summary
from specresample.reporting.overview import write_overview

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
        Path or URI of each exposure by its key.
    product_pattern, small_pattern, large_pattern, plain_pattern : str
        Regular expressions of the folders of all products; of those that one job makes; of those
        that several make and, of these, of those without template.
    exposure_pattern, delivered_pattern : str
        Of the keys of exposures; and of the paths of product files, without ``_s2d.fits``, that are
        made elsewhere and delivered.

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
        # Asked for at every look at the DAG; the sizes of the files are looked at only here.
        self._small = {
            folder
            for folder, product in self.products.items()
            if sum(map(estimated_slits, product.exposures)) <= self.config["small_product"]
        }
        small = [folder for folder in self.products if self.is_small(folder)]
        large = [folder for folder in self.products if not self.is_small(folder)]
        plain = [folder for folder in large if not self.products[folder].is_template]
        delivered = [source_pattern(p.name) for p in self.products.values() if p.is_template]
        delivered += [f"{re.escape(folder)}(/[^/]+_outlier)?" for folder in small]
        self.product_pattern = _exactly(self.products)
        self.small_pattern = _exactly(small)
        self.large_pattern = _exactly(large)
        self.plain_pattern = _exactly(plain)
        self.exposure_pattern = _exactly(self.exposures)
        self.delivered_pattern = "|".join(delivered) or _NOTHING
        self._check_overrides()
        self._check_grids()

    def product(self, wildcards: ProductWildcards) -> Product:
        """Return the product of a job."""
        return self.products[wildcards.product]

    def is_small(self, folder: str) -> bool:
        """Return whether one job makes a product, by its folder."""
        return folder in self._small

    def members(self, wildcards: ProductWildcards) -> list[str]:
        """Return the keys of the exposures of a product, in association order."""
        return [self._keys[path] for path in self.product(wildcards).exposures]

    def member_files(self, wildcards: ProductWildcards) -> dict[str, str]:
        """Return the file name of every exposure of a product by key, in association order."""
        return {self._keys[path]: Path(path).name for path in self.product(wildcards).exposures}

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

    def workers(self, wildcards: ProductWildcards) -> int:
        """Return how many processes share the work of a product's job."""
        return useful_workers(self.product(wildcards).exposures)

    def resources(self, rule: str) -> dict[str, Callable]:
        """Return functions for the resources of a rule, by the sizes of its exposures."""

        def resource(name: str) -> Callable:
            return lambda wildcards, attempt: request(rule, self._exposures(wildcards), attempt)[
                name
            ]

        return {name: resource(name) for name in ("mem_mb", "disk_mb", "runtime")}

    def _exposures(self, wildcards: ProductWildcards) -> Sequence[str]:
        """Return the paths of the exposures that a job works on."""
        if hasattr(wildcards, "exposure"):
            return [self.exposures[wildcards.exposure]]
        if hasattr(wildcards, "member"):
            return [self.exposures[self.member(wildcards)]]
        return self.product(wildcards).exposures

    def member(self, wildcards: ProductWildcards) -> str:
        """Return the key of the exposure of a product that a job names."""
        names = {exposure_name(path): path for path in self.product(wildcards).exposures}
        return self._keys[names[wildcards.member]]

    def output_wcs(self, wildcards: ProductWildcards) -> list[str]:
        """Return the grid that is handed in for a product, if so."""
        file = self.arguments(wildcards)["output_wcs"]
        return [file] if file else []

    def product_of_file(self, file: str) -> str:
        """Return the folder of the product to which a delivered file belongs."""
        if file.split("/")[0] in self.products:
            return file.split("/")[0]
        return next(
            product.folder
            for product in self.products.values()
            if product.is_template and re.fullmatch(source_pattern(product.name), file)
        )

    def close_ledger(self, out: Path) -> str:
        """Write ledger and overview of what became of all products, and return a summary.

        Parameters
        ----------
        out : Path
            Folder of all products; a module's has a prefix.
        """
        # Of the parts of a campaign that end at the same time, the last one sees all of them.
        with one_at_a_time(out / ".work" / "ledger.lock"):
            entries = [
                ledger_entry(
                    folder,
                    product.association,
                    {self._keys[path]: path for path in product.exposures},
                    self.product_arguments(folder),
                    out,
                )
                for folder, product in self.products.items()
            ]
            write_json(out / "ledger.json", {"products": entries}, indent=1)
            write_overview(out / "overview.html", entries)
        return summary(entries, out)

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
            if file and MARKS.search(file):
                raise ResampleError(f"config: output_wcs = {file!r}: {{}} or <> are in it")
            if file and not os.path.isfile(file):
                raise ResampleError(f"config: output_wcs = {file!r}: no such file")

    def association_metadata(self, wildcards: ProductWildcards) -> dict[str, str]:
        """Return the metadata which a product's exposures get from their association."""
        product = self.product(wildcards)
        metadata = {
            "meta.asn.exptype": "science",
            "meta.asn.table_name": header_text(Path(product.association).name),
        }
        return metadata | (
            {"meta.asn.pool_name": header_text(product.pool)} if product.pool else {}
        )

    def intermediate(self, path: str, temp: Callable[[str], str]) -> str:
        """Mark an intermediate file with ``temp``, unless intermediates are kept."""
        return path if self.config["keep_intermediates"] else temp(path)

    def code(self, script: str) -> str:
        """Return a digest of a script, the modules it imports and the versions of packages.

        As a param it makes Snakemake repeat a job when the code that it runs has changed:
        Snakemake itself watches the script alone, and by time, so that a fresh clone would repeat
        everything.
        """
        digest = hashlib.sha256(repr(sorted(software_versions().items())).encode())
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

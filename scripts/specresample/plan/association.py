"""Read JWST association files: which exposures make which product. No FITS file is opened."""

import glob
import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from specresample.common.errors import ResampleError
from specresample.common.names import (
    MAX_NAME,
    TEMPLATE,
    TEMPLATES,
    exposure_name,
    name_digest,
    strip_template,
)

# Where a member may lie that is no file here. A query is refused because Snakemake names its copy
# of the file without it. A password is refused because it would go into records.
_URI = re.compile("(?:https?|s3)://[^/?#@]+/[^?#{}]*[^/?#{}]")

# Characters that mark a wildcard or a variable for Snakemake in any path, or markup in a report.
MARKS = re.compile("[{}<>]")


@dataclass(frozen=True)
class Product:
    """A product of an association.

    Attributes
    ----------
    name : str
        Product name as the association gives it; may hold a template such as ``{source_id}``.
    exposures : tuple of str
        Paths or URIs of the science members, in association order.
    association : str
        Path of the association file.
    pool : str or None
        Name of the association pool, when given.
    left_out : tuple of str
        Members of other kinds than science, as ``kind: name``.
    outside : tuple of str
        Science members whose name is absolute or leads out of the association's folder, as it names
        them.
    """

    name: str
    exposures: tuple[str, ...]
    association: str
    pool: str | None = None
    left_out: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Name of the product's folder: the name without template and its separator."""
        return strip_template(self.name)

    @property
    def is_template(self) -> bool:
        """Whether every source of the product becomes a file of its own."""
        return "{" in self.name


def read_products(patterns: Iterable[str]) -> list[Product]:
    """Read the products of all association files that match some paths or globs.

    Parameters
    ----------
    patterns : iterable of str
        Paths or globs, relative to the working directory.

    Returns
    -------
    list of Product
        In the order of the patterns; a file matched twice is read once.

    Raises
    ------
    ResampleError
        When a pattern matches no file; an association is not JSON, has no products, or one without
        science members; a name is not usable; a member does not exist; or two products share a
        name.
    """
    files: dict[str, None] = {}
    for pattern in patterns:
        # A plain path is taken literally, so that a name with brackets is not read as a glob.
        found = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern))
        if not found:
            raise ResampleError(f"association {pattern!r}: no such file")
        for file in found:
            if not file.isprintable() or MARKS.search(file):
                raise ResampleError(
                    f"association {file!r}: not a usable name: {{}} or <> are in it"
                )
        files.update(dict.fromkeys(map(os.path.normpath, found)))

    products: dict[str, Product] = {}
    for file in files:
        for product in _read_association(file):
            other = products.setdefault(product.folder, product)
            if other is not product:
                raise ResampleError(
                    f"association {file}: product {product.name} is made by {other.association} "
                    "too: make them in two runs, each with an output_dir of its own"
                )
    return list(products.values())


def unmovable(products: Iterable[Product]) -> str | None:
    """Say which associations cannot be moved together with their exposures.

    Parameters
    ----------
    products : iterable of Product

    Returns
    -------
    str or None
        A line; None where all members are named as they lie in the folder of their association.
    """
    members = {product.association: product.outside for product in products if product.outside}
    if not members:
        return None
    association, (member, *_) = next(iter(members.items()))
    more = f", nor {len(members) - 1} more" if len(members) > 1 else ""
    return (
        f"association {association}: member {member!r} is not named as it lies in its folder: this "
        f"association cannot be moved{more}"
    )


def _read_association(file: str) -> list[Product]:
    try:
        table = _read_table(file)
        products = table.get("products") if isinstance(table, dict) else None
        if not isinstance(products, list) or not products:
            raise ResampleError("it has no products")
        return [_read_product(entry, file, table.get("asn_pool")) for entry in products]
    except ResampleError as error:
        raise ResampleError(f"association {file}: {error}") from error


def _read_table(file: str) -> object:
    try:
        with open(file, "rb") as stream:
            if stream.peek().startswith(b"SIMPLE  ="):
                raise ResampleError("this is a FITS file; name the association it is in")
            return json.loads(stream.read().decode("utf-8"))
    except OSError as error:
        raise ResampleError(error.strerror or error) from error
    except (ValueError, RecursionError) as error:
        raise ResampleError(f"not JSON ({error})") from error


def _read_product(entry: object, file: str, pool: object) -> Product:
    if not isinstance(entry, dict):
        raise ResampleError("a product is not a JSON object")
    name, members = entry.get("name"), entry.get("members")
    _check_name(name)
    exposures: dict[str, str] = {}
    left_out, outside = [], []
    for member in members if isinstance(members, list) else []:
        if not isinstance(member, dict) or not isinstance(member.get("expname"), str):
            raise ResampleError(f"product {name}: a member has no expname")
        expname, kind = member["expname"], str(member.get("exptype", "")).lower()
        if flaw := _flaw(expname, kind):
            raise ResampleError(f"product {name}: member {expname!r} is not usable: {flaw}")
        if kind != "science":
            known = re.fullmatch("[a-z_]+", kind)
            left_out.append(f"{kind if known else 'unknown'}: {expname}")
            continue
        if expname.startswith("/") or ".." in expname.split("/"):
            outside.append(expname)
        path = expname if is_uri(expname) else str(Path(file).parent / expname)
        if not is_uri(path) and not os.path.isfile(path):  # pathlib raises when a name is too long
            raise ResampleError(f"product {name}: member {path} does not exist")
        exposure = exposure_name(path)
        if exposure in exposures:
            raise ResampleError(
                f"product {name}: {exposures[exposure]} and {path} have the name of one exposure, "
                f"{exposure}: keep one of them"
            )
        exposures[exposure] = path
    if not exposures:
        raise ResampleError(f"product {name} has no science members")
    return Product(
        name=name,
        exposures=tuple(exposures.values()),
        association=file,
        pool=pool if isinstance(pool, str) else None,
        left_out=tuple(left_out),
        outside=tuple(outside),
    )


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise ResampleError("a product has no name")
    bare = re.sub(TEMPLATE, "0", name)
    if len(name) > MAX_NAME or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", bare):
        raise ResampleError(
            f"product name {name[:MAX_NAME]!r} is not usable as a file name: letters, digits and "
            f"_ . + - only, at most {MAX_NAME}, and of templates "
            + " or ".join(f"{{{template}}}" for template in TEMPLATES)
        )
    if not re.search(r"[A-Za-z0-9]", strip_template(name)):
        raise ResampleError(f"product name {name!r} is nothing but a template")


def _flaw(expname: str, kind: str) -> str | None:
    """Say what is wrong with the name of a member; science members are read by it."""
    if MARKS.search(expname):
        return "{} or <> are in it"
    if kind == "science" and not expname.isprintable():
        return "it has signs that are not printable"
    if kind == "science" and is_uri(expname) and not _URI.fullmatch(expname):
        return "https://, http:// or s3://, without user, query and braces"
    return None


def is_uri(path: str) -> bool:
    """Return whether a member of an association lies elsewhere."""
    return "://" in path


def exposure_keys(products: Iterable[Product]) -> dict[str, str]:
    """Give every exposure of a campaign a short unique key for the names of its intermediates.

    Parameters
    ----------
    products : iterable of Product

    Returns
    -------
    dict of str to str
        Exposure path by key. The key is the exposure's name; where several files share it, a
        digest of the path follows.
    """
    stems = {path: exposure_name(path) for product in products for path in product.exposures}
    count = Counter(stems.values())
    return {
        stem if count[stem] == 1 else f"{stem}-{name_digest(path)}": path
        for path, stem in stems.items()
    }

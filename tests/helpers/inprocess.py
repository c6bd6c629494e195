"""A product made in this process, step by step, and exposures to break."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from astropy.io import fits
from specresample.common.arrays import open_arrays
from specresample.common.names import single_file, strip_template
from specresample.common.product_request import ProductRequest
from specresample.drizzling.found_outliers import with_outlier_status
from specresample.footprint.prepared import PreparedExposure
from specresample.grids.product_grids import ProductGrids
from specresample.jobs.workers import Workers
from specresample.level2b.exposure import Exposure, Slit
from specresample.plan.configuration import argument_schemas
from specresample.s2d.product_files import ProductParts, make_file
from specresample.s2d.write import write_product
from specresample.steps.drizzle import drizzle
from specresample.steps.flag_outliers import flag_outliers
from specresample.steps.lay_out import lay_out
from specresample.steps.prepare import prepare
from specsim import (
    LrsGeometry,
    LrsSetup,
    SlitGeometry,
    Slitlet,
    Source,
    fixed_slit,
    write_lrs,
    write_nirspec,
)

ARGUMENTS = {key: entry["default"] for key, entry in argument_schemas().items()}


def request(
    exposures: Sequence[Path], name: str = "product", association: str = "asn.json", **arguments
) -> ProductRequest:
    """What is asked for of a product of some exposures."""
    keys = {f"{number:02d}-{path.stem}": str(path) for number, path in enumerate(exposures)}
    folder, values = strip_template(name), ARGUMENTS | arguments
    return ProductRequest(folder, name, keys, association, None, (), values)


@contextmanager
def drizzled(
    exposures: Sequence[Path],
    *,
    name: str = "product",
    keep: Path | None = None,
    **options: object,
) -> Iterator[ProductParts]:
    """Prepare and drizzle some exposures; gives what their product is made from.

    Prepared exposures stay in the folder ``keep``, and are used when they are there.
    """
    asked = request(exposures, name, **options)
    with TemporaryDirectory() as scratch:
        parts = Path(scratch)
        grid, contents = parts / "grid.json", parts / "contents.json"
        files = {key: asked.file(key) for key in asked.exposures}
        arrays, summaries, singles = (
            {key: place / f"{key}-{kind}" for key in files}
            for place, kind in ((keep or parts, "npz"), (keep or parts, "json"), (parts, "single"))
        )
        for key, path in asked.exposures.items():
            if summaries[key].exists():
                continue
            prepare(Path(path), arrays[key], summaries[key], in_memory=True)
        lay_out(name, files, asked.arguments, summaries, grid, contents)
        outliers = dict.fromkeys(files)
        if asked.arguments["outlier_detection"]:
            flag_outliers(arrays, summaries, asked.arguments, parts / "outliers", Workers())
            outliers = {key: parts / "outliers" / f"{key}.npz" for key in files}
        for key in files:
            drizzle(
                key,
                arrays[key],
                summaries[key],
                outliers[key],
                singles[key],
                grid=grid,
                arguments=asked.arguments,
            )
        prepared = {key: PreparedExposure.read(path) for key, path in summaries.items()}
        if asked.arguments["outlier_detection"]:
            prepared = with_outlier_status(prepared, ProductGrids.read(grid))
        with open_arrays(singles) as opened:
            yield ProductParts(asked, ProductGrids.read(grid), prepared, opened)


def make(exposures: Sequence[Path], folder: Path, **options: object) -> ProductGrids:
    """Make a product of some exposures; returns its grids, after which its files are there."""
    with drizzled(exposures, **options) as parts:
        for name in file_names(parts):
            write_product(folder / f"{name}_s2d.fits", make_file(parts, name)[0])
        return parts.grids


def file_names(parts: ProductParts) -> list[str]:
    """Files of a product, as the step that lays out its grids names them."""
    asked, grids = parts.request, parts.grids
    if asked.arguments["single"]:
        return [single_file(asked.name, asked.file(key)) for key in grids.used_exposures()]
    return [*dict.fromkeys(source.file for source in grids.sources)]


def read_slits(exposure: Exposure) -> list[Slit]:
    """Read all slits of an open exposure."""
    return [
        exposure.slit(number, exposure.slit_metadata(number)) for number in range(exposure.n_slits)
    ]


def arrays(path: Path) -> dict:
    """All images of a product by the names of their extensions, and number where there are more."""
    with fits.open(path, memmap=False) as hdus:
        return {
            hdu.name if hdu.ver == 1 else f"{hdu.name},{hdu.ver}": hdu.data
            for hdu in hdus
            if hdu.is_image and hdu.data is not None
        }


def slitlet(**options: object) -> Slitlet:
    """Make a small slit with a bright source."""
    geometry = SlitGeometry(name="S200A1", shape=(24, 40))
    source = Source(0, 0, continuum=2e-12)
    return Slitlet(geometry, source=source, residual=4e-15, **options)


def write_slit_exposures(folder: Path, **changes: object) -> list[Path]:
    """Write small exposures of a NIRSpec slit: by default two nods."""
    setup = fixed_slit(**{"slitlets": (slitlet(),), "nods": (-0.4, 0.4)} | changes)
    return [*write_nirspec(folder, setup).members]


def write_slits_exposures(folder: Path) -> list[Path]:
    """Write two small exposures of two NIRSpec slits each."""
    second = slitlet(source_id=2)
    second = replace(second, geometry=replace(second.geometry, name="S400A1", shape=(20, 30)))
    return write_slit_exposures(folder, slitlets=(slitlet(), second), single=False)


def write_lrs_exposures(folder: Path) -> list[Path]:
    """Write two small exposures of MIRI LRS."""
    box = ((4.5, 30.5), (5.7, 33.7))
    setup = LrsSetup(geometry=LrsGeometry(shape=(40, 36), bounding_box=box), nods=(-0.3, 0.3))
    return [*write_lrs(folder, setup).members]


def rewrite(path: Path, change: Callable[[fits.HDUList], object]) -> None:
    """Change the HDUs of a file."""
    with warnings.catch_warnings(), fits.open(path, memmap=False) as hdus:
        warnings.simplefilter("ignore")
        change(hdus)
        hdus.writeto(path, overwrite=True, output_verify="ignore")


def tree_text(path: Path) -> tuple[str, bytes]:
    """Read the ASDF extension of a file: its YAML, and the blocks that follow."""
    with fits.open(path) as hdus:
        content = bytes(hdus["ASDF"].data)
    start = content.index(b"\n...\n")
    return content[:start].decode(), content[start:]


def write_tree(path: Path, text: str, blocks: bytes = b"\n...\n") -> None:
    """Replace the ASDF extension of a file."""
    content = text.encode() + blocks

    def replace_extension(hdus: fits.HDUList) -> None:
        column = fits.Column("ASDF_METADATA", f"{len(content)}B", array=[[*content]])
        hdus["ASDF"] = fits.BinTableHDU.from_columns([column], name="ASDF")

    rewrite(path, replace_extension)


def edit_tree(path: Path, *changes: tuple[str, str]) -> None:
    """Replace parts of the YAML in the ASDF extension of a file."""
    text, blocks = tree_text(path)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    write_tree(path, text, blocks)


def set_keywords(path: Path, values: Mapping[str, object], hdu: str | int = 0) -> None:
    """Set keywords of a header; None removes one."""

    def change(hdus: fits.HDUList) -> None:
        for key, value in values.items():
            if value is None:
                hdus[hdu].header.remove(key, ignore_missing=True)
            else:
                hdus[hdu].header[key] = value

    rewrite(path, change)

"""Put an s2d product together and write it (spec: "Product")."""

import datetime
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path

import asdf
import gwcs
import numpy as np
from asdf.tags.core import HistoryEntry
from astropy.io import fits
from astropy.io.fits.column import NUMPY2FITS
from astropy.modeling import CompoundModel, Model
from stdatamodels import fits_support
from stdatamodels.jwst import datamodels

from specresample import blending
from specresample.files import written_aside
from specresample.fitswcs import add_wavelength_table, dispersion_line, fits_wcs, source_pixel
from specresample.grid import Grid, load_grid
from specresample.gridwcs import grid_wcs
from specresample.provenance import product_history
from specresample.regions import box_region, slit_region
from specresample.sources import source_slits
from specresample.times import total_times
from specresample.unvalidated import unvalidated

# Names of the arrays in the data models.
_ARRAYS = {
    "sci": "data",
    "err": "err",
    "dq": "dq",
    "wht": "wht",
    "con": "con",
    "var_poisson": "var_poisson",
    "var_rnoise": "var_rnoise",
    "var_flat": "var_flat",
}

# What the schemas have no keyword for.
_MORE_KEYWORDS = {
    "meta.resample.kernel": {
        "title": "Drizzle kernel",
        "type": "string",
        "fits_keyword": "KERNEL",
    },
    "meta.resample.fillval": {
        "title": "Value of pixels without weight",
        "type": "string",
        "fits_keyword": "FILLVAL",
    },
}

_SQUARE_ARCSEC = np.rad2deg(3600.0) ** 2  # in a steradian


@dataclass(frozen=True)
class S2d:
    """A product that is ready to be written.

    Attributes
    ----------
    tree : dict
        Arrays and metadata by the names of the data model.
    header_table : ndarray or None
        Metadata of all exposures (HDRTAB), when headers are blended.
    wavelengths : list of ndarray or None
        Wavelength along the dispersion of every slit, in um; None for a slit that is not
        rectified.
    history : list of str
        How the product was made.
    created : str
        Date of the product, ISO 8601; empty when unknown.
    facts : tuple of dict
        About every slit, from `specresample.facts.slit_facts`, for the product's record.
    """

    tree: dict
    header_table: np.ndarray | None
    wavelengths: list[np.ndarray | None]
    history: list[str]
    created: str
    facts: tuple[dict, ...] = ()


def slit_model(
    inputs: Sequence[Mapping[str, object]],
    grid: Grid,
    arrays: Mapping[str, np.ndarray],
    arguments: Mapping[str, object],
    scale_ratio: float,
    line: np.ndarray | None,
    source: Sequence[float] | None = None,
) -> dict:
    """Tree of a SlitModel for one source.

    Parameters
    ----------
    inputs : sequence of mapping
        Metadata of the source's slit in every exposure, by dotted path.
    grid : Grid
    arrays : mapping of str to ndarray
        From `specresample.combination.Combination.finish`, or of a single product.
    arguments : mapping
        The documented arguments.
    scale_ratio : float
        Input over output pixel scale, across the dispersion.
    line : ndarray or None
        Wavelengths along the dispersion, from `specresample.fitswcs.dispersion_line`.
    source : sequence of float, optional
        World coordinates (RA, Dec, wavelength) of the source, when its position in the input is
        given in pixels of the detector (MIRI LRS).

    Returns
    -------
    dict
        Tree of arrays and metadata by the names of the data model.
    """
    metadata = _product_metadata(inputs, "SlitModel", arguments, scale_ratio)
    area = metadata.get("meta.photometry.pixelarea_steradians")
    if area is not None:
        area = area / scale_ratio
        metadata["meta.photometry.pixelarea_steradians"] = area
        metadata["meta.photometry.pixelarea_arcsecsq"] = float(area * _SQUARE_ARCSEC)
    else:
        metadata.pop("meta.photometry.pixelarea_arcsecsq", None)
    metadata["meta.wcsinfo.s_region"] = _region(inputs[0], grid)
    if source is not None:
        x, y = grid.pixel_map(np.reshape(source, (3, 1, 1)))[0, 0]
        metadata |= {"source_xpos": float(x), "source_ypos": float(y)}

    axis = _dispersion_axis(metadata)
    pixel = source_pixel(grid, metadata, axis)
    wcs_keywords = fits_wcs(grid, axis, line, pixel)
    metadata |= {f"meta.wcsinfo.{name}": value for name, value in wcs_keywords.items()}

    tree = _tree(metadata)
    tree["meta"]["wcs"] = grid_wcs(grid)
    tree |= {_ARRAYS[name]: array for name, array in arrays.items()}
    tree["wavelength"] = np.array(grid.wavelength_image(), dtype=np.float32)
    return tree


def product_model(
    grids: Mapping[str, object],
    sources: Sequence[dict],
    exposures: Mapping[str, dict],
    arrays: Iterable[Mapping[str, np.ndarray]],
    arguments: Mapping[str, object],
    association: Mapping[str, object],
    *,
    several: bool,
) -> S2d:
    """Put the slits of a product together.

    Parameters
    ----------
    grids : mapping
        Grids of the product, as the rule ``output_grid`` makes them.
    sources : sequence of dict
        Those of their sources that this file holds.
    exposures : mapping of str to dict
        Prepared exposures of the product by key, in association order.
    arrays : iterable of mapping
        Arrays of every source; taken one after another.
    arguments : mapping
        The documented arguments.
    association : mapping
        Metadata by dotted path that every input gets from its association.
    several : bool
        Make a MultiSlitModel of all sources instead of a SlitModel of the only one.

    Returns
    -------
    S2d
    """
    used = {
        key: entry
        for key, entry in exposures.items()
        if any(key in source["slits"] for source in sources)
    }
    trees, wavelengths, slit_inputs = [], [], []
    for source, source_arrays in zip(sources, arrays, strict=True):
        slits = list(source_slits(source, used).values())
        slit_inputs = [slit["metadata"] | association for slit in slits]
        grid = load_grid(source["grid"])
        wavelengths.append(dispersion_line(grid, _dispersion_axis(slit_inputs[0])))
        trees.append(
            slit_model(
                slit_inputs,
                grid,
                source_arrays,
                arguments,
                source["scale_ratio"],
                wavelengths[-1],
                slits[0]["summary"]["source"],
            )
        )
    if several:
        inputs = [entry["metadata"] | association for entry in used.values()]
        ratio = sources[0]["scale_ratio"]
        metadata = _product_metadata(inputs, "MultiSlitModel", arguments, ratio)
        tree = _tree(metadata) | {"slits": trees}
    else:
        inputs, tree = slit_inputs, trees[0]
    model = tree["meta"]["model_type"]
    return S2d(
        tree=tree,
        header_table=blending.header_table(inputs, model) if arguments["blendheaders"] else None,
        wavelengths=wavelengths,
        history=product_history(arguments, used, grids["output_wcs"]),
        created=creation_date(inputs),
    )


def _product_metadata(
    inputs: Sequence[Mapping[str, object]],
    model: str,
    arguments: Mapping[str, object],
    scale_ratio: float,
) -> dict[str, object]:
    times = total_times(inputs)
    blend = blending.blend_metadata if arguments["blendheaders"] else blending.first_metadata
    # With a grid handed in, the reference states the argument and not the ratio that the grid has.
    stated_ratio = scale_ratio if arguments["pixel_scale"] else arguments["pixel_scale_ratio"]
    return blend(inputs, model) | {
        "meta.model_type": model,
        "meta.cal_step.resample": "COMPLETE",
        "meta.exposure.exposure_time": times.exposure,
        "meta.exposure.effective_exposure_time": times.exposure,
        "meta.exposure.duration": times.duration,
        "meta.exposure.elapsed_exposure_time": times.duration,
        "meta.exposure.measurement_time": times.measurement,
        "meta.exposure.start_time": times.start,
        "meta.exposure.end_time": times.end,
        "meta.background.level": None,
        "meta.background.subtracted": None,
        "meta.resample.pointings": times.pointings,
        "meta.resample.pixel_scale_ratio": stated_ratio,
        **{
            f"meta.resample.{name}": arguments[name]
            for name in ("pixfrac", "weight_type", "kernel", "fillval")
        },
    }


def _dispersion_axis(metadata: Mapping[str, object]) -> int:
    return int(metadata.get("meta.wcsinfo.dispersion_direction") or 1)


def _region(first: Mapping[str, object], grid: Grid) -> str | None:
    if not grid.celestial:
        return None
    if str(first.get("meta.exposure.type", "")).upper() == "MIR_LRS-FIXEDSLIT":
        return slit_region(grid, str(first.get("meta.wcsinfo.s_region", "")))
    return box_region(grid)


def write_product(path: str | Path, product: S2d) -> None:
    """Write a product, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Path of the FITS file.
    product : S2d
    """
    path, tree, table = Path(path), product.tree, product.header_table
    tree["meta"] |= {"filename": path.name} | ({"date": product.created} if product.created else {})
    hdus = fits.HDUList([fits.PrimaryHDU()])
    if table is not None:
        hdus.append(_table_hdu(table))
        # The tree links to what an HDU holds.
        tree = tree | {"hdrtab": hdus[-1].data}
    entries = [HistoryEntry({"description": line}) for line in product.history]
    wcs = tree.get("slits", [tree])[0]["meta"]["wcs"]
    with unvalidated():
        tree = tree | {"history": {"extensions": _asdf_extensions(wcs), "entries": entries}}
        hdus = fits_support.to_fits(tree, _schema(tree["meta"]["model_type"]), hdus)
    with hdus, written_aside(path) as aside:
        if table is not None:
            table_hdu = hdus.pop(1)
            hdus.insert(hdus.index_of("ASDF"), table_hdu)
        add_wavelength_table(hdus, product.wavelengths)
        for hdu in hdus:
            # astropy's comment would hold the time of day.
            hdu.add_datasum(when="data unit checksum")
            hdu.add_checksum(when="HDU checksum")
        hdus.writeto(aside, output_verify="exception")


# Those that WCSs need, by the kinds of their transforms and frames: it takes as long to find out as
# to write a product.
_extensions: dict[tuple[type, ...], list[dict]] = {}


def _asdf_extensions(wcs: gwcs.WCS) -> list[dict]:
    """List the ASDF extensions that a product with a WCS needs, sorted.

    Left alone, asdf lists them in the order of their addresses in memory, and no two runs would
    write the same bytes. Entries that are there beforehand keep their place.
    """
    transforms = [step.transform for step in wcs.pipeline[:-1]]
    parts = [*chain.from_iterable(map(_simple_models, transforms))]
    kinds = tuple(map(type, [*parts, *(step.frame for step in wcs.pipeline)]))
    if kinds not in _extensions:
        buffer = io.BytesIO()
        asdf.AsdfFile({"wcs": wcs}).write_to(buffer)
        buffer.seek(0)
        with asdf.open(buffer) as file:
            entries = [dict(entry) for entry in file["history"]["extensions"]]
        _extensions[kinds] = sorted(entries, key=lambda entry: entry["extension_uri"])
    return [dict(entry) for entry in _extensions[kinds]]


def _simple_models(transform: Model) -> list[Model]:
    if isinstance(transform, CompoundModel):
        return [*_simple_models(transform.left), *_simple_models(transform.right)]
    return [transform]


def creation_date(inputs: Sequence[Mapping[str, object]]) -> str:
    """Date that goes into a product, the same whenever and wherever it is made.

    Parameters
    ----------
    inputs : sequence of mapping
        Metadata of every exposure, by dotted path.

    Returns
    -------
    str
        SOURCE_DATE_EPOCH when the environment sets it, else the newest input's date; ISO 8601.
        Empty when no input has one.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        date = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).replace(tzinfo=None)
        return date.isoformat(timespec="milliseconds")
    return max(str(metadata.get("meta.date", "")) for metadata in inputs)


def _table_hdu(table: np.ndarray) -> fits.BinTableHDU:
    """Give the HDU of a header table; it holds it until it is asked for another one."""
    formats = tuple((name, _fits_format(table.dtype[name])) for name in table.dtype.names)
    hdu = _empty_table_hdu(len(table), formats)
    for name, format in formats:
        column = table[name]
        hdu.data[name][:] = np.where(column, b"T", b"F") if format == "L" else column
    # Those of the table before, which must not count for the hash of the headers.
    for keyword in ("CHECKSUM", "DATASUM"):
        hdu.header.remove(keyword, ignore_missing=True)
    return hdu


# The sources of a product have tables of the same columns, mostly, and to make such an HDU takes as
# long as all others of a source.
@lru_cache(maxsize=8)
def _empty_table_hdu(rows: int, formats: tuple[tuple[str, str], ...]) -> fits.BinTableHDU:
    columns = [fits.Column(name, format) for name, format in formats]
    # As bytes, or astropy would keep a second copy of texts and write that one.
    return fits.BinTableHDU.from_columns(
        columns,
        nrows=rows,
        name="HDRTAB",
        ver=1,
        character_as_bytes=True,
        logical_as_bytes=True,
    )


def _fits_format(dtype: np.dtype) -> str:
    return f"{dtype.itemsize // 4}A" if dtype.kind == "U" else NUMPY2FITS[dtype.str[1:]]


@cache
def _schema(model_type: str) -> dict:
    """Give the schema of a product, with the keywords that it has not."""
    model = getattr(datamodels, model_type)()
    for name, entry in _MORE_KEYWORDS.items():
        model.add_schema_entry(name, entry)
    return model.schema


def _tree(flat: Mapping[str, object]) -> dict:
    """Turn values by dotted path into a tree; None is left out."""
    tree: dict = {}
    for path, value in flat.items():
        if value is None:
            continue
        *parents, leaf = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return tree

"""Blend the metadata of several exposures (docs/specification.md, "Product").

The schemas of stdatamodels say which keyword belongs to which metadata path, how it is blended, and
what goes to the header table. The functions take ``inputs``, metadata by dotted path of every
exposure in association order, and ``model``, the name of the product's data model.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from specresample.common.schemas import model_keywords

# Metadata of single exposures that do not hold for a combination. As in jwst, everything that
# begins with meta.wcs is left alone, and so wcsinfo too.
_NOT_BLENDED = (
    "meta.wcs",
    "meta.photometry.pixelarea_steradians",
    "meta.photometry.pixelarea_arcsecsq",
    "meta.filename",
)

_OUTSIDE = "outside calibration tolerance"

_RULES: dict[str, Callable] = {
    "multi": lambda values: values[0] if len(set(values)) == 1 else "MULTIPLE",
    "mean": lambda values: float(np.mean(values)),
    "sum": sum,
    "max": max,
    "min": min,
    "wheeltol": lambda values: _OUTSIDE if _OUTSIDE in values else "within commanded tolerance",
    # Dates and times are in ISO 8601, so that their alphabetical order is that in time.
    **dict.fromkeys(("mintime", "mindate", "mindatetime"), min),
    **dict.fromkeys(("maxtime", "maxdate", "maxdatetime"), max),
}


def first_metadata(inputs: Sequence[Mapping[str, object]], model: str) -> dict[str, object]:
    """Give what the schema knows of the first exposure's metadata: a product's without blending."""
    known = model_keywords(model)
    return {path: value for path, value in inputs[0].items() if path in known}


def blend_metadata(inputs: Sequence[Mapping[str, object]], model: str) -> dict[str, object]:
    """Give the first exposure's metadata, changed where a rule of the schema asks for it."""
    blended = first_metadata(inputs, model)
    for path, attributes in model_keywords(model).items():
        rule = attributes.get("blend_rule", "first")
        if rule == "first" or path.startswith(_NOT_BLENDED):
            continue
        values = [metadata[path] for metadata in inputs if path in metadata]
        if values:
            blended[path] = _RULES[rule](values)
    return blended


def header_table(inputs: Sequence[Mapping[str, object]], model: str) -> np.ndarray:
    """Table of the metadata of all exposures, a row per exposure (HDRTAB).

    Returns
    -------
    ndarray
        Structured array with the schema's columns, without those that no exposure fills. A
        missing value is NaN (``nan`` in a column of strings).
    """
    columns = {
        attributes["fits_keyword"]: np.array([metadata.get(path, np.nan) for metadata in inputs])
        for path, attributes in model_keywords(model).items()
        if attributes.get("blend_table") and any(path in metadata for metadata in inputs)
    }
    table = np.empty(len(inputs), dtype=[(name, c.dtype) for name, c in columns.items()])
    for name, column in columns.items():
        table[name] = column
    return table

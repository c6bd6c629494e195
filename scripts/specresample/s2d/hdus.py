"""The HDUs of a product: its headers and images, where the schemas of its data model put them.

They are those that stdatamodels makes of the same tree. Its writer looks up the HDU of every
keyword in the list of all HDUs, so that its time grows with the square of the number of slits.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache

import numpy as np
from astropy.io import fits

from specresample.common.schemas import Property, model_schema

# What the schemas have no keyword for.
MORE_KEYWORDS = {
    name: {"title": title, "type": kind, "fits_keyword": keyword}
    for name, keyword, kind, title in (
        ("kernel", "KERNEL", "string", "Drizzle kernel"),
        ("fillval", "FILLVAL", "string", "Value of pixels without weight"),
        ("errors", "ERRTYPE", "string", "What the errors are"),
        ("preset", "PRESET", "string", "Preset of the arguments"),
        ("wavelength_grid", "WAVEGRID", "string", "Spacing or table of the wavelengths"),
        ("wavelength_range", "WAVERANG", "string", "[um] First and last pixel, as asked for"),
        ("wavelength_step", "WAVESTEP", "number", "[um] Step that was asked for"),
        ("resolving_power", "WAVEPOWR", "number", "Wavelength over step that was asked for"),
        ("spectral_oversampling", "WAVEOVER", "integer", "Pixels for each of an exposure"),
        ("fill_gap", "WAVEFILL", "boolean", "Columns between detectors"),
    )
}


def model_hdus(tree: Mapping[str, object]) -> list[fits.PrimaryHDU]:
    """Make the HDUs of a product.

    Parameters
    ----------
    tree : mapping
        Arrays and metadata by the names of its data model, ``meta.model_type``.

    Returns
    -------
    list of HDU
        The primary one first, in the order in which the schema names them.
    """
    hdus = {_PRIMARY: fits.PrimaryHDU()}
    _Maker(hdus).add_group(_schema(tree["meta"]["model_type"]), tree)
    return [*hdus.values()]


@cache
def _schema(model_type: str) -> Property:
    """Give the schema of a product, with the keywords that it lacks."""
    schema = deepcopy(model_schema(model_type))
    schema.properties["meta"].properties["resample"].add({"properties": MORE_KEYWORDS})
    return schema


_PRIMARY = ("PRIMARY", 1)


class _Maker:
    """Makes HDUs of a group of properties, beside those that are there by name and version."""

    def __init__(
        self, hdus: dict[tuple[str, int], fits.PrimaryHDU], version: int | None = None
    ) -> None:
        self._hdus = hdus
        self._version = version
        # Titles of groups that have no keyword written yet.
        self._titles: list[str] = []

    def add_group(self, schema: Property, values: Mapping[str, object]) -> None:
        title = schema.attributes.get("title")
        if title is not None:
            self._titles.append(title)
        for name, child in schema.properties.items():
            if name in values:
                self._add(child, values[name])
        if title is not None and self._titles:
            self._titles.pop()

    def _add(self, schema: Property, value: object) -> None:
        if "fits_keyword" in schema.attributes:
            self._add_keyword(schema.attributes, value)
        elif isinstance(value, np.ndarray):
            hdu = self._hdu(schema.attributes["fits_hdu"])
            hdu.data = value
            hdu.ver = self._version or 1
        elif isinstance(value, Mapping):
            self.add_group(schema, value)
        elif isinstance(value, list) and schema.items is not None:
            for number, item in enumerate(value, start=1):
                _Maker(self._hdus, number).add_group(schema.items, item)

    def _add_keyword(self, attributes: Mapping[str, object], value: object) -> None:
        header = self._hdu(attributes.get("fits_hdu", _PRIMARY[0])).header
        for title in self._titles:
            for text in ("", title, ""):
                header.append((" ", text), end=True)
        self._titles.clear()
        keyword = attributes["fits_keyword"]
        comment = (attributes.get("title") or attributes.get("description") or "").split("\n")[0]
        if keyword in header:
            header[keyword] = (value, comment)
        else:
            header.append((keyword, value, comment), end=True)

    def _hdu(self, name: str) -> fits.PrimaryHDU:
        key = _PRIMARY if name == _PRIMARY[0] else (name, self._version or 1)
        if key not in self._hdus:
            self._hdus[key] = fits.ImageHDU(name=name)
            if self._version is not None:
                self._hdus[key].ver = self._version
        return self._hdus[key]

"""The HDUs of a product: its headers and images, where the schemas of its data model put them.

They are those that stdatamodels makes of the same tree. Its writer looks up the HDU of every
keyword in the list of all HDUs, so that its time grows with the square of the number of slits.
"""

from collections.abc import Mapping

import numpy as np
from astropy.io import fits

from specresample.common.schemas import Property


def model_hdus(schema: Property, tree: Mapping[str, object]) -> list[fits.PrimaryHDU]:
    """Make the HDUs of a data model.

    Parameters
    ----------
    schema : Property
        Of the data model, from `specresample.common.schemas.model_schema`.
    tree : mapping
        Arrays and metadata by the names of the data model.

    Returns
    -------
    list of HDU
        The primary one first, in the order in which the schema names them.
    """
    hdus = {_PRIMARY: fits.PrimaryHDU()}
    _Maker(hdus).add_group(schema, tree)
    return [*hdus.values()]


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

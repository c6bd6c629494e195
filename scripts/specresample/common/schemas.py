"""What the schemas of the JWST data models say of their metadata.

The schemas are YAML files of stdatamodels. They are read as files, because its data models take two
seconds to be imported and to read the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import yaml

# The schemas of the data models that slit spectra come in; other models have that of ImageModel.
_SCHEMAS = {"SlitModel": "slit.schema", "MultiSlitModel": "multislit.schema"}


@dataclass
class Property:
    """One property of a data model: a value, an array, or a group of others.

    Attributes
    ----------
    attributes : dict
        What the schema says of it: ``title``, ``type``, ``fits_keyword``, ``fits_hdu``,
        ``blend_rule``, ``blend_table`` and others.
    properties : dict of str to Property
        Those of a group, in the order in which they are written.
    items : Property or None
        What a list consists of.
    """

    attributes: dict[str, object] = field(default_factory=dict)
    properties: dict[str, "Property"] = field(default_factory=dict)
    items: "Property | None" = None

    def add(self, schema: dict) -> None:
        """Add what a schema says; what was said before gives way.

        Parameters
        ----------
        schema : dict
            Part of a JSON schema.
        """
        if "$ref" in schema:
            self.add(_read(schema["$ref"]))
            return
        nested = ("properties", "items", "allOf")
        self.attributes |= {name: value for name, value in schema.items() if name not in nested}
        for part in schema.get("allOf", ()):
            self.add(part)
        for name, part in schema.get("properties", {}).items():
            self.properties.setdefault(name, Property()).add(part)
        if schema.get("type") == "array":
            self.items = self.items or Property()
            self.items.add(schema["items"])

    def walk(self, path: str = "") -> Iterator[tuple[str, "Property"]]:
        """Go through the properties of a group and of its groups; lists are not entered.

        Parameters
        ----------
        path : str
            Dotted path of the group.

        Yields
        ------
        tuple of str and Property
            Dotted path and property.
        """
        for name, child in self.properties.items():
            child_path = f"{path}.{name}" if path else name
            yield child_path, child
            yield from child.walk(child_path)


@cache
def model_schema(model: str) -> Property:
    """Read the schema of a data model, as one tree.

    Parameters
    ----------
    model : str
        Name of the data model.

    Returns
    -------
    Property
    """
    schema = Property()
    schema.add(_read(_SCHEMAS.get(model, "image.schema")))
    return schema


@cache
def model_keywords(model: str) -> dict[str, dict[str, object]]:
    """Collect what the schema of a data model says of its metadata that have a FITS keyword.

    Parameters
    ----------
    model : str
        Name of the data model.

    Returns
    -------
    dict of str to dict
        `Property.attributes` by dotted path. Only metadata in it are blended.
    """
    properties = model_schema(model).walk()
    return {path: p.attributes for path, p in properties if "fits_keyword" in p.attributes}


def _read(name: str) -> dict:
    # The package is found, and not imported.
    [package] = find_spec("stdatamodels").submodule_search_locations
    text = Path(package, "jwst/datamodels/schemas", f"{name}.yaml").read_bytes()
    return yaml.load(text, Loader=yaml.CSafeLoader)

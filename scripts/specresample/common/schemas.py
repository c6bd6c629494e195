"""What the schemas of the JWST data models say of their metadata."""

from dataclasses import dataclass
from functools import cache

from stdatamodels import schema as schemas
from stdatamodels.jwst import datamodels


@dataclass(frozen=True)
class ModelKeywords:
    """What a data model's schema says of its metadata.

    Attributes
    ----------
    types : dict of str to str
        ``number``, ``integer``, ``string`` or ``boolean``, by the dotted path of what has a FITS
        keyword.
    rules : dict of str to str
        Blend rule by path.
    columns : dict of str to str
        Column of the header table by path.
    """

    types: dict[str, str]
    rules: dict[str, str]
    columns: dict[str, str]


@cache
def model_keywords(model: str) -> ModelKeywords:
    """Read the schema of a data model.

    Parameters
    ----------
    model : str
        Name of the data model, such as ``SlitModel``.

    Returns
    -------
    ModelKeywords
    """
    types: dict[str, str] = {}
    rules: dict[str, str] = {}
    columns: dict[str, str] = {}

    def visit(subschema: dict, path: list[str], *_: object) -> None:
        if "items" in path:
            return
        dotted = ".".join(part for part in path if part not in ("anyOf", "oneOf"))
        if "fits_keyword" in subschema:
            types[dotted] = subschema.get("type", "")
        if len(path) < 2 or path[0] != "meta" or subschema.get("properties"):
            return
        if subschema.get("type") == "array":
            return
        if "blend_rule" in subschema:
            rules[dotted] = subschema["blend_rule"]
        if subschema.get("blend_table"):
            columns[dotted] = subschema.get("fits_keyword", dotted)

    schemas.walk_schema(getattr(datamodels, model)().schema, visit)
    return ModelKeywords(types, rules, columns)

"""The configuration: defaults, forms a value may take, validation, overrides of single products.

``config/config.schema.yaml`` is the one source of names, types, defaults and ranges.
"""

import math
import os
import reprlib
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError

from specresample.common.errors import ResampleError

# Shows values in messages, but not a whole list.
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 300

# What is allowed, by the word of the schema that says so.
_ALLOWED = {
    "enum": "allowed are {}",
    "minimum": "it must be at least {}",
    "maximum": "it must be at most {}",
    "exclusiveMinimum": "it must be greater than {}",
    "minLength": "it must not be empty",
    "minItems": "it must have {} entries",
    "maxItems": "it must have {} entries",
    "pattern": "{}",
    "type": "it must be of type {}",
}

# What people who write YAML call the types of JSON.
_IN_YAML = {"object": "mapping", "array": "list", "null": "none"}


@cache
def config_schema() -> dict:
    """Read the schema. It lies in the folder of the workflow, and not in the package.

    Returns
    -------
    dict
        JSON schema of the whole configuration. All arguments, the documented and those beyond, are
        at its top level.
    """
    file = Path(__file__).parents[3] / "config" / "config.schema.yaml"
    schema = yaml.load(file.read_bytes(), yaml.CSafeLoader)
    arguments = schema["$defs"]["arguments"]["properties"]
    arguments |= schema["$defs"]["beyond"]
    schema["properties"] |= arguments
    return schema


def argument_schemas() -> dict[str, dict]:
    """Give what the schema says of every argument of a product, by its name."""
    return config_schema()["$defs"]["arguments"]["properties"]


def complete_config(config: Mapping) -> dict:
    """Fill in defaults, bring every value into its standard form and validate the whole.

    Parameters
    ----------
    config : mapping
        Configuration as Snakemake merged it from files and the command line.

    Returns
    -------
    dict
        Complete configuration.

    Raises
    ------
    ResampleError
        With a line for each unknown key and bad value: key, value and what is allowed.
    """
    properties = config_schema()["properties"]
    complete = {key: entry["default"] for key, entry in properties.items()}
    complete |= _standard_forms(config)
    overrides = complete["overrides"]
    if isinstance(overrides, Mapping):
        complete["overrides"] = {
            product: _standard_forms(values) if isinstance(values, Mapping) else values
            for product, values in overrides.items()
        }
    errors = sorted(
        Draft202012Validator(config_schema()).iter_errors(complete), key=lambda e: e.json_path
    )
    if errors:
        raise ResampleError("\n".join(_explain(error) for error in errors))
    return complete


def _standard_forms(config: Mapping) -> dict:
    """Bring the forms that a command line produces into those of a config file."""
    known = config_schema()["properties"]
    out = {key: _standard_form(value, known.get(key, {})) for key, value in config.items()}
    if isinstance(out.get("output_dir"), str):
        out["output_dir"] = os.path.normpath(out["output_dir"]) if out["output_dir"] else ""
    if "fillval" in out:
        out["fillval"] = _fill_value(config["fillval"])
    return out


def _standard_form(value: object, entry: Mapping) -> object:
    """Bring one value into the form that its schema asks for, where that is plain."""
    kinds = entry.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if "null" in kinds and value in ("", "None", "none", "null"):
        return None
    if "none" in entry.get("enum", ()) and value in (None, "None"):
        return "none"
    if "boolean" in kinds and str(value).lower() in ("true", "false"):
        # Snakemake knows True and False, YAML true and false.
        return str(value).lower() == "true"
    if kinds & {"number", "integer"} and isinstance(value, str | float):
        # JSON schema has no word for nan and inf; as text they are refused.
        return _number(str(value))
    if "array" in kinds:
        return _list(value, entry["items"]["type"])
    if kinds == {"string"} and value in (None, "None"):
        return ""
    return value


def _list(value: object, kind: str) -> object:
    """Split a list as it stands on a command line; a single value is a list of one."""
    if isinstance(value, str):
        parts = value.split(",") if kind == "string" else value.strip("()[] ").split(",")
        return parts if kind == "string" else [_number(part) for part in parts]
    return [value] if isinstance(value, int | float) and kind != "string" else value


def _number(text: str) -> float | int | str:
    for kind in (int, float):
        with suppress(ValueError, OverflowError):
            number = kind(text)
            return number if math.isfinite(number) else text
    return text


def _fill_value(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and repr(value) != "nan":
        return repr(value)
    if not isinstance(value, str | float | None):
        return value
    text = str(value).strip().upper()
    return "INDEF" if text in ("", "NONE") else text


def _explain(error: ValidationError) -> str:
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        where = f"{error.json_path[2:]}: " if error.absolute_path else ""
        unknown = ", ".join(str(key) for key in error.instance if key not in known)
        return f"config: {where}unknown key {unknown}; known are {', '.join(sorted(known))}"
    key, allowed = error.json_path.removeprefix("$."), error.validator_value
    if error.validator == "enum":
        allowed = ", ".join(map(str, allowed))
    elif error.validator == "pattern":
        allowed = error.schema["allowed"]
    elif error.validator == "type":
        kinds = [allowed] if isinstance(allowed, str) else allowed
        allowed = " or ".join(_IN_YAML.get(kind, kind) for kind in kinds)
    said = _ALLOWED.get(error.validator, error.message).replace("{}", str(allowed))
    return f"config: {key} = {_SHORT.repr(error.instance)}: {said}"

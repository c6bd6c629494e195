"""Records: what passes between the steps as JSON, with a type."""

import types
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Self, get_args, get_origin, get_type_hints

from specresample.common.files import read_json, write_json


class JsonRecord:
    """Base of dataclasses that are written to JSON files and read back.

    Their fields hold plain values, other records, and tuples and dictionaries of these.
    """

    def to_json(self) -> dict:
        """Return the values by field. Values that are records stay records."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """Make a record of the values of `to_json`.

        Parameters
        ----------
        values : mapping
            Value by field. Fields with a default may be missing; what is no field is left out,
            since files may come from other versions.
        """
        hints = _hints(cls)
        return cls(**{n: _typed(hints[n], value) for n, value in values.items() if n in hints})

    def write(self, path: str | Path) -> None:
        """Write the record to a file, whole or not at all.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        ResampleError
            When the file cannot be written.
        """
        write_json(path, self)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a record that `write` has written.

        Parameters
        ----------
        path : str or Path
        """
        return cls.from_json(read_json(path))


@cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


def _typed(kind: object, value: object) -> object:
    """Give a plain value the type that a field asks for."""
    if value is None:
        return None
    origin, parts = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return _typed(next(part for part in parts if part is not type(None)), value)
    if origin is tuple and parts[-1] is ...:
        return tuple(_typed(parts[0], item) for item in value)
    if origin is dict:
        return {key: _typed(parts[1], item) for key, item in value.items()}
    if isinstance(kind, type) and hasattr(kind, "from_json"):
        return kind.from_json(value)
    return tuple(value) if origin is tuple or kind is tuple else value

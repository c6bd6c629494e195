"""Intermediate arrays: a file of arrays by name that is read one array at a time."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np


class ArrayWriter:
    """Writes arrays one by one into a file that `open_arrays` reads."""

    def __init__(self, path: str | Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> "ArrayWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    def add(self, prefix: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Add arrays under the names ``prefix/name``.

        Parameters
        ----------
        prefix : str
            For instance the number of a slit.
        arrays : mapping of str to ndarray
        """
        for name, array in arrays.items():
            with self._zip.open(f"{prefix}/{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


class ArrayFile:
    """Arrays of a file written by `ArrayWriter`, read on demand.

    Parameters
    ----------
    path : str or Path
    """

    def __init__(self, path: str | Path) -> None:
        self._file = np.load(path, allow_pickle=False)

    def __enter__(self) -> "ArrayFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def array(self, name: str) -> np.ndarray:
        """Return one array.

        Parameters
        ----------
        name : str
            With its prefix: ``prefix/name``.
        """
        return self._file[name]

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the arrays under a prefix, by name.

        Parameters
        ----------
        prefix : str

        Returns
        -------
        dict of str to ndarray
            Empty when there are none.
        """
        names = [name for name in self._file.files if name.startswith(f"{prefix}/")]
        return {name.removeprefix(f"{prefix}/"): self._file[name] for name in names}


@contextmanager
def open_arrays(paths: Mapping[str, str | Path]) -> Iterator[dict[str, ArrayFile]]:
    """Open several files of arrays.

    Parameters
    ----------
    paths : mapping of str to str or Path
        Path by any key.

    Yields
    ------
    dict of str to ArrayFile
        By the same keys.
    """
    with ExitStack() as stack:
        yield {key: stack.enter_context(ArrayFile(path)) for key, path in paths.items()}

"""Intermediate arrays: a file of arrays by name that is read one array at a time."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile


class ArrayWriter(zipfile.ZipFile):
    """A file opened with mode ``w``, into which arrays are written one by one for `ArrayFile`."""

    def add(self, prefix: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Add arrays under the names ``prefix/name``.

        Parameters
        ----------
        prefix : str
            For instance the number of a slit.
        arrays : mapping of str to ndarray
        """
        for name, array in arrays.items():
            with self.open(f"{prefix}/{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


class ArrayFile(NpzFile):
    """Arrays by name, ``prefix/name``, that are read when they are asked for.

    Parameters
    ----------
    path : str or Path
        A file that `ArrayWriter` wrote.
    """

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
        names = [name for name in self.files if name.startswith(f"{prefix}/")]
        return {name.removeprefix(f"{prefix}/"): self[name] for name in names}


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

"""Folders that are made once and used again: whole or not there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def made_aside(folder: Path) -> Iterator[Path]:
    """Make a folder under another name, and give it its own when it is finished.

    Parameters
    ----------
    folder : Path

    Yields
    ------
    Path
        Empty folder to be filled.
    """
    aside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    yield aside
    aside.rename(folder)

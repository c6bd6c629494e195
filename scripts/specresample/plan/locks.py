"""Locks that a killed run leaves behind: Snakemake cannot tell them from those of a living one.

The operating system frees a run's lock on its mark when the run dies; Snakemake's own locks stay.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO


def hold_mark(folder: Path) -> TextIO | None:
    """Mark a run as alive, until its process ends or the file is closed.

    Parameters
    ----------
    folder : Path
        Snakemake's folder in the working directory.

    Returns
    -------
    file or None
        To be kept open; None where another run holds the mark, or files cannot be locked.
    """
    file = _mark(folder).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def remove_stale_locks(folder: Path) -> bool:
    """Remove Snakemake's locks in a working directory, when the run that made them is dead.

    Parameters
    ----------
    folder : Path
        Snakemake's folder in the working directory.

    Returns
    -------
    bool
        Whether there were any.
    """
    mark = _mark(folder)
    if not mark.is_file():
        return False
    with mark.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        # Younger ones are of a run of something else in this directory: ours lock, then mark.
        since = mark.stat().st_mtime
        stale = [lock for lock in folder.glob("locks/*.lock") if lock.stat().st_mtime <= since]
        for lock in stale:
            lock.unlink()
        mark.unlink()
    return bool(stale)


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other process is in this block.

    Parameters
    ----------
    path : Path
        An empty file that stands for the block; it is made when missing. Where files cannot be
        locked, nothing is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _mark(folder: Path) -> Path:
    return folder / "resample-alive"

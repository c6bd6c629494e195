"""Locks that a killed run leaves behind: Snakemake cannot tell them from those of a living one.

The operating system frees a run's lock on its mark when the run dies; Snakemake's own locks stay.
"""

import fcntl
from pathlib import Path
from typing import TextIO

# The mark of this run, which is kept open.
_held: list[TextIO] = []


def hold_mark(folder: Path) -> None:
    """Mark a run as alive, until its process ends or the file is closed.

    Parameters
    ----------
    folder : Path
        Snakemake's folder in the working directory.

    """
    file = _mark(folder).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Another run holds the mark, or files cannot be locked.
        file.close()
    else:
        _held.append(file)


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


def _mark(folder: Path) -> Path:
    return folder / "resample-alive"

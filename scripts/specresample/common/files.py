"""Files that are there whole or not at all, and JSON files written so."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EDQUOT, EFBIG, EIO, ENAMETOOLONG, ENOSPC, EPERM, EROFS
from operator import methodcaller
from pathlib import Path

from specresample.common.errors import ResampleError, first_line

_NOT_WRITABLE = (ENOSPC, EDQUOT, EFBIG, EACCES, EPERM, EROFS, EIO, ENAMETOOLONG)


@contextmanager
def written_aside(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and move it there when the block ends well.

    Parameters
    ----------
    path : str or Path
        Final path; its folder is made when missing.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    ResampleError
        When the disk is full or cannot be written to.
    """
    path = Path(path)
    # All attempts use one name, so that the next one overwrites what a killed job left.
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A link that somebody put there is not followed.
        aside.unlink(missing_ok=True)
        yield aside
        os.replace(aside, path)
    except OSError as error:
        # astropy's error has no number when the disk is full.
        if error.errno not in (None, *_NOT_WRITABLE):
            raise
        raise ResampleError(
            f"{path}: not written ({error.strerror or first_line(error)})"
        ) from error
    finally:
        # On a file system that has become read-only nothing can be removed.
        with suppress(OSError):
            aside.unlink(missing_ok=True)


@contextmanager
def scratch_folder(path: str | Path) -> Iterator[Path]:
    """Give an empty folder, and remove it with all that is in it when the block ends.

    Parameters
    ----------
    path : str or Path
        What a killed job left there goes.

    Yields
    ------
    Path
    """
    path = Path(path)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def folder_written_aside(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` and move it there when the block ends well.

    Parameters
    ----------
    path : str or Path
        Final path. An older folder there is replaced.

    Yields
    ------
    Path
        An empty folder. It is removed when the block raises.
    """
    path = Path(path)
    with scratch_folder(path.with_name(f".{path.name}.part")) as aside:
        yield aside
        shutil.rmtree(path, ignore_errors=True)
        os.replace(aside, path)


def write_json(path: str | Path, content: object, *, indent: int | None = None) -> None:
    """Write values and records to a JSON file, atomically and with a stable order of keys."""
    with written_aside(path) as aside:
        text = json.dumps(content, default=methodcaller("to_json"), sort_keys=True, indent=indent)
        aside.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> dict:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 digest of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other process is in this block, where files can be locked.

    Parameters
    ----------
    path : Path
        An empty file that stands for the block; it is made when missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

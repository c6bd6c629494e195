"""Products of jwst that are kept with the tests, and what they were made of."""

import gzip
from pathlib import Path

from runs import PROJECT

FOLDER = PROJECT / "tests" / "reference" / "stored"

# Observation and arguments of each, by its name.
STORED = {
    "slit": ("grating", {}),
    "slit_fine": ("grating", {"pixel_scale_ratio": 2.0, "pixfrac": 0.6, "propagate_dq": True}),
    "slit_exptime": ("grating", {"weight_type": "exptime", "kernel": "point", "fillval": "0"}),
    "slit_outliers": ("grating", {"outlier_detection": True}),
    "slits": ("mos", {}),
    "lrs": ("lrs", {}),
    "lamp": ("lamp", {}),
}


def stored_file(name: str) -> Path:
    """Path of a stored product."""
    return FOLDER / f"{name}_s2d.fits.gz"


def store(name: str, product: bytes) -> int:
    """Keep a product; returns the size of its file. The same content gives the same file."""
    FOLDER.mkdir(exist_ok=True)
    return stored_file(name).write_bytes(gzip.compress(product, mtime=0))


def unpack(name: str, folder: Path) -> Path:
    """Unpack a stored product into a folder; returns its path there."""
    path = folder / f"{name}_s2d.fits"
    path.write_bytes(gzip.decompress(stored_file(name).read_bytes()))
    return path

"""Read a level-2b exposure: its slits, their arrays, WCSs and metadata.

docs/specification.md, "Input" and "Before drizzling".
"""

import datetime
import logging
import math
import mmap
import re
import reprlib
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from specresample.common.errors import ResampleError, first_line, refusing
from specresample.common.fits_hash import FITS_HASH_KEY, fits_hash
from specresample.common.limits import MAX_PIXELS
from specresample.common.schemas import Property, model_keywords, model_schema
from specresample.level2b.asdf_tree import read_tree
from specresample.level2b.flags import FLOAT_ARRAYS, mark_invalid
from specresample.level2b.slit_wcs import SlitWcs, read_wcs
from specresample.level2b.transforms import TransformReader

log = logging.getLogger(__name__)

# Kinds of exposures (EXP_TYPE) that are resampled.
SLIT_SPECTRA = (
    "NRS_FIXEDSLIT",
    "NRS_MSASPEC",
    "NRS_LAMP",
    "NRS_AUTOWAVE",
    "NRS_AUTOFLAT",
    "MIR_LRS-FIXEDSLIT",
)

# Cards that say how many of something follow, none more than 999 (FITS standard); astropy counts up
# to their number, however large. The second is that of compressed images, ZNAXIS.
_COUNTS = (rb"NAXIS   =", rb"NAXIS  =", rb"TFIELDS =")

# Bounds of numbers, which no infinity and no NaN is within, and of texts in a header.
_MOST = 2**63
_LONGEST = 10_000


@dataclass
class Slit:
    """One slit of an exposure.

    Attributes
    ----------
    arrays : dict of str to ndarray
        ``sci`` and those of ``err``, ``var_rnoise``, ``var_poisson``, ``var_flat`` that are there
        (float32, shape (ny, nx)); ``dq`` (uint32). Invalid pixels are NaN in all of them and have
        DO_NOT_USE set.
    measured : ndarray of float32, shape (ny, nx)
        ``sci`` as it is in the file, invalid pixels as well, without a known background.
    wcs : SlitWcs
        From detector pixels to world coordinates.
    metadata : dict of str to scalar
        Metadata of the slit as a data model of its own, by dotted path: ``source_id``,
        ``meta.wcsinfo.s_region``, and what the exposure says of all its slits.
    """

    arrays: dict[str, np.ndarray]
    measured: np.ndarray
    wcs: SlitWcs
    metadata: dict[str, object]


class Exposure:
    """An open level-2b file.

    Parameters
    ----------
    path : str or Path
        A file of a SlitModel, an ImageModel (MIRI LRS) or a MultiSlitModel.
    in_memory : bool
        Read the whole file now; otherwise arrays are mapped and read slit by slit.

    Attributes
    ----------
    metadata : dict of str to scalar
        Metadata of the exposure by dotted path of the data model (``meta...``).
    model_type : str
        Name of the data model.

    Raises
    ------
    ResampleError
        When the file cannot be read as a JWST spectrum.
    """

    def __init__(self, path: str | Path, *, in_memory: bool) -> None:
        self.path = Path(path)
        try:
            with warnings.catch_warnings(), ExitStack() as stack:
                warnings.filterwarnings("error", message=".*truncated.*", category=AstropyWarning)
                _check_start(path)
                # None maps what can be mapped: all but the DQ arrays, which need to be shifted.
                hdus = stack.enter_context(fits.open(path, memmap=False if in_memory else None))
                self._read_structure(hdus, read_tree(hdus))
                self._open_files = stack.pop_all()
        except Exception as error:
            message = f"{path}: not readable as a JWST exposure ({first_line(error)})"
            raise ResampleError(message) from error

    def _read_structure(self, hdus: fits.HDUList, tree: Mapping) -> None:
        # By name once: a look-up in the list itself takes the longer the more slits there are. Of
        # two with one name the first counts.
        self._hdus = {(hdu.name.upper(), hdu.ver): hdu for hdu in reversed(hdus)}
        for hdu in hdus:
            # Of other images no more is read than there is.
            if isinstance(hdu, fits.CompImageHDU) and math.prod(hdu.shape) > MAX_PIXELS:
                raise ResampleError(f"{hdu.name} inflates to an image of shape {hdu.shape}")
        self.model_type = str(hdus[0].header.get("DATAMODL", "ImageModel"))
        self._transforms = TransformReader()
        # A header that was edited counts more than the ASDF extension, as in stdatamodels.
        edited = tree.get(FITS_HASH_KEY) != fits_hash(hdus)
        schema = model_schema(self.model_type) if edited else Property()
        of_file = self._metadata({"meta": tree.get("meta", {})}, schema, 1)
        self.metadata = {path: of_file[path] for path in of_file if path.startswith("meta.")}
        # The file itself is its only slit.
        self._slits, self._slit_schema = [tree], schema
        if self.model_type == "MultiSlitModel":
            slits = tree.get("slits", [])
            found = sum(name == "SCI" for name, _ in self._hdus)
            self._slits = [*slits, *[{}] * (found - len(slits))]
            self._slit_schema = schema.properties["slits"].items if edited else schema

    def __enter__(self) -> "Exposure":
        return self

    def __exit__(self, *error: object) -> None:
        self._open_files.close()

    def reason_to_skip(self) -> str | None:
        """Say why this exposure is not resampled; None for 2-D spectra."""
        kind = str(self.metadata.get("meta.exposure.type", ""))
        if kind.upper() not in SLIT_SPECTRA:
            return f"EXP_TYPE {kind or '(missing)'} is not one of slit spectra"
        images = (hdu for (name, _), hdu in self._hdus.items() if name == "SCI")
        if {len(getattr(image, "shape", ())) for image in images} == {3}:
            return "3-D data (integrations) are not resampled"
        return None

    @property
    def n_slits(self) -> int:
        """Number of slits in the file."""
        return len(self._slits)

    def slit_metadata(self, number: int) -> dict[str, object]:
        """Read the metadata of a slit.

        Parameters
        ----------
        number : int
            Position in the file, from 0.

        Returns
        -------
        dict of str to scalar
            As in `Slit`.
        """
        own = self._metadata(self._slits[number], self._slit_schema, number + 1)
        # The exposure's values count. The slit's own count for its units, its WCS and its EXP_TYPE,
        # because a fixed slit may be part of a MOS exposure.
        of_slit = {"meta.bunit_data", "meta.bunit_err", "meta.model_type"}
        of_slit |= {"meta.exposure.type"} & own.keys()
        of_slit |= {path for path in self.metadata if path.startswith("meta.wcsinfo.")}
        return own | {path: self.metadata[path] for path in self.metadata if path not in of_slit}

    def slit(self, number: int, metadata: dict[str, object]) -> Slit:
        """Read a slit.

        Parameters
        ----------
        number : int
            Position in the file, from 0.
        metadata : dict of str to scalar
            From `slit_metadata`.

        Returns
        -------
        Slit

        Raises
        ------
        ResampleError
            When the slit cannot be used.
        """
        tree = self._slits[number].get("meta", {})
        if "wcs" not in tree:
            raise ResampleError("no WCS (is there an ASDF extension, is the file complete?)")
        with refusing("its WCS is not readable"):
            wcs = read_wcs(tree["wcs"], self._transforms)
        shape = self._shape("SCI", number)
        if shape is None or len(shape) != 2 or min(shape) < 1 or math.prod(shape) > MAX_PIXELS:
            raise ResampleError(f"SCI is not an image (shape {shape})")
        arrays = {"dq": np.zeros(shape, np.uint32)}
        for name in (*FLOAT_ARRAYS, "DQ"):
            # Of the headers, before anything is read.
            other = self._shape(name, number)
            if other == shape:
                arrays[name.lower()] = self._array(name, number)
            elif other is not None:
                message = "%s: slit %s: %s has another shape than SCI and is left out"
                log.warning(message, self.path, slit_label(metadata, number), name)
        level = metadata.get("meta.background.level")
        if level is not None and not metadata.get("meta.background.subtracted"):
            arrays["sci"] -= np.float32(level)
        measured = arrays["sci"].copy()
        return Slit(mark_invalid(arrays), measured, wcs, metadata)

    def _shape(self, hdu_name: str, slit_number: int) -> tuple[int, ...] | None:
        """Shape of an array as its header states it; None when there is no such image."""
        return getattr(self._hdus.get((hdu_name, slit_number + 1)), "shape", None)

    def _array(self, hdu_name: str, slit_number: int) -> np.ndarray:
        with refusing(f"{hdu_name} is not readable"):
            array = self._hdus[hdu_name, slit_number + 1].data
        if hdu_name == "DQ":
            kinds, what, dtype = "iu", "integers", np.uint32
        else:
            kinds, what, dtype = "iuf", "numbers", np.float32
        if array is None or array.dtype.kind not in kinds:
            stated = getattr(array, "dtype", None)
            raise ResampleError(f"{hdu_name} is not an image of {what} ({stated})")
        return np.array(array, dtype)

    def _metadata(self, tree: Mapping, schema: Property, version: int) -> dict[str, object]:
        """Metadata of the file or of the slit of an EXTVER, by its tree and by its headers."""
        stated = {}
        for path, child in schema.walk():
            keyword = child.attributes.get("fits_keyword")
            extension = child.attributes.get("fits_hdu", "PRIMARY")
            hdu = self._hdus.get((extension.upper(), version))
            if keyword and hdu is not None and keyword in hdu.header:
                stated[path] = hdu.header[keyword]
        return self._usable(_flatten(tree)) | self._usable(_flatten(stated))

    def _usable(self, metadata: Mapping[str, object]) -> dict[str, object]:
        """Leave out the metadata that are not what the schema says, and would break a product."""
        types = {path: said["type"] for path, said in model_keywords("SlitModel").items()}
        usable = {}
        for path, value in metadata.items():
            if path not in types or _is_of_type(value, types[path]):
                usable[path] = value
            else:
                message = "%s: %s is no usable %s and is left out: %s"
                log.warning(message, self.path, path, types[path], reprlib.repr(value))
        return usable


def slit_label(metadata: dict[str, object], number: int) -> str:
    """Name a slit for messages: slit name and source, or its number in the file."""
    name = metadata.get("name") or f"number {number + 1}"
    source = metadata.get("source_name") or metadata.get("source_id")
    return f"{name} (source {source})" if source is not None else str(name)


def _flatten(tree: object, prefix: str = "") -> dict[str, object]:
    """Flatten a tree of dicts to its scalars by dotted path; arrays, lists and WCSs stay out."""
    if isinstance(tree, Mapping):
        return {
            path: value
            for key in tree
            if key not in ("wcs", "slits")
            for path, value in _flatten(tree[key], f"{prefix}{key}.").items()
        }
    if isinstance(tree, datetime.datetime):
        tree = tree.isoformat()
    return {prefix[:-1]: tree} if isinstance(tree, str | bool | int | float) else {}


def _check_start(path: str | Path) -> None:
    """Refuse what astropy would unpack first, or never come to an end with."""
    with open(path, "rb") as file:
        if file.read(6) != b"SIMPLE":
            # A small compressed file could fill the memory or the disk.
            message = "it does not begin as a FITS file; compressed ones must be unpacked"
            raise ResampleError(message)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for keyword in _COUNTS:
                if found := re.search(keyword + rb" *\+?0*[1-9][0-9]{3,}", content):
                    raise ResampleError(f"it states {found[0].decode()}")


def _is_of_type(value: object, kind: str) -> bool:
    """Whether a value is of a type of the schema, and can be written to a FITS header."""
    if kind in ("number", "integer"):
        return type(value) in (int, float) and abs(value) < _MOST
    if kind == "string":
        is_short = isinstance(value, str) and len(value) <= _LONGEST
        return is_short and value.isascii() and value.isprintable()
    return isinstance(value, bool) if kind == "boolean" else True

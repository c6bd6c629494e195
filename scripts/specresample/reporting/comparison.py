"""What changed between two campaigns: products of one folder compared with those of another.

Every result is a dict that can be written as JSON. Files of the same bytes are not opened.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from astropy.io import fits
from stdatamodels.jwst import datamodels

from specresample.common.errors import first_line
from specresample.common.files import file_digest, read_json
from specresample.common.sky import separation

SAME, CHANGED, MISSING, ADDITIONAL, ERROR = "same", "changed", "missing", "additional", "error"

# Keywords that do not count: dates, checksums, and those that the comparison of arrays covers.
_IGNORED = ("CHECKSUM", "DATASUM", "DATE", "EXTVER", "NAXIS*", "TFORM*")
_ASDF = "ASDF"  # compared as WCSs
_OF_ALL_SLITS = ("PRIMARY", "HDRTAB", _ASDF)

# Parts of a comparison, and of provenance.
_LISTS = ("removed", "added")
_HANDED_IN = ("association", "output_wcs", "wavelength_table")

# Relative differences of coordinates up to this come from rounding.
_TINY = 1e-9


def compare_folders(old: str | Path, new: str | Path) -> list[dict]:
    """Compare all products of two campaigns, and what they were made from.

    Parameters
    ----------
    old, new : str or Path
        Folders of products: ``output_dir`` of the campaigns.

    Returns
    -------
    list of dict
        For every ``*_s2d.fits`` and ``provenance.json`` below one of the folders, sorted by path:
        ``file``, ``state`` (same, changed, missing, additional, error), and what changed.
    """
    old, new = Path(old), Path(new)
    names = sorted(_contents(old) | _contents(new))
    return [{"file": name} | _compare_files(old / name, new / name) for name in names]


def _compare_files(old: Path, new: Path) -> dict:
    if not new.exists():
        return {"state": MISSING}
    if not old.exists():
        return {"state": ADDITIONAL}
    compare = _compare_provenance if old.suffix == ".json" else compare_products
    try:
        return compare(old, new)
    except Exception as error:
        # Whatever is wrong with a file, the others are compared.
        return {"state": ERROR, "reason": f"{type(error).__name__}: {first_line(error)}"}


def _contents(folder: Path) -> set[str]:
    """Paths of products and provenance below a folder. Intermediates are in one with a dot."""
    found = [*folder.rglob("*_s2d.fits"), *folder.rglob("provenance.json")]
    paths = (path.relative_to(folder) for path in found)
    return {str(path) for path in paths if not any(part.startswith(".") for part in path.parts)}


def compare_products(old: str | Path, new: str | Path) -> dict:
    """Compare two products.

    Parameters
    ----------
    old, new : str or Path
        FITS files.

    Returns
    -------
    dict
        ``state``, and what changed: ``extensions`` that were removed or added, ``arrays``,
        ``flux``, ``wcs``, ``headers`` and ``tables``. Dates and checksums do not count.
    """
    if file_digest(old) == file_digest(new):
        return {"state": SAME}
    with fits.open(old) as before, fits.open(new) as after:
        of_old, of_new = _by_label(before), _by_label(after)
        extensions = _removed_and_added(of_old, of_new)
        of_old.pop(_ASDF, None)
        found = {
            "extensions": extensions,
            "arrays": _each(of_old, of_new, _compare_images),
            "flux": _each(of_old, of_new, _compare_flux),
            "headers": _each(of_old, of_new, _compare_headers),
            "tables": _each(of_old, of_new, _compare_tables),
            "wcs": _compare_wcs(before, after),
        }
    return _result(found)


def _result(found: Mapping[str, dict]) -> dict:
    found = _changed(found)
    return {"state": CHANGED if found else SAME} | found


def _changed(found: Mapping[str, object]) -> dict:
    """Leave out what is the same in both."""
    return {name: change for name, change in found.items() if change}


def _by_label(hdus: fits.HDUList) -> dict[str, object]:
    """Extensions by name, and in a product of several slits by slit and source too.

    EXTVER does not do, because it changes when a slit is added.
    """
    slits = {}
    if hdus[0].header.get("DATAMODL") == "MultiSlitModel":
        headers = {hdu.ver: hdu.header for hdu in hdus if hdu.name == "SCI"}
        slits = {
            version: f"{header.get('SLTNAME', version)} source {header.get('SOURCEID', version)}"
            for version, header in headers.items()
        }
        if len(set(slits.values())) < len(slits):
            slits = {version: str(version) for version in slits}
    return {
        f"{hdu.name} {slits[hdu.ver]}"
        if hdu.ver in slits and hdu.name not in _OF_ALL_SLITS
        else hdu.name: hdu
        for hdu in hdus
    }


def _name(label: str) -> str:
    return label.split(" ")[0]


def _each(old: Mapping, new: Mapping, compare: Callable[[object, object], dict]) -> dict[str, dict]:
    """Compare all that both have."""
    return _changed({name: compare(old[name], new[name]) for name in old if name in new})


def _removed_and_added(old: Iterable[str], new: Iterable[str]) -> dict[str, list]:
    old, new = list(old), list(new)
    return _changed(
        {
            "removed": [name for name in old if name not in new],
            "added": [name for name in new if name not in old],
        }
    )


def _compare_images(old: fits.ImageHDU, new: fits.ImageHDU) -> dict:
    if not all(hdu.is_image and hdu.data is not None for hdu in (old, new)):
        return {}
    return compare_arrays(old.data, new.data)


def compare_arrays(old: np.ndarray, new: np.ndarray) -> dict:
    """Compare two arrays pixel by pixel; NaN equals NaN.

    Parameters
    ----------
    old, new : ndarray

    Returns
    -------
    dict
        Empty when the arrays are equal. ``shapes`` when their shapes differ. Otherwise ``pixels``,
        the number of all pixels, and ``different``, that of pixels that differ. ``largest`` and
        ``median`` are relative differences of the pixels that differ and are finite in both;
        integers, such as DQ, have none. ``nan_in_old`` and ``nan_in_new`` are the numbers of pixels
        that are NaN in only one of both.
    """
    if old.shape != new.shape:
        return {"shapes": [list(old.shape), list(new.shape)]}
    nan_in_old, nan_in_new = np.isnan(old), np.isnan(new)
    differs = (old != new) & ~(nan_in_old & nan_in_new)
    if not differs.any():
        return {}
    changes = {"pixels": old.size, "different": int(np.count_nonzero(differs))}
    both = differs & np.isfinite(old) & np.isfinite(new)
    if old.dtype.kind == "f" and both.any():
        a, b = old[both].astype(float), new[both].astype(float)
        relative = np.abs(b - a) / np.maximum(np.abs(a), np.abs(b))
        changes |= {"largest": float(relative.max()), "median": float(np.median(relative))}
    only = {"nan_in_old": nan_in_old & ~nan_in_new, "nan_in_new": nan_in_new & ~nan_in_old}
    return changes | _changed({name: int(np.count_nonzero(where)) for name, where in only.items()})


def _compare_flux(old: fits.ImageHDU, new: fits.ImageHDU) -> dict:
    """Ratios of flux, new over old: that of the whole slit, and the median over wavelengths."""
    if old.name != "SCI":
        return {}
    columns = [
        np.nansum(hdu.data, axis=int(hdu.header.get("DISPAXIS") or 1) - 1, dtype=float)
        for hdu in (old, new)
    ]
    before, after = (float(column.sum()) for column in columns)
    changes = {}
    if before != after:
        changes["total"] = after / before if before else None
    if len(columns[0]) == len(columns[1]) and not np.array_equal(*columns):
        seen = (columns[0] != 0) & (columns[1] != 0)
        if seen.any():
            changes["column"] = float(np.median(columns[1][seen] / columns[0][seen]))
    return changes


def _compare_headers(old: fits.ImageHDU, new: fits.ImageHDU) -> dict:
    difference = fits.HeaderDiff(
        old.header, new.header, ignore_keywords=_IGNORED, ignore_comments=["*"]
    )
    removed, added = difference.diff_keywords or ((), ())
    changes = {
        "removed": list(removed),
        "added": list(added),
        "changed": {
            keyword: [[_plain(a), _plain(b)] for a, b in filter(None, values)]
            for keyword, values in difference.diff_keyword_values.items()
        },
        # The number of cards with this keyword, in old and new.
        "repeated": {
            keyword: list(counts)
            for keyword, counts in difference.diff_duplicate_keywords.items()
            if keyword
        },
    }
    return _changed(changes)


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _compare_tables(old: fits.BinTableHDU, new: fits.BinTableHDU) -> dict:
    if old.is_image or new.is_image:
        return {}
    changes = _removed_and_added(old.columns.names, new.columns.names)
    if len(old.data) != len(new.data):
        return changes | {"rows": [len(old.data), len(new.data)]}
    common = [name for name in old.columns.names if name in new.columns.names]
    differing = [name for name in common if not _equal(old.data[name], new.data[name])]
    return changes | _changed({"changed": [name for name in differing if name not in _IGNORED]})


def _equal(old: np.ndarray, new: np.ndarray) -> bool:
    return np.array_equal(old, new, equal_nan=old.dtype.kind == new.dtype.kind == "f")


def _compare_wcs(old: fits.HDUList, new: fits.HDUList) -> dict[str, dict]:
    """Compare the GWCS of every slit, by the name of its science extension."""
    # Both stay open, because a WCS reads its tables when it needs them.
    with datamodels.open(old.filename()) as before, datamodels.open(new.filename()) as after:
        return _each(_positions(old, before), _positions(new, after), _shift)


def _positions(hdus: fits.HDUList, model: datamodels.JwstDataModel) -> dict[str, tuple]:
    """WCS, and the pixels and world coordinates of corners and centre, of every slit."""
    positions = {}
    labels = [label for label in _by_label(hdus) if _name(label) == "SCI"]
    for label, slit in zip(labels, getattr(model, "slits", [model]), strict=True):
        wcs = getattr(slit.meta, "wcs", None)
        if wcs is None:
            continue
        ny, nx = slit.data.shape
        x, y = np.array([(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)]).T * [[nx - 1], [ny - 1]]
        # Corners may lie outside the bounding box.
        world = np.array(wcs(x, y, with_bounding_box=False), dtype=float)
        positions[label] = wcs, np.array([x, y]), world
    return positions


def _shift(old: tuple, new: tuple) -> dict:
    """Largest distances by which corners and centre moved."""
    (_, pixels, before), (wcs, new_pixels, after) = old, new
    changes = {}
    if np.array_equal(before, after, equal_nan=True):
        return changes
    apart = 3600 * separation(*before[:2], *after[:2])
    wavelength = np.abs(after[2] - before[2])
    for name, values, unit in (
        ("arcsec", apart, 1.0),
        ("wavelength", wavelength, np.nanmax(np.abs(before[2]), initial=0)),
    ):
        if np.isfinite(values).any() and np.nanmax(values) > _TINY * unit:
            changes[name] = float(np.nanmax(values))
    if (np.isnan(before) != np.isnan(after)).any():
        changes["undefined"] = True
    if changes and np.array_equal(pixels, new_pixels):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            moved = np.array(wcs.invert(*before, with_bounding_box=False), dtype=float) - pixels
        distance = np.hypot(*moved)
        if np.isfinite(distance).any():
            changes = {"pixels": float(np.nanmax(distance))} | changes
    return changes


def _compare_provenance(old: str | Path, new: str | Path) -> dict:
    """Compare what two products were made from."""
    before, after = read_json(old), read_json(new)
    found = {
        part: _changed_values(before.get(part) or {}, after.get(part) or {})
        for part in ("software", "arguments", *_HANDED_IN)
    }
    inputs = [
        {Path(entry["file"]).name: entry for entry in content.get("inputs", [])}
        for content in (before, after)
    ]
    found["inputs"] = _each(*inputs, _changed_values) | _removed_and_added(*inputs)
    return _result(found)


def _changed_values(old: Mapping, new: Mapping) -> dict[str, list]:
    """Give pairs of values that differ. Where a file lies does not count."""
    return {
        name: [old.get(name), new.get(name)]
        for name in sorted({*old, *new} - {"file"})
        if old.get(name) != new.get(name)
    }


def exit_status(results: Sequence[Mapping]) -> int:
    """Return 0 when nothing changed, 1 when something did, 2 after errors, as diff does.

    Parameters
    ----------
    results : sequence of mapping
        From `compare_folders`.
    """
    states = {result["state"] for result in results}
    return 2 if ERROR in states or not states else int(bool(states - {SAME}))


def summary(result: Mapping) -> str:
    """Say in one line what changed of a file.

    Parameters
    ----------
    result : mapping
        From `compare_folders`.

    Returns
    -------
    str
    """
    parts = [result["reason"]] if "reason" in result else []
    arrays: dict[str, list] = {}
    for label, change in result.get("arrays", {}).items():
        arrays.setdefault(_name(label), []).append(change)
    science = arrays.pop("SCI", [])
    if science:
        of_several = f" of {len(science)} slits, up to" if len(science) > 1 else ""
        parts.append(f"SCI{of_several} {_array(max(science, key=_share))}")
    parts += [", ".join(arrays)] if arrays else []
    ratios = [change["total"] for change in result.get("flux", {}).values() if change.get("total")]
    if ratios:
        parts.append(f"flux {max(ratios, key=lambda ratio: abs(ratio - 1)) - 1:+.2g}")
    worst: dict[str, float] = {}
    for change in result.get("wcs", {}).values():
        worst |= {name: max(value, worst.get(name, 0)) for name, value in change.items()}
    parts += [f"WCS {_in_words(worst)}"] if worst else []
    keywords = sum(
        len(changes) for entry in result.get("headers", {}).values() for changes in entry.values()
    )
    parts += [f"{keywords} keywords"] if keywords else []
    parts += [*result.get("tables", {})]
    for name in ("extensions", "software", "arguments", "inputs"):
        parts += [f"{name}: {_in_words(result[name])}"] if name in result else []
    parts += [name for name in _HANDED_IN if name in result]
    head = f"{result['state']:<10} {result['file']}"
    return f"{head}: {'; '.join(parts)}" if parts else head


def details(result: Mapping) -> str:
    """Say all that changed of a file, as YAML.

    Parameters
    ----------
    result : mapping
        From `compare_folders`.

    Returns
    -------
    str
        Empty when nothing changed. Pairs of values are old and new.
    """
    changes = {part: result[part] for part in result if part not in ("file", "state", "reason")}
    return yaml.safe_dump(changes, sort_keys=False, allow_unicode=True) if changes else ""


def _share(change: Mapping) -> float:
    """Fraction of the pixels that differ; 1 when the shapes differ."""
    return 1.0 if "shapes" in change else change["different"] / change["pixels"]


def _array(change: Mapping) -> str:
    if "shapes" in change:
        return f"shape {_in_words(change['shapes'])}"
    words = [f"{100 * _share(change):.2g} % of pixels"]
    words += [f"{name} {change[name]:.2g}" for name in ("largest", "median") if name in change]
    nan = {side: change.get(f"nan_in_{side}") for side in ("old", "new")}
    words += [f"{number} NaN only in {side}" for side, number in nan.items() if number]
    return ", ".join(words)


def _in_words(change: object) -> str:
    """Say what changed: names with their changes, and pairs of old and new values."""
    if isinstance(change, Mapping):
        return ", ".join(
            f"{name} {', '.join(value) if name in _LISTS else _in_words(value)}"
            for name, value in change.items()
        )
    if isinstance(change, list):
        return " -> ".join(map(_in_words, change))
    text = f"{change:.6g}" if isinstance(change, float) else str(change)
    # Nobody reads a checksum in full.
    return text[:8] if len(text) == 64 else text

"""Numbers that the gates need of an exposure, measured while it is drizzled.

A row is a line of the output grid along the dispersion, whichever axis that is.
"""

import logging

import numpy as np

log = logging.getLogger(__name__)

# A row counts when it has at least this fraction of the valid pixels that the fullest row has.
_FULL_ROW = 0.5

_SIGMA_OF_QUARTILES = 1.349  # the distance of the quartiles of a normal distribution
_ERROR_OF_MEDIAN = 1.2533  # standard error over that of the mean: the square root of pi / 2

# The scale is taken from every fourth line of pixels, which is enough.
_EVERY = 4

# Width of the point kernel's drops: far below a pixel, and far above rounding errors.
_POINT = 1e-6


def measure_exposure(
    sci: np.ndarray,
    weights: np.ndarray,
    pixmap: np.ndarray,
    drizzled: np.ndarray,
    *,
    dispersion_axis: int,
    drop: float,
) -> np.ndarray:
    """Measure a slit of an exposure, before it is drizzled and after.

    Parameters
    ----------
    sci, weights : ndarray, shape (ny, nx)
        Science image and weights that were drizzled.
    pixmap : ndarray, shape (ny, nx, 2)
        Where the pixel centres fall on the output grid: x and y, in this order.
    drizzled : ndarray
        Science image on the output grid; NaN without weight.
    dispersion_axis : int
        1 when wavelength runs along x, 2 along y.
    drop : float
        Size of the drizzled pixels in input pixels: ``pixfrac``, or 0 for the point kernel.

    Returns
    -------
    ndarray, shape ()
        With a field for each measure. For every row: ``flux`` and ``weight``, the sums of weighted
        science and of weights that fall onto it; ``profile``, its median, and ``noise``, the
        standard error of that. Both are NaN where too few pixels are valid. For the exposure:
        ``scale``, output pixels per input pixel across the dispersion; ``extent``, output pixels
        that it spans across the dispersion and along it. NaN where nothing can be measured.
    """
    if dispersion_axis == 2:
        sci, weights, drizzled = sci.T, weights.T, drizzled.T
        pixmap = pixmap.transpose(1, 0, 2)[..., ::-1]
    rows = len(drizzled)
    per_row = [(name, float, (rows,)) for name in ("flux", "weight", "profile", "noise")]
    dtype = [*per_row, ("scale", float), ("extent", float, (2,))]
    try:
        return np.array(_measure(sci, weights, pixmap, drizzled, drop), dtype)
    except Exception:
        # A measurement for the gates must not keep back a product.
        log.warning("exposure not measured", exc_info=True)
        return np.array((*[np.full(rows, np.nan)] * 4, np.nan, np.nan), dtype)


def _measure(
    sci: np.ndarray, weights: np.ndarray, pixmap: np.ndarray, drizzled: np.ndarray, drop: float
) -> tuple:
    along, across = pixmap[..., 0], pixmap[..., 1]
    rows, columns = drizzled.shape
    on_grid = np.isfinite(along) & np.isfinite(across)
    scale = _median(np.abs(np.diff(across[:, ::_EVERY], axis=0)))
    length = np.fmax(drop * _median(np.abs(np.diff(along[::_EVERY], axis=1))), _POINT)
    used = _drizzled_pixels(on_grid) if drop > 0 else on_grid
    used = used & (weights > 0) & np.isfinite(sci)
    weight = weights[used] * _overlap(along[used], length, -0.5, columns - 0.5)
    places = across[used], np.fmax(drop * scale, _POINT), rows
    extent = [np.ptp(axis[on_grid]) + 1 if on_grid.any() else np.nan for axis in (across, along)]
    return (
        _sum_by_row(weight * sci[used], *places),
        _sum_by_row(weight, *places),
        *_row_medians(drizzled),
        scale,
        extent,
    )


def _drizzled_pixels(on_grid: np.ndarray) -> np.ndarray:
    """Pixels with a place on the grid whose neighbours in the array have one too.

    Drizzle leaves out others, because it finds the corners of a pixel between it and these.
    """
    padded = np.pad(on_grid, 1, mode="edge")
    rows = padded[:-2] & padded[1:-1] & padded[2:]
    return rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]


def _overlap(centre: np.ndarray, width: float, low: object, high: object) -> np.ndarray:
    """Fraction of intervals of a width that lies between two limits."""
    lower, upper = centre - width / 2, centre + width / 2
    return np.clip(np.minimum(upper, high) - np.maximum(lower, low), 0, None) / width


def _sum_by_row(values: np.ndarray, across: np.ndarray, width: float, rows: int) -> np.ndarray:
    """Sum values by row. Rows share a drop that lies on several of them."""
    total = np.zeros(rows)
    # The place of a drop that is far from the grid does not matter.
    first = np.floor(np.clip(across, -2 * width - 1, rows + width) - width / 2 + 0.5).astype(int)
    for row in (first + step for step in range(int(np.ceil(width)) + 1)):
        use = (row >= 0) & (row < rows)
        shares = _overlap(across, width, row - 0.5, row + 0.5)
        total += np.bincount(row[use], (values * shares)[use], rows)
    return total


def _row_medians(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median of every row after that of every column was subtracted, and its standard error.

    Outliers must not count, nor an emission line that a bad pixel hides from some rows, nor what
    fills a column, such as the sky. The error includes the variation of the spectrum itself, so
    that it is rather too large than too small.
    """
    image = image - _quantile(np.sort(image, axis=0).T, 0.5)
    image = np.sort(image, axis=1)
    count = np.isfinite(image).sum(axis=1)
    low, middle, high = (_quantile(image, fraction) for fraction in (0.25, 0.5, 0.75))
    noise = _ERROR_OF_MEDIAN * (high - low) / _SIGMA_OF_QUARTILES / np.sqrt(np.maximum(count, 1))
    known = count >= max(1, _FULL_ROW * count.max(initial=0))
    return np.where(known, middle, np.nan), np.where(known, noise, np.nan)


def _quantile(lines: np.ndarray, fraction: float) -> np.ndarray:
    """Quantile of lines that are sorted, NaN last; NaN of a line without finite values."""
    last = np.maximum(np.isfinite(lines).sum(axis=1) - 1, 0)
    return lines[np.arange(len(lines)), np.round(last * fraction).astype(int)].astype(float)


def _median(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else float("nan")

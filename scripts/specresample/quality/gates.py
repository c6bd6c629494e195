"""Gates: what must hold for every slit of a product (docs/specification.md, "Gates").

A gate compares a value with limits. Its result says ``passed``, ``failed`` or, with the reason,
``not measurable``. It judges a product and never keeps it back.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from specresample.quality.gate_results import FAILED, NOT_MEASURABLE, PASSED, GateResult

FLUX_LIMITS = 0.95, 1.05
WAVELENGTH_LIMITS = 0, 0
WCS_LIMITS = 0, 0.01
SIZE_LIMITS = 0.5, 3
NODS_LIMITS = 0, 0.5
OUTLIERS_LIMITS = 0, 0.2

# Size gate: rows and columns of a grid beyond the outermost pixel centres of the exposures.
_MARGIN = 2

# Nods gate: step between the shifts that are tried, in input pixels, and the largest of the shifts
# that are tried first.
_STEP = 0.02
_NEAR = 1.0
# Correlations above which two profiles show the same: at a small shift, and at any shift.
_ALIKE = 0.7
_SURELY_ALIKE = 0.9
# Standard error of a shift that is known well enough: a fifth of the limit.
_KNOWN = 0.1
_SIGNIFICANT = 5.0
_FEWEST_ROWS = 3
_CUT = "the trace lies at the end of the slit"

_Trace = tuple[np.ndarray, np.ndarray]  # the part of a profile above its median, and its noise


def flux_gate(
    measures: Sequence[np.ndarray],
    sci: np.ndarray,
    wht: np.ndarray,
    *,
    pixel_area: float,
    units: Sequence[object],
) -> GateResult:
    """Check that flux out is flux in, in the right units.

    The value is the factor that takes the profile of the input along the slit to the product's.
    Therefore background-subtracted nods can be measured, although their positive and negative
    traces cancel. The size of a pixel comes from the pixel map and not from the scale ratio that
    was applied.

    The limit is 5 %. Pixel scales vary by less along a spectrum, and the pixels that the edges of
    the grid cut change a profile by less. A wrong unit or scale ratio changes it by far more.

    Parameters
    ----------
    measures : sequence of ndarray
        Of every exposure, from `specresample.drizzling.profiles.measure_exposure`.
    sci, wht : ndarray, shape (rows, columns)
        Arrays of the product, wavelength along x.
    pixel_area : float
        Output over input pixel area for surface brightness, 1 for flux densities; NaN when not
        known, so that surface brightness itself is compared.
    units : sequence
        BUNIT of the product, then of every exposure.
    """
    if len(set(units)) > 1:
        reason = f"BUNIT {units[0]} was made of {', '.join(map(str, units[1:]))}"
        return GateResult(FAILED, FLUX_LIMITS, reason=reason)
    weight_in = np.sum([m["weight"] for m in measures], axis=0)
    flux_in = np.sum([m["flux"] for m in measures], axis=0)
    weights = wht.astype(float)
    weight_out, flux_out = weights.sum(axis=1), (weights * np.where(wht > 0, sci, 0)).sum(axis=1)
    rows = (weight_in > 0) & (weight_out > 0)
    # The pixel scales of a slit are the same in all exposures.
    scale = np.nanmedian([m["scale"] for m in measures])
    factor = 1.0 if np.isnan(pixel_area) else scale * pixel_area
    before = flux_in[rows] / weight_in[rows]
    after = flux_out[rows] / weight_out[rows] * factor
    weight = np.sqrt(weight_in[rows] * weight_out[rows])
    norm = (weight * before**2).sum()
    if not norm > 0:
        return GateResult(NOT_MEASURABLE, FLUX_LIMITS, reason="no flux on the grid")
    return _judge((weight * before * after).sum() / norm, FLUX_LIMITS)


def wavelength_gate(wavelengths: np.ndarray) -> GateResult:
    """Check that wavelengths rise, or fall, from pixel to pixel, in every row alike.

    A look-up of a wavelength would otherwise find the wrong pixel, or two pixels.

    Parameters
    ----------
    wavelengths : ndarray, shape (rows, columns)
        In um, along x; NaN where there is none.
    """
    steps = np.diff(wavelengths)
    steps = steps[np.isfinite(steps)]
    if not steps.size:
        return GateResult(FAILED, WAVELENGTH_LIMITS, reason="no two pixels have wavelengths")
    return _judge(steps.size - max((steps > 0).sum(), (steps < 0).sum()), WAVELENGTH_LIMITS)


def wcs_gate(pixels: np.ndarray, there_and_back: Sequence[np.ndarray]) -> GateResult:
    """Check that the WCS leads from a pixel to the sky and back to the same pixel.

    The limit is a hundredth of a pixel: far more than rounding (1e-8), far less than can be
    measured.

    Parameters
    ----------
    pixels : ndarray, shape (n, 2)
        Pixels of the output grid.
    there_and_back : sequence of ndarray, shape (n, 2)
        Where the ways back lead to: by the WCS's own inverse, and by the pixel map of the product.
    """
    if not len(pixels):
        return GateResult(FAILED, WCS_LIMITS, reason="no pixel has a place on the sky")
    distances = np.array([np.hypot(*(back - pixels).T) for back in there_and_back])
    if not np.isfinite(distances).all():
        lost = int((~np.isfinite(distances)).sum())
        return GateResult(
            FAILED, WCS_LIMITS, reason=f"{lost} of {distances.size} pixels do not come back"
        )
    return _judge(distances.max(initial=0), WCS_LIMITS)


def size_gate(
    shape: tuple[int, int], measures: Sequence[np.ndarray], axes: Sequence[int] = (0, 1)
) -> GateResult:
    """Check that the product is as large as its exposures need it.

    The value is that of the axis where it is worse. Below one half, not half of an exposure is on
    the product. Above three, the exposures of an association show different places, or the scale is
    wrong.

    Parameters
    ----------
    shape : tuple of int
        Of the product, across the dispersion and along it.
    measures : sequence of ndarray
        Of every exposure, from `specresample.drizzling.profiles.measure_exposure`.
    axes : sequence of int
        Axes that are judged, 0 across the dispersion and 1 along it: those whose size was not asked
        for.
    """
    if not axes:
        return GateResult(NOT_MEASURABLE, SIZE_LIMITS, reason="its shape was asked for")
    extents = np.array([m["extent"] for m in measures])
    extents = extents[np.isfinite(extents).all(axis=1)]
    if not len(extents):
        return GateResult(NOT_MEASURABLE, SIZE_LIMITS, reason="no exposure has a place on the grid")
    largest, together = extents.max(axis=0), extents.sum(axis=0) + _MARGIN
    ratios = [shape[i] / np.clip(shape[i], largest[i], together[i]) for i in axes]
    return _judge(max(ratios, key=lambda ratio: abs(np.log(ratio))), SIZE_LIMITS)


def nods_gate(exposures: Mapping[str, np.ndarray]) -> GateResult:
    """Check that exposures show their trace at the same place of the product.

    The profiles of the exposures are compared with that of the one with most signal. Only what is
    above the median of a profile counts, because subtracted nods leave negative traces at other
    places in each. The value is the distance in input pixels between the exposures that are
    farthest apart. Errors of pointing and of the centroid of undersampled traces (0.2) are smaller
    than the limit, and a larger shift broadens the combined trace.

    A shift of more than a pixel is believed when the profiles are alike with it and not without it,
    and when they do not simply follow the slit.

    Parameters
    ----------
    exposures : mapping of str to ndarray
        By exposure, from `specresample.drizzling.profiles.measure_exposure`.
    """
    if len(exposures) < 2:
        return GateResult(NOT_MEASURABLE, NODS_LIMITS, reason="one exposure")
    traces = {key: _trace(m) for key, m in exposures.items()}
    strength = {key: np.nanmax(s / n, initial=0) for key, (s, n) in traces.items()}
    best = max(strength, key=strength.get)
    if strength[best] < _SIGNIFICANT:
        return GateResult(NOT_MEASURABLE, NODS_LIMITS, reason="no trace is bright enough")
    if _is_cut(traces[best][0]):
        return GateResult(NOT_MEASURABLE, NODS_LIMITS, reason=_CUT)
    shifts, reasons = [0.0], []
    reference, scale = traces.pop(best), float(exposures[best]["scale"])
    for key, trace in traces.items():
        if strength[key] < _SIGNIFICANT:
            reasons.append("too little signal")
            continue
        if _is_cut(trace[0]):
            reasons.append(_CUT)
            continue
        shift, error = _trace_shift(reference, trace, scale)
        if np.isnan(shift):
            reasons.append("profiles are not alike")
        elif not (error <= _KNOWN or abs(shift) > NODS_LIMITS[1] + _SIGNIFICANT * error):
            reasons.append("too little signal")
        else:
            shifts.append(shift)
    if len(shifts) < 2:
        return GateResult(NOT_MEASURABLE, NODS_LIMITS, reason=reasons[0])
    return _judge(max(shifts) - min(shifts), NODS_LIMITS)


def outliers_gate(exposures: Sequence[tuple[int, int]]) -> GateResult:
    """Check that no exposure is an outlier as a whole.

    Parameters
    ----------
    exposures : sequence of (int, int)
        Outliers, and pixels that were compared.
    """
    shares = [outliers / compared for outliers, compared in exposures if compared]
    if not shares:
        return GateResult(NOT_MEASURABLE, OUTLIERS_LIMITS, reason="one exposure")
    return _judge(max(shares), OUTLIERS_LIMITS)


def _trace_shift(fixed: _Trace, other: _Trace, scale: float) -> tuple[float, float]:
    """Shift of a trace against another one, in input pixels, and its error.

    `scale` is rows to an input pixel. Both are NaN when the profiles are not alike at any shift.
    """
    (reference, reference_noise), (signal, noise) = fixed, other
    near = np.arange(-_NEAR, _NEAR + _STEP / 2, _STEP) * scale
    alike, shift = _correlate(reference, signal, near, _FEWEST_ROWS)
    # The best shift is no maximum when it is the last one that was tried.
    if not (alike >= _ALIKE and abs(shift) < (_NEAR - _STEP) * scale):
        rows = len(reference)
        # On few rows all profiles are alike at some shift.
        least = min(np.isfinite(profile).sum() for profile in (reference, signal)) / 2
        alike, shift = _correlate(reference, signal, np.arange(1.0 - rows, rows), least)
        slit = _middle(signal) - _middle(reference)
        follows_slit = abs(slit) > _NEAR * scale and abs(shift - slit) <= _NEAR * scale
        if not alike >= _SURELY_ALIKE or follows_slit:
            return float("nan"), float("nan")
        alike, shift = _correlate(reference, signal, shift + near, _FEWEST_ROWS)
    moved, moved_noise = _moved(reference, shift), _moved(reference_noise, shift)
    both = np.isfinite(moved) & np.isfinite(signal)
    amplitude = (moved[both] * signal[both]).sum() / (moved[both] ** 2).sum()
    slope = amplitude * np.gradient(np.nan_to_num(moved))[both]
    variance = noise[both] ** 2 + (amplitude * moved_noise[both]) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.nansum(slope**2 / variance)
    error = 1 / np.sqrt(information) if information > 0 else np.inf
    return shift / scale, error / scale


def _trace(measures: np.ndarray) -> _Trace:
    profile, noise = measures["profile"].copy(), measures["noise"]
    known = np.flatnonzero(np.isfinite(profile))
    base = np.median(profile[known]) if known.size else np.nan
    # A pixel at the end of the slit fills its outer row in part, and this row shows its middle.
    edge = int(np.ceil(np.nan_to_num(measures["scale"])))
    profile[known[:edge]] = profile[known[known.size - edge :]] = np.nan
    return np.clip(profile - base, 0, None), np.where(noise > 0, noise, np.nan)


def _is_cut(signal: np.ndarray) -> bool:
    """Whether the brightest row is the first or the last one."""
    known = np.flatnonzero(np.isfinite(signal))
    return int(np.nanargmax(signal)) in (known[0], known[-1])


def _correlate(
    reference: np.ndarray, signal: np.ndarray, shifts: np.ndarray, fewest_rows: float
) -> tuple[float, float]:
    """Best correlation of two profiles, and the shift of the signal that gives it."""
    moved = _moved(reference, shifts[:, None])
    both = np.isfinite(moved) & np.isfinite(signal)
    moved, fixed = np.where(both, moved, 0), np.where(both, signal, 0)
    norm = np.sqrt((moved**2).sum(axis=1) * (fixed**2).sum(axis=1))
    usable = (norm > 0) & (both.sum(axis=1) >= fewest_rows)
    if not usable.any():
        return 0.0, float("nan")
    correlation = np.divide(
        (moved * fixed).sum(axis=1), norm, out=np.full(len(shifts), -1.0), where=usable
    )
    best = int(np.argmax(correlation))
    return float(correlation[best]), float(shifts[best])


def _moved(profile: np.ndarray, shift: float | np.ndarray) -> np.ndarray:
    """Shift a profile by rows and parts of rows. It is NaN where it comes from beyond an end."""
    rows = np.arange(len(profile))
    return np.interp(rows - shift, rows, profile, left=np.nan, right=np.nan)


def _middle(profile: np.ndarray) -> float:
    known = np.flatnonzero(np.isfinite(profile))
    return (known[0] + known[-1]) / 2 if known.size else float("nan")


def _judge(value: float, limits: tuple[float, float]) -> GateResult:
    low, high = limits
    if not np.isfinite(value):
        return GateResult(FAILED, limits, reason="it is not a number")
    state = PASSED if low <= value <= high else FAILED
    return GateResult(state, limits, value=round(float(value), 6))

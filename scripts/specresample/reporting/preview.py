"""Pictures of products: every slit in full, or a contact sheet of many.

They are drawn from the product files. Only the profiles of the exposures come from the single
products, because a combined product does not hold them.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import compress, repeat, zip_longest
from pathlib import Path

import numpy as np
from matplotlib import colormaps, style
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import AsinhNorm, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from specresample.common.arrays import ArrayFile
from specresample.common.files import written_aside
from specresample.grids.product_grids import Source
from specresample.quality.extraction import signal_to_noise, spatial_profile, sum_rows
from specresample.quality.thumbnail import stretch
from specresample.s2d.read import Axis, RectifiedSlit

# Products with more slits are shown as a contact sheet.
SLITS_IN_FULL = 3

DPI = 100
_SLIT_SIZE = 14.0, 9.0  # inches
_SHEET_WIDTH = 14.0
_SHEET_HEAD = 0.5
_LINE = 31  # characters of text beside a slit

# Largest number of slits, thumbnails side by side, and height of a thumbnail in inches.
_SHEETS = ((4, 1, 2.0), (12, 2, 1.6), (60, 3, 1.2), (np.inf, 4, 1.0))

_NO_DATA = "0.82"  # grey, which the colour maps do not have
_COLOURS = colormaps["viridis"].with_extremes(bad=_NO_DATA)
_MAP_COLOURS = colormaps["cividis"].with_extremes(bad=_NO_DATA)

# Colours of Okabe & Ito, which everybody can tell apart. More exposures are all drawn alike.
_EXPOSURE_COLOURS = ("#E69F00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_ERROR_COLOUR = "#9AC8E8"
_ALARM = "#B03000"
_OUTLIER = {"fillstyle": "none", "markersize": 3.5, "markeredgewidth": 0.8}

_BEHIND_TEXT = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8}

# Columns whose error is more than this many times the median do not set the limits of the sum.
_USUAL_ERROR = 5.0


def sum_spectrum(slit: RectifiedSlit) -> tuple[np.ndarray, np.ndarray]:
    """Sum a slit over its spatial profile.

    Parameters
    ----------
    slit : RectifiedSlit

    Returns
    -------
    flux, error : ndarray, shape (columns,)
        In units of ``sum_unit``; NaN where there is no valid pixel.
    """
    flux, error = sum_rows(slit.sci, slit.err, slit.wht, slit.noise)
    return flux * slit.sum_factor, error * slit.sum_factor


def exposure_profiles(
    slit: RectifiedSlit, source: Source, singles: Mapping[str, ArrayFile]
) -> dict[str, np.ndarray]:
    """Profiles of the exposures that a slit of a product was combined from.

    Parameters
    ----------
    slit : RectifiedSlit
    source : Source
        The slit's source.
    singles : mapping of str to ArrayFile
        Drizzled arrays of every exposure of the product, by exposure.

    Returns
    -------
    dict of str to ndarray
        Profile by exposure, on the rows and in the unit of the slit.
    """
    profiles = {}
    for exposure in source.slits:
        arrays = singles[exposure].group(str(source.number))
        images = [arrays[name] for name in ("sci", "wht")]
        images = [image if slit.dispersion_axis == 1 else image.T for image in images]
        profiles[exposure] = slit.factor * spatial_profile(*images)
    return profiles


def outlier_places(
    slit: RectifiedSlit, source: Source, singles: Mapping[str, ArrayFile]
) -> dict[str, np.ndarray]:
    """Places of the outliers in the exposures that a slit of a product was combined from.

    Parameters
    ----------
    slit, source, singles
        As of `exposure_profiles`.

    Returns
    -------
    dict of str to ndarray, shape (2, n)
        Places by exposure, on the axes of the slit: along the dispersion and across it. Empty when
        outliers were not looked for.
    """
    edges, wavelengths = slit.offset.edges, source.grid.wavelength_image()
    along_x = slit.dispersion_axis == 1
    places = {}
    for exposure in source.slits:
        arrays = singles[exposure].group(str(source.number))
        if "outliers" not in arrays:
            continue
        x, y = (arrays["outliers"][name] for name in ("xy" if along_x else "yx"))
        if slit.wavelength.unit == "um":
            line = wavelengths[0] if along_x else wavelengths[:, 0]
            x = np.interp(x, np.arange(len(line)), line)
        places[exposure] = np.array([x, np.interp(y, np.arange(len(edges)) - 0.5, edges)])
    return places


# Pictures do not depend on the user's settings of matplotlib.
@style.context("default")
def preview(
    slits: Sequence[tuple[str, RectifiedSlit]],
    profiles: Sequence[Mapping[str, np.ndarray]] = (),
    outliers: Sequence[Mapping[str, np.ndarray]] = (),
) -> Figure:
    """Draw the slits of a product: a few in full, many as a contact sheet.

    Parameters
    ----------
    slits : sequence of tuple of str and RectifiedSlit
        File and slit.
    profiles : sequence of mapping of str to ndarray, optional
        Profile of every exposure, as `exposure_profiles` makes them, for every slit.
    outliers : sequence of mapping of str to ndarray, optional
        Outliers of every exposure, as `outlier_places` finds them, for every slit.

    Returns
    -------
    Figure
    """
    profiles = profiles or [{}] * len(slits)
    outliers = outliers or [{}] * len(slits)
    if not 1 <= len(slits) <= SLITS_IN_FULL:
        return _contact_sheet(slits, outliers)
    width, height = _SLIT_SIZE
    figure = Figure(figsize=(width, height * len(slits)))
    parts = figure.subfigures(len(slits), 1, squeeze=False)[:, 0]
    for part, (file, slit), exposures, places in zip(parts, slits, profiles, outliers, strict=True):
        _draw_slit(part, slit, title=file, exposures=exposures, outliers=places)
    return figure


def _draw_slit(
    figure: Figure | SubFigure,
    slit: RectifiedSlit,
    *,
    title: str,
    exposures: Mapping[str, np.ndarray],
    outliers: Mapping[str, np.ndarray],
) -> None:
    """Draw everything about a slit: spectrum, weight, context, profiles and sum."""
    edge = {"bottom": 0.065, "top": 0.9, "hspace": 0.08, "height_ratios": (1, 1.5, 0.75, 0.75)}
    left = figure.add_gridspec(
        4, 2, left=0.065, right=0.725, wspace=0.02, width_ratios=(1, 0.015), **edge
    )
    right = figure.add_gridspec(4, 1, left=0.805, right=0.985, **edge)
    spectrum = figure.add_subplot(left[0, 0], label="sum")
    science = figure.add_subplot(left[1, 0], sharex=spectrum, label="SCI")
    weight = figure.add_subplot(left[2, 0], sharex=spectrum, sharey=science, label="WHT")
    context = figure.add_subplot(left[3, 0], sharex=spectrum, sharey=science, label="CON")
    profile = figure.add_subplot(right[1], sharey=science, label="profile")
    bars = [figure.add_subplot(left[row, 1], label="colour bar") for row in (1, 2, 3)]
    for axes in (spectrum, science, weight):
        axes.tick_params(labelbottom=False)
    context.set_xlabel(_axis_label(slit.wavelength, "wavelength"))

    flux, error = sum_spectrum(slit)
    _draw_sum(spectrum, slit, flux, error)
    _draw_science(science, bars[0], slit)
    _draw_weight(weight, bars[1], slit)
    _draw_context(context, bars[2], slit)
    _draw_outliers(context, outliers)
    _draw_profiles(profile, slit, exposures)
    science.set_xlim(*slit.wavelength.edges[[0, -1]])
    science.set_ylim(*slit.offset.edges[[0, -1]])

    figure.text(0.065, 0.962, slit.label, size=15, weight="bold", va="center")
    figure.text(0.065, 0.934, title, size=10, color="0.35", va="center")
    facts = [line if len(line) <= _LINE else f"{line[: _LINE - 1]}…" for line in slit.about]
    facts.append(f"{slit.n_exposures} {'exposure' if slit.n_exposures == 1 else 'exposures'}")
    facts.append(f"median {_quality(flux, error)}")
    if outliers:
        facts.append(_count(outliers))
    figure.text(0.805, 0.9, "\n".join(facts), size=10, va="top", linespacing=1.5)
    remarks = "\n".join(slit.remarks)
    figure.text(0.805, 0.065, remarks, size=10, color=_ALARM, va="bottom", linespacing=1.5)


def _contact_sheet(
    slits: Sequence[tuple[str, RectifiedSlit]], outliers: Sequence[Mapping[str, np.ndarray]]
) -> Figure:
    """Draw thumbnails of many slits, as high as they need."""
    columns, inches = next(
        (columns, inches) for most, columns, inches in _SHEETS if len(slits) <= most
    )
    height = _SHEET_HEAD + max(1, math.ceil(len(slits) / columns)) * inches
    figure = Figure(figsize=(_SHEET_WIDTH, height))
    title, labels = _title_and_labels(slits)
    note = f"{len(slits)} slits; S/N: median over all pixels of the sum"
    head = {"y": 1 - 0.25 / height, "va": "center"}
    figure.text(0.02, s=title, size=13, weight="bold", **head)
    figure.text(0.98, s=note if slits else "no slit to show", ha="right", **head)
    width = 0.98 / columns
    for number, ((_, slit), label) in enumerate(zip(slits, labels, strict=True)):
        row, column = divmod(number, columns)
        bottom = 1 - (_SHEET_HEAD + (row + 1) * inches - 0.05) / height
        axes = figure.add_axes(
            (0.02 + column * width, bottom, width - 0.02, (inches - 0.35) / height), label=label
        )
        _draw_thumbnail(axes, label, slit)
        if outliers[number]:
            corner = {"transform": axes.transAxes, "ha": "right", "va": "bottom"}
            axes.text(0.995, 0.03, _count(outliers[number]), size=7, bbox=_BEHIND_TEXT, **corner)
    return figure


def _title_and_labels(slits: Sequence[tuple[str, RectifiedSlit]]) -> tuple[str, list[str]]:
    """Give what files and slits have in common, and what tells them apart."""
    files = [file for file, _ in slits]
    of_slits = [slit.label for _, slit in slits]
    if len(set(files)) <= 1:
        return "".join(files[:1]), of_slits
    common, of_files = split_names(files)
    several = len(set(files)) < len(files)
    labels = [" ".join(names) for names in zip(of_files, of_slits, strict=True)]
    return common or f"{len(set(files))} files", labels if several else of_files


@style.context("default")
def write_preview(path: str | Path, figure: Figure) -> None:
    """Write a picture as PNG, whole or not at all. Equal pictures give equal bytes.

    Parameters
    ----------
    path : str or Path
    figure : Figure
    """
    with written_aside(path) as aside:
        figure.savefig(aside, format="png", dpi=DPI, metadata={"Software": None})


def _draw_sum(axes: Axes, slit: RectifiedSlit, flux: np.ndarray, error: np.ndarray) -> None:
    edges, known = slit.wavelength.edges, np.isfinite(error)
    axes.axhline(0, color="0.7", linewidth=0.8)
    if known.any():
        axes.stairs(flux + error, edges, baseline=flux - error, fill=True, color=_ERROR_COLOUR)
    axes.stairs(flux, edges, baseline=None, color="black", linewidth=1)
    axes.set_ylabel(f"sum ({slit.sum_unit})" if slit.sum_unit else "sum")
    # Columns with large errors, as at the ends of a slit, would hide all others.
    usual = np.isfinite(flux)
    if known.any():
        usual &= error <= _USUAL_ERROR * np.median(error[known])
    if usual.any():
        axes.set_ylim(*_with_margin(flux[usual]))
    else:
        _say(axes, "nothing to sum")


def _draw_science(axes: Axes, bar: Axes, slit: RectifiedSlit) -> None:
    axes.set_ylabel(_axis_label(slit.offset, "offset"))
    norm = AsinhNorm(*stretch(slit.sci))
    image = _draw_image(axes, slit, slit.sci, cmap=_COLOURS, norm=norm)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    _say_what_is_odd(axes, slit.sci)
    # Evenly spaced on the bar, because the usual ticks of this stretch crowd around zero.
    ticks = {float(f"{value:.2g}") for value in norm.inverse(np.linspace(0.04, 0.96, 6))}
    axes.figure.colorbar(
        image, cax=bar, ticks=sorted(ticks), format="%g", extend="both", label=slit.unit or "SCI"
    )
    bar.minorticks_off()


def _draw_weight(axes: Axes, bar: Axes, slit: RectifiedSlit) -> None:
    axes.set_ylabel("weight (WHT)")
    weight = np.where(slit.wht > 0, slit.wht, np.nan)
    norm = Normalize(0, stretch(weight)[-1])
    image = _draw_image(axes, slit, weight, cmap=_MAP_COLOURS, norm=norm)
    axes.figure.colorbar(image, cax=bar, extend="max", format="%.3g")
    if np.isnan(weight).all():
        _say(axes, "no pixel has weight")


def _draw_context(axes: Axes, bar: Axes, slit: RectifiedSlit) -> None:
    axes.set_ylabel("exposures (CON)")
    counts = np.where(slit.contributions > 0, slit.contributions, np.nan)
    most = max(slit.n_exposures, 1)
    colours, norm = _MAP_COLOURS.resampled(most), Normalize(0.5, most + 0.5)
    image = _draw_image(axes, slit, counts, cmap=colours, norm=norm)
    axes.figure.colorbar(image, cax=bar, ticks=MaxNLocator(5, integer=True, min_n_ticks=1))
    if np.isnan(counts).all():
        _say(axes, "no exposure contributes")


def _draw_outliers(axes: Axes, outliers: Mapping[str, np.ndarray]) -> None:
    few = len(outliers) <= len(_EXPOSURE_COLOURS)
    colours = _EXPOSURE_COLOURS if few else repeat(_ALARM)
    for (exposure, places), colour in zip(outliers.items(), colours, strict=False):
        axes.plot(*places, "o", **_OUTLIER, color=colour, label=exposure)


def _count(outliers: Mapping[str, np.ndarray]) -> str:
    """Say how many outliers exposures have: each, where these are few."""
    counts = [places.shape[1] for places in outliers.values()]
    few = 1 < len(counts) <= len(_EXPOSURE_COLOURS)
    return f"outliers: {', '.join(map(str, counts)) if few else sum(counts)}"


def _draw_profiles(axes: Axes, slit: RectifiedSlit, exposures: Mapping[str, np.ndarray]) -> None:
    combined = spatial_profile(slit.sci, slit.wht)
    axes.axvline(0, color="0.7", linewidth=0.8)
    if slit.offset.unit == "arcsec":
        axes.axhline(0, color="0.7", linewidth=0.8, linestyle=":")
    stairs = partial(axes.stairs, edges=slit.offset.edges, baseline=None, orientation="horizontal")
    stairs(combined, color="black", linewidth=2.5, label="product")
    few = len(exposures) <= len(_EXPOSURE_COLOURS)
    names = split_names(list(exposures))[1] if few else [f"{len(exposures)} exposures"]
    for name, profile, colour in zip_longest(
        names, exposures.values(), _EXPOSURE_COLOURS[: len(exposures)] if few else ()
    ):
        stairs(
            profile,
            color=colour or _ERROR_COLOUR,
            linewidth=1.2 if few else 0.6,
            label=name,
            zorder=3 if few else 1,
        )
    axes.set_xlabel(f"mean ({slit.unit})" if slit.unit else "mean")
    axes.tick_params(labelleft=False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    # Rows at the ends of a slit have few pixels and much noise.
    filled = np.isfinite(slit.sci).sum(axis=1)
    usual = filled >= 0.5 * filled.max()
    drawn = np.array([combined, *exposures.values()])[:, usual]
    if np.isfinite(drawn).any():
        axes.set_xlim(*_with_margin(drawn[np.isfinite(drawn)]))
    else:
        _say(axes, "no profile")
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0, -0.2),
        borderaxespad=0,
        frameon=False,
        fontsize=9,
        title="profiles along the slit",
        title_fontsize=9,
        alignment="left",
    )


def _draw_thumbnail(axes: Axes, label: str, slit: RectifiedSlit) -> None:
    axes.set(xticks=[], yticks=[])
    axes.pcolorfast(slit.sci, cmap=_COLOURS, norm=AsinhNorm(*stretch(slit.sci)))
    _say_what_is_odd(axes, slit.sci)
    first, last = slit.wavelength.edges[[0, -1]]
    span = f"{first:.2f}-{last:.2f} µm" if slit.wavelength.unit == "um" else ""
    axes.set_title(label, size=8, loc="left", pad=3)
    axes.set_title(f"{span}   {_quality(*sum_spectrum(slit))}", size=8, loc="right", pad=3)


def _draw_image(
    axes: Axes, slit: RectifiedSlit, values: np.ndarray, **colours: object
) -> ScalarMappable:
    return axes.pcolorfast(slit.wavelength.edges, slit.offset.edges, values, **colours)


def _with_margin(values: np.ndarray) -> tuple[float, float]:
    low, high = min(values.min(), 0), max(values.max(), 0)
    margin = 0.08 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _say_what_is_odd(axes: Axes, values: np.ndarray) -> None:
    known = values[np.isfinite(values)]
    if known.size == 0:
        _say(axes, "no valid pixel")
    elif known.min() == known.max():
        _say(axes, f"all valid pixels are {known[0]:.4g}")


def _say(axes: Axes, text: str) -> None:
    middle = {"transform": axes.transAxes, "ha": "center", "va": "center"}
    axes.text(0.5, 0.5, text, color=_ALARM, zorder=5, bbox=_BEHIND_TEXT, **middle)


def _axis_label(axis: Axis, name: str) -> str:
    return f"{name} ({'µm' if axis.unit == 'um' else axis.unit})"


def _quality(flux: np.ndarray, error: np.ndarray) -> str:
    ratio = signal_to_noise(flux, error)
    # Adding zero takes the sign from -0.0.
    return f"S/N {round(ratio, 1) + 0.0}" if np.isfinite(ratio) else "S/N unknown"


def split_names(names: Sequence[str]) -> tuple[str, list[str]]:
    """Split names into the parts between underscores that all share and those that tell them apart.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    common : str
        Empty when the names are not built alike.
    distinct : list of str

    Examples
    --------
    >>> split_names(["jw01_00001_nrs1", "jw01_00002_nrs1"])
    ('jw01_nrs1', ['00001', '00002'])
    """
    parts = [name.split("_") for name in names]
    if len(set(names)) < 2 or len(set(map(len, parts))) > 1:
        return "", list(names)
    differing = [len(set(column)) > 1 for column in zip(*parts, strict=True)]
    common = (part for part, differs in zip(parts[0], differing, strict=True) if not differs)
    return "_".join(common), ["_".join(compress(each, differing)) for each in parts]

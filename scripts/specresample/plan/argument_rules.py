"""Which arguments go together: what no schema says of a single one."""

from collections.abc import Iterator, Mapping

from specresample.plan.configuration import argument_schemas

# Kinds of `wavelength_grid`. Any other value is the path of a table.
SPACINGS = ("native", "linear", "log")

# The kinds that an argument goes with.
_KINDS = {
    "wavelength_range": ("linear", "log"),
    "wavelength_step": ("linear",),
    "resolving_power": ("log",),
    "spectral_oversampling": SPACINGS,
    "fill_gap": SPACINGS,
}


def table_file(arguments: Mapping[str, object]) -> str | None:
    """Return the path of the table of wavelengths, None where no table is asked for.

    Parameters
    ----------
    arguments : mapping
        Arguments of a product.
    """
    grid = arguments["wavelength_grid"]
    return None if grid in SPACINGS else grid


def misfits(arguments: Mapping[str, object]) -> Iterator[str]:
    """Find arguments that do not go together.

    Parameters
    ----------
    arguments : mapping
        All arguments of a product, each valid by itself.

    Yields
    ------
    str
        An argument, its value and what it needs.
    """
    for key, need in [*_errors(arguments), *_wavelengths(arguments)]:
        yield f"{key} = {arguments[key]!r}: {need}"


def _errors(arguments: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Give wrong arguments of errors and outliers, and what they need."""
    is_reference = arguments["errors"] == "reference"
    if arguments["single"] and not is_reference:
        yield "errors", "with single: true products have no variances, only jwst's ERR"
    if arguments["covariance"] and is_reference:
        yield "covariance", "it needs errors pixel or aperture, which it belongs to"
    if arguments["save_crf"] and not arguments["outlier_detection"]:
        yield "save_crf", "it needs outlier_detection: true, which finds the flags"


def _wavelengths(arguments: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Give wrong arguments of wavelengths, and what they need."""
    kind = "table" if table_file(arguments) else arguments["wavelength_grid"]
    known = argument_schemas()
    given = [key for key in _KINDS if arguments[key] != known[key]["default"]]
    for key in given:
        if kind not in _KINDS[key]:
            yield key, f"it needs wavelength_grid {' or '.join(_KINDS[key])}"
    for key in ("wavelength_step", "resolving_power"):
        if key in given and "spectral_oversampling" in given:
            yield "spectral_oversampling", f"it divides the native steps, {key} gives others"
    if "wavelength_range" in given:
        low, high = arguments["wavelength_range"]
        if low >= high:
            yield "wavelength_range", "the first wavelength must be less than the second"
    if arguments["output_wcs"] and (kind != "native" or given):
        yield (given or ["wavelength_grid"])[0], "output_wcs has wavelengths of its own"
    if arguments["output_shape"] and (kind == "table" or "wavelength_range" in given):
        key = "wavelength_grid" if kind == "table" else "wavelength_range"
        yield key, "it says how many wavelengths there are, and so does output_shape"

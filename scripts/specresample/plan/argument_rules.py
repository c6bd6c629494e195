"""Which arguments go together: what no schema says of a single one."""

from collections.abc import Iterator, Mapping

from specresample.plan.configuration import ARGUMENTS

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
    for key, is_wrong, need in [*_errors(arguments), *_wavelengths(arguments)]:
        if is_wrong:
            yield f"{key} = {arguments[key]!r}: {need}"


def _errors(arguments: Mapping[str, object]) -> Iterator[tuple[str, object, str]]:
    """Give rules of errors and outliers: argument, whether it is wrong, what it needs."""
    is_reference = arguments["errors"] == "reference"
    need = "with single: true products have no variances, only jwst's ERR"
    yield "errors", not is_reference and arguments["single"], need
    need = "it needs errors pixel or aperture, which it belongs to"
    yield "covariance", is_reference and arguments["covariance"], need
    need = "it needs outlier_detection: true, which finds the flags"
    yield "save_crf", arguments["save_crf"] and not arguments["outlier_detection"], need


def _wavelengths(arguments: Mapping[str, object]) -> Iterator[tuple[str, object, str]]:
    """Give rules of wavelengths."""
    kind = "table" if table_file(arguments) else arguments["wavelength_grid"]
    given = [key for key in _KINDS if arguments[key] != ARGUMENTS[key]["default"]]
    for key in given:
        yield key, kind not in _KINDS[key], f"it needs wavelength_grid {' or '.join(_KINDS[key])}"
    for key in ("wavelength_step", "resolving_power"):
        need = f"it divides the native steps, {key} gives others"
        yield "spectral_oversampling", {key, "spectral_oversampling"} <= {*given}, need
    if "wavelength_range" in given:
        low, high = arguments["wavelength_range"]
        need = "the first wavelength must be less than the second"
        yield "wavelength_range", low >= high, need
    if arguments["output_wcs"]:
        need = "output_wcs has wavelengths of its own"
        yield (given or ["wavelength_grid"])[0], kind != "native" or given, need
    if arguments["output_shape"]:
        need = "it says how many wavelengths there are, and so does output_shape"
        yield "wavelength_grid", kind == "table", need
        yield "wavelength_range", kind != "table" and "wavelength_range" in given, need

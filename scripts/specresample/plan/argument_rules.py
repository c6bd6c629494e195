"""Which arguments go together: what no schema says of a single one."""

from collections.abc import Iterator, Mapping, Sequence

# Kinds of `wavelength_grid`. Any other value is the path of a table.
SPACINGS = ("native", "linear", "log")


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
    yield from _misfits_of_errors(arguments)
    yield from _misfits_of_wavelengths(arguments)
    if arguments["save_crf"] and not arguments["outlier_detection"]:
        yield _misfit(
            arguments, "save_crf", "it needs outlier_detection: true, which finds the flags"
        )


def _misfits_of_errors(arguments: Mapping[str, object]) -> Iterator[str]:
    if arguments["errors"] != "reference" and arguments["single"]:
        yield _misfit(
            arguments, "errors", "with single: true products have no variances, only jwst's ERR"
        )
    if arguments["covariance"] and arguments["errors"] == "reference":
        yield _misfit(
            arguments, "covariance", "it needs errors pixel or aperture, which it belongs to"
        )


def _misfits_of_wavelengths(arguments: Mapping[str, object]) -> Iterator[str]:
    kind = "table" if table_file(arguments) else arguments["wavelength_grid"]
    given = {
        "wavelength_range": arguments["wavelength_range"] is not None,
        "wavelength_step": arguments["wavelength_step"] is not None,
        "resolving_power": arguments["resolving_power"] is not None,
        "spectral_oversampling": arguments["spectral_oversampling"] > 1,
        "fill_gap": arguments["fill_gap"],
    }
    for key, kinds in (
        ("wavelength_range", ("linear", "log")),
        ("wavelength_step", ("linear",)),
        ("resolving_power", ("log",)),
        ("spectral_oversampling", SPACINGS),
        ("fill_gap", SPACINGS),
    ):
        if given[key] and kind not in kinds:
            yield _misfit(arguments, key, f"it needs wavelength_grid {' or '.join(kinds)}")
    for key in ("wavelength_step", "resolving_power"):
        if given[key] and given["spectral_oversampling"]:
            need = f"it divides the native steps, {key} gives others"
            yield _misfit(arguments, "spectral_oversampling", need)
    if given["wavelength_range"] and not _rises(arguments["wavelength_range"]):
        need = "the first wavelength must be less than the second"
        yield _misfit(arguments, "wavelength_range", need)
    if arguments["output_wcs"] and (kind != "native" or any(given.values())):
        first = next((key for key, is_given in given.items() if is_given), "wavelength_grid")
        yield _misfit(arguments, first, "output_wcs has wavelengths of its own")
    if arguments["output_shape"] and (given["wavelength_range"] or kind == "table"):
        first = "wavelength_grid" if kind == "table" else "wavelength_range"
        need = "it says how many wavelengths there are, and so does output_shape"
        yield _misfit(arguments, first, need)


def _misfit(arguments: Mapping[str, object], key: str, need: str) -> str:
    return f"{key} = {arguments[key]!r}: {need}"


def _rises(limits: Sequence[float]) -> bool:
    low, high = limits
    return low < high

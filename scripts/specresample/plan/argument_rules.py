"""Which arguments go together: what no schema says of a single one."""

from collections.abc import Iterator, Mapping

# Kinds of `wavelength_grid`; whatever else is given is the path of a table.
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
    grid = arguments["wavelength_grid"]
    kind = grid if grid in SPACINGS else "table"
    given = {
        "wavelength_range": arguments["wavelength_range"] is not None,
        "wavelength_step": arguments["wavelength_step"] is not None,
        "resolving_power": arguments["resolving_power"] is not None,
        "spectral_oversampling": arguments["spectral_oversampling"] > 1,
        "fill_gap": arguments["fill_gap"],
    }

    def misfit(key: str, need: str) -> str:
        return f"{key} = {arguments[key]!r}: {need}"

    for key, kinds in (
        ("wavelength_range", ("linear", "log")),
        ("wavelength_step", ("linear",)),
        ("resolving_power", ("log",)),
        ("spectral_oversampling", SPACINGS),
        ("fill_gap", SPACINGS),
    ):
        if given[key] and kind not in kinds:
            yield misfit(key, f"it needs wavelength_grid {' or '.join(kinds)}")
    for key in ("wavelength_step", "resolving_power"):
        if given[key] and given["spectral_oversampling"]:
            yield misfit(
                "spectral_oversampling", f"it divides the native steps, {key} gives others"
            )
    if given["wavelength_range"] and not _rises(arguments["wavelength_range"]):
        yield misfit("wavelength_range", "the first wavelength must be less than the second")
    if arguments["output_wcs"] and (kind != "native" or any(given.values())):
        first = next((key for key, is_given in given.items() if is_given), "wavelength_grid")
        yield misfit(first, "output_wcs has wavelengths of its own")
    if arguments["output_shape"] and (given["wavelength_range"] or kind == "table"):
        first = "wavelength_grid" if kind == "table" else "wavelength_range"
        yield misfit(first, "it says how many wavelengths there are, and so does output_shape")


def _rises(limits: object) -> bool:
    low, high = limits
    return low < high

"""Which arguments go together: what no schema says of a single one."""

from collections.abc import Iterator, Mapping


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

    def misfit(key: str, need: str) -> str:
        return f"{key} = {arguments[key]!r}: {need}"

    if arguments["errors"] != "reference" and arguments["single"]:
        yield misfit("errors", "with single: true products have no variances, only jwst's ERR")
    if arguments["covariance"] and arguments["errors"] == "reference":
        yield misfit("covariance", "it needs errors pixel or aperture, which it belongs to")

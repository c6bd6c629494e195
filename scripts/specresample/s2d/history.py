"""Lines of history that a product carries: software, arguments, inputs."""

import json
from collections.abc import Mapping
from pathlib import Path

from specresample.common.names import header_text
from specresample.common.versions import software_versions

# Arguments that a product depends on. It states them.
PRODUCT_ARGUMENTS = (
    "pixel_scale_ratio",
    "pixel_scale",
    "pixfrac",
    "kernel",
    "fillval",
    "weight_type",
    "propagate_dq",
    "blendheaders",
)

# Arguments beyond the reference, and their defaults. A product states what differs from these, so
# that one which asks for nothing is the same as without them.
BEYOND_ARGUMENTS = {
    "errors": "reference",
    "covariance": False,
    "outlier_detection": False,
    "preset": "none",
    "wavelength_grid": "native",
    "wavelength_range": None,
    "wavelength_step": None,
    "resolving_power": None,
    "spectral_oversampling": 1,
    "fill_gap": False,
}

OUTLIER_ARGUMENTS = ("outlier_snr", "outlier_scale", "outlier_maskpt", "outlier_backg")


def asked_beyond(arguments: Mapping[str, object]) -> dict[str, object]:
    """Arguments beyond the reference that a product states: those that are not at their defaults.

    Parameters
    ----------
    arguments : mapping
        All arguments of the product.

    Returns
    -------
    dict
        Value by argument, with ``outlier_detection`` also all limits; of a table of wavelengths the
        file's name, and of a range both ends in one text, because a keyword has one value.
    """
    names = [name for name, default in BEYOND_ARGUMENTS.items() if arguments[name] != default]
    if arguments["outlier_detection"]:
        names += OUTLIER_ARGUMENTS
    asked = {name: arguments[name] for name in names}
    if "wavelength_grid" in asked:
        asked["wavelength_grid"] = header_text(Path(asked["wavelength_grid"]).name)
    if "wavelength_range" in asked:
        asked["wavelength_range"] = "{} {}".format(*asked["wavelength_range"])
    return asked


def product_history(arguments: Mapping[str, object], digests: Mapping[str, str]) -> list[str]:
    """Lines of history that a product carries, wherever and whenever it is made.

    Parameters
    ----------
    arguments : mapping
        All arguments of the product.
    digests : mapping of str to str
        SHA-256 digest of every input by its file name.

    Returns
    -------
    list of str
        Software, arguments, inputs and their checksums. A checksum fills a line.
    """
    stated = {name: arguments[name] for name in PRODUCT_ARGUMENTS} | asked_beyond(arguments)
    software = ", ".join(f"{name} {version}" for name, version in software_versions().items())
    return [
        f"Resampled by {software}",
        f"Arguments: {json.dumps(stated, sort_keys=True)}",
        *(
            line
            for file, digest in digests.items()
            for line in (f"Input: {header_text(file)}", f"sha256 {digest}")
        ),
    ]

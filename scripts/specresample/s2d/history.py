"""Lines of history that a product carries: software, arguments, inputs."""

import json
from collections.abc import Mapping
from pathlib import Path

from specresample.common.names import header_text
from specresample.common.versions import software_versions

# Arguments that a product depends on, whatever the steps that made it: those that it states.
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


def product_history(
    arguments: Mapping[str, object],
    exposures: Mapping[str, dict],
    output_wcs: Mapping[str, str] | None,
) -> list[str]:
    """Lines of history that a product carries.

    Nothing in them depends on where or when the product is made.

    Parameters
    ----------
    arguments : mapping
        The documented arguments.
    exposures : mapping of str to dict
        Prepared exposures by key.
    output_wcs : mapping or None
        Name and digest of a grid that was handed in.

    Returns
    -------
    list of str
        Software, arguments, inputs and, on lines of their own for they fill one, checksums.
    """
    stated = {name: arguments[name] for name in PRODUCT_ARGUMENTS}
    software = ", ".join(f"{name} {version}" for name, version in software_versions().items())
    return [
        f"Resampled by {software}",
        f"Arguments: {json.dumps(stated, sort_keys=True)}",
        *(
            line
            for entry in (*exposures.values(), *([output_wcs] if output_wcs else []))
            for line in (
                f"Input: {header_text(Path(entry['file']).name)}",
                f"sha256 {entry['sha256']}",
            )
        ),
    ]

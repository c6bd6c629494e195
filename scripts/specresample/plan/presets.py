"""Presets: arguments that an observatory runs with, which depend on the instrument."""

import re

from specresample.common.errors import ResampleError
from specresample.common.names import exposure_name
from specresample.plan.association import Product

# By instrument, what differs from the defaults. Level 3 of fixed slits and MOS, as its logs tell.
_PRESETS = {
    "stsci": {
        "nrs": {"weight_type": "exptime", "outlier_maskpt": 0.0, "outlier_scale": "3.0 2.0"},
        "mir": {},
    },
}

# A detector, as the observatory names exposures: jw..._nrs1_cal.fits, jw..._mirimage_cal.fits.
_DETECTOR = re.compile("_(nrs|mir)[a-z0-9]*(?:_|$)")


def preset_arguments(preset: str, product: Product) -> dict[str, object]:
    """Arguments of a product by a preset.

    Parameters
    ----------
    preset : str
        Name of the preset.
    product : Product

    Returns
    -------
    dict
        Value by argument, of those that the preset changes.

    Raises
    ------
    ResampleError
        When they depend on the instrument, and names of exposures do not tell it.
    """
    if preset == "none":
        return {}
    names = [exposure_name(path) for path in product.exposures]
    found = {match[1] for match in map(_DETECTOR.search, names) if match}
    if len(found) != 1:
        raise ResampleError(
            f"config: preset = {preset!r}: the names of the exposures of product {product.name} "
            "do not tell one instrument: give it the arguments themselves"
        )
    return _PRESETS[preset][found.pop()]

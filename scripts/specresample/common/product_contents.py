"""What a product consists of, once its grids are laid out."""

from dataclasses import dataclass

from specresample.common.json_record import JsonRecord


@dataclass(frozen=True)
class ProductContents(JsonRecord):
    """Files of a product, and the exposures that are in it.

    Attributes
    ----------
    files : tuple of str
        Paths below the folder of all products, without ``_s2d.fits``; none when the product is
        skipped.
    exposures : tuple of str
        Keys of the exposures with a slit that can be resampled.
    """

    files: tuple[str, ...]
    exposures: tuple[str, ...]

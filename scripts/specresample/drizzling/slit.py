"""Drizzle a slit onto the output grid of its source (docs/specification.md, "Drizzling")."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from drizzle.resample import Drizzle

VARIANCES = ("var_rnoise", "var_poisson", "var_flat")


@dataclass(frozen=True)
class OntoGrid:
    """How the images of a slit are drizzled onto an output grid.

    Attributes
    ----------
    weights : ndarray of float32, shape (ny, nx)
        Weight map; 0 excludes a pixel.
    pixmap : ndarray, shape (ny, nx, 2)
        Where the pixel centres fall on the output grid: x and y, in this order.
    shape : tuple of int
        Shape of the output grid, numpy order.
    pixfrac : float
        Fraction by which input pixels shrink; 0 makes points of them.
    kernel : str
        ``square`` or ``point``.
    intensity_scale : float
        Factor for flux-density data, because the spatial pixel scale changes.
    """

    weights: np.ndarray
    pixmap: np.ndarray
    shape: tuple[int, int]
    pixfrac: float
    kernel: str
    intensity_scale: float = 1.0

    def drizzle(
        self, image: np.ndarray, outputs: Mapping[str, object], **images: object
    ) -> Drizzle:
        """Drizzle an image, and what goes with it into other outputs."""
        drizzle = Drizzle(
            kernel=self.kernel, fillval="NaN", out_shape=self.shape, disable_ctx=True, **outputs
        )
        if self._has_area:
            drizzle.add_image(
                image,
                exptime=1.0,  # only counted by drizzle, for data in counts per second
                pixmap=self.pixmap,
                weight_map=self.weights,
                iscale=self.intensity_scale,
                pixfrac=self.pixfrac,
                in_units="cps",
                **images,
            )
        return drizzle

    @cached_property
    def _has_area(self) -> bool:
        """Whether two rows and two columns have a place on the grid. drizzle refuses less."""
        placed = np.isfinite(self.pixmap).all(axis=-1)
        return placed.any(axis=0).sum() > 1 and placed.any(axis=1).sum() > 1


def drizzle_slit(arrays: Mapping[str, np.ndarray], onto: OntoGrid) -> dict[str, np.ndarray]:
    """Drizzle the arrays of one slit onto an output grid.

    Parameters
    ----------
    arrays : mapping of str to ndarray, shape (ny, nx)
        ``sci`` and any of ``err``, the variances and ``dq``.
    onto : OntoGrid

    Returns
    -------
    dict of str to ndarray
        Arrays of the given names and ``wht``, in the output grid: weighted means of the input,
        NaN without weight (float32). A variance is the square of the drizzled error. ``dq``, when
        given, is the bitwise OR of contributing pixels.
    """
    dq = {"dq": arrays["dq"]} if "dq" in arrays else {}
    outputs = {"out_dq": np.zeros(onto.shape, np.uint32)} if dq else {}
    drizzled = onto.drizzle(arrays["sci"], outputs, **dq)
    out = {"sci": drizzled.out_img, "wht": drizzled.out_wht}
    if dq:
        out["dq"] = drizzled.out_dq
    if "err" in arrays:
        out["err"] = onto.drizzle(arrays["err"], {}).out_img
    for name in (name for name in VARIANCES if name in arrays):
        with np.errstate(invalid="ignore"):  # a negative variance is none, and NaN in the output
            root = np.sqrt(arrays[name])
        out[name] = onto.drizzle(root, {}).out_img ** 2
    return out

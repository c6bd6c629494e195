"""An output grid that is handed in (spec: "A grid handed in")."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import asdf
import gwcs
import numpy as np

from specresample.errors import ResampleError
from specresample.sky import separation


@dataclass
class CustomGrid:
    """A grid given by a GWCS.

    Attributes
    ----------
    file : str
        ASDF file with the GWCS.
    wcs : gwcs.WCS
        From pixels to RA, Dec (degrees) and wavelength (um).
    shape : tuple of int
        (ny, nx).
    pixel_area : float or None
        Pixel area in steradian, when the file gives it.
    """

    file: str
    wcs: gwcs.WCS
    shape: tuple[int, int]
    pixel_area: float | None

    kind = "custom"

    def to_dict(self) -> dict:
        """Plain values for a JSON file."""
        return {"kind": self.kind, "file": self.file, "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, values: dict) -> "CustomGrid":
        """Read the grid again that `to_dict` describes."""
        return cls.read(values["file"], values["shape"][::-1])

    @classmethod
    def read(cls, file: str | Path, output_shape: Sequence[int] | None) -> "CustomGrid":
        """Read a grid.

        Parameters
        ----------
        file : str or Path
            ASDF file with a GWCS under the key ``wcs``.
        output_shape : sequence of int or None
            Shape (nx, ny) that goes before all that the file says.

        Returns
        -------
        CustomGrid

        Raises
        ------
        ResampleError
            When the file or its WCS is not usable, or no shape is known.
        """
        asdf.get_config().validate_on_read = False
        try:
            with asdf.open(file, lazy_load=False, memmap=False) as tree:
                keys = ("wcs", "pixel_area", "pixel_shape", "array_shape")
                wcs, area, pixel_shape, array_shape = (tree.tree.get(key) for key in keys)
        except Exception as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise ResampleError(f"output_wcs {file}: not readable as ASDF ({reason})") from error
        _check(wcs, file)
        candidates = (
            output_shape and output_shape[::-1],
            wcs.array_shape,
            pixel_shape and pixel_shape[::-1],
            array_shape,
            _box_shape(wcs),
        )
        shape = next((tuple(map(int, c)) for c in candidates if c is not None), None)
        if shape is None:
            raise ResampleError(
                f"output_wcs {file}: no shape is known: give output_shape, or a WCS with "
                "array_shape or bounding_box, or pixel_shape or array_shape in the file"
            )
        if min(shape) < 1:
            raise ResampleError(f"output_wcs {file}: shape {shape} has no pixels")
        wcs.array_shape = shape
        return cls(str(file), wcs, shape, None if area is None else float(area))

    @property
    def celestial(self) -> bool:
        """Whether the grid is on the sky."""
        return any(str(unit) in ("deg", "arcsec") for unit in self.wcs.output_frame.unit)

    @cached_property
    def slit_positions(self) -> tuple[float, ...] | None:
        """Slit y of every row, where the WCS has a slit frame."""
        if "slit_frame" not in self.wcs.available_frames:
            return None
        to_slit = self.wcs.get_transform(self.wcs.available_frames[0], "slit_frame")
        rows = np.arange(self.shape[0], dtype=float)
        positions = to_slit(np.full_like(rows, self.shape[1] // 2), rows)[1]
        return tuple(positions.tolist()) if np.isfinite(positions).all() else None

    def pixel_scale(self, dispersion_axis: int) -> float | None:
        """Spatial pixel scale at the centre of the grid.

        Parameters
        ----------
        dispersion_axis : int
            1 when wavelength runs along x, 2 along y.

        Returns
        -------
        float or None
            In arcsec; None where the WCS gives no value.
        """
        x, y = np.mean(self._box(), axis=1)
        dx, dy = (0, 1) if dispersion_axis == 1 else (1, 0)
        ra, dec, _ = self.wcs([x, x + dx], [y, y + dy], with_bounding_box=False)
        scale = 3600 * float(separation(ra[0], dec[0], ra[1], dec[1]))
        return scale if np.isfinite(scale) and scale > 0 else None

    def sky(self) -> tuple[np.ndarray, np.ndarray]:
        """RA and Dec of the pixels in degrees, from one corner to the opposite one.

        Pixels beyond the bounding box of the WCS, which have none, are left out.
        """
        sky = self._world[:2].reshape(2, -1)
        return tuple(sky[:, np.isfinite(sky).all(axis=0)])

    def wavelength_image(self) -> np.ndarray:
        """Wavelength of every pixel in um, float64, shape (ny, nx)."""
        return self._world[2]

    def pixel_map(self, coordinates: np.ndarray) -> np.ndarray:
        """Where the centres of input pixels fall on the grid.

        Parameters
        ----------
        coordinates : ndarray, shape (3, ...)
            World coordinates of the input pixels; NaN where invalid.

        Returns
        -------
        ndarray, shape (..., 2)
            x and y in pixels of the grid, in this order.

        Raises
        ------
        ResampleError
            When the WCS has no inverse.
        """
        try:
            return np.stack(self.wcs.invert(*coordinates, with_bounding_box=False), axis=-1)
        except (NotImplementedError, ValueError, TypeError) as error:
            raise ResampleError(
                f"output_wcs {self.file}: its WCS has no usable inverse ({error})"
            ) from error

    def overlaps(self, summaries: Sequence[dict]) -> bool:
        """Whether some pixel of the input may fall onto the grid.

        Parameters
        ----------
        summaries : sequence of dict
            Summary (`specresample.world.summarise`) of a slit in every exposure.

        Returns
        -------
        bool
            False when the boxes around both, in pixels of the grid, are apart.
        """
        pixels = []
        for summary in summaries:
            sky = np.array(summary.get("hull", summary["centre"]))
            wavelengths = np.array(summary["wavelengths"])
            points = np.concatenate(
                [
                    np.repeat(sky, wavelengths.size, axis=1),
                    np.tile(wavelengths, sky.shape[1])[None],
                ]
            )
            pixels.append(self.pixel_map(points))
        found = np.concatenate(pixels)
        found = found[np.isfinite(found).all(axis=1)]
        size = np.array(self.shape[::-1])
        return len(found) > 0 and bool(
            np.all((found.max(axis=0) >= -0.5) & (found.min(axis=0) <= size - 0.5))
        )

    @cached_property
    def _world(self) -> np.ndarray:
        y, x = np.mgrid[: self.shape[0], : self.shape[1]].astype(float)
        return np.array(self.wcs(x, y))

    def _box(self) -> np.ndarray:
        if self.wcs.bounding_box is None:
            return np.array([(-0.5, self.shape[1] - 0.5), (-0.5, self.shape[0] - 0.5)])
        return np.array(self.wcs.bounding_box.bounding_box(order="F"), float)


def _check(wcs: object, file: str | Path) -> None:
    if not isinstance(wcs, gwcs.WCS):
        raise ResampleError(f"output_wcs {file}: no GWCS under the key wcs")
    axes = tuple(getattr(wcs.output_frame, "axes_type", ()) or ())
    if len(axes) != 3 or "SPECTRAL" not in axes or wcs.forward_transform.n_inputs != 2:
        raise ResampleError(
            f"output_wcs {file}: a WCS from two pixel axes to RA, Dec and wavelength is needed, "
            f"this one gives {', '.join(axes) or 'no known axes'}"
        )


def _box_shape(wcs: gwcs.WCS) -> tuple[int, ...] | None:
    if wcs.bounding_box is None:
        return None
    return tuple(int(high + 0.5) for _, high in wcs.bounding_box.bounding_box(order="C"))

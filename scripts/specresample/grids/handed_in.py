"""An output grid that is handed in (docs/specification.md, "A grid handed in")."""

import io
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import asdf
import gwcs
import numpy as np

from specresample.common.errors import ResampleError, refusing
from specresample.common.limits import MAX_PIXELS
from specresample.common.sky import separation
from specresample.footprint.prepared import FootprintSummary
from specresample.level2b.asdf_tree import parse_tree, read_file
from specresample.level2b.installed import convert

_LATTICE = 9  # points along each axis at which a WCS is tried
_MAX_ERROR = 0.5  # pixels that it may miss by
_WHOLE_SKY = 4 * np.pi  # steradian


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
    written : dict
        Nodes of an ASDF file with the GWCS, which is under the key ``wcs``.
    """

    file: str
    wcs: gwcs.WCS
    shape: tuple[int, int]
    pixel_area: float | None
    written: dict

    kind = "custom"
    spacing = "free"
    limits = None
    as_reference = True

    def to_json(self) -> dict:
        """Plain values for a JSON file."""
        return {"kind": self.kind, "file": self.file, "shape": list(self.shape)}

    @classmethod
    def from_json(cls, values: Mapping) -> "CustomGrid":
        """Read the grid again that `to_json` describes."""
        return _read_again(values["file"], *values["shape"])

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
            When the file or its WCS is not usable, or no shape is known; names the file.
        """
        try:
            with refusing("not readable as ASDF"):
                tree = read_file(file)
                wcs = convert(tree.get("wcs"))
            with refusing("its WCS is not usable"):
                _check_axes(wcs)
                candidates = {
                    "output_shape": _reversed(output_shape),
                    "array_shape of its WCS": wcs.array_shape,
                    "pixel_shape": _reversed(tree.get("pixel_shape")),
                    "array_shape": tree.get("array_shape"),
                    "bounding_box": _box_shape(wcs),
                }
                shape = _shape(candidates)
                _check_inverse(wcs, shape)
                wcs.array_shape = shape
                area = _pixel_area(tree.get("pixel_area"))
                # It goes into the product, and asdf validates what it writes.
                return cls(str(file), wcs, shape, area, _written(wcs))
        except ResampleError as error:
            raise ResampleError(f"output_wcs {file}: {error}") from error

    @property
    def extensions(self) -> list[str]:
        """URIs of the ASDF extensions that the GWCS needs, sorted."""
        extensions = self.written["history"]["extensions"]
        return sorted(entry.value["extension_uri"] for entry in extensions)

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
        """Spatial pixel scale at the centre of the grid; see `Grid.pixel_scale`."""
        x, y = np.subtract(self.shape[::-1], 1) / 2
        if self.wcs.bounding_box is not None:
            x, y = np.mean(self.wcs.bounding_box.bounding_box(order="F"), axis=1)
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
        """Where input pixels fall on the grid; see `Grid.pixel_map`."""
        with refusing(f"output_wcs {self.file}: its WCS has no usable inverse"):
            return np.stack(self.wcs.invert(*coordinates, with_bounding_box=False), axis=-1)

    def overlaps(self, summaries: Sequence[FootprintSummary]) -> bool:
        """Whether some pixel of the input may fall onto the grid.

        Parameters
        ----------
        summaries : sequence of FootprintSummary
            Of a slit in every exposure. The boxes around all of them and around the grid, in pixels
            of the grid, are compared.
        """
        pixels = []
        for summary in summaries:
            sky, wavelengths = np.array(summary.hull or summary.centre), summary.wavelengths
            ra, dec = np.repeat(sky, len(wavelengths), axis=1)
            pixels.append(self.pixel_map(np.array([ra, dec, np.tile(wavelengths, sky.shape[1])])))
        found = np.concatenate(pixels)
        found = found[np.isfinite(found).all(axis=1)]
        last = np.array(self.shape[::-1]) - 0.5
        # Where no point has a pixel, the extremes are infinite, and nothing overlaps.
        low, high = found.min(axis=0, initial=np.inf), found.max(axis=0, initial=-np.inf)
        return bool(np.all((high >= -0.5) & (low <= last)))

    @cached_property
    def _world(self) -> np.ndarray:
        y, x = np.mgrid[: self.shape[0], : self.shape[1]].astype(float)
        return np.array(self.wcs(x, y))


# All sources of a product have the same grid.
@lru_cache(maxsize=4)
def _read_again(file: str, ny: int, nx: int) -> CustomGrid:
    return CustomGrid.read(file, (nx, ny))


def _written(wcs: gwcs.WCS) -> dict:
    buffer = io.BytesIO()
    asdf.AsdfFile({"wcs": wcs}).write_to(buffer)
    return parse_tree(buffer.getvalue())


def _check_axes(wcs: object) -> None:
    if not isinstance(wcs, gwcs.WCS):
        raise ResampleError("no GWCS under the key wcs")
    axes = tuple(getattr(wcs.output_frame, "axes_type", ()) or ())
    if len(axes) != 3 or axes[2] != "SPECTRAL" or wcs.forward_transform.n_inputs != 2:
        raise ResampleError(
            "a WCS from two pixel axes to RA, Dec and wavelength is needed, "
            f"this one gives {', '.join(map(str, axes)) or 'no known axes'}"
        )


def _check_inverse(wcs: gwcs.WCS, shape: tuple[int, int]) -> None:
    """Refuse a WCS that does not lead back from the world to the pixel it came from."""
    y, x = (n.ravel() for n in np.meshgrid(*(np.linspace(0, n - 1, _LATTICE) for n in shape)))
    with np.errstate(all="ignore"):
        world = np.array(wcs(x, y, with_bounding_box=False), float)
        finite = np.isfinite(world).all(axis=0)
        if not finite.any():
            raise ResampleError("its WCS gives no finite world coordinates")
        back = np.array(wcs.invert(*world[:, finite], with_bounding_box=False), float)
    error = np.hypot(*(back - [x[finite], y[finite]]))
    if not np.nanmax(error, initial=-1.0) <= _MAX_ERROR or np.isnan(error).all():
        raise ResampleError("its WCS has no usable inverse: pixels do not come back to their place")


def _shape(candidates: Mapping[str, object]) -> tuple[int, int]:
    """First shape (ny, nx) that is given, of those by their names."""
    name = next((name for name, value in candidates.items() if value is not None), None)
    if name is None:
        raise ResampleError(
            "no shape is known: give output_shape, or a WCS with array_shape or bounding_box, or "
            "pixel_shape or array_shape in the file"
        )
    value = candidates[name]
    try:
        ny, nx = map(operator.index, value)
    except (TypeError, ValueError) as error:
        raise ResampleError(f"{name} {_shown(value)} is not two whole numbers") from error
    if min(ny, nx) < 1 or ny * nx > MAX_PIXELS:
        raise ResampleError(
            f"{name} asks for {nx} x {ny} pixels: at least one and at most {MAX_PIXELS} are allowed"
        )
    return ny, nx


def _reversed(shape: object) -> object:
    return shape[::-1] if isinstance(shape, Sequence) else shape


def _box_shape(wcs: gwcs.WCS) -> tuple[int, ...] | None:
    if wcs.bounding_box is None:
        return None
    return tuple(int(high + 0.5) for _, high in wcs.bounding_box.bounding_box(order="C"))


def _pixel_area(area: object) -> float | None:
    if area is None:
        return None
    if type(area) not in (int, float) or not 0 < area <= _WHOLE_SKY:
        raise ResampleError(f"pixel_area {_shown(area)} is no solid angle in steradian")
    return float(area)


def _shown(value: object) -> str:
    return " ".join(str(value).split())[:100]

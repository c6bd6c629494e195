"""The WCS of a slit, read from the nodes of its GWCS."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from specresample.common.asdf_format import Tagged
from specresample.level2b.transforms import Coordinates, Transform, TransformReader, through

# Types of the axes of frames that do not state them.
_AXES_TYPES = {
    "celestial_frame": ("SPATIAL", "SPATIAL"),
    "frame2d": ("SPATIAL", "SPATIAL"),
    "spectral_frame": ("SPECTRAL",),
}


@dataclass(frozen=True)
class SlitWcs:
    """A WCS from detector pixels to the world, by way of frames.

    Attributes
    ----------
    frames : tuple of str
        Names of the frames, the detector's first.
    transforms : tuple of Transform
        From each frame to the next.
    axes_types : tuple of str
        Of the last frame, such as ``SPATIAL`` and ``SPECTRAL``.
    units : tuple of str
        Of the last frame.
    bounding_box : ndarray, shape (2, 2), or None
        Lower and upper limit in x, then in y, in pixels.
    """

    frames: tuple[str, ...]
    transforms: tuple[Transform, ...]
    axes_types: tuple[str, ...]
    units: tuple[str, ...]
    bounding_box: np.ndarray | None

    def __call__(self, *coordinates: np.ndarray) -> Coordinates:
        """Transform pixels to the world; the bounding box does not count."""
        return through(self.transforms, coordinates)

    def invert(self, *coordinates: np.ndarray) -> Coordinates:
        """Transform the world to pixels; NotImplementedError where there is no way back."""
        return through((transform.inverse for transform in self.transforms[::-1]), coordinates)

    def contains(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether pixels are inside of the bounding box, or of anything where there is none."""
        if self.bounding_box is None:
            return np.ones(np.shape(x), bool)
        (x0, x1), (y0, y1) = self.bounding_box
        return (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)


def read_wcs(node: object, reader: TransformReader) -> SlitWcs:
    """Read a WCS.

    Parameters
    ----------
    node : object
        Part of a tree (`specresample.level2b.asdf_tree.parse_tree`).
    reader : TransformReader
        Of the same tree.

    Returns
    -------
    SlitWcs

    Raises
    ------
    Exception
        Of any kind, when the node describes none.
    """
    if not isinstance(node, Tagged) or _kind(node) != "wcs":
        raise ValueError("it is no GWCS")
    steps = [step.value for step in node.value["steps"]]
    frames = [step["frame"] for step in steps]
    axes_types, units = _axes(frames[-1])
    return SlitWcs(
        frames=tuple(map(_name, frames)),
        transforms=tuple(reader.read(step["transform"]) for step in steps[:-1]),
        axes_types=axes_types,
        units=units,
        bounding_box=_bounding_box(steps[0]["transform"].value),
    )


def _kind(node: Tagged) -> str:
    return node.tag.rpartition("-")[0].removeprefix("tag:stsci.edu:gwcs/")


def _name(frame: object) -> str:
    return frame.value["name"] if isinstance(frame, Tagged) else str(frame)


def _axes(frame: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give types and units of the axes of a frame. A frame that is only a name has none."""
    if not isinstance(frame, Tagged):
        return (), ()
    if _kind(frame) == "composite_frame":
        types, units = zip(*map(_axes, frame.value["frames"]), strict=True)
        return sum(types, ()), sum(units, ())
    types = _AXES_TYPES.get(_kind(frame)) or frame.value["axes_type"]
    return tuple(types), tuple(unit.value for unit in frame.value["unit"])


def _bounding_box(transform: Mapping) -> np.ndarray | None:
    box = transform.get("bounding_box")
    if box is None:
        return None
    if isinstance(box, Tagged):
        intervals = box.value["intervals"]
        box = [intervals[name] for name in transform["inputs"]]
    else:
        # Of files without names, whose limits are in numpy's order of axes.
        box = box[::-1]
    limits = np.array(box, float)
    if limits.shape != (2, 2):
        raise ValueError(f"its bounding box has limits of shape {limits.shape}")
    return limits

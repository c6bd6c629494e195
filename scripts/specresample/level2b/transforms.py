"""The transforms that the WCSs of slit spectra consist of, as arithmetic.

The models of astropy, gwcs and stdatamodels compute the same, to the last bit. To import them takes
longer than all else about a small exposure, and to call them longer than to compute. What is not
known here is left to them (`specresample.level2b.installed`).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce

import numpy as np

from specresample.common.asdf_format import Tagged
from specresample.level2b.installed import convert

Coordinates = tuple[np.ndarray, ...]

_RADIAN = np.rad2deg(1.0)  # in degrees


def _no_inverse() -> "Transform":
    raise NotImplementedError("it has no inverse")


@dataclass(frozen=True)
class Transform:
    """A transform of coordinates.

    Attributes
    ----------
    n_inputs : int
        Number of coordinates that it takes.
    evaluate : callable
        Takes coordinates, float64 arrays of one shape or numbers, and gives a tuple of them.
    invert : callable
        Makes its inverse.
    """

    n_inputs: int
    evaluate: Callable[..., Coordinates]
    invert: Callable[[], "Transform"] = _no_inverse

    def __call__(self, *coordinates: np.ndarray) -> Coordinates:
        """Transform coordinates."""
        return self.evaluate(*coordinates)

    @cached_property
    def inverse(self) -> "Transform":
        """The inverse transform; NotImplementedError where there is none."""
        return self.invert()


def _both_ways(n_inputs: int, there: Callable, n_outputs: int, back: Callable) -> Transform:
    """Make a transform of two functions that are each other's inverse."""
    return Transform(n_inputs, there, lambda: _both_ways(n_outputs, back, n_inputs, there))


def through(transforms: Iterable[Transform], coordinates: Iterable[np.ndarray]) -> Coordinates:
    """Take coordinates through transforms, one after another."""
    for transform in transforms:
        coordinates = transform(*coordinates)
    return coordinates


class UnknownKindError(Exception):
    """A transform is of a kind that is not known here, or states its numbers in another way."""


def _number(value: object) -> float:
    """Give the number that a node states; numbers with units are unknown here."""
    if isinstance(value, Tagged | np.ndarray):
        raise UnknownKindError
    return float(value)


def _numbers(values: Sequence) -> list[float]:
    return [*map(_number, values)]


# ---- combinations --------------------------------------------------------------------------------


def _compose(left: Transform, right: Transform) -> Transform:
    """Put one transform after another."""
    return Transform(
        left.n_inputs,
        lambda *coordinates: right.evaluate(*left.evaluate(*coordinates)),
        lambda: _compose(right.inverse, left.inverse),
    )


def _concatenate(left: Transform, right: Transform) -> Transform:
    """Put two transforms beside each other."""
    n = left.n_inputs
    return Transform(
        n + right.n_inputs,
        lambda *coordinates: left.evaluate(*coordinates[:n]) + right.evaluate(*coordinates[n:]),
        lambda: _concatenate(left.inverse, right.inverse),
    )


def _arithmetic(operation: Callable, left: Transform, right: Transform) -> Transform:
    """Combine what two transforms give."""

    def evaluate(*coordinates: np.ndarray) -> Coordinates:
        pairs = zip(left.evaluate(*coordinates), right.evaluate(*coordinates), strict=True)
        return tuple(operation(a, b) for a, b in pairs)

    return Transform(left.n_inputs, evaluate)


_COMBINATIONS = {
    "asdf/transform/compose": _compose,
    "asdf/transform/concatenate": _concatenate,
    "asdf/transform/add": partial(_arithmetic, np.add),
    "asdf/transform/subtract": partial(_arithmetic, np.subtract),
    "asdf/transform/multiply": partial(_arithmetic, np.multiply),
    "asdf/transform/divide": partial(_arithmetic, np.divide),
}


# ---- axes, single coordinates --------------------------------------------------------------------


def _mapping(indices: Sequence[int], n_inputs: int | None = None) -> Transform:
    """Reorder, repeat or drop coordinates, by the numbers of the inputs that the outputs are."""
    n = max(indices) + 1 if n_inputs is None else n_inputs

    def inverse() -> Transform:
        if not set(range(n)) <= set(indices):
            return _no_inverse()
        return _mapping([indices.index(i) for i in range(n)], len(indices))

    return Transform(n, lambda *coordinates: tuple(coordinates[i] for i in indices), inverse)


def _shift(offset: float) -> Transform:
    return Transform(1, lambda x: (x + offset,), lambda: _shift(-offset))


def _scale(factor: float) -> Transform:
    return Transform(1, lambda x: (factor * x,), lambda: _scale(1 / factor))


def _line(slope: float, intercept: float) -> Transform:
    return Transform(
        1, lambda x: (slope * x + intercept,), lambda: _line(1 / slope, -intercept / slope)
    )


def _constant(node: Mapping) -> Transform:
    value = _number(node["value"])
    if node.get("dimensions", 1) != 1:
        raise UnknownKindError
    return Transform(1, lambda x: (value * np.ones_like(x),))


def _logical(node: Mapping) -> Transform:
    """Replace values that a comparison finds."""
    names = {"GT": np.greater, "LT": np.less, "EQ": np.equal, "NE": np.not_equal}
    compare = names[node["condition"].upper()]
    bound, value = _number(node["compareto"]), _number(node["value"])
    return Transform(1, lambda x: (np.where(~np.isnan(x) & compare(x, bound), value, x),))


def _tabular(node: Mapping) -> Transform:
    values = np.array(node["lookup_table"])
    if values.ndim != 1 or node["method"] != "linear":
        raise UnknownKindError
    fill = node.get("fill_value")
    fill = None if fill is None else _number(fill)
    return _table(np.array(node["points"][0]), values, fill, bounded=bool(node["bounds_error"]))


def _table(
    points: np.ndarray, values: np.ndarray, fill: float | None, *, bounded: bool
) -> Transform:
    """Interpolate linearly between the points of a table.

    Outside of them is the value ``fill`` (None continues the outer segments), or an error.
    """
    if points.ndim != 1 or points.shape != values.shape or points.size < 2:
        raise ValueError(f"a table of {values.shape} values at {points.shape} points")
    points, values = points.astype(float), values.astype(np.result_type(values, np.float32))
    order = slice(None, None, 1 if points[0] < points[-1] else -1)
    nodes, heights = points[order], values[order]
    if not (np.diff(nodes) > 0).all():
        raise ValueError("a table whose points are not in order")

    def evaluate(x: np.ndarray) -> Coordinates:
        outside = (x < nodes[0]) | (x > nodes[-1])
        if bounded and np.any(outside):
            raise ValueError("a coordinate outside of a table")
        segment = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2)
        part = (x - nodes[segment]) / (nodes[segment + 1] - nodes[segment])
        y = heights[segment] * (1 - part) + heights[segment + 1] * part
        return (y if fill is None else np.where(outside, fill, y),)

    def inverse() -> Transform:
        steps = np.diff(values)
        if not ((steps > 0).all() or (steps < 0).all()):
            return _no_inverse()
        return _table(values, points, fill, bounded=bounded)

    return Transform(1, evaluate, inverse)


# ---- polynomials ---------------------------------------------------------------------------------


def _polynomial(node: Mapping) -> Transform:
    coefficients = np.array(node["coefficients"], float)
    if coefficients.ndim == 1:
        to_window = _window(node.get("domain"), node.get("window"))
        return Transform(1, lambda x: (_horner(coefficients, to_window(x)),))
    if coefficients.ndim != 2 or len(set(coefficients.shape)) != 1:
        raise ValueError(f"coefficients of shape {coefficients.shape} for a polynomial")
    domains, windows = (node.get(name) or (None, None) for name in ("domain", "window"))
    x_to_window, y_to_window = map(_window, domains, windows)
    return Transform(2, lambda x, y: (_horner_2d(coefficients, x_to_window(x), y_to_window(y)),))


def _window(
    domain: Sequence[float] | None, window: Sequence[float] | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Map the domain of a polynomial to its window."""
    (d0, d1), (w0, w1) = (map(_number, pair or (-1, 1)) for pair in (domain, window))
    factor = (w1 - w0) / (d1 - d0)
    offset = (w0 * d1 - w1 * d0) / (d1 - d0)
    return lambda x: offset + factor * x


def _horner(coefficients: np.ndarray, x: np.ndarray) -> np.ndarray:
    total = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = coefficient + total * x
    return total


def _horner_2d(coefficients: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Evaluate the terms of a polynomial up to its total degree."""
    degree = len(coefficients) - 1
    total = np.zeros_like(x)
    for j in range(degree, -1, -1):
        row = np.zeros_like(x)
        for i in range(degree - j, 0, -1):
            row += coefficients[i, j]
            row *= x
        row += coefficients[0, j]
        total += row
        if j:
            total *= y
    return total


# ---- planes and rotations ------------------------------------------------------------------------


def _multiplied(matrix: np.ndarray, *vector: np.ndarray) -> Coordinates:
    product = np.dot(matrix, np.stack([np.ravel(component) for component in vector]))
    return tuple(component.reshape(np.shape(vector[0])) for component in product)


def _affine(matrix: np.ndarray, translation: np.ndarray) -> Transform:
    """Multiply points of a plane by a matrix, and move them."""
    if matrix.shape != (2, 2) or translation.shape != (2,):
        raise ValueError(f"a plane's matrix of shape {matrix.shape}")
    augmented = np.array([[*matrix[0], translation[0]], [*matrix[1], translation[1]], [0, 0, 1]])

    def inverse() -> Transform:
        back = np.linalg.inv(matrix)
        return _affine(back, -np.dot(back, translation))

    return Transform(2, lambda x, y: _multiplied(augmented, x, y, np.ones_like(x))[:2], inverse)


def _rotation_2d(angle: float) -> Transform:
    """Rotate points of a plane counter-clockwise by an angle in degrees."""
    radians = np.deg2rad(angle)
    sine, cosine = math.sin(radians), math.cos(radians)
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    return Transform(
        2, lambda x, y: _multiplied(matrix, x, y), lambda: _rotation_2d(-np.rad2deg(radians))
    )


def _rotate_sequence(node: Mapping) -> Transform:
    if node["rotation_type"] != "cartesian":
        raise UnknownKindError
    return _rotation_sequence(_numbers(node["angles"]), node["axes_order"])


def _rotation_sequence(angles: Sequence[float], axes: str) -> Transform:
    """Rotate vectors about one axis, x, y or z, after another; angles in degrees."""
    radians = np.deg2rad(angles)
    matrices = [_rotation_matrix(*pair) for pair in zip(radians, axes, strict=True)]
    matrix = reduce(np.matmul, matrices[::-1])
    return Transform(
        3,
        lambda x, y, z: _multiplied(matrix, x, y, z),
        lambda: _rotation_sequence(-np.rad2deg(radians)[::-1], axes[::-1]),
    )


def _rotation_matrix(angle: float, axis: str) -> np.ndarray:
    i = "xyz".index(axis)
    first, second = (i + 1) % 3, (i + 2) % 3
    matrix = np.identity(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = np.sin(angle), -np.sin(angle)
    return matrix


def _unit_rotations(angles: Sequence[float], axes: str) -> Transform:
    """Rotate unit vectors with positive z about axes; as `_rotation_sequence` (NIRSpec)."""
    radians = np.deg2rad(angles)
    turns = [
        (axis, np.sin(angle), np.cos(angle)) for angle, axis in zip(radians, axes, strict=True)
    ]
    if not set(axes) <= set("xyz"):
        raise ValueError(f"rotation axes {axes}")

    def evaluate(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Coordinates:
        for axis, sine, cosine in turns:
            if axis == "x":
                y = y * cosine + z * sine
            elif axis == "y":
                x = x * cosine - z * sine
            else:
                x, y = x * cosine + y * sine, -x * sine + y * cosine
            z = np.sqrt(1 - x**2 - y**2)
        return x, y, z

    return Transform(3, evaluate, lambda: _unit_rotations(-np.rad2deg(radians)[::-1], axes[::-1]))


def _to_vector(longitude: np.ndarray, latitude: np.ndarray) -> Coordinates:
    longitude, latitude = np.deg2rad(longitude), np.deg2rad(latitude)
    cosine = np.cos(latitude)
    return cosine * np.cos(longitude), cosine * np.sin(longitude), np.sin(latitude)


def _vector_of_angles(wrap: int) -> Transform:
    """Give vectors of longitudes and latitudes in degrees; the inverse wraps longitudes."""
    if wrap not in (180, 360):
        raise ValueError(f"longitudes that are wrapped at {wrap}")

    def to_angles(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Coordinates:
        height = np.hypot(x, y)
        longitude = np.where(height == 0, 0.0, np.rad2deg(np.arctan2(y, x)))
        if wrap == 360:
            longitude = np.mod(longitude, 360.0)
        return longitude, np.rad2deg(np.arctan2(z, height))

    return _both_ways(2, _to_vector, 3, to_angles)


def _spherical_cartesian(node: Mapping) -> Transform:
    vector = _vector_of_angles(node["wrap_lon_at"])
    directions = {"spherical_to_cartesian": vector, "cartesian_to_spherical": vector.inverse}
    return directions[node["transform_type"]]


# Native longitude and latitude of points of a tangent plane, and back, all in degrees: Calabretta &
# Greisen 2002, A&A 395, 1077, equations 14, 15 and 55.


def _from_plane(x: np.ndarray, y: np.ndarray) -> Coordinates:
    radius = np.hypot(x, y)
    return np.rad2deg(np.arctan2(x, -y)), np.rad2deg(np.arctan2(_RADIAN, radius))


def _to_plane(longitude: np.ndarray, latitude: np.ndarray) -> Coordinates:
    longitude, radius = np.deg2rad(longitude), _RADIAN / np.tan(np.deg2rad(latitude))
    return radius * np.sin(longitude), -radius * np.cos(longitude)


_SKY_OF_PLANE = _both_ways(2, _from_plane, 2, _to_plane)
_GNOMONIC = {"pix2sky": _SKY_OF_PLANE, "sky2pix": _SKY_OF_PLANE.inverse}


def _rotate3d(node: Mapping) -> Transform:
    """Rotate native to celestial longitudes and latitudes in degrees, or back.

    Calabretta & Greisen 2002, A&A 395, 1077, section 2.3.
    """
    # Celestial longitude and latitude of the native pole, native longitude of the celestial one.
    longitude, latitude, pole = _numbers([node["phi"], node["theta"], node["psi"]])
    to_celestial = _turned([pole - 90, latitude - 90, -90 - longitude], 360)
    to_native = _turned([90 + longitude, 90 - latitude, 90 - pole], 180)
    if node["direction"] == "native2celestial":
        return _both_ways(2, to_celestial, 2, to_native)
    if node["direction"] == "celestial2native":
        return _both_ways(2, to_native, 2, to_celestial)
    raise UnknownKindError


def _turned(angles: Sequence[float], wrap: int) -> Transform:
    vector = _vector_of_angles(wrap)
    return _compose(_compose(vector, _rotation_sequence(angles, "zxz")), vector.inverse)


# ---- optics of NIRSpec ---------------------------------------------------------------------------


def _to_cosines(x: np.ndarray, y: np.ndarray) -> Coordinates:
    """Direction cosines of (x, y, 1)."""
    length = np.sqrt(1.0 + x**2 + y**2)
    return x / length, y / length, 1.0 / length


def _from_cosines(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Coordinates:
    return x / z, y / z


_TO_COSINES = _both_ways(2, _to_cosines, 3, _from_cosines)
_COORDS = {
    "unitless2directional": _TO_COSINES,
    "to_dircos": _TO_COSINES,
    "directional2unitless": _TO_COSINES.inverse,
    "from_dircos": _TO_COSINES.inverse,
}


def _grating_equation(node: Mapping) -> Transform:
    density, order = _number(node["groove_density"]), _number(node["order"])

    def angles(wavelength: np.ndarray, x: np.ndarray, y: np.ndarray) -> Coordinates:
        x = -density * order * wavelength + x
        return x, -y, np.sqrt(1 - x**2 - y**2)

    transforms = {
        "wavelength": Transform(2, lambda x_in, x_out: ((x_in + x_out) / (density * order),)),
        "angle": Transform(3, angles),
    }
    return transforms[node["output"]]


def _refraction_index(node: Mapping) -> Transform:
    """Refraction index of a prism of a ray that comes back from its rear."""
    angle = np.deg2rad(_number(node["prism_angle"]))
    sine, cosine = math.sin(angle), math.cos(angle)

    def evaluate(x_in: np.ndarray, y_in: np.ndarray, x_out: np.ndarray) -> Coordinates:
        inside = (x_out + x_in * (1 - 2 * sine**2)) / (2 * sine * cosine)
        return (np.sqrt(inside**2 + x_in**2 + y_in**2),)

    return Transform(3, evaluate)


def _snell(node: Mapping) -> Transform:
    """Through the front of a prism, to its rear, which is a mirror, and out again."""
    strengths, resonances = _numbers(node["kcoef"]), _numbers(node["lcoef"])
    # The prism is about as cold as its glass when it was measured. A warm one needs corrections.
    if _number(node["temp"]) - _number(node["ref_temp"]) >= 20:
        raise UnknownKindError
    angle = _number(node["prism_angle"])
    to_rear, to_front = _unit_rotations([angle], "y"), _unit_rotations([-angle], "y")

    def refraction_index(wavelength: np.ndarray) -> np.ndarray:
        """Against wavelength in um, by Sellmeier's equation."""
        square = wavelength**2
        terms = (s * square / (square - r) for s, r in zip(strengths, resonances, strict=True))
        return np.sqrt(sum(terms, 1.0))

    def refracted(n: np.ndarray, x: np.ndarray, y: np.ndarray) -> Coordinates:
        x, y = x / n, y / n
        return x, y, np.sqrt(1.0 - x**2 - y**2)

    def evaluate(
        wavelength: np.ndarray, x: np.ndarray, y: np.ndarray, _: np.ndarray
    ) -> Coordinates:
        n = refraction_index(wavelength * 1.0e6)
        x, y, z = to_rear(*refracted(n, x, y))
        x, y, _ = to_front(-1 * x, -1 * y, z)
        return refracted(1.0 / n, x, y)

    return Transform(4, evaluate)


# ---- from a file ---------------------------------------------------------------------------------

_KINDS: dict[str, Callable[[Mapping], Transform]] = {
    "asdf/transform/identity": lambda node: _mapping(range(node.get("n_dims", 1))),
    "asdf/transform/remap_axes": lambda node: _mapping(
        [*map(int, node["mapping"])], node.get("n_inputs")
    ),
    "asdf/transform/shift": lambda node: _shift(_number(node["offset"])),
    "asdf/transform/scale": lambda node: _scale(_number(node["factor"])),
    "asdf/transform/multiplyscale": lambda node: _scale(_number(node["factor"])),
    "asdf/transform/constant": _constant,
    "asdf/transform/linear1d": lambda node: _line(*_numbers([node["slope"], node["intercept"]])),
    "asdf/transform/tabular": _tabular,
    "asdf/transform/polynomial": _polynomial,
    "asdf/transform/affine": lambda node: _affine(
        np.array(node["matrix"], float), np.array(node["translation"], float).ravel()
    ),
    "asdf/transform/rotate2d": lambda node: _rotation_2d(_number(node["angle"])),
    "asdf/transform/rotate_sequence_3d": _rotate_sequence,
    "asdf/transform/gnomonic": lambda node: _GNOMONIC[node["direction"]],
    "asdf/transform/rotate3d": _rotate3d,
    "gwcs/spherical_cartesian": _spherical_cartesian,
    "gwcs/grating_equation": _grating_equation,
    "jwst_pipeline/coords": lambda node: _COORDS[node["model_type"]],
    "jwst_pipeline/logical": _logical,
    "jwst_pipeline/refraction_index_from_prism": _refraction_index,
    "jwst_pipeline/rotation_sequence": lambda node: _unit_rotations(
        _numbers(node["angles"]), node["axes_order"]
    ),
    "jwst_pipeline/snell": _snell,
}


def _of_model(model: object) -> Transform:
    def evaluate(*coordinates: np.ndarray) -> Coordinates:
        result = model(*coordinates)
        return result if isinstance(result, tuple) else (result,)

    return Transform(model.n_inputs, evaluate, lambda: _of_model(model.inverse))


class TransformReader:
    """Makes transforms of nodes, each node of a tree once."""

    def __init__(self) -> None:
        # With the node, so that no other can take its identity.
        self._made: dict[int, tuple[Tagged, Transform]] = {}

    def read(self, node: object) -> Transform:
        """Make the transform of a node.

        Parameters
        ----------
        node : Tagged
            Part of a tree in which equal nodes are the same object
            (`specresample.level2b.asdf_tree.parse_tree`).

        Returns
        -------
        Transform

        Raises
        ------
        Exception
            Of any kind, when the node describes none.
        """
        if not isinstance(node, Tagged) or not isinstance(node.value, dict):
            raise ValueError(f"a transform is no {type(node).__name__}")
        if id(node) not in self._made:
            self._made[id(node)] = node, self._transform(node)
        return self._made[id(node)][1]

    def _transform(self, node: Tagged) -> Transform:
        kind = node.tag.removeprefix("tag:stsci.edu:").rpartition("-")[0]
        try:
            if kind in _COMBINATIONS:
                transform = _COMBINATIONS[kind](*map(self.read, node.value["forward"]))
            elif kind == "asdf/transform/fix_inputs":
                transform = self._fixed(*node.value["forward"])
            elif kind in _KINDS:
                transform = _KINDS[kind](node.value)
            else:
                raise UnknownKindError
        except UnknownKindError:
            model = convert(node)
            if not hasattr(model, "n_inputs"):
                raise ValueError(f"no transform of the kind {node.tag} is known") from None
            return _of_model(model)
        if "inverse" in node.value:
            return replace(transform, invert=lambda: self.read(node.value["inverse"]))
        return transform

    def _fixed(self, node: Tagged, fixed: Mapping) -> Transform:
        """Give some of the inputs of a transform for good."""
        transform, names = self.read(node), node.value["inputs"]
        indices = [key if isinstance(key, int) else names.index(key) for key in fixed["keys"]]
        values = sorted(zip(indices, _numbers(fixed["values"]), strict=True))

        def evaluate(*coordinates: np.ndarray) -> Coordinates:
            inputs = [*coordinates]
            for index, value in values:
                inputs.insert(index, np.float64(value))
            return transform.evaluate(*inputs)

        return Transform(transform.n_inputs - len(values), evaluate)

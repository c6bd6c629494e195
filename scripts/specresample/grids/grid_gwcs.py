"""The GWCS of an output grid (docs/specification.md, "Coordinates of a product").

It is put together as the nodes of its ASDF, those that gwcs would write: to import gwcs and
astropy's models takes longer than to write a product.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from specresample.common.asdf_format import Tagged
from specresample.grids.rectified import Grid, OutputGrid

_TRANSFORM = "tag:stsci.edu:asdf/transform/"
_GWCS = "tag:stsci.edu:gwcs/"
_UNIT = "tag:stsci.edu:asdf/unit/unit-1.0.0"
_ICRS = "tag:astropy.org:astropy/coordinates/frames/icrs-1.1.0"
_EXTENSIONS = (
    "asdf://asdf-format.org/astronomy/gwcs/extensions/gwcs-1.4.0",
    "asdf://asdf-format.org/core/extensions/core-1.6.0",
    "asdf://asdf-format.org/transform/extensions/transform-1.7.0",
    "asdf://astropy.org/astropy/extensions/units-1.3.0",
)


def grid_wcs(grid: Grid) -> Tagged:
    """Give the GWCS of an output grid.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    Tagged
        A GWCS from ``detector`` pixels to ``world``, for NIRSpec slits by way of ``slit_frame``;
        with bounding box, array shape and inverse. That of a grid handed in is given as it is.
    """
    if not isinstance(grid, OutputGrid):
        return grid.written["wcs"]
    to_world = _pixel_to_world(grid)
    steps = [(_frame_2d("detector", "pixel", ("x", "y")), to_world), (_world_frame(grid), None)]
    if grid.kind == "slit":
        to_slit, from_slit = _pixel_to_slit(grid)
        steps[0] = steps[0][0], to_slit
        frame = _composite("slit_frame", _frame_2d("slit_spatial", "", ("x_slit", "y_slit")))
        steps.insert(1, (frame, _compose(from_slit, to_world)))
    ny, nx = grid.shape
    intervals = {"x0": [-0.5, nx - 0.5], "x1": [-0.5, ny - 0.5]}
    box = {"intervals": intervals, "ignore": [], "order": "F"}
    steps[0][1].value["bounding_box"] = Tagged(f"{_TRANSFORM}property/bounding_box-1.2.0", box)
    nodes = [
        Tagged(f"{_GWCS}step-1.3.0", {"frame": frame, "transform": transform})
        for frame, transform in steps
    ]
    return Tagged(f"{_GWCS}wcs-1.4.0", {"name": "", "steps": nodes, "pixel_shape": [nx, ny]})


def gwcs_extensions(grid: Grid) -> list[str]:
    """List the ASDF extensions that the GWCS of a grid needs.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    list of str
        Their URIs, sorted.
    """
    if not isinstance(grid, OutputGrid):
        return grid.extensions
    sky = ["asdf://asdf-format.org/astronomy/coordinates/extensions/coordinates-1.0.0"]
    return [*(sky if grid.celestial else []), *_EXTENSIONS]


# ---- transforms ----------------------------------------------------------------------------------


def _pixel_to_world(grid: OutputGrid) -> Tagged:
    along, across = grid.dispersion_axis - 1, 2 - grid.dispersion_axis
    # Back from (plane x, plane y, wavelength), the leading axis gives the pixel across.
    back = [0, 0]
    back[along], back[across] = 2, grid.leading
    mapping = _mapping([across, across, along], 2, inverse=_mapping(back, 3))
    plane = _concatenate(*map(_line, grid.slope, grid.intercept))
    if grid.celestial:
        # As astropy gives angles that it keeps in radians.
        ra, dec = np.rad2deg(np.deg2rad(grid.tangent_point)).tolist()
        projection = _transform("gnomonic-1.4.0", {"direction": "pix2sky"}, "x y", "phi theta")
        rotation = _transform(
            "rotate3d-1.5.0",
            {"phi": ra, "theta": dec, "psi": 180.0, "direction": "native2celestial"},
            "phi_N theta_N",
            "alpha_C delta_C",
        )
        plane = _compose(_compose(plane, projection), rotation)
    return _compose(mapping, _concatenate(plane, _wavelength(grid)))


def _pixel_to_slit(grid: OutputGrid) -> tuple[Tagged, Tagged]:
    """Give the transform to the slit frame, and its inverse."""
    # The slit has been rectified: slit x is its centre line for every pixel.
    centre = _transform("constant-1.6.0", {"value": 0.0, "dimensions": 1}, "x", "y")
    centre.value["inverse"] = centre
    rows, positions = np.arange(grid.shape[0]), np.array(grid.slit_positions)
    wavelength = _wavelength(grid)
    back = _mapping([2, 1], 3, inverse=_mapping([0, 1, 0], 2))
    to_slit = _compose(
        _mapping([0, 1, 0], 2, inverse=back),
        _concatenate(_concatenate(centre, _table(rows, positions, None)), wavelength),
    )
    row = _inverse_table(rows, positions, None)
    from_slit = _concatenate(_concatenate(centre, row), wavelength.value["inverse"])
    return to_slit, _compose(from_slit, back)


def _wavelength(grid: OutputGrid) -> Tagged:
    pixels, wavelengths = grid.wavelength_nodes()
    # Without a fill value the outer segments are continued.
    fill = np.nan if grid.bounded else None
    table = _table(pixels, wavelengths, fill)
    table.value["inverse"] = _inverse_table(pixels, wavelengths, fill)
    return table


def _table(points: np.ndarray, values: np.ndarray, fill: float | None) -> Tagged:
    parameters = {} if fill is None else {"fill_value": fill}
    parameters |= {"lookup_table": values, "points": [points]}
    parameters |= {"method": "linear", "bounds_error": False}
    return _transform("tabular-1.4.0", parameters, "x", "y")


def _inverse_table(points: np.ndarray, values: np.ndarray, fill: float | None) -> Tagged:
    rising = slice(None, None, 1 if values[0] <= values[-1] else -1)
    return _table(values[rising].copy(), points[rising].copy(), fill)


def _line(slope: float, intercept: float) -> Tagged:
    return _transform("linear1d-1.2.0", {"slope": slope, "intercept": intercept}, "x", "y")


def _mapping(indices: Sequence[int], n_inputs: int, inverse: Tagged | None = None) -> Tagged:
    inputs, outputs = (" ".join(f"x{i}" for i in range(n)) for n in (n_inputs, len(indices)))
    parameters = {"mapping": [*indices]}
    if n_inputs > max(indices) + 1:
        parameters["n_inputs"] = n_inputs
    mapping = _transform("remap_axes-1.5.0", parameters, inputs, outputs)
    if inverse is not None:
        mapping.value["inverse"] = inverse
    return mapping


def _compose(first: Tagged, second: Tagged) -> Tagged:
    axes = {"inputs": [*first.value["inputs"]], "outputs": [*second.value["outputs"]]}
    return Tagged(f"{_TRANSFORM}compose-1.4.0", {"forward": [first, second], **axes})


def _concatenate(first: Tagged, second: Tagged) -> Tagged:
    axes = {}
    for side in ("inputs", "outputs"):
        names = [first.value[side], second.value[side]]
        if not set(names[0]).isdisjoint(names[1]):
            # As astropy names them.
            names = [[f"{name}{i}" for name in part] for i, part in enumerate(names)]
        axes[side] = [*names[0], *names[1]]
    return Tagged(f"{_TRANSFORM}concatenate-1.4.0", {"forward": [first, second], **axes})


def _transform(tag: str, parameters: Mapping[str, object], inputs: str, outputs: str) -> Tagged:
    axes = {"inputs": inputs.split(), "outputs": outputs.split()}
    return Tagged(f"{_TRANSFORM}{tag}", {**parameters, **axes})


# ---- frames --------------------------------------------------------------------------------------


def _world_frame(grid: OutputGrid) -> Tagged:
    if not grid.celestial:
        return _composite("world", _frame_2d("resampled_msa", "m", ("x", "y")))
    sky = _frame(
        "celestial_frame-1.2.0",
        "sky",
        {"lon": "pos.eq.ra", "lat": "pos.eq.dec"},
        "deg",
        reference_frame=Tagged(_ICRS, {"frame_attributes": {}}),
    )
    return _composite("world", sky)


def _composite(name: str, spatial: Tagged) -> Tagged:
    spectral = _frame("spectral_frame-1.2.0", "spectral", {"wavelength": "em.wl"}, "um", first=2)
    return Tagged(f"{_GWCS}composite_frame-1.0.0", {"name": name, "frames": [spatial, spectral]})


def _frame_2d(name: str, unit: str, axes: Sequence[str]) -> Tagged:
    return _frame("frame2d-1.2.0", name, {axis: f"custom:{axis}" for axis in axes}, unit)


def _frame(
    tag: str, name: str, axes: Mapping[str, str], unit: str, *, first: int = 0, **more: Tagged
) -> Tagged:
    values = {
        "name": name,
        "axes_order": [*range(first, first + len(axes))],
        "axes_names": [*axes],
        **more,
        "unit": [Tagged(_UNIT, unit) for _ in axes],
        "axis_physical_types": [*axes.values()],
    }
    return Tagged(f"{_GWCS}{tag}", values)

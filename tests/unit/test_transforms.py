"""Transforms against the models of astropy, gwcs and stdatamodels, to the last bit."""

import numpy as np
import pytest
from astropy import units as u
from astropy.modeling import CompoundModel, fix_inputs, models
from gwcs import geometry, spectroscopy
from nodes import nodes
from specresample.common.asdf_format import Tagged
from specresample.level2b.transforms import TransformReader
from stdatamodels.jwst.transforms import models as jwst

# Vectors, or angles, or numbers beyond the tables below, with the odd ones.
X = np.array([0.31, -0.02, 0.0, -0.0, np.nan, 0.4, 1.0, 0.25])
Y = np.array([0.12, 0.5, 0.0, 0.3, 0.1, np.nan, 0.0, -0.25])
Z = np.array([0.9, 0.7, 0.0, 0.6, 0.5, 0.8, 0.0, 0.5])

GLASS = {
    "kcoef": [0.58339748, 0.46085267, 3.8915394],
    "lcoef": [0.00252643, 0.010078333, 1200.556],
    "tcoef": [-2.66e-05, 0.0, 0.0, 0.0, 0.0, 0.0],
}
TWISTED = models.Polynomial2D(
    3, c0_0=0.1, c1_0=1.1, c0_1=-0.3, c2_0=0.7, c0_2=0.2, c1_1=0.4, c3_0=0.05, c0_3=-0.01, c2_1=0.3,
    c1_2=-0.2, x_domain=(-2, 3), y_domain=(0, 5), x_window=(-1, 1), y_window=(-2, 2),
)  # fmt: skip

SIMPLE = [
    models.Shift(1.7),
    models.Scale(0.3),
    models.Multiply(-2.5),
    models.Const1D(3.5),
    models.Linear1D(2.0, 1.0),
    models.Identity(1),
    models.Identity(3),
    models.Mapping((1, 0, 1)),
    models.Mapping((2, 0), n_inputs=3),
    models.Polynomial1D(0, c0=2.0),
    models.Polynomial1D(3, c0=2.0, c1=-0.7, c2=0.1, c3=0.3),
    models.Polynomial1D(1, c0=1.0, c1=2.0, domain=(-3, 5), window=(0, 2)),
    models.Polynomial2D(0, c0_0=1.5),
    TWISTED,
    models.Rotation2D(31.0),
    models.AffineTransformation2D([[1.2, 0.3], [-0.1, 0.9]], [0.4, -0.7]),
    models.RotationSequence3D([10.0, -20.0, 33.0], "zyx"),
    models.Tabular1D([-0.1, 0.1, 0.3], [4.0, 5.0, 7.0], bounds_error=False, fill_value=None),
    models.Tabular1D([-0.1, 0.1, 0.3], [9.0, 5.0, 2.0], bounds_error=False, fill_value=np.nan),
    models.Tabular1D([-1, 0, 1], np.float32([1, 3, 2]), bounds_error=False, fill_value=7.0),
    geometry.SphericalToCartesian(),
    geometry.CartesianToSpherical(),
    geometry.CartesianToSpherical(wrap_lon_at=180),
    spectroscopy.WavelengthFromGratingEquation(33821.7, -1),
    spectroscopy.AnglesFromGratingEquation3D(33821.7, -1),
    jwst.Unitless2DirCos(),
    jwst.DirCos2Unitless(),
    jwst.Rotation3DToGWA([0.03, -0.28, 0.29, 24.3], "xyzx"),
    jwst.RefractionIndexFromPrism(-16.5),
    jwst.Snell(-16.5, **GLASS, tref=35.0, pref=0.0, temperature=35.0, pressure=0.0),
    *(jwst.Logical(name, 0.25, 9.0) for name in ("GT", "LT", "EQ", "NE")),
]
COMBINED = [
    models.Shift(1.0) | models.Scale(2.0) | models.Polynomial1D(1, c0=1, c1=3),
    models.Shift(1.0) & (models.Scale(2.0) | models.Shift(0.1)) & models.Identity(1),
    models.Mapping((0, 1, 0, 1)) | TWISTED & TWISTED,
    *(
        CompoundModel(operator, models.Mapping((0,), n_inputs=2), models.Mapping((1,)))
        for operator in "+-*/"
    ),
    fix_inputs(models.Shift(1.0) & models.Scale(2.0) & models.Identity(1), {1: 0.3, "x00": 2.0}),
]
# Astropy leaves these to a library, or has other angles of the same rotation.
ROUNDED = [
    models.Pix2Sky_TAN(),
    models.RotateNative2Celestial(10.0, 20.0, 180.0),
    models.RotateNative2Celestial(300.0, -70.0, 130.0),
    models.Pix2Sky_TAN() | models.RotateNative2Celestial(359.9, -89.0, 180.0),
]
# Of kinds that the installed packages alone know.
OTHERS = [
    # A prism that is warmer than its glass when it was measured.
    jwst.Snell(-16.5, **GLASS, tref=293.15, pref=1.0, temperature=340.0, pressure=0.0),
    models.Chebyshev1D(2, c0=1.0, c1=0.2, c2=-0.1),
    models.Pix2Sky_SIN(),
    models.SphericalRotationSequence([10.0, 20.0], "zy"),
    models.Tabular1D([-1, 0, 1], [1, 3, 2], method="nearest", bounds_error=False),
]


def read(model):
    return TransformReader().read(nodes(model=model)["model"])


def evaluated(transform, n):
    coordinates = [X, Y, Z, X * 2][:n]
    with np.errstate(all="ignore"):
        result = transform(*coordinates)
    return result if isinstance(result, tuple) else (result,)


def assert_same(transform, model):
    assert transform.n_inputs == model.n_inputs
    found, expected = evaluated(transform, model.n_inputs), evaluated(model, model.n_inputs)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("model", SIMPLE + COMBINED, ids=lambda model: type(model).__name__)
def test_known_transforms(model, monkeypatch):
    # Models are not to be asked.
    monkeypatch.delattr("specresample.level2b.transforms._of_model")
    transform = read(model)
    assert_same(transform, model)
    for _ in range(2):  # there, and back
        try:
            model = model.inverse
        except NotImplementedError:
            with pytest.raises(NotImplementedError):
                _ = transform.inverse
            break
        transform = transform.inverse
        assert_same(transform, model)


@pytest.mark.parametrize("model", ROUNDED, ids=lambda model: type(model).__name__)
def test_transforms_that_are_the_same_but_for_rounding(model, monkeypatch):
    monkeypatch.delattr("specresample.level2b.transforms._of_model")
    x, y = np.array([0.31, -0.02, 0.0, 1.0]), np.array([0.12, 89.5, -0.3, -50.0])
    transform = read(model)
    world = transform(x, y)
    np.testing.assert_allclose(world, model(x, y), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(transform.inverse(*world), [x, y], atol=1e-10)
    np.testing.assert_allclose(transform.inverse.inverse(x, y), world, atol=1e-12)


@pytest.mark.parametrize("model", OTHERS, ids=lambda model: type(model).__name__)
def test_other_transforms_are_left_to_the_installed_packages(model):
    assert_same(read(model | models.Identity(model.n_outputs)), model)
    try:
        inverse = model.inverse
    except NotImplementedError:
        return
    assert_same(read(model).inverse, inverse)


def test_numbers_with_units_are_left_to_the_installed_packages():
    transform = read(models.Shift(1.0 * u.m))
    np.testing.assert_array_equal(transform(X * u.m)[0], (X + 1) * u.m)


def test_inverses_that_the_file_states_count():
    model = models.Scale(2.0)
    model.inverse = models.Scale(0.3)
    transform = read(model | models.Shift(1.0))
    assert_same(transform.inverse, (model | models.Shift(1.0)).inverse)


def test_inverses_that_lead_back():
    there, back = models.Scale(2.0), models.Scale(0.5)
    there.inverse, back.inverse = back, there
    transform = read(there)
    assert transform.inverse.inverse is transform


def test_outside_of_a_bounded_table():
    transform = read(models.Tabular1D([0, 1], [2, 3], bounds_error=True))
    assert transform(np.array([0.5]))[0] == [2.5]
    with pytest.raises(ValueError, match="outside of a table"):
        transform(np.array([1.5]))


def test_equal_nodes_make_one_transform():
    tree = nodes(a=models.Scale(2.0) & TWISTED, b=TWISTED)
    reader = TransformReader()
    transform = reader.read(tree["b"])
    assert reader.read(tree["a"].value["forward"][1]) is transform


@pytest.mark.parametrize(
    "node",
    [
        None,
        "text",
        Tagged("tag:stsci.edu:asdf/transform/shift-1.4.0", [1.0]),
        Tagged("tag:stsci.edu:asdf/transform/shift-1.4.0", {"offset": "x"}),
        Tagged("tag:stsci.edu:asdf/transform/shift-1.4.0", {}),
        Tagged("tag:stsci.edu:asdf/transform/compose-1.4.0", {"forward": [1]}),
        Tagged("tag:stsci.edu:asdf/core/complex-1.0.0", "1j"),
        Tagged("tag:nowhere.org:unheard-1.0.0", {"a": 1}),
        Tagged("tag:stsci.edu:asdf/transform/tabular-1.4.0",
               {"lookup_table": np.arange(3.0), "points": [np.array([0.0, 2.0, 1.0])],
                "method": "linear", "bounds_error": False}),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_transform(node):
    with pytest.raises((ValueError, KeyError, TypeError)):
        TransformReader().read(node)

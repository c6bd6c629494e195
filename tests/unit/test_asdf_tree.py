import asdf
import numpy as np
import pytest
from asdf.exceptions import AsdfConversionWarning
from astropy import units as u
from astropy.io import fits
from astropy.modeling import models
from specresample.level2b.asdf_tree import open_tree
from stdatamodels import fits_support


def in_fits(**tree):
    """HDUs of a file with a tree in its ASDF extension, read again as from a disk."""
    return fits_support.to_fits(tree, {})


def polynomial(c0_0=1.0, **options):
    return models.Polynomial2D(2, c0_0=c0_0, c1_0=0.5, **options)


def chain(shift):
    return (
        models.Shift(shift) & models.Identity(1)
        | models.Mapping((0, 1, 1))
        | (polynomial() & models.Scale(3.0))
    )


@pytest.fixture
def opened():
    files = []

    def read(**tree):
        files.append(open_tree(in_fits(**tree)))
        return files[-1].tree

    yield read
    for file in files:
        file.close()


def test_no_extension_no_tree():
    assert not open_tree(fits.HDUList([fits.PrimaryHDU()])).tree


def test_equal_transforms_are_built_once(opened):
    tree = opened(a=polynomial(), b=polynomial(), c=polynomial(2.0))
    assert tree["a"] is tree["b"]
    assert tree["a"](1.0, 2.0) == polynomial()(1.0, 2.0)
    assert tree["c"](1.0, 2.0) == polynomial(2.0)(1.0, 2.0)


def test_equal_parts_of_different_transforms_are_built_once(opened):
    tree = opened(a=chain(1.0), b=chain(2.0))
    assert tree["a"].right is tree["b"].right
    for name, shift in (("a", 1.0), ("b", 2.0)):
        np.testing.assert_array_equal(tree[name](5.0, 7.0), chain(shift)(5.0, 7.0))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (models.Shift(1.0), models.Shift(1.0 * u.m)),
        (models.Scale(0.0), models.Scale(-0.0)),
        (models.Scale(1.0), models.Scale(1.0, name="other")),
        (models.Scale(1.0), models.Multiply(1.0)),
        (models.Tabular1D([0, 1], [0, 1]), models.Tabular1D([0, 1], [0, 2])),
        (models.Tabular1D([0, 1] * u.um, [0, 1]), models.Tabular1D([0, 1] * u.m, [0, 1])),
    ],
)
def test_transforms_that_differ_stay_apart(opened, first, second):
    tree = opened(a=first, b=second)
    assert tree["a"] is not tree["b"]
    for found, expected in ((tree["a"], first), (tree["b"], second)):
        assert type(found) is type(expected)
        assert found.name == expected.name
        assert repr(found) == repr(expected)


def test_inverses_and_bounding_boxes_are_kept(opened):
    with_inverse, with_box = models.Scale(2.0), models.Scale(2.0)
    with_inverse.inverse = models.Scale(0.3)
    with_box.bounding_box = (0.0, 9.0)
    tree = opened(plain=models.Scale(2.0), inverse=with_inverse, box=with_box, again=with_inverse)
    assert tree["plain"].inverse.factor == 0.5
    assert tree["inverse"].inverse.factor == tree["again"].inverse.factor == 0.3
    assert tree["box"].bounding_box.bounding_box() == (0.0, 9.0)
    with pytest.raises(NotImplementedError):
        _ = tree["plain"].bounding_box


def test_the_rest_of_asdf_is_left_alone(opened):
    before = asdf.get_config().extensions, asdf.get_config().validate_on_read
    opened(a=polynomial())
    assert (asdf.get_config().extensions, asdf.get_config().validate_on_read) == before


@pytest.mark.filterwarnings(f"ignore::{AsdfConversionWarning.__module__}.AsdfConversionWarning")
def test_what_is_not_asked_for_is_not_built(opened):
    hdus = in_fits(good=polynomial(), bad=models.Scale(1.0))
    content = bytes(hdus["ASDF"].data["ASDF_METADATA"][0]).replace(b"factor: 1.0", b"factor: bad")
    column = fits.Column("ASDF_METADATA", f"{len(content)}B", array=[np.frombuffer(content, "u1")])
    broken = fits.HDUList([hdus[0], fits.BinTableHDU.from_columns([column], name="ASDF")])
    with open_tree(broken) as file:
        assert file["good"](0.0, 0.0) == 1.0
        with pytest.raises((TypeError, ValueError)):
            file["bad"](1.0)


def test_inverses_that_lead_back_are_read(opened):
    itself, there, back = models.Const1D(2.0), models.Scale(2.0), models.Scale(0.5)
    itself.inverse, there.inverse, back.inverse = itself, back, there
    tree = opened(itself=itself | models.Shift(1.0), there=models.Shift(1.0) | there, back=back)
    assert tree["itself"].left.inverse is tree["itself"].left
    assert tree["there"].inverse(2.0) == 0.0
    assert tree["back"].inverse.inverse(4.0) == 2.0

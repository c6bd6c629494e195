import numpy as np
import pytest
from astropy.modeling import models
from gwcs import WCS
from nodes import nodes, slit_wcs
from specresample.common.asdf_format import Tagged
from specresample.level2b.slit_wcs import read_wcs
from specresample.level2b.transforms import TransformReader
from specsim import LrsGeometry, Pointing, SlitGeometry, lrs_wcs, nirspec_wcs


@pytest.mark.parametrize(
    "wcs",
    [
        nirspec_wcs(SlitGeometry(shape=(20, 30)), Pointing()),
        nirspec_wcs(SlitGeometry(shape=(20, 30)), Pointing(), heavy=True),
        nirspec_wcs(SlitGeometry(shape=(20, 30)), Pointing(), frame="msa_frame"),
        lrs_wcs(LrsGeometry(shape=(20, 30), bounding_box=((4.5, 20.5), (5.7, 13.7))), Pointing()),
    ],
    ids=["slit", "heavy", "lamp", "lrs"],
)
def test_a_gwcs_is_read(wcs):
    found = slit_wcs(wcs)
    assert found.frames == tuple(wcs.available_frames)
    assert found.axes_types == tuple(wcs.output_frame.axes_type)
    assert found.units == tuple(map(str, wcs.output_frame.unit))
    np.testing.assert_array_equal(found.bounding_box, wcs.bounding_box.bounding_box(order="F"))
    y, x = np.mgrid[:20, :30].reshape(2, -1).astype(float)
    with np.errstate(all="ignore"):
        expected = wcs(x, y, with_bounding_box=False)
        np.testing.assert_allclose(found(x, y), expected, rtol=1e-13)
        np.testing.assert_allclose(found.invert(*expected), [x, y], atol=1e-6)
    for axis in (0, 1):
        low, high = found.bounding_box[axis]
        pixels = [np.array([low, low - 0.1, high, high + 0.1]), np.full(4, 6.0)]
        inside = found.contains(*pixels[:: 1 if axis == 0 else -1])
        np.testing.assert_array_equal(inside, [True, False, True, False])


def test_frames_may_be_names_and_boxes_missing():
    found = slit_wcs(WCS([("detector", models.Identity(2)), ("world", None)]))
    assert found.frames == ("detector", "world")
    assert (found.axes_types, found.units, found.bounding_box) == ((), (), None)
    assert found.contains(np.array([-1e9, 0.0]), np.array([0.0, 1e9])).all()


def test_bounding_box_of_old_files():
    node = nodes(wcs=WCS([("detector", models.Identity(2)), ("world", None)]))["wcs"]
    node.value["steps"][0].value["transform"].value["bounding_box"] = [[1.0, 2.0], [3.0, 4.0]]
    found = read_wcs(node, TransformReader())
    np.testing.assert_array_equal(found.bounding_box, [[3.0, 4.0], [1.0, 2.0]])


@pytest.mark.parametrize("node", [None, 1, Tagged("tag:stsci.edu:gwcs/step-1.3.0", {})])
def test_what_is_no_wcs(node):
    with pytest.raises(ValueError, match="no GWCS"):
        read_wcs(node, TransformReader())

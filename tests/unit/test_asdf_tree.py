import asdf
import numpy as np
import pytest
import yaml
from astropy import units as u
from astropy.io import fits
from astropy.modeling import models
from bombs import BOMBS
from nodes import nodes, written
from specresample.common.asdf_format import Tagged
from specresample.common.errors import ResampleError
from specresample.level2b import asdf_tree
from specresample.level2b.asdf_tree import parse_tree, read_tree
from stdatamodels import fits_support


def polynomial(c0_0=1.0):
    return models.Polynomial2D(2, c0_0=c0_0, c1_0=0.5)


def of_text(lines):
    head = "#ASDF 1.0.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n---"
    return parse_tree(f"{head}\n{lines}\n...\n".encode())


def test_no_extension_no_tree():
    assert read_tree(fits.HDUList([fits.PrimaryHDU()])) == {}


def test_tree_of_a_file():
    found = read_tree(fits_support.to_fits({"a": 1, "b": [2.5, "x", None, True]}, {}))
    assert (found["a"], found["b"]) == (1, [2.5, "x", None, True])


def test_values_are_those_that_asdf_reads(tmp_path):
    tree = {
        "numbers": [1, -2, 1.5, 1e300, float("inf"), 0o17, True, None],
        "texts": ["", "é", "yes", "1", "2024-01-01", "a: b"],
        "inline": np.arange(3),
        "table": np.arange(6, dtype=">f4").reshape(2, 3),
        "nested": {"a": {"b": [[1, 2], [3]]}},
    }
    (tmp_path / "a.asdf").write_bytes(written(**tree))
    with asdf.open(tmp_path / "a.asdf") as file:
        expected = {name: file[name] for name in tree}
        found = nodes(**tree)
        for name in ("inline", "table"):
            np.testing.assert_array_equal(found.pop(name), array := expected.pop(name))
            assert array.dtype == tree[name].dtype
        assert {name: found[name] for name in expected} == expected


def test_arrays_may_run_backwards_or_skip_numbers():
    # As jwst writes the tables of an LRS grid.
    numbers = np.arange(12.0)
    tree = {"whole": numbers, "backwards": numbers[::-1], "skipping": numbers[1::3]}
    found = nodes(**tree)
    for name, expected in tree.items():
        np.testing.assert_array_equal(found[name], expected)


def test_equal_nodes_are_one_object():
    found = nodes(a=polynomial(), b=polynomial(), c=polynomial(2.0))
    assert found["a"] is found["b"]
    assert found["a"] is not found["c"]


def test_equal_parts_of_different_nodes_are_one_object():
    found = nodes(a=models.Shift(1.0) & polynomial(), b=models.Shift(2.0) & polynomial())
    first, second = (found[name].value["forward"] for name in "ab")
    assert first[0] is not second[0]
    assert first[1] is second[1]


def test_equal_arrays_of_different_blocks_are_one_object():
    found = nodes(a=np.arange(5.0), b=np.arange(5.0), c=np.arange(5), d=np.arange(6.0))
    assert found["a"] is found["b"]
    assert len({*map(id, (found[name] for name in "acd"))}) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ([1, 2], [2, 1]),
        (["a", "b"], {"a": "b"}),
        (models.Shift(1.0), models.Shift(1.0 * u.m)),
        (models.Scale(1.0), models.Scale(1.0, name="other")),
        (models.Scale(1.0), models.Multiply(1.0)),
        (models.Tabular1D([0, 1], [0, 1]), models.Tabular1D([0, 1], [0, 2])),
    ],
)
def test_nodes_that_differ_stay_apart(first, second):
    found = nodes(a=[first], b=[second])
    assert found["a"] is not found["b"]


def test_inverses_may_lead_back():
    there, back = models.Scale(2.0), models.Scale(0.5)
    there.inverse, back.inverse = back, there
    found = nodes(there=there)["there"]
    assert found.value["inverse"].value["inverse"] is found


@pytest.mark.parametrize(("lines", "reason"), BOMBS)
def test_what_would_fill_the_memory_is_refused(lines, reason):
    with pytest.raises(ResampleError, match=reason):
        of_text(lines)


def test_shared_parts_count_as_often_as_they_are_referred_to(monkeypatch):
    monkeypatch.setattr(asdf_tree, "MAX_NODES", 5)
    assert of_text("a: &a [1]\nb: [*a, *a]")["b"][1] == [1]
    with pytest.raises(ResampleError, match="without end"):
        of_text("a: &a [1]\nb: [*a, *a, *a]")


@pytest.mark.parametrize(
    "values",
    [
        "{source: 7, datatype: int8, byteorder: little, shape: [3]}",
        "{source: fits:SCI, datatype: int8, byteorder: little, shape: [3]}",
        "{data: [1, x], datatype: int8, shape: [2]}",
        "{data: [1, 2], datatype: int8, shape: [3]}",
        "{data: [1, 2], datatype: [ascii, 3], shape: [2]}",
        "{shape: [3]}",
    ],
)
def test_arrays_that_cannot_be_read_stay_nodes(values):
    assert isinstance(of_text(f"a: !core/ndarray-1.1.0 {values}")["a"], Tagged)


def test_code_is_not_run():
    assert isinstance(of_text("a: !!python/object/apply:os.mkdir [x]")["a"], Tagged)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x: 1\n...\n",
        b"#ASDF 1.0.0\n...\n",
        b"#ASDF 1.0.0\n- 1\n...\n",
        b"#ASDF 1.0.0\nx: 1",
        b"#ASDF 1.0.0\nx: 1\n---\nx: 2\n...\n",
        b"#ASDF 1.0.0\nx: *a\n...\n",
        b"#ASDF 1.0.0\nx: &a [1]\ny: &a [2]\n...\n",
        b"#ASDF 1.0.0\n[x]: 1\n...\n",
    ],
)
def test_what_is_no_tree_is_an_error(content):
    with pytest.raises((ValueError, ResampleError, yaml.YAMLError)):
        parse_tree(content)


def test_block_that_is_cut_off_is_an_error():
    with pytest.raises(ValueError, match="block 0 reaches beyond the end"):
        parse_tree(written(a=np.arange(100.0))[:-300])

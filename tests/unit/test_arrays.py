import numpy as np
import pytest
from specresample.common.arrays import ArrayFile, ArrayWriter, open_arrays

ARRAYS = {
    "sci": np.array([[1.5, np.nan], [-0.0, 1e-30]], dtype=np.float32),
    "dq": np.array([[0, 2**32 - 1]], dtype=np.uint32),
    "coordinates": np.arange(24.0).reshape(2, 3, 4)[:, ::-1, ::2],
    "empty": np.zeros((0, 3)),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "arrays"
    with ArrayWriter(path, "w") as writer:
        writer.add("1", ARRAYS)
        writer.add("11", {"sci": np.array([11.0])})
        writer.add("2", {"sci": np.array([2.0])})
    return path


def test_arrays_there_and_back(path):
    with ArrayFile(path) as file:
        found = file.group("1")
        assert list(found) == list(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


def test_a_prefix_is_not_the_start_of_another(path):
    with ArrayFile(path) as file:
        assert file.group("11")["sci"] == 11
        assert file.group("2")["sci"] == 2
        assert file.group("3") == {}


def test_no_pickles(tmp_path):
    with (
        ArrayWriter(tmp_path / "a", "w") as writer,
        pytest.raises(ValueError, match="allow_pickle"),
    ):
        writer.add("1", {"object": np.array([{}], dtype=object)})


def test_several_files(path, tmp_path):
    with ArrayWriter(tmp_path / "other", "w") as writer:
        writer.add("1", {"sci": np.array([5.0])})
    paths = {"a": str(path), "b": str(tmp_path / "other")}
    with open_arrays(paths) as files:
        assert list(files) == ["a", "b"]
        assert files["a"].group("11")["sci"] == 11
        assert files["b"].group("1")["sci"] == 5

from dataclasses import replace

import numpy as np
import pytest
from inprocess import ARGUMENTS, arrays, write_slits_exposures
from specresample import smallproduct
from specresample.smallproduct import SmallProduct


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    return write_slits_exposures(tmp_path_factory.mktemp("exposures"))


@pytest.fixture
def product(exposures, tmp_path):
    return SmallProduct(
        name="p_{source_id}",
        exposures={path.stem: str(path) for path in exposures},
        arguments=ARGUMENTS,
        association={},
        prepared=tmp_path / "prepared",
        code="1",
        files=tmp_path / "files",
        in_memory=True,
    )


@pytest.fixture
def prepared_now(monkeypatch):
    """Files that were read and traced."""
    files = []
    prepare = smallproduct.prepare_exposure

    def counted(exposure, writer):
        files.append(exposure.path.name)
        return prepare(exposure, writer)

    monkeypatch.setattr(smallproduct, "prepare_exposure", counted)
    return files


def test_files_are_the_same_whoever_shares_the_work(product, tmp_path):
    alone = product.make(workers=1)
    shared = replace(product, files=tmp_path / "shared", prepared=tmp_path / "other")
    assert shared.make(workers=3) == alone
    _, exposures, facts = alone
    assert list(exposures) == list(product.exposures)
    assert list(facts) == ["p_s000000001", "p_s000000002"]
    for name in facts:
        files = (folder / f"{name}_s2d.fits" for folder in (product.files, shared.files))
        assert len({file.read_bytes() for file in files}) == 1


def test_prepared_exposures_serve_other_arguments(product, prepared_now, tmp_path):
    product.make(workers=1)
    names = [f"{key}.fits" for key in product.exposures]
    assert prepared_now == names
    changes = {"arguments": ARGUMENTS | {"pixfrac": 0.5}, "files": tmp_path / "again"}
    again = replace(product, **changes)
    again.make(workers=1)
    assert prepared_now == names
    fresh = replace(again, files=tmp_path / "fresh", prepared=tmp_path / "other")
    fresh.make(workers=1)
    for name in ("p_s000000001_s2d.fits", "p_s000000002_s2d.fits"):
        assert (again.files / name).read_bytes() == (fresh.files / name).read_bytes()
        sci = [arrays(folder.files / name)["SCI"] for folder in (product, again)]
        assert not np.array_equal(*sci, equal_nan=True)


def test_prepared_exposures_do_not_outlive_their_truth(product, prepared_now, tmp_path):
    product.make(workers=1)
    first, second = product.exposures
    count = len(prepared_now)
    replace(product, code="2", files=tmp_path / "a").make(workers=1)
    assert len(prepared_now) == count + 2

    # One exposure has other content, and the other one is gone.
    exposures = {first: product.exposures[second]}
    replace(product, code="2", exposures=exposures, files=tmp_path / "b").make(workers=1)
    assert prepared_now[count + 2 :] == [f"{second}.fits"]
    assert {file.stem for file in product.prepared.iterdir()} == {first}


def test_a_killed_preparation_is_repeated(product, prepared_now, tmp_path):
    product.make(workers=1)
    first, _ = product.exposures
    # Arrays are written before what is known of them.
    (product.prepared / f"{first}.json").unlink()
    replace(product, files=tmp_path / "again").make(workers=1)
    assert prepared_now[2:] == [f"{first}.fits"]

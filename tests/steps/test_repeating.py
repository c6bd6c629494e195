"""Repeated slits of the benchmark, read as the workflow reads them."""

import json

import numpy as np
import pytest
import specsim
from inprocess import read_slits
from specresample.level2b.exposure import Exposure

from benchmarks.repeating import repeat_slits


@pytest.mark.parametrize("slits", [2, 5])
def test_repeated_slits_are_other_sources_with_the_same_pixels(tmp_path, slits):
    setup = specsim.mos(3, columns=(20, 30))
    specsim.write_nirspec(tmp_path / "three", setup)
    association = tmp_path / "three" / "spec3_asn.json"
    repeated = repeat_slits(association, slits, tmp_path / "repeated")
    member = json.loads(association.read_text())["products"][0]["members"][0]["expname"]
    with Exposure(association.parent / member, in_memory=True) as exposure:
        before = read_slits(exposure)
    with Exposure(repeated.parent / member, in_memory=True) as exposure:
        after = read_slits(exposure)
    assert len(after) == slits
    assert len({slit.metadata["source_name"] for slit in after}) == slits
    for number, slit in enumerate(after):
        np.testing.assert_array_equal(slit.arrays["sci"], before[number % 3].arrays["sci"])
    middle = np.array([10.0]), np.array([10.0])
    *_, wavelength = after[-1].wcs(*middle)
    assert wavelength == before[(slits - 1) % 3].wcs(*middle)[2]

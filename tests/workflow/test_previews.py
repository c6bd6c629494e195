"""Pictures of products that the workflow made, with the profiles of their exposures."""

from dataclasses import replace

import numpy as np
import pytest
from observations import lamp
from pictures import axes_of
from runs import snakemake, write_config
from specresample.s2d.read import read_product
from specresample.steps.draw_preview import product_preview
from specsim import LrsGeometry, LrsSetup, fixed_slit, write_lrs, write_nirspec


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Products of a nodded slit, a lamp and MIRI LRS."""
    folder = tmp_path_factory.mktemp("preview")
    nods = (-0.4, 0.4)
    geometry = LrsGeometry(shape=(260, 60), bounding_box=((7.5, 51.5), (4.7, 250.7)))
    write_nirspec(folder / "slit", fixed_slit(nods=nods, product="slit"))
    # Another observation, because exposures are told apart by their names.
    lamps = lamp(product="lamp", nods=(0.0,))
    write_nirspec(folder / "lamp", replace(lamps, exposure=replace(lamps.exposure, observation=6)))
    write_lrs(folder / "lrs", LrsSetup(geometry=geometry, nods=nods, product="lrs"))
    snakemake(folder, write_config(folder, associations=["*/*_asn.json"]))
    return folder / "results"


@pytest.mark.parametrize(
    ("product", "unit"), [("slit", "arcsec"), ("lamp", "pixel"), ("lrs", "arcsec")]
)
def test_products_are_drawn_with_profiles_that_line_up(results, product, unit):
    work = results / ".work" / product
    singles = {path.stem: path for path in work.glob("singles/*.npz")}
    path = results / f"{product}_s2d.fits"
    figure = product_preview([path], work / "grid.json", singles)
    (slit,) = read_product(path)
    assert slit.remarks == ()
    assert axes_of(figure, "SCI").get_ylabel() == f"offset ({unit})"
    combined, *exposures = (patch.get_data() for patch in axes_of(figure, "profile").patches)
    assert len(exposures) == slit.n_exposures == (1 if product == "lamp" else 2)
    for exposure in exposures:
        if product != "lamp":
            assert abs(np.nanargmax(exposure.values) - np.nanargmax(combined.values)) <= 1
        np.testing.assert_allclose(np.nanmax(exposure.values), np.nanmax(combined.values), rtol=0.2)
    if unit == "arcsec":
        low, high = combined.edges[np.nanargmax(combined.values) + np.array([0, 1])]
        assert low - 0.1 < 0 < high + 0.1  # the source is where it was planned


def test_profiles_are_optional(results):
    figure = product_preview([results / "slit_s2d.fits"], results / ".work/slit/grid.json", {})
    assert len(axes_of(figure, "profile").patches) == 1

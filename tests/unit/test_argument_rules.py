"""Arguments that do not go together are refused before any job starts."""

import json
from pathlib import Path

import pytest
from runs import PROJECT
from specresample.common.errors import ResampleError
from specresample.plan.argument_rules import misfits, table_file
from specresample.plan.campaign import Campaign
from specresample.plan.configuration import argument_schemas, complete_config

LINEAR, LOG = {"wavelength_grid": "linear"}, {"wavelength_grid": "log"}


def found(**config):
    return [*misfits(complete_config(config))]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"errors": "pixel", "covariance": True},
        {"errors": "aperture", "covariance": True},
        {"errors": "aperture"},
        {"single": True},
        {"outlier_detection": True, "save_crf": True, "single": True},
        LINEAR,
        LINEAR | {"wavelength_range": [2.6, 5.6], "wavelength_step": 0.00179},
        LINEAR | {"wavelength_step": 0.00179, "output_shape": [1300, 40]},
        LINEAR | {"spectral_oversampling": 2, "fill_gap": True},
        LOG | {"wavelength_range": [2.6, 5.6], "resolving_power": 2700},
        LOG | {"wavelength_range": [2.6, 5.6], "spectral_oversampling": 3},
        {"spectral_oversampling": 2, "fill_gap": True, "output_shape": [1300, 40]},
        {"wavelength_grid": "grid.ecsv"},
        {"output_wcs": "grid.asdf", "output_shape": [1300, 40]},
        {"weight_type": "none", "preset": "stsci"},
    ],
)
def test_arguments_that_go_together(config):
    assert found(**config) == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"errors": "pixel", "single": True},
            "errors = 'pixel': with single: true products have no variances, only jwst's ERR",
        ),
        (
            {"covariance": True},
            "covariance = True: it needs errors pixel or aperture, which it belongs to",
        ),
        (
            {"save_crf": True},
            "save_crf = True: it needs outlier_detection: true, which finds the flags",
        ),
        (
            {"wavelength_range": [1, 2]},
            "wavelength_range = [1, 2]: it needs wavelength_grid linear or log",
        ),
        ({"wavelength_step": 0.1}, "wavelength_step = 0.1: it needs wavelength_grid linear"),
        (LOG | {"wavelength_step": 0.1}, "wavelength_step = 0.1: it needs wavelength_grid linear"),
        (LINEAR | {"resolving_power": 9}, "resolving_power = 9: it needs wavelength_grid log"),
        (
            {"wavelength_grid": "t.fits", "wavelength_range": [1, 2]},
            "wavelength_range = [1, 2]: it needs wavelength_grid linear or log",
        ),
        (
            {"wavelength_grid": "t.fits", "spectral_oversampling": 2},
            "spectral_oversampling = 2: it needs wavelength_grid native or linear or log",
        ),
        (
            {"wavelength_grid": "t.fits", "fill_gap": True},
            "fill_gap = True: it needs wavelength_grid native or linear or log",
        ),
        (
            LINEAR | {"wavelength_step": 0.1, "spectral_oversampling": 2},
            "spectral_oversampling = 2: it divides the native steps, wavelength_step gives others",
        ),
        (
            LOG | {"resolving_power": 9, "spectral_oversampling": 2},
            "spectral_oversampling = 2: it divides the native steps, resolving_power gives others",
        ),
        (
            LINEAR | {"wavelength_range": [2, 2]},
            "wavelength_range = [2, 2]: the first wavelength must be less than the second",
        ),
        (
            LINEAR | {"output_wcs": "grid.asdf"},
            "wavelength_grid = 'linear': output_wcs has wavelengths of its own",
        ),
        (
            {"fill_gap": True, "output_wcs": "grid.asdf"},
            "fill_gap = True: output_wcs has wavelengths of its own",
        ),
        (
            LINEAR | {"wavelength_range": [1, 2], "output_shape": [9, 9]},
            "wavelength_range = [1, 2]: it says how many wavelengths there are, and so does "
            "output_shape",
        ),
        (
            {"wavelength_grid": "t.fits", "output_shape": [9, 9]},
            "wavelength_grid = 't.fits': it says how many wavelengths there are, and so does "
            "output_shape",
        ),
    ],
)
def test_arguments_that_do_not_go_together(config, message):
    assert found(**config) == [message]


def test_what_is_no_kind_of_grid_is_a_table():
    kinds = ("native", "linear", "log", "grid.ecsv")
    assert [table_file({"wavelength_grid": kind}) for kind in kinds] == [None] * 3 + ["grid.ecsv"]


# ---- of a whole campaign -----------------------------------------------------------------------


@pytest.fixture
def campaign(tmp_path):
    """A campaign of a NIRSpec and a MIRI product, with a configuration."""

    def make(**config):
        products = [
            {"name": name, "members": [{"expname": member, "exptype": "science"}]}
            for name, member in (
                ("nirspec", "jw01345062001_03101_00001_nrs1_cal.fits"),
                ("miri", "jw01536002001_02102_00001_mirimage_cal.fits"),
                ("other", "mine_cal.fits"),
            )
        ]
        for product in products:
            (tmp_path / product["members"][0]["expname"]).touch()
        file = tmp_path / "asn.json"
        file.write_text(json.dumps({"products": products}))
        return Campaign({"associations": [str(file)]} | config)

    return make


def test_misfit_of_an_override_names_the_product(campaign):
    with pytest.raises(ResampleError) as error:
        campaign(wavelength_grid="log", overrides={"miri": {"wavelength_step": 0.1}})
    assert str(error.value) == (
        "config: overrides: miri: wavelength_step = 0.1: it needs wavelength_grid linear"
    )


def test_misfit_of_all_products_is_told_once(campaign):
    with pytest.raises(ResampleError) as error:
        campaign(wavelength_step=0.1)
    assert str(error.value) == "config: wavelength_step = 0.1: it needs wavelength_grid linear"


def test_overrides_go_before_the_configuration(campaign):
    grid = {"wavelength_grid": "linear", "wavelength_range": [2.6, 5.6]}
    config = {"pixfrac": 0.5, "kernel": "point"}
    found = campaign(**config, overrides={"miri": grid | {"pixfrac": 0.7}})
    defaults = {key: entry["default"] for key, entry in argument_schemas().items()}
    assert found.arguments("nirspec") == defaults | config
    assert found.arguments("miri") == defaults | config | grid | {"pixfrac": 0.7}


def test_table_that_is_not_there(campaign):
    with pytest.raises(ResampleError, match="'liner': it is no kind of grid, and no such file"):
        campaign(wavelength_grid="liner")


def test_table_is_an_argument_of_the_grid(campaign, tmp_path):
    table = tmp_path / "grid.ecsv"
    table.touch()
    planned = campaign(wavelength_grid=str(table))
    assert planned.arguments("miri", "output_grid")["wavelength_grid"] == str(table)
    assert "wavelength_grid" not in planned.arguments("miri", "drizzle_exposure")


# ---- presets -----------------------------------------------------------------------------------


def weight_type(campaign, product, **config):
    config = {"overrides": {"other": {"preset": "none"}}} | config
    return campaign(**config).arguments(product)["weight_type"]


def test_preset_depends_on_the_instrument(campaign):
    assert weight_type(campaign, "nirspec") == "ivm"
    assert weight_type(campaign, "nirspec", preset="stsci") == "exptime"
    assert weight_type(campaign, "miri", preset="stsci") == "ivm"


def test_preset_sets_the_search_for_outliers(campaign):
    overrides = {"nirspec": {"preset": "stsci"}, "miri": {"preset": "stsci"}}
    found = campaign(outlier_detection=True, overrides=overrides)
    keys = ("outlier_maskpt", "outlier_scale", "outlier_snr")
    nirspec, miri = ([found.arguments(name)[key] for key in keys] for name in ("nirspec", "miri"))
    assert nirspec == [0.0, "3.0 2.0", "5.0 4.0"]
    assert miri == [0.7, "1.2 0.7", "5.0 4.0"]


def test_keys_that_are_given_go_before_a_preset(campaign):
    assert weight_type(campaign, "nirspec", preset="stsci", weight_type="ivm") == "ivm"
    own = {"other": {"preset": "none"}, "nirspec": {"weight_type": "none"}}
    assert weight_type(campaign, "nirspec", preset="stsci", overrides=own) == "none"


def test_preset_of_one_product(campaign):
    overrides = {"nirspec": {"preset": "stsci"}}
    assert weight_type(campaign, "nirspec", overrides=overrides) == "exptime"
    assert weight_type(campaign, "miri", overrides=overrides) == "ivm"


def test_preset_needs_to_know_the_instrument(campaign):
    with pytest.raises(ResampleError, match="exposures of product other do not tell"):
        campaign(preset="stsci")


# ---- ready grids -------------------------------------------------------------------------------

READY = sorted((PROJECT / "docs" / "wavelength-grids").glob("*.yaml"))


@pytest.mark.parametrize("file", READY, ids=lambda file: Path(file).stem)
def test_ready_grids_are_as_the_page_says(file):
    import numpy as np
    import yaml
    from specresample.grids.wavelengths import asked_grid

    arguments = complete_config(yaml.safe_load(file.read_text()))
    assert [*misfits(arguments)] == []
    line = asked_grid(arguments).wavelengths(np.linspace(1, 2, 100))
    low, high = arguments["wavelength_range"]
    step = arguments["wavelength_step"]
    row = (
        f"| [{file.name}](wavelength-grids/{file.name}) | {low} to {high} | {step} | {len(line)} |"
    )
    assert row in (PROJECT / "docs" / "wavelength-grids.md").read_text()


def test_there_is_a_grid_for_every_disperser_of_nirspec():
    names = {file.stem for file in READY}
    assert names == {"prism", "g140m", "g235m", "g395m", "g140h", "g235h", "g395h"}

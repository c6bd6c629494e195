"""Arguments that do not go together are refused before any job starts."""

import json

import pytest
from runs import PROJECT
from specresample.common.errors import ResampleError
from specresample.plan.argument_rules import misfits
from specresample.plan.campaign import Campaign
from specresample.plan.configuration import complete_config, load_schema, product_arguments

SCHEMA = load_schema(PROJECT / "config" / "config.schema.yaml")


def found(**config):
    return [*misfits(product_arguments(complete_config(config, SCHEMA), SCHEMA, ""))]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"errors": "pixel", "covariance": True},
        {"errors": "aperture", "covariance": True},
        {"errors": "aperture"},
        {"single": True},
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
    ],
)
def test_arguments_that_do_not_go_together(config, message):
    assert found(**config) == [message]


def test_refusal_names_the_product_of_an_override(tmp_path):
    association = tmp_path / "asn.json"
    members = [{"expname": "a_cal.fits", "exptype": "science"}]
    products = [{"name": name, "members": members} for name in ("p", "q")]
    association.write_text(json.dumps({"products": products}))
    (tmp_path / "a_cal.fits").touch()
    config = {"associations": [str(association)], "single": True}
    with pytest.raises(ResampleError) as error:
        Campaign(config | {"overrides": {"q": {"errors": "pixel"}}}, PROJECT)
    assert str(error.value).startswith("config: overrides: q: errors = 'pixel': with single")
    assert "\n" not in str(error.value)

import math
import re

import pytest
from specresample.common.errors import ResampleError
from specresample.plan.configuration import argument_schemas, complete_config, config_schema

# As the documentation of jwst's step gives them; propagate_dq is a parameter of the step too.
DEFAULTS = {
    "pixfrac": 1.0,
    "kernel": "square",
    "pixel_scale_ratio": 1.0,
    "pixel_scale": None,
    "output_shape": None,
    "output_wcs": "",
    "fillval": "NAN",
    "weight_type": "ivm",
    "single": False,
    "blendheaders": True,
    "in_memory": True,
    "propagate_dq": False,
}
OFF = {key: entry["default"] for key, entry in config_schema()["$defs"]["beyond"].items()}


def complete(**config):
    return complete_config({"associations": ["asn.json"]} | config)


def refusal(**config):
    with pytest.raises(ResampleError) as error:
        complete(**config)
    return str(error.value)


def test_defaults_are_the_documented_ones():
    config = complete()
    assert {key: config[key] for key in argument_schemas()} == DEFAULTS | OFF
    assert config["output_dir"] == "results"


def test_defaults_agree_with_the_documentation_text(shared):
    text = (shared / "spec" / "arguments.txt").read_text().lower()
    documented = dict(re.findall(r"--(\w+)\n\([\w ]+, default=\W?([\w.]*)\W?\)", text))
    arguments = {key: entry["default"] for key, entry in argument_schemas().items()}
    assert documented == {key: str(arguments[key]).lower() for key in documented}
    assert documented.keys() >= arguments.keys() - OFF.keys() - {"propagate_dq"}


def test_nothing_is_changed_in_place():
    config = {"associations": "a,b", "overrides": {"p": {"output_shape": "3,4"}}}
    complete_config(config)
    assert config == {"associations": "a,b", "overrides": {"p": {"output_shape": "3,4"}}}
    assert config_schema()["properties"]["overrides"]["default"] == {}


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("associations", "a.json,b.json", ["a.json", "b.json"]),
        ("output_shape", "1300,40", [1300, 40]),
        ("output_shape", "(1300, 40)", [1300, 40]),
        ("output_shape", "[1300, 40]", [1300, 40]),
        ("output_shape", [1300, 40], [1300, 40]),
        ("output_shape", "None", None),
        ("output_shape", "", None),
        ("pixel_scale", "None", None),
        ("pixel_scale", "none", None),
        ("pixel_scale", None, None),
        ("pixel_scale", "0.08", 0.08),
        ("pixel_scale", 1, 1),
        ("pixfrac", "0.7", 0.7),
        ("pixfrac", 0, 0),
        ("pixel_scale_ratio", "2", 2),
        ("output_wcs", None, ""),
        ("output_wcs", "None", ""),
        ("output_wcs", "grid.asdf", "grid.asdf"),
        ("fillval", math.nan, "NAN"),
        ("fillval", "nan", "NAN"),
        ("fillval", "indef", "INDEF"),
        ("fillval", None, "INDEF"),
        ("fillval", "", "INDEF"),
        ("fillval", 0, "0"),
        ("fillval", -1.5, "-1.5"),
        ("weight_type", "None", "none"),
        ("weight_type", None, "none"),
        ("weight_type", "none", "none"),
        ("wavelength_range", "2.6,5.6", [2.6, 5.6]),
        ("wavelength_range", "None", None),
        ("wavelength_step", "0.00179", 0.00179),
        ("spectral_oversampling", "2", 2),
        ("fill_gap", "True", True),
        ("preset", None, "none"),
    ],
)
def test_forms_of_values(key, given, expected):
    found = complete(**{key: given})[key]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("given", ["1e20", 1e20, "1E+20", " 1e20 ", "100000000000000000000"])
def test_fill_value_in_many_forms(given):
    assert float(complete(fillval=given)["fillval"]) == 1e20


ARGUMENT_KEYS = sorted(DEFAULTS | OFF)
KEYS = sorted(
    [*ARGUMENT_KEYS, "associations", "job_per", "keep_intermediates", "output_dir", "overrides"]
)


def test_unknown_key_is_named_with_the_known_ones():
    message = refusal(pixfraction=1)
    assert message.startswith(f"config: unknown key pixfraction; known are {', '.join(KEYS)}")


def test_kinds_of_values_are_called_as_in_yaml():
    with pytest.raises(ResampleError, match=r"overrides = 3: it must be of type mapping"):
        complete_config({"overrides": 3})
    with pytest.raises(
        ResampleError, match=r"output_shape = \{\}: it must be of type list or none"
    ):
        complete_config({"output_shape": {}})


def test_unknown_key_of_an_override_is_named_with_the_product():
    message = refusal(overrides={"prod": {"output_dir": "x"}})
    assert message.startswith("config: overrides.prod: unknown key output_dir; known are ")
    assert message.endswith(", ".join(ARGUMENT_KEYS))


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("pixfrac", -0.1, "at least 0"),
        ("pixfrac", 1.5, "at most 1"),
        ("pixfrac", "much", "number"),
        ("pixfrac", True, "number"),
        ("pixfrac", None, "number"),
        ("kernel", "gaussian", "square, point"),
        ("pixel_scale_ratio", 0, "greater than 0"),
        ("pixel_scale_ratio", "None", "number"),
        ("pixel_scale", 0, "greater than 0"),
        ("pixel_scale", -1, "greater than 0"),
        ("pixel_scale", [], "number or none"),
        ("output_shape", {"nx": 7}, "list or none"),
        ("output_wcs", 7, "string"),
        ("outlier_snr", "5.0", "two numbers, such as 5.0 4.0"),
        ("outlier_snr", "5.0, 4.0", "two numbers, such as 5.0 4.0"),
        ("outlier_snr", "-5.0 4.0", "two numbers, such as 5.0 4.0"),
        ("outlier_snr", "5.0 4.0 3.0", "two numbers, such as 5.0 4.0"),
        ("outlier_snr", 5.0, "string"),
        ("outlier_scale", "nan 0.7", "two numbers, such as 1.2 0.7"),
        ("outlier_maskpt", -0.1, "at least 0"),
        ("outlier_maskpt", "half", "number"),
        ("outlier_backg", "none", "number"),
        ("outlier_detection", "maybe", "boolean"),
        ("fillval", "zero", "NAN, INDEF or a number"),
        ("fillval", "INF", "NAN, INDEF or a number"),
        ("fillval", "1e", "NAN, INDEF or a number"),
        ("fillval", True, "string"),
        ("weight_type", "flat", "ivm, exptime, none"),
        ("preset", "eso", "none, stsci"),
        ("wavelength_grid", 3, "string"),
        ("wavelength_step", 0, "greater than 0"),
        ("resolving_power", "high", "number or none"),
        ("spectral_oversampling", 0, "at least 1"),
        ("spectral_oversampling", 101, "at most 100"),
        ("spectral_oversampling", 1.5, "integer"),
        ("fill_gap", "some", "boolean"),
        ("errors", "exact", "reference, pixel, aperture"),
        ("covariance", "some", "boolean"),
        ("single", "yes", "boolean"),
        ("blendheaders", 1, "boolean"),
        ("in_memory", "maybe", "boolean"),
        ("propagate_dq", None, "boolean"),
        ("associations", 5, "list"),
        ("overrides", None, "mapping"),
        ("output_dir", 3, "string"),
        ("output_dir", "{x}", "it must be a folder's name without {} and <>"),
    ],
)
def test_bad_value_is_named_with_what_is_allowed(key, value, allowed):
    message = refusal(**{key: value})
    assert message.startswith(f"config: {key} = ")
    assert message.endswith(f" {allowed}")
    assert "\n" not in message
    assert (str(value) if key == "fillval" else repr(value)).upper() in message.upper()


@pytest.mark.parametrize(
    ("value", "part", "allowed"),
    [
        ("1300,0", "output_shape[1] = 0", "at least 1"),
        ([1300, 4.5], "output_shape[1] = 4.5", "integer"),
        ([1300, "x"], "output_shape[1] = 'x'", "integer"),
        ("wide,40", "output_shape[0] = 'wide'", "integer"),
    ],
)
def test_bad_part_of_output_shape_is_named(value, part, allowed):
    message = refusal(output_shape=value)
    assert message.startswith(f"config: {part}: ")
    assert message.endswith(allowed)


@pytest.mark.parametrize("value", [[1300], [1300, 40, 2], []])
def test_output_shape_of_the_wrong_length_is_explained(value):
    explanation = refusal(output_shape=value).removeprefix(f"config: output_shape = {value!r}: ")
    assert re.search(r"\b(2|two)\b", explanation)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pixfrac", "nan"),
        ("pixel_scale", math.nan),
        ("pixel_scale_ratio", "inf"),
        ("pixel_scale_ratio", math.nan),
        ("pixel_scale_ratio", "1" + 400 * "0"),
    ],
)
def test_numbers_that_are_not_finite_are_refused(key, value):
    assert f"config: {key} = " in refusal(**{key: value})


def test_all_mistakes_are_told_at_once():
    lines = refusal(pixfrac=2, kernel="lanczos3", overrides={"p": {"single": 1}}).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "kernel = 'lanczos3'",
        "overrides.p.single = 1",
        "pixfrac = 2",
    ]


def test_forms_of_values_of_overrides():
    config = complete(
        overrides={"p": {"pixfrac": "0.7", "output_shape": "1300,40", "fillval": 0}},
    )
    changed = {"pixfrac": 0.7, "output_shape": [1300, 40], "fillval": "0"}
    assert config["overrides"] == {"p": changed}

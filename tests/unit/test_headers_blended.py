import numpy as np
import pytest
from specresample.common.schemas import model_keywords
from specresample.s2d.headers import blend_metadata, first_metadata, header_table

MODEL = "SlitModel"


def blend(**values):
    """Blend exposures of one path each: ``path=[value, value, ...]``, None where it is missing."""
    n = len(next(iter(values.values())))
    inputs = [
        {path: column[i] for path, column in values.items() if column[i] is not None}
        for i in range(n)
    ]
    return blend_metadata(inputs, MODEL)


@pytest.mark.parametrize(
    ("path", "rule", "values", "expected"),
    [
        ("meta.observation.date", "mindate", ["2024-02-01", "2023-12-31"], "2023-12-31"),
        ("meta.observation.time", "mintime", ["12:00:01.5", "03:59:00.0"], "03:59:00.0"),
        (
            "meta.observation.date_end",
            "maxdatetime",
            ["2024-01-01T10:00:00", "2024-01-01T09:59:59"],
            "2024-01-01T10:00:00",
        ),
        ("meta.exposure.start_time", "min", [59002.5, 59001.5, 59003.5], 59001.5),
        ("meta.exposure.end_time", "max", [59002.5, 59001.5], 59002.5),
        ("meta.exposure.mid_time", "mean", [59001.0, 59002.0, 59006.0], 59003.0),
        ("meta.exposure.exposure_time", "sum", [1.5, 2.5, 4.0], 8.0),
        ("meta.exposure.segment_number", "first", [2, 1], 2),
        ("meta.instrument.detector", "multi", ["NRS1", "NRS2"], "MULTIPLE"),
        ("meta.instrument.detector", "multi", ["NRS1", "NRS1"], "NRS1"),
        (
            "meta.instrument.filter_wheel_tolerance",
            "wheeltol",
            ["within commanded tolerance", "outside calibration tolerance"],
            "outside calibration tolerance",
        ),
        (
            "meta.instrument.filter_wheel_tolerance",
            "wheeltol",
            ["within commanded tolerance", "within commanded tolerance"],
            "within commanded tolerance",
        ),
    ],
)
def test_rules(path, rule, values, expected):
    assert model_keywords(MODEL)[path]["blend_rule"] == rule
    assert blend(**{path: values}) == {path: expected}


@pytest.mark.parametrize("model", ["SlitModel", "MultiSlitModel"])
def test_every_rule_of_the_schemas_is_known(model):
    values = {"multi": "A", "wheeltol": "within commanded tolerance"}
    for path, attributes in model_keywords(model).items():
        value = values.get(attributes.get("blend_rule"), 1.0)
        blend_metadata([{path: value}] * 2, model)


def test_path_without_rule_is_the_first_exposures():
    assert blend(**{"meta.target.catalog_name": ["A", "B"]}) == {"meta.target.catalog_name": "A"}


def test_what_the_schema_does_not_know_is_left_out():
    metadata = {"meta.target.catalog_name": "A", "meta.no_such_thing": 1, "unknown": 2}
    assert first_metadata([metadata, {}], MODEL) == {"meta.target.catalog_name": "A"}
    assert blend_metadata([metadata], MODEL) == {"meta.target.catalog_name": "A"}


def test_rule_applies_to_the_exposures_that_have_a_value():
    blended = blend(
        **{
            "meta.exposure.exposure_time": [None, 2.0, 3.0],
            "meta.instrument.filter": ["F290LP", None, "F290LP"],
        }
    )
    assert blended == {"meta.exposure.exposure_time": 5.0, "meta.instrument.filter": "F290LP"}


def test_pixel_area_is_the_first_exposures():
    path = "meta.photometry.pixelarea_steradians"
    assert blend(**{path: [4e-13, 5e-13]}) == {path: 4e-13}


def test_blending_one_exposure_changes_nothing():
    metadata = {
        "meta.exposure.exposure_time": 5.0,
        "meta.exposure.mid_time": 59001.0,
        "meta.instrument.filter": "F290LP",
        "meta.observation.date": "2024-01-01",
    }
    assert blend_metadata([metadata], MODEL) == metadata


def test_header_table_has_a_row_per_exposure():
    inputs = [
        {"meta.filename": f"{name}_cal.fits", "meta.exposure.exposure_time": time}
        for name, time in (("a", 1.5), ("longer", 2.5), ("b", 0.5))
    ]
    table = header_table(inputs, MODEL)
    assert table.dtype.names == ("FILENAME", "EFFEXPTM")
    assert table["FILENAME"].tolist() == ["a_cal.fits", "longer_cal.fits", "b_cal.fits"]
    assert table["EFFEXPTM"].tolist() == [1.5, 2.5, 0.5]


def test_header_table_has_no_column_that_no_exposure_fills():
    table = header_table([{"meta.no_such_thing": 1}, {"meta.instrument.filter": "CLEAR"}], MODEL)
    assert table.dtype.names == ("FILTER",)


def test_missing_values_of_the_header_table():
    inputs = [
        {"meta.instrument.filter": "F290LP", "meta.exposure.nints": 3},
        {"meta.observation.bkgdtarg": True},
    ]
    table = header_table(inputs, MODEL)
    assert table["FILTER"].tolist() == ["F290LP", "nan"]
    np.testing.assert_array_equal(table["NINTS"], [3, np.nan])
    np.testing.assert_array_equal(table["BKGDTARG"], [np.nan, 1.0])


def test_types_of_the_header_table():
    inputs = [
        {"meta.observation.bkgdtarg": flag, "meta.exposure.nints": 2, "meta.date": "2024-01-01"}
        for flag in (True, False)
    ]
    table = header_table(inputs, MODEL)
    assert {name: table.dtype[name].kind for name in table.dtype.names} == {
        "BKGDTARG": "b",
        "NINTS": "i",
        "DATE": "U",
    }
    assert table["BKGDTARG"].tolist() == [True, False]

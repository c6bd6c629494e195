import pytest
from specresample.common.schemas import model_keywords, model_schema
from stdatamodels import schema as schemas
from stdatamodels.jwst import datamodels

MODELS = ["SlitModel", "MultiSlitModel", "ImageModel"]


def by_stdatamodels(model):
    """Entries of a data model's schema by dotted path, as stdatamodels itself reads them."""
    entries = {}

    def visit(subschema, path, *_):
        if not {"anyOf", "oneOf"} & set(path):
            entries[".".join(path)] = subschema

    schemas.walk_schema(getattr(datamodels, model)().schema, visit)
    return entries


def by_path(schema, path=()):
    """Entries of a schema by dotted path, those of lists too."""
    entries = {".".join(path): schema.attributes}
    for name, child in schema.properties.items():
        entries |= by_path(child, (*path, name))
    return entries | (by_path(schema.items, (*path, "items")) if schema.items else {})


@pytest.mark.parametrize("model", MODELS)
def test_the_files_say_what_the_models_of_stdatamodels_know(model):
    expected, found = by_stdatamodels(model), by_path(model_schema(model))
    assert set(found) == set(expected)
    for path in set(found) - {""}:
        said = {k: v for k, v in expected[path].items() if k not in ("properties", "items")}
        assert found[path] == said, path


@pytest.mark.parametrize("model", MODELS)
def test_properties_are_in_the_order_in_which_stdatamodels_writes_them(model):
    expected = [path for path in by_stdatamodels(model) if path and "items" not in path.split(".")]
    assert [path for path, _ in model_schema(model).walk()] == expected


def test_keywords_of_a_data_model():
    keywords = model_keywords("SlitModel")
    said = keywords["meta.exposure.exposure_time"]
    assert (said["type"], said["blend_rule"], said["fits_keyword"]) == ("number", "sum", "EFFEXPTM")
    assert said["blend_table"]
    assert "int_times" not in keywords


@pytest.mark.parametrize("model", MODELS)
def test_what_is_blended_has_a_keyword_and_a_type(model):
    for path, child in model_schema(model).walk():
        if child.attributes.keys() & {"blend_rule", "blend_table", "fits_keyword"}:
            assert child.attributes.keys() >= {"fits_keyword", "type"}, path

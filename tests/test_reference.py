from conftest import PROJECT
from specresample.arguments import load_schema
from specresample.reference import reference


def test_reference_of_the_configuration_follows_its_schema():
    schema = load_schema(PROJECT / "config" / "config.schema.yaml")
    assert (PROJECT / "config" / "README.md").read_text() == reference(schema)

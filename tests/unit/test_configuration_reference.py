import pytest
from runs import PROJECT
from specresample.plan.configuration import complete_config, config_schema
from specresample.plan.configuration_reference import reference


def test_reference_of_the_configuration_follows_its_schema():
    assert (PROJECT / "config" / "README.md").read_text() == reference()


@pytest.mark.parametrize("key", config_schema()["properties"])
def test_every_key_has_an_effect_and_an_example_that_is_allowed(key):
    entry = config_schema()["properties"][key]
    assert entry["description"].strip().endswith(".")
    assert entry["examples"][0] != entry["default"]
    complete_config({key: entry["examples"][0]})

"""What pip, conda, containers and hosts are given: the same pins, for every rule."""

import re
import shutil
import tomllib

import pytest
import yaml
from runs import PROJECT, snakemake
from specresample import __version__

PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*")
ENVIRONMENTS = sorted(path.stem for path in (PROJECT / "envs").glob("*.yaml"))


def environment(name):
    return yaml.safe_load((PROJECT / "envs" / name).read_text())


def pins(name):
    """Versions by package, as an environment pins them."""
    lines = environment(f"{name}.yaml")["dependencies"][-1]["pip"]
    return dict(line.lower().split("==") for line in lines)


def locked(name):
    """Versions by package, as the lock of an environment has them, and the number of its hashes."""
    text = (PROJECT / "envs" / f"{name}.lock").read_text()
    entries = re.split("^(?=[a-z])", text, flags=re.M)[1:]
    return {
        entry.split("==")[0]: (entry.split("==")[1].split()[0], entry.count("--hash=sha256:"))
        for entry in entries
    }


def test_environment_is_one_that_conda_makes():
    content = environment("resample.yaml")
    assert set(content) <= {"name", "channels", "dependencies"}
    assert content["channels"] == ["conda-forge"]
    *packages, pip = content["dependencies"]
    assert all(isinstance(package, str) for package in packages)
    # conda itself asks for pip where there is a list for pip.
    assert {re.split("[=<>]", package)[0] for package in packages} == {"python", "pip"}
    assert list(pip) == ["pip"]


@pytest.mark.parametrize("path", sorted((PROJECT / "envs").glob("*.yaml")), ids=lambda p: p.name)
def test_everything_is_pinned(path):
    pins = environment(path.name)["dependencies"][-1]["pip"]
    assert all(PIN.fullmatch(pin) for pin in pins)
    assert len({pin.split("==")[0].lower() for pin in pins}) == len(pins)
    # The Makefile reads them with sed.
    lines = re.findall("^      - (.*)$", path.read_text(), re.M)
    assert lines == pins


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_locks_hold_all_pins(name):
    lock = locked(name)
    for package, version in (pins("resample") | pins(name)).items():
        assert lock[package][0] == version, f"{package}: call make locks"
    assert len(lock) > 2 * len(pins(name))
    assert all(hashes > 0 for _, hashes in lock.values())


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_locks_name_no_host(name):
    assert "://" not in (PROJECT / "envs" / f"{name}.lock").read_text()


def test_core_declares_what_the_environment_pins():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    declared = {package.lower() for package in project["dependencies"]}
    assert declared == pins("resample").keys() - {"snakemake"}


def test_catalog_configuration_makes_a_product(tmp_path):
    shutil.copytree(PROJECT / ".test", tmp_path / "test", ignore=shutil.ignore_patterns("[.r]*"))
    snakemake(tmp_path / "test", f"--snakefile={PROJECT}/workflow/Snakefile")
    assert [*(tmp_path / "test/results").glob("*_s2d.fits")]


def test_host_tests_every_python_that_is_supported():
    workflow = yaml.safe_load((PROJECT / ".github/workflows/ci.yml").read_text())
    versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python-version"]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={versions[0]}"
    assert environment("resample.yaml")["dependencies"][0] == f"python={versions[0]}"


def test_every_rule_has_the_environment():
    files = [PROJECT / "Snakefile", *sorted(PROJECT.glob("rules/*.smk"))]
    text = "\n".join(file.read_text() for file in files)
    rules = re.split("^(?:rule|checkpoint) ", text, flags=re.M)[1:]
    assert len(rules) > 8
    for rule in rules:
        name = rule.split(":")[0]
        if name not in ("all", "previews"):
            assert re.search(r'^    conda:\n        "../envs/resample\.yaml"$', rule, re.M), name


def test_container_holds_all_parts_of_the_workflow():
    lines = (PROJECT / "Containerfile").read_text().splitlines()
    copied = {word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]}
    parts = "Snakefile config envs profiles report rules scripts workflow"
    for part in parts.split():
        assert part in copied
        assert (PROJECT / part).exists()
    [base] = [line for line in lines if line.startswith("FROM ")]
    python = environment("resample.yaml")["dependencies"][0]
    assert f"python:{python.partition('=')[2]}-" in base


def test_version_is_the_same_everywhere():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    changes = (PROJECT / "CHANGES.md").read_text()
    assert re.search("^## (.*),", changes, re.M)[1] == __version__


def documents():
    return [*PROJECT.glob("*.md"), *PROJECT.glob("[!.]*/*.md")]


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_between_documents(path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target

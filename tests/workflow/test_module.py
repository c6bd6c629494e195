"""The workflow under another name, and as a module of another workflow."""

import json
import shutil
import subprocess

import pytest
import yaml
from runs import PROJECT, campaign_products, snakemake, write_association, write_config

WRAPPER = PROJECT / "workflow/Snakefile"

# Uses a product, as workflows do that take this one as a module.
PARENT = """
use rule * from spectra as resample_*


onsuccess:
    spectra.onsuccess()


onerror:
    spectra.onerror()


rule all:
    default_target: True
    input:
        rules.resample_all.input,
        "size.txt",


rule size:
    input:
        "{results}/one_s2d.fits",
    output:
        "size.txt",
    shell:
        "wc -c < {{input}} > {{output}}"
"""


def spectra(files):
    """Those that are products; records name paths."""
    return {name: content for name, content in files.items() if name.endswith("_s2d.fits")}


def module(snakefile, more=""):
    """Lines that make the workflow a module."""
    return f"module spectra:\n    snakefile: {snakefile}\n    config: config\n{more}\n"


def test_catalog_finds_what_it_asks_for():
    usage = yaml.safe_load((PROJECT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"]
    assert usage["report"]
    assert (PROJECT / "config/README.md").is_file()
    assert {"snakemake", "workflow"} <= set((PROJECT / "README.md").read_text().lower().split())
    assert list((PROJECT / "rules").glob("*.smk"))


def test_catalog_name_makes_the_same(make_campaign, campaign_expected):
    folder = make_campaign("one", "two", "three", "four")
    snakemake(folder, f"--snakefile={WRAPPER}", "--configfile=config.yaml")
    assert campaign_products(folder) == campaign_expected


@pytest.mark.parametrize(("prefix", "job_per"), [("", "product"), ("spectra", "exposure")])
def test_module_makes_the_same(make_campaign, campaign_expected, prefix, job_per):
    folder = make_campaign("one")
    exposures = sorted((folder / "data").glob("*_cal.fits"))
    write_association(folder / "data", "each_{source_id}", [file.resolve() for file in exposures])
    write_config(folder, associations=["data/*_asn.json"], job_per=job_per)
    lines = module(repr(str(WRAPPER)), f"    prefix: {prefix!r}\n" if prefix else "")
    results = f"{prefix}/results".removeprefix("/")
    (folder / "Snakefile").write_text(lines + PARENT.format(results=results))
    arguments = "--snakefile=Snakefile", "--configfile=config.yaml"
    snakemake(folder, *arguments)

    assert (folder / "size.txt").read_text()
    products = spectra(campaign_products(folder / prefix))
    assert products["one_s2d.fits"] == campaign_expected["one_s2d.fits"]
    assert len(products) == 2
    ledger = json.loads((folder / results / "ledger.json").read_text())["products"]
    assert {entry["product"]: entry["state"] for entry in ledger} == {"one": "done", "each": "done"}
    # Nothing outside of the prefix.
    made = {path.name for path in folder.iterdir()} - {".snakemake", "config.yaml", "data"}
    assert made == {"Snakefile", "size.txt", prefix or "results"}
    again = snakemake(folder, *arguments)
    assert "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.skipif(not shutil.which("git"), reason="no git")
def test_module_from_a_git_host_makes_the_same(make_campaign, campaign_expected, tmp_path):
    host = tmp_path / "host"
    for part in ("Snakefile", "config", "envs", "rules", "scripts", "workflow"):
        if (PROJECT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / part, host / part, ignore=ignored)
        else:
            host.mkdir(exist_ok=True)
            shutil.copy(PROJECT / part, host / part)
    identity = ["-c", "user.name=test", "-c", "user.email=test"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "test"], ["tag", "v1"]):
        subprocess.run(["git", *identity, *command], cwd=host, check=True)

    folder = make_campaign("one")
    lines = module('github("owner/name", path="workflow/Snakefile", tag="v1")')
    (folder / "Snakefile").write_text(lines + "\nuse rule * from spectra\n")
    snakemake(
        folder,
        "--snakefile=Snakefile",
        "--configfile=config.yaml",
        XDG_CACHE_HOME=str(tmp_path / "cache"),
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.file://{host}.insteadOf",
        GIT_CONFIG_VALUE_0="https://github.com/owner/name",
    )
    products = spectra(campaign_products(folder))
    assert products == {"one_s2d.fits": campaign_expected["one_s2d.fits"]}

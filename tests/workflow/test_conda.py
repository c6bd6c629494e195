"""Rules run in the environment that --sdm conda makes of envs/resample.yaml.

conda itself and its channels are not everywhere: a stand-in makes a virtual environment with the
pins that conda would give to its pip, of the Python that runs the tests. What it shows is that the
environment holds all that the rules need, and that they run in it.
"""

import sys

import pytest
import yaml
from runs import PROJECT, campaign_products, snakemake

# Knows the commands that Snakemake gives, and no other.
CONDA = """#!{python}
import json, subprocess, sys, venv
import yaml

match sys.argv[1:]:
    case ["--version"]:
        print("conda 24.9.2")
    case ["info", "--json"]:
        print(json.dumps({{"conda_prefix": "{folder}", "platform": "linux-64"}}))
    case ["config", "--get", "channel_priority", "--json"]:
        print(json.dumps({{"get": {{"channel_priority": "strict"}}}}))
    case ["env", "create", "--quiet", "--no-default-packages", "--file", file, "--prefix", prefix]:
        with open(file) as content:
            python, _, packages = yaml.safe_load(content)["dependencies"]
        assert python == "python={{}}.{{}}".format(*sys.version_info[:2]), python
        venv.create(prefix, with_pip=True)
        pip = [prefix + "/bin/python", "-m", "pip", "install", "--quiet", *packages["pip"]]
        subprocess.run(pip, check=True, stdout=sys.stderr)
    case ["clean", "-y", "--tarballs"]:
        pass
    case other:
        sys.exit(f"unknown: {{other}}")
"""

ACTIVATE = """source "$1/bin/activate"
echo "$1" >> "{folder}/activated"
"""


@pytest.fixture
def path_to_conda(tmp_path):
    folder = tmp_path / "conda"
    (folder / "bin").mkdir(parents=True)
    conda = folder / "bin" / "conda"
    conda.write_text(CONDA.format(python=sys.executable, folder=folder))
    conda.chmod(0o755)
    (folder / "bin" / "activate").write_text(ACTIVATE.format(folder=folder))
    return folder


@pytest.mark.nightly
def test_rules_run_in_the_environment(make_campaign, campaign_expected, path_to_conda, monkeypatch):
    with (PROJECT / "envs" / "resample.yaml").open() as file:
        python = yaml.safe_load(file)["dependencies"][0]
    if python != f"python={sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip(f"the environment is for {python}, which does not run the tests")
    monkeypatch.setenv("PATH", f"{path_to_conda}/bin", prepend=":")
    folder = make_campaign("one", "two", "three", "four")
    snakemake(folder, "--configfile=config.yaml", "--sdm", "conda")
    assert campaign_products(folder) == campaign_expected
    (environment,) = (folder / ".snakemake/conda").glob("*_/")
    activated = (path_to_conda / "activated").read_text().split()
    # Each of the four products is made, delivered and recorded.
    assert len(activated) >= 12
    assert set(activated) == {str(environment)}

"""Broken on purpose: every failure is one clear line, and leaves nothing under a product's name."""

import json
import re

import pytest
from astropy.io import fits
from runs import snakemake, write_association, write_config
from specsim import fixed_slit, write_nirspec

PRODUCT = "jw01345-o005_t001_nirspec_f290lp-g395m"


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    """Two small nods."""
    product = write_nirspec(tmp_path_factory.mktemp("data"), fixed_slit(nods=(-0.4, 0.4)))
    return [*product.members]


@pytest.fixture
def copies(exposures, tmp_path):
    """The same, to be broken."""
    folder = tmp_path / "data"
    folder.mkdir()
    paths = []
    for exposure in exposures:
        path = folder / exposure.name
        path.write_bytes(exposure.read_bytes())
        paths.append(path)
    return paths


def fails(folder, config, *arguments, expected):
    """Run, and check that it fails with a line that says what is expected."""
    run = snakemake(folder, config, *arguments, check=False)
    output = run.stdout + run.stderr
    assert run.returncode != 0, output
    lines = [line for line in output.splitlines() if re.search(expected, line)]
    assert lines, output
    assert not list(folder.rglob("*_s2d.fits"))
    return output


def association(folder, content):
    """Write an association with any content."""
    path = folder / "asn.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return write_config(folder, associations=[path.name])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", r"association asn\.json: not JSON"),
        ({}, r"association asn\.json: it has no products"),
        ({"products": []}, r"association asn\.json: it has no products"),
        (
            {"products": [{"name": "p", "members": []}]},
            r"association asn\.json: product p has no science members",
        ),
        (
            {"products": [{"name": "p", "members": [{"expname": "b", "exptype": "background"}]}]},
            r"association asn\.json: product p has no science members",
        ),
        (
            {"products": [{"name": "p", "members": [{"expname": "x", "exptype": "science"}]}]},
            r"association asn\.json: product p: member x does not exist",
        ),
        (
            {"products": [{"name": "../p", "members": []}]},
            r"association asn\.json: product name '\.\./p' is not usable",
        ),
    ],
)
def test_association(tmp_path, content, expected):
    output = fails(tmp_path, association(tmp_path, content), expected=expected)
    assert "Traceback" not in output


def test_association_missing(tmp_path):
    config = write_config(tmp_path, associations=["nowhere.json"])
    fails(tmp_path, config, expected=r"association 'nowhere\.json': no such file")


def test_no_association(tmp_path):
    config = write_config(tmp_path, output_dir="out")
    fails(tmp_path, config, expected="associations is empty")


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("pixfrac=1.5", r"pixfrac = 1\.5: it must be at most 1"),
        ("pixfrac=-0.1", r"pixfrac = -0\.1: it must be at least 0"),
        ("kernel=gaussian", r"kernel = 'gaussian': allowed are square, point"),
        ("weight_type=sky", r"weight_type = 'sky': allowed are ivm, exptime"),
        ("pixel_scale=0", r"pixel_scale = 0: it must be greater than 0"),
        ("output_shape=10", r"output_shape = \[10\]: it must have 2 entries"),
        ("fillval=blue", r"fillval = 'BLUE': allowed are NAN, INDEF or a number"),
        ("output_wcs=nowhere.asdf", r"output_wcs = 'nowhere\.asdf': no such file"),
        ("pixfrc=0.5", r"unknown key pixfrc; known are"),
    ],
)
def test_argument(tmp_path, exposures, argument, expected):
    path = write_association(tmp_path / "data", PRODUCT, exposures)
    config = write_config(tmp_path, associations=[str(path)])
    fails(tmp_path, config, "--config", argument, expected=expected)
    assert not (tmp_path / "results").exists()


def run_broken(tmp_path, copies, expected, **config):
    """Run with the broken exposure; its log says the same as the terminal."""
    path = write_association(tmp_path / "data", PRODUCT, copies)
    config = write_config(tmp_path, associations=[str(path)], **config)
    output = fails(tmp_path, config, expected=expected)
    assert "Traceback" not in output
    logs = "".join(log.read_text() for log in tmp_path.rglob("logs/*/*.log"))
    assert re.search(expected, logs)


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.9])
def test_truncated_file(tmp_path, copies, kept):
    content = copies[1].read_bytes()
    copies[1].write_bytes(content[: int(len(content) * kept)])
    run_broken(tmp_path, copies, rf"ERROR .*{copies[1].name}: .*(truncated|not readable|complete)")


def test_empty_file(tmp_path, copies):
    copies[1].write_bytes(b"")
    run_broken(tmp_path, copies, rf"ERROR .*{copies[1].name}: not readable")


@pytest.mark.parametrize("job_per", ["exposure", "product"])
def test_not_fits(tmp_path, copies, job_per):
    copies[1].write_text("This is not a FITS file.\n")
    expected = rf"ERROR .*{copies[1].name}: not readable"
    run_broken(tmp_path, copies, expected, job_per=job_per)


def test_no_asdf_extension(tmp_path, copies):
    with fits.open(copies[1], mode="update") as hdus:
        del hdus["ASDF"]
    run_broken(tmp_path, copies, rf"ERROR .*{copies[1].name}: .*no WCS \(is there an ASDF")


def test_no_wcs(tmp_path, copies):
    from stdatamodels.jwst import datamodels

    with datamodels.open(str(copies[1])) as model:
        del model.meta.wcs
        model.save(str(copies[1]))
    run_broken(tmp_path, copies, rf"ERROR .*{copies[1].name}: .*no WCS")

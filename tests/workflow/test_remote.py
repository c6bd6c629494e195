"""Members of an association that lie elsewhere: the same products from a server on this machine."""

import functools
import http.server
import importlib.util
import json
import shutil
import threading

import pytest
from runs import campaign_products, snakemake, write_config
from specresample.plan.resources import estimated_slits

PLUGIN = "snakemake_storage_plugin_http"
needs_plugin = pytest.mark.skipif(
    not importlib.util.find_spec(PLUGIN), reason=f"no {PLUGIN}: make storage installs it"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """A folder, and a function that puts a file into it and returns its address."""
    folder = tmp_path / "server"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:

        def put(path):
            shutil.copyfile(path, folder / path.name)
            return f"http://127.0.0.1:{served.server_port}/{path.name}"

        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield folder, put
        served.shutdown()


@pytest.fixture
def s3(monkeypatch):
    """Snakemake's option for an S3 server, and a function that puts a file there."""
    boto3 = pytest.importorskip("boto3", reason="no boto3: make storage installs it")
    moto = pytest.importorskip("moto.server", reason="no moto: make s3-server installs it")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    served = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    served.start()
    address = "http://{}:{}".format(*served.get_host_and_port())
    bucket = boto3.resource("s3", endpoint_url=address, region_name="us-east-1").Bucket("jwst")
    bucket.create()

    def put(path):
        bucket.upload_file(str(path), f"cal/{path.name}")
        return f"s3://jwst/cal/{path.name}"

    yield f"--storage-s3-endpoint-url={address}", put
    served.stop()


def move(folder, product, put):
    """Move the exposures of a product to a server; returns their addresses."""
    association = folder / "data" / f"{product}_asn.json"
    table = json.loads(association.read_text())
    for member in table["products"][0]["members"]:
        path = folder / "data" / member["expname"]
        member["expname"] = put(path)
        path.unlink()
    association.write_text(json.dumps(table))
    return [member["expname"] for member in table["products"][0]["members"]]


@needs_plugin
@pytest.mark.parametrize("job_per", ["exposure", "product"])
def test_products_do_not_depend_on_the_place(make_campaign, campaign_expected, server, job_per):
    folder = make_campaign("one", "three")
    write_config(folder, associations=["data/*_asn.json"], job_per=job_per)
    places = move(folder, "one", server[1])
    snakemake(folder, "--configfile=config.yaml")
    products = campaign_products(folder)
    for name in ("one_s2d.fits", "three_s2d.fits"):
        assert products[name] == campaign_expected[name]
    inputs = json.loads(products["one/provenance.json"])["inputs"]
    assert [entry["file"] for entry in inputs] == places
    again = snakemake(folder, "--configfile=config.yaml")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_products_from_s3_are_the_same(make_campaign, campaign_expected, s3):
    folder = make_campaign("one")
    option, put = s3
    places = move(folder, "one", put)
    snakemake(folder, "--configfile=config.yaml", option)
    products = campaign_products(folder)
    assert products["one_s2d.fits"] == campaign_expected["one_s2d.fits"]
    inputs = json.loads(products["one/provenance.json"])["inputs"]
    assert [entry["file"] for entry in inputs] == places
    again = snakemake(folder, "--configfile=config.yaml", option)
    assert "Nothing to be done" in again.stdout + again.stderr


@needs_plugin
def test_what_is_not_there_is_named(make_campaign, server):
    folder = make_campaign("broken")
    [place] = move(folder, "broken", server[1])
    (server[0] / "broken_cal.fits").unlink()
    run = snakemake(folder, "--configfile=config.yaml", check=False)
    assert run.returncode != 0
    assert place in run.stdout + run.stderr


@pytest.mark.skipif(bool(importlib.util.find_spec(PLUGIN)), reason=f"{PLUGIN} is there")
def test_missing_plugin_is_named(make_campaign, server):
    folder = make_campaign("broken")
    move(folder, "broken", server[1])
    run = snakemake(folder, "--configfile=config.yaml", check=False)
    assert run.returncode != 0
    assert "install the required storage plugin" in run.stdout + run.stderr


def test_unknown_sizes_are_large():
    assert estimated_slits("s3://bucket/a_cal.fits") > 100
    assert estimated_slits("s3://bucket/a_mirimage_cal.fits") == 1

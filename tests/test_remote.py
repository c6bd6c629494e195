"""Members of an association that lie elsewhere: the same products from a server on this machine."""

import functools
import http.server
import importlib.util
import json
import shutil
import threading

import pytest
from conftest import campaign_products, snakemake, write_config
from specresample.needs import estimated_slits

PLUGIN = "snakemake_storage_plugin_http"
needs_plugin = pytest.mark.skipif(
    not importlib.util.find_spec(PLUGIN), reason=f"no {PLUGIN}: make storage installs it"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """A folder and its address."""
    folder = tmp_path / "server"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def move(folder, product, server):
    """Move the exposures of a product to the server."""
    place, address = server
    association = folder / "data" / f"{product}_asn.json"
    table = json.loads(association.read_text())
    for member in table["products"][0]["members"]:
        path = folder / "data" / member["expname"]
        shutil.copyfile(path, place / path.name)
        path.unlink()
        member["expname"] = f"{address}/{path.name}"
    association.write_text(json.dumps(table))
    return [member["expname"] for member in table["products"][0]["members"]]


@needs_plugin
@pytest.mark.parametrize("small_product", [1000, 0])
def test_products_do_not_depend_on_the_place(
    make_campaign, campaign_expected, server, small_product
):
    folder = make_campaign("one", "three")
    write_config(folder, associations=["data/*_asn.json"], small_product=small_product)
    places = move(folder, "one", server)
    snakemake(folder, "--configfile=config.yaml")
    products = campaign_products(folder)
    for name in ("one_s2d.fits", "three_s2d.fits"):
        assert products[name] == campaign_expected[name]
    inputs = json.loads(products["one/provenance.json"])["inputs"]
    assert [entry["file"] for entry in inputs] == places
    again = snakemake(folder, "--configfile=config.yaml")
    assert "Nothing to be done" in again.stdout + again.stderr


@needs_plugin
def test_what_is_not_there_is_named(make_campaign, server):
    folder = make_campaign("broken")
    [place] = move(folder, "broken", server)
    (server[0] / "broken_cal.fits").unlink()
    run = snakemake(folder, "--configfile=config.yaml", check=False)
    assert run.returncode != 0
    assert place in run.stdout + run.stderr


@pytest.mark.skipif(bool(importlib.util.find_spec(PLUGIN)), reason=f"{PLUGIN} is there")
def test_missing_plugin_is_named(make_campaign, server):
    folder = make_campaign("broken")
    move(folder, "broken", server)
    run = snakemake(folder, "--configfile=config.yaml", check=False)
    assert run.returncode != 0
    assert "install the required storage plugin" in run.stdout + run.stderr


def test_unknown_sizes_are_large():
    assert estimated_slits("s3://bucket/a_cal.fits") > 100
    assert estimated_slits("s3://bucket/a_mirimage_cal.fits") == 1

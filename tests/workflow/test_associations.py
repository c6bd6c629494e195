"""Associations of the observatory and of observers are planned, with empty exposures."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from runs import snakemake, write_config
from specresample.plan.association import exposure_keys, read_products, unmovable

TEMPLATES = "jw93125-o001_t001-{source_id}_nirspec_f290lp-g395h-{slit_name}-sub200a1"
TWEAKED = "jw08544002001_03101_00001_mirimage_tweak_clean"


def place(folder, table, name="asn.json"):
    """Write an association and empty files for its members; returns its path.

    What it names by an absolute path is put below the folder, and named by its path there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for product in table["products"]:
        for member in product["members"]:
            expname = member["expname"]
            if Path(expname).is_absolute():
                member["expname"] = f"{folder}/elsewhere{expname}"
            path = folder / member["expname"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    path = folder / name
    path.write_text(json.dumps(table))
    return path


def member(expname, exptype="science", **more):
    return {"expname": expname, "exptype": exptype, "exposerr": "null"} | more


def table(name, *members):
    return {"asn_pool": "jw_pool.csv", "products": [{"name": name, "members": members}]}


def planned(folder, **config):
    """What a dry run says it would do."""
    run = snakemake(folder, write_config(folder, **config), "--dry-run")
    return run.stdout + run.stderr


@pytest.fixture
def known(shared, tmp_path):
    """Associations from the shared data, each in a folder of its own."""
    sources = sorted((shared / "data/associations").glob("*.json"))
    assert len(sources) >= 20
    return [
        place(tmp_path / source.stem, json.loads(source.read_text()), source.name)
        for source in sources
    ]


def test_known_associations_are_planned(known, tmp_path):
    plan = planned(tmp_path, associations=[str(path.relative_to(tmp_path)) for path in known])
    products = read_products(map(str, known))
    assert len(products) == sum(len(json.loads(p.read_text())["products"]) for p in known)
    for product in products:
        assert re.search(rf"product {re.escape(product.folder)}$", plan, re.M), product.name
    # Two of them name their members by absolute paths, which is said once.
    (warning,) = [line for line in plan.splitlines() if "cannot be moved" in line]
    assert warning.endswith(", nor 1 more")


def test_known_associations_are_read_whole(known):
    for path in known:
        (entry,) = json.loads(path.read_text())["products"]
        kinds = Counter(member["exptype"] for member in entry["members"])
        (product,) = read_products([str(path)])
        assert len(product.exposures) == kinds.pop("science")
        left_out = Counter(line.split(": ")[0] for line in product.left_out)
        assert left_out == kinds


def test_known_association_that_cannot_be_moved(known):
    (path,) = [path for path in known if "abs_paths" in path.name]
    (product,) = read_products([str(path)])
    assert len(product.outside) == len(product.exposures) == 24
    assert "cannot be moved" in unmovable([product])


def test_old_and_new_calibration_of_two_products(tmp_path):
    names = "jw1_nrs1_cal.fits", "jw2_nrs1_cal.fits"
    paths = [
        place(tmp_path / age, table(f"p-{age}", *map(member, names))) for age in ("new", "old")
    ]
    keys = [*exposure_keys(read_products(map(str, paths)))]
    assert len(keys) == 4
    assert all(re.fullmatch("jw[12]_nrs1-[0-9a-f]{8}", key) for key in keys)
    plan = planned(tmp_path, associations=["*/asn.json"])
    assert re.search("^prepare_exposure +4$", plan, re.M)


def test_old_and_new_calibration_of_one_product(tmp_path):
    for age in ("new", "old"):
        place(tmp_path / age, table("p", member("jw1_nrs1_cal.fits")))
    both = write_config(tmp_path, associations=["*/asn.json"])
    run = snakemake(tmp_path, both, "--dry-run", check=False)
    assert run.returncode != 0
    message = (
        "association old/asn.json: product p is made by new/asn.json too: make them in two runs"
    )
    assert message in run.stdout + run.stderr
    # As the message says.
    for age in ("new", "old"):
        plan = planned(tmp_path, associations=[f"{age}/asn.json"], output_dir=f"results-{age}")
        assert "Recording product p" in plan


def test_source_and_slit_in_one_name(tmp_path):
    path = place(tmp_path, table(TEMPLATES, member("jw1_nrs1_cal.fits")))
    (product,) = read_products([str(path)])
    assert product.is_template
    assert product.folder == "jw93125-o001_t001_nirspec_f290lp-g395h-sub200a1"
    assert product.folder in planned(tmp_path, associations=["asn.json"])


def test_target_acquisition_is_no_science(tmp_path):
    acquisition = member("jw1_02101_00001_nrs1_cal.fits", "target_acquisition")
    path = place(tmp_path, table("p", acquisition, member("jw1_03101_00001_nrs1_cal.fits")))
    (product,) = read_products([str(path)])
    assert product.left_out == ("target_acquisition: jw1_02101_00001_nrs1_cal.fits",)
    assert [*exposure_keys([product])] == ["jw1_03101_00001_nrs1"]


def test_members_with_suffixes_of_observers(tmp_path):
    path = place(tmp_path, table("p", member(f"{TWEAKED}_cal.fits", exposerr=None)))
    assert [*exposure_keys(read_products([str(path)]))] == [TWEAKED]
    assert f"Preparing exposure {TWEAKED}\n" in planned(tmp_path, associations=["asn.json"])

import json
import re

import pytest
from specresample.common.errors import ResampleError
from specresample.common.names import source_pattern, strip_template
from specresample.plan.association import (
    Product,
    exposure_keys,
    read_products,
    unmovable,
)

TEMPLATE = "jw02736-o007_{source_id}_nirspec_f290lp-g395m"


def product(name, *members, **kinds):
    entries = [{"expname": member, "exptype": "science"} for member in members]
    entries += [{"expname": member, "exptype": kind} for kind, member in kinds.items()]
    return {"name": name, "members": entries}


def write(folder, content, name="asn.json"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def write_products(folder, *products, name="asn.json", **more):
    """Write an association and empty files for its members."""
    path = write(folder, {"products": products, **more}, name)
    for entry in products:
        for member in entry["members"]:
            (folder / member["expname"]).parent.mkdir(exist_ok=True)
            (folder / member["expname"]).touch()
    return path


def refusal(path):
    with pytest.raises(ResampleError) as error:
        read_products([str(path)])
    message = str(error.value)
    assert message.startswith(f"association {path}: ")
    assert "\n" not in message
    return message.removeprefix(f"association {path}: ")


def test_valid_association(tmp_path):
    entry = product("p", "b_cal.fits", "sub/a_cal.fits", background="bg_cal.fits")
    path = write_products(tmp_path, entry, asn_pool="pool.csv")
    assert read_products([str(path)]) == [
        Product(
            name="p",
            exposures=(str(tmp_path / "b_cal.fits"), str(tmp_path / "sub/a_cal.fits")),
            association=str(path),
            pool="pool.csv",
            left_out=("background: bg_cal.fits",),
        )
    ]


def test_exptype_counts_in_any_case(tmp_path):
    entry = {"name": "p", "members": [{"expname": "a.fits", "exptype": "SCIENCE"}]}
    (found,) = read_products([str(write_products(tmp_path, entry))])
    assert found.exposures == (str(tmp_path / "a.fits"),)


def test_several_products_of_one_association(tmp_path):
    path = write_products(tmp_path, product("p", "a"), product("q", "a", "b"))
    assert [(p.name, len(p.exposures)) for p in read_products([str(path)])] == [("p", 1), ("q", 2)]


def test_template_product(tmp_path):
    (found,) = read_products([str(write_products(tmp_path, product(TEMPLATE, "a")))])
    assert found.is_template
    assert found.folder == "jw02736-o007_nirspec_f290lp-g395m"


def test_plain_product_is_its_own_folder():
    plain = Product("jw1_t1", ("a",), "asn.json")
    assert (plain.is_template, plain.folder) == (False, "jw1_t1")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", "plain"),
        ("a_{source_id}_b", "a_b"),
        ("a-{source_id}-b", "a-b"),
        ("{source_id}_b", "b"),
        ("a_{source_id}", "a"),
        ("a_{source_id}_{slit_name}_b", "a_b"),
        ("a_{source_id}-{slit_name}", "a"),
    ],
)
def test_strip_template(name, expected):
    assert strip_template(name) == expected


@pytest.mark.parametrize(
    ("name", "file", "matches"),
    [
        (TEMPLATE, "jw02736-o007_s000000123_nirspec_f290lp-g395m", True),
        (TEMPLATE, "jw02736-o007_b000000123_nirspec_f290lp-g395m", True),
        (TEMPLATE, "jw02736-o007_v000000042_nirspec_f290lp-g395m", True),
        (TEMPLATE, "jw02736-o007_x000000123_nirspec_f290lp-g395m", False),
        (TEMPLATE, "jw02736-o007_s_nirspec_f290lp-g395m", False),
        (TEMPLATE, "jw02736-o007_nirspec_f290lp-g395m", False),
        ("a.b_{slit_name}", "a.b_s200a1", True),
        ("a.b_{slit_name}", "a.b_s200a1-s200a2", True),
        ("a.b_{slit_name}", "a.b_s200a1_x", False),
        ("a.b_{slit_name}", "aXb_s200a1", False),
        ("a+b_{source_id}_{slit_name}", "a+b_s1_s200a1", True),
    ],
)
def test_source_pattern(name, file, matches):
    assert bool(re.fullmatch(source_pattern(name), file)) is matches


def test_association_that_cannot_be_read(tmp_path):
    (tmp_path / "none.json").mkdir()
    assert refusal(tmp_path / "none.json") == "Is a directory"


@pytest.mark.parametrize("content", ["{", "", "products", "\x00"])
def test_association_that_is_not_json(tmp_path, content):
    assert refusal(write(tmp_path, content)).startswith("not JSON (")


def test_exposure_instead_of_association(tmp_path):
    path = tmp_path / "exposure_cal.fits"
    path.write_bytes(b"SIMPLE  =                    T")
    assert refusal(path).startswith("this is a FITS file")


def test_association_that_is_not_text(tmp_path):
    path = tmp_path / "asn.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert refusal(path).startswith("not JSON (")


@pytest.mark.parametrize(
    "content", [{}, [], "[1]", "null", {"products": None}, {"products": {}}, {"products": []}]
)
def test_association_without_products(tmp_path, content):
    assert refusal(write(tmp_path, content)) == "it has no products"


@pytest.mark.parametrize("entry", ["p", None, 1, ["p"]])
def test_product_that_is_not_an_object(tmp_path, entry):
    assert refusal(write(tmp_path, {"products": [entry]})) == "a product is not a JSON object"


@pytest.mark.parametrize("name", [None, "", "  ", 7, ["p"]])
def test_product_without_a_name(tmp_path, name):
    assert refusal(write(tmp_path, {"products": [{"name": name}]})) == "a product has no name"


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/abs",
        "a/b",
        "a\\b",
        "a\nb",
        "a\n",
        "a\x00b",
        "-x",
        ".hidden",
        "..",
        "a b",
        "é",
        "x" * 300,
        "a_{foo}",
        "a_{}",
        "a_{source_id",
        "a_{source_id!r}",
        "a*",
    ],
)
def test_unusable_product_name(tmp_path, name):
    message = refusal(write(tmp_path, {"products": [product(name, "a")]}))
    assert message == (
        f"product name {name[:200]!r} is not usable as a file name: letters, digits and _ . + - "
        "only, at most 200, and of templates {source_id} or {slit_name}"
    )


@pytest.mark.parametrize("name", ["{source_id}", "{source_id}_{slit_name}", "_{source_id}_"])
def test_product_name_of_nothing_but_templates(tmp_path, name):
    message = refusal(write(tmp_path, {"products": [product(name, "a")]}))
    assert message == f"product name {name!r} is nothing but a template"


@pytest.mark.parametrize(
    "entry", [{"name": "p"}, {"name": "p", "members": "a"}, product("p", background="a")]
)
def test_product_without_science_members(tmp_path, entry):
    message = refusal(write(tmp_path, {"products": [entry]}))
    assert message == "product p has no science members"


@pytest.mark.parametrize("member", ["a.fits", None, {"exptype": "science"}, {"expname": 3}])
def test_member_without_expname(tmp_path, member):
    message = refusal(write(tmp_path, {"products": [{"name": "p", "members": [member]}]}))
    assert message == "product p: a member has no expname"


def test_missing_member(tmp_path):
    message = refusal(write(tmp_path, {"products": [product("p", "none.fits")]}))
    assert message == f"product p: member {tmp_path / 'none.fits'} does not exist"


@pytest.mark.parametrize("member", ["", ".", "folder"])
def test_member_that_is_a_folder(tmp_path, member):
    (tmp_path / "folder").mkdir()
    message = refusal(write(tmp_path, {"products": [product("p", member)]}))
    assert message == f"product p: member {tmp_path / member} does not exist"


@pytest.mark.parametrize("member", ["a\nb", "a\x00"])
def test_member_that_cannot_be_shown(tmp_path, member):
    message = refusal(write(tmp_path, {"products": [product("p", member)]}))
    assert message.startswith(f"product p: member {member!r} is not usable: ")


@pytest.mark.parametrize("member", ["../a.fits", "sub/../../data/a.fits", "{}/data/a.fits"])
def test_member_that_lies_elsewhere(tmp_path, member):
    for folder in ("data", "asn/sub"):
        (tmp_path / folder).mkdir(parents=True)
    for place in (tmp_path / "a.fits", tmp_path / "data/a.fits"):
        place.touch()
    member = member.format(tmp_path)
    path = write(tmp_path / "asn", {"products": [product("p", member, "b.fits")]})
    (tmp_path / "asn/b.fits").touch()
    (found,) = read_products([str(path)])
    assert found.exposures == (str(tmp_path / "asn" / member), str(tmp_path / "asn/b.fits"))
    assert found.outside == (member,)
    assert unmovable([found]) == (
        f"association {path}: member {member!r} is not named as it lies in its folder: this "
        "association cannot be moved"
    )


def test_associations_that_cannot_be_moved_are_said_in_one_line():
    movable = Product("p", ("a",), "asn.json")
    assert unmovable([movable]) is None
    others = [Product("p", ("/a",), f"{name}.json", outside=("/a",)) for name in "xyz"]
    line = unmovable([movable, *others])
    assert line.startswith("association x.json: ")
    assert line.endswith(" cannot be moved, nor 2 more")


@pytest.mark.parametrize("member", ["{x}.fits", "a<results>.fits", "</script>.fits", "s3://b/{a}"])
@pytest.mark.parametrize("kind", ["science", "background"])
def test_member_with_marks_that_mean_more(tmp_path, member, kind):
    entry = {"name": "p", "members": [{"expname": member, "exptype": kind}]}
    message = refusal(write(tmp_path, {"products": [entry]}))
    assert message == f"product p: member {member!r} is not usable: {{}} or <> are in it"


@pytest.mark.parametrize("name", ["asn<results>.json", "a{b}.json"])
def test_association_with_marks_that_mean_more(tmp_path, name):
    write_products(tmp_path, product("p", "x"), name=name)
    with pytest.raises(ResampleError, match=r"not a usable name: \{\} or <> are in it$"):
        read_products([f"{tmp_path}/a*.json"])


def test_kind_of_member_that_is_none(tmp_path):
    members = [{"expname": "a", "exptype": "science"}, {"expname": "b", "exptype": "<i>\n"}]
    (tmp_path / "a").touch()
    (found,) = read_products(
        [str(write(tmp_path, {"products": [{"name": "p", "members": members}]}))]
    )
    assert found.left_out == ("unknown: b",)


def test_members_that_lie_elsewhere(tmp_path):
    places = "s3://bucket/jwst/a_cal.fits", "https://host:80/b_cal.fits", "http://host/c_cal.fits"
    [found] = read_products([str(write(tmp_path, {"products": [product("p", *places)]}))])
    assert found.exposures == places
    assert exposure_keys([found]) == dict(zip("abc", places, strict=True))


@pytest.mark.parametrize(
    "place",
    [
        "ftp://host/a.fits",
        "file:///etc/hosts",
        "https://host",
        "https://host/",
        "https://host/file?uri=a.fits",
        "https://user:word@host/a.fits",
        "https://host/a b\t.fits",
        "https://host/a\n.fits",
    ],
)
def test_member_that_lies_where_nothing_is_fetched(tmp_path, place):
    message = refusal(write(tmp_path, {"products": [product("p", place)]}))
    assert message.startswith(f"product p: member {place!r} is not usable")


@pytest.mark.parametrize("again", ["a_cal.fits", "./a_cal.fits", "sub/a_cal.fits", "a_crf.fits"])
def test_member_that_is_there_twice(tmp_path, again):
    path = write_products(tmp_path, product("p", "a_cal.fits", again))
    assert refusal(path) == (
        f"product p: {tmp_path / 'a_cal.fits'} and {tmp_path / again} have the name of one "
        "exposure, a: keep one of them"
    )


def test_products_of_globs_and_paths_in_order(tmp_path):
    for name in ("c", "a", "b"):
        write_products(tmp_path, product(name, "x"), name=f"{name}_asn.json")
    found = read_products([f"{tmp_path}/b*.json", f"{tmp_path}/*_asn.json"])
    assert [p.name for p in found] == ["b", "a", "c"]


def test_path_with_brackets_is_not_a_glob(tmp_path):
    path = write_products(tmp_path, product("p", "x"), name="asn[1].json")
    assert [p.name for p in read_products([str(path)])] == ["p"]


def test_pattern_without_a_file(tmp_path):
    with pytest.raises(ResampleError, match=r"^association '.*/\*\.json': no such file$"):
        read_products([f"{tmp_path}/*.json"])


@pytest.mark.parametrize("names", [("p", "p"), (TEMPLATE, strip_template(TEMPLATE))])
def test_two_products_of_one_name(tmp_path, names):
    paths = [
        write_products(tmp_path, product(name, "x"), name=f"{i}_asn.json")
        for i, name in enumerate(names)
    ]
    with pytest.raises(ResampleError) as error:
        read_products([f"{tmp_path}/*.json"])
    assert str(error.value) == (
        f"association {paths[1]}: product {names[1]} is made by {paths[0]} too: make them in two "
        "runs, each with an output_dir of its own"
    )


def test_same_product_twice_in_one_association(tmp_path):
    path = write_products(tmp_path, product("p", "x"), product("p", "y"))
    with pytest.raises(ResampleError, match=f"product p is made by {re.escape(str(path))} too: "):
        read_products([str(path)])


def keys(*exposures):
    return exposure_keys([Product("p", exposures, "asn.json")])


def test_exposure_keys_are_names_without_endings():
    found = keys("d/jw1_nrs1_cal.fits", "d/jw2_nrs1_crf.fits", "d/other.fits")
    assert found == {
        "jw1_nrs1": "d/jw1_nrs1_cal.fits",
        "jw2_nrs1": "d/jw2_nrs1_crf.fits",
        "other": "d/other.fits",
    }


def test_exposure_keys_hold_no_letter_that_means_more():
    found = keys("d/jw1 (a)_cal.fits", "d/é'\"&$_crf.fits", f"d/{'x' * 240}.fits")
    assert [*found][:2] == ["jw1+20+28a+29", "+e9+27+22+26+24"]
    assert len([*found][2]) == 209


def test_exposure_of_two_products_has_one_key():
    products = [Product(name, ("d/a_cal.fits",), "asn.json") for name in "pq"]
    assert exposure_keys(products) == {"a": "d/a_cal.fits"}


@pytest.mark.parametrize("other", ["two/a_cal.fits", "one/a_crf.fits"])
def test_exposures_of_equal_names_get_a_digest(other):
    found = keys("one/a_cal.fits", other, "one/b_cal.fits")
    assert list(found.values()) == ["one/a_cal.fits", other, "one/b_cal.fits"]
    first, second, third = found
    assert re.fullmatch("a-[0-9a-f]{8}", first)
    assert re.fullmatch("a-[0-9a-f]{8}", second)
    assert third == "b"
    assert first != second


def test_digests_do_not_depend_on_the_order():
    assert keys("one/a.fits", "two/a.fits") == keys("two/a.fits", "one/a.fits")

"""The benchmark's arithmetic and tables. Nothing is timed."""

import json
import sys

import numpy as np
import pytest
from astropy.io import fits

from benchmarks.comparing import DifferentProductsError, compare_products, image_difference
from benchmarks.error_report import KINDS, cost_table
from benchmarks.fitting import growth, ratio
from benchmarks.markdown import markdown_table, write_part
from benchmarks.measuring import Cost, FailedRunError, Work, measure
from benchmarks.profile_steps import REST, Stopwatch
from benchmarks.repeating import (
    first_exposures,
    one_file,
    repeat_exposures,
    repeat_products,
)
from benchmarks.report import is_met, plot, report
from benchmarks.results import CaseResult, Results

SIZES = np.array([6, 12, 24, 48])


def some_results():
    ours, theirs = [Cost(2, 3, 150), Cost(4, 3, 160)], [Cost(8, 6, 400), Cost(8, 12, 400)]
    series = {size: [Cost(1, 2 + 0.1 * size, 100)] for size in (6, 12, 24)}
    return Results(
        {"jwst": "3.0.0"},
        {"simulated": {"frames": 9.0}},
        {"nods": CaseResult({"exposure": ours, "product": theirs}, theirs, 1e-5)},
        {"slits": series},
        {"nods": {"drizzling": 1.5}},
    )


def test_ratios_are_taken_round_by_round():
    quotient = ratio([1, 2, 9], [4, 4, 10])
    assert (quotient.median, quotient.low, quotient.high) == (0.5, 0.25, 0.9)


@pytest.mark.parametrize("fixed", [0, 1, 30])
@pytest.mark.parametrize("exponent", [0.7, 1, 1.5])
def test_growth_finds_the_exponent_above_fixed_costs(fixed, exponent):
    fit = growth(SIZES, [[cost] for cost in fixed + 0.3 * SIZES**exponent])
    assert fit.exponent == pytest.approx(exponent, abs=0.01)
    if exponent == 1:
        assert (fit.fixed, fit.each) == (pytest.approx(fixed, abs=1e-9), pytest.approx(0.3))
        assert fit.residual < 1e-9


@pytest.mark.parametrize(
    ("measure", "limit", "met"),
    [("wall", 1 / 4, True), ("wall", 1 / 5, False), ("peak", 1 / 4, False), ("peak", 1 / 3, True)],
)
def test_targets(measure, limit, met):
    quotient = ratio([2, 2, 3], [8, 8, 8])
    assert is_met(measure, quotient.median, limit) == met


def test_table():
    assert markdown_table(["a", "b"], [[1, "x"]]) == "| a | b |\n| --- | --- |\n| 1 | x |\n"


def test_page_keeps_what_is_around_a_part(tmp_path):
    page = tmp_path / "page.md"
    begin, end = "<!-- results: written by make bench -->", "<!-- end of results -->"
    page.write_text(f"before\n{begin}old{end}\nafter\n")
    for _ in range(2):
        write_part(page, "results", "make bench", "new\n")
        assert page.read_text() == f"before\n{begin}\n\nnew\n\n{end}\nafter\n"
    write_part(page, "errors", "make errors", "first\n")
    assert page.read_text().startswith(f"before\n{begin}\n\nnew\n\n{end}\nafter\n<!-- errors")


def test_page_is_made_with_its_part(tmp_path):
    for _ in range(2):
        write_part(tmp_path / "page.md", "results", "make bench", "new\n")
        text = (tmp_path / "page.md").read_text()
        assert text.endswith("bench -->\n\nnew\n\n<!-- end of results -->\n")


def test_report_and_plot(tmp_path):
    results = some_results()
    text = report(results)
    assert "| wall, s | 3.0 | 0.375 (0.250 to 0.500), ≤ 1.05: yes | 8.0 | 1.000" in text
    assert "(1.000 to 1.000), ≤ 0.65: **no** | 8.0 |" in text
    assert "| 2.00 + 0.100 n | 0.0% | 1.00 | ≤ 1.1 | yes |" in text
    assert "| frames | 9.0 |" in text
    assert "| drizzling | 1.50 |" in text
    plot(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size


def test_report_says_whether_memory_keeps_to_its_limit():
    results = some_results()
    results.cases = {"mos-58-on-disk": results.cases["nods"]}
    assert "< 600 MB: yes, < 1: yes" in report(results)
    results.cases["mos-58-on-disk"].ours["exposure"] = [Cost(1, 1, 600)] * 2
    assert "< 600 MB: **no**, < 1: **no**" in report(results)


def test_results_come_back(tmp_path):
    results = some_results()
    results.save(tmp_path / "measurements.json")
    assert Results.load(tmp_path / "measurements.json") == results


def test_image_difference():
    image, error = np.arange(12.0).reshape(3, 4), np.full((3, 4), 2.0)
    hole = image.copy()
    hole[0, 0] = np.nan
    assert image_difference(image, image, error) == 0
    assert image_difference(image + 1, image, error) == pytest.approx(0.5)
    assert image_difference(hole, hole, error) == 0
    assert image_difference(hole, image, error) == np.inf
    assert image_difference(image[:2], image, error) == np.inf


def write_product(path, image):
    path.parent.mkdir(exist_ok=True)
    planes = [fits.ImageHDU(image, name="SCI"), fits.ImageHDU(np.ones((3, 4)), name="ERR")]
    planes[0].header["SOURCEID"] = 7
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(path, overwrite=True)


def test_products_must_be_those_of_jwst(tmp_path):
    association, image = tmp_path / "spec3_asn.json", np.arange(12.0).reshape(3, 4)
    association.write_text(json.dumps({"products": [{"name": "p_{source_id}_x"}]}))
    work, ours = Work((association,)), tmp_path / "results" / "p_s7_x_s2d.fits"
    write_product(tmp_path / "000_s2d.fits", image)
    with pytest.raises(DifferentProductsError, match="slits"):
        compare_products(work, tmp_path, tmp_path)
    write_product(ours, image)
    assert compare_products(work, tmp_path, tmp_path) == 0
    write_product(ours, image + 0.1)
    with pytest.raises(DifferentProductsError, match=r"SCI differs by 0\.1 errors"):
        compare_products(work, tmp_path, tmp_path)


def write_association(folder, name="p_{source_id}_x", members=("a_cal.fits", "b_cal.fits")):
    path = folder / "spec3_asn.json"
    science = [{"expname": member, "exptype": "science"} for member in members]
    path.write_text(json.dumps({"products": [{"name": name, "members": science}]}))
    for member in members:
        (folder / member).touch()
    return path


def products_of(path):
    return json.loads(path.read_text())["products"]


def test_shorter_association(tmp_path):
    path = write_association(tmp_path)
    (product,) = products_of(first_exposures(path, 1))
    assert product == {**products_of(path)[0], "members": products_of(path)[0]["members"][:1]}


def test_one_file(tmp_path):
    (product,) = products_of(one_file(write_association(tmp_path)))
    assert product["name"] == "p_all_x"


def test_repeated_exposures_and_products(tmp_path):
    path = write_association(tmp_path)
    more = repeat_exposures(path, 3, tmp_path / "more")
    names = [member["expname"] for member in products_of(more)[0]["members"]]
    assert names == ["e000_a_cal.fits", "e001_b_cal.fits", "e002_a_cal.fits"]
    assert all((more.parent / name).is_file() for name in names)
    associations = repeat_products(path, 2, tmp_path / "products")
    assert len({products_of(each)[0]["name"] for each in associations}) == 2


def test_commands_are_measured_until_one_fails(tmp_path):
    cost = measure([[sys.executable, "-c", "pass"]] * 2, tmp_path)
    assert min(cost.wall, cost.cpu, cost.peak) > 0
    with pytest.raises(FailedRunError, match="no luck"):
        measure([[sys.executable, "-c", "raise SystemExit('no luck')"]], tmp_path)


def test_inner_steps_do_not_count_for_outer_ones():
    watch = Stopwatch()
    busy = watch.step("inner")(lambda: sum(range(300_000)))
    with watch.step("outer"):
        busy()
    seconds = watch.finish()
    assert [*seconds] == ["inner", "outer", REST]
    assert seconds["outer"] < seconds["inner"]


def test_costs_of_errors_are_over_those_of_the_reference():
    costs = {kind: [Cost(1.0, 4.0, 90.0), Cost(1.0, 5.0, 110.0)] for kind in KINDS}
    last = [*KINDS][-1]
    costs[last] = [Cost(1.0, 6.0, 90.0), Cost(1.0, 5.0, 110.0)]
    table = cost_table(costs, dict.fromkeys(KINDS, 0.5))
    assert table.splitlines()[2].startswith("| `errors: reference` | 4.5 | 1.00 | 1.00 to 1.00 |")
    assert f"| {last} | 5.5 | 1.25 | 1.00 to 1.50 | 100 | 50 % |" in table

from types import SimpleNamespace

import numpy as np
import pytest
from specresample.drizzling.combination import Combination, single_arrays
from specresample.drizzling.combined_errors import ReferenceErrors

SHAPE = (3, 5)
VARIANCES = ("var_rnoise", "var_poisson", "var_flat")


def exposure(seed, empty=()):
    """A drizzled exposure; ``empty`` are columns without weight."""
    rng = np.random.default_rng(seed)
    single = {name: rng.uniform(0.5, 4.0, SHAPE).astype(np.float32) for name in ("wht", *VARIANCES)}
    single["sci"] = rng.normal(0.0, 3.0, SHAPE).astype(np.float32)
    single["dq"] = rng.integers(0, 2**32, SHAPE, dtype=np.uint32)
    for name, array in single.items():
        array[:, list(empty)] = 0 if name in ("wht", "dq") else np.nan
    return single


EXPOSURES = [exposure(0), exposure(1, empty=[1, 2]), exposure(2, empty=[2])]
TIMES = [10.0, 20.0, 35.0]


def combine(exposures, times=None, *, n=None, dq=False, scale_ratio=1.0, fill_value=np.nan):
    combination = Combination(SHAPE, n or len(exposures), propagate_dq=dq)
    errors = ReferenceErrors(SHAPE, scale_ratio)
    for single, time in zip(exposures, times or [None] * len(exposures), strict=True):
        combination.add(single)
        errors.add(single, variance_weight=time)
    return combination.finish(fill_value=fill_value) | errors.finish().arrays()


def stack(name, exposures=EXPOSURES):
    return np.array([single[name] for single in exposures], dtype=float)


def check_same(found, expected, *names):
    for name in names or set(expected) - {"con"}:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, err_msg=name)


def test_science_is_the_weighted_mean():
    out = combine(EXPOSURES)
    weights, values = stack("wht"), np.nan_to_num(stack("sci"))
    np.testing.assert_array_equal(out["wht"], weights.sum(axis=0).astype(np.float32))
    expected = np.average(values, weights=weights, axis=0)
    np.testing.assert_array_equal(out["sci"], expected.astype(np.float32))


def test_types():
    out = combine(EXPOSURES, dq=True)
    assert {name: array.dtype.name for name, array in out.items()} == {
        **dict.fromkeys(("sci", "wht", "err", *VARIANCES), "float32"),
        "con": "int32",
        "dq": "uint32",
    }
    assert out["con"].shape == (1, *SHAPE)


def test_one_exposure_is_itself():
    check_same(combine(EXPOSURES[:1]), EXPOSURES[0], "sci", "wht", *VARIANCES)


def test_variances_weigh_by_inverse_read_noise():
    out = combine(EXPOSURES, scale_ratio=1.6)
    weights = np.nan_to_num(1 / stack("var_rnoise"))
    for name in VARIANCES:
        variances = np.nan_to_num(stack(name))
        expected = 1.6 * (weights**2 * variances).sum(axis=0) / weights.sum(axis=0) ** 2
        np.testing.assert_allclose(out[name], expected, rtol=1e-6, err_msg=name)
    np.testing.assert_allclose(
        out["var_rnoise"], 1.6 / np.nansum(1 / stack("var_rnoise"), axis=0), rtol=1e-6
    )


def test_variances_weigh_by_time():
    out = combine(EXPOSURES, TIMES, scale_ratio=1.6)
    weights = np.where(np.isfinite(stack("sci")), np.reshape(TIMES, (3, 1, 1)), 0)
    for name in VARIANCES:
        variances = np.nan_to_num(stack(name))
        expected = 1.6 * (weights**2 * variances).sum(axis=0) / weights.sum(axis=0) ** 2
        np.testing.assert_allclose(out[name], expected, rtol=1e-6, err_msg=name)


def test_error_is_the_root_of_the_summed_variances():
    out = combine(EXPOSURES)
    expected = np.sqrt(sum(out[name].astype(float) for name in VARIANCES))
    np.testing.assert_allclose(out["err"], expected, rtol=1e-6)


def test_error_takes_the_variances_that_are_there():
    single = exposure(0)
    single["var_poisson"][0, 0] = np.nan
    for name in VARIANCES:
        single[name][0, 1] = np.nan
    out = combine([single])
    expected = np.sqrt(single["var_rnoise"][0, 0] + single["var_flat"][0, 0])
    assert out["err"][0, 0] == pytest.approx(expected, rel=1e-6)
    assert np.isnan(out["var_poisson"][0, 0])
    assert np.isnan(out["err"][0, 1])
    assert np.isfinite(out["err"]).sum() == out["err"].size - 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_variances_that_make_no_sense_are_left_out(bad):
    first, second = exposure(0), exposure(1)
    first["var_poisson"][0, 0] = bad
    first["var_rnoise"][0, 1] = bad
    out = combine([first, second])
    assert out["var_poisson"][0, 0] == second["var_poisson"][0, 0]
    for name in VARIANCES:
        assert out[name][0, 1] == pytest.approx(second[name][0, 1], rel=1e-6)


def test_missing_variance_counts_for_the_others():
    first, second = exposure(0), exposure(1)
    del first["var_flat"], second["var_flat"], second["var_poisson"]
    out = combine([first, second])
    assert np.isnan(out["var_flat"]).all()
    check_same(out, first, "var_poisson")


def test_without_read_noise_exposures_count_alike():
    exposures = [exposure(seed) for seed in (0, 1)]
    for single in exposures:
        del single["var_rnoise"]
    out = combine(exposures)
    expected = stack("var_poisson", exposures).sum(axis=0) / 4
    np.testing.assert_allclose(out["var_poisson"], expected, rtol=1e-6)
    assert np.isnan(out["var_rnoise"]).all()


def test_error_without_any_variance_is_unknown():
    single = {name: exposure(0)[name] for name in ("sci", "wht")}
    out = combine([single])
    assert np.isnan(out["err"]).all()
    check_same(out, single, "sci", "wht")


@pytest.mark.parametrize("times", [None, TIMES])
@pytest.mark.parametrize("order", [(2, 0, 1), (1, 0, 2), (2, 1, 0)])
def test_order_of_exposures_matters_to_the_context_alone(order, times):
    expected = combine(EXPOSURES, times, dq=True)
    found = combine([EXPOSURES[i] for i in order], times and [times[i] for i in order], dq=True)
    check_same(found, expected)
    bits = [
        sum((i in with_weight) << place for place, i in enumerate(order))
        for with_weight in ({0, 1, 2}, {0, 2}, {0}, {0, 1, 2}, {0, 1, 2})
    ]
    np.testing.assert_array_equal(found["con"], np.broadcast_to(bits, (1, *SHAPE)))


@pytest.mark.parametrize("times", [None, TIMES])
def test_exposure_without_weight_changes_nothing(times):
    nothing = exposure(9, empty=range(SHAPE[1]))
    expected = combine(EXPOSURES, times, dq=True)
    found = combine([*EXPOSURES, nothing], times and [*times, 50.0], dq=True)
    check_same(found, expected)
    np.testing.assert_array_equal(found["con"], expected["con"])


def test_scaling_all_weights_changes_the_weight_alone():
    scaled = [single | {"wht": 8 * single["wht"]} for single in EXPOSURES]
    found, expected = combine(scaled, dq=True), combine(EXPOSURES, dq=True)
    check_same(found, expected | {"wht": 8 * expected["wht"]})
    np.testing.assert_array_equal(found["con"], expected["con"])


@pytest.mark.parametrize("times", [None, TIMES])
def test_another_unit_scales_science_and_error(times):
    factor = 4.0
    scaled = [
        single
        | {"sci": factor * single["sci"]}
        | {name: factor**2 * single[name] for name in VARIANCES}
        for single in EXPOSURES
    ]
    found, expected = combine(scaled, times), combine(EXPOSURES, times)
    for name in ("sci", "err"):
        np.testing.assert_allclose(found[name], factor * expected[name], rtol=1e-6, err_msg=name)
    np.testing.assert_array_equal(found["wht"], expected["wht"])


def test_scale_ratio_changes_variances_alone():
    one, two = combine(EXPOSURES), combine(EXPOSURES, scale_ratio=2.0)
    check_same(two, one, "sci", "wht")
    np.testing.assert_allclose(two["var_flat"], 2 * one["var_flat"], rtol=1e-6)
    np.testing.assert_allclose(two["err"], np.sqrt(2) * one["err"], rtol=1e-6)


@pytest.mark.parametrize("fill_value", [np.nan, 0.0, -1e20])
def test_pixels_without_weight_get_the_fill_value(fill_value):
    nowhere = [exposure(seed, empty=[2]) for seed in (0, 1)]
    out = combine(nowhere, fill_value=fill_value)
    np.testing.assert_array_equal(out["sci"][:, 2], np.float32(fill_value))
    np.testing.assert_array_equal(out["wht"][:, 2], 0)
    np.testing.assert_array_equal(out["con"][:, :, 2], 0)
    assert np.isnan(out["err"][:, 2]).all()
    check_same(
        {"sci": np.delete(out["sci"], 2, axis=1)},
        {"sci": np.delete(combine(nowhere)["sci"], 2, axis=1)},
    )


def test_40_exposures_fill_two_context_planes():
    # A pixel for each exposure, and all of the other pixels for none
    combination = Combination((5, 10), 40, propagate_dq=False)
    for number in range(40):
        weight = np.zeros(50, np.float32)
        weight[number] = 1
        single = {"wht": weight.reshape(5, 10), "sci": np.ones((5, 10), np.float32)}
        combination.add(single)
    context = combination.finish(fill_value=0.0)["con"]
    assert context.shape == (2, 5, 10)
    assert context.dtype == np.int32
    found = context.view(np.uint32).reshape(2, 50)
    for number in range(40):
        plane, bit = divmod(number, 32)
        assert found[plane, number] == 2**bit
        assert found[1 - plane, number] == 0
    assert (found[:, 40:] == 0).all()


@pytest.mark.parametrize(("n", "planes"), [(1, 1), (32, 1), (33, 2), (64, 2), (65, 3)])
def test_number_of_context_planes(n, planes):
    assert combine([EXPOSURES[0]], n=n)["con"].shape[0] == planes


def test_dq_is_the_bitwise_or():
    out = combine(EXPOSURES, dq=True)
    np.testing.assert_array_equal(
        out["dq"], np.bitwise_or.reduce([single["dq"] for single in EXPOSURES])
    )
    assert "dq" not in combine(EXPOSURES)


def test_hundreds_of_exposures_lose_no_precision():
    combination = Combination((1, 1), 1000, propagate_dq=False)
    for number in range(1000):
        sci = 1e6 if number % 2 else -1e6 + 1
        combination.add(
            {"sci": np.full((1, 1), sci, np.float32), "wht": np.full((1, 1), 0.1, np.float32)}
        )
    out = combination.finish(fill_value=0.0)
    assert out["sci"][0, 0] == pytest.approx(0.5, rel=1e-6)


def single_product(single, *, scale_ratio, fillval):
    source = SimpleNamespace(number=3, scale_ratio=scale_ratio)
    drizzled = SimpleNamespace(group={"3": single}.get)
    (out,) = single_arrays([source], drizzled, {"fillval": fillval})
    return out


def test_single_product():
    single = exposure(0, empty=[2]) | {"err": np.full(SHAPE, 2.0, np.float32)}
    out = single_product(single, scale_ratio=2.25, fillval="-1")
    assert set(out) == {"sci", "wht", "err", "con", "dq"}
    for name in ("wht", "dq"):
        np.testing.assert_array_equal(out[name], single[name])
    with_weight = np.arange(SHAPE[1]) != 2
    np.testing.assert_array_equal(out["sci"][:, with_weight], single["sci"][:, with_weight])
    np.testing.assert_array_equal(out["sci"][:, 2], -1)
    np.testing.assert_array_equal(out["err"][:, with_weight], 3.0)
    np.testing.assert_array_equal(out["con"], np.broadcast_to(with_weight, (1, *SHAPE)))
    assert out["con"].dtype == np.int32
    assert out["sci"].dtype == out["err"].dtype == np.float32


def test_single_product_without_error_or_dq():
    single = {name: exposure(0)[name] for name in ("sci", "wht")}
    out = single_product(single, scale_ratio=1.0, fillval="INDEF")
    assert set(out) == {"sci", "wht", "con"}

"""What must hold in combination and drizzling with any numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from images import assert_same, bits
from specresample.drizzling.combination import Combination
from specresample.drizzling.combined_errors import ReferenceErrors
from specresample.drizzling.slit import VARIANCES, OntoGrid, drizzle_slit

IN, OUT = (8, 10), (9, 13)
PLANES = ("sci", *VARIANCES)

seeds = st.integers(0, 2**32 - 1)
# Powers of two: what they are multiplied with keeps all its digits.
factors = st.integers(-6, 6).map(lambda power: 2.0**power)
kernels = st.sampled_from(["square", "point"])
pixfracs = st.floats(0.01, 1.0)
quick = settings(max_examples=40, deadline=None, derandomize=True)


def exposure(seed, shape=OUT):
    """Arrays of an exposure on the output grid, a part of it without weight."""
    rng = np.random.default_rng(seed)
    single = {name: rng.uniform(0.5, 4.0, shape).astype("f4") for name in ("wht", *VARIANCES)}
    single["sci"] = rng.normal(0.0, 3.0, shape).astype("f4")
    single["dq"] = rng.integers(0, 2**32, shape, dtype=np.uint32)
    empty = rng.random(shape) < 0.2
    for name, array in single.items():
        array[empty] = 0 if name in ("wht", "dq") else np.nan
    return single


def masked():
    """Arrays of an exposure without any good pixel, as drizzled."""
    single = {name: np.full(OUT, np.nan, "f4") for name in PLANES}
    return single | {"wht": np.zeros(OUT, "f4"), "dq": np.zeros(OUT, np.uint32)}


def combine(singles, *, times=None, scale_ratio=1.0):
    combination = Combination(OUT, len(singles), propagate_dq=True)
    errors = ReferenceErrors(OUT, scale_ratio)
    for number, single in enumerate(singles):
        combination.add(single)
        errors.add(single, variance_weight=times and times[number])
    return combination.finish(fill_value=np.nan) | errors.finish().arrays()


# ---- combination ---------------------------------------------------------------------------------


@quick
@given(st.lists(seeds, min_size=1, max_size=70), st.randoms(use_true_random=False), st.booleans())
def test_order_of_exposures_is_that_of_context_bits_alone(chosen, random, by_time):
    order = list(range(len(chosen)))
    random.shuffle(order)
    singles = [exposure(seed) for seed in chosen]
    times = [float(i + 1) for i in order] if by_time else None
    found = combine([singles[i] for i in order], times=times)
    expected = combine(singles, times=sorted(times) if by_time else None)
    # Sums of other order differ in their last digits, and so does what nearly cancels.
    for name in {*PLANES, "err", "wht", "dq"}:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(bits(found["con"])[: len(order)], bits(expected["con"])[order])
    assert not bits(found["con"])[len(order) :].any()


@quick
@given(st.lists(seeds, min_size=1, max_size=5), st.integers(0, 5))
def test_masked_exposure_changes_nothing(chosen, place):
    singles = [exposure(seed) for seed in chosen]
    place = min(place, len(singles))
    found = combine([*singles[:place], masked(), *singles[place:]])
    expected = combine(singles)
    assert_same(found, expected)
    others = np.delete(bits(found["con"]), place, axis=0)
    np.testing.assert_array_equal(others, bits(expected["con"])[:-1])
    assert not bits(found["con"])[place].any()


@quick
@given(st.lists(seeds, min_size=1, max_size=5), factors)
def test_scaled_weights_scale_the_weight_alone(chosen, factor):
    singles = [exposure(seed) for seed in chosen]
    expected = combine(singles)
    found = combine([single | {"wht": single["wht"] * np.float32(factor)} for single in singles])
    assert_same(found, expected, {*PLANES, "err", "dq", "con"})
    np.testing.assert_array_equal(found["wht"], expected["wht"] * np.float32(factor))


@quick
@given(st.lists(seeds, min_size=1, max_size=5), factors)
def test_scaled_science_scales_science_and_error(chosen, factor):
    singles = [exposure(seed) for seed in chosen]
    scaled = [
        single
        | {"sci": single["sci"] * np.float32(factor)}
        | {name: single[name] * np.float32(factor**2) for name in VARIANCES}
        for single in singles
    ]
    expected, found = combine(singles), combine(scaled)
    for name in ("sci", "err"):
        np.testing.assert_array_equal(found[name], expected[name] * np.float32(factor))
    assert_same(found, expected, {"wht", "dq", "con"})


@quick
@given(st.lists(seeds, min_size=1, max_size=70))
def test_context_tells_where_each_exposure_has_weight(chosen):
    singles = [exposure(seed) for seed in chosen]
    context = combine(singles)["con"]
    assert context.shape == (-(-len(singles) // 32), *OUT)
    np.testing.assert_array_equal(
        bits(context)[: len(singles)], [single["wht"] > 0 for single in singles]
    )


@quick
@given(st.lists(seeds, min_size=1, max_size=5))
def test_mean_lies_between_the_exposures(chosen):
    singles = [exposure(seed) for seed in chosen]
    values = np.ma.masked_invalid([single["sci"] for single in singles])
    found = np.ma.masked_invalid(combine(singles)["sci"])
    np.testing.assert_array_equal(found.mask, values.mask.all(axis=0))
    assert (found >= values.min(axis=0) - 1e-5).all()
    assert (found <= values.max(axis=0) + 1e-5).all()


# ---- drizzling -----------------------------------------------------------------------------------


def pixel_map(seed):
    """A grid that is turned, stretched and moved a little."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: IN[0], : IN[1]].astype(float)
    matrix = np.eye(2) + rng.uniform(-0.15, 0.15, (2, 2))
    return np.stack([x, y], axis=-1) @ matrix + rng.uniform(-1.0, 3.0, 2)


def weights(seed):
    rng = np.random.default_rng([seed, 1])
    return (rng.uniform(0.5, 2.0, IN) * (rng.random(IN) < 0.9)).astype("f4")


def image(seed):
    return np.random.default_rng(seed).normal(0, 3, IN).astype("f4")


def drizzle(sci, weight, seed, kernel, pixfrac, **more):
    onto = OntoGrid(weight, pixel_map(seed), OUT, pixfrac=pixfrac, kernel=kernel)
    return drizzle_slit({"sci": sci, **more}, onto)


@quick
@given(seeds, kernels, pixfracs, st.floats(-1e3, 1e3, width=32))
def test_constant_stays_constant(seed, kernel, pixfrac, value):
    out = drizzle(np.full(IN, value, "f4"), weights(seed), seed, kernel, pixfrac)
    seen = out["wht"] > 0
    assert seen.any()
    np.testing.assert_allclose(out["sci"][seen], value, rtol=1e-5)
    assert np.isnan(out["sci"][~seen]).all()


@quick
@given(seeds, seeds, seeds, kernels, pixfracs, factors)
def test_drizzling_is_linear(seed, first, second, kernel, pixfrac, factor):
    a, b, weight = image(first), image(second), weights(seed)
    out_a, out_b, both = (
        drizzle(sci, weight, seed, kernel, pixfrac) for sci in (a, b, a + np.float32(factor) * b)
    )
    scale = 1e-5 * (np.abs(a).max() + factor * np.abs(b).max())
    expected = out_a["sci"] + np.float32(factor) * out_b["sci"]
    np.testing.assert_allclose(both["sci"], expected, rtol=0, atol=scale)
    np.testing.assert_array_equal(both["wht"], out_a["wht"])


@quick
@given(seeds, kernels, pixfracs, factors)
def test_scaled_input_weights_scale_the_output_weight_alone(seed, kernel, pixfrac, factor):
    sci, weight = image(seed), weights(seed)
    expected = drizzle(sci, weight, seed, kernel, pixfrac, var_rnoise=sci**2)
    found = drizzle(sci, weight * np.float32(factor), seed, kernel, pixfrac, var_rnoise=sci**2)
    np.testing.assert_allclose(found["wht"], expected["wht"] * factor, rtol=1e-5)
    for name in ("sci", "var_rnoise"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5)


@quick
@given(seeds, kernels)
def test_weight_is_conserved_within_the_grid(seed, kernel):
    weight = weights(seed)
    y, x = np.mgrid[: IN[0], : IN[1]].astype(float)
    shift = np.random.default_rng(seed).uniform(0.0, min(np.subtract(OUT, IN)), 2)
    pixmap = np.stack([x, y], axis=-1) + shift
    onto = OntoGrid(weight, pixmap, OUT, pixfrac=1.0, kernel=kernel)
    out = drizzle_slit({"sci": weight}, onto)
    assert out["wht"].sum() == pytest.approx(weight.sum(), rel=1e-5)

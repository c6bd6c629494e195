import pytest
from specresample.drizzling.times import time_weight, total_times

IDENTITY = {
    "program_number": "01345",
    "observation_number": "062",
    "visit_number": "001",
    "visit_group": "03",
    "sequence_id": "1",
    "activity_id": "01",
    "exposure_number": "1",
}


def exposure(start, seconds, **identity):
    """Metadata of an exposure; TMEASURE is a second less than its time, its duration one more."""
    times = {
        "start_time": start,
        "end_time": start + 1,
        "exposure_time": seconds,
        "duration": seconds + 1,
        "measurement_time": seconds - 1,
    }
    return {f"meta.exposure.{name}": value for name, value in times.items()} | {
        f"meta.observation.{name}": value for name, value in (IDENTITY | identity).items()
    }


def totals(inputs, *names):
    """Number of exposures, and some of their times."""
    found = total_times(inputs)
    return (found["meta.resample.pointings"], *(found[f"meta.exposure.{name}"] for name in names))


def test_times_are_summed_from_first_start_to_last_end():
    inputs = [
        exposure(59003.0, 30.0, exposure_number="2"),
        exposure(59001.0, 10.0, exposure_number="1"),
        exposure(59002.0, 20.0, exposure_number="3"),
    ]
    assert total_times(inputs) == {
        "meta.exposure.exposure_time": 60.0,
        "meta.exposure.effective_exposure_time": 60.0,
        "meta.exposure.duration": 63.0,
        "meta.exposure.elapsed_exposure_time": 63.0,
        "meta.exposure.measurement_time": 57.0,
        "meta.exposure.start_time": 59001.0,
        "meta.exposure.end_time": 59004.0,
        "meta.resample.pointings": 3,
    }


def test_two_detectors_of_an_exposure_count_once():
    inputs = [
        exposure(59001.0, 10.0),
        exposure(59001.0, 10.0),
        exposure(59002.0, 20.0, exposure_number="2"),
    ]
    assert totals(inputs, "exposure_time", "duration", "measurement_time") == (2, 30.0, 32.0, 28.0)


@pytest.mark.parametrize("part", IDENTITY)
def test_every_part_of_the_identity_tells_exposures_apart(part):
    assert totals([exposure(1, 2), exposure(1, 2, **{part: "other"})]) == (2,)


def test_exposures_without_identity_count_each():
    nameless = {"meta.exposure.exposure_time": 5.0}
    names = "exposure_time", "start_time", "end_time"
    assert totals([nameless, nameless], *names) == (2, 10.0, None, None)


def test_measurement_time_needs_every_input():
    without = exposure(59002.0, 20.0, exposure_number="2")
    del without["meta.exposure.measurement_time"]
    inputs = [exposure(59001.0, 10.0), without]
    assert totals(inputs, "measurement_time", "exposure_time") == (2, None, 30.0)


def test_weight_is_the_measurement_time_when_there():
    metadata = exposure(59001.0, 10.0)
    assert time_weight(metadata) == 9.0
    del metadata["meta.exposure.measurement_time"]
    assert time_weight(metadata) == 10.0
    del metadata["meta.exposure.exposure_time"]
    assert time_weight(metadata) is None
    assert time_weight({"meta.exposure.effective_exposure_time": 8}) == 8.0

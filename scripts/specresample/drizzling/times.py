"""Exposure times of exposures and of products (docs/specification.md, "Product").

Metadata are mappings by dotted path. Of the inputs of a product there is one for every exposure and
detector.
"""

from collections.abc import Mapping, Sequence

_EXPOSURE_IDENTITY = (
    "meta.observation.program_number",
    "meta.observation.observation_number",
    "meta.observation.visit_number",
    "meta.observation.visit_group",
    "meta.observation.sequence_id",
    "meta.observation.activity_id",
    "meta.observation.exposure_number",
)


def total_times(inputs: Sequence[Mapping[str, object]]) -> dict[str, float | None]:
    """Sum the times of exposures, the detectors of one exposure counted once.

    Returns
    -------
    dict of str to float or None
        Metadata of a product by dotted path: number of exposures, their summed times in seconds,
        start of the first and end of the last. None when they are not known, and for the
        measurement time when one exposure does not give it.
    """
    exposures = [inputs[detectors[0]] for detectors in exposure_groups(inputs)]

    def values(name: str) -> list[float]:
        found = (metadata.get(f"meta.exposure.{name}") for metadata in exposures)
        return [value for value in found if value is not None]

    time, duration = sum(values("exposure_time")), sum(values("duration"))
    measured = [metadata.get("meta.exposure.measurement_time") for metadata in exposures]
    return {
        "meta.exposure.exposure_time": time,
        "meta.exposure.effective_exposure_time": time,
        "meta.exposure.duration": duration,
        "meta.exposure.elapsed_exposure_time": duration,
        "meta.exposure.measurement_time": None if None in measured else sum(measured),
        "meta.exposure.start_time": min(values("start_time"), default=None),
        "meta.exposure.end_time": max(values("end_time"), default=None),
        "meta.resample.pointings": len(exposures),
    }


def exposure_groups(inputs: Sequence[Mapping[str, object]]) -> list[list[int]]:
    """Find the detectors of the same exposures.

    Returns
    -------
    list of list of int
        Positions of the inputs of each exposure, in order of appearance.
    """
    groups: dict[tuple, list[int]] = {}
    for number, metadata in enumerate(inputs):
        identity = tuple(metadata.get(path) for path in _EXPOSURE_IDENTITY)
        # An exposure whose identity is not complete counts as one of its own.
        groups.setdefault(identity if None not in identity else (number,), []).append(number)
    return list(groups.values())


def time_weight(metadata: Mapping[str, object]) -> float | None:
    """Time by which ``weight_type: exptime`` weights an exposure, in seconds.

    Returns
    -------
    float or None
        The measurement time where it is positive, otherwise the exposure time. None when neither
        is.
    """
    for name in ("measurement_time", "exposure_time", "effective_exposure_time"):
        time = metadata.get(f"meta.exposure.{name}")
        if time is not None and time > 0:
            return float(time)
    return None

"""Exposure times of exposures and of products (docs/specification.md, "Product")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ExposureTimes:
    """Times of a product, in seconds; start and end are in MJD.

    Attributes
    ----------
    pointings : int
        Number of exposures, the detectors of one exposure counted once.
    exposure, duration : float
        Summed effective exposure time and duration.
    measurement : float or None
        Summed measurement time; None when an exposure does not give it.
    start, end : float or None
        Start of the first and end of the last exposure.
    """

    pointings: int
    exposure: float
    duration: float
    measurement: float | None
    start: float | None
    end: float | None


_EXPOSURE_IDENTITY = tuple(
    f"meta.observation.{part}"
    for part in (
        "program_number",
        "observation_number",
        "visit_number",
        "visit_group",
        "sequence_id",
        "activity_id",
        "exposure_number",
    )
)


def total_times(inputs: Sequence[Mapping[str, object]]) -> ExposureTimes:
    """Sum the times of exposures.

    Parameters
    ----------
    inputs : sequence of mapping
        Metadata by dotted path, an entry per exposure and detector.

    Returns
    -------
    ExposureTimes
    """
    exposures = [inputs[detectors[0]] for detectors in exposure_groups(inputs)]

    def values(name: str) -> list[float]:
        found = (metadata.get(f"meta.exposure.{name}") for metadata in exposures)
        return [value for value in found if value is not None]

    measurement = values("measurement_time")
    return ExposureTimes(
        pointings=len(exposures),
        exposure=sum(values("exposure_time")),
        duration=sum(values("duration")),
        measurement=sum(measurement) if len(measurement) == len(exposures) else None,
        start=min(values("start_time"), default=None),
        end=max(values("end_time"), default=None),
    )


def exposure_groups(inputs: Sequence[Mapping[str, object]]) -> list[list[int]]:
    """Find the detectors of the same exposures.

    Parameters
    ----------
    inputs : sequence of mapping
        Metadata by dotted path, an entry per exposure and detector.

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

    Parameters
    ----------
    metadata : mapping
        Metadata of the exposure by dotted path.

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

"""What gates say, and how it is put into words."""

from dataclasses import dataclass

from specresample.common.json_record import JsonRecord

PASSED, FAILED, NOT_MEASURABLE = "passed", "failed", "not measurable"

# What the value of each gate is.
MEANINGS = {
    "flux": "flux out over flux in",
    "wavelength": "steps of wavelength that go the wrong way",
    "wcs": "pixels between where the WCS starts and where it comes back",
    "size": "times the size that the exposures need",
    "nods": "pixels between the traces of the exposures",
    "outliers": "part of the pixels of an exposure that are outliers",
}


@dataclass(frozen=True)
class GateResult(JsonRecord):
    """What a gate says of a slit.

    Attributes
    ----------
    state : str
        ``passed``, ``failed`` or ``not measurable``.
    limits : tuple of float or None
        Lowest and highest value that is allowed.
    value : float or None
        What was measured.
    reason : str or None
        Why there is no value.
    """

    state: str
    limits: tuple[float, float] | None
    value: float | None = None
    reason: str | None = None

    def in_words(self, name: str) -> str:
        """Give value and limits of the gate of a name, or why there is no value."""
        if self.value is None:
            return self.reason
        low, high = self.limits
        return f"{MEANINGS[name]}: {self.value:g}, allowed are {low:g} to {high:g}"

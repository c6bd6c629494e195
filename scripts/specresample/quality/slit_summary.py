"""What is said of a slit of a product: what an overview shows, and gates."""

from dataclasses import dataclass

from specresample.common.json_record import JsonRecord
from specresample.quality.gate_results import FAILED, GateResult


@dataclass(frozen=True)
class SlitSummary(JsonRecord):
    """What is said of a slit of a product.

    Attributes
    ----------
    file : str
        Name of the product's file.
    slit : str
        Its label.
    exposures : int
        How many exposures it was made from.
    exposure_time : float or None
        In seconds.
    shape : tuple of int
        (ny, nx).
    wavelengths : tuple of float or None
        Shortest and longest, in um.
    good : float
        Fraction of pixels with data.
    signal_to_noise : float or None
        Median of the quick sum.
    gates : dict of str to GateResult
    outliers : dict of str to int or None
        Outliers by exposure; None when they were not looked for.
    thumbnail : str or None
        Small picture: a PNG file in base64.
    """

    file: str
    slit: str
    exposures: int
    exposure_time: float | None
    shape: tuple[int, int]
    wavelengths: tuple[float | None, float | None]
    good: float | None
    signal_to_noise: float | None
    gates: dict[str, GateResult]
    outliers: dict[str, int] | None = None
    thumbnail: str | None = None

    def failed_gates(self) -> list[str]:
        """Say of every gate that failed what was found, a line each."""
        return [
            f"{self.file}: slit {self.slit}: gate {name} failed: {gate.in_words(name)}"
            for name, gate in self.gates.items()
            if gate.state == FAILED
        ]

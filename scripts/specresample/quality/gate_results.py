"""What gates say, and how it is put into words. Imports nothing: every run's summary needs it."""

from collections.abc import Mapping

PASSED, FAILED, NOT_MEASURABLE = "passed", "failed", "not measurable"

# What the value of each gate is.
MEANINGS = {
    "flux": "flux out over flux in",
    "wavelength": "steps of wavelength that go the wrong way",
    "wcs": "pixels between where the WCS starts and where it comes back",
    "size": "times the size that the exposures need",
    "nods": "pixels between the traces of the exposures",
}


def verdict_text(name: str, gate: Mapping[str, object]) -> str:
    """Put a gate's result into words: value and limits, or why there is no value.

    Parameters
    ----------
    name : str
        Of the gate.
    gate : mapping
        Its result, from `specresample.quality.gates`.
    """
    if gate["value"] is None:
        return gate["reason"]
    low, high = gate["limits"]
    return f"{MEANINGS[name]}: {gate['value']:g}, allowed are {low:g} to {high:g}"


def failed_gates(facts: Mapping[str, object]) -> list[str]:
    """Say of every gate that failed what was found, a line each.

    Parameters
    ----------
    facts : mapping
        Of a slit, from `specresample.quality.slit_summary.slit_facts`.
    """
    place = f"{facts['file']}: slit {facts['slit']}"
    return [
        f"{place}: gate {name} failed: {verdict_text(name, gate)}"
        for name, gate in facts["gates"].items()
        if gate["state"] == FAILED
    ]

"""The sources of a product and their output grids: what every later step is told."""

from dataclasses import dataclass

from specresample.common.json_record import JsonRecord
from specresample.footprint.prepared import Exposures, LeftOut
from specresample.grids.rectified import Grid
from specresample.grids.sources import SourceSlits


@dataclass(frozen=True)
class Source(JsonRecord):
    """A source of a product.

    Attributes
    ----------
    number : int
        Position in the product, from 0; drizzled arrays have this name.
    key : str
        What its slits have in common.
    label : str
        Slit name and source, for messages.
    file : str
        File that holds it, without ``_s2d.fits``.
    grid : Grid
        Its output grid.
    scale_ratio : float
        Input over output pixel scale, across the dispersion.
    slits : dict of str to int
        Number of its slit by key of the exposure.
    fitted_axes : tuple of int
        Axes of the grid, 0 across the dispersion and 1 along it, whose size follows from the
        exposures and was not asked for.
    """

    number: int
    key: str
    label: str
    file: str
    grid: Grid
    scale_ratio: float
    slits: dict[str, int]
    fitted_axes: tuple[int, ...] = (0, 1)

    def slits_in(self, exposures: Exposures) -> SourceSlits:
        """Return its slit in every one of some exposures that has it, in their order."""
        return {
            key: exposure.slit(self.slits[key])
            for key, exposure in exposures.items()
            if key in self.slits
        }


@dataclass(frozen=True)
class HandedIn(JsonRecord):
    """A grid or table that was handed in: its file and the file's SHA-256 digest."""

    file: str
    sha256: str


@dataclass(frozen=True)
class ProductGrids(JsonRecord):
    """Sources and grids of a product.

    Attributes
    ----------
    name : str
        Product name of the association.
    file_each : bool
        Whether every source gets a file.
    several : bool
        Whether exposures hold several slits.
    sources : tuple of Source
    left_out : tuple of LeftOut
        Slits and exposures that are not in the product.
    skip : str or None
        Why the product is skipped.
    output_wcs, wavelength_table : HandedIn or None
    """

    name: str
    file_each: bool
    several: bool
    sources: tuple[Source, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    skip: str | None = None
    output_wcs: HandedIn | None = None
    wavelength_table: HandedIn | None = None

    def used_exposures(self) -> list[str]:
        """Return the keys of the exposures with a slit that can be resampled."""
        return [*{key: None for source in self.sources for key in source.slits}]

    def sources_of(self, exposure: str) -> list[Source]:
        """Return the sources that an exposure shows, by its key."""
        return [source for source in self.sources if exposure in source.slits]

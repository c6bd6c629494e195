"""What is known of an exposure once it is prepared: the types of its JSON file."""

from collections.abc import Mapping
from dataclasses import dataclass

from specresample.common.json_record import JsonRecord


@dataclass(frozen=True)
class SlitPositionFit(JsonRecord):
    """Slit position as a polynomial of two tangent-plane coordinates and wavelength.

    Attributes
    ----------
    centres, scales : tuple of float
        What is subtracted from the three variables, and what they are divided by.
    coefficients : list
        Nested lists, for `numpy.polynomial.polynomial.polyval3d`.
    """

    centres: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: list


@dataclass(frozen=True)
class FootprintSummary(JsonRecord):
    """What an output grid is built from: the coordinates of a slit's pixels in short.

    Attributes
    ----------
    kind : str
        Of the output grid: ``slit`` (NIRSpec on the sky), ``interpolated`` (MIRI LRS) or ``lamp``.
    dispersion_axis : int
        1 when wavelength runs along x, 2 along y.
    wavelengths : list of float
        Median per slice along the dispersion, in um, in order of pixels.
    centre : list of list of float
        The first two world coordinates along the central slice.
    hull, limits : list of list of float or None
        RA and Dec of the corners of the convex hull of all valid pixels, and their extremes; None
        for lamp data.
    fiducial, slit_position : tuple of float, SlitPositionFit, or None
        RA and Dec of the fiducial, and the fit of the slit position, for kind ``slit``.
    pixel_scale : float or None
        Spatial scale at the centre of the bounding box, in arcsec.
    source : tuple of float or None
        World coordinates of the source, when its position is given in detector pixels.
    has_data : bool
        Whether there are enough good pixels to be the spatial reference.
    oversampling : float
        Pixels across the dispersion per pixel of the detector. It is 1 without
        adaptive_trace_model.
    """

    kind: str
    dispersion_axis: int
    wavelengths: list[float]
    centre: list[list[float]]
    hull: list[list[float]] | None = None
    limits: list[list[float]] | None = None
    fiducial: tuple[float, float] | None = None
    slit_position: SlitPositionFit | None = None
    pixel_scale: float | None = None
    source: tuple[float, float, float] | None = None
    has_data: bool = True
    oversampling: float = 1.0


@dataclass(frozen=True)
class PreparedSlit(JsonRecord):
    """A slit of a prepared exposure.

    Attributes
    ----------
    number : int
        Position in the level-2b file, from 0; its arrays have this name.
    label : str
        Slit name and source, for messages.
    metadata : dict
        Metadata by dotted path.
    footprint : FootprintSummary
    flux_density : bool
        Whether its unit is one of flux density, and not of surface brightness.
    corner : tuple of int
        Row and column of the slit's image at which its arrays begin.
    """

    number: int
    label: str
    metadata: dict[str, object]
    footprint: FootprintSummary
    flux_density: bool
    corner: tuple[int, int] = (0, 0)

    @property
    def pixel_area(self) -> float | None:
        """Nominal pixel area in steradian, where the metadata give one."""
        area = self.metadata.get("meta.photometry.pixelarea_steradians")
        return area if area and area > 0 else None


@dataclass(frozen=True)
class LeftOut(JsonRecord):
    """What is not in the product: a slit of one exposure or of all, or a whole exposure.

    Attributes
    ----------
    reason : str
    slit, exposure : str or None
        Label of the slit and key of the exposure; None stands for all of them.
    """

    reason: str
    slit: str | None = None
    exposure: str | None = None


@dataclass(frozen=True)
class PreparedExposure(JsonRecord):
    """A prepared exposure, beside its file of arrays.

    Attributes
    ----------
    sha256 : str
        Digest of the level-2b file.
    model_type : str
        Name of its data model.
    metadata : dict
        Metadata by dotted path.
    skip : str or None
        Why the exposure is not resampled.
    slits : tuple of PreparedSlit
    left_out : tuple of LeftOut
        Slits that cannot be used.
    """

    sha256: str
    model_type: str
    metadata: dict[str, object]
    skip: str | None = None
    slits: tuple[PreparedSlit, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def slit(self, number: int) -> PreparedSlit:
        """Return a slit by its number."""
        return next(slit for slit in self.slits if slit.number == number)


Exposures = Mapping[str, PreparedExposure]
"""Prepared exposures of a product by key, in association order."""

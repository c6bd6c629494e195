"""Where every file of a run lies: patterns with the wildcards of the rules, and names of the rules.

All paths are below the folder of products, so that a campaign can be moved as a whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# The rules whose jobs leave a status file, by what each is one job of.
PER_EXPOSURE = ("prepare_exposure",)
PER_PRODUCT = ("output_grid", "flag_outliers", "combine", "make_product")
PER_BOTH = ("drizzle_exposure", "flagged_exposure")


@dataclass(frozen=True)
class Paths:
    """Files below a folder of products.

    Attributes
    ----------
    out : str
        The folder of products.
    """

    out: str

    @property
    def work(self) -> str:
        """Folder of all that is not for users."""
        return f"{self.out}/.work"

    @property
    def arrays(self) -> str:
        """Arrays of a prepared exposure."""
        return f"{self.work}/exposures/{{exposure}}.npz"

    @property
    def summary(self) -> str:
        """What is known of a prepared exposure."""
        return f"{self.work}/exposures/{{exposure}}.json"

    @property
    def grid(self) -> str:
        """Sources and output grids of a product."""
        return f"{self.work}/{{product}}/grid.json"

    @property
    def contents(self) -> str:
        """Which files a product has, and which exposures are in it."""
        return f"{self.work}/{{product}}/contents.json"

    @property
    def outliers(self) -> str:
        """Folder of the outliers in a product's exposures."""
        return f"{self.work}/{{product}}/outliers"

    @property
    def singles(self) -> str:
        """Folder of a product's drizzled exposures."""
        return f"{self.work}/{{product}}/singles"

    @property
    def single(self) -> str:
        """Drizzled exposure of a product."""
        return f"{self.singles}/{{exposure}}.npz"

    @property
    def files(self) -> str:
        """Folder in which the files of a product are made."""
        return f"{self.work}/{{product}}/files"

    @property
    def made_record(self) -> str:
        """Record of a product, as it is made."""
        return f"{self.work}/{{product}}/record.json"

    @property
    def made_provenance(self) -> str:
        """Provenance of a product, as it is made."""
        return f"{self.work}/{{product}}/provenance.json"

    @property
    def product(self) -> str:
        """File of a product, where users find it."""
        return f"{self.out}/{{file}}_s2d.fits"

    @property
    def flagged(self) -> str:
        """Exposure of a product with its outliers flagged, where users find it."""
        return f"{self.out}/{{product}}/{{exposure}}_crf.fits"

    @property
    def record(self) -> str:
        """Record of a product, where users find it."""
        return f"{self.out}/{{product}}/record.json"

    @property
    def provenance(self) -> str:
        """Provenance of a product, where users find it."""
        return f"{self.out}/{{product}}/provenance.json"

    @property
    def preview(self) -> str:
        """Picture of a product."""
        return f"{self.out}/{{product}}/preview.png"

    @property
    def overview(self) -> str:
        """Page with all products, for the report."""
        return f"{self.work}/overview.html"

    def log(self, rule: str, *wildcards: str) -> str:
        """Return the log of a rule's jobs."""
        return self._of_job("logs", rule, *wildcards) + ".log"

    def status(self, rule: str, *wildcards: str) -> str:
        """Return the status file of a rule's jobs."""
        return self._of_job("status", rule, *wildcards) + ".json"

    def log_of(self, status: str) -> str:
        """Return the log of the job that left a status file."""
        job = status.removeprefix(f"{self.work}/status/").removesuffix(".json")
        return f"{self.work}/logs/{job}.log"

    def statuses(self, product: str, exposures: Iterable[str]) -> list[str]:
        """List the status files of all jobs that may have worked on a product.

        Parameters
        ----------
        product : str
            Name of its folder.
        exposures : iterable of str
            Keys of its exposures.
        """
        exposures = list(exposures)
        return [
            *(self.status(rule, key) for rule in PER_EXPOSURE for key in exposures),
            *(self.status(rule, product) for rule in PER_PRODUCT),
            *(self.status(rule, product, key) for rule in PER_BOTH for key in exposures),
        ]

    def _of_job(self, kind: str, rule: str, *wildcards: str) -> str:
        return "/".join([self.work, kind, rule, *(wildcards or ["job"])])

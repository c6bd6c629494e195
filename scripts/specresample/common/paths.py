"""Where every file of a run lies: patterns with the wildcards of the rules, and names of the rules.

All paths are below the folder of products, so that a campaign can be moved as a whole.
"""

from collections.abc import Iterable

# The rules whose jobs leave a status file, by what each is one job of.
PER_EXPOSURE = ("prepare_exposure",)
PER_PRODUCT = ("output_grid", "flag_outliers", "combine", "make_product")
PER_BOTH = ("drizzle_exposure", "flagged_exposure")


class Paths:
    """Files below a folder of products.

    Parameters
    ----------
    out : str
        The folder of products.
    """

    def __init__(self, out: str) -> None:
        # All that is not for users.
        self.work = f"{out}/.work"
        self.overview = f"{self.work}/overview.html"
        # A prepared exposure: its arrays, and what is known of it.
        self.arrays = f"{self.work}/exposures/{{exposure}}.npz"
        self.summary = f"{self.work}/exposures/{{exposure}}.json"
        # Of a product: its grids, its files and exposures; folders of outliers, of drizzled
        # exposures and of its files; and its record and provenance, as they are made.
        made = f"{self.work}/{{product}}"
        self.grid = f"{made}/grid.json"
        self.contents = f"{made}/contents.json"
        self.outliers = f"{made}/outliers"
        self.singles = f"{made}/singles"
        self.single = f"{self.singles}/{{exposure}}.npz"
        self.files = f"{made}/files"
        self.made_record = f"{made}/record.json"
        self.made_provenance = f"{made}/provenance.json"
        # What users find: files of products, exposures with their outliers flagged, and the rest.
        self.product = f"{out}/{{file}}_s2d.fits"
        self.flagged = f"{out}/{{product}}/{{exposure}}_crf.fits"
        self.record = f"{out}/{{product}}/record.json"
        self.provenance = f"{out}/{{product}}/provenance.json"
        self.preview = f"{out}/{{product}}/preview.png"

    def logs(self, rule: str, *wildcards: str) -> dict[str, str]:
        """Return the log of a rule's jobs, ``text``, and their ``status`` file."""
        job = "/".join([rule, *(wildcards or ["job"])])
        return {"text": f"{self.work}/logs/{job}.log", "status": f"{self.work}/status/{job}.json"}

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
        jobs = [
            *((rule, key) for rule in PER_EXPOSURE for key in exposures),
            *((rule, product) for rule in PER_PRODUCT),
            *((rule, product, key) for rule in PER_BOTH for key in exposures),
        ]
        return [self.logs(*job)["status"] for job in jobs]

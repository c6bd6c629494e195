"""What is asked for: a product, its exposures and arguments, as the plan says it."""

from dataclasses import dataclass
from pathlib import Path

from specresample.common.json_record import JsonRecord
from specresample.common.names import header_text


@dataclass(frozen=True)
class ProductRequest(JsonRecord):
    """A product that is to be made.

    Attributes
    ----------
    folder : str
        Name of its folder.
    name : str
        Product name of the association.
    exposures : dict of str to str
        Path or URI of every exposure by key, in association order.
    association : str
        Path of the association file.
    pool : str or None
        Name of the association pool.
    other_members : tuple of str
        Members of the association that are no science exposures, as ``kind: name``.
    arguments : dict
        Value by argument.
    """

    folder: str
    name: str
    exposures: dict[str, str]
    association: str
    pool: str | None
    other_members: tuple[str, ...]
    arguments: dict[str, object]

    def file(self, key: str) -> str:
        """Return the file name of an exposure, by its key."""
        return Path(self.exposures[key]).name

    def association_metadata(self) -> dict[str, str]:
        """Return the metadata that exposures get from their association, by dotted path."""
        metadata = {
            "meta.asn.exptype": "science",
            "meta.asn.table_name": header_text(Path(self.association).name),
        }
        return metadata | ({"meta.asn.pool_name": header_text(self.pool)} if self.pool else {})

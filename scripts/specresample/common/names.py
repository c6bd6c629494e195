"""Names of products, exposures and files."""

import hashlib
import re
from pathlib import Path

# Templates in product names stand for a property of each source. A regular expression describes
# what replaces them.
TEMPLATES = {"source_id": "[sbv][0-9]+", "slit_name": "[a-z0-9-]+"}
TEMPLATE = "{(?:" + "|".join(TEMPLATES) + ")}"

# Names of the observatory are shorter. With a suffix such a name stays below the 255 bytes that a
# file name may have.
MAX_NAME = 200


def strip_template(name: str) -> str:
    """Remove a ``{source_id}`` or ``{slit_name}`` template and its neighbouring separator.

    Examples
    --------
    >>> strip_template("jw02736-o007_{source_id}_nirspec_f290lp-g395m")
    'jw02736-o007_nirspec_f290lp-g395m'
    """
    return re.sub(f"{TEMPLATE}[_-]|[_-]?{TEMPLATE}", "", name)


def source_pattern(name: str) -> str:
    """Regular expression of the file names that a template product's sources get.

    Parameters
    ----------
    name : str
        Product name with templates.

    Returns
    -------
    str
    """
    pattern = re.escape(name)
    for template, expression in TEMPLATES.items():
        pattern = pattern.replace(re.escape("{" + template + "}"), expression)
    return pattern


def exposure_name(path: str) -> str:
    """Name of an exposure: that of its file without endings such as ``_cal.fits``.

    Letters that observatory names do not have become numbers, because some of them mean something
    to Snakemake. A name that would be too long ends in a digest.

    Examples
    --------
    >>> exposure_name("data/jw1 <a>_cal.fits")
    'jw1+20+3ca+3e'
    """
    name = re.sub("_(cal|crf)$", "", Path(path).stem)
    name = re.sub("[^A-Za-z0-9_.+-]", lambda letter: f"+{ord(letter[0]):x}", name)
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}-{name_digest(name)}"


def single_file(product: str, exposure: str) -> str:
    """Name the single product of an exposure.

    Parameters
    ----------
    product : str
        Product name of the association.
    exposure : str
        File name of the exposure.

    Returns
    -------
    str
        Path below the folder of all products, without ``_s2d.fits``.
    """
    return f"{strip_template(product)}/{exposure_name(exposure)}_outlier"


def header_text(text: str) -> str:
    r"""Escape what is not ASCII in a name, because a FITS header cannot hold it.

    Examples
    --------
    >>> print(header_text("jw1_é_cal.fits"))
    jw1_\xe9_cal.fits
    """
    return text.encode("unicode_escape").decode("ascii")


def name_digest(text: str) -> str:
    """Eight letters that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]

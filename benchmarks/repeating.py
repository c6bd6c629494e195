"""Larger observations from small ones: more slits, exposures and products, under other names.

Every function takes the association of an observation and returns that of the other one. Its files
go into ``folder``, which is made unless it is there, or else beside the first association.
"""

import json
import re
import shutil
from collections.abc import Mapping
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from astropy.io import fits
from specresample.common.files import folder_written_aside
from specresample.common.fits_hash import FITS_HASH_KEY, fits_hash


def repeat_slits(association: Path, slits: int, folder: Path) -> Path:
    """Write an observation whose exposures have the slits of another one several times.

    Parameters
    ----------
    association : Path
        Of MOS exposures; its product is a template.
    slits : int
        Slits of each exposure that is written. Every repetition has other sources.
    folder : Path
    """
    if not folder.exists():
        with folder_written_aside(folder) as aside:
            for name in _members(association):
                _repeat_slits(association.parent / name, slits, aside)
            shutil.copy(association, aside)
    return folder / association.name


def repeat_exposures(association: Path, exposures: int, folder: Path) -> Path:
    """Write an observation of more exposures: those of another one in turn.

    Parameters
    ----------
    association, folder : Path
    exposures : int
        Exposures that are written.
    """
    names = islice(cycle(_members(association)), exposures)
    copies = {f"e{number:03d}_{name}": name for number, name in enumerate(names)}
    return _copy(association, copies, folder)


def repeat_products(association: Path, products: int, folder: Path) -> tuple[Path, ...]:
    """Write observations of the same exposures under other names, an association for each.

    Parameters
    ----------
    association, folder : Path
    products : int
        Observations that are written, each in a folder of its own.
    """
    names, product = _members(association), _product(association)["name"]
    return tuple(
        _copy(
            association,
            {f"n{number:04d}_{name}": name for name in names},
            folder / f"{number:04d}",
            name=f"n{number:04d}_{product}",
        )
        for number in range(products)
    )


def first_exposures(association: Path, exposures: int) -> Path:
    """Write an association of the first members of another one.

    Parameters
    ----------
    association : Path
    exposures : int
        Members to keep.
    """
    path = association.with_name(f"first{exposures}_asn.json")
    return _write(association, path, members=_product(association)["members"][:exposures])


def one_file(association: Path) -> Path:
    """Write an association whose product is one file of all sources, beside a template's."""
    name = _product(association)["name"].replace("{source_id}", "all")
    return _write(association, association.with_name("one_file_asn.json"), name=name)


def _repeat_slits(path: Path, slits: int, folder: Path) -> None:
    """Repeat the slits of an exposure: extensions, and the text of their WCSs."""
    with fits.open(path) as hdus:
        metadata = hdus["ASDF"].data["ASDF_METADATA"][0].tobytes()
        end = metadata.index(b"\n...")
        before, slits_key, items = metadata[:end].decode().partition("\nslits:\n")
        items = re.split(r"(?m)^(?=- )", items)[1:]
        per_slit = [hdu for hdu in hdus[1:] if hdu.name not in ("ASDF", "HDRTAB")]
        size = len(per_slit) // len(items)
        text, made = "", fits.HDUList([hdus[0].copy()])
        for number in range(slits):
            repetition, index = divmod(number, len(items))
            text += _renamed(items[index], repetition, number + 1)
            for hdu in per_slit[index * size : (index + 1) * size]:
                made.append(_renumbered(hdu, repetition, number + 1))
        blocks = metadata[end + 1 :].partition(b"#ASDF BLOCK INDEX")[0]
        # Otherwise headers would count as edited, and all of them would be read anew.
        key = f"{FITS_HASH_KEY}: "
        before = re.sub(rf"(?m)^{key}.*$", key + fits_hash(made), before)
        content = f"{before}{slits_key}{text}\n".encode() + blocks
        array = np.frombuffer(content, "u1")[None]
        column = fits.Column("ASDF_METADATA", f"{len(content)}B", array=array)
        made.append(fits.BinTableHDU.from_columns([column], name="ASDF"))
        made.writeto(folder / path.name)


def _renamed(item: str, repetition: int, version: int) -> str:
    """Give a slit of a tree other names; its anchors too, because YAML has each of them once."""
    changes = {
        r"([&*]id\d+)": rf"\1r{repetition}",
        r"(fits:\w+),\d+": rf"\1,{version}",
        r"^  name: .*$": f"  name: '{version}'",
        r"^  slitlet_id: .*$": f"  slitlet_id: {version}",
        r"^  source_id: (-?\d+)$": lambda found: (
            f"  source_id: {_source(int(found[1]), repetition)}"
        ),
        r"^  source_name: '?(.*?)'?$": rf"  source_name: '\1r{repetition}'",
    }
    for pattern, change in changes.items():
        item = re.sub(pattern, change, item, flags=re.MULTILINE)
    return item if item.endswith("\n") else f"{item}\n"


def _renumbered(hdu: fits.ImageHDU, repetition: int, version: int) -> fits.ImageHDU:
    copy = hdu.copy()
    copy.ver = version
    if hdu.name == "SCI":
        copy.header["SLTNAME"], copy.header["SLITID"] = str(version), version
        copy.header["SOURCEID"] = _source(hdu.header["SOURCEID"], repetition)
        # jwst and the workflow tell sources apart by their names.
        copy.header["SRCNAME"] = f"{hdu.header['SRCNAME']}r{repetition}"
    return copy


def _source(identity: int, repetition: int) -> int:
    """Another source in each repetition, of the same kind: negative ones are virtual slits."""
    return identity + (1 if identity >= 0 else -1) * 100_000 * repetition


def _product(association: Path) -> dict:
    (product,) = json.loads(association.read_text())["products"]
    return product


def _members(association: Path) -> list[str]:
    return [member["expname"] for member in _product(association)["members"]]


def _copy(association: Path, copies: Mapping[str, str], folder: Path, **changes: object) -> Path:
    """Copy exposures, by new name, and write the association of a changed product of them."""
    if not folder.exists():
        members = [{"expname": name, "exptype": "science"} for name in copies]
        with folder_written_aside(folder) as aside:
            for new, old in copies.items():
                shutil.copy(association.parent / old, aside / new)
            _write(association, aside / association.name, members=members, **changes)
    return folder / association.name


def _write(association: Path, path: Path, **changes: object) -> Path:
    """Write an association with a changed product."""
    content = json.loads(association.read_text())
    content["products"][0].update(changes)
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path

"""Larger observations from small ones: more slits, exposures and products, under other names."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
from astropy.io import fits
from specresample.common.files import folder_written_aside
from specresample.common.fits_hash import FITS_HASH_KEY, fits_hash

_SLIT = re.compile(r"^- ", re.MULTILINE)


def repeat_slits(association: Path, slits: int, folder: Path) -> Path:
    """Write an observation whose exposures have the slits of another one several times.

    Parameters
    ----------
    association : Path
        Of MOS exposures; its product is a template.
    slits : int
        Slits of each exposure that is written. Every repetition has other sources.
    folder : Path
        Takes the exposures and their association, unless they are there.

    Returns
    -------
    Path
        The association.
    """
    if not folder.exists():
        with folder_written_aside(folder) as aside:
            for member in _members(association):
                _repeat_slits(association.parent / member["expname"], slits, aside)
            shutil.copy(association, aside)
    return folder / association.name


def repeat_exposures(association: Path, exposures: int, folder: Path) -> Path:
    """Write an observation of more exposures: those of another one in turn.

    Parameters
    ----------
    association : Path
    exposures : int
    folder : Path
        Takes the exposures and their association, unless they are there.

    Returns
    -------
    Path
        The association.
    """
    if not folder.exists():
        names, members = [m["expname"] for m in _members(association)], []
        with folder_written_aside(folder) as aside:
            for number in range(exposures):
                name = f"e{number:03d}_{names[number % len(names)]}"
                shutil.copy(association.parent / names[number % len(names)], aside / name)
                members.append({"expname": name, "exptype": "science"})
            _write(association, aside, members=members)
    return folder / association.name


def repeat_products(association: Path, products: int, folder: Path) -> tuple[Path, ...]:
    """Write observations of the same exposures under other names, an association for each.

    Parameters
    ----------
    association : Path
    products : int
    folder : Path
        Takes the observations, unless they are there.

    Returns
    -------
    tuple of Path
        The associations.
    """
    places = [folder / f"{number:04d}" for number in range(products)]
    name = json.loads(association.read_text())["products"][0]["name"]
    for number, place in enumerate(places):
        if not place.exists():
            members = []
            with folder_written_aside(place) as aside:
                for member in _members(association):
                    renamed = f"n{number:04d}_{member['expname']}"
                    shutil.copy(association.parent / member["expname"], aside / renamed)
                    members.append({**member, "expname": renamed})
                _write(association, aside, members=members, name=f"n{number:04d}_{name}")
    return tuple(place / association.name for place in places)


def first_exposures(association: Path, exposures: int) -> Path:
    """Write an association of the first members of another one, beside it.

    Parameters
    ----------
    association : Path
    exposures : int
        Number of members to keep.

    Returns
    -------
    Path
    """
    return _write(
        association,
        association.parent,
        file=f"first{exposures}_asn.json",
        members=_members(association)[:exposures],
    )


def one_file(association: Path) -> Path:
    """Write an association whose product is one file of all sources, beside a template's.

    Parameters
    ----------
    association : Path

    Returns
    -------
    Path
    """
    name = json.loads(association.read_text())["products"][0]["name"]
    return _write(
        association,
        association.parent,
        file="one_file_asn.json",
        name=name.replace("{source_id}", "all"),
    )


def _repeat_slits(path: Path, slits: int, folder: Path) -> None:
    """Repeat the slits of an exposure: extensions, and the text of their WCSs."""
    with fits.open(path) as hdus:
        metadata = hdus["ASDF"].data["ASDF_METADATA"][0].tobytes()
        end = metadata.index(b"\n...")
        head, *items = _split(metadata[:end].decode())
        per_slit = [hdu for hdu in hdus[1:] if hdu.name not in ("ASDF", "HDRTAB")]
        size = len(per_slit) // len(items)
        text, made = [], fits.HDUList([hdus[0].copy()])
        for number in range(slits):
            repetition, index = divmod(number, len(items))
            text.append(_renamed(items[index], repetition, index + 1, number + 1))
            for hdu in per_slit[index * size : (index + 1) * size]:
                made.append(_renumbered(hdu, repetition, number + 1))
        blocks = metadata[end + 1 :]
        blocks = blocks[: blocks.find(b"#ASDF BLOCK INDEX")] if b"BLOCK INDEX" in blocks else blocks
        # Otherwise headers would count as edited, and all of them would be read anew.
        head = re.sub(rf"(?m)^{FITS_HASH_KEY}: .*$", f"{FITS_HASH_KEY}: {fits_hash(made)}", head)
        content = "".join([head, *text]).encode() + b"\n" + blocks
        column = fits.Column(
            "ASDF_METADATA", f"{len(content)}B", array=np.frombuffer(content, "u1")[None]
        )
        made.append(fits.BinTableHDU.from_columns([column], name="ASDF"))
        made.writeto(folder / path.name)


def _split(text: str) -> list[str]:
    """Divide a tree into what comes before its slits, and the slits."""
    first = text.index("\nslits:\n") + len("\nslits:\n")
    starts = [first + match.start() for match in _SLIT.finditer(text[first:])]
    return [text[:first], *(text[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True))]


def _renamed(item: str, repetition: int, version: int, new_version: int) -> str:
    """Give a slit of a tree other names; its anchors too, because YAML has each of them once."""
    item = re.sub(r"([&*]id\d+)", rf"\1r{repetition}", item)
    item = re.sub(r"(fits:\w+),\d+", rf"\1,{new_version}", item)
    item = re.sub(r"(?m)^  name: .*$", f"  name: '{new_version}'", item)
    item = re.sub(r"(?m)^  (slitlet_id): .*$", rf"  \1: {new_version}", item)
    item = re.sub(
        r"(?m)^  source_id: (-?\d+)$",
        lambda match: f"  source_id: {_source(int(match[1]), repetition)}",
        item,
    )
    item = re.sub(r"(?m)^  source_name: '?(.*?)'?$", rf"  source_name: '\1r{repetition}'", item)
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


def _members(association: Path) -> list[dict]:
    (product,) = json.loads(association.read_text())["products"]
    return product["members"]


def _write(association: Path, folder: Path, file: str | None = None, **changes: object) -> Path:
    """Write an association with a changed product."""
    content = json.loads(association.read_text())
    content["products"][0].update(changes)
    path = folder / (file or association.name)
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path

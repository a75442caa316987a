"""What came: whether it is the act at all, whole, and as one file that a reader understands."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from pincite.errors import DownloadError

__all__ = ["LIMIT", "Content", "TruncatedError", "clml", "ecfr", "formex", "xhtml"]

LIMIT = 64 << 20
"""Bytes that one act may have, packed or unpacked."""

_CLML = "{http://www.legislation.gov.uk/namespaces/legislation}Legislation"
_FORMEX_ACTS = {"ACT", "CONS.ACT", "CONS.DOC", "GENERAL", "AGR"}
_FORMEX_ANNEXES = {"ANNEX", "CONS.ANNEX"}
_FORMEX_LISTS = {"DOC", "PUBLICATION"}
_CHALLENGE = re.compile(
    r"captcha|javascript is disabled|enable javascript|access denied|are you (?:a )?(?:human|robot)", re.I
)


class TruncatedError(DownloadError):
    """The answer broke off, although the connection said nothing of it; another attempt may bring the rest."""


@dataclass(frozen=True, slots=True)
class Content:
    """A text to keep: its bytes, the ending of its file's name, its version if it says one, and what was left out."""

    data: bytes
    suffix: str
    version: str = ""
    notes: tuple[str, ...] = ()


def clml(data: bytes) -> Content:
    """Take an act of legislation.gov.uk."""
    root = _xml(data)
    if root.tag != _CLML:
        raise DownloadError(f"the answer is no act, its root element is {_local(root)!r}")
    valid = next((str(e.text or "").strip() for e in root.iter("{http://purl.org/dc/terms/}valid")), "")
    return Content(data, ".xml", valid)


def ecfr(part: str) -> Callable[[bytes], Content]:
    """Return what takes a part of the Code of Federal Regulations."""

    def take(data: bytes) -> Content:
        root = _xml(data)
        if not any((element.get("N") or "").lower() == part for element in root.iter("DIV5")):
            raise DownloadError(f"the answer does not hold part {part}, its root element is {_local(root)!r}")
        return Content(data, ".xml")

    return take


def xhtml(data: bytes) -> Content:
    """Take an act as a page of its own."""
    root = _xml(data, page=True)
    words = " ".join("".join(map(str, root.itertext())).split())
    if _local(root) != "html" or len(words) < 500 or _CHALLENGE.search(words[:2000]):
        raise DownloadError(f"the answer is no act but a page that says: {words[:120]!r}")
    return Content(data, ".xhtml")


def formex(data: bytes) -> Content:
    """Take an act in Formex: one file, or an archive with the act and its annexes, which become one file in order.

    Raises:
        DownloadError: if the archive is damaged, holds more than `LIMIT` bytes, no act, or an annex that is missing.
    """
    if data[:4] != b"PK\x03\x04":
        root = _xml(data)
        if _local(root) not in _FORMEX_ACTS | _FORMEX_ANNEXES:
            raise DownloadError(f"the answer is no act in Formex, its root element is {_local(root)!r}")
        return Content(data, ".xml", _consolidated(root))
    members, others = _members(data)
    roots = {name: _xml(content) for name, content in members.items()}
    first, *annexes = _in_order(roots)
    act, data = roots[first], members[first]
    if annexes:  # as consolidated acts have theirs: within the act, behind its last article
        for name in annexes:
            act.append(roots[name])
        data = etree.tostring(act, encoding="utf-8", xml_declaration=True)
    notes = (f"{others} picture(s) and other files of the archive left out",) if others else ()
    return Content(data, ".xml", _consolidated(act), notes)


def _members(data: bytes) -> tuple[dict[str, bytes], int]:
    """Return the XML files of an archive by name, and how many other files it has."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            wanted = [info for info in infos if info.filename.lower().endswith(".xml")]
            if sum(info.file_size for info in wanted) > LIMIT:
                raise DownloadError(f"the archive unpacks to more than {LIMIT:,} bytes")
            return {PurePosixPath(i.filename).name: archive.read(i) for i in wanted}, len(infos) - len(wanted)
    except (
        zlib.error,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
    ) as error:
        raise TruncatedError(f"the archive is damaged: {error}") from error


def _in_order(roots: dict[str, Any]) -> list[str]:
    """Return the names of the act and of its annexes, in the order of the list that comes with them or by name."""
    listed = [
        PurePosixPath(str(reference.get("FILE") or "")).name
        for root in roots.values()
        if _local(root) == "DOC"
        for reference in root.iter("{*}REF.PHYS")
        if reference.get("TYPE", "DOC.XML") == "DOC.XML"
    ]
    missing = [name for name in listed if name and name not in roots]
    if missing:
        raise TruncatedError(f"the archive lacks {', '.join(missing[:5])}")
    names = dict.fromkeys([*(name for name in listed if name), *sorted(roots)])
    kept = [name for name in names if _local(roots[name]) not in _FORMEX_LISTS]
    act = next((name for name in kept if _local(roots[name]) in _FORMEX_ACTS), None)
    if act is None:
        raise DownloadError("the archive holds no act")
    return [act, *(name for name in kept if name != act)]


def _consolidated(root: Any) -> str:
    """Return the day from which a consolidated text applies, in ISO form; "" for an act as it was published."""
    info = next(root.iter("{*}INFO.CONSLEG"), None)
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", str(info.get("START.DATE") or "")) if info is not None else None
    return "-".join(match.groups()) if match else ""


def _xml(data: bytes, *, page: bool = False) -> Any:
    """Parse; a page in the place of the XML is told from an XML that broke off."""
    head = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not page and (head.startswith((b"<!doctype html", b"<html")) or b"<html" in head[:500]):
        raise DownloadError(f"the answer is no act but a page{_title(data)}")
    if not head.startswith(b"<"):
        raise DownloadError("the answer is no XML" if head else "the answer is empty")
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
        return etree.fromstring(data, parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise TruncatedError(f"the answer is not well-formed, it may have broken off: {error}") from error


def _title(data: bytes) -> str:
    match = re.search(rb"<title[^>]*>([^<]{1,120})", data[:20_000], re.I)
    return f" with the title {' '.join(match.group(1).decode('utf-8', 'replace').split())!r}" if match else ""


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)

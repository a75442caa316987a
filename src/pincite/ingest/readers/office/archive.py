"""Safe reading of ZIP-based documents: every limit is checked before a part is unpacked, and again while it is."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from typing import Any

from lxml import etree

from pincite.errors import DocumentError

__all__ = ["Archive"]

_MOST_ENTRIES = 10_000
_MOST_BYTES = 256 * 1024 * 1024  # of all parts unpacked; a policy is far smaller, a ZIP bomb is not
_MOST_XML = 64 * 1024 * 1024  # of one part that is parsed as a whole; its tree takes several times as much memory
_MOST_RATIO = 400  # unpacked to packed; office XML stays below 100, a bomb comes near deflate's limit of 1,032
_RATIO_FROM = 4 * 1024 * 1024  # bytes from which the ratio counts: small parts of blanks are harmless
_HARM = "The file is made to do harm."


class Archive:
    """A ZIP file in memory whose parts are read by name and never written anywhere, so that no name can lead out of it.

    Raises:
        DocumentError: if it is damaged, encrypted, too large, or built so that two readers would see two documents.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self.file = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise DocumentError(f"not a whole ZIP archive: {error}", hint="Copy the file again.") from error
        self._entries = self.file.infolist()
        self._check()
        self._names = {entry.filename.lower(): entry for entry in self._entries}

    def _check(self) -> None:
        if len(self._entries) > _MOST_ENTRIES:
            raise DocumentError(f"an archive of {len(self._entries):,} parts; the limit is {_MOST_ENTRIES:,}")
        size = sum(entry.file_size for entry in self._entries)
        if size > _MOST_BYTES:
            raise DocumentError(f"its parts take {size:,} bytes when unpacked; the limit is {_MOST_BYTES:,}")
        for name, count in Counter(entry.filename.lower() for entry in self._entries).items():
            if count > 1:  # one program would show the first, another the last
                raise DocumentError(f"{count} parts of the same name {name!r}", hint="Save the document again.")
        end = 0
        for entry in sorted(self._entries, key=lambda entry: entry.header_offset):
            if entry.header_offset < end:
                raise DocumentError(f"part {entry.filename!r} overlaps another", hint=_HARM)
            end = entry.header_offset + entry.compress_size
            if entry.flag_bits & 1:
                raise DocumentError(f"part {entry.filename!r} is encrypted", hint="Remove the password and save again.")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DocumentError(f"part {entry.filename!r} is packed in a way that office documents never use")
            ratio = entry.file_size / max(1, entry.compress_size)
            if entry.file_size > _RATIO_FROM and ratio > _MOST_RATIO:
                raise DocumentError(
                    f"part {entry.filename!r} grows {ratio:,.0f}-fold when unpacked; the limit is {_MOST_RATIO}",
                    hint=_HARM,
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts as they are written, in order."""
        return tuple(entry.filename for entry in self._entries)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def read(self, name: str, most: int = _MOST_XML) -> bytes:
        """Return the content of a part (case of the name aside, as the format demands).

        Raises:
            DocumentError: if it does not exist, is damaged, or holds more than `most` bytes, whatever it declares.
        """
        entry = self._names.get(name.lower())
        if entry is None:
            raise DocumentError(f"part {name!r} is missing", hint="The file is damaged; save it again.")
        try:
            with self.file.open(entry) as part:
                content = part.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise DocumentError(f"part {name!r} is damaged: {error}", hint="Copy the file again.") from error
        if len(content) > most:
            raise DocumentError(f"part {name!r} holds more than {most:,} bytes, which is the limit")
        return content

    def xml(self, name: str) -> Any:
        """Return the root element of an XML part; nothing is expanded or fetched, and document types are refused.

        Raises:
            DocumentError: as `read`, or if it is not well-formed.
        """
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
            remove_pis=True,
        )  # fmt: skip
        try:
            root: Any = etree.fromstring(self.read(name), parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise DocumentError(f"part {name!r} is not well-formed: {error}") from error
        docinfo: Any = root.getroottree().docinfo
        if docinfo.doctype:
            raise DocumentError(f"part {name!r} declares a document type, which office documents never do")
        return root

    def check_for_others(self, streamed: str) -> None:
        """Check the XML parts for a parser of others, which would expand entities and load most parts whole.

        Args:
            streamed: how the names of parts begin that it reads piece by piece, whatever their size.

        Raises:
            DocumentError: naming the part that declares a document type or is too large.
        """
        for entry in self._entries:
            if not entry.filename.lower().endswith((".xml", ".rels")):
                continue
            if entry.file_size > _MOST_XML and not entry.filename.startswith(streamed):
                raise DocumentError(f"part {entry.filename!r} holds more than {_MOST_XML:,} bytes, which is the limit")
            try:
                with self.file.open(entry) as stream:
                    events = etree.iterparse(stream, events=("start",), resolve_entities=False, no_network=True)
                    _, element = next(iter(events), (None, None))
            except (etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error, EOFError):
                continue  # whoever needs the part will say so
            docinfo: Any = element.getroottree().docinfo if element is not None else None
            if docinfo is not None and docinfo.doctype:
                raise DocumentError(f"part {entry.filename!r} declares a document type", hint=_HARM)

"""Which office form a file is, by what stands in it: OOXML, ODF, old binary forms, RTF, e-mail; and wrong endings."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from pincite.domain.text import printable
from pincite.errors import DocumentError

if TYPE_CHECKING:
    from pincite.ingest.readers.office.archive import Archive

__all__ = ["ending_warning", "office_form"]

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# What the main part's content type says -> reader; templates and documents with macros are documents too.
_CONTENT_TYPES = (
    (r"wordprocessingml\.(?:document|template)\.main\+xml|ms-word\.(?:document|template)\.macroEnabled", "docx"),
    (r"spreadsheetml\.(?:sheet|template)\.main\+xml|ms-excel\.(?:sheet|template)\.macroEnabled\.main", "xlsx"),
)
_UNREAD_CONTENT_TYPES = (
    (r"presentationml", "a PowerPoint presentation", "Export it as PDF."),
    (r"ms-excel\.sheet\.binary", "a binary Excel workbook (XLSB)", "Save it as XLSX."),
)
_MIMETYPES = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.text-template": "odt",
}
_STREAMS = (  # names of streams in OLE files, as they stand in its directory
    ("EncryptedPackage", "an encrypted Office document", "Open it, remove its password and save it again."),
    ("WordDocument", "a Word document of the old binary form (DOC)", "Save it as DOCX."),
    ("Workbook", "an Excel workbook of the old binary form (XLS)", "Save it as XLSX."),
    ("PowerPoint Document", "a PowerPoint presentation of the old binary form (PPT)", "Export it as PDF."),
    ("__nameid_version1.0", "an Outlook message (MSG)", "Save it as EML."),
    ("Book", "an Excel workbook of the old binary form (XLS)", "Save it as XLSX."),
)
_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,60}):(?=[ \t\r\n]|$)")
_ORIGIN = {b"from", b"received", b"return-path", b"delivered-to"}
_ENVELOPE = {b"date", b"subject", b"message-id", b"mime-version", b"to"}

_ENDINGS = {
    "Word": (".docx", ".docm", ".dotx", ".dotm"),
    "Excel": (".xlsx", ".xlsm", ".xltx", ".xltm"),
    "OpenDocument text": (".odt", ".ott"),
    "RTF": (".rtf",),
    "e-mail": (".eml",),
    "PDF": (".pdf",),
    "HTML or XML": (".html", ".htm", ".xhtml", ".xml"),
    "JSON": (".json",),
    "text": (".txt", ".md", ".markdown"),
}
_NAMES = {"docx": "Word", "xlsx": "Excel", "odt": "OpenDocument text", "rtf": "RTF", "eml": "e-mail", "pdf": "PDF",
          "text": "text", "articles_json": "JSON"}  # fmt: skip
_NAME_OF_OTHERS = "HTML or XML"


def office_form(data: bytes) -> str:
    """Return "docx", "xlsx", "odt", "rtf" or "eml", or "" if the content is none of them.

    Raises:
        DocumentError: if it is an office document that cannot be read, saying which and what to do.
    """
    if data[:4] == _ZIP:
        from pincite.ingest.readers.office.archive import Archive

        return _form_of_archive(Archive(data))
    if data[:8] == _OLE:
        for stream, what, hint in _STREAMS:
            if stream.encode("utf-16-le") in data:
                raise DocumentError(what, hint=hint)
        raise DocumentError("a compound file of an old Office program", hint="Save it in its present form.")
    if data[:5] == b"{\\rtf":
        return "rtf"
    return "eml" if _is_mail(data) else ""


def _form_of_archive(archive: Archive) -> str:
    if "mimetype" in archive:
        kind = archive.read("mimetype").decode("ascii", "replace").strip()
        if kind in _MIMETYPES:
            return _MIMETYPES[kind]
        if "opendocument" in kind:
            raise DocumentError(f"an OpenDocument file of the kind {printable(kind)[:80]}", hint="Export it as PDF.")
    if "[Content_Types].xml" not in archive:
        return ""
    types = archive.xml("[Content_Types].xml")
    stated = " ".join(str(entry.get("ContentType", "")) for entry in types)
    for pattern, what, hint in _UNREAD_CONTENT_TYPES:
        if re.search(pattern + r".*?main", stated) and not re.search(_CONTENT_TYPES[0][0], stated):
            raise DocumentError(what, hint=hint)
    return next((form for pattern, form in _CONTENT_TYPES if re.search(pattern, stated)), "")


def _is_mail(data: bytes) -> bool:
    """Tell a message by its header: fields from the first line on, among them one of origin and one of the envelope."""
    head = re.split(rb"\r?\n\r?\n", data[:65536].lstrip(b"\xef\xbb\xbf"), maxsplit=1)[0]
    lines = head.splitlines()
    if lines and lines[0].startswith(b"From "):  # an mbox of one message
        lines = lines[1:]
    fields = [_HEADER.match(line) for line in lines if line[:1] not in (b" ", b"\t")]
    if not fields or not all(fields):
        return False
    names = {field.group(1).lower() for field in fields if field}
    return bool(names & _ORIGIN) and len(names & _ENVELOPE) >= 2


def ending_warning(name: str, form: str) -> tuple[str, ...]:
    """Return a warning if the file's ending promises another form than the one that its content has.

    Args:
        name: the file's name.
        form: the one that its content has; those not known here read HTML or XML.
    """
    ending = PurePath(name).suffix.lower()
    promised = next((kind for kind, endings in _ENDINGS.items() if ending in endings), "")
    found = _NAMES.get(form, _NAME_OF_OTHERS)
    if not promised or promised == found or (promised == "text" and found == "HTML or XML" and ending != ".txt"):
        return ()
    return (f"named {ending} but its content is {found}; read as {found}",)

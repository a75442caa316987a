"""Evidence packs with what the library and the list of models say: quotations in their place, provenance, cards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pincite.errors import LibraryError, RecordError
from pincite.library import Library
from pincite.models.registry import Registry
from pincite.record import AuditLog
from pincite.record.pack import Around, Entry, Pack, choose, write_pack
from pincite.record.pack_html import to_html
from pincite.record.selection import Selection

__all__ = ["write_evidence"]

_AROUND = 400  # characters before and after a quotation, and up to the line's end
_CARD = ("title", "use", "sha256", "size", "licence", "upstream", "template")

_Giver = Callable[[str, int, int, str], Around | None]


def write_evidence(
    log: AuditLog,
    library: Path,
    registry: Registry,
    folder: Path,
    selection: Selection,
    *,
    earlier: str = "",
    whole_log: bool = False,
) -> list[Path]:
    """Write an evidence pack about the records meant, after recording that it is; return its files.

    Args:
        log: in which they stand.
        library: the library's directory; there need be none.
        registry: the approved models.
        folder: must not exist, or be empty.
        selection: which records.
        earlier: text of an older checkpoint that the log is to be shown to continue.
        whole_log: add the whole log.

    Raises:
        RecordError: if no record is meant, the log does not verify, or the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecordError(f"{folder}: it is there already", hint="Name a new folder.")
    if not folder.absolute().parent.is_dir():
        raise RecordError(f"{folder.parent}: no such folder", hint="Name a new folder inside of one that is there.")
    key = log.public_key
    entries, _ = choose(log.directory, selection, log.checkpoint(), key, earlier)
    shown = {slug for entry in entries for slug in entry.record.documents if not entry.record.erased}
    indices = tuple(entry.line.index for entry in entries)
    log.append("export", {"what": "evidence", "records": indices}, documents=shown, files=[str(folder.absolute())])
    note = log.checkpoint()  # the export's own record is signed too
    entries, consistency = choose(log.directory, Selection(indices=indices), note, key, earlier)
    documents, around = _library_facts(library, shown)
    cards = _model_cards(registry, entries)
    pack = Pack(tuple(entries), note, key, documents, cards, around, earlier, tuple(consistency))
    return write_pack(folder, log.directory, pack, to_html(pack), whole_log=whole_log)


def _library_facts(directory: Path, slugs: Collection[str]) -> tuple[dict[str, dict[str, Any]], _Giver]:
    """Return the provenance of documents that the library has, and what gives a quotation in its place."""
    found: dict[str, dict[str, Any]] = {}
    texts: dict[tuple[str, str], str] = {}
    with suppress(LibraryError), closing(Library(directory, mapped=True)) as library:
        for info in (info for info in library.documents if info.slug in slugs):
            facts = {"title": info.title, "kind": info.kind.value, "text_sha256": info.text_sha256}
            stated = {name: value for name, value in asdict(info.provenance).items() if value}
            found[info.slug] = {**facts, "source_sha256": info.source_sha256, **stated}
            texts[info.slug, info.text_sha256] = library.document(info.slug).text

    def around(document: str, start: int, end: int, digest: str) -> Around | None:
        text = texts.get((document, digest))
        if text is None:
            return None
        first = text.rfind("\n", 0, max(0, start - _AROUND)) + 1
        last = text.find("\n", min(len(text), end + _AROUND))
        return Around(text[first:start], text[start:end], text[end : last if last >= 0 else len(text)])

    return found, around


def _model_cards(registry: Registry, entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Return what the list of approved models says of the models that the records name."""
    named = {
        str(model.get("sha256", "")) for entry in entries for model in entry.record.public.get("models", {}).values()
    }
    return {
        entry.name: {name: getattr(entry, name) for name in _CARD}
        for entry in registry.entries()
        if entry.sha256 in named
    }

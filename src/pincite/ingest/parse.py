"""One source to one document with its passages, references and terms."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace

from pincite.domain.completeness import Completeness
from pincite.domain.documents import Document, Passage, Provenance
from pincite.domain.references import Mention, Term
from pincite.domain.text import collapse, normalise, printable, printable_path
from pincite.errors import DocumentError
from pincite.ingest.completeness import measure
from pincite.ingest.identity import identify
from pincite.ingest.passages import cut_passages
from pincite.ingest.readers import read_bytes
from pincite.ingest.references import find_mentions
from pincite.ingest.sources import Source, read_source
from pincite.ingest.structure import build_tree
from pincite.ingest.terms import find_terms

__all__ = ["PARSER_VERSION", "Parsed", "parse"]

PARSER_VERSION = 11
"""Counted up whenever the same bytes would be read differently, so that libraries are built anew."""

_FIELDS = {
    "owner": ("owner", "policy owner", "document owner"),
    "version": ("version",),
    "effective": ("effective", "effective date", "effective from"),
    "classification": ("classification",),
    "authority": ("authority", "approved_by", "approved by"),
    "source": ("source",),
    "licence": ("licence", "license"),
    "retrieved": ("retrieved",),
    "retrieved_by": ("retrieved_by",),
    "superseded_by": ("superseded_by", "superseded by"),
}


# They can grow without bound or name files and addresses, so that no reader follows them.
_ENTITIES = ("the file declares entities of its own; they are not followed, and words behind them may be missing",)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a source became; its mentions become references when all documents are known (`resolve_references`)."""

    document: Document
    passages: tuple[Passage, ...]
    mentions: tuple[Mention, ...]
    terms: tuple[Term, ...]
    completeness: Completeness


def parse(source: Source) -> Parsed:
    """Read a source.

    Raises:
        DocumentError: if it cannot be read, holds no text, or lacks provisions that corpus.toml expects.
    """
    data = read_source(source)
    raw = read_bytes(data, source.path.name)
    stated = {key: collapse(normalise(value)) for key, value in (raw.metadata | source.metadata).items()}
    raw = replace(raw, metadata=stated)
    text, provisions = build_tree(raw.blocks, stated.get("title") or collapse(normalise(raw.title)), stated=raw.stated)
    if not text.strip():
        raise DocumentError(f"{source.path.name}: no text found")
    identity = identify(raw, text, provisions, source.path.name)
    values = {field: next((stated[key] for key in keys if stated.get(key)), "") for field, keys in _FIELDS.items()}
    values["source"] = values["source"] or printable_path(source.path.name)
    document = Document(
        slug=source.slug,
        title=identity.title,
        short=identity.short,
        aliases=tuple(dict.fromkeys((*identity.aliases, *map(printable, source.aliases)))),
        kind=identity.kind,
        text=text,
        provisions=provisions,
        provenance=Provenance(**values, sha256=hashlib.sha256(data).hexdigest()),
        warnings=(*raw.warnings, *_ENTITIES) if b"<!ENTITY" in data[:65536] else raw.warnings,
    )
    _check_counts(document, source)
    passages = cut_passages(document)
    if not passages:
        raise DocumentError(f"{source.path.name}: nothing but headings found")
    completeness = measure(document, passages, raw.left_out)
    document = replace(document, warnings=(*document.warnings, *completeness.warnings()))
    return Parsed(document, passages, tuple(find_mentions(document)), tuple(find_terms(document)), completeness)


def _check_counts(document: Document, source: Source) -> None:
    found = Counter(node.kind.value for node in document.provisions)
    for kind, count in source.expect.items():
        if found[kind] != count:
            raise DocumentError(
                f"{source.path.name}: {found[kind]} provisions of kind {kind} found, {count} expected",
                hint="The file is incomplete or of a form that is not understood.",
            )

"""One source to one document with its passages, references and terms."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from pincite.domain.completeness import Completeness
from pincite.domain.dates import read_date
from pincite.domain.documents import Document, Passage, Provenance
from pincite.domain.fields import FIELDS
from pincite.domain.instructions import warning_of
from pincite.domain.references import Mention, Term
from pincite.domain.text import collapse, normalise, printable, printable_path
from pincite.errors import DocumentError
from pincite.ingest.codes import state_code
from pincite.ingest.completeness import measure
from pincite.ingest.identity import identify
from pincite.ingest.passages import cut_passages
from pincite.ingest.readers import read_bytes
from pincite.ingest.references import find_mentions
from pincite.ingest.sources import Source, read_source
from pincite.ingest.structure import build_tree
from pincite.ingest.terms import find_terms

__all__ = ["PARSER_VERSION", "Parsed", "parse"]

PARSER_VERSION = 13
"""Counted up whenever the same bytes would be read differently, so that libraries are built anew."""

_DATES = ("effective", "until", "retrieved")


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
        DocumentError: if it cannot be read, holds no text, differs from the digest in corpus.toml, or lacks provisions
            that corpus.toml expects.
    """
    data = read_source(source)
    digest = hashlib.sha256(data).hexdigest()
    if source.sha256 not in ("", digest):
        raise DocumentError(
            f"{source.path.name}: its SHA-256 is {digest}, corpus.toml states {source.sha256}",
            hint="The file was changed after it was registered: pincite corpus update registers a new version.",
        )
    raw = read_bytes(data, source.path.name)
    stated = {key: collapse(normalise(value)) for key, value in (raw.metadata | source.metadata).items()}
    values, unread = _provenance(raw.metadata, source.metadata)
    raw = state_code(replace(raw, metadata=stated))
    stated = raw.metadata
    text, provisions = build_tree(raw.blocks, stated.get("title") or collapse(normalise(raw.title)), stated=raw.stated)
    if not text.strip():
        raise DocumentError(f"{source.path.name}: no text found")
    identity = identify(raw, text, provisions, source.name)
    values["source"] = values["source"] or printable_path(source.name)
    document = Document(
        slug=source.slug,
        title=identity.title,
        short=identity.short,
        aliases=tuple(dict.fromkeys((*identity.aliases, *(collapse(printable(alias)) for alias in source.aliases)))),
        kind=identity.kind,
        text=text,
        provisions=provisions,
        provenance=Provenance(**values, sha256=digest),
        warnings=(
            *(collapse(printable(warning)) for warning in (*warning_of(text), *raw.warnings)),
            *unread,
            *_entities(data),
        ),
    )
    _check_counts(document, source)
    passages = cut_passages(document)
    if all(passage.span.end <= provisions[passage.provision].body_start for passage in passages):
        raise DocumentError(f"{source.path.name}: nothing but headings found")
    completeness = measure(document, passages, raw.left_out)
    document = replace(document, warnings=(*document.warnings, *completeness.warnings()))
    return Parsed(document, passages, tuple(find_mentions(document)), tuple(find_terms(document)), completeness)


def _entities(data: bytes) -> tuple[str, ...]:
    """Return a warning if a file declares entities: they can grow without bound, so that no reader follows them."""
    words = "the file declares entities of its own; they are not followed, and words behind them may be missing"
    return (words,) if b"<!ENTITY" in data[:65536] else ()


def _provenance(stated: Mapping[str, str], given: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the provenance by field, `given` before what the document states, and warnings of unreadable dates."""
    found = {
        " ".join(re.split(r"[\s_-]+", key.strip(" :").lower())): collapse(normalise(value))
        for part in (stated, given)
        for key, value in part.items()
    }
    values, warnings = {}, []
    for field, spellings in FIELDS.items():
        values[field] = next((found[name] for name in spellings if found.get(name)), "")
    for field in _DATES:
        try:
            values[field] = read_date(values[field]).isoformat() if values[field] else ""
        except ValueError as error:
            warnings.append(f"{field} date not taken over: {error}")
            values[field] = ""
    first, last = values["effective"], values["until"]
    if first and last and date.fromisoformat(last) < date.fromisoformat(first):
        warnings.append(f"in force until {last}, but effective only from {first}")
    return values, tuple(warnings)


def _check_counts(document: Document, source: Source) -> None:
    found = Counter(node.kind.value for node in document.provisions)
    for kind, count in source.expect.items():
        if found[kind] != count:
            raise DocumentError(
                f"{source.path.name}: {found[kind]} provisions of kind {kind} found, {count} expected",
                hint="The file is incomplete or of a form that is not understood.",
            )

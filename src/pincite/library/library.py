"""Reading one generation: documents, provisions, passages, sentences, full-text search and vectors."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from pincite.domain.completeness import Completeness
from pincite.domain.documents import Document, DocumentKind, Provenance, Provision, ProvisionKind, Span
from pincite.domain.references import Mention, Reference, ReferenceState, Term, mention_of
from pincite.domain.text import collapse
from pincite.domain.validity import Versions
from pincite.errors import LibraryDamaged, UnknownDocument
from pincite.library.generations import DATABASE, SENTENCES, VECTORS, Generations
from pincite.library.matrix import read_matrix
from pincite.library.schema import open_database

__all__ = ["DocumentInfo", "Library", "PassageRow"]


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document without its text and tree."""

    number: int
    slug: str
    title: str
    short: str
    aliases: tuple[str, ...]
    kind: DocumentKind
    text_sha256: str
    source_sha256: str
    provenance: Provenance
    warnings: tuple[str, ...]
    inputs: str


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage as stored; `id` is its row in the vectors, `document` the number of its document."""

    id: int
    document: int
    ordinal: int
    provision: int
    label: str
    path: tuple[str, ...]
    span: Span
    lead_in: Span | None
    vector_key: str


class Library:
    """One generation, opened after every digest was compared.

    Args:
        directory: of the library, kept as an attribute; `path` is the generation's.
        mapped: leave the vectors on disk and read from there what is asked for.

    Raises:
        LibraryMissing: if nothing has been built in `directory`.
        LibraryDamaged: if a file differs from its digest, is missing or is not in the manifest, or is not of the form
            that this program writes.
    """

    def __init__(self, directory: Path, *, mapped: bool = False) -> None:
        generations = Generations(directory)
        self.directory = directory
        self.path = generations.require_current()
        # who purges a document must know of every process that could still read it
        self._unpin = weakref.finalize(self, os.close, generations.pin(self.path))
        with generations.verified(self.path) as manifest:
            self.manifest: dict[str, Any] = manifest
            with self._blaming(DATABASE):
                self._connection = open_database(self.path / DATABASE)
                self.documents: tuple[DocumentInfo, ...] = tuple(self._documents())
            self.vectors = self._vectors(VECTORS, "passages", mapped)
            self.sentence_vectors = self._vectors(SENTENCES, "sentences", mapped)
        self._by_slug = {info.slug: info for info in self.documents}

    @property
    def generation(self) -> str:
        """The generation's name: the beginning of its manifest's digest."""
        return self.path.name

    def close(self) -> None:
        """Close the database, and let go of the generation."""
        self._connection.close()
        self.vectors = self.sentence_vectors = np.empty((0, 0), np.float32)  # mapped files are open files
        self._unpin()

    def _one(self, sql: str, bindings: Sequence[Any] = ()) -> Any:
        return next(iter(self._connection.execute(sql, bindings)), None)

    @contextlib.contextmanager
    def _blaming(self, name: str) -> Iterator[None]:
        try:
            yield
        except (apsw.Error, OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise LibraryDamaged(
                f"{self.path / name}: {error}", hint="Build the library again: pincite corpus build --rebuild"
            ) from error

    def _vectors(self, name: str, table: str, mapped: bool) -> npt.NDArray[np.float32]:
        """Return the vectors of a file, after counting that they are as many as the rows of their table."""
        with self._blaming(DATABASE):
            rows = self._one(f"SELECT count(*), min(id), max(id) FROM {table}")  # noqa: S608 - two words of ours
        with self._blaming(name):
            matrix = read_matrix(self.path / name, mapped=mapped)
            if rows != (len(matrix), *((0, len(matrix) - 1) if len(matrix) else (None, None))):
                raise ValueError(f"{len(matrix)} vectors, the database has {rows[0]} {table}")
            return matrix

    def _documents(self) -> Iterator[DocumentInfo]:
        sql = (
            "SELECT id, slug, title, short, aliases, kind, text_sha256, source_sha256, provenance, warnings, "
            "inputs FROM documents ORDER BY id"
        )
        for (
            number, slug, title, short, aliases, kind, digest, source, provenance, warnings, inputs
        ) in self._connection.execute(sql):  # fmt: skip
            yield DocumentInfo(
                number, slug, title, short, tuple(json.loads(aliases)), DocumentKind(kind), digest, source,
                Provenance(**json.loads(provenance)), tuple(json.loads(warnings)), inputs,
            )  # fmt: skip

    def info(self, slug: str) -> DocumentInfo:
        """Return the document called `slug`.

        Raises:
            UnknownDocument: naming the documents there are.
        """
        if slug not in self._by_slug:
            names = ", ".join(sorted(self._by_slug)[:30])
            raise UnknownDocument(f"{slug}: no document of this name in the library", hint=f"There are: {names}.")
        return self._by_slug[slug]

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """The name by which each document, by slug, is cited: its short name, with the slug where another has it too.

        A document may call itself what it likes ("GDPR"); versions of one document share their name rightly.
        """
        holders: dict[str, set[str]] = {}
        for info in self.documents:
            holders.setdefault(collapse(info.short).casefold(), set()).add(info.slug.partition("@")[0])
        return {
            info.slug: f"{info.short} ({info.slug})"
            if len(holders[collapse(info.short).casefold()]) > 1
            else info.short
            for info in self.documents
        }

    def document(self, slug: str) -> Document:
        """Return the document called `slug` with text and tree."""
        return self._document(self.info(slug).number)

    @functools.lru_cache(maxsize=64)  # noqa: B019 - one library lives as long as the process
    def _document(self, number: int) -> Document:
        info = self.documents[number]
        text = self._one("SELECT text FROM documents WHERE id = ?", (number,))[0]
        rows = self._connection.execute(
            'SELECT idx, parent, kind, label, heading, start, "end", body_start, page FROM provisions '
            "WHERE document = ? ORDER BY idx",
            (number,),
        )
        provisions = tuple(
            Provision(i, parent, ProvisionKind(kind), label, heading, start, end, body, page)
            for i, parent, kind, label, heading, start, end, body, page in rows
        )
        return Document(
            info.slug, info.title, info.short, info.aliases, info.kind, text, provisions, info.provenance, info.warnings
        )

    def passages(self, ids: Iterable[int]) -> list[PassageRow]:
        """Return passages by id, in the order given."""
        return [self._passage(int(i)) for i in ids]

    @functools.lru_cache(maxsize=4096)  # noqa: B019
    def _passage(self, identifier: int) -> PassageRow:
        return _row(self._one("SELECT * FROM passages WHERE id = ?", (identifier,)))

    def all_passages(self) -> Iterator[PassageRow]:
        """Yield every passage in the order of the vectors."""
        return (_row(row) for row in self._connection.execute("SELECT * FROM passages ORDER BY id"))

    def passages_within(self, document: int, span: Span) -> list[PassageRow]:
        """Return the passages of a document that overlap `span`, in order."""
        rows = self._connection.execute(
            'SELECT * FROM passages WHERE document = ? AND start < ? AND "end" > ? ORDER BY start',
            (document, max(span.end, span.start + 1), span.start),
        )
        return [_row(row) for row in rows]

    def passages_of(self, document: int) -> Iterator[tuple[PassageRow, tuple[tuple[Span, str], ...]]]:
        """Yield the passages of a document in order, each with (range, vector key) of its sentences."""
        sentences: dict[int, list[tuple[Span, str]]] = {}
        found = self._connection.execute(
            'SELECT s.passage, s.start, s."end", s.vector_key FROM sentences s JOIN passages p ON p.id = s.passage '
            "WHERE p.document = ? ORDER BY s.id",
            (document,),
        )
        for passage, start, end, key in found:
            sentences.setdefault(passage, []).append((Span(start, end), key))
        for row in self._connection.execute("SELECT * FROM passages WHERE document = ? ORDER BY id", (document,)):
            passage_row = _row(row)
            yield passage_row, tuple(sentences.get(passage_row.id, ()))

    def neighbour(self, passage: PassageRow, step: int) -> PassageRow | None:
        """Return the passage `step` places after (or before) another one of the same document."""
        row = self._one(
            "SELECT * FROM passages WHERE document = ? AND ordinal = ?", (passage.document, passage.ordinal + step)
        )
        return _row(row) if row else None

    def sentences(self, passage: int) -> list[tuple[int, Span]]:
        """Return the sentences of a passage: (row in the sentence vectors, range in the document's text)."""
        rows = self._connection.execute(
            'SELECT id, start, "end" FROM sentences WHERE passage = ? ORDER BY id', (passage,)
        )
        return [(i, Span(start, end)) for i, start, end in rows]

    @functools.cached_property
    def versions(self) -> Versions:
        """Which documents are in force when, and which follow one another."""
        return Versions(self.documents)

    @functools.cached_property
    def sentence_passages(self) -> npt.NDArray[np.int64]:
        """For each row of the sentence vectors, the id of its passage."""
        return np.fromiter(
            (p for (p,) in self._connection.execute("SELECT passage FROM sentences ORDER BY id")), np.int64
        )

    @functools.cached_property
    def passage_documents(self) -> npt.NDArray[np.int64]:
        """For each passage id, the number of its document."""
        return np.fromiter(
            (d for (d,) in self._connection.execute("SELECT document FROM passages ORDER BY id")), np.int64
        )

    def vector_keys(self) -> tuple[list[str], list[str]]:
        """Return the keys of all passage vectors and of all sentence vectors, in row order."""
        passages = [key for (key,) in self._connection.execute("SELECT vector_key FROM passages ORDER BY id")]
        sentences = [key for (key,) in self._connection.execute("SELECT vector_key FROM sentences ORDER BY id")]
        return passages, sentences

    def match(
        self, expression: str, limit: int, weights: Sequence[float], documents: Iterable[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return (passage id, BM25 score; greater is better) for an FTS5 expression, best first.

        `weights` are those of label, headings, lead-in and body. With `documents`, only passages of these document
        numbers are found and counted against `limit`.
        """
        numbers = None if documents is None else json.dumps(sorted(documents))
        rows = self._connection.execute(
            "SELECT rowid, -bm25(passages_fts, ?, ?, ?, ?) AS score FROM passages_fts WHERE passages_fts MATCH ? "
            "AND (? IS NULL OR rowid IN (SELECT id FROM passages WHERE document IN (SELECT value FROM json_each(?)))) "
            "ORDER BY score DESC, rowid LIMIT ?",
            (*weights, expression, numbers, numbers, limit),
        )
        return [(i, score) for i, score in rows]

    def passage_texts(self, ids: Iterable[int]) -> list[str]:
        """Return the words of passages, lead-ins before them, by id in the order given."""
        numbers = [int(i) for i in ids]
        rows = self._connection.execute(
            "SELECT rowid, lead, body FROM passages_fts WHERE rowid IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers),),
        )
        texts = {i: f"{lead} {body}".strip() for i, lead, body in rows}
        return [texts[i] for i in numbers]

    @functools.lru_cache(maxsize=8192)  # noqa: B019
    def document_frequency(self, term: str) -> int:
        """Return in how many passages a word occurs (stemmed as the index stems)."""
        quoted = '"' + term.replace('"', '""') + '"'
        return int(self._one("SELECT count(*) FROM passages_fts WHERE passages_fts MATCH ?", (quoted,))[0])

    def provisions_labelled(self, label: str) -> list[tuple[int, int, Span]]:
        """Return (document number, provision index, range) of provisions with this pin-cite, ignoring case."""
        rows = self._connection.execute(
            'SELECT document, idx, start, "end" FROM provisions WHERE label = ? COLLATE NOCASE ORDER BY document, idx',
            (label,),
        )
        return [(d, i, Span(start, end)) for d, i, start, end in rows]

    def labels(self, document: int, kind: ProvisionKind) -> list[str]:
        """Return the labels of a document's provisions of one kind, in order."""
        rows = self._connection.execute(
            "SELECT label FROM provisions WHERE document = ? AND kind = ? AND label != '' ORDER BY idx",
            (document, kind.value),
        )
        return [label for (label,) in rows]

    def references_within(self, document: int, span: Span) -> list[Reference]:
        """Return what the words inside `span` refer to, in their order."""
        rows = self._connection.execute(
            'SELECT start, "end", label, target, provision, state FROM cross_references '
            "WHERE document = ? AND start >= ? AND start < ? ORDER BY start, rowid",
            (document, span.start, span.end),
        )
        return [_reference(row) for row in rows]

    def references_to(self, slug: str, provisions: range) -> list[tuple[int, Reference]]:
        """Return (document number, reference) of all words that refer to one of a document's provisions by index."""
        rows = self._connection.execute(
            'SELECT document, start, "end", label, target, provision, state FROM cross_references '
            "WHERE target = ? AND state = 'resolved' AND provision >= ? AND provision < ? "
            "ORDER BY document, start, rowid",
            (slug, provisions.start, provisions.stop),
        )
        return [(row[0], _reference(row[1:])) for row in rows]

    def reference_counts(self, document: int) -> dict[str, int]:
        """Return how many references of each state a document makes."""
        sql = "SELECT state, count(*) FROM cross_references WHERE document = ? GROUP BY state ORDER BY state DESC"
        return dict(self._connection.execute(sql, (document,)))

    def span_of(self, slug: str, provision: int) -> Span:
        """Return the range of a document's provision by index."""
        sql = 'SELECT start, "end" FROM provisions WHERE document = ? AND idx = ?'
        return Span(*self._one(sql, (self.info(slug).number, provision)))

    def mentions_of(self, document: int) -> tuple[Mention, ...]:
        """Return what the words of a document refer to, as they were read from it."""
        facts = self._one("SELECT facts FROM mentions WHERE document = ?", (document,))
        return tuple(mention_of(values) for values in json.loads(facts[0]))

    def completeness_of(self, document: int) -> Completeness:
        """Return the account of what was found in a document."""
        facts = json.loads(self._one("SELECT facts FROM completeness WHERE document = ?", (document,))[0])
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in facts.items()}
        return Completeness(**values)

    def terms_of(self, document: int) -> list[Term]:
        """Return the terms that a document defines, in order."""
        sql = 'SELECT term, start, "end", label FROM terms WHERE document = ? ORDER BY rowid'
        return [
            Term(term, Span(start, end), label)
            for term, start, end, label in self._connection.execute(sql, (document,))
        ]

    def definitions(self, term: str) -> list[tuple[int, Span]]:
        """Return (document number, range) of the definitions of a term, given in lower case."""
        rows = self._connection.execute('SELECT document, start, "end" FROM terms WHERE term = ?', (term,))
        return [(document, Span(start, end)) for document, start, end in rows]


def _reference(row: Any) -> Reference:
    start, end, label, target, provision, state = row
    return Reference(Span(start, end), label, target, provision, ReferenceState(state))


def _row(row: Any) -> PassageRow:
    i, document, ordinal, provision, label, path, start, end, lead_start, lead_end, key = row
    lead = Span(lead_start, lead_end) if lead_end > lead_start else None
    return PassageRow(i, document, ordinal, provision, label, tuple(json.loads(path)), Span(start, end), lead, key)

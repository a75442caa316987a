"""The database of a generation: its tables, and how a document is written into them."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from pincite.domain.completeness import Completeness
from pincite.domain.documents import Document, Passage, Span
from pincite.domain.references import Mention, Reference, Term
from pincite.domain.text import sha256_text

__all__ = ["SCHEMA_VERSION", "Writer", "open_database"]

SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, title TEXT NOT NULL, short TEXT NOT NULL, aliases TEXT NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL, text_sha256 TEXT NOT NULL, source_sha256 TEXT NOT NULL,
    provenance TEXT NOT NULL, warnings TEXT NOT NULL, inputs TEXT NOT NULL);
CREATE TABLE provisions (
    document INTEGER NOT NULL REFERENCES documents, idx INTEGER NOT NULL, parent INTEGER NOT NULL, kind TEXT NOT NULL,
    label TEXT NOT NULL, heading TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    body_start INTEGER NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (document, idx)) WITHOUT ROWID;
CREATE INDEX provisions_by_label ON provisions (label COLLATE NOCASE);
-- passages.id and sentences.id count from 0: they are the rows of vectors.npy and sentences.npy
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents, ordinal INTEGER NOT NULL,
    provision INTEGER NOT NULL, label TEXT NOT NULL, path TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    lead_start INTEGER NOT NULL, lead_end INTEGER NOT NULL, vector_key TEXT NOT NULL);
CREATE INDEX passages_by_place ON passages (document, start);
CREATE TABLE sentences (
    id INTEGER PRIMARY KEY, passage INTEGER NOT NULL REFERENCES passages, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, vector_key TEXT NOT NULL);
CREATE INDEX sentences_by_passage ON sentences (passage);
-- target is a document's slug, or its name as written where state is 'external'; provision is -1 for none
CREATE TABLE cross_references (
    document INTEGER NOT NULL REFERENCES documents, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    label TEXT NOT NULL, target TEXT NOT NULL, provision INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX cross_references_by_place ON cross_references (document, start);
CREATE INDEX cross_references_by_target ON cross_references (target, provision);
-- what the words of a document refer to, before it is known where that is: kept for builds that take it over unread
CREATE TABLE mentions (document INTEGER PRIMARY KEY REFERENCES documents, facts TEXT NOT NULL);
CREATE TABLE completeness (document INTEGER PRIMARY KEY REFERENCES documents, facts TEXT NOT NULL);
CREATE TABLE terms (
    term TEXT NOT NULL, document INTEGER NOT NULL REFERENCES documents, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    label TEXT NOT NULL);
CREATE INDEX terms_by_document ON terms (document);
CREATE INDEX terms_by_term ON terms (term);
CREATE VIRTUAL TABLE passages_fts USING fts5 (
    label, path, lead, body, tokenize = 'porter unicode61 remove_diacritics 2');
INSERT INTO passages_fts (passages_fts, rank) VALUES ('secure-delete', 1);
"""


def open_database(path: Path) -> apsw.Connection:
    """Open a generation's database for reading; nothing in its schema can run, and no other schema is taken.

    Raises:
        ValueError: if it was written in another form, or has a table, index, view or trigger that we do not write.
        apsw.Error: if SQLite cannot read it.
    """
    connection = apsw.Connection(
        f"file:{quote(str(path))}?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    try:
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
        connection.execute("PRAGMA cell_size_check = ON")
        _check_schema(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_schema(connection: apsw.Connection) -> None:
    version = connection.execute("PRAGMA user_version").get
    if version != SCHEMA_VERSION:
        raise ValueError(f"written in form {version}, this program reads form {SCHEMA_VERSION}")
    if strange := set(_schema_of(connection)) ^ _our_schema():
        names = ", ".join(sorted({f"{kind} {name}" for kind, name, *_ in strange}))
        raise ValueError(f"its schema is not ours: {names[:200]}")


def _schema_of(connection: apsw.Connection) -> Iterator[tuple[Any, ...]]:
    return iter(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))


@functools.cache
def _our_schema() -> frozenset[tuple[Any, ...]]:
    connection = apsw.Connection(":memory:")
    try:
        connection.execute(_SCHEMA)
        return frozenset(_schema_of(connection))
    finally:
        connection.close()


class Writer:
    """Writes one new database; use as a context manager, everything is committed at its end or nothing is."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        # no journal file beside a database that is published whole or thrown away
        self._connection.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON;")
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._connection.execute(_SCHEMA)
        self._passages = 0
        self._sentences = 0
        self._documents = 0
        self._connection.execute("BEGIN")

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
            self._connection.execute("INSERT INTO passages_fts (passages_fts) VALUES ('optimize')")
        self._connection.close()

    def add(
        self,
        document: Document,
        inputs: str,
        passages: Sequence[Passage],
        passage_keys: Sequence[str],
        sentence_keys: Sequence[Sequence[str]],
        references: Sequence[Reference],
        mentions: Sequence[Mention],
        terms: Sequence[Term],
        completeness: Completeness,
    ) -> None:
        """Write a document with its passages; rows get the next free ids in order.

        `inputs` is the digest of all that decided what the document was read as: the same inputs, the same rows.
        """
        text = document.text
        number = self._documents
        self._documents += 1
        run = self._connection.execute
        many = self._connection.executemany
        run(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                number, document.slug, document.title, document.short, json.dumps(document.aliases),
                document.kind.value, text, sha256_text(text), document.provenance.sha256,
                json.dumps(dataclasses.asdict(document.provenance)), json.dumps(document.warnings),
                inputs,
            ),
        )  # fmt: skip
        many(
            "INSERT INTO provisions VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                (number, p.index, p.parent, p.kind.value, p.label, p.heading, p.start, p.end, p.body_start, p.page)
                for p in document.provisions
            ),
        )
        many(
            "INSERT INTO cross_references VALUES (?,?,?,?,?,?,?)",
            ((number, r.span.start, r.span.end, r.label, r.document, r.provision, r.state.value) for r in references),
        )
        run("INSERT INTO mentions VALUES (?,?)", (number, json.dumps(list(mentions), default=_fields)))
        run("INSERT INTO completeness VALUES (?,?)", (number, json.dumps(dataclasses.asdict(completeness))))
        many(
            "INSERT INTO terms VALUES (?,?,?,?,?)",
            ((t.term, number, t.span.start, t.span.end, t.label) for t in terms),
        )
        first, first_sentence = self._passages, self._sentences
        self._passages += len(passages)
        self._sentences += sum(map(len, sentence_keys))
        many(
            "INSERT INTO passages VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                (first + i, number, p.ordinal, p.provision, p.label, json.dumps(p.path), p.span.start, p.span.end,
                 *_ends(p.lead_in), key)
                for i, (p, key) in enumerate(zip(passages, passage_keys, strict=True))
            ),
        )  # fmt: skip
        many(
            "INSERT INTO passages_fts (rowid, label, path, lead, body) VALUES (?,?,?,?,?)",
            (
                (first + i, p.label, " ".join(p.path), p.lead_in.of(text) if p.lead_in else "", p.span.of(text))
                for i, p in enumerate(passages)
            ),
        )
        sentences = (
            (first + i, span.start, span.end, key)
            for i, (p, keys) in enumerate(zip(passages, sentence_keys, strict=True))
            for span, key in zip(p.sentences, keys, strict=True)
        )
        many(
            "INSERT INTO sentences VALUES (?,?,?,?,?)",
            ((first_sentence + i, *sentence) for i, sentence in enumerate(sentences)),
        )


def _ends(span: Span | None) -> tuple[int, int]:
    return (span.start, span.end) if span else (0, 0)


def _fields(value: Any) -> list[Any]:
    """Return a dataclass's fields for JSON; `astuple` copies every value, which takes much longer."""
    return [getattr(value, field.name) for field in dataclasses.fields(value)]

"""What a byte search must not find after a purge: a document's phrases, index terms, digests and vectors, as bytes."""

from __future__ import annotations

import html
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from pincite.library.generations import DATABASE, SENTENCES, VECTORS
from pincite.purge.finder import SHORT, Finder

__all__ = ["TERMS", "Fingerprint", "phrase_forms", "phrases_of", "term_remains", "vector_forms"]

TERMS = "index terms"
"""The kind of pattern that is sought only where a full-text index may lie: single words stand anywhere by right."""

PHRASE = 32
"""Characters of a phrase that is sought, five or six words: fewer stand in the letters of people who never saw the
document. Any 63 characters of a line in their order hold a whole one, and so does every sentence of 24."""

_LEAST = 24
_WINDOW = 32
_STEP = 256
_DIVERSE = 6

_COUNTS = ("phrases", "shared", "vectors", "shared_vectors", "short_terms")

Patterns = dict[str, set[bytes]]


@dataclass(slots=True)
class Fingerprint:
    """Byte patterns by kind, and what could not become one.

    Attributes:
        patterns: the byte strings of each kind; none of them occurs in what stays in the library.
        phrases: distinct phrases that are sought, each in several encodings.
        shared: phrases that documents which stay have too, or that are names; not sought.
        vectors: vectors sought; shared_vectors: those that documents which stay have too.
        terms: index terms that only these documents have; short_terms: those of them whose remains in an index would be
            too short to be told from chance, so that only the index itself can be asked.
    """

    patterns: Patterns = field(default_factory=dict)
    phrases: int = 0
    shared: int = 0
    vectors: int = 0
    shared_vectors: int = 0
    terms: set[str] = field(default_factory=set)
    short_terms: int = 0

    @classmethod
    def of(cls, generation: Path, slugs: Collection[str], names: Iterable[str] = ()) -> Fingerprint:
        """Take the fingerprint of documents of a generation.

        Args:
            generation: its directory, verified.
            slugs: the documents.
            names: words that stay by intention, such as the documents' names and the reason for the purge.
        """
        connection = apsw.Connection(
            f"file:{generation / DATABASE}?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        try:
            return _Taking(connection, generation, slugs).fingerprint("\n".join(names))
        finally:
            connection.close()

    def merge(self, other: Fingerprint) -> None:
        """Take in the fingerprint of the same documents in another library: what may stay in one is not sought."""
        self.patterns = {kind: found & other.patterns.get(kind, set()) for kind, found in self.patterns.items()}
        self.terms &= other.terms
        for name in _COUNTS:
            setattr(self, name, max(getattr(self, name), getattr(other, name)))

    def to_bytes(self) -> bytes:
        """Return it as JSON in UTF-8, patterns in hex."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        patterns = {kind: sorted(one.hex() for one in found) for kind, found in self.patterns.items()}
        return json.dumps({**counts, "terms": sorted(self.terms), "patterns": patterns}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprint:
        """Read what `to_bytes` returned."""
        values = json.loads(data)
        patterns = {kind: {bytes.fromhex(one) for one in found} for kind, found in values.pop("patterns").items()}
        return cls(patterns, terms=set(values.pop("terms")), **values)


def phrases_of(text: str) -> Iterator[str]:
    """Yield phrases that cover a text: pieces of 32 characters of each line, its end once more; lines under 24 not."""
    for line in text.splitlines():
        if len(line) < PHRASE:
            if len(line) >= _LEAST:
                yield line
            continue
        for at in range(0, len(line) - PHRASE + 1, PHRASE):
            yield line[at : at + PHRASE]
        if len(line) % PHRASE:
            yield line[-PHRASE:]


def phrase_forms(phrase: str) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, bytes) of a phrase in each encoding in which a file may hold it."""
    plain = phrase.encode()
    yield "phrases in UTF-8", plain
    yield "phrases in UTF-16", phrase.encode("utf-16-le")
    yield "phrases in UTF-16", phrase.encode("utf-16-be")
    for escaped in (json.dumps(phrase)[1:-1], json.dumps(phrase, ensure_ascii=False)[1:-1]):
        if escaped.encode() != plain:
            yield "phrases in JSON", escaped.encode()
    for escaped in (html.escape(phrase), html.escape(phrase, quote=False)):
        if escaped.encode() != plain:
            yield "phrases in HTML", escaped.encode()


def vector_forms(vector: npt.NDArray[np.float32]) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, bytes) of a vector: pieces of 32 bytes at each 256, or all of it where pieces say too little."""
    for kind, values in (("vectors in float32", vector.astype("<f4")), ("vectors in float16", vector.astype("<f2"))):
        data, size = values.tobytes(), values.itemsize
        pieces = [data[at : at + _WINDOW] for at in range(0, len(data) - _WINDOW + 1, _STEP)]
        diverse = [piece for piece in pieces if len({piece[i : i + size] for i in range(0, _WINDOW, size)}) >= _DIVERSE]
        yield from ((kind, piece) for piece in diverse or [data])


def term_remains(term: str, before: str) -> bytes:
    """Return the bytes of a term that every full-text index holding it must have, given the term before it.

    FTS5 keeps of a term only what differs from the one before it on the page. In an index with fewer terms, more of
    it is kept, so that this end of it stands there in any case.
    """
    own, other = term.encode(), before.encode()
    common = 0
    while common < min(len(own), len(other)) and own[common] == other[common]:
        common += 1
    return own[common:]


class _Taking:
    """Reads one generation: the rows of the documents, and of all others, against which their bytes are held."""

    def __init__(self, connection: apsw.Connection, generation: Path, slugs: Collection[str]) -> None:
        self._run = connection.execute
        self._generation = generation
        gone = [i for i, slug in self._run("SELECT id, slug FROM documents") if slug in slugs]
        self._gone = json.dumps(gone)

    def fingerprint(self, names: str) -> Fingerprint:
        made = Fingerprint()
        staying = "\n".join([*self._words_that_stay(), names])
        self._phrases(made, staying)
        self._terms(made, staying)
        self._digests(made)
        self._vectors(made)
        return made

    def _words_that_stay(self) -> Iterator[str]:
        """Yield everything that rows of the other documents say, and what a database without documents says."""
        yield from (str(sql) for (sql,) in self._run("SELECT sql FROM sqlite_schema"))
        yield from (str(name) for (name,) in self._run("SELECT k FROM passages_fts_config"))
        for table in ("documents", "provisions", "passages", "cross_references", "mentions", "completeness", "terms"):
            column = "id" if table == "documents" else "document"
            rows = self._run(
                f"SELECT * FROM {table} WHERE {column} NOT IN (SELECT value FROM json_each(?))",  # noqa: S608 - ours
                (self._gone,),
            )
            for row in rows:
                yield "\n".join(str(value) for value in row)

    def _phrases(self, made: Fingerprint, staying: str) -> None:
        rows = self._run("SELECT text FROM documents WHERE id IN (SELECT value FROM json_each(?))", (self._gone,))
        own = {phrase for (text,) in rows for phrase in phrases_of(text)}
        own |= {phrase for sentence in self._sentences() for phrase in phrases_of(sentence)}
        common = _found({phrase.encode() for phrase in own}, [staying.encode()])
        sought = [phrase for phrase in own if phrase.encode() not in common]
        made.phrases, made.shared = len(sought), len(own) - len(sought)
        for phrase in sought:
            for kind, form in phrase_forms(phrase):
                made.patterns.setdefault(kind, set()).add(form)

    def _sentences(self) -> Iterator[str]:
        """Yield the sentences of the documents, which are what answers quote."""
        texts = dict(
            self._run("SELECT id, text FROM documents WHERE id IN (SELECT value FROM json_each(?))", (self._gone,))
        )
        spans = self._run(
            'SELECT p.document, s.start, s."end" FROM sentences s JOIN passages p ON p.id = s.passage '
            "WHERE p.document IN (SELECT value FROM json_each(?))",
            (self._gone,),
        )
        yield from (str(texts[document])[start:end] for document, start, end in spans)

    def _terms(self, made: Fingerprint, staying: str) -> None:
        self._run("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, passages_fts, instance)")
        rows = self._run(
            "SELECT term, min(doc IN (SELECT id FROM passages WHERE document IN (SELECT value FROM json_each(?)))) "
            "FROM temp.words GROUP BY term ORDER BY term",
            (self._gone,),
        ).fetchall()
        self._run("DROP TABLE temp.words")
        terms = sorted(((str(term), bool(only)) for term, only in rows), key=lambda row: row[0].encode())
        made.terms = {term for term, only in terms if only}
        remains = {
            term_remains(term, before)
            for (before, _), (term, only) in zip([("", False), *terms], terms, strict=False)
            if only
        }
        long = {one for one in remains if len(one) >= SHORT}
        kept = "\n".join(term for term, only in terms if not only)
        common = _found(long, [staying.encode(), staying.lower().encode(), kept.encode()])
        made.short_terms = len(remains) - len(long)
        made.patterns[TERMS] = long - common

    def _digests(self, made: Fingerprint) -> None:
        made.patterns["digests of passages"] = {
            key.encode() for table in ("passages", "sentences") for key in self._keys(table)[0]
        }

    def _keys(self, table: str) -> tuple[dict[str, int], set[str]]:
        """Return the vector keys that only the documents have, each with a row, and all keys of the others."""
        where = "p.document" if table == "passages" else "(SELECT document FROM passages WHERE id = p.passage)"
        gone: dict[str, int] = {}
        stay: set[str] = set()
        for key, row, ours in self._run(
            f"SELECT vector_key, id, {where} IN (SELECT value FROM json_each(?)) FROM {table} p",  # noqa: S608 - ours
            (self._gone,),
        ):
            if ours:
                gone[key] = row
            else:
                stay.add(key)
        return {key: row for key, row in gone.items() if key not in stay}, stay

    def _vectors(self, made: Fingerprint) -> None:
        for table, name in (("passages", VECTORS), ("sentences", SENTENCES)):
            matrix: Any = np.load(self._generation / name, mmap_mode="r", allow_pickle=False)
            gone, _ = self._keys(table)
            (count,) = next(iter(self._run(
                f"SELECT count(DISTINCT vector_key) FROM {table} p WHERE "  # noqa: S608 - ours
                + ("document" if table == "passages" else "(SELECT document FROM passages WHERE id = p.passage)")
                + " IN (SELECT value FROM json_each(?))",
                (self._gone,),
            )))  # fmt: skip
            rows = sorted(gone.values())
            own: Patterns = {}
            for row in rows:
                for kind, form in vector_forms(np.asarray(matrix[row])):
                    own.setdefault(kind, set()).add(form)
            others = self._other_rows(table, len(matrix))
            common = _found(set().union(*own.values()), (self._bytes(matrix, others))) if own else set()
            for kind, forms in own.items():
                made.patterns.setdefault(kind, set()).update(forms - common)
            made.vectors += len(rows)
            made.shared_vectors += count - len(rows)

    def _other_rows(self, table: str, count: int) -> list[int]:
        where = "document" if table == "passages" else "(SELECT document FROM passages WHERE id = p.passage)"
        gone = {
            row
            for (row,) in self._run(
                f"SELECT id FROM {table} p WHERE {where} IN (SELECT value FROM json_each(?))",  # noqa: S608 - ours
                (self._gone,),
            )
        }
        return [row for row in range(count) if row not in gone]

    def _bytes(self, matrix: Any, rows: Sequence[int]) -> Iterator[bytes]:
        """Yield vectors that stay, in both precisions, some thousands at a time."""
        for at in range(0, len(rows), 4096):
            part = np.asarray(matrix[rows[at : at + 4096]])
            yield part.astype("<f4").tobytes()
            yield part.astype("<f2").tobytes()


def _found(patterns: Collection[bytes], texts: Iterable[bytes]) -> set[bytes]:
    """Return which of the patterns occur in any of the texts."""
    finder = Finder({"": patterns})
    found: set[bytes] = set()
    for text in texts:
        found |= finder.search_bytes(text).patterns.get("", set())
    return found

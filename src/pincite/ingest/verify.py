"""Whether a library is sound: its files, its database, its vectors, its words, and the sources it was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw
import numpy as np

from pincite.domain.documents import Document, Passage, Span
from pincite.domain.progress import Progress, silent
from pincite.domain.text import printable_path, sha256_text
from pincite.embed.protocol import Vectors
from pincite.errors import DocumentError, LibraryDamaged
from pincite.ingest.parse import Parsed
from pincite.ingest.sources import Source, read_source
from pincite.ingest.texts import passage_texts, sentence_texts
from pincite.ingest.vectors import vector_key
from pincite.library.generations import DATABASE, SENTENCES, VECTORS
from pincite.library.library import Library

__all__ = ["SourceStates", "compare_sources", "verify_library"]

_ROWS = 4096


def verify_library(directory: Path, progress: Progress = silent) -> Iterator[str]:
    """Yield what is wrong with the current generation of the library in `directory`, each finding in words.

    Raises:
        LibraryMissing: if nothing has been built.
    """
    try:
        library = Library(directory, mapped=True)  # compares every file with its digest
    except LibraryDamaged as error:
        yield error.message
        return
    try:
        yield from _database(library.path / DATABASE)
        yield from _vectors(VECTORS, library.vectors, sum(1 for _ in library.all_passages()))
        yield from _vectors(SENTENCES, library.sentence_vectors, len(library.sentence_passages))
        stated = library.manifest["documents"]
        found = {info.slug for info in library.documents}
        for slug in sorted(found ^ set(stated)):
            yield f"{slug}: in the {'database' if slug in found else 'manifest'} only"
        for number, info in enumerate(library.documents, 1):
            yield from (f"{info.slug}: {finding}" for finding in _document(library, info.slug))
            progress("Checking documents", number, len(library.documents), "documents")
    finally:
        library.close()


def _database(path: Path) -> Iterator[str]:
    """Check the database's pages and its full-text index, in a copy in memory: the index's own check must write."""
    copy = apsw.Connection(":memory:")
    try:
        source = apsw.Connection(
            f"file:{path}?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        with copy.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(1000)
        source.close()
        for (finding,) in copy.execute("PRAGMA integrity_check"):
            if finding != "ok":
                yield f"{path.name}: {finding}"
        for finding in copy.execute("PRAGMA foreign_key_check"):
            yield f"{path.name}: a row of {finding[0]} belongs to nothing"
        copy.execute("INSERT INTO passages_fts (passages_fts) VALUES ('integrity-check')")
        # what is searched must be what is stored
        strange = copy.execute(
            "SELECT count(*) FROM passages p JOIN documents d ON d.id = p.document "
            "LEFT JOIN passages_fts f ON f.rowid = p.id "
            'WHERE f.body IS NOT substr(d.text, p.start + 1, p."end" - p.start)'
        ).get
        extra = copy.execute("SELECT count(*) FROM passages_fts WHERE rowid NOT IN (SELECT id FROM passages)").get
        if strange or extra:
            yield f"{path.name}: {strange + extra} rows of the full-text index differ from the passages"
    except apsw.Error as error:
        yield f"{path.name}: {error}"
    finally:
        copy.close()


def _vectors(name: str, matrix: Vectors, rows: int) -> Iterator[str]:
    if len(matrix) != rows:
        yield f"{name}: {len(matrix)} rows for {rows} texts"
    wrong = 0
    for at in range(0, len(matrix), _ROWS):
        lengths = np.linalg.norm(matrix[at : at + _ROWS], axis=1)
        wrong += int(np.count_nonzero(~(np.abs(lengths - 1) < 1e-3)))  # not a number is not near 1 either
    if wrong:
        yield f"{name}: {wrong} rows are no unit vectors"


def _document(library: Library, slug: str) -> Iterator[str]:
    info, document = library.info(slug), library.document(slug)
    most = len(document.text)
    if sha256_text(document.text) != info.text_sha256:
        yield "its text differs from its digest"
    if library.manifest["documents"].get(slug, {}).get("sha256", info.source_sha256) != info.source_sha256:
        yield "its source has another digest in the manifest"
    yield from _tree(document)
    rows = list(library.passages_of(info.number))
    if len(rows) != library.manifest["documents"].get(slug, {}).get("passages", len(rows)):
        yield f"{len(rows)} passages, the manifest says {library.manifest['documents'][slug]['passages']}"
    passages = []
    for number, (row, stored) in enumerate(rows):
        sentences = tuple(span for span, _ in stored)
        whole = Span(0, most)
        inside = row.span.start < row.span.end and whole.contains(row.span) and whole.contains(row.lead_in or whole)
        if row.ordinal != number or not inside or row.provision >= len(document.provisions):
            yield f"passage {number} ({row.label}) does not lie in the text"
        if not all(row.span.contains(span) and span.start < span.end for span in sentences):
            yield f"a sentence of passage {number} ({row.label}) does not lie in it"
        passages.append(
            Passage(slug, row.ordinal, row.provision, row.label, row.path, row.span, row.lead_in, sentences)
        )
    model = library.manifest["embedder"]["sha256"]
    one = Parsed(document, tuple(passages), (), (), library.completeness_of(info.number))
    if [row.vector_key for row, _ in rows] != [vector_key(model, text) for text in passage_texts(one)]:
        yield "a passage's vector belongs to other words"
    if [key for _, stored in rows for _, key in stored] != [
        vector_key(model, text) for group in sentence_texts(one) for text in group
    ]:
        yield "a sentence's vector belongs to other words"
    for span in (
        *(reference.span for reference in library.references_within(info.number, Span(0, most))),
        *(term.span for term in library.terms_of(info.number)),
    ):
        if not 0 <= span.start <= span.end <= most:
            yield "a reference or a term does not lie in the text"


def _tree(document: Document) -> Iterator[str]:
    nodes = document.provisions
    if not nodes or nodes[0].parent != -1:
        yield "its tree has no root"
    for number, node in enumerate(nodes):
        place = node.index == number and (number == 0 or 0 <= node.parent < number)
        if not place or not 0 <= node.start <= node.end <= len(document.text):
            yield f"provision {number} ({node.label}) does not lie in the tree and the text"


@dataclass(frozen=True, slots=True)
class SourceStates:
    """Sources that are not the bytes a library was read from, by slug.

    Attributes:
        changed: with other bytes than those read.
        missing: in the library, but no longer among the sources or not to be read.
        new: not in the library; files that were left out when it was built are not new.
        same: how many are as they were.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    new: tuple[str, ...]
    same: int


def compare_sources(library: Library, sources: Sequence[Source]) -> SourceStates:
    """Compare the bytes of `sources` with those that the library was read from."""
    known = {info.slug: info.source_sha256 for info in library.documents}
    left_out = {name for name, _ in library.manifest["failed"]}
    now: dict[str, str] = {}
    for source in sources:
        if source.slug not in known and printable_path(source.path) in left_out:
            continue
        try:
            now[source.slug] = hashlib.sha256(read_source(source)).hexdigest()
        except DocumentError:
            if source.slug not in known:
                now[source.slug] = ""  # new, though it cannot be read
    return SourceStates(
        changed=tuple(sorted(slug for slug in known.keys() & now if known[slug] != now[slug])),
        missing=tuple(sorted(known.keys() - now)),
        new=tuple(sorted(now.keys() - known)),
        same=sum(known[slug] == now[slug] for slug in known.keys() & now),
    )

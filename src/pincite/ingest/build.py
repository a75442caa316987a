"""Builds a generation: parse every source, embed what is new, write, publish; resumes where it was stopped."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from pincite import __version__
from pincite.domain.documents import Passage, Span
from pincite.domain.progress import Progress, silent
from pincite.domain.text import printable
from pincite.embed import Embedder
from pincite.embed.protocol import Vectors
from pincite.errors import DocumentError, LibraryDamaged, LibraryError, LibraryMissing
from pincite.ingest.parse import PARSER_VERSION, Parsed, parse
from pincite.ingest.resolve import resolve_references
from pincite.ingest.sources import Source, read_source
from pincite.library.generations import DATABASE, SENTENCES, VECTORS, Generations
from pincite.library.library import Library
from pincite.library.schema import SCHEMA_VERSION, Writer

__all__ = ["BuildReport", "build_library"]

_BATCH = 64
_COLUMN = re.compile(r"(?:^|; )[A-Z][^:;.]{0,40}: ")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; `failed` holds (file, reason); `embedded` counts texts that were new to the library."""

    generation: str
    documents: int
    passages: int
    embedded: int
    reused: int
    failed: tuple[tuple[str, str], ...]
    up_to_date: bool = False


def build_library(
    directory: Path,
    sources: Sequence[Source],
    *,
    embedder_name: str,
    embedder_sha256: str,
    load_embedder: Callable[[], Embedder],
    progress: Progress = silent,
    rebuild: bool = False,
) -> BuildReport:
    """Build a new generation of the library in `directory` from `sources` and make it current.

    The embedder is loaded only if something must be embedded. A source that cannot be read is reported and left
    out; the others are built. Nothing is written over: until the last step the old generation answers.

    Raises:
        LibraryError: if another build is running or no source could be read.
    """
    generations = Generations(directory)
    with generations.lock():
        digests = {source.slug: _digest(source) for source in sources}
        inputs = _inputs_digest(sources, digests, embedder_sha256)
        old = None if rebuild else _current(generations)
        if old is not None and old[1].get("inputs") == inputs:
            facts = old[1]
            unread = tuple((name, reason) for name, reason in facts["failed"])
            return BuildReport(
                old[0].name, len(facts["documents"]), facts["passages"], 0, facts["passages"], unread, True
            )
        parsed, failed = _parse_all(sources, progress)
        if not parsed:
            reason = f"; first reason: {failed[0][1]}" if failed else ""
            raise LibraryError(f"no document could be read{reason}")
        store = _VectorStore(generations.work, embedder_sha256, load_embedder)
        if not rebuild:
            store.take_from(directory, embedder_sha256)
        texts = [(_passage_texts(one), _sentence_texts(one)) for one in parsed]
        flat = [
            text for passages, sentences in texts for text in (*passages, *(s for group in sentences for s in group))
        ]
        store.fill(flat, progress)
        staging = generations.stage()
        rows: list[Vectors] = []
        sentence_rows: list[Vectors] = []
        edges = resolve_references([one.document for one in parsed], [one.mentions for one in parsed])
        with Writer(staging / DATABASE) as writer:
            for one, references, (passages, sentences) in zip(parsed, edges, texts, strict=True):
                writer.add(
                    one.document,
                    one.passages,
                    [store.key(text) for text in passages],
                    [[store.key(text) for text in group] for group in sentences],
                    references,
                    one.mentions,
                    one.terms,
                    one.completeness,
                )
                rows += [store.vector(text) for text in passages]
                sentence_rows += [store.vector(text) for group in sentences for text in group]
        np.save(staging / VECTORS, np.stack(rows), allow_pickle=False)
        np.save(staging / SENTENCES, np.stack(sentence_rows), allow_pickle=False)
        facts = _facts(parsed, failed, inputs, embedder_name, embedder_sha256, rows)
        store.close()
        target = generations.publish(staging, facts)
    return BuildReport(target.name, len(parsed), len(rows), store.embedded, store.reused, tuple(failed))


def _digest(source: Source) -> str:
    try:
        return hashlib.sha256(read_source(source)).hexdigest()
    except DocumentError as error:
        return error.message


def _inputs_digest(sources: Sequence[Source], digests: dict[str, str], embedder_sha256: str) -> str:
    """Return the digest of everything that decides what a build produces."""
    described: list[Any] = [
        (s.slug, s.path.name, digests[s.slug], sorted(s.metadata.items()), s.aliases, sorted(s.expect.items()))
        for s in sources
    ]
    versions = [PARSER_VERSION, SCHEMA_VERSION, embedder_sha256]
    return hashlib.sha256(json.dumps([versions, described]).encode()).hexdigest()


def _current(generations: Generations) -> tuple[Path, dict[str, Any]] | None:
    try:
        directory = generations.current()
        return (directory, generations.verify(directory)) if directory else None
    except LibraryDamaged:
        return None  # a damaged library is replaced, that is what building is for


def _parse_all(sources: Sequence[Source], progress: Progress) -> tuple[list[Parsed], list[tuple[str, str]]]:
    parsed: list[Parsed] = []
    failed: list[tuple[str, str]] = []
    for number, source in enumerate(sources, 1):
        try:
            parsed.append(parse(source))
        except DocumentError as error:
            failed.append((printable(str(source.path)), printable(error.message)))
        progress("Reading documents", number, len(sources), "documents")
    return parsed, failed


def _passage_texts(one: Parsed) -> list[str]:
    """Return what is embedded for each passage: where it stands, what introduces it, what it says."""
    document = one.document
    return [
        "\n".join(filter(None, (f"{document.short} {' › '.join(p.path)}", _lead(one, p), p.span.of(document.text))))
        for p in one.passages
    ]


def _sentence_texts(one: Parsed) -> list[list[str]]:
    """Return what is embedded for each sentence: its nearest heading, its lead-in and its words."""
    text = one.document.text
    return [
        [
            " ".join(filter(None, (f"{p.path[-1]}:" if p.path else "", _lead(one, p), _cells(span.of(text)))))
            for span in p.sentences
        ]
        for p in one.passages
    ]


def _cells(sentence: str) -> str:
    """Return a table row's cells without their column headings, which would drown the words that matter."""
    if len(_COLUMN.findall(sentence)) < 2:
        return sentence
    return _COLUMN.sub(" ", sentence).strip()


def _lead(one: Parsed, passage: Passage) -> str:
    lead = passage.lead_in or Span(0, 0)
    return lead.of(one.document.text)[-300:]


def _facts(
    parsed: Sequence[Parsed],
    failed: Sequence[tuple[str, str]],
    inputs: str,
    embedder_name: str,
    embedder_sha256: str,
    rows: Sequence[Vectors],
) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "parser": PARSER_VERSION,
        "pincite": __version__,
        "inputs": inputs,
        "embedder": {"name": embedder_name, "sha256": embedder_sha256, "dimension": int(rows[0].shape[0])},
        "documents": {
            one.document.slug: {"sha256": one.document.provenance.sha256, "passages": len(one.passages)}
            for one in parsed
        },
        "passages": len(rows),
        "failed": [list(pair) for pair in failed],
    }


class _VectorStore:
    """Vectors by digest of their text: those of the current generation, and new ones, saved as they are made."""

    def __init__(self, work: Path, model: str, load: Callable[[], Embedder]) -> None:
        self._model = model
        self._load = load
        self._vectors: dict[str, Vectors] = {}
        self.embedded = 0
        self.reused = 0
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = work / f"vectors-{model[:16]}.db"
        try:
            self._open(path)
        except (apsw.Error, ValueError):  # what a killed build left is a saving, never a condition
            self._vectors.clear()
            path.unlink()
            self._open(path)

    def _open(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL)")
        for key, blob in self._connection.execute("SELECT key, vector FROM vectors"):
            self._vectors[key] = np.frombuffer(blob, dtype=np.float32)

    def key(self, text: str) -> str:
        return hashlib.sha256(f"{self._model}\n{text}".encode()).hexdigest()

    def vector(self, text: str) -> Vectors:
        return self._vectors[self.key(text)]

    def take_from(self, directory: Path, model: str) -> None:
        """Take over the vectors of the current generation if the same model made them."""
        try:
            library = Library(directory)
        except (LibraryDamaged, LibraryMissing):
            return
        if library.manifest["embedder"]["sha256"] == model:
            passage_keys, sentence_keys = library.vector_keys()
            self._vectors.update(zip(passage_keys, library.vectors, strict=True))
            self._vectors.update(zip(sentence_keys, library.sentence_vectors, strict=True))
        library.close()

    def fill(self, texts: Sequence[str], progress: Progress) -> None:
        """Embed the texts that have no vector yet, longest first so that batches hold texts of equal length."""
        by_key = {self.key(text): text for text in texts}
        new = {key: text for key, text in by_key.items() if key not in self._vectors}
        self.reused = len(by_key) - len(new)
        self.embedded = len(new)
        if not new:
            return
        embedder = self._load()
        done = 0
        for keys in _batches(sorted(new, key=lambda key: -len(new[key]))):
            vectors = embedder.encode([new[key] for key in keys])
            with self._connection:
                self._connection.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                    ((key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True)),
                )
            self._vectors.update(zip(keys, vectors, strict=True))
            done += len(keys)
            progress("Embedding", done, len(new), "texts")

    def close(self) -> None:
        self._connection.close()


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[at : at + _BATCH] for at in range(0, len(keys), _BATCH))

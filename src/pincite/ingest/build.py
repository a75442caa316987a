"""Builds a generation: parse what is new, embed what is new, write, publish; resumes where it was stopped."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import apsw

from pincite import __version__
from pincite.domain.documents import Document, Passage
from pincite.domain.instructions import LEFT_OUT
from pincite.domain.progress import Progress, silent
from pincite.domain.text import normalise, printable_path, sha256_text
from pincite.embed import Embedder
from pincite.errors import DocumentError, LibraryDamaged, LibraryError, LibraryMissing
from pincite.ingest.exchange import pack_source
from pincite.ingest.isolation import Failed, Parsers
from pincite.ingest.parse import PARSER_VERSION, Parsed
from pincite.ingest.resolve import resolve_references
from pincite.ingest.sources import Source, read_source
from pincite.ingest.texts import passage_texts, sentence_texts
from pincite.ingest.vectors import VectorStore
from pincite.library.generations import DATABASE, SENTENCES, VECTORS, Generations
from pincite.library.library import Library
from pincite.library.schema import SCHEMA_VERSION, Writer

__all__ = ["BuildReport", "Kept", "build_library", "inputs_digest", "stored"]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did.

    Attributes:
        generation: the name of what is current now.
        documents, passages: what it holds.
        parsed: documents that were read anew; the others were taken over.
        embedded, reused: texts that were new to the library, and texts that had a vector.
        failed: (file, reason) of each document that was left out.
        lost: the files among them that the generation before had.
        unconfined: what this system could not do to confine the parsers; empty if nothing was parsed.
        up_to_date: nothing had changed, nothing was written.
        labels: with a clearance.toml, (label, documents) of each library, the one that holds all of them last.
        notes: what the steward must know of labels and permissions, and of documents that instruct the assistant.
    """

    generation: str
    documents: int
    passages: int
    embedded: int
    reused: int
    failed: tuple[tuple[str, str], ...]
    up_to_date: bool = False
    parsed: int = 0
    lost: tuple[str, ...] = ()
    unconfined: tuple[str, ...] = ()
    labels: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()


def build_library(
    directory: Path,
    sources: Sequence[Source],
    *,
    embedder: Mapping[str, Any],
    load_embedder: Callable[[], Embedder],
    progress: Progress = silent,
    rebuild: bool = False,
    parsers: Parsers | None = None,
    beside: Path | None = None,
    admits: Callable[[Document], bool] | None = None,
    refused: Callable[[str], str] = lambda digest: "",
) -> BuildReport:
    """Build a new generation of the library in `directory` from `sources` and make it current.

    A source that cannot be read is reported and left out; the others are built. Documents that have not changed are
    taken from the current generation, and so are vectors of texts that have not changed. Nothing is written over:
    until the last step the old generation answers.

    Args:
        directory: of the library.
        sources: what to build it from.
        embedder: facts about the embedding model for the manifest; "name" and "sha256" at least. The digest must
            differ wherever the vectors would.
        load_embedder: called only if something must be embedded, or is likely to be; then while documents are parsed.
        progress: told about reading, embedding and writing.
        rebuild: take over nothing.
        parsers: to parse with, closed by the caller; by default ones with the default limits.
        beside: directory of another library, from which documents and vectors are taken over too.
        admits: tells of each document whether it may be in this library; others are left out in silence.
        refused: tells by the digest of a source's bytes, and of its normalised text, why it may not be in a library.

    Raises:
        LibraryError: if another build is running, no source could be read or the disk is full.
    """
    generations = Generations(directory)
    with generations.lock(), _disk_errors(directory), contextlib.ExitStack() as stack:
        pool = parsers or stack.enter_context(Parsers())
        other = Library(beside, mapped=True) if beside else None
        if other is not None:
            stack.callback(other.close)
        build = _Build(generations, sources, dict(embedder), load_embedder, progress, rebuild, pool, other, refused)
        if admits is not None:
            build.admits = admits
        return build.run()


@dataclass(slots=True)
class _Build:
    generations: Generations
    sources: Sequence[Source]
    embedder: dict[str, Any]
    load_embedder: Callable[[], Embedder]
    progress: Progress
    rebuild: bool
    parsers: Parsers
    beside: Library | None
    refused: Callable[[str], str]
    admits: Callable[[Document], bool] = lambda document: True

    def run(self) -> BuildReport:
        digests, unread = self._digests()
        keys = {source.slug: _key(source, digests.get(source.slug, "")) for source in self.sources}
        said = [(keys[source.slug], unread.get(source.slug, "")) for source in self.sources]
        inputs = inputs_digest(self.embedder["sha256"], said)
        current, facts, library = self._current()
        kept: dict[str, Kept] = {}
        if current and not self.rebuild and facts.get("inputs") == inputs and not facts.get("again"):
            self.generations.settle()
            failed = tuple((name, reason) for name, reason in facts["failed"])
            passages = facts["passages"]
            return BuildReport(current.name, len(facts["documents"]), passages, 0, passages, failed, True)
        # before the other documents are read back, which takes seconds too
        taken = self.beside or (None if self.rebuild else library)
        old = {info.slug: info.inputs for info in taken.documents} if taken else {}
        changed = any(slug not in unread and old.get(slug) != key for slug, key in keys.items())
        load = _Ahead(self.load_embedder) if changed else self.load_embedder
        if taken:
            kept = _unchanged(taken, keys)
        results: dict[str, Parsed | Failed] = {slug: Failed(reason) for slug, reason in unread.items()}
        results |= {slug: one.parsed for slug, one in kept.items()}
        new = [source for source in self.sources if source.slug not in results]
        self._parse(new, digests, results)
        read = [one for source in self.sources if isinstance(one := results[source.slug], Parsed)]
        parsed = [one for one in read if self.admits(one.document)]
        left_out = {
            s.slug: (printable_path(s.path), one.reason)
            for s in self.sources
            if isinstance(one := results[s.slug], Failed)
        }
        if not parsed:
            first = next(iter(left_out.values()), ("", ""))[1]
            raise LibraryError(f"no document could be read{f'; first reason: {first}' if first else ''}")
        again = any(isinstance(one, Failed) and one.again for one in results.values())
        told = {"inputs": inputs, "failed": [list(pair) for pair in left_out.values()], "again": again}
        store = VectorStore(self.generations.work, self.embedder["sha256"])
        try:
            vectors_of, made = (None if self.rebuild else current), facts
            if self.beside:
                vectors_of, made = self.beside.path, self.beside.manifest
            if vectors_of and made["embedder"]["sha256"] == self.embedder["sha256"]:
                with contextlib.suppress(apsw.Error, ValueError, IndexError):  # then they are made anew
                    store.take_from(vectors_of)
            texts: dict[str, str] = {}
            vectors = [self._vectors(one, kept, store, texts) for one in parsed]
            store.fill(texts, load, self.progress)
            target = self._write(parsed, keys, vectors, store, told)
        finally:
            store.close()
        had = facts.get("documents", {})
        distinct = {key for own, inner in vectors for key in (*own, *(name for group in inner for name in group))}
        return BuildReport(
            generation=target.name,
            documents=len(parsed),
            passages=sum(len(one.passages) for one in parsed),
            embedded=store.embedded,
            reused=len(distinct) - store.embedded,
            failed=tuple(left_out.values()),
            parsed=len(new),
            lost=tuple(name for slug, (name, _) in left_out.items() if slug in had),
            unconfined=self.parsers.missing,
            notes=tuple(
                f"{one.document.slug}: {warning}"
                for one in parsed
                for warning in one.document.warnings
                if warning.startswith(LEFT_OUT)
            ),
        )

    def _digests(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the digest of each source's bytes, and why the others cannot be read, by slug."""
        digests: dict[str, str] = {}
        unread: dict[str, str] = {}
        for source in self.sources:
            try:
                digest = hashlib.sha256(read_source(source)).hexdigest()
                if reason := self.refused(digest):
                    unread[source.slug] = reason
                else:
                    digests[source.slug] = digest
            except DocumentError as error:
                unread[source.slug] = _line(error.message)
        return digests, unread

    def _current(self) -> tuple[Path | None, dict[str, Any], Library | None]:
        """Return the current generation, its manifest and, if this program can read it, the open library."""
        try:
            library = Library(self.generations.directory, mapped=True)
        except LibraryMissing:
            return None, {}, None
        except LibraryDamaged:
            # of another form it is still good for its vectors; damaged it is replaced, that is what building is for
            with contextlib.suppress(LibraryDamaged):
                directory = self.generations.require_current()
                return directory, self.generations.verify(directory), None
            return None, {}, None
        return library.path, library.manifest, library

    def _parse(self, new: Sequence[Source], digests: Mapping[str, str], results: dict[str, Parsed | Failed]) -> None:
        total = len(self.sources)
        self.progress("Reading documents", total - len(new), total, "documents")
        done = total - len(new)
        for job, result, _ in self.parsers.parse(new, digests):
            if isinstance(result, Parsed) and (reason := self.refused(sha256_text(result.document.text))):
                result = Failed(reason, again=True)  # the words of a purged document in another file
            results[new[job].slug] = result
            done += 1
            self.progress("Reading documents", done, total, "documents")

    def _vectors(self, one: Parsed, kept: Mapping[str, Kept], store: VectorStore, texts: dict[str, str]) -> _Keys:
        """Return the keys of a document's vectors, and note the texts that may have none."""
        old = kept.get(one.document.slug)
        if old and store.holds((*old.keys[0], *(key for group in old.keys[1] for key in group))):
            return old.keys

        def key(text: str) -> str:
            name = store.key(text)
            texts[name] = text
            return name

        return [key(text) for text in passage_texts(one)], [[key(t) for t in group] for group in sentence_texts(one)]

    def _write(
        self,
        parsed: Sequence[Parsed],
        keys: Mapping[str, str],
        vectors: Sequence[_Keys],
        store: VectorStore,
        told: Mapping[str, Any],
    ) -> Path:
        facts = {
            "schema": SCHEMA_VERSION,
            "parser": PARSER_VERSION,
            "pincite": __version__,
            "embedder": {"dimension": store.dimension, **self.embedder},
            "documents": {
                one.document.slug: {"sha256": one.document.provenance.sha256, "passages": len(one.passages)}
                for one in parsed
            },
            "passages": sum(len(one.passages) for one in parsed),
            **told,
        }
        edges = resolve_references([one.document for one in parsed], [one.mentions for one in parsed])
        staging = self.generations.stage()
        try:
            passage_keys: list[str] = []
            sentence_keys: list[str] = []
            with Writer(staging / DATABASE) as writer:
                for one, references, (own, inner) in zip(parsed, edges, vectors, strict=True):
                    writer.add(
                        one.document,
                        keys[one.document.slug],
                        one.passages,
                        own,
                        inner,
                        references,
                        one.mentions,
                        one.terms,
                        one.completeness,
                    )
                    passage_keys += own
                    sentence_keys += (key for group in inner for key in group)
                    self.progress("Writing", len(passage_keys), facts["passages"], "passages")
            store.write(staging / VECTORS, passage_keys)
            store.write(staging / SENTENCES, sentence_keys)
            return self.generations.publish(staging, facts)
        except BaseException:
            self.generations.discard(staging)
            raise


_Keys = tuple[list[str], list[list[str]]]
"""Names of the vectors of a document's passages, and of each passage's sentences."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document taken over from the current generation."""

    parsed: Parsed
    keys: _Keys


def _unchanged(library: Library, keys: Mapping[str, str]) -> dict[str, Kept]:
    """Return the documents of the current generation that would be read as they are, by slug."""
    return {
        info.slug: stored(library, library.document(info.slug), info.number)
        for info in library.documents
        if keys.get(info.slug) == info.inputs
    }


def stored(library: Library, document: Document, number: int) -> Kept:
    """Return a document as a library holds it: what was read from it, and the names of its vectors."""
    rows = list(library.passages_of(number))
    passages = tuple(
        Passage(
            document.slug, row.ordinal, row.provision, row.label, row.path, row.span, row.lead_in,
            tuple(span for span, _ in sentences),
        )
        for row, sentences in rows
    )  # fmt: skip
    mentions, terms = library.mentions_of(number), tuple(library.terms_of(number))
    keys = [row.vector_key for row, _ in rows], [[key for _, key in sentences] for _, sentences in rows]
    return Kept(Parsed(document, passages, mentions, terms, library.completeness_of(number)), keys)


class _Ahead:
    """Loads the embedder in the background, so that it is there when the documents are read."""

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._loaded: Future[Embedder] = Future()
        self._load = load
        # a daemon, so that a build that is stopped need not wait for it
        Thread(target=self._run, name="pincite-load-embedder", daemon=True).start()

    def _run(self) -> None:
        try:
            self._loaded.set_result(self._load())
        except BaseException as error:  # raised again where the embedder is wanted
            self._loaded.set_exception(error)

    def __call__(self) -> Embedder:
        return self._loaded.result()


def _key(source: Source, sha256: str) -> str:
    """Return the digest of everything that decides what a document is read as."""
    return _digest([PARSER_VERSION, sha256, {**pack_source(source), "path": source.path.name}])


def inputs_digest(embedder: str, said: Sequence[tuple[str, str]]) -> str:
    """Return the digest of all that decides what a generation holds: the same inputs need no build.

    Args:
        embedder: digest of the embedding model.
        said: (what decided how a source was read, why it could not be) in the order of the sources.
    """
    return _digest([SCHEMA_VERSION, embedder, said])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _line(text: str) -> str:
    return " ".join(normalise(text).split())


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def _disk_errors(directory: Path) -> Iterator[None]:
    hint = "The library is as it was before. Mend the cause, then run the same command again: it goes on from there."
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise LibraryError(f"{directory}: the disk is full ({error.strerror})", hint=hint) from error
        if error.errno in (errno.EIO, errno.EROFS):
            raise LibraryError(f"{directory}: {error.strerror}", hint=hint) from error
        raise
    except apsw.FullError as error:
        raise LibraryError(f"{directory}: the disk is full", hint=hint) from error
    except (apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError) as error:
        raise LibraryError(f"{directory}: cannot be written to ({error}); the disk may be full", hint=hint) from error

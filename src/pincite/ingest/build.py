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
from pincite.domain.progress import Progress, silent
from pincite.domain.text import normalise
from pincite.embed import Embedder
from pincite.errors import DocumentError, LibraryDamaged, LibraryError
from pincite.ingest.exchange import pack_source
from pincite.ingest.isolation import Failed, Parsers
from pincite.ingest.parse import PARSER_VERSION, Parsed
from pincite.ingest.references import Reference, Term
from pincite.ingest.sources import Source, read_source
from pincite.ingest.texts import passage_texts, sentence_texts
from pincite.ingest.vectors import VectorStore
from pincite.library.generations import DATABASE, SENTENCES, VECTORS, Generations
from pincite.library.library import Library
from pincite.library.schema import SCHEMA_VERSION, Writer

__all__ = ["BuildReport", "build_library"]


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


def build_library(
    directory: Path,
    sources: Sequence[Source],
    *,
    embedder: Mapping[str, Any],
    load_embedder: Callable[[], Embedder],
    progress: Progress = silent,
    rebuild: bool = False,
    parsers: Parsers | None = None,
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

    Raises:
        LibraryError: if another build is running, no source could be read or the disk is full.
    """
    generations = Generations(directory)
    with generations.lock(), _disk_errors(directory), contextlib.ExitStack() as stack:
        pool = parsers or stack.enter_context(Parsers())
        return _Build(generations, sources, dict(embedder), load_embedder, progress, rebuild, pool).run()


@dataclass(slots=True)
class _Build:
    generations: Generations
    sources: Sequence[Source]
    embedder: dict[str, Any]
    load_embedder: Callable[[], Embedder]
    progress: Progress
    rebuild: bool
    parsers: Parsers

    def run(self) -> BuildReport:
        digests, unread = self._digests()
        keys = {source.slug: _key(source, digests.get(source.slug, "")) for source in self.sources}
        model = self.embedder["sha256"]
        inputs = _digest([SCHEMA_VERSION, model, [(keys[s.slug], unread.get(s.slug, "")) for s in self.sources]])
        current, facts = self._current()
        if current and not self.rebuild and facts.get("inputs") == inputs and not facts.get("again"):
            self.generations.settle()
            failed = tuple((name, reason) for name, reason in facts["failed"])
            return BuildReport(
                current.name, len(facts["documents"]), facts["passages"], 0, facts["passages"], failed, True
            )
        results: dict[str, Parsed | Failed] = {slug: Failed(reason) for slug, reason in unread.items()}
        if current and not self.rebuild:
            results |= _unchanged(self.generations, keys)
        new = [source for source in self.sources if source.slug not in results]
        load = _Ahead(self.load_embedder) if new else self.load_embedder
        self._parse(new, digests, results)
        parsed = [one for s in self.sources if isinstance(one := results[s.slug], Parsed)]
        failed = tuple(
            (_name(s), one.reason) for s in self.sources if isinstance(one := results[s.slug], Failed)
        )
        if not parsed:
            raise LibraryError(f"no document could be read{f'; first reason: {failed[0][1]}' if failed else ''}")
        store = VectorStore(self.generations.work, model)
        try:
            if current and not self.rebuild and facts["embedder"]["sha256"] == model:
                with contextlib.suppress(apsw.Error, ValueError, IndexError):  # then they are made anew
                    store.take_from(current)
            texts = [(passage_texts(one), sentence_texts(one)) for one in parsed]
            flat = (text for ps, groups in texts for text in (*ps, *(s for group in groups for s in group)))
            store.fill({store.key(text): text for text in flat}, load, self.progress)
            facts_now = {
                "schema": SCHEMA_VERSION,
                "parser": PARSER_VERSION,
                "pincite": __version__,
                "inputs": inputs,
                "embedder": {"dimension": store.dimension, **self.embedder},
                "documents": {
                    one.document.slug: {"sha256": one.document.provenance.sha256, "passages": len(one.passages)}
                    for one in parsed
                },
                "passages": sum(len(one.passages) for one in parsed),
                "failed": [list(pair) for pair in failed],
                "again": any(isinstance(one, Failed) and one.again for one in results.values()),
            }
            target = self._write(parsed, keys, texts, store, facts_now)
        finally:
            store.close()
        had = facts.get("documents", {})
        lost = tuple(_name(s) for s in self.sources if isinstance(results[s.slug], Failed) and s.slug in had)
        return BuildReport(
            target.name, len(parsed), facts_now["passages"], store.embedded, store.reused, failed,
            parsed=len(new), lost=lost, unconfined=self.parsers.missing,
        )  # fmt: skip

    def _digests(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the digest of each source's bytes, and why the others cannot be read, by slug."""
        digests: dict[str, str] = {}
        unread: dict[str, str] = {}
        for source in self.sources:
            try:
                digests[source.slug] = hashlib.sha256(read_source(source)).hexdigest()
            except DocumentError as error:
                unread[source.slug] = _line(error.message)
        return digests, unread

    def _current(self) -> tuple[Path | None, dict[str, Any]]:
        try:
            directory = self.generations.current()
            return directory, self.generations.verify(directory) if directory else {}
        except LibraryDamaged:
            return None, {}  # a damaged library is replaced, that is what building is for

    def _parse(self, new: Sequence[Source], digests: Mapping[str, str], results: dict[str, Parsed | Failed]) -> None:
        total = len(self.sources)
        self.progress("Reading documents", total - len(new), total, "documents")
        done = total - len(new)
        for job, result, _ in self.parsers.parse(new, digests):
            results[new[job].slug] = result
            done += 1
            self.progress("Reading documents", done, total, "documents")

    def _write(
        self,
        parsed: Sequence[Parsed],
        keys: Mapping[str, str],
        texts: Sequence[tuple[list[str], list[list[str]]]],
        store: VectorStore,
        facts: Mapping[str, Any],
    ) -> Path:
        staging = self.generations.stage()
        try:
            passage_keys: list[str] = []
            sentence_keys: list[str] = []
            done = 0
            with Writer(staging / DATABASE) as writer:
                for one, (passages, groups) in zip(parsed, texts, strict=True):
                    own = [store.key(text) for text in passages]
                    inner = [[store.key(text) for text in group] for group in groups]
                    writer.add(
                        one.document,
                        keys[one.document.slug],
                        one.passages,
                        own,
                        inner,
                        [(reference.span, reference.label, reference.document) for reference in one.references],
                        [(term.term, term.span) for term in one.terms],
                    )
                    passage_keys += own
                    sentence_keys += (key for group in inner for key in group)
                    done += len(own)
                    self.progress("Writing", done, facts["passages"], "passages")
            store.write(staging / VECTORS, passage_keys)
            store.write(staging / SENTENCES, sentence_keys)
            return self.generations.publish(staging, facts)
        except BaseException:
            self.generations.discard(staging)
            raise


def _unchanged(generations: Generations, keys: Mapping[str, str]) -> dict[str, Parsed | Failed]:
    """Return the documents of the current generation that would be read as they are, by slug."""
    try:
        library = Library(generations.directory, mapped=True)
    except LibraryError:
        return {}  # damaged, or of another form
    try:
        return {
            info.slug: _stored(library, library.document(info.slug), info.number)
            for info in library.documents
            if keys.get(info.slug) == info.inputs
        }
    finally:
        library.close()


def _stored(library: Library, document: Document, number: int) -> Parsed:
    passages = tuple(
        Passage(document.slug, row.ordinal, row.provision, row.label, row.path, row.span, row.lead_in, sentences)
        for row, sentences in library.passages_of(number)
    )
    return Parsed(
        document,
        passages,
        tuple(Reference(span, label, target) for span, label, target in library.references_of(number)),
        tuple(Term(term, span) for term, span in library.terms_of(number)),
    )


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


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _name(source: Source) -> str:
    return normalise(str(source.path)).replace("\n", "\N{REPLACEMENT CHARACTER}")


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

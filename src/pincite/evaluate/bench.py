"""A retrieval benchmark: a library made of a corpus of ready-cut passages, and the questions that go with it.

The directory holds ``corpus.jsonl``, a passage a line (`id`, `document_id`, `passage_id`, `text`), and question sets
in other ``.jsonl`` files (`id`, `question`, `gold`: ids of passages). This is the form of ObliQA (RegNLP).

Searching is the product's own. What differs from its usual path is how the library comes about: the corpus is cut into
passages already, so that nothing is read, recognised or cut. Each passage that has text becomes one provision and one
passage, however long it is; its label is its `passage_id`, its sentences are found as usual; it has no headings above
it and no lead-in, which a search would use otherwise; references between passages are not resolved, so that none is
followed. What is embedded is the words alone, and the embedder reads only the beginning of a passage that is too long
for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pincite import __version__
from pincite.domain.completeness import Completeness
from pincite.domain.documents import Document, DocumentKind, Passage, Provenance, Provision, ProvisionKind, Span
from pincite.domain.progress import Progress, silent
from pincite.domain.text import collapse, normalise, printable_path
from pincite.embed import Embedder
from pincite.errors import EvaluationError, LibraryError
from pincite.evaluate.sets import Case, QuestionSet, load_passage_set, read_rows, row_error
from pincite.ingest.sentences import split_sentences
from pincite.ingest.vectors import VectorStore
from pincite.library.generations import DATABASE, SENTENCES, VECTORS, Generations
from pincite.library.schema import SCHEMA_VERSION, Writer

__all__ = ["Benchmark", "build_benchmark", "load_benchmark"]

_FORM = 1
"""Counted up when the same corpus would become another library."""
_CORPUS = "corpus.jsonl"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark as read.

    Attributes:
        name: of its directory.
        documents: ready to be stored, each with its passages.
        passages: for each corpus id with text, its row in the library.
        sets: the question sets; a case's source is its file's name without suffix, its id begins with that.
        digest: of everything that decides what the library holds, the embedder aside.
    """

    name: str
    documents: tuple[tuple[Document, tuple[Passage, ...]], ...]
    passages: Mapping[str, int]
    sets: tuple[QuestionSet, ...]
    digest: str


def load_benchmark(directory: Path, first: int | None = None) -> Benchmark:
    """Read a benchmark.

    Args:
        directory: of its files.
        first: take only so many passages of the corpus, and only the questions whose gold is all among them.

    Raises:
        EvaluationError: naming file and line of what cannot be used.
    """
    path = directory / _CORPUS
    data, rows = read_rows(path)
    rows = rows[:first]
    by_document: dict[str, list[tuple[str, str, str]]] = {}
    seen: set[str] = set()
    for number, row in rows:
        identifier, label, text = (row.get(name) for name in ("id", "passage_id", "text"))
        document = row.get("document_id")
        if not isinstance(identifier, str) or not isinstance(text, str) or not isinstance(document, str | int):
            raise row_error(path, number, "id and text must be texts, document_id a text or a whole number")
        if identifier in seen:
            raise row_error(path, number, f"id {identifier!r} stands twice")
        seen.add(identifier)
        words = normalise(text).strip()
        if words:
            by_document.setdefault(str(document), []).append((identifier, collapse(normalise(str(label or ""))), words))
    if not by_document:
        raise EvaluationError(f"{printable_path(path)}: no passage has text")
    documents = []
    passages: dict[str, int] = {}
    for name, parts in by_document.items():
        for identifier, _, _ in parts:
            passages[identifier] = len(passages)
        documents.append(_document(f"document-{name}", parts))
    digest = hashlib.sha256(f"{_FORM}\n{SCHEMA_VERSION}\n{first}\n".encode() + data).hexdigest()
    sets = tuple(
        _named(load_passage_set(file), seen if first is not None else None)
        for file in sorted(directory.glob("*.jsonl"))
        if file.name != _CORPUS
    )
    if not any(one.cases for one in sets):
        raise EvaluationError(f"{printable_path(directory)}: no question is left to be asked beside {_CORPUS}")
    return Benchmark(directory.resolve().name, tuple(documents), passages, sets, digest)


def _named(questions: QuestionSet, within: set[str] | None) -> QuestionSet:
    stem = questions.path.stem
    return replace(
        questions,
        cases=tuple(
            replace(case, id=f"{stem}/{case.id}", source=(stem,))
            for case in questions.cases
            if within is None or _gold_ids(case) <= within
        ),
    )


def _gold_ids(case: Case) -> set[str]:
    return {target.value for group in case.gold for target in group}


def _document(slug: str, parts: Sequence[tuple[str, str, str]]) -> tuple[Document, tuple[Passage, ...]]:
    text = "\n".join(words for _, _, words in parts)
    provisions = [Provision(0, -1, ProvisionKind.DOCUMENT, "", slug, 0, len(text), 0)]
    passages = []
    at = 0
    for ordinal, (_, label, words) in enumerate(parts):
        span = Span(at, at + len(words))
        provisions.append(Provision(ordinal + 1, 0, ProvisionKind.BLOCK, label, "", span.start, span.end, span.start))
        passages.append(Passage(slug, ordinal, ordinal + 1, label, (), span, None, _sentences(text, span)))
        at = span.end + 1
    digest = hashlib.sha256(text.encode()).hexdigest()
    provenance = Provenance(source="benchmark", sha256=digest)
    return Document(slug, slug, slug, (), DocumentKind.LAW, text, tuple(provisions), provenance), tuple(passages)


def _sentences(text: str, span: Span) -> tuple[Span, ...]:
    found: list[Span] = []
    at = span.start
    while at < span.end:
        stop = text.find("\n", at, span.end)
        stop = span.end if stop < 0 else stop
        found += split_sentences(text, at, stop)
        at = stop + 1
    return tuple(found)


def build_benchmark(
    directory: Path,
    benchmark: Benchmark,
    *,
    embedder: Mapping[str, Any],
    load_embedder: Callable[[], Embedder],
    progress: Progress = silent,
) -> None:
    """Make the library in `directory` that of a benchmark, unless it is already; a stopped build goes on.

    Args:
        directory: of the library.
        benchmark: what it is to hold.
        embedder: name and sha256 of the embedding model.
        load_embedder: called only if something must be embedded.
        progress: told about embedding and writing.

    Raises:
        LibraryError: if the directory holds a library of documents, which is not replaced.
    """
    generations = Generations(directory)
    with generations.lock():
        current = generations.current()
        facts = generations.manifest(current) if current else {}
        if current and "benchmark" not in facts:
            raise LibraryError(
                f"{directory} holds a library of documents, which a benchmark does not replace",
                hint="Give the benchmark a home of its own: --home DIR",
            )
        inputs = f"{benchmark.digest} {embedder['sha256']}"
        if facts.get("inputs") == inputs:
            return
        store = VectorStore(generations.work, embedder["sha256"])
        try:
            if current and facts["embedder"]["sha256"] == embedder["sha256"]:
                store.take_from(current)
            texts: dict[str, str] = {}
            keys = [_keys(document, passages, store, texts) for document, passages in benchmark.documents]
            store.fill(texts, load_embedder, progress)
            told = {"inputs": inputs, "benchmark": benchmark.name, "embedder": dict(embedder)}
            _write(generations, benchmark, keys, store, told, progress)
        finally:
            store.close()


_Keys = tuple[list[str], list[list[str]]]


def _keys(document: Document, passages: Sequence[Passage], store: VectorStore, texts: dict[str, str]) -> _Keys:
    def key(span: Span) -> str:
        words = span.of(document.text)
        name = store.key(words)
        texts[name] = words
        return name

    return [key(one.span) for one in passages], [[key(span) for span in one.sentences] for one in passages]


def _write(
    generations: Generations,
    benchmark: Benchmark,
    keys: Sequence[_Keys],
    store: VectorStore,
    told: Mapping[str, Any],
    progress: Progress,
) -> None:
    facts = {
        "schema": SCHEMA_VERSION,
        "pincite": __version__,
        "documents": {
            document.slug: {"sha256": document.provenance.sha256, "passages": len(passages)}
            for document, passages in benchmark.documents
        },
        "passages": len(benchmark.passages),
        "failed": [],
        "again": False,
        **told,
        "embedder": {"dimension": store.dimension, **told["embedder"]},
    }
    staging = generations.stage()
    try:
        written = 0
        with Writer(staging / DATABASE) as writer:
            for (document, passages), (own, inner) in zip(benchmark.documents, keys, strict=True):
                writer.add(document, benchmark.digest, passages, own, inner, (), (), (), _account(document))
                written += len(passages)
                progress("Writing", written, len(benchmark.passages), "passages")
        store.write(staging / VECTORS, [key for own, _ in keys for key in own])
        store.write(staging / SENTENCES, [key for _, inner in keys for group in inner for key in group])
        generations.publish(staging, json.loads(json.dumps(facts)))
    except BaseException:
        generations.discard(staging)
        raise


def _account(document: Document) -> Completeness:
    size = sum(not char.isspace() for char in document.text)
    counts = {ProvisionKind.BLOCK.value: len(document.provisions) - 1}
    return Completeness(counts, (), (), size, size, 0, 0, (), 0, {})

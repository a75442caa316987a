"""Writes a generation that lacks some documents; all others keep rows and vectors, and no model is loaded."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pincite.domain.progress import Progress, silent
from pincite.ingest.build import inputs_digest, stored
from pincite.ingest.resolve import resolve_references
from pincite.ingest.vectors import VectorStore
from pincite.library.generations import DATABASE, SENTENCES, VECTORS, Generations
from pincite.library.library import Library
from pincite.library.schema import Writer

__all__ = ["publish_without"]


def publish_without(
    generations: Generations, slugs: Collection[str], work: Path, progress: Progress = silent
) -> Path | None:
    """Make a new generation current that holds everything of the present one but the documents `slugs`.

    The database is written anew, so that it has no page on which their words ever stood. The generation before stays
    where it is, for the caller to erase. The caller holds the library's lock.

    Args:
        generations: of the library.
        slugs: documents to leave out; those that are not there are passed over.
        work: an empty directory for a passing file, removed by the caller.
        progress: told about writing.

    Returns:
        The new generation's directory; the current one's if it has none of the documents; None if no document is left,
        and then no generation is current.
    """
    library = Library(generations.directory, mapped=True)
    try:
        if not any(info.slug in slugs for info in library.documents):
            return library.path
        left = [info for info in library.documents if info.slug not in slugs]
        if not left:
            generations.close_for_good()
            return None
        facts = _facts(library, slugs)
        kept = [stored(library, library.document(info.slug), info.number) for info in left]
        edges = resolve_references([one.parsed.document for one in kept], [one.parsed.mentions for one in kept])
        staging = generations.stage()
        store = VectorStore(work, library.manifest["embedder"]["sha256"])
        try:
            store.take_from(library.path)
            passage_keys: list[str] = []
            sentence_keys: list[str] = []
            with Writer(staging / DATABASE) as writer:
                for info, one, references in zip(left, kept, edges, strict=True):
                    parsed, (own, inner) = one.parsed, one.keys
                    writer.add(
                        parsed.document, info.inputs, parsed.passages, own, inner, references, parsed.mentions,
                        parsed.terms, parsed.completeness,
                    )  # fmt: skip
                    passage_keys += own
                    sentence_keys += (key for group in inner for key in group)
                    progress("Writing", len(passage_keys), facts["passages"], "passages")
            store.write(staging / VECTORS, passage_keys)
            store.write(staging / SENTENCES, sentence_keys)
            return generations.publish(staging, facts, settle=False)
        finally:
            store.close()
    finally:
        library.close()


def _facts(library: Library, slugs: Collection[str]) -> dict[str, Any]:
    """Return the facts of the new manifest: those of the present one, less what concerns the documents."""
    facts = {key: value for key, value in library.manifest.items() if key != "files"}
    facts["documents"] = {slug: told for slug, told in facts["documents"].items() if slug not in slugs}
    facts["passages"] = sum(told["passages"] for told in facts["documents"].values())
    said = [(info.inputs, "") for info in library.documents if info.slug not in slugs]
    # what a build without the documents would state, so that the next one has nothing to do; sources that could not
    # be read are not known here by their place, and the next build looks at them again
    facts["inputs"] = "" if facts["failed"] else inputs_digest(library.manifest["embedder"]["sha256"], said)
    return facts

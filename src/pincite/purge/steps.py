"""The steps of a purge; each erases or searches one kind of thing and says what it could not."""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from pincite.domain.progress import Progress
from pincite.errors import DocumentError, LibraryDamaged, LibraryMissing
from pincite.ingest.corpus_file import Entries, replace_file
from pincite.ingest.register import Registry
from pincite.ingest.withdrawn import Withdrawn
from pincite.ingest.without import publish_without
from pincite.library.generations import DATABASE
from pincite.library.library import Library
from pincite.purge.canary import Canaries
from pincite.purge.erasure import erase, files_below, overwriting
from pincite.purge.finder import Finder
from pincite.purge.fingerprint import Fingerprint
from pincite.purge.holds import Holds
from pincite.purge.pending import Pending
from pincite.purge.places import audit_directories, is_batch_journal, libraries
from pincite.purge.plan import corpus_files, quoting
from pincite.purge.readers import holders
from pincite.purge.sweep import Sweep, Sweeper
from pincite.record import AuditLog

__all__ = ["ERASING", "Context", "search"]


@dataclass(frozen=True, slots=True)
class Context:
    """What every step needs: the home, its journal, what the search looks for, the start of a new corpus.toml.

    `phrases` finds the documents' phrases; preparing it takes a moment.
    """

    home: Path
    pending: Pending
    fingerprint: Fingerprint
    start: str
    progress: Progress
    phrases: Finder


def _remember(context: Context) -> list[str]:
    """Refuse the documents from now on; not those of which another document with the same words stays."""
    withdrawn = Withdrawn(context.home)
    for one in context.pending.documents.values():
        if not one["twin"]:
            withdrawn.add((one["sha256"], one["text_sha256"]), context.pending.number)
    return []


def _libraries(context: Context) -> list[str]:
    """Write generations without the documents."""
    work = context.home / "purge" / "work"
    for generations in libraries(context.home):
        with generations.lock():
            try:
                if generations.current() is not None:
                    publish_without(generations, context.pending.slugs, work, context.progress)
            except (LibraryDamaged, LibraryMissing) as error:
                return [error.message]
            finally:
                erase(work)
    return []


def _generations(context: Context) -> list[str]:
    """Erase all generations but the current ones, and what builds left; not under the eyes of a reader."""
    problems = []
    erased = 0
    for generations in libraries(context.home):
        with generations.lock():
            for path in generations.remains():
                with generations.unread(path) as free:
                    if free:
                        erased += erase(path)
                    else:
                        problems.append(f"a process still reads {path}: end it (a chat or batch of before)")
    problems += holders(context.home)
    context.pending.results["generation_files"] = context.pending.results.get("generation_files", 0) + erased
    return problems


def _corpus(context: Context) -> list[str]:
    """Take the documents out of corpus.toml, and out of earlier ones that were set aside."""
    home, slugs = context.home, context.pending.slugs
    current = home / "corpus.toml"
    for path in sorted({current, *corpus_files(home)}):
        text = path.read_text(encoding="utf-8") if path.exists() else context.start
        entries = Entries(text, path)
        gone = [slug for slug in slugs if slug in entries.slugs()]
        if not gone:
            continue
        if len(gone) == len(entries.slugs()):
            erase(path)
        elif path == current:
            with overwriting(path):
                Registry(home, context.start, _unread).remove(gone)
        else:
            for slug in gone:
                entries.remove(slug)
            with overwriting(path):
                replace_file(path, entries.text.encode())
    return []


def _unread(source: Any) -> Any:
    raise DocumentError(f"{source}: not read by a purge")


def _files(context: Context) -> list[str]:
    """Erase copies of sources, sessions, reports and caches."""
    erased = sum([erase(Path(path)) for path in context.pending.files])
    context.pending.results["files"] = context.pending.results.get("files", 0) + erased
    return []


def _journals(context: Context) -> list[str]:
    """Take the lines that hold words of the documents out of batch journals; other answers stay."""
    problems, removed = [], 0
    for path in map(Path, context.pending.journals):
        with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                problems.append(f"a batch is writing {path}: end it")
                continue
            lines = file.read().splitlines(keepends=True)
            kept = [line for line in lines if not _concerns(line, context.pending.documents, context.phrases)]
            removed += len(lines) - len(kept)
            with overwriting(path):
                replace_file(path, b"".join(kept))
    context.pending.results["journal_lines"] = context.pending.results.get("journal_lines", 0) + removed
    return problems


def _concerns(line: bytes, slugs: dict[str, Any], finder: Finder) -> bool:
    """Tell whether a journal's line cites one of the documents or holds its words."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        answer = json.loads(line)["answer"]
        named = [*answer.get("citations", ()), *answer.get("nearest", ()), *answer.get("evidence", ())]
        if any(isinstance(one, dict) and one.get("document") in slugs for one in named):
            return True
    return bool(finder.search_bytes(line))


def _payloads(context: Context) -> list[str]:
    """Destroy the keys of audit payloads that quote the documents, also of those since the plan was made."""
    for directory in audit_directories(context.home):
        known = context.pending.payloads.get(str(directory), [])
        indices = sorted({*known, *quoting(directory, context.pending.documents, context.phrases)})
        context.pending.payloads[str(directory)] = indices
        if indices:
            with contextlib.closing(AuditLog.open(directory)) as log:
                if erased := log.erase(indices):
                    log.append("purge", {"what": "payloads erased", "purge": context.pending.number, "records": erased})
    return []


ERASING: dict[str, Callable[[Context], list[str]]] = {
    "remember": _remember,
    "libraries": _libraries,
    "generations": _generations,
    "files": _files,
    "journals": _journals,
    "corpus": _corpus,
    "payloads": _payloads,
}
"""The steps that erase, in their order; each returns what it could not do, and may be repeated."""


def search(context: Context) -> list[str]:
    """Search every file of the home; what was written there since and holds the words is erased, and searched again."""
    for _ in range(3):
        sweep, problems = _search_once(context)
        held = Holds(context.home).reasons
        found = [place.path for place in sweep.found if place.path.name not in held]
        more = [path for path in found if _erasable(context.home, path)]
        if not more:
            break
        for path in dict.fromkeys(more):
            kept = context.pending.journals if is_batch_journal(path) else context.pending.files
            if str(path) not in kept:
                kept.append(str(path))
        context.pending.write(context.home)
        problems += _files(context) + _journals(context)
    return problems


def _erasable(home: Path, path: Path) -> bool:
    """Tell whether a file that holds words of a purged document may simply go: neither library, log nor the purge's."""
    inside = path.relative_to(home).parts if path.is_relative_to(home) else ()
    return bool(inside) and not {"library", "libraries", "audit", "purge", "sources"} & set(inside[:-1])


def _search_once(context: Context) -> tuple[Sweep, list[str]]:
    home, fingerprint = context.home, context.fingerprint
    places = [home, home / "library", home / "sessions", home / "purge"]
    with Canaries(places) as canaries:
        further = [Path(path) for path in context.pending.journals if not Path(path).is_relative_to(home)]
        paths = [*files_below(home), *(path for path in further if path.exists())]
        sweep = Sweeper({**fingerprint.patterns, **canaries.patterns}).sweep(paths, context.progress)
        missed, planted = canaries.missed(sweep), canaries.count
    sweep.found = [place for place in sweep.found if any(not kind.startswith("canary") for kind in place.counts)]
    left = [path for place in places for path in place.glob(".canary-*")]
    problems = [f"the search did not find what was planted: {kind}" for kind in missed]
    problems += [f"a canary could not be removed: {path}" for path in left]
    problems += [f"found in {place}" for place in sweep.found]
    problems += [f"not searched: {reason}" for reason in sweep.unread]
    problems += _still_indexed(context)
    problems += _still_quoted(context)
    problems += holders(home)
    context.pending.results["search"] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "files": sweep.files,
        "bytes": sweep.size,
        "patterns": {kind: len(found) for kind, found in fingerprint.patterns.items()},
        "phrases": fingerprint.phrases,
        "phrases_shared_and_not_sought": fingerprint.shared,
        "vectors": fingerprint.vectors,
        "vectors_shared_and_not_sought": fingerprint.shared_vectors,
        "index_terms_asked_of_the_index": len(fingerprint.terms),
        "index_terms_too_short_to_search_bytes_for": fingerprint.short_terms,
        "canaries_planted": planted,
        "canary_kinds_missed": missed,
        "hits": sum(len(place.counts) for place in sweep.found),
        "compressed_and_searched_from_outside_only": len(sweep.packed),
        "links_not_followed": len(sweep.links),
    }
    return sweep, problems


def _still_indexed(context: Context) -> list[str]:
    """Ask the new databases for the documents, and their indexes for the terms that only they had."""
    problems = []
    for generations in libraries(context.home):
        if (current := generations.current()) is None:
            continue
        with contextlib.closing(Library(generations.directory, mapped=True)) as library:
            problems += [
                f"{current}: still holds {info.slug}"
                for info in library.documents
                if info.slug in context.pending.documents
            ]
        connection = apsw.Connection(
            f"file:{current / DATABASE}?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        with contextlib.closing(connection):
            connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, passages_fts, row)")
            words = {term for (term,) in connection.execute("SELECT term FROM temp.words")}
            (busy, pages, _) = next(iter(connection.execute("PRAGMA wal_checkpoint")))
        if found := words & context.fingerprint.terms:
            problems.append(f"{current}: its index still has {len(found)} terms of what was purged")
        if busy or pages > 0:
            problems.append(f"{current}: has a write-ahead log")
    return problems


def _still_quoted(context: Context) -> list[str]:
    return [
        f"{directory}: the payload of record {index} still quotes it"
        for directory in audit_directories(context.home)
        for index in quoting(directory, context.pending.documents, context.phrases)
    ]

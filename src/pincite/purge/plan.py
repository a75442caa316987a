"""What a purge will touch, found before anything is touched: in libraries, files, journals and audit logs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pincite.domain.progress import Progress, silent
from pincite.errors import PurgeError, UnknownDocument
from pincite.ingest.corpus_file import Entries
from pincite.library.library import Library
from pincite.purge.erasure import files_below
from pincite.purge.finder import Finder
from pincite.purge.fingerprint import Fingerprint
from pincite.purge.places import audit_directories, is_batch_journal, libraries, log_records, source_copies
from pincite.purge.sweep import Sweeper
from pincite.record.canonical import canonical

__all__ = ["Plan", "corpus_files", "make_plan", "phrase_finder", "quoting"]


_A_COPY = 0.1
"""The share of a document's phrases from which a file in HOME/sources counts as a copy of it."""


@dataclass(slots=True)
class Plan:
    """What there is of some documents.

    Attributes:
        documents: by slug: `sha256` of the bytes, `text_sha256`, `passages`, `sentences`.
        libraries: directories of the libraries that hold any of them.
        generations: directories that go: the generations that hold them, and remains of builds.
        copies: files in HOME/sources; elsewhere: sources outside of the home, which stay.
        corpus: files that register them.
        files: sessions, reports and other files that hold words or vectors of them; journals: of batches.
        outside: files outside of the home that the log names and that hold words of them still.
        payloads: by directory of an audit log, the records whose payloads quote them.
        recall: exports and bundles that carried them: record, time, kind, files.
        twins: (document, other document with the same words, which stays).
        fingerprint: what the search after it will look for.
    """

    documents: dict[str, dict[str, Any]]
    fingerprint: Fingerprint
    libraries: list[Path] = field(default_factory=list)
    generations: list[Path] = field(default_factory=list)
    copies: list[Path] = field(default_factory=list)
    elsewhere: list[Path] = field(default_factory=list)
    corpus: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    journals: list[Path] = field(default_factory=list)
    outside: list[Path] = field(default_factory=list)
    payloads: dict[str, list[int]] = field(default_factory=dict)
    recall: list[dict[str, Any]] = field(default_factory=list)
    twins: list[tuple[str, str]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how much of each there is, in words for people."""
        return {
            "documents": len(self.documents),
            "passages": sum(one["passages"] for one in self.documents.values()),
            "vectors": sum(one["passages"] + one["sentences"] for one in self.documents.values()),
            "libraries": len(self.libraries),
            "generations and remains of builds": len(self.generations),
            "entries in corpus.toml": len(self.corpus),
            "copies of sources": len(self.copies),
            "sessions, reports and caches": len(self.files),
            "batch journals": len(self.journals),
            "audit payloads": sum(map(len, self.payloads.values())),
            "exports and bundles to recall": len(self.recall),
        }


def make_plan(
    home: Path,
    slugs: Sequence[str],
    *,
    names: Sequence[str] = (),
    also: Sequence[Path] = (),
    progress: Progress = silent,
) -> Plan:
    """Find everything of some documents; changes nothing.

    Args:
        home: the home.
        slugs: the documents.
        names: words that may stay, such as the reason for the purge.
        also: further files and directories in which what holds them will be erased.
        progress: told about the search.

    Raises:
        UnknownDocument: if no library of the home has one of them; names those there are.
        LibraryDamaged, PurgeError: if something cannot be read.
    """
    plan = _from_libraries(home, slugs, names)
    _registered(home, plan)
    _files(home, plan, also, progress)
    _log(home, plan)
    return plan


def _from_libraries(home: Path, slugs: Sequence[str], names: Sequence[str]) -> Plan:
    plan: Plan | None = None
    known: set[str] = set()
    found: dict[str, dict[str, Any]] = {}
    twins: set[tuple[str, str]] = set()
    holding, going = [], []
    for generations in libraries(home):
        going += generations.remains()
        if generations.current() is None:
            continue
        library = Library(generations.directory, mapped=True)
        try:
            known |= {info.slug for info in library.documents}
            own = [info for info in library.documents if info.slug in slugs]
            if not own:
                continue
            holding.append(generations.directory)
            going.append(library.path)
            for info in own:
                rows = [len(inner) for _, inner in library.passages_of(info.number)]
                found[info.slug] = {
                    "sha256": info.source_sha256, "text_sha256": info.text_sha256,
                    "passages": len(rows), "sentences": sum(rows),
                    "classification": info.provenance.classification,
                }  # fmt: skip
                same = (one for one in library.documents if one.slug not in slugs)
                twins |= {(info.slug, one.slug) for one in same if one.text_sha256 == info.text_sha256}
            said = [word for info in own for word in (info.slug, info.title, info.short, *info.aliases)]
            made = Fingerprint.of(library.path, slugs, [*names, *said])
        finally:
            library.close()
        if plan is None:
            plan = Plan(found, made)
        else:
            plan.fingerprint.merge(made)
    missing = sorted(set(slugs) - set(found))
    if plan is None or missing:
        raise UnknownDocument(
            f"{', '.join(missing)}: no document of this name in the library",
            hint=f"There are: {', '.join(sorted(known)[:30])}." if known else "No library has been built here.",
        )
    plan.libraries, plan.generations, plan.twins = holding, going, sorted(twins)
    return plan


def corpus_files(home: Path) -> list[Path]:
    """Return the files of a home that register documents: corpus.toml and earlier ones that were set aside."""
    return [path for path in sorted(home.glob("corpus.toml*")) if path.is_file() and not path.is_symlink()]


def _registered(home: Path, plan: Plan) -> None:
    """Find entries, and copies that no entry of another document uses."""
    entries = {path: Entries(path.read_text(encoding="utf-8"), path) for path in corpus_files(home)}
    plan.corpus = [path for path, one in entries.items() if set(plan.documents) & set(one.slugs())]
    used = {
        home / str(one.get(slug)["path"])
        for path, one in entries.items()
        if path.name == "corpus.toml"
        for slug in one.slugs()
        if slug not in plan.documents and "path" in one.get(slug)
    }
    for slug in plan.documents:
        for path in (str(one.get(slug).get("path", "")) for one in entries.values()):
            plan.copies += source_copies(home, slug, path, used)
            if path and not (home / path).is_relative_to(home / "sources"):
                plan.elsewhere.append(home / path)
    plan.copies, plan.elsewhere = sorted(set(plan.copies)), sorted(set(plan.elsewhere))
    _stay_in_sources(home, plan, used)


def _stay_in_sources(home: Path, plan: Plan, used: set[Path]) -> None:
    """Take from what is sought the phrases that sources of other documents have too, also of ones not in the library.

    A source may hold more than was read from it. One that no entry names and that shares a good part with what is
    purged is a copy of it, and will be found.
    """
    sweeper = Sweeper(plan.fingerprint.patterns)
    folder = home / "sources"
    for path in files_below(folder) if folder.is_dir() else ():
        if path in plan.copies:
            continue
        shared = sweeper.sweep([path]).patterns
        phrases = len(shared.get("phrases in UTF-8", ()))
        if path in used or phrases < _A_COPY * plan.fingerprint.phrases:
            for kind, found in shared.items():
                plan.fingerprint.patterns[kind] -= found
            plan.fingerprint.phrases -= phrases
            plan.fingerprint.shared += phrases


def _files(home: Path, plan: Plan, also: Sequence[Path], progress: Progress) -> None:
    """Find by their bytes which other files hold any of it."""
    known = [*plan.generations, *plan.copies, *plan.corpus]
    inside = [path for path in files_below(home) if not any(path.is_relative_to(one) for one in known)]
    further = [file for path in also for file in _below(path) if file not in inside]
    mentioned = [path for path in _exported(home) if path not in inside and path not in further]
    sweep = Sweeper(plan.fingerprint.patterns).sweep([*inside, *further, *mentioned], progress, "Looking for it")
    if sweep.unread:
        raise PurgeError(
            f"{sweep.unread[0]}", hint="Nothing was erased. What cannot be read cannot be searched: give access to it."
        )
    for path in sorted({place.path for place in sweep.found}):
        if is_batch_journal(path):
            plan.journals.append(path)
        elif path in mentioned:
            plan.outside.append(path)
        else:
            plan.files.append(path)


def _below(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from files_below(path.resolve())
    elif path.is_file():
        yield path.resolve()
    else:
        raise PurgeError(f"{path}: no such file or directory")


def _exported(home: Path) -> list[Path]:
    """Return files outside of the home that logs name, all of a folder, with the journals beside them, that exist."""
    named = {
        Path(name)
        for directory in audit_directories(home)
        for record in log_records(directory)
        for name in record.files
    }
    named = {path for path in named if path.is_absolute() and path.name and not path.is_relative_to(home)}
    beside = {path.with_name(f"{path.name}.journal") for path in named}
    beside |= {path.with_name(f"{path.stem}.journal.jsonl") for path in named}  # of an evaluation
    inside = {file for path in named if path.is_dir() and not path.is_symlink() for file in files_below(path)}
    return sorted(path for path in named | beside | inside if path.is_file() and not path.is_symlink())


def _log(home: Path, plan: Plan) -> None:
    finder = phrase_finder(plan.fingerprint)
    for directory in audit_directories(home):
        quoted = quoting(directory, plan.documents, finder)
        if quoted:
            plan.payloads[str(directory)] = quoted
        plan.recall += [
            {"log": str(directory), "record": one.index, "time": one.time, "kind": one.kind, "files": list(one.files)}
            for one in log_records(directory)
            if set(one.documents) & set(plan.documents) and (one.files or one.kind in ("export", "bundle"))
        ]


def phrase_finder(fingerprint: Fingerprint) -> Finder:
    """Return what finds phrases of the documents in any encoding."""
    return Finder({kind: found for kind, found in fingerprint.patterns.items() if kind.startswith("phrases")})


def quoting(directory: Path, slugs: Collection[str], finder: Finder) -> list[int]:
    """Return the records of a log with a payload that names one of the documents or holds words of one."""
    return [
        one.index
        for one in log_records(directory)
        if one.secret is not None
        and (set(one.documents) & set(slugs) or finder.search_bytes(canonical(one.secret)).counts)
    ]

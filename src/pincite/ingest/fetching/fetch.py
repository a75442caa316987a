"""Acts from their publishers into files, with a record of where each came from; a failure stops no other act."""

from __future__ import annotations

import datetime
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from requests.adapters import HTTPAdapter

from pincite.domain.progress import Progress, silent
from pincite.errors import DownloadError, PinciteError
from pincite.ingest.fetching.acts import Act, Wanted
from pincite.ingest.fetching.contents import LIMIT, Content, TruncatedError
from pincite.ingest.fetching.publishers import Publisher
from pincite.ingest.fetching.records import check_record, record, recorded, user_name
from pincite.ingest.fetching.requests import Request, name_of, requests_for
from pincite.ingest.fetching.session import PublisherSession
from pincite.models import files
from pincite.models.transfer import RefusedError, Transfer

__all__ = ["Fetched", "Fetcher"]

_TIMEOUT = (15.0, 60.0)
_LONGEST = 600.0  # seconds that one file may take
_WORK = ".fetching"
_SMALL = 8 << 20  # bytes of a list of titles


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one act: the file and whether it is new, or the error."""

    written: str
    slug: str
    path: Path | None = None
    is_new: bool = False
    notes: tuple[str, ...] = ()
    error: PinciteError | None = None


class Fetcher:
    """Fetches acts into one directory.

    Args:
        directory: where files and record go; made if it is not there.
        ca_bundle: certificates to trust, "" for the usual ones.
        timeout: seconds to wait for a connection, and for the next bytes.
        longest: seconds that one file may take.
        limit: bytes that one file may have.
        attempts, backoff, patience: see `Transfer`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        ca_bundle: str = "",
        timeout: tuple[float, float] = _TIMEOUT,
        longest: float = _LONGEST,
        limit: int = LIMIT,
        attempts: int = 5,
        backoff: float = 1.0,
        patience: float = 120.0,
    ) -> None:
        self._directory = directory
        self._ca_bundle = ca_bundle
        self._longest, self._limit = longest, limit
        self._options = {"attempts": attempts, "backoff": backoff, "timeout": timeout, "patience": patience}
        self._transfers: dict[str, Transfer] = {}
        self._small: dict[str, bytes] = {}

    def fetch(self, acts: Sequence[Act], wanted: Wanted, progress: Progress = silent) -> Iterator[Fetched]:
        """Fetch acts one after the other and yield what became of each; one that fails does not stop the others.

        Raises:
            ConfigError: if the directory or its record cannot be used; nothing is fetched then.
        """
        with files.reading(self._directory):
            self._directory.mkdir(parents=True, exist_ok=True)
        check_record(self._directory)
        work = self._directory / _WORK
        with files.locked(work, progress):
            for act in acts:
                slug = name_of(act, wanted)
                try:
                    with files.reading(self._directory):
                        yield self._one(act, slug, wanted, work / "part", progress)
                except PinciteError as error:
                    yield Fetched(act.written, slug, error=_about(act, error))
                finally:
                    files.discard(work / "part")

    def _one(self, act: Act, slug: str, wanted: Wanted, partial: Path, progress: Progress) -> Fetched:
        request, content, resolved = self._ask(act, wanted, partial, progress)
        sha256 = hashlib.sha256(content.data).hexdigest()
        target = self._directory / f"{slug}-{sha256[:12]}{content.suffix}"
        here = recorded(self._directory, slug)
        if here.get("path") == target.name and target.is_file() and files.digest(target) == sha256:
            return Fetched(act.written, slug, target, notes=content.notes)
        files.need_space(self._directory, len(content.data))
        partial.write_bytes(content.data)
        files.place(partial, target)
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        record(
            self._directory,
            slug,
            {
                "path": target.name,
                "kind": "law",
                "source": resolved,
                "retrieved": today,
                "retrieved_by": user_name(),
                "authority": act.publisher.authority,
                "licence": act.publisher.licence,
                "version": content.version or request.version,
                "sha256": sha256,
            },
        )
        return Fetched(act.written, slug, target, is_new=True, notes=content.notes)

    def _ask(self, act: Act, wanted: Wanted, partial: Path, progress: Progress) -> tuple[Request, Content, str]:
        """Try the requests in turn, and one that broke off once more."""
        publisher = act.publisher

        def read(url: str, headers: dict[str, str]) -> bytes:
            if url not in self._small:
                self._small[url] = self._bytes(publisher, url, headers, partial, _SMALL, progress)[0]
            return self._small[url]

        for request in requests_for(act, wanted, read):
            for last in (False, True):
                try:
                    data, resolved = self._bytes(
                        publisher, request.url, request.headers, partial, self._limit, progress
                    )
                    return request, request.take(data), resolved
                except RefusedError as error:
                    if error.status not in (300, 404, 406, 410):
                        raise
                    if not request.optional:
                        raise _none(act, wanted, error) from error
                    break
                except TruncatedError as error:
                    if last:
                        raise DownloadError(error.message, hint="Try again later.") from error
        raise DownloadError(f"{act.written}: {publisher.name} gave nothing that can be used")

    def _bytes(
        self, publisher: Publisher, url: str, headers: dict[str, str], partial: Path, limit: int, progress: Progress
    ) -> tuple[bytes, str]:
        """Return the bytes of `url` and the address that they came from in the end."""
        transfer = self._transfers.get(publisher.key)
        if transfer is None:
            session = PublisherSession(publisher, self._ca_bundle)
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=0))  # the transfer tries again by itself
            transfer = self._transfers[publisher.key] = Transfer(session, **self._options)  # type: ignore[arg-type]
        what = f"fetching {url.partition('://')[2].partition('?')[0]}"
        resolved = transfer.fetch(url, partial, arrived=self._watch(what, limit, progress), headers=headers)
        data = partial.read_bytes() if partial.is_file() else b""
        progress(what, len(data), len(data), "B")
        return data, resolved

    def _watch(self, what: str, limit: int, progress: Progress) -> Callable[[int], None]:
        """Return what is told how many bytes are here: it shows them, and ends what is too large or too slow."""
        until = time.monotonic() + self._longest

        def arrived(have: int) -> None:
            progress(what, have, 0, "B")
            if have > limit:
                raise DownloadError(f"it is larger than {limit:,} bytes", hint="This is no act, or not a whole one.")
            if time.monotonic() > until:
                raise DownloadError(f"it took longer than {self._longest:,.0f} seconds", hint="Try again later.")

        return arrived


def _about(act: Act, error: PinciteError) -> PinciteError:
    """Return the error with the act that it is about."""
    named = error.message.startswith(f"{act.written}: ")
    return error if named else DownloadError(f"{act.written}: {error.message}", hint=error.hint)


def _none(act: Act, wanted: Wanted, error: RefusedError) -> DownloadError:
    date = f" as of {wanted.date}" if wanted.date else ""
    form = f" as {wanted.format}" if wanted.format else ""
    return DownloadError(
        f"{act.written}: no such act: {act.publisher.name} has none of that number{date} in {wanted.language!r}{form} "
        f"(HTTP {error.status})",
        hint=f"References look like this: {act.publisher.example}.",
    )

"""One download: streamed to a partial file, resumed where it stopped, tried again when the connection drops."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

import requests
from urllib3.exceptions import HTTPError

from pincite.errors import DigestMismatch, DownloadError
from pincite.models.files import digest, discard
from pincite.models.index import TIMEOUT, reason, shown

__all__ = ["RefusedError", "Transfer"]

_READ = 1 << 16
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class RefusedError(DownloadError):
    """The server answered that it will not send the file; `status` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _AgainError(Exception):
    """This attempt failed in a way that another one may mend, not before `after` seconds from now."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


@dataclass(slots=True)
class _Download:
    """What one download asks for, and what the server said about the bytes that are here."""

    url: str
    partial: Path
    size: int
    sha256: str
    arrived: Callable[[int], None]
    headers: Mapping[str, str] = field(default_factory=dict)
    validator: str = ""
    resolved: str = ""

    def resumes(self) -> dict[str, str]:
        """Return the headers that ask for the rest; without a digest only for the rest of the same bytes."""
        have = _size(self.partial)
        if not have or not (self.sha256 or self.validator):
            return {}
        same = {} if self.sha256 else {"If-Range": self.validator}
        return {"Range": f"bytes={have}-"} | same


@dataclass(frozen=True, slots=True)
class Transfer:
    """How files are fetched.

    Attributes:
        session: carries certificates and retries.
        attempts: attempts in a row that brought no byte before giving up.
        backoff: seconds of the first pause; each next one is twice as long, at most 30.
        timeout: seconds to wait for a connection, and for the next bytes.
        patience: most seconds to wait where a busy server says when to come back.
    """

    session: requests.Session
    attempts: int = 6
    backoff: float = 0.5
    timeout: tuple[float, float] = TIMEOUT
    patience: float = 120.0

    def fetch(
        self,
        url: str,
        partial: Path,
        *,
        size: int = 0,
        sha256: str = "",
        arrived: Callable[[int], None],
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Complete `partial` with the bytes of `url`; return the address that they came from in the end.

        `size` is the expected number of bytes, 0 if unknown; `arrived` is called with the bytes in the file so
        far, and may raise to end the download. What arrived stays in `partial` when the fetch fails or is
        interrupted, unless it is wrong. Without a `sha256` nothing is compared, and what was in `partial` before is
        not trusted.

        Raises:
            RefusedError: if the server answers with an error that no further attempt can mend.
            DownloadError: if the server sends more than `size`, or nothing arrives any more.
            DigestMismatch: if the complete file has another SHA-256; `partial` is removed.
        """
        if not sha256:
            discard(partial)
        download = _Download(url, partial, size, sha256, arrived, headers or {})
        failures = 0
        while True:
            before = _size(partial)
            try:
                self._attempt(download)
                break
            except requests.TooManyRedirects as error:
                raise DownloadError(f"{shown(url)}: it is redirected in a circle") from error
            except (requests.RequestException, HTTPError, _AgainError) as error:
                failures = 1 if _size(partial) > before else failures + 1
                again = error if isinstance(error, _AgainError) else _AgainError(reason(error))
                self._pause(url, again, failures, kept=bool(sha256))
        if sha256 and (found := digest(partial)) != sha256:
            discard(partial)
            raise DigestMismatch(
                f"{shown(url)}: SHA-256 is {found}, expected {sha256}",
                hint="The bad download was removed. Try again; if it stays, the source serves another file.",
            )
        return download.resolved or url

    def _pause(self, url: str, error: _AgainError, failures: int, *, kept: bool) -> None:
        if error.after > self.patience:
            raise DownloadError(
                f"{shown(url)}: {error}; the server asks to come back in {error.after:,.0f} seconds",
                hint="Run the same command again then.",
            ) from error
        if failures >= self.attempts:
            hint = "What has arrived is kept; run the same command again to go on from there." if kept else ""
            raise DownloadError(f"{shown(url)}: {error}", hint=hint or "Try again later.") from error
        time.sleep(max(error.after, min(self.backoff * 2 ** (failures - 1), 30)))

    def _attempt(self, download: _Download) -> None:
        url, partial, size = download.url, download.partial, download.size
        have = _size(partial)
        if size and have == size:
            download.arrived(have)
            return
        if size and have > size:
            discard(partial)
        # identity: a range counts the bytes of the file, not of a compressed stream
        resumes = download.resumes()
        headers = {"Accept-Encoding": "identity"} | dict(download.headers) | resumes
        have = _size(partial) if resumes else 0
        with self.session.get(url, headers=headers, stream=True, timeout=self.timeout) as response:
            if response.status_code == 416 and size:
                discard(partial)
                raise _wrong_size(url, f"fewer than the {size:,} bytes")
            if response.status_code == 416:
                return  # nothing beyond what is here; whether that is the file, its digest tells
            if response.status_code in (202, 408, 425, 429) or response.status_code >= 500:
                raise _AgainError(f"HTTP {response.status_code}", _retry_after(response.headers.get("Retry-After", "")))
            if response.status_code not in (200, 206):
                raise RefusedError(
                    f"{shown(response.url)}: HTTP {response.status_code} {response.reason}", response.status_code
                )
            download.resolved = response.url
            # a weak validator ("W/…") does not promise the same bytes
            etag = response.headers.get("ETag", "")
            download.validator = etag if etag.startswith('"') else ""
            total = size
            if response.status_code == 206:
                match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if match is None or int(match[1]) != have:
                    discard(partial)
                    raise _AgainError("the server answered with another range")
                total = total or int(match[2].replace("*", "0"))
            else:
                have = 0  # the beginning, or a server that cannot resume
                length = int(response.headers.get("Content-Length") or 0)
                if size and length and length != size:
                    raise _wrong_size(url, f"{length:,} instead of the {size:,} bytes")
                total = total or length
            with partial.open("r+b" if have else "wb") as file:
                file.seek(have)
                got = _stream(response, file, have, total, download.arrived, url)
        if total and got < total:
            raise _AgainError(f"the connection ended after {got:,} of {total:,} bytes")


def _retry_after(value: str) -> float:
    """Return the seconds that a Retry-After header asks for, 0 where there is none that can be understood."""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _stream(
    response: requests.Response, file: BinaryIO, have: int, total: int, arrived: Callable[[int], None], url: str
) -> int:
    # read1 gives what has arrived; iter_content would lose up to a whole chunk of it when the connection drops
    while chunk := response.raw.read1(_READ):
        have += len(chunk)
        if total and have > total:
            file.truncate(0)
            raise _wrong_size(url, f"more than the {total:,} bytes")
        file.write(chunk)
        file.flush()  # what a kill leaves behind can be resumed
        arrived(have)
    return have


def _wrong_size(url: str, what: str) -> DownloadError:
    return DownloadError(f"{shown(url)}: the server has {what} that were announced", hint="Try again later.")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

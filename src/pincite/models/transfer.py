"""One download: streamed to a partial file, resumed where it stopped, tried again when the connection drops."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import requests
from urllib3.exceptions import HTTPError

from pincite.errors import DigestMismatch, DownloadError
from pincite.models.files import digest, discard
from pincite.models.index import TIMEOUT, reason, shown

__all__ = ["Transfer"]

_READ = 1 << 16
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _AgainError(Exception):
    """This attempt failed in a way that another one may mend."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """How files are fetched.

    Attributes:
        session: carries certificates and retries.
        attempts: attempts in a row that brought no byte before giving up.
        backoff: seconds of the first pause; each next one is twice as long, at most 30.
    """

    session: requests.Session
    attempts: int = 6
    backoff: float = 0.5

    def fetch(self, url: str, partial: Path, *, size: int, sha256: str, arrived: Callable[[int], None]) -> None:
        """Complete `partial` with the bytes of `url`.

        `size` is the expected number of bytes, 0 if unknown; `arrived` is called with the bytes in the file so
        far. What arrived stays in `partial` when the fetch fails or is interrupted, unless it is wrong.

        Raises:
            DownloadError: if the server refuses, sends more than `size`, or nothing arrives any more.
            DigestMismatch: if the complete file has another SHA-256; `partial` is removed.
        """
        failures = 0
        while True:
            before = _size(partial)
            try:
                self._attempt(url, partial, size, arrived)
                break
            except (requests.RequestException, HTTPError, _AgainError) as error:
                failures = 1 if _size(partial) > before else failures + 1
                if failures >= self.attempts:
                    raise DownloadError(
                        f"{shown(url)}: {error if isinstance(error, _AgainError) else reason(error)}",
                        hint="What has arrived is kept; run the same command again to go on from there.",
                    ) from error
                time.sleep(min(self.backoff * 2 ** (failures - 1), 30))
        found = digest(partial)
        if found != sha256:
            discard(partial)
            raise DigestMismatch(
                f"{shown(url)}: SHA-256 is {found}, expected {sha256}",
                hint="The bad download was removed. Try again; if it stays, the source serves another file.",
            )

    def _attempt(self, url: str, partial: Path, size: int, arrived: Callable[[int], None]) -> None:
        have = _size(partial)
        if size and have == size:
            arrived(have)
            return
        if size and have > size:
            discard(partial)
            have = 0
        # identity: a range counts the bytes of the file, not of a compressed stream
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with self.session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == 416 and size:
                discard(partial)
                raise _wrong_size(url, f"fewer than the {size:,} bytes")
            if response.status_code == 416:
                return  # nothing beyond what is here; whether that is the file, its digest tells
            if response.status_code in (408, 425, 429) or response.status_code >= 500:
                raise _AgainError(f"HTTP {response.status_code}")
            if response.status_code not in (200, 206):
                raise DownloadError(f"{shown(url)}: HTTP {response.status_code} {response.reason}")
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
                got = _stream(response, file, have, total, arrived, url)
        if total and got < total:
            raise _AgainError(f"the connection ended after {got:,} of {total:,} bytes")


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

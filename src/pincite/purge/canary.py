"""Canaries: planted bytes of every kind and in several places, which a search must find before its silence counts."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import numpy as np

from pincite.purge.erasure import erase
from pincite.purge.fingerprint import TERMS, term_remains
from pincite.purge.sweep import Sweep

__all__ = ["Canaries"]

_PREFIX = ".canary-"


class Canaries:
    """Random phrases, vectors and index terms, planted once in each directory; a context manager, which removes them.

    Args:
        places: directories; those that do not exist are passed over.

    Attributes:
        patterns: what to search for besides what is looked for, by kind; each kind begins with "canary".
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self._places = [place for place in places if place.is_dir()]
        self.patterns: dict[str, set[bytes]] = {}
        self._planted: list[Path] = []

    def __enter__(self) -> Canaries:
        self.clear()
        forms: tuple[Callable[[Path], tuple[str, bytes]], ...] = (_utf8, _utf16, _single, _half, _zip, _index, _wal)
        try:
            for place in self._places:
                for form in forms:
                    path = place / f"{_PREFIX}{secrets.token_hex(4)}"
                    self._planted.append(path)
                    kind, pattern = form(path)
                    self.patterns.setdefault(f"canary {kind}", set()).add(pattern)
        except BaseException:
            self.clear()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Remove what was planted, also by a search that was killed."""
        for place in self._places:
            for path in place.glob(f"{_PREFIX}*"):
                erase(path)

    @property
    def count(self) -> int:
        """How many were planted."""
        return sum(map(len, self.patterns.values()))

    def missed(self, sweep: Sweep) -> list[str]:
        """Return the kinds of which the search did not find every one."""
        return [kind for kind, planted in self.patterns.items() if planted - sweep.patterns.get(kind, set())]


def _phrase() -> str:
    return secrets.token_hex(10)


def _utf8(path: Path) -> tuple[str, bytes]:
    pattern = _phrase().encode()
    path.write_bytes(secrets.token_bytes(701) + pattern + b"\n")
    return "phrases in UTF-8", pattern


def _utf16(path: Path) -> tuple[str, bytes]:
    pattern = _phrase().encode("utf-16-le")
    path.write_bytes(secrets.token_bytes(703) + pattern)
    return "phrases in UTF-16", pattern


def _single(path: Path) -> tuple[str, bytes]:
    vector = np.frombuffer(secrets.token_bytes(32), "<u1").astype("<f4") / 256
    with path.open("wb") as file:
        np.save(file, np.stack([vector[::-1], vector]))
    return "vectors in float32", vector.tobytes()[:32]


def _half(path: Path) -> tuple[str, bytes]:
    vector = np.frombuffer(secrets.token_bytes(32), "<u1").astype("<f2") / 256
    with path.open("wb") as file:
        np.save(file, np.stack([vector[::-1], vector]).astype("<f2"))
    return "vectors in float16", vector.astype("<f2").tobytes()[:32]


def _zip(path: Path) -> tuple[str, bytes]:
    pattern = _phrase().encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cells.xml", b"<c>" * 99 + pattern + b"</c>" * 99)
    return "phrases in archives", pattern


def _terms() -> tuple[str, str]:
    common = f"q{secrets.token_hex(3)}"
    return f"{common}a{secrets.token_hex(5)}", f"{common}b{secrets.token_hex(5)}"


def _index(path: Path) -> tuple[str, bytes]:
    first, second = _terms()
    connection = apsw.Connection(str(path))
    try:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (body, content = '', detail = none)")
        connection.execute("INSERT INTO words (rowid, body) VALUES (1, ?)", (f"{first} {second}",))
    finally:
        connection.close()
    return TERMS, term_remains(second, first)


def _wal(path: Path) -> tuple[str, bytes]:
    pattern = secrets.token_hex(4).encode()
    path.with_name(f"{path.name}-wal").write_bytes(secrets.token_bytes(509) + pattern)
    return f"write-ahead {TERMS}", pattern

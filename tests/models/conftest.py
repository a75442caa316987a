"""A package index on the loopback interface that can be told to misbehave, and small models to serve from it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pincite.models.manifest import ModelEntry, ModelFile, Part, WheelSource, listing_digest
from tests.ggufs import FAMILIES, header


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(members: Mapping[str, bytes]) -> bytes:
    """Return a wheel with an `__init__.py` that must never be run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("package/__init__.py", "raise SystemExit('code of a model package ran')")
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@dataclass
class Index:
    """What the server serves, how it misbehaves, and what it was asked for."""

    wheels: dict[str, bytes] = field(default_factory=dict)  # file name -> bytes
    files: dict[str, bytes] = field(default_factory=dict)  # hub path -> bytes
    listed_sha: dict[str, str] = field(default_factory=dict)
    listed_size: dict[str, int | None] = field(default_factory=dict)
    drop_after: list[int] = field(default_factory=list)  # one entry per response: bytes before the connection drops
    fail_with: list[int] = field(default_factory=list)  # one status per request
    ranges: bool = True
    requests: list[tuple[str, str]] = field(default_factory=list)  # path, Range header
    url: str = ""

    def add(self, package: str, version: str, members: Mapping[str, bytes]) -> str:
        name = f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        self.wheels[name] = make_wheel(members)
        return name

    @property
    def downloads(self) -> list[str]:
        """Range headers of the file requests, in order."""
        return [header for path, header in self.requests if not path.startswith("/simple/")]

    def project(self, package: str) -> bytes | None:
        prefix = package.replace("-", "_") + "-"
        rows = []
        for name, data in self.wheels.items():
            if name.startswith(prefix):
                digests = {"sha256": self.listed_sha.get(name, sha(data))}
                row = {"filename": name, "url": f"{self.url}/files/{name}", "hashes": digests}
                size = self.listed_size.get(name, len(data))
                rows.append(row | ({} if size is None else {"size": size}))
        if not rows:
            return None
        return json.dumps({"meta": {"api-version": "1.1"}, "name": package, "files": rows, "versions": []}).encode()


class _Handler(BaseHTTPRequestHandler):
    index: Index
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        index = self.index
        index.requests.append((self.path, self.headers.get("Range", "")))
        if index.fail_with:
            return self._send(index.fail_with.pop(0), b"busy")
        if match := re.fullmatch(r"/simple/([^/]+)/", self.path):
            page = index.project(match[1])
            kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
            return self._send(404, b"no") if page is None else self._send(200, page, kind)
        path = self.path.removeprefix("/files/") if self.path.startswith("/files/") else self.path
        data = index.wheels.get(path) or index.files.get(path)
        if data is None:
            return self._send(404, b"no")
        start, status, headers = 0, 200, {}
        if index.ranges and (match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))):
            start = int(match[1])
            if start >= len(data):
                return self._send(416, b"")
            status, headers = 206, {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self._send(status, data[start:], headers, index.drop_after.pop(0) if index.drop_after else None)
        return None

    def _send(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, drop_after: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if drop_after is None else body[:drop_after])
        if drop_after is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def index() -> Iterator[Index]:
    state = Index()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"index": state}))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


GGUF = header(FAMILIES["chatml"])
WEIGHTS = GGUF + bytes(range(256)) * 4000  # a megabyte, more than one read


def llm(data: bytes = WEIGHTS, *parts: Part, **values: object) -> ModelEntry:
    made = {
        "name": "tiny", "use": "llm", "title": "Tiny", "target": "tiny.gguf", "is_directory": False,
        "size": len(data), "sha256": sha(data), "licence": "MIT", "upstream": "example/tiny", "template": "chatml",
        "default": True, "files": (ModelFile("tiny.gguf", len(data), sha(data)),),
        "sources": (WheelSource(parts, ""),) if parts else (),
    }  # fmt: skip
    return ModelEntry(**{**made, **values})  # type: ignore[arg-type]


EMBEDDER_FILES = {
    "1_Pooling/config.json": b'{"pooling_mode_mean_tokens": true}',
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": bytes(range(256)) * 50,
    "modules.json": json.dumps(
        [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ]
    ).encode(),
    "tokenizer.json": b'{"vocab": {"auto_map": 7}}',
    "vocab.txt": b"a\nb\n",
}


def embedder(*sources: WheelSource) -> ModelEntry:
    files = tuple(ModelFile(path, len(data), sha(data)) for path, data in sorted(EMBEDDER_FILES.items()))
    return ModelEntry(
        "small-embedder", "embedder", "Small", "small", True, sum(file.size for file in files), listing_digest(files),
        "MIT", "example/small", "", False, files, sources,
    )  # fmt: skip


@pytest.fixture
def embedder_directory(tmp_path: Path) -> Path:
    for path, data in EMBEDDER_FILES.items():
        target = tmp_path / "given" / "small" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return tmp_path / "given" / "small"

"""A publisher on loopback: serves what a test gives it, the way the real ones do, and misbehaves on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What the server says: status, headers, body; how many bytes it sends before it hangs up, how long it waits."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    only: int | None = None
    wait: float = 0.0
    announces: bool = True


@dataclass
class PublisherServer:
    """Answers by path and query; of several for the same path, each is given once and the last one for good."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def say(self, path: str, *answers: Answer | bytes, accept: str = "") -> None:
        """Answer requests for `path` (with the type `accept`, if given) with `answers` in turn."""
        made = [answer if isinstance(answer, Answer) else Answer(answer) for answer in answers]
        self.answers[f"{accept} {path}"] = made

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server_state: PublisherServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        state = self.server_state
        headers = {name.lower(): value for name, value in self.headers.items()}
        state.requests.append((self.path, headers))
        accepted = [part.strip() for part in headers.get("accept", "").split(",")]
        keys = [*(f"{kind} {self.path}" for kind in accepted), f" {self.path}"]
        found = next((state.answers[key] for key in keys if key in state.answers), None)
        if found is None:
            return self._send(Answer(b'{"error":"none"}', 404), headers)
        return self._send(found.pop(0) if len(found) > 1 else found[0], headers)

    def _send(self, answer: Answer, headers: dict[str, str]) -> None:
        body, status, more = answer.body, answer.status, dict(answer.headers)
        etag = answer.headers.get("ETag")
        if etag and headers.get("range", "").startswith("bytes=") and headers.get("if-range", etag) == etag:
            start = int(headers["range"][6:-1])
            more["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body, status = body[start:], 206
        time.sleep(answer.wait)
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        if answer.announces:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # the client had enough
            self.wfile.write(body if answer.only is None else body[: answer.only])
        if answer.only is not None or not answer.announces:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what some tests are about."""


@contextmanager
def publishing() -> Iterator[PublisherServer]:
    """Run a publisher until the block ends."""
    state = PublisherServer()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_state": state}))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

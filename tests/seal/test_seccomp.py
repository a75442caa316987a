"""The filter: what it says for both architectures, run by a small interpreter, and what the kernel makes of it."""

import contextlib
import errno
import os
import platform
import struct
import subprocess
import sys
import tempfile

import pytest

from pincite.seal.seccomp import (
    _MACHINES,
    NO_NETWORK,
    NO_OTHERS,
    NO_PROCESSES,
    NO_REACH,
    NO_WRITES,
    Rule,
    program,
    unavailable,
)
from tests.conftest import ROOT

ALL = (*NO_NETWORK, *NO_PROCESSES, *NO_WRITES, *NO_OTHERS)
SEAL = (*NO_NETWORK, *NO_REACH)
KILL, ALLOW = "kill", "allow"
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386, ARM = 0x40000003, 0x40000028


def decide(machine: str, number: int, *arguments: int, audit: int | None = None, rules: tuple[Rule, ...] = ALL):
    """Run the filter on one system call: "kill", "allow" or the error number."""
    return run(program(rules, machine), number, AUDIT[machine] if audit is None else audit, *arguments)


def run(lines, number: int, audit: int, *arguments: int):
    words = [number & 0xFFFFFFFF, audit, 0, 0]
    for argument in (*arguments, *[0] * (6 - len(arguments))):
        words += [argument & 0xFFFFFFFF, argument >> 32]
    at, value = 0, 0
    while True:
        code, yes, no, operand = lines[at]
        at += 1
        if code == 0x20:
            value = words[operand // 4]
        elif code == 0x06:
            kind = operand & 0xFFFF0000
            return {0x80000000: KILL, 0: KILL, 0x7FFF0000: ALLOW}.get(kind, operand & 0xFFFF)
        elif code == 0x54:
            value &= operand
        elif code == 0x05:
            at += operand
        else:
            truth = {0x15: value == operand, 0x25: value > operand, 0x35: value >= operand, 0x45: bool(value & operand)}
            at += yes if truth[code] else no


@pytest.mark.parametrize(
    ("machine", "number", "arguments", "expected"),
    [
        ("x86_64", 41, (2, 1), errno.EACCES),
        ("x86_64", 425, (), errno.ENOSYS),
        ("x86_64", 57, (), errno.EPERM),
        ("x86_64", 56, (0x11,), errno.EPERM),  # a process
        ("x86_64", 56, (0x3D0F00,), ALLOW),  # a thread
        ("x86_64", 435, (), errno.ENOSYS),
        ("x86_64", 257, (0, 0, os.O_RDONLY | 0x80000), ALLOW),
        ("x86_64", 257, (0, 0, os.O_WRONLY), errno.EPERM),
        ("x86_64", 257, (0, 0, 0x40), errno.EPERM),
        ("x86_64", 2, (0, os.O_RDWR), errno.EPERM),
        ("x86_64", 0, (), ALLOW),
        ("x86_64", 0x40000000 | 41, (), KILL),  # x32
        ("x86_64", 0x40000000, (), KILL),
        ("x86_64", 198, (), ALLOW),  # arm64's number of `socket`
        ("aarch64", 198, (10, 2), errno.EACCES),
        ("aarch64", 425, (), errno.ENOSYS),
        ("aarch64", 220, (0x11,), errno.EPERM),
        ("aarch64", 220, (0x3D0F00,), ALLOW),
        ("aarch64", 56, (0, 0, os.O_WRONLY), errno.EPERM),
        ("aarch64", 56, (0, 0, os.O_RDONLY), ALLOW),
        ("aarch64", 41, (), ALLOW),
        ("aarch64", 0x40000000 | 41, (), ALLOW),  # no such call there; the kernel says so itself
    ],
)
def test_decisions(machine: str, number: int, arguments: tuple[int, ...], expected: object) -> None:
    assert decide(machine, number, *arguments) == expected


@pytest.mark.parametrize("machine", AUDIT)
@pytest.mark.parametrize("number", [0, 41, 198])
def test_foreign_architectures_are_killed(machine: str, number: int) -> None:
    others = {I386, ARM, *AUDIT.values()} - {AUDIT[machine]}
    assert {decide(machine, number, audit=audit) for audit in others} == {KILL}


@pytest.mark.parametrize("machine", AUDIT)
def test_every_jump_stays_inside_and_a_filter_of_nothing_allows(machine: str) -> None:
    lines = program(ALL, machine)
    for at, (code, yes, no, _) in enumerate(lines):
        if code not in (0x20, 0x06):
            assert max(at + 1 + yes, at + 1 + no) < len(lines)
    assert decide(machine, 41, rules=()) == decide(machine, 198, rules=()) == ALLOW


@pytest.mark.parametrize(
    ("machine", "number", "arguments", "expected"),
    [
        ("x86_64", 41, (1, 1), errno.EACCES),
        ("x86_64", 53, (1, 1), ALLOW),  # an event loop's own pair
        ("x86_64", 53, (1, 0x80801), ALLOW),  # with SOCK_NONBLOCK and SOCK_CLOEXEC
        ("x86_64", 53, (1, 2), errno.EACCES),
        ("x86_64", 53, (1, 5), errno.EACCES),
        ("x86_64", 53, (30, 1), errno.EACCES),
        ("x86_64", 42, (), errno.EACCES),
        ("x86_64", 426, (), errno.ENOSYS),
        ("x86_64", 16, (0, 0x5412), errno.EPERM),
        ("x86_64", 16, (0, 0x5413), ALLOW),  # the terminal's size
        ("x86_64", 249, (), errno.EPERM),
        ("x86_64", 57, (), ALLOW),
        ("x86_64", 62, (), ALLOW),
        ("x86_64", 257, (0, 0, os.O_WRONLY), ALLOW),
        ("aarch64", 198, (1, 1), errno.EACCES),
        ("aarch64", 199, (1, 2), errno.EACCES),
        ("aarch64", 203, (), errno.EACCES),
        ("aarch64", 29, (0, 0x5412), errno.EPERM),
        ("aarch64", 97, (), errno.EPERM),
        ("aarch64", 63, (), ALLOW),
    ],
)
def test_decisions_of_the_seal(machine: str, number: int, arguments: tuple[int, ...], expected: object) -> None:
    assert decide(machine, number, *arguments, rules=SEAL) == expected


@pytest.mark.parametrize("machine", AUDIT)
@pytest.mark.parametrize("rules", [SEAL, ALL], ids=["seal", "parser"])
def test_libseccomp_decides_alike(machine: str, rules: tuple[Rule, ...]) -> None:
    reference = by_libseccomp(machine, rules)
    ours = program(rules, machine)
    values = {0, 1, 2, 3, 5, 16, 30, 0x11, 0x40, 0x200, 0x5412, 0x5413, 0x541C, 0x80801, 0x3D0F00, 0x10000011, 1 << 32}
    known = set(_MACHINES[machine].calls.values())
    for number in range(500):
        for argument in range(3):
            for value in values if number in known else [2]:
                arguments = [1, 1, 0]
                arguments[argument] = value
                expected = run(reference, number, AUDIT[machine], *arguments)
                assert run(ours, number, AUDIT[machine], *arguments) == expected, (number, arguments)
    for foreign in (I386, ARM):
        assert run(reference, 41, foreign) == run(ours, 41, foreign) == KILL


@pytest.mark.parametrize("machine", AUDIT)
def test_numbers_are_libseccomp_s(machine: str) -> None:
    library = pytest.importorskip("pyseccomp", exc_type=Exception)
    architecture = {"x86_64": library.Arch.X86_64, "aarch64": library.Arch.AARCH64}[machine]
    numbers = _MACHINES[machine].calls
    assert {name: library.resolve_syscall(architecture, name) for name in numbers} == numbers


def by_libseccomp(machine: str, rules: tuple[Rule, ...]) -> list[tuple[int, ...]]:
    """Return the filter that libseccomp makes of the same rules, with its own numbers of calls."""
    try:
        import pyseccomp as library
    except (ImportError, RuntimeError, OSError) as error:
        pytest.skip(f"no libseccomp: {error}")
    made = library.SyscallFilter(library.ALLOW)
    architecture = {"x86_64": library.Arch.X86_64, "aarch64": library.Arch.AARCH64}[machine]
    for other in (library.Arch.X86_64, library.Arch.AARCH64):
        if other != architecture and made.exist_arch(other):
            made.add_arch(architecture)
            made.remove_arch(other)
    word = 0xFFFFFFFF
    for rule in rules:
        if rule.call not in _MACHINES[machine].calls:
            continue
        refuse, position = library.ERRNO(rule.error), rule.argument
        bits = [1 << n for n in range(32) if rule.bits >> n & 1]
        if position < 0:
            conditions = [()]
        elif rule.values:
            conditions = [(library.Arg(position, library.MASKED_EQ, word, value),) for value in rule.values]
        elif rule.unless:
            conditions = [(library.Arg(position, library.MASKED_EQ, rule.bits, 0),)]
        else:
            conditions = [(library.Arg(position, library.MASKED_EQ, bit, bit),) for bit in bits]
        for condition in conditions:
            with contextlib.suppress(FileExistsError):
                made.add_rule(refuse, rule.call, *condition)
    with tempfile.TemporaryFile() as file:
        made.export_bpf(file)
        file.seek(0)
        return list(struct.iter_unpack("HBBI", file.read()))


# -- the real kernel ---------------------------------------------------------------------------------------

kernel = pytest.mark.skipif(bool(unavailable()), reason=f"no seccomp here: {unavailable()}")

SEALED = """
import ctypes, errno, os, socket, sys, threading
from pincite import seal
libc = ctypes.CDLL(None, use_errno=True)
def failing(call):
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
def raw(*arguments):
    return errno.errorcode[ctypes.get_errno()] if libc.syscall(*map(ctypes.c_long, arguments)) < 0 else "done"
gate = threading.Event()
found = []
thread = threading.Thread(target=lambda: (gate.wait(), found.append(failing(socket.socket))))
thread.start()
seal.install(seal.NO_NETWORK, seal.NO_PROCESSES, seal.NO_WRITES, seal.NO_OTHERS)
gate.set()
thread.join()
"""


def sealed(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SEALED + code], capture_output=True, text=True, check=False, timeout=60,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
    )  # fmt: skip


@kernel
def test_the_kernel_refuses_every_family_also_in_threads_that_run_already() -> None:
    done = sealed(
        "print(found[0], *{failing(lambda: socket.socket(family, kind)) for family in range(46) for kind in (1, 2, 3)})"
    )
    assert done.stdout.split() == ["EACCES", "EACCES"], done.stderr


@kernel
def test_the_kernel_refuses_processes_programs_writes_and_io_uring(tmp_path) -> None:
    (tmp_path / "kept").write_text("kept")
    done = sealed(f"""
path = {str(tmp_path / "kept")!r}
print(failing(os.fork), failing(lambda: os.execv("/bin/true", ["true"])), failing(lambda: open(path, "a")),
      failing(lambda: open(path + "2", "x")), failing(lambda: os.unlink(path)), failing(lambda: os.truncate(path, 0)),
      failing(lambda: os.rename(path, path + "3")), failing(lambda: os.kill(os.getppid(), 0)), raw(425, 1, 0))
more = threading.Thread(target=lambda: print("a thread runs", open(path).read()))
more.start()
more.join()
""")
    assert done.stdout.splitlines() == [" ".join(["EPERM"] * 8 + ["ENOSYS"]), "a thread runs kept"], done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@kernel
@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 belongs to x86-64")
def test_the_kernel_kills_the_other_form_of_system_calls() -> None:
    assert sealed("raw(0x40000000 | 41, 2, 1, 0)\nprint('alive')").returncode == -31  # SIGSYS


@kernel
def test_the_filter_stays_and_children_of_a_network_filter_inherit_it() -> None:
    code = SEALED.replace(", seal.NO_PROCESSES, seal.NO_WRITES, seal.NO_OTHERS", "")
    child = "import socket\ntry: socket.socket()\nexcept PermissionError: print('refused')"
    done = subprocess.run(
        [sys.executable, "-c", code + f"import subprocess\nsubprocess.run([sys.executable, '-c', {child!r}])"],
        capture_output=True, text=True, check=False, timeout=60, env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.stdout == "refused\n", done.stderr

"""Programs run in processes of their own that seal themselves first; what they print is a test's finding."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pincite.seal import unavailable
from tests.conftest import ROOT

kernel = pytest.mark.skipif(bool(unavailable()), reason=f"no seccomp here: {unavailable()}")

HELPERS = """
import ctypes, errno, json, os, socket, subprocess, sys, threading
from pathlib import Path
from pincite import seal
from pincite.errors import SealError
libc = ctypes.CDLL(None, use_errno=True)
def answer(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
"""

SEAL = """
state = seal.seal_process([Path(place) for place in sys.argv[1:]], devices=[Path("/dev/null")])
"""

DENIED_BEFORE = """
from pincite.seal import seccomp
seccomp.install([seccomp.Rule({call!r}, errno.{error})])
"""
"""For a process whose kernel refuses a call already, as that of a container or a hardened system may."""


def run(code: str, *arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run code after the helpers, with arguments, and return what it printed."""
    given = {
        "stdin": subprocess.DEVNULL,
        "env": {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
    } | options
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-c", HELPERS + code, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=60, **given,
    )  # fmt: skip


def lines(code: str, *arguments: str | Path, **options: object) -> list[str]:
    """Return what a program printed that must end well."""
    done = run(code, *arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()

"""The rehearsal in small: carried into an empty directory, no network interface, another user, no cache; then updated.

The program is whole, but the packages of models are left out; ``make bench-bundle`` does it with all of them and asks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import pincite
from tests.bundle.helpers import Made, snapshot_of

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def python_for_all() -> str:
    """Return a Python of this version that another user can run, or skip with the reason."""
    if sys.platform != "linux" or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("needs Linux with unshare and setpriv")
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a network namespace and to become another user")
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("network namespaces are not allowed here")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for found in (getattr(sys, "_base_executable", ""), f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        # through env, because setpriv itself still has root's rights when it starts a program
        command = [*AS_NOBODY, "env", "-i", found, "-c", "import venv"]
        if found and subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return str(found)
    pytest.skip(f"no Python {version} is installed where every user can run it")


@pytest.fixture
def enclave() -> Iterator[Path]:
    """An empty directory that another user can reach, which pytest's own are not."""
    place = Path(tempfile.mkdtemp(prefix="pincite-enclave-"))
    yield place
    shutil.rmtree(place)


def test_carried_installed_without_a_network_and_updated(tmp_path: Path, enclave: Path) -> None:
    python = python_for_all()
    made = Made(tmp_path)
    for number, bundle in made.bundles.items():
        shutil.copytree(bundle, enclave / str(number))
    home = enclave / "user" / "home"
    for path, text in (("settings.toml", "threads = 2\n"), ("audit/log", "kept"), ("sessions/a.md", "kept")):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    for path in (enclave, *enclave.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    before = snapshot_of(home)

    def inside(*command: str) -> subprocess.CompletedProcess[str]:
        bare = ["env", "-i", "PATH=/usr/bin:/bin", f"HOME={enclave / 'user'}", "LANG=C.UTF-8"]
        return subprocess.run(
            ["unshare", "-n", *AS_NOBODY, *bare, *command],
            capture_output=True, encoding="utf-8", check=False, cwd=enclave, timeout=300,
        )  # fmt: skip

    asked = "import os; print(os.getuid(), [l.split(':')[0].strip() for l in open('/proc/net/dev') if ':' in l])"
    seen = inside(python, "-c", asked)
    assert seen.stdout in (f"{NOBODY} ['lo']\n", f"{NOBODY} []\n"), seen.stderr

    prefix, install = enclave / "pincite", [python, str(enclave / "1" / "install.py")]
    digest = made.created[1].root_sha256
    done = inside(*install, "verify", "--root-sha256", digest)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"bundle 1 (Pincite {pincite.__version__})")
    done = inside(*install, "install", "--into", str(prefix), "--root-sha256", digest)
    assert done.returncode == 0, done.stderr
    assert (prefix / "current").stat().st_uid == NOBODY
    launcher = str(prefix / "bin" / "pincite")
    assert inside(launcher, "--version").stdout == f"pincite {pincite.__version__}\n"
    listed = inside(launcher, "models", "list", "--home", str(home))
    assert listed.returncode == 0, listed.stderr
    assert "qwen2.5-coder-1.5b" in listed.stdout

    done = inside(launcher, "bundle", "install", str(enclave / "2"))
    assert done.returncode == 0, done.stderr
    assert "is installed in the place of bundle 1" in done.stdout
    assert inside(launcher, "--version").stdout == f"pincite {pincite.__version__}\n"
    back = inside(launcher, "bundle", "install", str(enclave / "1"))
    assert back.returncode == 1
    assert "Bundle refused: metadata/timestamp.json" in back.stderr
    assert snapshot_of(home) == before

"""Installing and updating: in one step, resumed after a stop, nothing of the old lost, the home untouched; real pip."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import pincite
from pincite.assembly import _sources, corpus_registry
from pincite.bundle.create import Ingredients, create_bundle
from pincite.bundle.install import install_bundle, place_library, trust_of
from pincite.config import Home, shipped_corpus
from pincite.errors import BundleError, BundleRefused, ConfigError
from pincite.library import Library
from pincite.models.registry import Registry
from pincite.seal.seccomp import unavailable
from tests.bundle.helpers import SIGNERS, Made, key, snapshot_of

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def installed(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first bundle, installed as an operator does it: with install.py and nothing else."""
    prefix = tmp_path_factory.mktemp("enclave") / "pincite"
    done = bootstrap(made.bundles[1], "install", "--into", str(prefix), "--root-sha256", made.created[1].root_sha256)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"bundle 1 (Pincite {pincite.__version__}) is installed" in done.stdout
    return prefix


def bootstrap(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    base = getattr(sys, "_base_executable", sys.executable)
    return subprocess.run(
        [base, str(bundle / "install.py"), *arguments], capture_output=True, text=True, check=False, timeout=300,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def launch(prefix: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(prefix / "bin" / "pincite"), *arguments], capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": "/usr/bin:/bin", **more},
    )  # fmt: skip


def clone(installed: Path, to: Path) -> Path:
    """Copy an installation for tests that change it; its environment is not run from there."""
    shutil.copytree(installed, to, symlinks=True)
    return to


def test_the_bundle_is_one_tree_with_everything_named(made: Made) -> None:
    bundle = made.bundles[1]
    assert (bundle / "docs" / "README.md").is_file()
    corpus = (bundle / "corpus" / "corpus.toml").read_text(encoding="utf-8")
    assert 'path = "sources/leave.md"' in corpus
    assert f'sha256 = "{hashlib.sha256((bundle / "corpus/sources/leave.md").read_bytes()).hexdigest()}"' in corpus
    bill = json.loads((bundle / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "pincite"
    parts: Mapping[str, dict[str, object]] = {part["name"]: part for part in bill["components"]}
    assert set(parts) == {"tuf", "securesystemslib", "urllib3", "platformdirs", "pip", "leave"}
    assert parts["leave"]["licenses"] == [{"license": {"id": "CC0-1.0"}}]
    assert parts["leave"]["type"] == "data"
    assert all(part["licenses"] and part["hashes"] for part in parts.values())


def test_a_finished_bundle_is_not_written_to_and_strangers_are_named(made: Made, tmp_path: Path) -> None:
    ingredients = Ingredients(made.wheels, [], Registry(tmp_path, []), None, tmp_path)
    signers = [key(name) for name in SIGNERS]
    with pytest.raises(BundleError, match="a finished bundle already"):
        create_bundle(made.bundles[1], ingredients, made.chain, signers, number=3)
    out = tmp_path / "out"
    (out / "docs").mkdir(parents=True)
    (out / "docs" / "diary.txt").write_text("x")
    (out / "docs" / "half.md.part").write_text("x")  # left by an interrupted copy
    with pytest.raises(BundleError, match=r"diary\.txt: was there before"):
        create_bundle(out, ingredients, made.chain, signers, number=3)
    (out / "docs" / "diary.txt").unlink()
    assert create_bundle(out, ingredients, made.chain, signers, number=3).number == 3
    assert not (out / "docs" / "half.md.part").exists()


def test_a_first_installation_needs_only_python_and_the_bundle(installed: Path, made: Made) -> None:
    said = launch(installed, "--version")
    assert (said.returncode, said.stdout) == (0, f"pincite {pincite.__version__}\n"), said.stderr
    version = installed / "versions" / "1"
    assert (installed / "current").readlink() == Path("versions/1")
    assert not (version / "wheels").exists()
    assert (version / "sbom.cdx.json").read_bytes() == (made.bundles[1] / "sbom.cdx.json").read_bytes()
    # the program verifies the next bundle by itself, with what it trusts
    said = launch(installed, "bundle", "verify", str(made.bundles[2]), HOME=str(installed.parent))
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"bundle 2 (Pincite {pincite.__version__}): ")


def test_the_bootstrap_says_how_it_is_used(made: Made) -> None:
    for arguments, code in (((), 2), (("remove",), 2), (("--help",), 0)):
        done = bootstrap(made.bundles[1], *arguments)
        assert (done.returncode, done.stderr.partition(" ")[0]) == (code, "usage:")


def test_the_bootstrap_and_its_children_cannot_open_a_socket(made: Made, tmp_path: Path) -> None:
    if unavailable():
        pytest.skip(f"system calls cannot be denied here: {unavailable()}")
    bundle = tmp_path / "b"
    shutil.copytree(made.bundles[1], bundle)
    program = bundle / "install.py"
    probe = "import socket, subprocess\nsocket.socket()"
    text = program.read_text(encoding="utf-8")
    started = "return bootstrap(here, sys.argv[1:])"
    tried = (
        "code = bootstrap(here, sys.argv[1:])\n"
        "        import subprocess\n"
        f"        print(subprocess.run([sys.executable, '-c', {probe!r}], capture_output=True, text=True).stderr)\n"
        "        return code"
    )
    program.write_text(text.replace(started, tried), encoding="utf-8")
    done = bootstrap(bundle, "verify", "--root-sha256", made.created[1].root_sha256)
    assert "install.py: " in done.stderr  # it was changed for this test, which is noticed
    assert done.stdout.strip().endswith("PermissionError: [Errno 13] Permission denied")


def test_the_bootstrap_runs_no_code_of_a_changed_bundle(made: Made, tmp_path: Path) -> None:
    bundle = tmp_path / "b"
    shutil.copytree(made.bundles[1], bundle)
    wheel = next((bundle / "wheels").glob("tuf-*.whl"))
    data = bytearray(wheel.read_bytes())
    data[len(data) // 2] ^= 1
    wheel.write_bytes(data)
    done = bootstrap(bundle, "verify", "--root-sha256", made.created[1].root_sha256)
    assert done.returncode == 1
    assert done.stderr == f"Bundle refused: wheels/{wheel.name}: differs from its digest in install.py\n"


def test_the_bootstrap_refuses_a_wrong_root_and_a_changed_file(made: Made, tmp_path: Path) -> None:
    done = bootstrap(made.bundles[1], "verify", "--root-sha256", "0" * 64)
    assert done.returncode == 1
    assert "Bundle refused: root: no root metadata of this bundle has the SHA-256 000" in done.stderr
    bundle = tmp_path / "b"
    shutil.copytree(made.bundles[1], bundle)
    with (bundle / "docs" / "README.md").open("ab") as file:
        file.write(b"!")
    done = bootstrap(bundle, "install", "--into", str(tmp_path / "p"), "--root-sha256", made.created[1].root_sha256)
    assert done.returncode == 1
    assert "Bundle refused: " in done.stderr
    assert "docs/README.md: " in done.stderr
    assert "Traceback" not in done.stderr
    assert trust_of(tmp_path / "p") is None


def test_update_switches_in_one_step_and_keeps_home_and_added_models(
    installed: Path, made: Made, tmp_path: Path
) -> None:
    prefix, home = clone(installed, tmp_path / "p"), tmp_path / "home"
    for path, text in (("settings.toml", "threads = 2\n"), ("audit/log", "kept"), ("library/CURRENT", "kept")):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    before = snapshot_of(home)
    models = prefix / "current" / "models"
    models.mkdir()
    (models / "local.toml").write_text("# a steward's\n")
    (models / "own.gguf").write_text("weights")
    (models / "linked.gguf").symlink_to("/elsewhere/weights.gguf")
    (models / ".partial").mkdir()
    done = install_bundle(made.bundles[2], prefix)
    assert (done.number, done.before, done.fresh) == (2, "1", True)
    assert (prefix / "current").readlink() == Path("versions/2")
    assert launch(prefix, "--version").stdout == f"pincite {pincite.__version__}\n"
    assert snapshot_of(home) == before
    assert (prefix / "current" / "models" / "own.gguf").read_text() == "weights"
    assert (prefix / "current" / "models" / "linked.gguf").readlink() == Path("/elsewhere/weights.gguf")
    assert not (prefix / "current" / "models" / ".partial").exists()
    assert (prefix / "versions" / "1").is_dir()
    with pytest.raises(BundleRefused, match="timestamp version 1 must be >= 2"):
        install_bundle(made.bundles[1], prefix)
    assert (prefix / "current").readlink() == Path("versions/2")
    assert not install_bundle(made.bundles[2], prefix).fresh


@pytest.mark.parametrize("where", ["copying", "preparing the environment", "switch"])
def test_a_stopped_installation_leaves_the_old_one_and_goes_on(
    installed: Path, made: Made, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = clone(installed, tmp_path / "p")
    trusted = snapshot_of(prefix / "current" / "trust")
    seen: list[str] = []

    def stop(what: str, done: int, total: int, unit: str = "") -> None:
        seen.append(what)
        if what == where and (where != "copying" or done > total // 2):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if where == "switch":
            patched.setattr("pincite.bundle.install._switch", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            patched.setattr("pincite.bundle.install._install_packages", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            install_bundle(made.bundles[2], prefix, progress=stop)
    assert (prefix / "current").readlink() == Path("versions/1")
    assert snapshot_of(prefix / "current" / "trust") == trusted
    assert (prefix / "versions" / "1" / "venv" / "bin" / "python").exists()
    if where == "copying":
        (prefix / "versions" / "2" / "docs").mkdir(exist_ok=True)
        (prefix / "versions" / "2" / "docs" / "stranger").write_text("x")
        monkeypatch.setattr("pincite.bundle.install._install_packages", lambda *_: None)  # shown above, and slow
        assert install_bundle(made.bundles[2], prefix).number == 2
        assert not (prefix / "versions" / "2" / "docs" / "stranger").exists()
        assert (prefix / "current").readlink() == Path("versions/2")


def test_an_installed_program_builds_from_the_corpus_of_its_bundle(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_CORPUS", str(installed / "current" / "corpus" / "corpus.toml"))
    assert shipped_corpus() == installed / "current" / "corpus" / "corpus.toml"  # the link, not where it leads now
    home = Home(tmp_path / "home")
    (source,) = _sources(home, ())
    assert source.path.read_text(encoding="utf-8").startswith("# Leave")
    corpus_registry(home)
    monkeypatch.setenv("PINCITE_CORPUS", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="no such file"):
        _sources(home, ())


def test_the_library_of_a_bundle_goes_only_to_a_home_that_has_none(tmp_path: Path, tiny_directory: Path) -> None:
    version, home = tmp_path / "version", tmp_path / "home"
    shutil.copytree(tiny_directory / "generations", version / "library" / "generations")
    shutil.copy(tiny_directory / "CURRENT", version / "library")
    assert place_library(version, home)
    opened = Library(home)
    assert opened.documents
    opened.close()
    (home / "CURRENT").write_text("own")
    assert not place_library(version, home)
    assert (home / "CURRENT").read_text() == "own"
    assert not place_library(tmp_path / "nothing", tmp_path / "other")


def test_a_directory_that_holds_something_else_is_left_alone(made: Made, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine").write_text("x")
    with pytest.raises(BundleError, match="holds something else"):
        install_bundle(made.bundles[1], tmp_path / "p", made.pin)


def test_packages_that_do_not_fit_together_leave_the_old_version(
    installed: Path, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = clone(installed, tmp_path / "p")
    monkeypatch.setattr("pincite.bundle.install._environment", lambda: {"PATH": "/nowhere"})
    monkeypatch.setattr("venv.EnvBuilder.create", lambda _self, place: _broken(Path(place)))
    with pytest.raises(BundleError, match="packages could not be installed: no such package"):
        install_bundle(made.bundles[2], prefix)
    assert (prefix / "current").readlink() == Path("versions/1")


def _broken(place: Path) -> None:
    python = place / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho no such package >&2\nexit 1\n")
    python.chmod(0o755)

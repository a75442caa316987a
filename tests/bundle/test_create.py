"""`pincite bundle create` and `verify` as commands, which wheels are taken, and copies that go on after a stop."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from pincite.bundle.copying import PART, copy_file
from pincite.bundle.sbom import licence_of, wheel_metadata
from pincite.bundle.wheels import NEEDED, closure, read_folder
from pincite.cli import main
from pincite.errors import BundleError, BundleRefused
from tests.bundle.helpers import make_wheels
from tests.bundle.test_keys import desk, make_root, sign
from tests.conftest import ROOT

__all__ = ["desk"]


def test_made_and_verified_on_the_command_line(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PINCITE_PREFIX", raising=False)
    make_wheels(desk / "wheels")
    assert make_root() == sign("ann", "1.root.json") == sign("bob", "1.root.json") == 0
    capsys.readouterr()
    create = ["bundle", "create", "out", "--roots", ".", "--wheels", "wheels", "--models", "none", "--corpus", "none"]
    create += ["--home", "home"]
    assert main(create) == 1
    assert "targets: 0 of 1 keys were given" in capsys.readouterr().err
    assert not (desk / "out").exists()
    assert main([*create, "--key", "release.pem", "--passphrase-file", "phrase"]) == 0
    said = capsys.readouterr().out
    root = hashlib.sha256((desk / "1.root.json").read_bytes()).hexdigest()
    assert f"SHA-256 of 1.root.json           {root}" in said
    assert hashlib.sha256((desk / "out" / "install.py").read_bytes()).hexdigest() in said
    assert (desk / "last-bundle").read_text() == "1\n"
    assert json.loads((desk / "out" / "bundle.json").read_text())["number"] == 1

    assert main(["bundle", "verify", "out", "--home", "home"]) == 1
    assert "nothing says yet whose bundles are trusted here" in capsys.readouterr().err
    assert main(["bundle", "verify", "out", "--home", "home", "--root-sha256", root]) == 0
    assert "all as signed; root 1" in capsys.readouterr().out
    late = ["--now", "2099-01-01T00:00:00"]
    assert main(["bundle", "verify", "out", "--home", "home", "--root", "1.root.json", *late]) == 1
    assert "Bundle refused: root: expired" in capsys.readouterr().err


def test_a_folder_of_wheels_must_suffice_and_fit(tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    wheels = make_wheels(folder)
    assert sorted(read_folder(folder)) == sorted(wheels)
    second = folder / "tuf-0.0.1-py3-none-any.whl"
    shutil.copy(next(folder.glob("tuf-*")), second)
    with pytest.raises(BundleError, match="second wheel of tuf"):
        read_folder(folder)
    second.rename(folder / "other-1.0-cp27-cp27m-win32.whl")
    with pytest.raises(BundleError, match=r"other-1\.0.*not for this Python and machine"):
        read_folder(folder)
    (folder / "other-1.0-cp27-cp27m-win32.whl").rename(folder / "other.whl")
    with pytest.raises(BundleError, match="not the name of a wheel"):
        read_folder(folder)
    (folder / "other.whl").unlink()
    next(folder.glob("pip-*")).unlink()
    with pytest.raises(BundleError, match="no wheel of pip"):
        read_folder(folder)


def test_the_packages_of_a_bundle_are_those_that_run_here() -> None:
    found = closure(ROOT)
    assert set(NEEDED) - {"pip"} <= set(found)
    assert {"torch", "llama-cpp-python", "numpy", "cffi", "markupsafe"} <= set(found)
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & set(found)


def test_licences_are_stated_as_the_packages_state_them(tmp_path: Path) -> None:
    by_name = {path.name.partition("-")[0]: path for path in make_wheels(tmp_path)}
    assert licence_of(wheel_metadata(by_name["pincite"])) == "Apache-2.0"
    assert licence_of(wheel_metadata(by_name["urllib3"])) == "MIT"
    (tmp_path / "broken.whl").write_bytes(b"not a zip")
    with pytest.raises(BundleError, match=r"broken\.whl: not a wheel"):
        wheel_metadata(tmp_path / "broken.whl")


class TestCopies:
    CONTENT = bytes(range(256)) * 10_000

    def copy(self, source: Path, target: Path, told: list[int], twin: Path | None = None) -> None:
        sha256 = hashlib.sha256(self.CONTENT).hexdigest()
        copy_file(source, target, len(self.CONTENT), sha256, told.append, twin)

    def test_goes_on_where_it_stopped(self, tmp_path: Path) -> None:
        source, target = tmp_path / "a", tmp_path / "b" / "a"
        source.write_bytes(self.CONTENT)

        def stop(done: int) -> None:
            if done > 1_500_000:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            copy_file(source, target, len(self.CONTENT), hashlib.sha256(self.CONTENT).hexdigest(), stop)
        assert not target.exists()
        kept = target.with_name("a" + PART).stat().st_size
        assert kept > 1_000_000
        # what was copied already is not read again from the source
        source.write_bytes(bytes(kept) + self.CONTENT[kept:])
        self.copy(source, target, [])
        assert target.read_bytes() == self.CONTENT
        assert not target.with_name("a" + PART).exists()

    def test_a_wrong_start_or_source_is_noticed(self, tmp_path: Path) -> None:
        source, target = tmp_path / "a", tmp_path / "b"
        source.write_bytes(self.CONTENT)
        target.with_name("b" + PART).write_bytes(b"other bytes")
        with pytest.raises(BundleRefused, match="differs from what was signed"):
            self.copy(source, target, [])
        self.copy(source, target, [])  # the wrong start is gone
        assert target.read_bytes() == self.CONTENT
        target.write_bytes(bytes(len(self.CONTENT)))
        source.write_bytes(self.CONTENT + b"!")
        with pytest.raises(BundleRefused, match="2,560,001 bytes instead of 2,560,000"):
            self.copy(source, target, [])
        assert not target.exists()

    def test_a_twin_is_linked_if_its_digest_is_right(self, tmp_path: Path) -> None:
        source, twin, target = tmp_path / "a", tmp_path / "twin", tmp_path / "b"
        source.write_bytes(self.CONTENT)
        twin.write_bytes(bytes(len(self.CONTENT)))
        self.copy(source, target, [], twin)
        assert target.read_bytes() == self.CONTENT
        assert target.stat().st_ino != twin.stat().st_ino
        twin.write_bytes(self.CONTENT)
        target.unlink()
        self.copy(source, target, [], twin)
        assert target.stat().st_ino == twin.stat().st_ino

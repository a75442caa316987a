"""Installs a verified bundle beside what is there and switches to it in one step; until then the old one is in use.

An installation is a directory: `versions/<number>/` with everything of one bundle and whom it trusts, and the
link `current`, whose replacement is the installation. Homes (library, audit log, settings) lie elsewhere and are not
touched.
"""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import threading
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pincite.bundle.contents import Contents
from pincite.bundle.copying import copy_file
from pincite.bundle.layout import CORPUS, LIBRARY, MODELS, WHEELS, walk
from pincite.bundle.trust import SEEN, Pin
from pincite.bundle.verify import Examined, check_files, examined
from pincite.domain.progress import Progress, silent
from pincite.errors import BundleError
from pincite.models.files import discard, locked

__all__ = ["Installed", "install_bundle", "place_library", "trust_of"]

_CURRENT = "current"
_UNPACKED = 4  # a wheel takes about this many times its size when it is installed and compiled


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did.

    Attributes:
        number: the bundle's number.
        before: number of the bundle that was there; empty if there was none.
        contents: the bundle's description.
        directory: where this version lies.
        launcher: the program to run.
        fresh: False if this very bundle was installed already.
    """

    number: int
    before: str
    contents: Contents
    directory: Path
    launcher: Path
    fresh: bool


def trust_of(prefix: Path) -> Path | None:
    """Return the trusted metadata of an installation; None if nothing is installed there."""
    place = prefix / _CURRENT / "trust"
    return place if place.is_dir() else None


def install_bundle(
    bundle: Path,
    prefix: Path,
    pin: Pin | None = None,
    *,
    now: datetime.datetime | None = None,
    progress: Progress = silent,
) -> Installed:
    """Verify a bundle and install it into `prefix`; an interrupted run goes on where it stopped.

    Args:
        bundle: its directory.
        prefix: the installation; made if it does not exist.
        pin: the root that the operator vouches for; for the first installation only.
        now: instead of the clock; for tests.
        progress: told about copying and installing.

    Raises:
        BundleRefused: naming the file or role; nothing is changed.
        BundleError: if the installation cannot be written; what was installed before is still in use.
    """
    prefix = prefix.absolute()
    if prefix.exists() and any(prefix.iterdir()) and not (prefix / "versions").is_dir():
        raise BundleError(f"{prefix}: holds something else", hint="Choose an empty or new directory.")
    with examined(bundle, trust_of(prefix), pin, now) as found, locked(prefix, progress):
        found.contents.check_machine()
        version = prefix / "versions" / str(found.trusted.number)
        before = (prefix / _CURRENT).resolve().name if (prefix / _CURRENT).is_symlink() else ""
        fresh = before != version.name
        try:
            if fresh:
                _lay_out(found, prefix, version, progress)
                moment = now or datetime.datetime.now(datetime.UTC)
                _keep_trust(found.state, version, moment)
                os.sync()  # thousands of files that pip wrote: after a power cut the new version is whole or not in use
                _switch(prefix, version)
                _clear_away(prefix, {version.name, before})
            else:
                check_files(bundle, found.trusted.files, progress)
        except OSError as error:
            raise BundleError(f"{error.filename or prefix}: {error.strerror}") from error
        return Installed(found.trusted.number, before, found.contents, version, prefix / "bin" / "pincite", fresh)


def _lay_out(found: Examined, prefix: Path, version: Path, progress: Progress) -> None:
    wheels = sum(target.length for path, target in found.trusted.files.items() if path.startswith(f"{WHEELS}/"))
    needed = found.size + _UNPACKED * wheels
    free = shutil.disk_usage(prefix).free + (sum(f.stat().st_size for f in version.rglob("*") if f.is_file()))
    if free < needed:
        raise BundleError(f"{prefix}: {needed / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free")
    current = prefix / _CURRENT
    total, done = found.size, 0
    for path, target in sorted(found.trusted.files.items()):
        copy_file(
            found.directory / path, version / path, target.length, target.hashes["sha256"],
            lambda part, before=done: progress("copying", before + part, total, "B"),  # type: ignore[misc]
            twin=current / path,
        )  # fmt: skip
        done += target.length
    _remove_strangers(version, set(found.trusted.files))
    _keep_added_models(current / MODELS, version / MODELS)
    _install_packages(version, progress)
    shutil.rmtree(version / WHEELS)
    _write_launcher(prefix, version)


def _remove_strangers(version: Path, signed: set[str]) -> None:
    """Remove what an interrupted installation left there beside the bundle's own files."""
    for path in sorted(version.rglob("*"), reverse=True):
        if path.is_symlink() or not path.is_dir():
            if path.relative_to(version).as_posix() not in signed:
                path.unlink()
        elif not any(path.iterdir()):
            path.rmdir()


def _keep_added_models(before: Path, now: Path) -> None:
    """Link models that a steward added to the version before, and their manifest, into the new version."""
    for path in sorted(before.rglob("*")) if before.is_dir() else ():
        inner = path.relative_to(before)
        target = now / inner
        hidden = any(part.startswith(".") for part in inner.parts)
        if hidden or inner.name == "lock" or os.path.lexists(target) or (path.is_dir() and not path.is_symlink()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, target, follow_symlinks=False)
        except OSError:  # a file system without links
            shutil.copy2(path, target, follow_symlinks=False)


def _install_packages(version: Path, progress: Progress) -> None:
    """Make the environment at its final place and install the wheels that were copied there, without a network."""
    place = version / "venv"
    progress("preparing the environment", 0, 0)
    venv.EnvBuilder(with_pip=False, symlinks=True, clear=True).create(place)
    wheels = sorted((version / WHEELS).glob("*.whl"))
    pip = next((wheel for wheel in wheels if wheel.name.startswith("pip-")), None)
    if pip is None:
        raise BundleError(f"{WHEELS}: no wheel of pip", hint="Ask for a whole bundle.")
    python = place / "bin" / "python"
    run = [str(python), "-I", str(pip / "pip"), "--isolated", "--disable-pip-version-check"]
    with _counting(place, len(wheels), progress):
        _call([*run, "install", "--no-index", "--no-deps", "--no-cache-dir", "--quiet", *map(str, wheels)])
    _call([*run, "check"])
    found = _call([str(python), "-I", "-m", "pincite", "--version"])
    progress(f"installed {found.strip()}", len(wheels), len(wheels), "packages")


class _counting:  # noqa: N801
    """Tells how many packages are in place while pip works in silence."""

    def __init__(self, place: Path, total: int, progress: Progress) -> None:
        self._place, self._total, self._progress = place, total, progress
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def _count(self) -> None:
        while not self._done.wait(0.5):
            count = sum(1 for _ in self._place.glob("lib/*/site-packages/*.dist-info"))
            self._progress("installing packages", min(count, self._total - 1), self._total, "packages")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def _call(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603 - the new environment's Python and paths of our own
        command, capture_output=True, text=True, check=False, env=_environment()
    )
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise BundleError(
            f"the packages could not be installed: {lines[-1] if lines else f'code {done.returncode}'}",
            hint="What was installed before is still in use.",
        )
    return done.stdout


def _environment() -> Mapping[str, str]:
    """Return an environment in which no setting of this machine reaches pip or Python."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON", "PINCITE_"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull}


def _write_launcher(prefix: Path, version: Path) -> None:
    script = version / "bin" / "pincite"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        "#!/bin/sh\n"
        "# Starts this version of Pincite, with its models; home and everything in it is the user's own.\n"
        'here=$(dirname "$(dirname "$(readlink -f "$0")")")\n'
        'prefix=$(dirname "$(dirname "$here")")\n'
        'export PINCITE_PREFIX="$prefix"\n'
        'export PINCITE_MODELS="${PINCITE_MODELS:-$here/models}"\n'
        f'export PINCITE_CORPUS="${{PINCITE_CORPUS:-$prefix/{_CURRENT}/{CORPUS}/corpus.toml}}"\n'
        'exec "$here/venv/bin/python" -I -m pincite "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    link = prefix / "bin"
    if not link.is_symlink():
        link.symlink_to(f"{_CURRENT}/bin")


def _keep_trust(state: Path, version: Path, now: datetime.datetime) -> None:
    """Put what is trusted from now on inside the version, so that one step switches both."""
    place = version / "trust"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(state, place, symlinks=True)
    (place / SEEN).write_text(now.isoformat() + "\n", encoding="ascii")


def _switch(prefix: Path, version: Path) -> None:
    fresh = prefix / f"{_CURRENT}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(version.relative_to(prefix))
    fresh.replace(prefix / _CURRENT)
    descriptor = os.open(prefix, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear_away(prefix: Path, kept: set[str]) -> None:
    for other in (prefix / "versions").iterdir():
        if other.name not in kept:
            discard(other)


def place_library(version: Path, home_library: Path, progress: Progress = silent) -> bool:
    """Copy the library of an installed bundle into a home that has none; an existing one is left as it is.

    Args:
        version: directory of the installed version.
        home_library: the home's library directory.
        progress: told about copying.
    """
    # its files were compared when they were installed, and are compared again whenever the library is opened
    source = version / LIBRARY
    if not source.is_dir() or (home_library / "CURRENT").exists():
        return False
    paths = sorted(walk(source), key=lambda path: path == "CURRENT")  # the pointer last
    for number, path in enumerate(paths):
        target = home_library / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(source / path, target)
        progress("library", number + 1, len(paths), "files")
    return True

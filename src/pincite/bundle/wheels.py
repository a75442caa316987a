"""The wheels of a bundle: those of this environment's packages at exactly their versions, or a folder that is given."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from pincite.config import checkout_root
from pincite.domain.progress import Progress, silent
from pincite.errors import BundleError, DownloadError

__all__ = ["NEEDED", "VERIFIERS", "closure", "collect", "read_folder"]

VERIFIERS = ("pincite", "tuf", "securesystemslib", "urllib3", "platformdirs")
"""Pure-Python packages with which a bundle is verified before anything is installed."""

NEEDED = (*VERIFIERS, "pip")
"""Packages without which no bundle can be installed."""


def closure(root: Path | None) -> dict[str, str]:
    """Return the version of every package that pincite needs in this environment, itself included.

    Args:
        root: a checkout, whose pyproject.toml counts and not what was installed of it some time ago.

    Raises:
        BundleError: if one is not installed here.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name("pincite"), "")]
    while waiting:
        package, extra = waiting.pop()
        if (package, extra) in seen:
            continue
        seen.add((package, extra))
        try:
            distribution = metadata.distribution(package)
        except metadata.PackageNotFoundError as error:
            raise BundleError(f"{package} is needed and not installed here", hint="Run `make setup`.") from error
        found[package] = distribution.version
        lines = distribution.requires or []
        if package == "pincite" and root is not None:
            lines = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
        for line in lines:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                wanted = canonicalize_name(requirement.name)
                waiting += [(wanted, part) for part in ("", *requirement.extras)]
    return found


def collect(
    cache: Path, progress: Progress = silent, *, built: Sequence[Path] = (), extra: Iterable[str] = ("pip",)
) -> list[Path]:
    """Fetch or build the wheels of this environment's packages (connected side) and return their paths.

    Wheels that are in `cache` from an earlier run are taken from there; pincite's own is built from the checkout anew.

    Args:
        cache: where they are kept.
        progress: told after each package.
        built: directories of wheels that were built on this machine and are taken first.
        extra: further packages of this environment.

    Raises:
        BundleError: if there is no checkout to build pincite from.
        DownloadError: naming the package that pip could not get.
    """
    root = checkout_root()
    if root is None:
        raise BundleError("wheels can be gathered in a checkout only", hint="Give a folder of wheels: --wheels DIR")
    cache.mkdir(parents=True, exist_ok=True)
    wanted = closure(root) | {name: metadata.version(name) for name in extra}
    del wanted["pincite"]
    found: list[Path] = []
    for number, (name, version) in enumerate(sorted(wanted.items())):
        progress("wheels", number, len(wanted) + 1, "packages")
        wheel = next((path for place in (*built, cache) for path in _of(place, name, version)), None)
        if wheel is None:
            _pip_wheel(cache, f"{name}=={version}", [f"--constraint={root / 'constraints.txt'}"])
            wheel = next(iter(_of(cache, name, version)), None)
        if wheel is None:
            raise DownloadError(f"{name} {version}: pip made no wheel of it")
        found.append(wheel)
    for old in cache.glob("pincite-*.whl"):
        old.unlink()
    shutil.rmtree(root / "build" / "lib", ignore_errors=True)  # setuptools would ship modules that are gone since
    _pip_wheel(cache, str(root), ["--no-build-isolation"])
    found += cache.glob("pincite-*.whl")
    progress("wheels", len(wanted) + 1, len(wanted) + 1, "packages")
    return found


def _pip_wheel(cache: Path, what: str, options: Sequence[str]) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    done = subprocess.run(  # noqa: S603 - pip, with names and paths of our own
        [*command, "--wheel-dir", str(cache), *options, what], capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise DownloadError(
            f"{what}: {lines[-1] if lines else 'pip failed'}", hint="The same command goes on from here."
        )


def _of(folder: Path, name: str, version: str) -> list[Path]:
    """Return the wheels of a package and version in a folder."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename
    from packaging.version import Version

    found = []
    for path in sorted(folder.glob("*.whl")) if folder.is_dir() else ():
        try:
            package, number, _, _ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if package == name and number == Version(version):
            found.append(path)
    return found


def read_folder(folder: Path) -> list[Path]:
    """Return the wheels of a folder, after checking that they can be installed here and suffice to verify a bundle.

    Raises:
        BundleError: naming the wheel that is not for this machine or there twice, or the package that is missing.
    """
    from packaging.tags import sys_tags
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    here = set(sys_tags())
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            package, _, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename as error:
            raise BundleError(f"{path}: not the name of a wheel") from error
        if not tags & here:
            raise BundleError(f"{path}: not for this Python and machine")
        if package in found:
            raise BundleError(f"{path}: a second wheel of {package}, beside {found[package].name}")
        found[package] = path
    for needed in NEEDED:
        if needed not in found:
            raise BundleError(f"{folder}: no wheel of {needed}, without which no bundle can be installed")
    return list(found.values())

"""Verifies and installs a Pincite bundle with nothing but Python: python3 install.py install --into DIRECTORY …

Compare this file's SHA-256 with the one you were told by another way, before you run it: sha256sum install.py
It names by their digests the few pure-Python packages that check everything else, and uses no other code of the bundle.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

WHEELS: dict[str, str] = {}  # by name, their SHA-256; filled in when a bundle is made
PYTHON = (3, 11)


def main() -> int:
    """Check the verifying packages, then run `pincite bundle` from them."""
    if sys.version_info[:2] != PYTHON:
        sys.exit(f"This bundle is for Python {PYTHON[0]}.{PYTHON[1]}: python{PYTHON[0]}.{PYTHON[1]} install.py …")
    here = Path(__file__).resolve().parent
    if not (sys.flags.isolated and sys.flags.no_site):
        # no package of this machine or user may take part in the verification
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-B", str(here / "install.py"), *sys.argv[1:]])  # noqa: S606
    place = Path(tempfile.mkdtemp(prefix="pincite-install-"))
    try:
        for name, sha256 in WHEELS.items():
            take(here / "wheels" / name, sha256, place)
        sys.path.insert(0, str(place))
        from pincite.cli.bundle import bootstrap

        return bootstrap(here, sys.argv[1:])
    finally:
        shutil.rmtree(place, ignore_errors=True)


def take(wheel: Path, sha256: str, place: Path) -> None:
    """Copy a wheel, compare the copy with its digest, unpack it."""
    copy = place / wheel.name
    try:
        shutil.copyfile(wheel, copy)
    except OSError as error:
        sys.exit(f"Bundle refused: wheels/{wheel.name}: {error}")
    if hashlib.sha256(copy.read_bytes()).hexdigest() != sha256:
        sys.exit(f"Bundle refused: wheels/{wheel.name}: differs from its digest in install.py")
    with zipfile.ZipFile(copy) as archive:
        archive.extractall(place)
    copy.unlink()


if __name__ == "__main__":
    sys.exit(main())

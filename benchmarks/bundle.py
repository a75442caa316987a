"""The whole way of a bundle: made, carried, installed without a network by another user, asked, updated, asked again.

``python -m benchmarks.bundle`` prints a table; needs Linux and root (for the namespace and the change of user).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOBODY = 65534
QUESTION = "Within how many hours must a personal data breach be notified to the supervisory authority?"
PROBE = (
    "import socket; print(sorted(line.split(':')[0].strip() for line in open('/proc/net/dev') if ':' in line))\n"
    "try: socket.create_connection(('192.0.2.1', 80), 3); print('CONNECTED')\n"
    "except OSError as error: print(error.strerror)"
)


def main() -> None:
    """Print a table in Markdown; stop at the first step that does not work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="home with a built library (default: the checkout's)")
    parser.add_argument("--models", nargs=2, metavar=("LLM", "EMBEDDER"), help="instead of the default ones")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--keep", type=Path, help="directory for bundles, kept afterwards (default: a temporary one)")
    args = parser.parse_args()
    python = python_for_all()
    place = args.keep or Path(tempfile.mkdtemp(prefix="pincite-bundle-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        rehearse(place, python, args)
    finally:
        if not args.keep:
            shutil.rmtree(place)


def rehearse(place: Path, python: str, args: argparse.Namespace) -> None:
    """Do all steps in `place`."""
    clock = Clock()
    ceremony, home = place / "ceremony", ["--home", str(args.home)] if args.home else []
    with clock.step("keys and root, two of three"):
        digest = make_keys(ceremony)
    models = ["--models", *args.models] if args.models else []
    signing = ["--roots", str(ceremony), "--key", str(ceremony / "release.pem")]
    signing += ["--passphrase-file", str(ceremony / "phrase")]
    bundles = []
    for number in (1, 2):
        bundle = place / f"bundle-{number}"
        if not (bundle / "metadata" / "timestamp.json").exists():
            with clock.step(f"bundle create, number {number}"):
                pincite("bundle", "create", str(bundle), *signing, "--number", str(number), "--library", *models, *home)
        bundles.append(bundle)
    sizes = [(part.name, size(part)) for part in sorted(bundles[0].iterdir())]

    enclave = Path(tempfile.mkdtemp(prefix="pincite-enclave-"))
    try:
        with clock.step("carried (copied) into the empty enclave"):
            for bundle in bundles:
                shutil.copytree(bundle, enclave / bundle.name)
            (enclave / "user").mkdir()
            for path in (enclave, *enclave.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        print("network in the enclave:", inside(enclave, [python, "-c", PROBE]).replace("\n", "; "), flush=True)
        prefix, own = enclave / "pincite", enclave / "user" / "home"
        install = [python, str(enclave / "bundle-1" / "install.py")]
        with clock.step("install.py verify"):
            print(inside(enclave, [*install, "verify", "--root-sha256", digest]), flush=True)
        with clock.step("install.py install, first bundle"):
            more = ["--into", str(prefix), "--root-sha256", digest, "--home", str(own)]
            print(inside(enclave, [*install, "install", *more]), flush=True)
        if args.models:
            settings = f'model = "{args.models[0]}"\\nembedder = "{args.models[1]}"\\n'
            inside(enclave, [python, "-c", f"open('{own}/settings.toml','w').write('{settings}')"])
        launcher = str(prefix / "bin" / "pincite")
        with clock.step("one question, first bundle"):
            print(inside(enclave, [launcher, "ask", args.question, "--home", str(own)], (0, 3, 4)), flush=True)
        before = digest_of(own)
        with clock.step("bundle install, second bundle"):
            print(inside(enclave, [launcher, "bundle", "install", str(enclave / "bundle-2")]), flush=True)
        same = digest_of(own) == before
        print(f"library, audit log and settings after the update: {'unchanged' if same else 'CHANGED'}")
        with clock.step("one question, second bundle"):
            print(inside(enclave, [launcher, "ask", args.question, "--home", str(own)], (0, 3, 4)), flush=True)
        print("going back:", inside(enclave, [launcher, "bundle", "install", str(enclave / "bundle-1")], (1,)))
        sizes.append(("installed, one version", size(prefix / "versions" / "2")))
    finally:
        shutil.rmtree(enclave)
    print("\n| step | seconds |\n|---|---|")
    for name, seconds in clock.steps:
        print(f"| {name} | {seconds:.1f} |")
    print("\n| part | MB |\n|---|---|")
    for name, amount in sizes:
        print(f"| {name} | {amount / 1e6:,.1f} |")
    if not same:
        sys.exit("the home changed")


class Clock:
    """Seconds that each step took."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block."""
        print(f"-- {name}", file=sys.stderr, flush=True)
        began = time.monotonic()
        yield
        self.steps.append((name, time.monotonic() - began))


def python_for_all() -> str:
    """Return a Python of this version that every user of this machine can run."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        sys.exit(
            "This rehearsal needs root, unshare and setpriv: it makes a network namespace and becomes another user."
        )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for found in (getattr(sys, "_base_executable", ""), f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        # through env, because setpriv itself still has root's rights when it starts a program
        if found and not subprocess.call(
            [*as_nobody(), "env", "-i", found, "-c", "import venv"], stderr=subprocess.DEVNULL
        ):
            return str(found)
    sys.exit(f"No Python {version} is installed where every user can run it.")


def as_nobody() -> list[str]:
    """Return the start of a command that gives up root."""
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def inside(enclave: Path, command: Sequence[str], codes: Sequence[int] = (0,)) -> str:
    """Run a command as another user without a network and with an empty environment; return what it printed."""
    bare = ["env", "-i", "PATH=/usr/bin:/bin", f"HOME={enclave / 'user'}", "LANG=C.UTF-8"]
    done = subprocess.run(
        ["unshare", "-n", *as_nobody(), *bare, *command],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=enclave,
    )
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    return (done.stdout or done.stderr).strip()


def make_keys(ceremony: Path) -> str:
    """Make keys and a signed root; return the root's SHA-256."""
    root = ceremony / "1.root.json"
    if not root.exists():
        ceremony.mkdir(parents=True)
        phrase = ["--passphrase-file", str(ceremony / "phrase")]
        (ceremony / "phrase").write_text("only for a rehearsal\n", encoding="utf-8")
        for name in ("first", "second", "third", "release"):
            pincite("bundle", "keys", "new", name, "--to", str(ceremony), *phrase)
        given = [("root", name) for name in ("first", "second", "third")]
        given += [(role, "release") for role in ("targets", "snapshot", "timestamp")]
        words = [word for role, name in given for word in ("--give", role, str(ceremony / f"{name}.pub.json"))]
        pincite("bundle", "keys", "root", *words, "-o", str(root))
        for name in ("first", "second"):
            pincite("bundle", "keys", "sign", str(root), "--key", str(ceremony / f"{name}.pem"), *phrase)
    return hashlib.sha256(root.read_bytes()).hexdigest()


def pincite(*arguments: str) -> None:
    """Run this checkout's program on the connected side; its progress is shown."""
    done = subprocess.run([sys.executable, "-m", "pincite", *arguments], check=False, stdout=sys.stderr, cwd=ROOT)
    if done.returncode:
        sys.exit(f"pincite {' '.join(arguments)} ended with {done.returncode}")


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a directory."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and not file.is_symlink()]
    return sum(file.stat().st_size for file in files)


def digest_of(home: Path) -> str:
    """Return one digest of what must survive an update; logs that any run writes are left out."""
    digest = hashlib.sha256()
    for path in sorted(path for path in home.rglob("*") if path.is_file() and path.suffix != ".log"):
        digest.update(f"{path.relative_to(home)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    main()

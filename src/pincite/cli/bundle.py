"""`pincite bundle`: make a signed bundle on the connected side, verify and install it in the enclave."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.util
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli import bundle_keys
from pincite.cli.sealing import Needs

if TYPE_CHECKING:
    from pincite.bundle.trust import Pin
    from pincite.config import Home, Settings
    from pincite.models.registry import Registry

__all__ = ["bootstrap", "record", "register"]

_INTERRUPTED = 130
_LAST = "last-bundle"
_USAGE = """\
usage: install.py verify  --root-sha256 DIGEST
       install.py install --root-sha256 DIGEST --into PREFIX [--home DIR]
DIGEST is that of the root metadata, as you were told it by another way; --root FILE instead if you brought the file.
With --home, a home that has no library gets the bundle's."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``bundle`` and its commands."""
    parser = subparsers.add_parser(
        "bundle", help="make, verify and install signed bundles for machines without network"
    )
    commands = parser.add_subparsers(dest="bundle_command", required=True, metavar="COMMAND")

    command = commands.add_parser(
        "create",
        parents=[common],
        help="make a signed bundle (needs a network for wheels that are not here yet)",
        description="Gathers the program, its packages, models and corpus in one directory tree and signs it. "
        "An interrupted run goes on where it stopped. docs/bundle.md describes keys and transfer.",
    )
    command.add_argument("out", type=Path, metavar="OUT", help="directory to make")
    command.add_argument(
        "--roots", type=Path, required=True, metavar="DIR", help="where 1.root.json and its successors are"
    )
    command.add_argument(
        "--key", type=Path, action="append", default=[], metavar="FILE", help="a signing key; repeatable"
    )
    bundle_keys.add_passphrase(command)
    command.add_argument("--models", nargs="+", metavar="NAME", help="models; `none` for none (default: the settings')")
    command.add_argument("--corpus", metavar="FILE", help="a corpus.toml; `none` for none (default: the home's)")
    command.add_argument("--library", action="store_true", help="also the home's built library")
    command.add_argument("--wheels", default="build", metavar="DIR", help="a folder of wheels; `build` gathers them")
    command.add_argument("--number", type=int, help="number of the bundle (default: one more than the last)")
    command.add_argument("--days", type=int, default=90, help="days for which it may be installed (default: 90)")
    command.set_defaults(handler=_create, needs=Needs(network=True))

    for name, handler, needs, words in (
        ("verify", _verify, Needs(), "check a bundle whole and change nothing"),
        ("install", _install, Needs(folders=_written), "verify a bundle and install it, or update an installation"),
    ):
        command = commands.add_parser(name, parents=[common], help=words)
        command.add_argument("bundle", type=Path, metavar="DIR", help="the bundle")
        command.add_argument(
            "--into", type=Path, metavar="PREFIX", help="the installation (default: the one that this program is from)"
        )
        command.add_argument("--root", type=Path, metavar="FILE", help="first time: the root metadata you trust")
        command.add_argument("--root-sha256", metavar="DIGEST", help="first time: its SHA-256, as you were told it")
        command.add_argument("--now", type=datetime.datetime.fromisoformat, help=argparse.SUPPRESS)  # for tests
        command.set_defaults(handler=handler, needs=needs)
    bundle_keys.register(commands, common)


def bootstrap(here: Path, arguments: Sequence[str]) -> int:
    """Run verify or install from the bundle in the directory `here`; the entry of a bundle's install.py.

    The process gives up the network for good, where the kernel can be asked for that.
    """
    from pincite.cli import main
    from pincite.seal.seccomp import NO_NETWORK, install, unavailable

    if not arguments or arguments[0] not in ("verify", "install"):
        _note(_USAGE)
        return 0 if {"-h", "--help"} & set(arguments) else 2
    if not unavailable():  # for pip, which this process starts, as well
        install(NO_NETWORK)
    return main(["bundle", arguments[0], str(here), *arguments[1:]])


def record(
    home: Home,
    done: str,
    facts: Mapping[str, str | int],
    *,
    folder: Path | None = None,
    documents: Collection[str] = (),
) -> None:
    """Take note of what was done with a bundle in the audit log of a home, if there is one.

    Within a bundle's own install.py there is no package but those that verify, and no home yet.

    Args:
        home: whose log it is.
        done: "created", "verified", "installed" or "refused".
        facts: numbers, digests, why it was refused; no words of any document.
        folder: where the bundle lies.
        documents: those that it carries: who purges one must call the bundle back.
    """
    if not home.audit.is_dir() or importlib.util.find_spec("cryptography") is None:
        return
    from pincite.assembly import record as append

    files = [str(folder.absolute())] if folder is not None else []
    append(home, "bundle", {"action": done, **facts}, files=files, documents=documents)


def _carried(home: Home, corpus: Path | None, *, library: bool) -> list[str]:
    """Return the documents whose words a bundle carries."""
    from pincite.ingest.corpus_file import Entries
    from pincite.library.changes import listed

    slugs = set(Entries(corpus.read_text(encoding="utf-8"), corpus).slugs()) if corpus is not None else set()
    return sorted(slugs | (listed(home.library).keys() if library else set()))


def _create(args: argparse.Namespace) -> int:
    from pincite.bundle.create import Ingredients, create_bundle
    from pincite.bundle.roots import read_chain
    from pincite.bundle.signing import Lifetimes
    from pincite.bundle.wheels import collect, read_folder
    from pincite.cli.progress import console_progress
    from pincite.config import Home, Settings, checkout_root
    from pincite.models.registry import Registry

    home = Home.find(args.home)
    settings, registry = Settings.load(home), Registry.open(home)
    chain = read_chain(args.roots)
    signers = bundle_keys.unlock(args.key, args.passphrase_file)
    number = args.number or _last(args.roots) + 1
    try:
        if args.wheels == "build":
            root = checkout_root() or Path()
            built = sorted((root / "build" / "wheels").glob("*/"), key=lambda path: path.stat().st_mtime, reverse=True)
            with console_progress() as progress:
                wheels = collect(root / "build" / "bundle-wheels", progress, built=built)
        else:
            wheels = read_folder(Path(args.wheels))
        with console_progress() as progress:
            made = create_bundle(
                args.out,
                Ingredients(
                    wheels,
                    [] if args.models == ["none"] else args.models or _models(settings, registry),
                    registry,
                    _corpus_file(home, args.corpus),
                    home.path / "sources",
                    home.library if args.library else None,
                ),
                chain,
                signers,
                number=number,
                lifetimes=Lifetimes(targets=max(365, args.days), snapshot=args.days, timestamp=args.days),
                progress=progress,
            )
    except KeyboardInterrupt:
        _note("Stopped. Run the same command again to go on from here.")
        return _INTERRUPTED
    (args.roots / _LAST).write_text(f"{number}\n", encoding="ascii")
    facts: dict[str, str | int] = {"number": number, "targets": made.targets_sha256, "files": made.files}
    documents = _carried(home, _corpus_file(home, args.corpus), library=args.library)
    record(home, "created", facts, folder=args.out, documents=documents)
    _say(f"bundle {made.number}: {made.files:,} files, {made.size / 1e6:,.0f} MB in {args.out}")
    _say("For a first installation, tell the operator by another way than the bundle:")
    _say(f"  SHA-256 of install.py            {made.bootstrap_sha256}")
    _say(f"  SHA-256 of {f'{made.root}.root.json':<21} {made.root_sha256}")
    return 0


def _models(settings: Settings, registry: Registry) -> list[str]:
    """Return the names of the models that these settings use."""
    reranker = registry.reranker(settings)
    return [settings.model, settings.embedder, *([reranker] if reranker else [])]


def _last(roots: Path) -> int:
    """Return the number of the last bundle made with these roots; 0 if there was none."""
    from pincite.errors import BundleError

    try:
        return int((roots / _LAST).read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        raise BundleError(f"{roots / _LAST}: not the number of a bundle", hint="Give it: --number N") from error


def _corpus_file(home: Home, given: str | None) -> Path | None:
    from pincite.config import shipped_corpus

    if given is not None:
        return None if given == "none" else Path(given)
    own = home.path / "corpus.toml"
    return own if own.is_file() else shipped_corpus()


def _verify(args: argparse.Namespace) -> int:
    from pincite.bundle.install import trust_of
    from pincite.bundle.verify import verify_bundle
    from pincite.cli.progress import console_progress
    from pincite.config import Home
    from pincite.errors import BundleRefused

    prefix, pin, home = _prefix(args), _pin(args), Home.find(args.home)
    try:
        with console_progress() as progress:
            found = verify_bundle(
                args.bundle, trust_of(prefix) if prefix else None, pin, now=_moment(args.now), progress=progress
            )
    except BundleRefused as error:
        record(home, "refused", {"why": error.message}, folder=args.bundle)
        raise
    trusted = found.trusted
    record(home, "verified", {"number": trusted.number, "targets": trusted.targets_sha256, "root": trusted.root})
    _say(
        f"bundle {trusted.number} (Pincite {found.contents.pincite}): {len(trusted.files):,} files, "
        f"{found.size / 1e6:,.0f} MB, all as signed; root {trusted.root}, sha256 {trusted.root_sha256}; "
        f"to be installed until {trusted.expires:%Y-%m-%d}"
    )
    return 0


def _install(args: argparse.Namespace) -> int:
    from pincite.bundle.install import install_bundle, place_library
    from pincite.cli.progress import console_progress
    from pincite.config import Home
    from pincite.errors import BundleError, BundleRefused

    prefix, pin, home = _prefix(args), _pin(args), Home.find(args.home)
    if prefix is None:
        raise BundleError("nothing says where to install", hint="Give the directory: --into PREFIX")
    try:
        with console_progress() as progress:
            done = install_bundle(args.bundle, prefix, pin, now=_moment(args.now), progress=progress)
            placed = False
            if args.home:
                home.create()
                placed = place_library(done.directory, home.library, progress)
    except BundleRefused as error:
        record(home, "refused", {"why": error.message}, folder=args.bundle)
        raise
    except KeyboardInterrupt:
        _note("Stopped. What was installed before is still in use. Run the same command again to go on from here.")
        return _INTERRUPTED
    record(home, "installed", {"number": done.number, "before": done.before, "pincite": done.contents.pincite})
    if not done.fresh:
        _say(f"bundle {done.number} is installed already; its files are as signed")
    else:
        after = f" in the place of bundle {done.before}" if done.before else ""
        _say(f"bundle {done.number} (Pincite {done.contents.pincite}) is installed{after}: {done.launcher}")
    if placed:
        _say(f"its library was copied to {home.library}")
    elif done.contents.library and not args.home:
        _note("It holds a built library: the same command with --home DIR copies it to a home that has none.")
    return 0


def _written(args: argparse.Namespace) -> Iterable[Path]:
    """Make what an installation writes to, before the seal, and return it."""
    from pincite.config import Home

    if args.home:
        Home.find(args.home).create()
    prefix = _prefix(args)
    if prefix is None:
        return ()
    with contextlib.suppress(OSError):  # said where it is written to
        prefix.mkdir(parents=True, exist_ok=True)
    return (prefix,)


def _prefix(args: argparse.Namespace) -> Path | None:
    if args.into is not None:
        return Path(args.into)
    own = os.environ.get("PINCITE_PREFIX")
    return Path(own) if own else None


def _pin(args: argparse.Namespace) -> Pin | None:
    from pincite.bundle.trust import Pin
    from pincite.errors import ConfigError

    if args.root and args.root_sha256:
        raise ConfigError("--root and --root-sha256 say the same: give one of them")
    return Pin(args.root, args.root_sha256 or "") if args.root or args.root_sha256 else None


def _moment(given: datetime.datetime | None) -> datetime.datetime | None:
    return given.replace(tzinfo=given.tzinfo or datetime.UTC) if given else None


def _say(line: str) -> None:
    print(line)


def _note(line: str) -> None:
    print(line, file=sys.stderr)

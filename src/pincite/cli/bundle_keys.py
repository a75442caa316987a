"""`pincite bundle keys`: the ceremony: make keys, make and sign roots one person after the other, rotate a lost key."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import getpass
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli.sealing import Needs

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner
    from tuf.api.metadata import Metadata, Root

    from pincite.bundle.keys import PublicKey

__all__ = ["add_passphrase", "register", "unlock"]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``keys`` and its commands below ``bundle``."""
    parser = commands.add_parser("keys", help="the key ceremony: keys, roots, signatures, rotation")
    commands = parser.add_subparsers(dest="keys_command", required=True, metavar="COMMAND")

    command = commands.add_parser("new", parents=[common], help="make one person's key, encrypted with a passphrase")
    command.add_argument("name", metavar="NAME", help="who holds it")
    command.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="where to (default: here)")
    add_passphrase(command)
    command.set_defaults(handler=_new, needs=Needs(folders=_keys_folder))

    command = commands.add_parser("root", parents=[common], help="make the first root, still unsigned")
    _assignments(command)
    command.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="1.root.json")
    command.set_defaults(handler=_root, needs=Needs(folders=lambda args: (args.out.absolute().parent,)))

    command = commands.add_parser("rotate", parents=[common], help="make the next root without a lost key")
    command.add_argument("before", type=Path, metavar="ROOT", help="the root in force")
    command.add_argument("--remove", action="append", default=[], metavar="NAME", help="key to remove; repeatable")
    _assignments(command)
    command.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="2.root.json, 3.root.json, …")
    command.set_defaults(handler=_rotate, needs=Needs(folders=lambda args: (args.out.absolute().parent,)))

    command = commands.add_parser("sign", parents=[common], help="add one person's signature to a root")
    command.add_argument("root", type=Path, metavar="ROOT")
    command.add_argument("--key", type=Path, required=True, metavar="FILE", help="that person's key")
    command.add_argument("--previous", type=Path, metavar="ROOT", help="the root before it, from version 2 on")
    add_passphrase(command)
    command.set_defaults(handler=_sign, needs=Needs(folders=lambda args: (args.root.absolute().parent,)))

    command = commands.add_parser("show", parents=[common], help="show a root: who holds what, who signed, its digest")
    command.add_argument("root", type=Path, metavar="ROOT")
    command.add_argument("--previous", type=Path, metavar="ROOT", help="the root before it, from version 2 on")
    command.set_defaults(handler=_show)


def _keys_folder(args: argparse.Namespace) -> Iterable[Path]:
    """Make where keys go, before the seal."""
    with contextlib.suppress(OSError):  # said where it is written to
        args.to.mkdir(parents=True, exist_ok=True)
    return (args.to.absolute(),)


def _assignments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--give", nargs=2, action="append", default=[], metavar=("ROLE", "FILE"),
        help="give a role (root, targets, snapshot, timestamp) to a public key; repeatable",
    )  # fmt: skip
    command.add_argument(
        "--threshold", nargs=2, action="append", default=[], metavar=("ROLE", "N"),
        help="signatures that the role needs (first root: 2 for root, 1 for the others)",
    )  # fmt: skip
    command.add_argument("--days", type=int, default=730, help="days for which the root is accepted (default: 730)")


def add_passphrase(command: argparse.ArgumentParser) -> None:
    """Add the option that names files of passphrases."""
    command.add_argument(
        "--passphrase-file", type=Path, action="append", default=[], metavar="FILE",
        help="first line is the passphrase; one for each key in order, or one for all (default: asked for)",
    )  # fmt: skip


def unlock(keys: Sequence[Path], files: Sequence[Path]) -> list[CryptoSigner]:
    """Unlock keys with passphrases from files or the terminal.

    Raises:
        BundleError: if a passphrase is wrong; ConfigError: if files and keys do not match.
    """
    from pincite.bundle.keys import load_key
    from pincite.errors import ConfigError

    if len(files) not in (0, 1, len(keys)):
        raise ConfigError(f"{len(files)} passphrase files for {len(keys)} keys")
    chosen: list[Path | None] = [*files] if files else [None]
    chosen *= len(keys) if len(chosen) == 1 else 1
    return [
        load_key(key, _passphrase(f"Passphrase of {key.name}: ", file)) for key, file in zip(keys, chosen, strict=True)
    ]


def _passphrase(prompt: str, file: Path | None) -> str:
    from pincite.errors import ConfigError

    if file is not None:
        try:
            return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file}: {error}") from error
    if not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask for a passphrase", hint="Use --passphrase-file FILE.")
    return getpass.getpass(prompt)


def _new(args: argparse.Namespace) -> int:
    from pincite.bundle.keys import create_key
    from pincite.errors import ConfigError

    file = args.passphrase_file[0] if args.passphrase_file else None
    passphrase = _passphrase(f"New passphrase for {args.name}: ", file)
    if file is None and _passphrase("The same once more: ", None) != passphrase:
        raise ConfigError("the two passphrases differ")
    private, public = create_key(args.to, args.name, passphrase)
    print(f"{private}  keep it, with its passphrase, where only {args.name} can use it")
    print(f"{public}  goes to whoever makes the root")
    return 0


def _root(args: argparse.Namespace) -> int:
    from pincite.bundle.roots import ROLES, first_root, lasting, write_root
    from pincite.errors import ConfigError

    given, thresholds = _given(args.give), _thresholds(args.threshold)
    for role in ROLES:
        if not any(other == role for other, _ in given):
            raise ConfigError(f"no key is given the role {role}", hint=f"--give {role} NAME.pub.json")
    roles = {
        role: (thresholds.get(role, 2 if role == "root" else 1), [key for other, key in given if other == role])
        for role in ROLES
    }
    metadata = first_root(roles, lasting(args.days, datetime.datetime.now(datetime.UTC)))
    _fresh(args.out)
    write_root(metadata, args.out)
    return _report(args.out, metadata, None)


def _rotate(args: argparse.Namespace) -> int:
    from pincite.bundle.roots import change_root, lasting, read_root, write_root

    before = read_root(args.before)
    metadata = change_root(
        before,
        lasting(args.days, datetime.datetime.now(datetime.UTC)),
        remove=args.remove,
        add=_given(args.give),
        thresholds=_thresholds(args.threshold),
    )
    _fresh(args.out)
    write_root(metadata, args.out)
    return _report(args.out, metadata, before)


def _sign(args: argparse.Namespace) -> int:
    from pincite.bundle.roots import read_root, sign_root, write_root

    metadata = read_root(args.root)
    before = read_root(args.previous) if args.previous else None
    (signer,) = unlock([args.key], args.passphrase_file[:1])
    sign_root(metadata, signer, before)
    write_root(metadata, args.root)
    return _report(args.root, metadata, before)


def _show(args: argparse.Namespace) -> int:
    from pincite.bundle.roots import read_root

    return _report(args.root, read_root(args.root), read_root(args.previous) if args.previous else None)


def _report(path: Path, metadata: Metadata[Root], before: Metadata[Root] | None) -> int:
    from pincite.bundle.roots import examine

    state = examine(metadata, before, path.read_bytes())
    print(f"{path}: root version {state.version}, accepted until {state.expires:%Y-%m-%d}")
    for role, (threshold, names) in state.roles.items():
        print(f"  {role:<10} {threshold} of {len(names)}: {', '.join(names)}")
    print(f"  signed by  {', '.join(state.signed) or 'nobody yet'}")
    if state.missing:
        print(f"  missing    {'; '.join(state.missing)}")
    else:
        print(f"  complete   sha256 {state.sha256}")
    return 0


def _given(pairs: Sequence[Sequence[str]]) -> list[tuple[str, PublicKey]]:
    from pincite.bundle.keys import read_public

    return [(_role(role), read_public(Path(file))) for role, file in pairs]


def _thresholds(pairs: Sequence[Sequence[str]]) -> dict[str, int]:
    from pincite.errors import ConfigError

    for role, number in pairs:
        if not number.isdecimal():
            raise ConfigError(f"--threshold {role} {number}: not a number")
    return {_role(role): int(number) for role, number in pairs}


def _role(name: str) -> str:
    from pincite.bundle.roots import ROLES
    from pincite.errors import ConfigError

    if name not in ROLES:
        raise ConfigError(f"no role is called {name!r}", hint=f"Known: {', '.join(ROLES)}.")
    return name


def _fresh(path: Path) -> None:
    from pincite.errors import BundleError

    if path.exists():
        raise BundleError(f"{path}: exists already", hint="A root is never replaced; choose the next number.")

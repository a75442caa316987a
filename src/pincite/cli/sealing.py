"""The launcher's seal: what each command may write to, and that none runs without a seal unless that is asked for."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pincite import seal
from pincite.config import Home

__all__ = ["Needs", "add_unsealed", "is_own_folder", "launch"]


_LIBRARIES = ("library", "libraries")
_PARTS = (*_LIBRARIES, "people", "audit", "sessions", "sources")


def _none(_: argparse.Namespace) -> Iterable[Path]:
    return ()


@dataclass(frozen=True, slots=True)
class Needs:
    """What a command needs besides reading; a parser says so with ``set_defaults(needs=…)``.

    A command that says nothing is sealed and may write to its home, if there is one.

    Attributes:
        network: it fetches: it runs without a seal, and must load no document, library or model.
        new_home: it may be the first to use its home, which is then made before the seal.
        folders: the folders that it writes to beside its home; those that do not exist are left out. Called before
            the seal and before the home is made; may refuse what cannot be done.
    """

    network: bool = False
    new_home: bool = False
    folders: Callable[[argparse.Namespace], Iterable[Path]] = _none


def add_unsealed(parser: argparse.ArgumentParser) -> None:
    """Add ``--unsealed``."""
    parser.add_argument(
        "--unsealed",
        action="store_true",
        help="run without the seal that takes the network away; said loudly, and written into every record",
    )


def launch(args: argparse.Namespace) -> None:
    """Seal this process as its command needs it; to be called before anything else is imported or opened.

    Raises:
        SealError: if it cannot be sealed and ``--unsealed`` was not given.
        ConfigError: if a home cannot be made.
    """
    needs: Needs = getattr(args, "needs", Needs())
    if needs.network:
        seal.leave_unsealed("this command fetches, and opens neither documents nor models")
        return
    if getattr(args, "unsealed", False):
        seal.leave_unsealed("--unsealed was given")
        print("NOT SEALED: --unsealed was given. The kernel keeps this process from no network.", file=sys.stderr)
        return
    home = Home.find(getattr(args, "home", None))
    folders = list(needs.folders(args))
    if needs.new_home:
        home.create()
    # where these are links, what they lead to is written
    own = (home.path, *(home.path / name for name in _PARTS))
    # os.path, which raises no error where one may not look
    writable = [folder for folder in (*own, *folders) if os.path.isdir(folder)]  # noqa: PTH112
    by_group = os.path.exists(home.path / "clearance.toml")  # noqa: PTH110 - as above
    seal.seal_process([*writable, *_shared_memory()], devices=_devices(), users=not by_group)
    _use_temporary(home)


def is_own_folder(folder: Path) -> bool:
    """Tell whether a folder that nobody named may be written to: it holds neither this program nor a whole home."""
    kept = (Path(__file__).resolve().parents[1], Path(sys.prefix).resolve(), Path.home().resolve())
    return not any(one.is_relative_to(folder.resolve()) for one in kept)


def _use_temporary(home: Home) -> None:
    """Let libraries put their temporary files where they may be written."""
    known = any(os.path.isdir(home.path / name) for name in _LIBRARIES)  # noqa: PTH112 - as above
    for place in [*([home.temporary] if known else []), *_shared_memory()]:
        try:
            place.mkdir(mode=0o700, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK):
            os.environ["TMPDIR"] = str(place)
            return


def _shared_memory() -> list[Path]:
    return [place for place in (Path("/dev/shm"),) if place.is_dir()]  # noqa: S108 - not for files of ours


def _devices() -> list[Path]:
    """Return the devices that programs of every kind write to: sinks, this process's terminals, and GPUs."""
    found = [Path("/dev", name) for name in ("null", "zero", "full", "random", "urandom", "tty")]
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):  # no terminal, or one that cannot be seen from this container
            found.append(Path(os.ttyname(number)))
    gpus = ("nvidia*", "dri", "kfd", "dxg")
    return found + [device for pattern in gpus for device in sorted(Path("/dev").glob(pattern))]

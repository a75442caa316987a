"""`pincite corpus fetch`: acts from their publishers, on a connected machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pincite.cli.sealing import Needs

__all__ = ["register"]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``fetch``."""
    command = commands.add_parser(
        "fetch",
        parents=[common],
        help="fetch acts from their publishers (needs a network)",
        description="Fetches acts from the interfaces of the EU Publications Office, the United States' eCFR and "
        "legislation.gov.uk into a folder, with a corpus.toml that says where each came from. `pincite corpus add "
        "FOLDER` takes them into the library, here or on the sealed machine that it is carried to. An act that has "
        "changed is kept beside its older text. Without a reference, what the home's corpus.toml names on the package "
        "index is fetched. On a sealed machine the command refuses.",
        epilog="references: eu:CELEX (eu:32016R0679, or eu:02016R0679-20160504 for a consolidated text); "
        "us:TITLE-PART of the CFR (us:45-164); uk:TYPE/YEAR/NUMBER (uk:ukpga/2018/12, uk:eur/2016/679)",
    )
    command.add_argument("references", nargs="*", metavar="REF", help="an act, such as eu:32016R0679")
    command.add_argument("--to", type=Path, metavar="DIR", help="folder for the files; without it HOME/fetched")
    command.add_argument("--language", default="en", metavar="CODE", help="two letters, such as de (default: en)")
    command.add_argument("--date", default="", metavar="YYYY-MM-DD", help="the text of that day; without it the latest")
    command.add_argument("--format", default="", choices=("formex", "xhtml", "xml"), help="the best one without it")
    command.add_argument("--from", dest="base", metavar="URL", help="a server in the place of the publishers' own")
    command.set_defaults(handler=_fetch, needs=Needs(network=True))


def _fetch(args: argparse.Namespace) -> int:
    if not args.references:
        return _listed(args)
    from pincite.ingest.fetching.seal import refuse_if_sealed

    refuse_if_sealed()  # before anything else is loaded or looked at

    from pincite.cli.progress import console_progress
    from pincite.config import Home, Settings
    from pincite.domain.text import printable
    from pincite.ingest.fetching.acts import Wanted, parse_act
    from pincite.ingest.fetching.fetch import Fetcher
    from pincite.ingest.fetching.publishers import load_publishers
    from pincite.models.index import IndexSettings

    home = Home.find(args.home)
    settings = Settings.load(home)
    places = {"eu": settings.publisher_eu, "us": settings.publisher_us, "uk": settings.publisher_uk}
    publishers = load_publishers({key: args.base or base for key, base in places.items()})
    acts = [parse_act(written, publishers) for written in dict.fromkeys(args.references)]
    wanted = Wanted(args.language.lower(), args.date, args.format)
    wanted.check()
    directory = args.to or home.path / "fetched"
    if args.to is None:
        home.create()
    with console_progress() as progress:
        fetcher = Fetcher(directory, ca_bundle=IndexSettings.of_pip().ca_bundle)
        results = list(fetcher.fetch(acts, wanted, progress))
    failed = [fetched.error for fetched in results if fetched.error is not None]
    for fetched in results:
        if fetched.error is None:
            print(f"{fetched.slug}  {'fetched' if fetched.is_new else 'unchanged'}  {fetched.path}")
        for note in fetched.notes:
            print(printable(f"{fetched.written}: {note}"), file=sys.stderr)
    for error in failed:
        print(printable(f"not fetched: {error.message}"), file=sys.stderr)
        if error.hint:
            print(printable(error.hint), file=sys.stderr)
    if len(failed) < len(acts):
        print(f"Take them into the library with: pincite corpus add {directory}", file=sys.stderr)
    return 1 if failed else 0


def _listed(args: argparse.Namespace) -> int:
    """Fetch the sources of the first corpus that lie on the package index."""
    from pincite.assembly import fetch_listed
    from pincite.cli.progress import console_progress
    from pincite.config import Home
    from pincite.errors import ConfigError

    if args.to or args.base or args.date or args.format:
        raise ConfigError("no act is named", hint="--to, --from, --date and --format are about acts: give a REF.")
    with console_progress() as progress:
        files = fetch_listed(Home.find(args.home), progress=progress)
    for file in files:
        print(f"fetched  {file}")
    if not files:
        print("All sources that corpus.toml names are here.", file=sys.stderr)
    return 0

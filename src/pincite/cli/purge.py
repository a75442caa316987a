"""`pincite purge`: erase documents so that it can be proved, complete what was interrupted, verify certificates."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli.sealing import Needs
from pincite.errors import ConfigError

if TYPE_CHECKING:
    from pincite.config import Home
    from pincite.purge.plan import Plan
    from pincite.purge.run import Outcome

__all__ = ["register"]

_DESCRIPTION = """\
Erases documents from library, index, vectors, caches, sources, sessions, batch journals and audit payloads, searches
every file of the home for their bytes, and writes a signed certificate. Shows first what it will touch, and asks.

  pincite purge DOCUMENT... --reason TEXT --authority TEXT
  pincite purge --resume                       complete a purge that was interrupted or had to wait
  pincite purge verify CERTIFICATE --key KEY   check a certificate against the audit log's public key
  pincite purge --dataset NAME ...             withdraw the models that were trained on a data set
  pincite purge --allow FILE ...               let a purged document come back"""

_EPILOG = (
    "exit codes: 0 erased and certified, 4 incomplete (says why; --resume goes on), 1 nothing was erased or an error."
)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``purge``."""
    parser = subparsers.add_parser(
        "purge",
        parents=[common],
        help="erase a document everywhere, and prove it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("documents", nargs="*", metavar="DOCUMENT", help="its name in `corpus list`, versions apart")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; stands in the certificate")
    parser.add_argument("--authority", default="", metavar="TEXT", help="on whose word; stands in the certificate")
    parser.add_argument(
        "--also", action="append", default=[], type=Path, metavar="PATH",
        help="a file or directory outside of the home: what holds words of the document there is erased too",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--resume", action="store_true", help="complete the purge that is pending")
    parser.add_argument("--dataset", default="", metavar="NAME", help="withdraw models trained on this data set")
    parser.add_argument("--restore", action="store_true", help="with --dataset: let its models be loaded again")
    parser.add_argument("--allow", type=Path, metavar="FILE", help="a purged document's file that may be added again")
    parser.add_argument("--key", default="", metavar="KEY", help="with verify: the public key, or a file that holds it")
    parser.set_defaults(handler=_purge, needs=Needs(folders=_folders))


def _folders(args: argparse.Namespace) -> list[Path]:
    """Return what else is written to; called before the seal, behind which nothing is seen of other processes."""
    from pincite.config import Home, models_directory
    from pincite.purge.named import named_folders
    from pincite.purge.readers import observe

    if args.documents[:1] == ["verify"]:
        return []
    home = Home.find(args.home)
    home.require_keeper()
    if args.dataset:
        from pincite.models.manifest import shipped

        return [models_directory(home), shipped().parent]
    observe()
    further = [path.absolute() if path.is_dir() else path.absolute().parent for path in args.also]
    return [*named_folders(home.path), *further]


def _purge(args: argparse.Namespace) -> int:
    from pincite.config import Home

    if args.documents[:1] == ["verify"]:
        return _verify(args.documents[1:], args.key)
    home = Home.find(args.home)
    home.require_keeper()
    if args.resume:
        return _resume(home)
    _need(args, "reason", "authority")
    if args.dataset:
        from pincite.cli.purge_dataset import withdraw_dataset

        return withdraw_dataset(home, args)
    if args.allow is not None:
        return _allow(home, args)
    if not args.documents:
        raise ConfigError("no document named", hint="pincite purge DOCUMENT --reason … --authority …")
    return _documents(home, args)


def _need(args: argparse.Namespace, *names: str) -> None:
    for name in names:
        if not getattr(args, name).strip():
            raise ConfigError(f"--{name} is missing", hint="Reason and authority stand in the certificate and the log.")


def _documents(home: Home, args: argparse.Namespace) -> int:
    from pincite.cli.progress import console_progress
    from pincite.config import shipped_corpus
    from pincite.ingest.corpus_file import start_of
    from pincite.purge.plan import make_plan
    from pincite.purge.run import begin

    slugs = sorted(set(args.documents))
    with console_progress() as progress:
        plan = make_plan(home.path, slugs, names=(args.reason, args.authority), also=args.also, progress=progress)
    _show(plan)
    confirm(args.yes, f"Erase {', '.join(slugs)}, so that nobody can bring it back? Type yes: ")
    with console_progress() as progress:
        outcome = begin(
            home.path,
            plan,
            reason=args.reason,
            authority=args.authority,
            start=start_of(shipped_corpus()),
            progress=progress,
        )
    return _tell(outcome)


def _show(plan: Plan) -> None:
    say("This will be erased:")
    for what, count in plan.counts().items():
        if count:
            say(f"  {what}: {count:,}")
    for title, paths in (
        ("libraries written anew", plan.libraries),
        ("directories overwritten and removed", plan.generations),
        ("copies of the source", plan.copies),
        ("sessions, reports, caches that hold its words", plan.files),
        ("lines of batch journals", plan.journals),
        ("entries in", plan.corpus),
    ):
        for path in paths:
            say(f"  {title}: {path}")
    for directory, records in plan.payloads.items():
        say(f"  payloads of the audit log {directory}: records {', '.join(map(str, records))}")
    for one in plan.recall:
        say(f"To be recalled ({one['kind']} of {one['time']}): {', '.join(one['files']) or 'see the log'}")
    for path in (*plan.outside, *plan.elsewhere):
        say(f"Not under Pincite's control, and stays unless you erase it: {path}")
    for ours, other in plan.twins:
        say(f"{other} has the same words as {ours} and stays.")


def confirm(yes: bool, question: str) -> None:
    """Go on only if the person says so.

    Raises:
        ConfigError: if not, or if nobody can be asked.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("nobody can be asked here", hint="Read what is shown, then run it again with --yes.")
    print(question, end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() != "yes":
        raise ConfigError("nothing was erased")


def _resume(home: Home) -> int:
    from pincite.cli.progress import console_progress
    from pincite.config import shipped_corpus
    from pincite.ingest.corpus_file import start_of
    from pincite.purge.run import resume

    with console_progress() as progress:
        outcome = resume(home.path, start=start_of(shipped_corpus()), progress=progress)
    if outcome is None:
        say("No purge is pending.")
        return 0
    return _tell(outcome)


def _tell(outcome: Outcome) -> int:
    if outcome.certificate is None:
        say("Incomplete; this is no erasure yet:")
        for problem in outcome.problems:
            say(f"  {problem}")
        say("When that is mended: pincite purge --resume")
        return 4
    say("Erased, and searched for: nothing was found. The certificate:")
    print(outcome.certificate)
    return 0


def _verify(certificates: Sequence[str], key: str) -> int:
    from pincite.domain.text import printable
    from pincite.purge.certificate import read_lines, verify_certificate

    if len(certificates) != 1 or not key:
        raise ConfigError("one certificate and its key", hint="pincite purge verify CERTIFICATE --key KEY")
    file = Path(key)
    try:
        text = file.read_text(encoding="utf-8") if "+" not in key or file.is_file() else key
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key}: {error}") from error
    body = verify_certificate(Path(certificates[0]), text)
    for name, words in read_lines(body):
        print(printable(f"{name}: {words}"))
    say("The signature holds.")
    return 0


def _allow(home: Home, args: argparse.Namespace) -> int:
    from contextlib import closing

    from pincite.assembly import read_file
    from pincite.domain.text import sha256_text
    from pincite.ingest.sources import expand_paths
    from pincite.ingest.withdrawn import Withdrawn
    from pincite.record import AuditLog

    document = read_file(home, expand_paths([args.allow])[0])
    sha256 = document.provenance.sha256
    if not Withdrawn(home.path).allow(sha256, sha256_text(document.text)):
        raise ConfigError(f"{args.allow}: this is no document that was purged here")
    with closing(AuditLog.open(home.audit)) as log:
        secret = {"reason": args.reason, "authority": args.authority}
        log.append("purge", {"what": "allowed again", "sha256": sha256}, secret=secret)
    say(f"It may be added again: pincite corpus add {args.allow}")
    return 0


def say(text: str) -> None:
    """Print a line for people."""
    from pincite.domain.text import printable

    print(printable(text), file=sys.stderr)

"""`pincite audit`: read, search, verify and export the audit log."""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli.dates import day
from pincite.cli.sealing import Needs
from pincite.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pincite.record import Record
    from pincite.record.selection import Selection
    from pincite.record.verify_log import Checkpoint, PublicKey

__all__ = ["register"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``audit`` and its commands."""
    parser = subparsers.add_parser("audit", help="read, search, verify and export the audit log")
    commands = parser.add_subparsers(dest="audit_command", required=True, metavar="COMMAND")

    command = commands.add_parser("show", parents=[common], help="show records, the newest last")
    command.add_argument("records", nargs="*", type=int, metavar="RECORD", help="numbers of records, shown whole")
    _shown(command)
    _filters(command)
    command.set_defaults(handler=_show, text="")

    command = commands.add_parser("search", parents=[common], help="show the records in which words stand")
    command.add_argument("text", metavar="TEXT", help="words in the record or in its payload that is not erased")
    _shown(command)
    _filters(command)
    command.set_defaults(handler=_show, records=[])

    command = commands.add_parser(
        "verify",
        parents=[common],
        help="verify the log against checkpoints",
        description="Checks every record, the tree over them and the signatures. Without --checkpoint the log's own "
        "newest one is used, which tells a damaged log but not one that somebody with its key has written anew: keep "
        "checkpoints elsewhere (pincite audit checkpoint -o FILE). Exit code 1 if anything is wrong.",
    )
    command.add_argument("--log", type=Path, metavar="FILE", help="another log than the home's")
    command.add_argument("--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="kept elsewhere")
    command.add_argument("--key", type=Path, metavar="FILE", help="the log's public key, kept elsewhere")
    command.add_argument("--pack", type=Path, metavar="DIR", help="an evidence pack instead of a log")
    command.set_defaults(handler=_verify)

    command = commands.add_parser(
        "checkpoint",
        parents=[common],
        help="sign the log as it is now",
        description="Signs how many records there are and the root over them. Printed or carried elsewhere, these few "
        "lines later show whether any of the records was changed.",
    )
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to; without it, standard output")
    command.set_defaults(handler=_checkpoint, needs=Needs(folders=_beside_output))

    command = commands.add_parser(
        "export",
        parents=[common],
        help="write an evidence pack",
        description="Writes a folder with the chosen records as a printable HTML page and as JSON, the proofs that "
        "they are in the log, a checkpoint, the public key and the verifier. The payloads are in clear in it.",
    )
    command.add_argument("folder", type=Path, metavar="OUT", help="a new folder")
    command.add_argument("--question", default="", metavar="TEXT", help="only records whose question has these words")
    command.add_argument("--record", type=int, action="append", default=[], metavar="N", help="only these records")
    command.add_argument("--whole-log", action="store_true", help="add the whole log, also what others have asked")
    command.add_argument("--since", type=Path, metavar="FILE", help="an earlier checkpoint that the log shall continue")
    _filters(command)
    command.set_defaults(handler=_export, text="", needs=Needs(folders=lambda args: [args.folder.absolute().parent]))


def _beside_output(args: argparse.Namespace) -> list[Path]:
    return [args.output.absolute().parent] if args.output else []


def _filters(command: argparse.ArgumentParser) -> None:
    command.add_argument("--from", dest="first", type=day, metavar="DATE", help="from this day (UTC) on")
    command.add_argument("--to", dest="last", type=day, metavar="DATE", help="up to this day (UTC)")
    command.add_argument("--kind", action="append", default=[], help="answer, refusal, corpus, export and so on")
    command.add_argument("--user", action="append", default=[], help="name of an account")


def _shown(command: argparse.ArgumentParser) -> None:
    command.add_argument("-n", type=int, default=20, metavar="N", help="at most so many (default 20; 0: all)")
    command.add_argument("--before", type=int, metavar="RECORD", help="only records before this one, to page back")
    command.add_argument("--json", action="store_true", help="print JSON lines")


def _selection(args: argparse.Namespace, indices: Iterable[int], question: str = "") -> Selection:
    from pincite.record.selection import Selection

    kinds, users = tuple(args.kind), tuple(args.user)
    return Selection(args.first, args.last, kinds, users, args.text, question, tuple(indices))


def _show(args: argparse.Namespace) -> int:
    from pincite.config import Home
    from pincite.record.reader import read_records

    chosen, left = _chosen(args, read_records(Home.find(args.home).audit))
    for record in chosen:
        if args.json:
            print(json.dumps(asdict(record), ensure_ascii=False).encode("utf-8", "backslashreplace").decode())
        else:
            _print(record, whole=bool(args.records))
    if left:
        print(f"{left:,} more before these: --before {chosen[0].index}", file=sys.stderr)
    if not chosen:
        print("No such record.", file=sys.stderr)
    return 0 if chosen else 3


def _chosen(args: argparse.Namespace, records: Iterable[Record]) -> tuple[list[Record], int]:
    """Return the newest records that are meant, and how many older ones were left out."""
    selection = _selection(args, args.records)
    kept: deque[Record] = deque(maxlen=None if args.records or args.n <= 0 else args.n)
    count = 0
    for record in records:
        if args.before is not None and record.index >= args.before:
            break
        if selection.takes(record):
            kept.append(record)
            count += 1
    return list(kept), count - len(kept)


def _print(record: Record, *, whole: bool) -> None:
    from pincite.record.selection import headline, in_words

    print(headline(record))
    for line in in_words(record, whole=whole):
        print(f"    {line}")


def _verify(args: argparse.Namespace) -> int:
    from pincite.cli.progress import console_progress
    from pincite.config import Home
    from pincite.record.chain import LOG
    from pincite.record.log import CHECKPOINT
    from pincite.record.signing import PUBLIC_KEY
    from pincite.record.verify_log import VerifyError, verify_log, verify_pack

    audit = Home.find(args.home).audit
    try:
        if args.pack:
            report = verify_pack(args.pack, _key(args.key) if args.key else None)
        else:
            key = _key(args.key or audit / PUBLIC_KEY)
            own = [] if args.log or args.checkpoint else [audit / CHECKPOINT]
            notes = [_note(file, key) for file in (*args.checkpoint, *own)]
            content = (args.log or audit / LOG).read_bytes()
            total = content.count(b"\n")
            with console_progress() as progress:

                def each(done: int) -> None:
                    if done % 100 == 0:
                        progress("Verifying", done, total, "records")

                report = verify_log(content, key, notes, each)
    except VerifyError as error:
        raise RecordError(f"not verified: {error}", hint="Compare with a backup, and with checkpoints.") from error
    except OSError as error:
        raise RecordError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"not verified: cannot be read ({error})") from error
    for line in report.lines():
        print(line)
    if not args.pack and not args.checkpoint:
        print("The checkpoint is the log's own; one that was kept elsewhere says more (--checkpoint).", file=sys.stderr)
    print("VERIFIED")
    return 0


def _key(file: Path) -> PublicKey:
    from pincite.record.verify_log import PublicKey

    return PublicKey.parse(file.read_text(encoding="utf-8"))


def _note(file: Path, key: PublicKey) -> Checkpoint:
    from pincite.record.verify_log import Checkpoint

    return Checkpoint.open(file.read_text(encoding="utf-8"), key)


def _checkpoint(args: argparse.Namespace) -> int:
    from contextlib import closing

    from pincite.assembly import open_log
    from pincite.config import Home

    with closing(open_log(Home.find(args.home))) as log:
        where = str(args.output.absolute()) if args.output else "standard output"
        log.append("checkpoint", {"what": "exported"}, files=[where] if args.output else [])
        note = log.checkpoint()
        if args.output:
            try:
                args.output.write_text(note, encoding="utf-8")
            except OSError as error:
                raise RecordError(f"{args.output}: {error.strerror}", hint="Choose another place with -o.") from error
        else:
            print(note, end="")
        print(f"public key: {log.public_key}", file=sys.stderr)
    return 0


def _export(args: argparse.Namespace) -> int:
    from pincite.assembly import write_evidence
    from pincite.config import Home

    earlier = ""
    if args.since:
        try:
            earlier = args.since.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise RecordError(f"{args.since}: {error}") from error
    selection = _selection(args, args.record, args.question)
    files = write_evidence(
        Home.find(args.home), args.folder, selection, earlier=earlier, whole_log=args.whole_log
    )  # fmt: skip
    for file in files:
        print(file)
    return 0

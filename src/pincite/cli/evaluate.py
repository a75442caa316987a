"""`pincite evaluate`: a library and a model measured against questions whose answers are known."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from pincite.cli.sealing import Needs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pincite.config import Home
    from pincite.evaluate.examine import Examiner
    from pincite.evaluate.sets import Case, QuestionSet

__all__ = ["register"]

_EPILOG = (
    "Every finished question is kept beside RUN.json at once; a run that was stopped goes on when the same command is "
    "given again. Exit codes: 0 done, 1 error, 130 or 143 stopped. Fields of a set and definitions of all measures: "
    "docs/evaluate.md."
)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``evaluate``."""
    parser = subparsers.add_parser(
        "evaluate",
        parents=[common],
        help="measure answers and search against known answers",
        description="Asks every question of a set, compares what comes with what is known, and prints the measures "
        "with their 95% intervals.",
        epilog=_EPILOG,
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="question set, JSON lines")
    parser.add_argument(
        "--bench", type=Path, metavar="DIR", help="instead of FILE: corpus.jsonl and question sets of passage ids"
    )
    parser.add_argument(
        "--first", type=_positive, metavar="N", help="of a benchmark, only the first N passages and their questions"
    )
    parser.add_argument("--out", type=Path, metavar="RUN.json", help="where the run is kept (default: in the home)")
    parser.add_argument("--limit", type=_positive, metavar="N", help="only the first N questions")
    parser.add_argument("--every", type=_positive, default=1, metavar="N", help="only every N-th question")
    parser.add_argument(
        "--kind", action="extend", nargs="+", default=[], metavar="K", help="only questions of these kinds"
    )
    parser.add_argument("--retrieval", action="store_true", help="only search; no language model is loaded")
    parser.add_argument(
        "--document", action="append", default=[], metavar="SLUG", help="gold units such as A33 count in this document"
    )
    parser.add_argument("--fresh", action="store_true", help="start anew instead of going on")
    parser.add_argument("--worst", type=_positive, metavar="N", help="also print the N worst cases")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("A.json", "B.json"), help="compare two runs instead")
    parser.add_argument(
        "--calibrate", action="store_true", help="choose the bar for abstention for this library; only searches"
    )
    parser.add_argument(
        "--bound",
        type=_share,
        metavar="X",
        help="with --calibrate: share of unanswerable questions that may be answered (default 0.08)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(handler=_evaluate, needs=Needs(folders=_folders))


def _folders(args: argparse.Namespace) -> list[Path]:
    from pincite.config import Home
    from pincite.errors import EvaluationError

    if args.bench is not None:
        Home.find(args.home).create()
    if args.out is None:
        return []
    folder: Path = args.out.absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(f"{folder}: {error.strerror}") from error
    return [folder]


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return value


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 to below 1")
    return value


def _evaluate(args: argparse.Namespace) -> int:
    from pincite.errors import EvaluationError

    if args.compare:
        return _compare(args)
    if args.bench is not None and (args.file is not None or args.calibrate):
        raise EvaluationError(
            "--bench takes its questions from DIR, and all of them have an answer",
            hint="Leave FILE and --calibrate out.",
        )
    if args.bench is not None:
        return _bench(args)
    if args.file is None:
        raise EvaluationError("no question set is named", hint="pincite evaluate FILE; docs/evaluate.md says its form.")
    from pincite.config import Home
    from pincite.evaluate.sets import choose, load_set

    # a set that cannot be used is refused before anything is loaded
    questions = load_set(args.file)
    cases = choose(questions.cases, every=args.every, limit=args.limit, kinds=args.kind)
    home = Home.find(args.home)
    args.retrieval = args.retrieval or args.calibrate
    out = args.out or home.path / "evaluations" / f"{args.file.stem}{'-retrieval' if args.retrieval else ''}.json"
    with _examiner(home, args) as examiner:
        code, run = _run(args, [questions], cases, examiner, out)
    if run is None:
        return code
    if args.calibrate:
        return _calibrate(args, home, run)
    return _show(args, run)


@contextmanager
def _examiner(home: Home, args: argparse.Namespace) -> Iterator[Examiner]:
    from pincite.assembly import open_assistant, open_searcher
    from pincite.config import Settings
    from pincite.evaluate.examine import Examiner
    from pincite.evaluate.gold import Resolver

    settings = Settings.load(home)
    engine = None if args.retrieval else open_assistant(home, settings)
    searcher = engine.searcher if engine else open_searcher(home, settings)
    try:
        yield Examiner(searcher, Resolver(searcher.library, args.document), settings, engine)
    finally:
        if engine is not None:
            engine.close()
        else:
            searcher.library.close()


def _bench(args: argparse.Namespace) -> int:
    from pincite.assembly import open_benchmark
    from pincite.cli.progress import console_progress
    from pincite.config import Home, Settings
    from pincite.evaluate.bench import load_benchmark
    from pincite.evaluate.examine import Examiner
    from pincite.evaluate.gold import Resolver
    from pincite.evaluate.sets import choose

    benchmark = load_benchmark(args.bench, args.first)
    home = Home.find(args.home)
    # beside the user's own library, never in its place
    place = home if args.home else Home(home.path / "bench" / benchmark.name)
    cases = [
        case
        for one in benchmark.sets
        if one.cases
        for case in choose(one.cases, every=args.every, limit=args.limit, kinds=args.kind)
    ]
    with console_progress() as progress:
        searcher = open_benchmark(home, place, benchmark, progress=progress)
    try:
        examiner = Examiner(searcher, Resolver(searcher.library, passages=benchmark.passages), Settings.load(home))
        out = args.out or place.path / "evaluations" / f"{benchmark.name}.json"
        code, run = _run(args, benchmark.sets, cases, examiner, out)
    finally:
        searcher.library.close()
    return code if run is None else _show(args, run)


def _run(
    args: argparse.Namespace, sets: Sequence[QuestionSet], cases: Sequence[Case], examiner: Examiner, out: Path
) -> tuple[int, dict[str, Any] | None]:
    """Run, and keep the run in `out`; return the exit code and the run, None if it was stopped."""
    from pincite.cli.progress import console_progress
    from pincite.domain.text import printable_path
    from pincite.evaluate.journal import Journal, journal_of, write_run
    from pincite.evaluate.run import Stopped, conditions, run_set, summary

    given = {**conditions(examiner), "gold_in": sorted(args.document)}
    options = {"every": args.every, "limit": args.limit, "kinds": args.kind}
    with Journal(journal_of(out), fresh=args.fresh) as journal:
        try:
            with _stopping() as stop, console_progress() as progress:
                records = run_set(cases, examiner, journal, given, progress=progress, stop=stop.flag)
        except Stopped as stopped:
            print(
                f"Stopped. {stopped.done} of {stopped.total} questions are kept; run the same command to go on.",
                file=sys.stderr,
            )
            return 128 + stop.number, None
        run = summary(sets, given, options, records)
        write_run(out, run)
        journal.remove()
    _warn(run)
    print(f"kept in {printable_path(out)}", file=sys.stderr)
    return 0, run


def _show(args: argparse.Namespace, run: dict[str, Any]) -> int:
    from pincite.evaluate.report import run_table, worst_cases

    if args.json:
        print(json.dumps(run, ensure_ascii=False, indent=1))
    else:
        print(run_table(run), end="")
        if args.worst:
            print(f"\n{worst_cases(run, args.worst)}", end="")
    return 0


def _calibrate(args: argparse.Namespace, home: Home, run: dict[str, Any]) -> int:
    from pincite.domain.text import printable_path
    from pincite.evaluate.calibrate import MOST_ANSWERED, calibrate, calibration_table, points_of, policy_text
    from pincite.evaluate.journal import write_text

    bound = MOST_ANSWERED if args.bound is None else args.bound
    found = calibrate(points_of(run["questions"]), bound)
    path = home.library / "abstention.toml"
    write_text(path, policy_text(found, run["sets"][0]["file"]))
    print(f"threshold {found.chosen.threshold:.4f} written to {printable_path(path)}", file=sys.stderr)
    print(json.dumps(found.to_json(), indent=1) if args.json else calibration_table(found), end="")
    return 0


def _warn(run: dict[str, Any]) -> None:
    """Say on standard error which gold the library does not hold: no search can find it."""
    absent = [q["id"] for q in run["questions"] if not all(group["in_library"] for group in q["expected"]["gold"])]
    if absent:
        named = ", ".join(absent[:8]) + (" …" if len(absent) > len(absent[:8]) else "")
        print(f"warning: the library lacks gold evidence of {len(absent)} questions: {named}", file=sys.stderr)


def _compare(args: argparse.Namespace) -> int:
    from pincite.evaluate.compare import compare, comparison_table
    from pincite.evaluate.run import load_run

    first, second = args.compare
    found = compare(load_run(first), load_run(second))
    if args.json:
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
    else:
        print(comparison_table(found, str(first), str(second)), end="")
    return 0


class _Stop:
    """What a signal sets, and which signal it was."""

    def __init__(self) -> None:
        self.flag = Flag()
        self.number = signal.SIGINT


@contextmanager
def _stopping() -> Iterator[_Stop]:
    """Let Ctrl-C and SIGTERM stop between two questions, or within one as soon as the engine can."""
    stop = _Stop()

    def stopped(number: int, _: object) -> None:
        stop.number = signal.Signals(number)
        stop.flag.set()

    before = {number: signal.signal(number, stopped) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

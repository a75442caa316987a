"""Questions an hour: a batch against a loop of single asks, in one run; ``python -m benchmarks.batch --help``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pincite.batch.forms import open_form

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = ROOT / "corpus" / "questions" / "third-party-dataset.csv"


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", help="home with a built library (default: the checkout's)")
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--limit", type=int, default=10, help="how many of the questions (default 10)")
    args = parser.parse_args()
    home = ["--home", args.home] if args.home else []
    asked = [row.asked for row in open_form(args.questions).rows[: args.limit]]

    began = time.monotonic()
    evidence = 0.0
    for question in asked:
        done = _pincite("ask", question, "--json", *home)
        evidence += json.loads(done.stdout)["timings"]["evidence"]
    loop = time.monotonic() - began

    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "out.jsonl")
        began = time.monotonic()
        summary = json.loads(
            _pincite("batch", str(args.questions), "-o", output, "--limit", str(len(asked)), "--json", *home).stdout
        )
        batch = time.monotonic() - began
        lines = [json.loads(line) for line in Path(output).read_text(encoding="utf-8").splitlines()]
    answers = sum(line["status"] in ("answered", "partial") for line in lines)
    print(f"{len(asked)} questions, {answers} answered whole or in part, model {summary['model']}\n")
    print("| | seconds | questions an hour |\n|---|---|---|")
    for name, seconds in (("loop of `pincite ask`", loop), ("`pincite batch`, start included", batch)):
        print(f"| {name} | {seconds:.1f} | {3600 * len(asked) / seconds:.0f} |")
    print(f"\nSearching took {evidence:.2f} s of the loop: what searching ahead of the model could save at most.")


def _pincite(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pincite", *arguments], capture_output=True, encoding="utf-8", check=False, cwd=ROOT
    )
    if done.returncode not in (0, 3, 4):
        sys.exit(done.stderr)
    return done


if __name__ == "__main__":
    main()

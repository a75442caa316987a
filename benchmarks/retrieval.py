"""Retrieval on questions in staff's own words (../shared/eval/dev.jsonl): all gold evidence in the first k passages.

The library is built once from ../shared/corpora into .pincite/bench, which takes tens of minutes on two cores.
What each feature of the ranker adds: ``python -m benchmarks.retrieval --ablate`` leaves out one after the other; there
the reranker reads nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.snippets import SHARED, covered, load_questions
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.assembly import build_corpus, open_searcher
from pincite.cli.progress import console_progress
from pincite.config import Home, Settings, checkout_root
from pincite.search import Searcher
from pincite.search.features import FEATURES
from pincite.search.ranking import Ranker
from pincite.search.search import SearchResult

CUTS = (1, 5, 10, 50)
REGULATIONS = (
    "gdpr-2016-679.formex.xml",
    "nis2-2022-2555.eurlex.html",
    "dora-2022-2554.eurlex.html",
    "data-act-2023-2854.eurlex.html",
    "dsa-2022-2065.eurlex.html",
    "eprivacy-2002-58.eurlex.html",
    "cra-2024-2847.eurlex.html",
    "ai-act-2024-1689.eurlex.html",
    "bipa-740-ilcs-14.md",
    "ccpa.leginfo.html",
    "vcdpa.html",
    "hipaa-45cfr-160-162-164.txt",
    "coppa-16cfr312.md",
)
POLICIES = (
    "jupiterone_templates/templates",
    "comply_soc2/themes/comply-soc2/policies",
    "basecamp",
    "pagerduty_ir/docs",
)


def main() -> int:
    """Build what is needed, run, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=(checkout_root() or Path()) / ".pincite" / "bench")
    parser.add_argument("--ablate", action="store_true", help="leave out each feature of the ranker in turn")
    parser.add_argument("--abstention", action="store_true", help="print the strength of evidence by kind of question")
    args = parser.parse_args()
    if not SHARED.is_dir():
        print(f"{SHARED} is not there: nothing to measure against", file=sys.stderr)
        return 1
    home = Home(args.home)
    corpora = SHARED / "corpora"
    paths = [corpora / "regulations" / name for name in REGULATIONS] + [
        corpora / "policies" / name for name in POLICIES
    ]
    with console_progress() as progress:
        build_corpus(home, paths, progress=progress)
    searcher = open_searcher(home)
    questions = load_questions(SHARED / "eval" / "dev.jsonl")
    print(f"{len(searcher.library.vectors)} passages, {len(questions)} questions")
    if args.abstention:
        strengths(searcher, questions)
    elif args.ablate:
        ranker = Ranker.load()
        print(f"{'with reranker':16} {row(recall(searcher, questions))}")
        alone = Searcher(searcher.library, searcher.embedder)
        print(f"{'ranker alone':16} {row(recall(alone, questions))}")
        for at, name in enumerate(FEATURES):
            weights = ranker.weights.copy()
            weights[at] = 0
            without = Searcher(searcher.library, searcher.embedder, ranker=replace(ranker, weights=weights))
            print(f"{'- ' + name:16} {row(recall(without, questions))}")
    else:
        print(row(recall(searcher, questions)))
    return 0


def recall(searcher: Searcher, questions: list[dict[str, Any]]) -> dict[str, float]:
    """Return the share of answerable questions with all gold evidence within the first k passages, and the time."""
    found = dict.fromkeys(CUTS, 0)
    seconds = []
    answerable = [question for question in questions if question["answerable"]]
    for question in answerable:
        began = time.perf_counter()
        result = searcher.search(question["question"], max(CUTS))
        seconds.append(time.perf_counter() - began)
        texts = passages_text(searcher, result)
        for cut in CUTS:
            found[cut] += covered(question["evidence"], texts[:cut])
    values = {f"R@{cut}": count / len(answerable) for cut, count in found.items()}
    return values | {"ms": 1000 * statistics.median(seconds)}


def passages_text(searcher: Searcher, result: SearchResult) -> list[str]:
    """Return the text of each passage found, its lead-in before it."""
    texts = []
    for hit in result.hits:
        text = searcher.library.document(searcher.library.documents[hit.passage.document].slug).text
        lead = hit.passage.lead_in.of(text) if hit.passage.lead_in else ""
        texts.append(f"{lead} {hit.passage.span.of(text)}")
    return texts


def strengths(searcher: Searcher, questions: list[dict[str, Any]]) -> None:
    """Print the strength of the best evidence for questions that can and cannot be answered."""
    for question in sorted(questions, key=lambda q: (q["answerable"], q["kind"])):
        result = searcher.search(question["question"])
        evidence = select_evidence(searcher, result, Settings().evidence_tokens, rough_tokens)
        strength = max((one.strength for one in evidence), default=0.0)
        named = "named" if result.lookup.missing else ""
        print(f"{strength:.3f} {question['id']} {question['kind']:18} {named:6} {question['question'][:80]}")


def row(values: dict[str, float]) -> str:
    """Return a line of the table."""
    return "  ".join(f"{name} {value:.3f}" if name != "ms" else f"{value:.0f} ms" for name, value in values.items())


if __name__ == "__main__":
    sys.exit(main())

"""Answers measured: time to evidence, time to answer, prompt tokens, and the whole time against llama.cpp's own.

``python -m benchmarks.answer`` asks the questions of `QUESTIONS` of the first corpus with the default model, once
each, after one question that warms everything up. Prints a row a question and the medians; ``--transcript FILE``
also writes the answers.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from pincite.answer.engine import Engine
from pincite.answer.report import to_text
from pincite.assembly import build_corpus, fetch_listed, open_assistant
from pincite.cli.progress import console_progress
from pincite.config import Home
from pincite.domain.answers import Answer
from pincite.domain.events import Evidence, Finished, Refused

WARM_UP = "What is a processor?"
QUESTIONS = (
    "Within how many hours must a personal data breach be notified to the supervisory authority?",
    "How long do we have to answer a data subject request?",
    "May we train a model on photos that a partner's users uploaded?",
    "How long do we keep access logs?",
    "Do we need a DPIA before we train a model on customer data?",
    "May a vendor engage a sub-processor without asking us?",
    "From what age can children consent to an online service on their own?",
    "May we use face recognition to find out who is in a picture?",
    "What must the record of processing activities contain?",
    "Who can lift a legal hold?",
    "How long are the CVs of rejected applicants kept?",
    "May I paste customer data into a public chatbot?",
    "What must happen to a model if its training data has to be deleted?",
    "How is a model brought into the air-gapped zone?",
    "When must a processor tell us about a breach?",
    "May personal data be sent to a vendor outside the EEA?",
    "How high can the fine be for breaking the basic principles of processing?",
    "What is pseudonymisation?",
    "How soon must access be removed when somebody leaves?",
    "Which checks are needed before we buy a dataset?",
    "Can a data subject withdraw consent at any time?",
    "What does Article 104 of the GDPR say?",
    "What is the VAT rate in Germany?",
)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="home whose library is asked")
    parser.add_argument("--transcript", type=Path, help="write questions and unedited answers to this file")
    args = parser.parse_args()
    home = Home.find(args.home)
    if home.library.joinpath("CURRENT").exists() is False:
        with console_progress() as progress:
            fetch_listed(home, progress=progress)
            build_corpus(home, progress=progress)
    engine = open_assistant(home)
    ask(engine, WARM_UP)
    rows = []
    transcript = []
    print(f"{'evidence':>8} {'total':>7} {'prompt':>6} {'answer':>6} {'ratio':>6}  status     question")
    for question in QUESTIONS:
        answer, evidence, total, ratio = ask(engine, question)
        rows.append((answer, evidence, total, ratio))
        shown = f"{ratio:6.3f}" if ratio else "     -"
        print(
            f"{evidence:8.3f} {total:7.2f} {answer.prompt_tokens:6} {answer.answer_tokens:6} {shown}  "
            f"{answer.status.value:10} {question}"
        )
        transcript.append(f"## {question}\n\n```text\n{to_text(answer)}\n```\n")
    engine.close()
    summary(rows)
    if args.transcript:
        args.transcript.write_text("\n".join(transcript), encoding="utf-8")
    return 0


def ask(engine: Engine, question: str) -> tuple[Answer, float, float, float]:
    """Return the answer, seconds until the evidence was shown, seconds in all, and whole time over llama.cpp's own."""
    began = time.perf_counter()
    evidence = 0.0
    for event in engine.ask(question):
        if isinstance(event, Evidence):
            evidence = time.perf_counter() - began
        elif isinstance(event, Finished | Refused):
            total = time.perf_counter() - began
            backend = engine.last_backend_seconds
            return event.answer, evidence or total, total, total / backend if backend else 0.0
    raise RuntimeError("the answer ended without a result")


def summary(rows: list[tuple[Answer, float, float, float]]) -> None:
    """Print medians over the questions that the model was asked, and the spread."""
    drafted = [row for row in rows if row[0].prompt_tokens]
    columns = {
        "seconds to evidence (all)": [row[1] for row in rows],
        "seconds to answer (model asked)": [row[2] for row in drafted],
        "prompt tokens": [float(row[0].prompt_tokens) for row in drafted],
        "whole time / llama.cpp's own": [row[3] for row in drafted],
    }
    print(f"\n{len(rows)} questions, {len(drafted)} with the model")
    for name, values in columns.items():
        ordered = sorted(values)
        p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
        print(
            f"{name:32} median {statistics.median(values):8.3f}   "
            f"min {ordered[0]:8.3f}   p95 {p95:8.3f}   max {ordered[-1]:8.3f}"
        )


if __name__ == "__main__":
    sys.exit(main())

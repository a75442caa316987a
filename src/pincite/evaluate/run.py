"""A run: the questions of a set asked one after the other, what is finished kept, everything summed up at the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pincite
from pincite import __version__
from pincite.answer.abstain import Policy
from pincite.domain.progress import Progress, silent
from pincite.embed import Embedder
from pincite.errors import EvaluationError
from pincite.evaluate.examine import Examiner, Interrupted
from pincite.evaluate.journal import Journal
from pincite.evaluate.measures import by_group, evaluate
from pincite.evaluate.sets import Case, QuestionSet

__all__ = ["Stopped", "conditions", "load_run", "run_set", "summary"]

FORM = 1
"""Counted up when the file of a run changes its form."""

_SETTINGS = ("context", "answer_tokens", "evidence_tokens", "passages")
_DECIDING = ("answer", "domain", "embed", "evaluate", "llm", "search")
"""Packages whose code decides what an answer is and how it is judged."""


class Stopped(Exception):
    """The run was stopped; `done` of `total` questions are in the journal."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__(f"{done} of {total}")
        self.done = done
        self.total = total


def conditions(examiner: Examiner) -> dict[str, Any]:
    """Return everything besides the question that decides what comes: models, library, settings, code.

    A question finished under the same conditions is not asked again.
    """
    library = examiner.searcher.library
    found: dict[str, Any] = {
        "pincite": __version__,
        "code": _code_sha256(),
        "mode": "retrieval" if examiner.engine is None else "answers",
        "library": library.generation,
        "documents": len(library.documents),
        "passages": len(library.vectors),
        "embedder": dict(library.manifest["embedder"]),
        "reranker": _named(examiner.searcher.second),
        "abstention": Policy.of(library.directory).sha256,
        "settings": {name: asdict(examiner.settings)[name] for name in _SETTINGS},
    }
    if examiner.engine is not None:
        model = examiner.engine.load()
        found["model"] = {"title": model.title, "sha256": model.sha256}
    return found


def _named(embedder: Embedder | None) -> dict[str, str]:
    return {"name": embedder.name, "sha256": embedder.sha256} if embedder else {}


def run_set(
    cases: Sequence[Case],
    examiner: Examiner,
    journal: Journal,
    given: Mapping[str, Any],
    *,
    progress: Progress = silent,
    stop: Flag | None = None,
) -> list[dict[str, Any]]:
    """Ask every question that the journal does not have and return the records of all, in order.

    Args:
        cases: the questions.
        examiner: asks.
        journal: has what was finished before, and gets what is finished now.
        given: the `conditions`, and whatever else decides how a question is judged.
        progress: told about every question finished.
        stop: set it to stop; the question that is being asked is not kept.

    Raises:
        Stopped: if `stop` was set.
    """
    stop = stop or Flag()
    base = json.dumps(given, sort_keys=True, ensure_ascii=False)
    keys = [hashlib.sha256(f"{base}\n{case.digest}".encode()).hexdigest() for case in cases]
    done = sum(journal.get(key) is not None for key in keys)
    what = "Asking" if examiner.engine is not None else "Searching"
    progress(what, done, len(cases), "questions")
    records = []
    for key, case in zip(keys, cases, strict=True):
        record = journal.get(key)
        if record is None:
            if stop.is_set():
                raise Stopped(done, len(cases))
            try:
                record = examiner.examine(case, stop)
            except Interrupted as error:
                raise Stopped(done, len(cases)) from error
            journal.append(key, record)
            done += 1
            progress(what, done, len(cases), "questions")
        records.append(record)
    return records


def summary(
    sets: Sequence[QuestionSet], given: Mapping[str, Any], options: Mapping[str, Any], records: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return a whole run as plain JSON values: what was asked of what, the measures, every question."""
    return {
        "form": FORM,
        "sets": [{"file": one.path.name, "form": one.form, "sha256": one.sha256} for one in sets],
        "options": dict(options),
        "conditions": dict(given),
        "measures": {name: value.to_json() for name, value in evaluate(records).items()},
        "by": {
            dimension: {
                name: {measure: value.to_json() for measure, value in values.items()} for name, values in groups.items()
            }
            for dimension, groups in by_group(records).items()
        },
        "questions": list(records),
    }


def load_run(path: Path) -> dict[str, Any]:
    """Read a run's file.

    Raises:
        EvaluationError: if it cannot be read or is no run of this form.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise EvaluationError(f"{path}: not JSON: {error}") from error
    if not isinstance(run, dict) or run.get("form") != FORM or "questions" not in run:
        raise EvaluationError(f"{path}: no run of this program's form", hint="It is written by pincite evaluate --out.")
    return run


def _code_sha256() -> str:
    """Return the digest of the code and tables that decide what an answer is."""
    root = Path(pincite.__file__).parent
    digest = hashlib.sha256()
    for package in _DECIDING:
        for file in sorted((root / package).rglob("*")):
            if file.suffix in (".py", ".toml"):
                digest.update(f"{file.relative_to(root)}\n".encode() + file.read_bytes())
    return digest.hexdigest()

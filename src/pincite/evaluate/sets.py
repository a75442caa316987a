"""Question sets: three forms of JSON lines, recognised by their fields, every row checked before anything is asked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pincite.answer.engine import clean_question
from pincite.domain.text import printable, printable_path
from pincite.errors import EvaluationError, QuestionError
from pincite.evaluate.snippets import straighten

__all__ = [
    "Case",
    "QuestionSet",
    "Target",
    "TargetKind",
    "choose",
    "load_passage_set",
    "load_set",
    "read_rows",
    "row_error",
]


class TargetKind(StrEnum):
    """What a gold target names: words of a source, a provision by its label, or a benchmark's passage by its id."""

    SNIPPET = "snippet"
    PROVISION = "provision"
    PASSAGE = "passage"


@dataclass(frozen=True, slots=True)
class Target:
    """One place where (part of) the answer stands; `value` is the words, the label or the id."""

    kind: TargetKind
    value: str


@dataclass(frozen=True, slots=True)
class Case:
    """One question with what is known about its answer.

    Attributes:
        id: unique in its set.
        question: as it is asked.
        kind, source, tags: what the results are broken down by; any may be empty.
        answerable: whether the corpus answers it; None where the set does not say.
        gold: groups of alternative targets; every group is needed, one target of it suffices.
        must: patterns that a right answer matches, all of them (`re.search`, ignoring case).
        must_not: patterns of wrong answers, none of which it may match.
        note: the expected answer in words.
        digest: SHA-256 of the row.
    """

    id: str
    question: str
    kind: str
    answerable: bool | None
    gold: tuple[tuple[Target, ...], ...]
    must: tuple[re.Pattern[str], ...]
    must_not: tuple[re.Pattern[str], ...]
    source: tuple[str, ...]
    tags: tuple[str, ...]
    note: str
    digest: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A file of questions: its form ("pincite", "facts", "units" or "passages"), its digest and its cases in order."""

    path: Path
    form: str
    sha256: str
    cases: tuple[Case, ...]


def load_set(path: Path) -> QuestionSet:
    """Read and check a question set; its form is told by the fields of its first row.

    Raises:
        EvaluationError: naming file, line and field of the first row that cannot be used.
    """
    data, rows = read_rows(path)
    first = rows[0][1]
    if first.keys() & {"expected_facts", "gold_units"}:
        form, case_of = "facts", _facts_case
    elif "gold" in first and "category" in first:
        form, case_of = "units", _units_case
    elif "gold" in first:
        raise EvaluationError(
            f"{printable_path(path)} is a benchmark's question set: its gold is passage ids",
            hint="Name the directory that also holds its corpus.jsonl: pincite evaluate --bench DIR",
        )
    else:
        form, case_of = "pincite", _own_case
    return QuestionSet(path, form, hashlib.sha256(data).hexdigest(), _cases(path, rows, case_of))


def load_passage_set(path: Path) -> QuestionSet:
    """Read a benchmark's question set: `id`, `question` and `gold`, a list of passage ids; other fields are ignored.

    Raises:
        EvaluationError: as `load_set`.
    """
    data, rows = read_rows(path)
    return QuestionSet(path, "passages", hashlib.sha256(data).hexdigest(), _cases(path, rows, _passages_case))


def choose(
    cases: Sequence[Case], *, every: int = 1, limit: int | None = None, kinds: Iterable[str] = ()
) -> tuple[Case, ...]:
    """Return the cases of these kinds (all if none is named), of them every `every`-th, of them the first `limit`.

    Raises:
        EvaluationError: if a kind does not occur, naming those that do, or if nothing is left.
    """
    wanted = tuple(kinds)
    known = sorted({case.kind for case in cases})
    for kind in wanted:
        if kind not in known:
            raise EvaluationError(f"no question is of kind {kind!r}", hint=f"There are: {', '.join(known)}.")
    chosen = tuple(case for case in cases if not wanted or case.kind in wanted)[:: max(1, every)]
    chosen = chosen if limit is None else chosen[:limit]
    if not chosen:
        raise EvaluationError("no question is left to be asked", hint="Choose a larger --limit.")
    return chosen


# ------------------------------------------------------------------ rows


class _Bad(ValueError):
    """What is wrong with a row, in words."""


_Row = Mapping[str, Any]


def read_rows(path: Path) -> tuple[bytes, list[tuple[int, dict[str, Any]]]]:
    """Return the bytes of a file of JSON lines and (line number, object) of each line that is not blank.

    Raises:
        EvaluationError: naming the first line that is no JSON object, or if there is none.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"{printable_path(path)}: {error.strerror}") from error
    rows = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise row_error(path, number, f"not UTF-8 (byte {error.start + 1} of the line)") from error
        except (json.JSONDecodeError, RecursionError) as error:
            raise row_error(path, number, f"not JSON: {error}") from error
        if not isinstance(row, dict):
            raise row_error(path, number, "not a JSON object")
        rows.append((number, row))
    if not rows:
        raise EvaluationError(f"{printable_path(path)}: nothing in it")
    return data, rows


def row_error(path: Path, line: int, words: str) -> EvaluationError:
    """Return the error that names a line of a file."""
    return EvaluationError(
        f"{printable_path(path)}, line {line}: {printable(words)}",
        hint="docs/evaluate.md describes the fields; each line is one JSON object.",
    )


def _cases(path: Path, rows: Sequence[tuple[int, dict[str, Any]]], case_of: Callable[[_Row], Case]) -> tuple[Case, ...]:
    cases: dict[str, Case] = {}
    for number, row in rows:
        try:
            case = case_of(row)
        except (_Bad, QuestionError) as error:
            raise row_error(path, number, str(error)) from error
        if case.id in cases:
            raise row_error(path, number, f"id {case.id!r} stands twice")
        cases[case.id] = case
    return tuple(cases.values())


def _case(
    row: _Row,
    *,
    kind: str,
    answerable: bool | None,
    gold: Iterable[Iterable[Target]],
    must: Iterable[re.Pattern[str]] = (),
    must_not: Iterable[re.Pattern[str]] = (),
    source: Iterable[str] = (),
    tags: Iterable[str] = (),
    note: str = "",
) -> Case:
    return Case(
        id=_text(row, "id", needed=True),
        question=clean_question(_text(row, "question", needed=True)),
        kind=kind,
        answerable=answerable,
        gold=tuple(tuple(group) for group in gold),
        must=tuple(must),
        must_not=tuple(must_not),
        source=tuple(source),
        tags=tuple(tags),
        note=note,
        digest=hashlib.sha256(json.dumps(row, sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
    )


def _text(row: _Row, name: str, *, needed: bool = False) -> str:
    value = row.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value.strip()):
        raise _Bad(f"{name}: {'a text' if isinstance(value, str | None) else 'not a text; a text'} is needed")
    return value


def _texts(row: _Row, name: str) -> list[str]:
    value = row.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise _Bad(f"{name}: a list of texts is needed")
    return value


def _pattern(name: str, words: str) -> re.Pattern[str]:
    try:
        return re.compile(words, re.IGNORECASE)
    except re.error as error:
        raise _Bad(f"{name}: {words!r} is no regular expression: {error}") from error


# ------------------------------------------------------------------ the forms

_FIELDS = {
    "id", "question", "kind", "answerable", "evidence", "source", "provision", "must", "must_not", "note", "tags",
}  # fmt: skip


def _own_case(row: _Row) -> Case:
    """Read a row of our own form (docs/evaluate.md)."""
    unknown = sorted(row.keys() - _FIELDS)
    if unknown:
        raise _Bad(f"unknown field {unknown[0]!r}; known: {', '.join(sorted(_FIELDS))}")
    answerable = row.get("answerable", True)
    if not isinstance(answerable, bool):
        raise _Bad("answerable: true or false is needed")
    groups = row.get("evidence", [])
    if not isinstance(groups, list) or not all(
        isinstance(group, list) and group and all(isinstance(s, str) and straighten(s) for s in group)
        for group in groups
    ):
        raise _Bad("evidence: a list of groups is needed, each a list of one snippet or more")
    must = [_pattern("must", words) for words in _texts(row, "must")]
    must_not = [_pattern("must_not", words) for words in _texts(row, "must_not")]
    if answerable and not groups and not must:
        raise _Bad("a question that can be answered needs evidence or must")
    if not answerable and (groups or must):
        raise _Bad("a question that cannot be answered has neither evidence nor must")
    _texts(row, "provision")
    return _case(
        row,
        kind=_text(row, "kind"),
        answerable=answerable,
        gold=[[Target(TargetKind.SNIPPET, snippet) for snippet in group] for group in groups],
        must=must,
        must_not=must_not,
        source=_texts(row, "source"),
        tags=_texts(row, "tags"),
        note=_text(row, "note"),
    )


def _facts_case(row: _Row) -> Case:
    """Read a row with `expected_facts`, whose alternatives ``|`` divides, and `gold_units` such as A33 and R85."""
    facts = []
    for fact in _texts(row, "expected_facts"):
        words = [straighten(part) for part in fact.split("|")]
        if not all(words):
            raise _Bad(f"expected_facts: an alternative of {fact!r} is empty")
        facts.append(re.compile("|".join(map(re.escape, words)), re.IGNORECASE))
    units = _texts(row, "gold_units")
    if not facts and not units:
        raise _Bad("expected_facts or gold_units are needed")
    return _case(
        row,
        kind=_text(row, "category"),
        answerable=True,
        gold=[[_unit("gold_units", unit)] for unit in units],
        must=facts,
        tags=filter(None, [_text(row, "difficulty")]),
        note=_text(row, "explanation"),
    )


def _units_case(row: _Row) -> Case:
    """Read a row whose `gold` are EUR-Lex ids (art_99, anx_IV, rct_12); `category` "out_of_corpus" has no answer.

    A question of another category without gold is one about a source for which the set gives no place: whether the
    library answers it is not known, so that it counts neither way for abstention.
    """
    gold = _texts(row, "gold")
    category = _text(row, "category")
    outside = re.sub(r"[\W_]+", "-", category.lower()) == "out-of-corpus"
    if outside and gold:
        raise _Bad("gold: a question out of the corpus has none")
    later = set(_texts(row, "needs_2026_amendment"))
    return _case(
        row,
        kind=category,
        answerable=False if outside else True if gold else None,
        gold=[[_unit("gold", unit)] for unit in gold],
        source=_texts(row, "sources"),
        tags=[*filter(None, [_text(row, "wording")]), *(["needs-2026-amendment"] if later else [])],
    )


def _passages_case(row: _Row) -> Case:
    gold = _texts(row, "gold")
    if not gold:
        raise _Bad("gold: a list of passage ids is needed")
    targets = [[Target(TargetKind.PASSAGE, one)] for one in dict.fromkeys(gold)]
    return _case(row, kind=_text(row, "method"), answerable=True, gold=targets, tags=_persona(row))


def _persona(row: _Row) -> list[str]:
    return [value for value in (_text(row, "persona"),) if value]


_UNITS = (
    (re.compile(r"(?:A|art_)(\d+[a-z]{0,2})"), "Art. {}"),
    (re.compile(r"(?:R|rct_)(\d+)"), "Recital {}"),
    (re.compile(r"anx_([IVXLC]+|\d+)"), "Annex {}"),
)


def _unit(name: str, unit: str) -> Target:
    for pattern, label in _UNITS:
        if match := pattern.fullmatch(unit):
            return Target(TargetKind.PROVISION, label.format(match.group(1)))
    raise _Bad(f"{name}: {unit!r} is no unit such as A33, R85, art_99, anx_IV or rct_12")

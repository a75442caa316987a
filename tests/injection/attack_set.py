"""The injection set: its manifest, its documents as files, and what an obedient model would write."""

from __future__ import annotations

import hashlib
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["CONTROL_TOKENS", "DOCUMENTS", "Attack", "Question", "load_set", "set_digest", "write_document"]

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"
MANIFEST = HERE / "set.toml"
CONTROL_TOKENS = (
    "<|im_start|> <|im_end|> <|endoftext|> <|eot_id|> <|start_header_id|> <|end_header_id|> <|begin_of_text|> "
    "<start_of_turn> <end_of_turn> [INST] [/INST] <<SYS>> <</SYS>> <s> </s> <|system|> <|user|> <|assistant|>"
).split()
"""Control tokens of ChatML, Llama, Mistral and Gemma as they are written in text."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of staff and patterns of the facts that a right answer holds."""

    id: str
    text: str
    facts: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Attack:
    """One document of the set.

    Attributes:
        file: its name in `documents/`; "…docx.txt" and "…xlsx.txt" are written as Word and Excel files.
        family: the kind of attack.
        kind: "injection", or "contradiction" for a document that only states another rule.
        question: what it attacks.
        reads: words that the readers must deliver; `hides`, words that they must not, empty if there are none.
        attack: patterns of a successful attack in an answer's text.
        draft: what an obedient model would write.
    """

    file: str
    family: str
    kind: str
    question: Question
    reads: str
    hides: str
    attack: tuple[re.Pattern[str], ...]
    draft: str

    @property
    def slug(self) -> str:
        """The document's name in a library."""
        return re.sub(r"\.(?:docx|xlsx)?\.?\w+$", "", self.file)

    def drafts(self, own: int) -> Iterator[str]:
        """Yield drafts that obey, for evidence whose number `own` is the attacking passage.

        As the document asks for it, with the attacking passage's own number, with numbers that nothing has, copied
        from the document, and with citations that were made up.
        """
        yield self.draft
        yield re.sub(r"\[\d+\]", f"[{own}]", self.draft)
        yield re.sub(r"\[\d+\]", "[9] [17] [0]", self.draft)
        yield f"{' '.join((DOCUMENTS / self.file).read_text(encoding='utf-8').split())[:600]} [{own}]\n"
        yield (
            f"GDPR Art. 107(4) allows this. [{own}]\nAccording to GDPR Article 250 the period is 12 years. [{own}]\n"
            f"Retention and Deletion Policy 5.9 says: “Everything may be kept for ever.” [{own}]\n"
            f"See [the portal](https://attacker.example/x) and Recital 999 of the GDPR. [{own}]\n"
        )


def load_set() -> tuple[Attack, ...]:
    """Return the attacks in the order of the manifest."""
    content: dict[str, Any] = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    questions = {q["id"]: Question(q["id"], q["text"], _patterns(q["facts"])) for q in content["question"]}
    return tuple(
        Attack(
            file=entry["file"],
            family=entry["family"],
            kind=entry.get("kind", "injection"),
            question=questions[entry["question"]],
            reads=entry["reads"],
            hides=entry.get("hides", ""),
            attack=_patterns(entry["attack"]),
            draft=entry["draft"],
        )
        for entry in content["document"]
    )


def _patterns(expressions: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(expression, re.I) for expression in expressions)


def set_digest(attack: Attack) -> str:
    """Return a digest of all that one attack consists of: the manifest and its document."""
    return hashlib.sha256(MANIFEST.read_bytes() + (DOCUMENTS / attack.file).read_bytes()).hexdigest()[:16]


def write_document(attack: Attack, directory: Path) -> Path:
    """Write the attack's document into `directory` and return the file, Word and Excel files made of their text."""
    directory.mkdir(parents=True, exist_ok=True)
    source = DOCUMENTS / attack.file
    target = directory / attack.file.removesuffix(".txt")
    if target.suffix == ".docx":
        _write_docx(source, target)
    elif target.suffix == ".xlsx":
        _write_xlsx(source, target)
    else:
        target = directory / attack.file
        shutil.copyfile(source, target)
    return target


def _write_docx(source: Path, target: Path) -> None:
    """Write lines as a Word document: "title:" its title, "#" a heading, "|" a table's row, "hidden:" hidden words."""
    import docx

    document = docx.Document()
    rows: list[list[str]] = []
    for line in source.read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif line.startswith("title: "):
            document.core_properties.title = line.removeprefix("title: ")
        elif line.startswith("# "):
            document.add_heading(line[2:], 0)
        else:
            run = document.add_paragraph().add_run(line.removeprefix("hidden: "))
            run.font.hidden = True if line.startswith("hidden: ") else None
    if rows:
        table = document.add_table(rows=len(rows), cols=len(rows[0]))
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, words in zip(row.cells, cells, strict=True):
                cell.text = words
    document.save(str(target))


def _write_xlsx(source: Path, target: Path) -> None:
    """Write lines as the rows of a sheet, cells divided by "|"."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in source.read_text(encoding="utf-8").splitlines():
        sheet.append([cell.strip() for cell in line.split("|")])
    book.save(str(target))

"""The training questions and the passages they are asked about, with vectors."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pincite.library import Library

__all__ = ["HELD_OUT", "Item", "TrainingSet", "passage_key"]

HERE = Path(__file__).parent
INVENTED = "invented-"
HELD_OUT = frozenset({"cra-2024-2847.eurlex", "coppa-16cfr312"})
"""Documents none of whose questions are trained on: what they show is what a new document would."""


@dataclass(frozen=True, slots=True)
class Item:
    """A question, the row of its passage, whether that stands in a policy, the name of its words, its document."""

    question: str
    passage: int
    policy: bool
    key: str
    document: str = ""

    @property
    def held(self) -> bool:
        """Whether the question is kept from training."""
        return self.document in HELD_OUT or int(self.key[:4], 16) % 8 == 0


def passage_key(text: str) -> str:
    """Return the name of a passage in questions.jsonl: the beginning of the SHA-256 of its words."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TrainingSet:
    """Vectors of all passages and sentences, sentences in the order of their passages, and the questions."""

    passages: npt.NDArray[np.float32]
    sentences: npt.NDArray[np.float32]
    lengths: npt.NDArray[np.int64]
    policies: list[bool]
    items: list[Item]

    @classmethod
    def load(cls, home: Path) -> TrainingSet:
        """Read the library of `home` and find the passage of each question."""
        library = Library(home / "library")
        lengths = np.bincount(library.sentence_passages, minlength=len(library.vectors))
        order = np.argsort(library.sentence_passages, kind="stable")
        sentences = library.sentence_vectors[order]
        rows: dict[tuple[str, str], int] = {}
        kinds = [info.kind.value == "policy" for info in library.documents]
        for info in library.documents:
            text = library.document(info.slug).text
            for passage, _ in library.passages_of(info.number):
                rows[info.slug, passage_key(passage.span.of(text))] = passage.id
        items, lost = [], 0
        for line in (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            passage = rows.get((row["document"], row["passage"]))
            if passage is None:
                lost += 1
                continue
            number = int(library.passage_documents[passage])
            items.append(Item(row["question"], passage, kinds[number], row["passage"], row["document"]))
        starts = {}
        for info in library.documents:
            if info.slug.startswith(INVENTED):
                text = library.document(info.slug).text
                for passage, _ in library.passages_of(info.number):
                    starts[_beginning(passage.span.of(text))] = passage.id
        for row in invented():
            found = starts.get(_beginning(row["text"]))
            lost += found is None
            if found is not None:
                items += [Item(question, found, True, passage_key(row["text"])) for question in row["questions"]]
        if lost:
            print(f"{lost} questions or paragraphs whose passage the library does not hold are left out")
        return cls(library.vectors, sentences, lengths.astype(np.int64), kinds, items)

    def split(self) -> tuple[list[Item], list[Item]]:
        """Return the questions to train on and those held out: of whole documents, and of every eighth passage."""
        held = [item for item in self.items if item.held]
        return [item for item in self.items if not item.held], held

    def balanced(self) -> list[Item]:
        """Return the held-out questions in the mix that staff ask: every third one on law, all on policies."""
        held = self.split()[1]
        return [item for item in held if item.policy] + [item for item in held if not item.policy][::3]


def invented() -> list[dict[str, Any]]:
    """Return the invented policy paragraphs with their questions."""
    return [json.loads(line) for line in (HERE / "policies.jsonl").read_text(encoding="utf-8").splitlines()]


def write_invented(folder: Path) -> None:
    """Write the invented policies as Markdown files, one for each title, so that a library can be built with them."""
    folder.mkdir(parents=True, exist_ok=True)
    documents: dict[str, list[str]] = {}
    for row in invented():
        title, _, section = row["heading"].partition(" > ")
        documents.setdefault(title, [f"# {title}"]).append(f"## {section or title}\n\n{row['text']}")
    for number, parts in enumerate(documents.values()):
        (folder / f"{INVENTED}{number:03}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _beginning(text: str) -> str:
    return " ".join(text.split())[:60]


if __name__ == "__main__":
    write_invented(Path(sys.argv[1]))

"""The draft: our prompt, the grammar that bounds evidence numbers, and the draft cut into sentences with citations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pincite.answer.evidence import Selected
from pincite.answer.followup import Standalone
from pincite.llm import Prompt, chatml
from pincite.llm.prompt import Segment

__all__ = ["DraftSentence", "build_prompt", "grammar", "parse_draft"]

_SYSTEM = (
    "You help staff to understand rules on data. Answer the question in one to four short, plain sentences, using only the numbered "
    "evidence. Begin with the direct answer. Keep every number, deadline, condition and exception exactly as the evidence has it. "
    "Where law and company policy both answer, give each its own sentence and say which is which. "
    "End every sentence with the number of its evidence, like [1]."
)


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence of the draft and the evidence numbers it cites."""

    text: str
    cites: tuple[int, ...]


def build_prompt(standalone: Standalone, evidence: Sequence[Selected]) -> Prompt:
    """Return the prompt; everything that comes from documents or people is foreign text."""
    segments = [Segment("Evidence:\n")]
    for selected in evidence:
        item = selected.item
        name = "Law" if item.kind.value == "law" else "Company policy"
        heading = f" ({item.path[-1]})" if item.path and item.path[-1] not in item.cite else ""
        segments.append(Segment(f"[{item.n}] {name}, "))
        segments.append(Segment(f"{item.cite}{heading}: {selected.prompt_text}", foreign=True))
        segments.append(Segment("\n"))
    if standalone.earlier:
        segments += [Segment("\nEarlier question: "), Segment(standalone.earlier, foreign=True)]
    segments += [Segment("\nQuestion: "), Segment(standalone.question, foreign=True)]
    return chatml(_SYSTEM, tuple(segments))


def grammar(count: int) -> str:
    """Return GBNF for one to four lines, each ending with one or two evidence numbers from 1 to `count`."""
    numbers = " | ".join(f'"{n}"' for n in range(1, count + 1))
    return (
        "root ::= line line? line? line?\n"
        'line ::= [A-Z"“‘] [^\\[\\]\\n<>]+ cite ("." | "") "\\n"\n'
        'cite ::= "[" number "]" (" "? "[" number "]")?\n'
        f"number ::= {numbers}\n"
    )


def parse_draft(draft: str, count: int) -> list[DraftSentence]:
    """Cut a draft into sentences; repeated ones are left out, and so is a last line that was cut off."""
    sentences: list[DraftSentence] = []
    seen: set[str] = set()
    for line in draft.split("\n"):
        cites = tuple(dict.fromkeys(int(n) for n in re.findall(r"\[(\d+)\]", line) if 1 <= int(n) <= count))
        text = re.sub(r"\s*\[\d+\]\s*", " ", line).strip(" .")
        key = re.sub(r"\W+", " ", text.lower())
        if not cites or not text or key in seen:
            continue
        seen.add(key)
        sentences.append(DraftSentence(text + ("" if text[-1] in "!?:;”\"" else "."), cites))
    return sentences

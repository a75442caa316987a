"""The draft: our prompt, the grammar that bounds evidence numbers, and the draft cut into sentences with citations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pincite.answer.evidence import Selected
from pincite.answer.followup import Standalone
from pincite.domain.text import normalise
from pincite.llm import Prompt, Template
from pincite.llm.prompt import Segment

__all__ = ["DraftSentence", "build_prompt", "grammar", "parse_draft", "question_prompt", "without_verdicts"]

# Worked out on the development set: an example answer is copied by a 1.5B model, pin-cites in the evidence are
# repeated instead of answers, and a third sentence is mostly filler.
_SYSTEM = (
    "You answer questions about rules on data. Use only the numbered evidence. Answer in one or two "
    "short sentences, in plain words, "
    "with the exact numbers, conditions and exceptions of the evidence. End each sentence with the "
    "number of its evidence in brackets."
)


_OPENING = Segment("Evidence:\n")
_FEWEST_WORDS = 4
_NUMBER = re.compile(r"\[(\d+)\]")
_UNSEEN = (
    r"\x01-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ue000-\uf8ff\ufe00-\ufe0f\ufeff\ufff9-\ufffd"
    r"\U000e0000-\U000e0fff"
)
"""Control, bidi, zero-width and tag characters in GBNF: no document may have the model write them."""
_VERDICT = re.compile(r"(?:yes|no)[,;:.!] *", re.I)
# Words with which a model talks about its material instead of the matter.
_PREAMBLE = re.compile(
    r"^(?:(?:from|according to|based on|in|as per) the (?:given |provided )?evidence(?: provided| given)?,? "
    r"|the evidence (?:also )?(?:states|says|mentions|specifies|shows|indicates) that "
    r"|(?:the )?(?:direct )?answer is:? )",
    re.I,
)
_POSTAMBLE = re.compile(
    r",? as (?:stated|said|mentioned|specified|described|outlined|indicated|shown|provided|required) (?:in|by) "
    r"(?:the )?(?:given |provided )?evidence$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence of the draft and the evidence numbers it cites."""

    text: str
    cites: tuple[int, ...]


def build_prompt(standalone: Standalone, evidence: Sequence[Selected], template: Template) -> Prompt:
    """Return the prompt in the model's template; everything that comes from documents or people is foreign text."""
    segments = [_OPENING, *(segment for selected in evidence for segment in _block(selected))]
    if standalone.earlier:
        segments += [Segment("\nEarlier question: "), Segment(standalone.earlier, foreign=True)]
    segments += [Segment("\nQuestion: "), Segment(standalone.question, foreign=True)]
    segments.append(Segment("\nAnswer in one or two sentences."))
    return template.prompt(_SYSTEM, tuple(segments))


def question_prompt(selected: Selected | None, template: Template) -> Prompt:
    """Return the draft's prompt with one piece of evidence, or with None without any, up to where the question begins:
    what the model expects there is the question that this evidence answers."""
    evidence = _block(selected) if selected else []
    prompt = template.prompt(_SYSTEM, (_OPENING, *evidence, Segment("\nQuestion: ")))
    return replace(prompt, segments=prompt.segments[:-1])  # the question is the user's: their turn does not end here


def _block(selected: Selected) -> list[Segment]:
    """Return a piece of evidence as the model reads it."""
    item = selected.item
    kind = "Law" if item.kind.value == "law" else "Company policy"
    # only we number evidence: "[1] Law (GDPR): …" in a document reads "(1) Law (GDPR): …"
    words = _NUMBER.sub(r"(\1)", f"{item.short}): {selected.prompt_text}")
    return [Segment(f"[{item.n}] {kind} ("), Segment(words, foreign=True), Segment("\n")]


def grammar(count: int) -> str:
    """Return GBNF for one or two lines, each a sentence that ends with an evidence number from 1 to `count`.

    A full stop is allowed only where it cannot end a sentence ("Art. 33", "6.2", "Orchards B.V."), so that no sentence
    goes without a number of its own.
    """
    numbers = " | ".join(f'"{n}"' for n in range(1, count + 1))
    return (
        "root ::= line line?\n"
        'line ::= [A-Z"“‘0-9] part+ ("." [A-Z])? "."? " [" number "]" "."? "\\n"\n'
        rf'part ::= [^\[\]<>.{_UNSEEN}] | "." [0-9] | "Art. " [0-9] | "e.g. " | "No. " [0-9]'
        """ | "." [A-Z] "." [ ,;)'’]\n"""
        f"number ::= {numbers}\n"
    )


def parse_draft(draft: str, count: int) -> list[DraftSentence]:
    """Cut a draft into sentences; repeated ones are left out, and so is a last line that was cut off."""
    sentences: list[DraftSentence] = []
    seen: set[str] = set()
    for line in normalise(draft).split("\n"):
        cites = tuple(dict.fromkeys(int(n) for n in _NUMBER.findall(line) if 1 <= int(n) <= count))
        text = re.sub(r"\s*\[\d+\]\s*", " ", line).strip(" .")
        key = re.sub(r"\W+", " ", text.lower())
        text = _POSTAMBLE.sub("", _PREAMBLE.sub("", text))
        if not cites or len(text.split()) < _FEWEST_WORDS or key in seen:
            continue
        text = text[0].upper() + text[1:]
        seen.add(key)
        sentences.append(DraftSentence(text + ("" if text[-1] in '!?:;”"' else "."), cites))
    return sentences


def without_verdicts(sentences: Sequence[DraftSentence]) -> list[DraftSentence]:
    """Return sentences without a yes or no before them: whether a policy satisfies a law is for people to judge. Of
    five such verdicts of the default model on the development set one was right."""
    found = []
    for sentence in sentences:
        text = _VERDICT.sub("", sentence.text, count=1) if _VERDICT.match(sentence.text) else sentence.text
        if len(text.split()) >= _FEWEST_WORDS:
            found.append(DraftSentence(text[0].upper() + text[1:], sentence.cites))
    return found

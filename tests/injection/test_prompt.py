"""Whatever a document says, our own part of the prompt stays as it is, and only we number evidence."""

from __future__ import annotations

import re

from pincite.answer.drafting import build_prompt
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.followup import Standalone
from pincite.library import Library
from pincite.llm import Prompt
from pincite.llm.templates import TEMPLATES
from tests.fakes import FakeEmbedder
from tests.injection.attack_set import CONTROL_TOKENS, Attack
from tests.injection.conftest import every_attack
from tests.injection.forced import ForcedSearcher

OURS = re.compile(
    r"<\|im_start\|>system\nYou answer [^<>]*<\|im_end\|>\n<\|im_start\|>user\nEvidence:\n"
    r"(?:\[\d\] (?:Law|Company policy) \(\n)+\nQuestion: \nAnswer in one or two sentences\."
    r"<\|im_end\|>\n<\|im_start\|>assistant\n"
)


def prompt_of(attacked: Library, attack: Attack) -> tuple[Prompt, list[str]]:
    searcher = ForcedSearcher(attacked, FakeEmbedder(), attack)
    evidence = select_evidence(searcher, searcher.search(attack.question.text), 2000, rough_tokens)
    question = attack.question.text
    prompt = build_prompt(Standalone(question, "", question), evidence, TEMPLATES["chatml"])
    return prompt, [one.item.document for one in evidence]


@every_attack
def test_the_attack_is_before_the_model_and_only_foreign(attacked: Library, attack: Attack) -> None:
    prompt, documents = prompt_of(attacked, attack)
    assert documents[0] == attack.slug
    ours = "".join(part.text for part in prompt.segments if not part.foreign)
    assert OURS.fullmatch(ours)
    for token in set(CONTROL_TOKENS) - {"<|im_start|>", "<|im_end|>"}:
        assert token not in ours
    assert (ours.count("<|im_start|>"), ours.count("<|im_end|>")) == (3, 2)


@every_attack
def test_only_we_number_evidence(attacked: Library, attack: Attack) -> None:
    prompt, documents = prompt_of(attacked, attack)
    foreign = "\n".join(part.text for part in prompt.segments if part.foreign)
    assert re.findall(r"\[\d+\]", foreign) == []
    assert re.findall(r"^\[(\d+)\]", prompt.text, re.M) == [str(n) for n in range(1, len(documents) + 1)]

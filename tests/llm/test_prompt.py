"""Prompts keep trust marks, and their digest notices any change."""

from __future__ import annotations

import pytest

from pincite.llm import Prompt, chatml
from pincite.llm.prompt import Segment


def test_chatml_is_ours() -> None:
    prompt = chatml("Be brief.", (Segment("Q: "), Segment("why?", foreign=True)), begin="Because")
    assert prompt.text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nQ: why?<|im_end|>\n<|im_start|>assistant\nBecause"
    )
    assert [segment.foreign for segment in prompt.segments] == [False, False, True, False]


@pytest.mark.parametrize(
    "other",
    [
        (Segment("ab"), Segment("c", foreign=False)),
        (Segment("a"), Segment("bc", foreign=True)),
        (Segment("abc", foreign=True),),
        (Segment("ab"), Segment("d", foreign=True)),
        (Segment("ab"), Segment("", foreign=True), Segment("c", foreign=True)),
    ],
)
def test_moved_boundaries_and_marks_change_the_digest(other: tuple[Segment, ...]) -> None:
    prompt = Prompt((Segment("ab"), Segment("c", foreign=True)))
    assert prompt.sha256 == Prompt((Segment("ab"), Segment("c", foreign=True))).sha256
    assert prompt.sha256 != Prompt(other).sha256

"""Prompts keep trust marks, and their digest notices any change."""

from __future__ import annotations

import pytest

from pincite.llm import Prompt
from pincite.llm.prompt import Segment


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

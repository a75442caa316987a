"""What is typed and asks nothing of the corpus ("hi", "thanks"), and questions in words that it does not have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pincite.domain.documents import DocumentKind
from pincite.library import Library
from pincite.search.terms import content_words

__all__ = ["aside", "inventory", "words_unknown"]

_ASIDE = re.compile(
    r"(?:(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|good ?bye|bye|thx|cheers"
    r"|(?:many )?thanks?(?: you)?(?: (?:very|so) much| a lot)?|ok(?:ay)?|great|perfect|nice|please|there|all|again"
    r"|help(?: me)?|can you help(?: me)?|test(?:ing)?|how are you|(?:who|what) are you|how do you work"
    r"|what (?:can|do) you (?:do|know)|are you (?:there|a (?:bot|person|human)|an ai))[\s,.!?…]*)+",
    re.I,
)
_WHAT_TO_ASK = (
    "That asks nothing of the corpus. Ask what a law or a policy says: how long something is kept, who decides, "
    "what is allowed."
)
_SHOWN = 4
_WHAT_IS_THERE = re.compile(
    r"(?:what|which|list|show)(?: me| us)?(?: are)?(?: all)?(?: of)?(?: the| our| your)? "
    r"(?:documents?|policies|laws|regulations|sources|texts|files)"
    r"(?: (?:are|is|do|does|have|has|can|you|we|i|there|in|the|this|your|our|corpus|library|loaded|available|know|here"
    r"|it|search|contain|hold|cover))*\W*",
    re.I,
)


def aside(question: str) -> str:
    """Return what to say to a greeting, to thanks, or to who asks what this is; "" to a question."""
    return _WHAT_TO_ASK if _ASIDE.fullmatch(question) else ""


def inventory(question: str, kinds: Sequence[DocumentKind]) -> str:
    """Return what there is to who asks for that alone, told by the kinds of the documents searched; "" to a question.

    No titles: what they tell must be labelled, and be gone when their document is purged.
    """
    if not _WHAT_IS_THERE.fullmatch(question):
        return ""
    laws = sum(kind is DocumentKind.LAW for kind in kinds)
    counts = ((laws, "law", "laws"), (len(kinds) - laws, "policy", "policies"))
    told = " and ".join(f"{count:,} {one if count == 1 else more}" for count, one, more in counts)
    return f"The corpus has {told} to ask about; the command “pincite corpus list” names them."


def words_unknown(question: str, library: Library) -> str:
    """Return a sentence about the words of a question that no passage has, "" if they are fewer than half: they are
    misspelt, or of another language, or of another matter."""
    words = content_words(question)
    unknown = [word for word in words if not library.document_frequency(word)]
    if not unknown or 2 * len(unknown) < len(words):
        return ""
    shown = ", ".join(f"“{word}”" for word in unknown[:_SHOWN]) + (", …" if len(unknown) > _SHOWN else "")
    return f"No passage has the words {shown}. Ask in the language of the corpus, and in other words."

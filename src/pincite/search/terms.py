"""The words of a question that matter for lexical search."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import resources

__all__ = [
    "content_stems",
    "content_words",
    "expand",
    "fts_expression",
    "governed_words",
    "names_in",
    "products_in",
    "stem",
]

# Function words and the words with which people ask; they occur everywhere and say nothing.
_STOP = frozenset(
    """
    a about after all also am an and any are as at be because been before being between both but by can could
    did do does doing don done for from get give given go got had has have having he her here hers him his how i
    if in into is it its itself just let like made make many may me might mine more most much must my need needs
    no nor not now of off on once one only or other our ours out over own please same say says she should so
    some such tell than that the their them then there these they this those through to too under until up us
    very want was we were what when where whether which while who whom whose why will with within without would
    yes you your yours thing things stuff someone anyone something anything really actually still ever already
    ok okay hi hello
    """.split()
)
_INSIDE = r"(?<=[\w,;)’'] )"
"""A place inside a sentence, after a word."""
_NAME = re.compile(rf"{_INSIDE}[A-Z][a-z]{{2,}}\b")
_NO_NAMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december christmas easter article articles recital section annex "
    "law policy act regulation directive company".split()
)
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_IRREGULAR = dict(
    pair.split(":")
    for pair in """
    bought:buy broke:break broken:break brought:bring built:build caught:catch children:child chose:choose
    chosen:choose fell:fall fallen:fall forbidden:forbid forgot:forget forgotten:forget found:find gave:give
    heard:hear held:hold hid:hide hidden:hide hung:hang kept:keep knew:know known:know left:leave lent:lend lost:lose
    meant:mean men:man met:meet overwritten:overwrite paid:pay proven:prove rang:ring ran:run saw:see seen:see
    sent:send shown:show sold:sell sought:seek spent:spend spoke:speak spoken:speak stole:steal stolen:steal
    stuck:stick taken:take taught:teach threw:throw thrown:throw told:tell took:take undertaken:undertake
    undertook:undertake withdrawn:withdraw withdrew:withdraw women:woman written:write wrote:write
    """.split()
)
"""Forms that no ending tells ("told" is of "tell"), each with its stem's form."""


def content_words(text: str) -> list[str]:
    """Return the words of `text` in lower case, without function words, each once, in order."""
    return list(dict.fromkeys(_content(text)))


def content_stems(text: str) -> list[str]:
    """Return the stem of each word of `text` that is no function word, in order, as often as it occurs."""
    return [stem(word) for word in _content(text)]


def _content(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = match.group().lower().replace("’", "'").removesuffix("'s")
        if word not in _STOP and (len(word) > 1 or word.isdigit()):
            yield word


def names_in(text: str) -> list[str]:
    """Return the proper names in `text`, in order: words with a capital inside a sentence, days, months and the
    commonest words of law left out."""
    return [name for name in _NAME.findall(text) if name.lower() not in _NO_NAMES]


def fts_expression(words: list[str]) -> str:
    """Return an FTS5 expression that matches any of `words`; empty if there are none."""
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)


def expand(question: str, also: Iterable[str] = ()) -> str:
    """Return `question` with the words of its abbreviations added ("DPIA" gets "data protection impact assessment"),
    what the products are that it names ("ChatGPT" gets "external AI tool"), and `also`."""
    known = _governed_data()["abbreviations"]
    singular = (word if word in known else word.removesuffix("s") for word in re.findall(r"\b\w{2,6}\b", question))
    words = [known[word] for word in singular if word in known] + [*products_in(question).values(), *also]
    missing = [word for word in dict.fromkeys(words) if word.lower() not in question.lower()]
    return f"{question} ({'; '.join(missing)})" if missing else question


def products_in(question: str) -> dict[str, str]:
    """Return the products that a question names, as it writes them, each with what it is in the words of rules."""
    known = _governed_data()["products"]
    names = (match.group() for match in _products().finditer(question))
    return {name: known.get(name) or known[name.lower()] for name in names}


@functools.lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a rough stem: "deleting", "deleted" and "deletion" give the same as "delete", and "told" as "tell"."""
    word = _IRREGULAR.get(word, word)
    if len(word) < 5:
        return word.removesuffix("s") if len(word) == 4 else word
    return re.sub(r"(?:ations?|itions?|ions?|ments?|ings?|ied|ies|ers?|ors?|ed|es|s|ly|e|y)$", "", word)


def governed_words(question: str) -> list[str]:
    """Return the words of law and policy for the plain words of `question` that the thesaurus knows, each once."""
    words = [stem(word) for word in _WORD.findall(question.lower().replace("’", "'"))]
    found: dict[str, None] = {}
    for plain, governed in _thesaurus():
        size = len(plain)
        if any(tuple(words[at : at + size]) == plain for at in range(len(words) - size + 1)):
            found.update(dict.fromkeys(governed))
    asked = {stem(word) for word in content_words(question)}
    return [word for word in found if stem(word) not in asked]


@functools.cache
def _thesaurus() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    entries = _governed_data()["words"].items()
    return tuple(
        (tuple(stem(word) for word in _WORD.findall(plain.lower())), tuple(content_words(governed)))
        for plain, governed in entries
    )


@functools.cache
def _products() -> re.Pattern[str]:
    names = sorted(_governed_data()["products"], key=lambda name: -len(name))
    # where a sentence begins no capital tells the product from the word ("Teams must …")
    forms = (f"(?i:{re.escape(name)})" if name.islower() else rf"{_INSIDE}{re.escape(name)}" for name in names)
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)")


@functools.cache
def _governed_data() -> dict[str, dict[str, str]]:
    source = resources.files("pincite.search").joinpath("thesaurus.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)

"""Checks a drafted sentence against the words it cites: deterministic first, then similarity.

Each check answers one question that a reviewer would ask; the first that fails gives its name to the sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from pincite.domain.numbers import numbers_in, provision_numbers_in, quantities_in
from pincite.search.acts import laws_in, speaks_of
from pincite.search.terms import content_words, names_in, products_in

__all__ = ["Support", "asks_for_provision", "check_claim", "contradicts", "denies", "forbids"]

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|nobody|nothing|prohibit\w*|forbid\w*|forbidden|refuse\w*|"
    r"exempt\w*|excluded?|excludes|except|unless|ceases?|stop\w*|only)\b|n['’]t\b"
    # as what a rule says of something, not as a thing that it speaks of ("accidental or unlawful destruction")
    r"|\b(?:is|are|be|being|constitutes?) (?:deemed |considered |regarded as )?(?:an? )?(?:\w+ly )?"
    r"(?:unlawful|illegal|infringements?|void|invalid|unfair)\b",
    re.I,
)
_IN_TIME = re.compile(
    r"\bwithout (?:undue|further|unnecessary|unreasonable) delay\b|\b(?:no|not) (?:later|longer|more|less) than\b"
    r"|\b(?:not|never) exceed(?:ing)?\b",
    re.I,
)
"""Words that limit time or amount: they deny nothing, unless the claim is about the limit itself."""
_LIMITS = re.compile(r"\b(?:late|later|longer|more|less|fewer|exceed\w*|delay\w*|after|beyond)\b", re.I)
_FORBIDS = re.compile(
    r"\b(?:must|shall|may|can|could|should|will|do|does)(?: (?:therefore|also|then|generally|ever))? "
    r"(?:not|never|no longer)\b"
    r"|\bcannot\b|n['’]t\b|\bprohibit\w*|\bforbid\w*"
    r"|\bnot (?:be )?(?:allowed|permitted|accepted|used|required|necessary|obliged)\b"
    r"|\b(?:is|are) never\b|^(?:no|none|nobody|neither)\b",
    re.I,
)
_DENIES_A_FACT = re.compile(
    r"\bnever\b|\b(?:is|are|was|were|has|have) (?:\w+ly |also |therefore )?not\b(?! only\b| less\b| limited\b)"
    r"|\b(?:is|are) no longer\b|\b(?:is|are) neither\b|\bno(?:body| one|ne)\b",
    re.I,
)
"""What is not so, beside what must not be done: "never counts as removal", "is not free to use"."""
_ASIDE = re.compile(
    r"\b(?:if|where|when|while|until|unless|except|because|provided that|who|which|whose"
    r"|that (?:is|are|was|were|has|have))\b[^,;.]*",
    re.I,
)
"""Clauses that deny nothing of the rule itself: "data that is not encrypted", "where it has not yet done so"."""
_REASON = re.compile(r"\b(?:because|since|as (?:he|she|it|they|we|you|this|the)\b)[^,;.]*", re.I)
_FRAME = re.compile(r"^\W*(?:the )?(?:member )?states (?:shall|must) (?:ensure|require|provide) that\b", re.I)
"""What directives put before a rule: "Member States shall ensure that …". Only states: a controller who must
ensure that a processor does something has a duty of its own."""
_NEXT_RULE = re.compile(r"[;:—,]\s|\b(?:and|but)\b")
_OBLIGES = re.compile(
    r"\b(?:must|shall|required?|requires|requirement|obliged|obligation|obligatory|mandatory|has to|"
    r"have to|needs? to|is to|are to|responsible|ensure|only|"
    r"within|at least|no later|not later|should|entitled|right)\b",
    re.I,
)
_MUST = re.compile(
    r"\b(?:must|shall|required to|is required|are required|obliged to|has to|have to|mandatory|compulsory"
    r"|(?:is|are) (?:an? )?(?:\w+ )?(?:requirements?|obligations?|dut(?:y|ies)))\b",
    re.I,
)
_NOT_DEMANDED = r"(?:required|obliged|obligated|necessary|needed|mandatory|compulsory)"
_NO_DUTY = re.compile(
    r"\b(?:do|does|did)(?: not|n['’]t) (?:have|need) to\b|\bneed(?: not|n['’]t)\b"
    rf"|\bno (?:obligation|duty|need|requirement)\b|\b(?:is|are)(?: not|n['’]t) (?:\w+ly )?{_NOT_DEMANDED}\b",
    re.I,
)
"""That something need not be done; "must not" and "may only" deny something else."""
_RELIEVES = re.compile(
    rf"{_NO_DUTY.pattern}|\bnot (?:be )?(?:\w+ly )?(?:{_NOT_DEMANDED}|considered|deemed|regarded|liable)\b"
    r"|\b(?:does|do|shall|is|are|will)(?: not|n['’]t) (?:\w+ly )?(?:appl|extend|cover|concern|count|affect|prevent|"
    r"preclude|includ|mean|requir|oblig)\w*|\b(?:exempt\w*|exclud\w+|except|unless|instead|waive\w*|optional"
    r"|voluntar\w+|dispens\w+|suffic\w+|enough|no longer)\b|\bonly (?:if|where|when|to|for|in|those|after)\b"
    r"|\bmay\b(?! not\b)(?![^.;]*\bonly\b)",
    re.I,
)
_SAYS_NOTHING = re.compile(
    r"\b(?:is|are|was|were|has|have|does|do)(?: \w+ly| also)?(?: not|n['’]t)(?: been)?(?: \w+ly)? "
    r"(?:specif\w+|mention\w*|stat(?:e|ed)|defin\w+|address\w*|clear|known|given|set out|provided)\b"
    r"|\bno (?:mention|information)\b",
    re.I,
)
"""That nothing is said of something: a passage shows what it says, never what the corpus does not."""
_EXAMPLES = re.compile(r"\b(?:such as|for example|e\.g\.)([^;.]*)", re.I)
_MAY = re.compile(
    r"\b(?:may|(?<!not )(?<!not be )(?:allowed|permitted)|(?:is|are) free to|optional)\b(?! (?:not|never|no longer)\b)",
    re.I,
)
_NOBODY_MAY = re.compile(r"(?:no|none|nobody|neither) (?!longer\b)[^,;.]*\bmay\b(?! not\b)", re.I)
_PERMITS = re.compile(
    r"\b(?:may|can|could|allowed?|permit\w*|authori[sz]\w*|lawful|right|entitled|except|unless|only if|"
    r"provided that|shall not apply|not apply|possible|subject to|"
    r"where|if|optional|free)\b",
    re.I,
)

_LAW = re.compile(r"\b(?:the|by|under|eu) (?:law|gdpr|regulation|directive)\b|^(?:law|gdpr)\b", re.I)
_POLICY = re.compile(
    r"\b(?:company|our|the|internal) policy\b|\bpolicy (?:says|states|requires|allows|forbids)\b", re.I
)

_LAW_OF = (
    re.compile(r"\b(?:laws?|acts?|statutes?|rules|code) (?:in|of) (?:the )?(?:state of )?([A-Z][a-z]{2,})"),
    re.compile(r"(?<=\w )([A-Z][a-z]{2,})(?: state)?(?:['’]s)?(?: state)? (?:[a-z]+ ){0,2}(?:laws?|statutes?)\b"),
    re.compile(r"^([A-Z][a-z]{2,})(?: state(?:['’]s)?|['’]s) (?:[a-z]+ ){0,2}(?:laws?|statutes?)\b"),
)
_ASKS_FOR_PROVISION = re.compile(
    r"\b(?:which|what) (?:[\w’'-]+ ){0,2}(?:article|section|provision|paragraph|clause|recital|annex)s?\b"
    r"(?! (?:head|titl|\d))",
    re.I,
)
_ADDRESS = re.compile(r"://|\bwww\.|\]\(|<[|/A-Z]|\[/?INST", re.I)
_CONDITIONAL = re.compile(r"\b(?:if|when|where|unless|except|only|without)\b", re.I)
_UNDER_CONDITION = re.compile(r"\b(?:if|where|when)\b[^,;.]*,", re.I)
_EXCEPTION = re.compile(r"\b(?:unless|except)\b[^.;\n]*", re.I)
_ALLOWS = re.compile(
    r"\b(?:may|can|could|allow\w*|permit\w*|entitled|right|free|optional|authori[sz]\w*|lawful)\b", re.I
)
_MODAL = re.compile(r"\b(?:must|shall|may|can|should|has to|have to)\b", re.I)
_PASSIVE = re.compile(r"(?: \w+ly| not| never| only| also)* be(?:en)? ", re.I)
_ANYONE = frozenset("nobody none compan organis organiz staff employe busines user policy law yes answer".split())
_CONDITION = re.compile(r"\b(?:if|when|unless|because|since|as long as|provided that)\b([^,.;]*)", re.I)
_CONCESSION = re.compile(r"\beven (?:if|when|where|though)\b([^,.;]*)", re.I)
_SEVERAL = re.compile(r"\b(?:and|or)\b", re.I)
_DENIED = re.compile(r"\b(?:not|no|never|without)\b|n['’]t\b", re.I)

# Set by eye while reading the answers to the questions of benchmarks/answer.py; not calibrated on a set with gold.
_LEAST_SIMILARITY = 0.45
_LEAST_SHARED_WORDS = 0.5
_LEAST_BROUGHT = 2 / 3
"""Share of a condition's words that the evidence must have, if all of them are the question's."""
_CLEAR = 0.55
"""Similarity (cosine) from which a sentence is plainly about the same thing as the claim."""


@dataclass(frozen=True, slots=True)
class Support:
    """What a sentence cites.

    Attributes:
        text: the words of the cited evidence, lead-ins included.
        context: headings and pin-cites of the evidence, which may be named but prove nothing else.
        best: the cited sentence most like the claim.
        similarity: cosine of the claim with `best`.
        kinds: "law", "policy": what kinds of document are cited.
        question: the question asked; its words may be repeated, its numbers prove nothing.
    """

    text: str
    context: str
    best: str
    similarity: float
    question: str
    kinds: frozenset[str] = frozenset({"law", "policy"})


def check_claim(claim: str, support: Support) -> str:
    """Return the name of the first check that fails, or "" if the claim is supported."""
    for name, passes in (
        ("address", _plain),
        ("words", _says_something),
        ("attribution", _attributed),
        ("names", _law_of),
        ("numbers", _numbers),
        ("unconfirmed", _confirmed),
        ("provisions", _provisions),
        ("polarity", _polarity),
        ("negation", _negation),
        ("modality", _modality),
        ("actor", _actor),
        ("condition", _condition),
        ("names", _names),
        ("similarity", _plainly),
        ("words", _words),
        ("similarity", _similar),
    ):
        if not passes(claim, support):
            return name
    return ""


def asks_for_provision(question: str) -> bool:
    """Tell whether a question asks where something stands ("Which article deals with …?"): the answer is a pin-cite."""
    return _ASKS_FOR_PROVISION.search(question) is not None


def _plain(claim: str, support: Support) -> bool:
    """A sentence is prose: no address to follow, no link, no tag; a document may ask for them, an answer needs none."""
    return _ADDRESS.search(claim) is None


def _says_something(claim: str, support: Support) -> bool:
    """A sentence tells what its source says, and that nothing is said of something only where that is said."""
    return _SAYS_NOTHING.search(claim) is None or _SAYS_NOTHING.search(support.text) is not None


def _attributed(claim: str, support: Support) -> bool:
    """A sentence that says "the law requires" cites law, and one that says "our policy" cites a policy."""
    law = _LAW.search(claim)
    policy = _POLICY.search(claim)
    return not ((law and "law" not in support.kinds) or (policy and "policy" not in support.kinds))


def _law_of(claim: str, support: Support) -> bool:
    """A sentence that says "the law of Utah" cites words that speak of Utah, and one that says "under PIPEDA" words of
    PIPEDA or about it."""
    known = f"{support.text} {support.context}"
    if not all(speaks_of(known, name, law) for name, law in laws_in(claim).items()):
        return False
    return all(name.lower() in known.lower() for pattern in _LAW_OF for name in pattern.findall(claim))


def _numbers(claim: str, support: Support) -> bool:
    """Every number is in the evidence, and with the same unit where it has one, or is the question's own."""
    asked = quantities_in(support.question)
    return all(
        (value, unit) in asked or (value, "") in asked for value, unit in _unknown_quantities(claim, support.text)
    )


def _confirmed(claim: str, support: Support) -> bool:
    """A number of the question is in the evidence too, unless its own clause denies it ("No, you cannot charge 15
    euros")."""
    clauses = _NEXT_RULE.split(claim)
    return all(_FORBIDS.search(clause) or not _unknown_quantities(clause, support.text) for clause in clauses)


def _unknown_quantities(claim: str, text: str) -> list[tuple[Decimal, str]]:
    """Return the numbers of a claim, with their units, that `text` does not give."""
    evidence = quantities_in(text)
    values = {value for value, _ in evidence}
    named = {Decimal(n) for n in provision_numbers_in(claim) if n.isdigit()}
    unknown = []
    for value, unit in quantities_in(claim):
        if value in named and not unit:
            continue
        units = {u for v, u in evidence if v == value}
        if value not in values or (unit and unit not in units and "" not in units):
            unknown.append((value, unit))
    return unknown


def _provisions(claim: str, support: Support) -> bool:
    """Every provision that is named is the cited one or is named by it; where the question asks for a provision, it is
    the cited one."""
    known = provision_numbers_in(support.context) | set(re.findall(r"\d+(?:[./]\d+)*", support.context))
    if not asks_for_provision(support.question):
        known |= provision_numbers_in(support.text) | {str(number) for number in numbers_in(support.text)}
    return provision_numbers_in(claim) <= known


def _negation(claim: str, support: Support) -> bool:
    """A prohibition rests on words that deny or limit; a plain statement does not rest on a prohibition alone."""
    if _FORBIDS.search(claim):
        return denies(support.text, claim)
    if _MUST.search(claim) or _MAY.search(claim):
        # "must not" in the best sentence and no limit in the claim: the claim turns the rule round
        reverses = _FORBIDS.search(support.best) is not None and _NEGATION.search(claim) is None
        return not (
            reverses
            and not _MUST.search(_FORBIDS.sub(" ", support.best))
            and not _PERMITS.search(_FORBIDS.sub(" ", support.best))
        )
    return True


def _polarity(claim: str, support: Support) -> bool:
    """The sentence nearest to the claim does not say the opposite: forbid what the claim allows, or plainly allow
    or demand what the claim denies."""
    if _NO_DUTY.search(claim) and not _RELIEVES.search(support.best):
        return False
    if _FORBIDS.search(claim):
        return denies(support.best, claim)
    return not contradicts(support.best, claim)


def contradicts(words: str, claim: str) -> bool:
    """Tell whether a stored sentence forbids or denies what a claim says without a denial; one in a reason that it
    gives ("yes, because he is not a minor") does not count."""
    if _NEGATION.search(_REASON.sub(" ", claim)) is not None:
        return False
    return forbids(_IN_TIME.sub(" ", words)) or _denies_fact(words, claim)


def _denies_fact(words: str, claim: str) -> bool:
    """Tell whether a sentence says that something is not so, and the claim is about that something.

    "A filter is a temporary measure and never counts as removal" denies nothing of a claim about measures only.
    """
    words = _ASIDE.sub(" ", _IN_TIME.sub(" ", words))
    claimed = {_stem(word) for word in content_words(claim)}
    for match in _DENIES_A_FACT.finditer(words):
        starts = [before.end() for before in _NEXT_RULE.finditer(words, 0, match.start())]
        denied = {_stem(word) for word in content_words(words[starts[-1] if starts else 0 :])}
        if denied & claimed:
            return True
    return False


def forbids(words: str) -> bool:
    """Tell whether a sentence, a claim or a stored one, says that something must not be done."""
    return _FORBIDS.search(words) is not None


def denies(words: str, claim: str) -> bool:
    """Tell whether `words` deny or limit something; "not later than" does so only for a claim about lateness."""
    if not _LIMITS.search(claim):
        words = _IN_TIME.sub(" ", words)
    if not _CONDITIONAL.search(claim):
        # "shall notify, unless…" does not say "must not notify", nor does "where it has not notified, it shall…"
        words = _UNDER_CONDITION.sub(" ", _EXCEPTION.sub(" ", words))
    return _NEGATION.search(words) is not None


def _modality(claim: str, support: Support) -> bool:
    """An obligation rests on words that oblige, a permission on words that permit."""
    if _MUST.search(claim) and (not _OBLIGES.search(support.text) or _demands_example(claim, support.text)):
        return False
    if not _MAY.search(claim) or _MUST.search(claim) or _NOBODY_MAY.match(claim):
        return True  # "No tractor may leave …" permits nothing: that the evidence denies it is told by other checks
    rule = _EXCEPTION.sub(" ", support.best)
    demanded = _MUST.search(rule) is not None and _ALLOWS.search(rule) is None
    return not demanded and _PERMITS.search(support.text) is not None


def _demands_example(claim: str, said: str) -> bool:
    """Tell whether what a claim demands is only an example in its source: of "measures, such as encryption" no single
    one is a duty."""
    modal = _MUST.search(claim)
    subject = {_stem(word) for word in content_words(claim[: modal.start()])} if modal else set()
    examples = {_stem(word) for part in _EXAMPLES.findall(said) for word in content_words(part)}
    return bool(subject) and subject <= examples - {_stem(word) for word in content_words(_EXAMPLES.sub(" ", said))}


def _actor(claim: str, support: Support) -> bool:
    """Who must or may do something is who the nearest sentence says, not the one to whom it is done.

    Looks at active sentences with a modal only; "we", "staff" and the like stand for whoever the rule binds.
    """
    stored = _FRAME.sub("", support.best)
    modal, rule = _MODAL.search(claim), _MODAL.search(stored)
    if not modal or _PASSIVE.match(claim, modal.end()):
        return True
    clause = claim[: modal.start()].rsplit(",", 1)[-1]  # not "According to the regulation, …"
    subject = {_stem(word) for word in content_words(clause)} - _ANYONE
    known = {_stem(word) for word in content_words(f"{support.text} {support.context} {support.question}")}
    if subject - known:
        return False
    if not subject or not rule:
        return True
    before = {_stem(word) for word in content_words(stored[: rule.start()])}
    after = {_stem(word) for word in content_words(stored[rule.start() :])}
    return bool(subject & before) or not subject & after


def _condition(claim: str, support: Support) -> bool:
    """A condition ("if the data was encrypted, …") is one that the evidence makes, not one that the question brings."""
    known = {_stem(word) for word in content_words(f"{support.text} {support.context}")}
    asked = {_stem(word) for word in content_words(support.question)}
    for clause in _CONDITION.findall(claim):
        words = {_stem(word) for word in content_words(clause)}
        least = _LEAST_BROUGHT if words <= asked else _LEAST_SHARED_WORDS
        if words and len(words & known) <= least * len(words):
            return False
    return not _turns_concession(claim, support.best)


def _turns_concession(claim: str, said: str) -> bool:
    """Tell whether a claim makes a condition of what its source says does not matter: "if they have not consented" of
    "even where they have consented", after which consent would seem to be enough."""
    conditions = [part for clause in _CONDITION.findall(_CONCESSION.sub("", claim)) for part in _SEVERAL.split(clause)]
    for conceded in _CONCESSION.findall(said):
        words = {_stem(word) for word in content_words(conceded)}
        for part in conditions:
            shared = words & {_stem(word) for word in content_words(part)}
            if len(shared) > _LEAST_SHARED_WORDS * len(words) and bool(_DENIED.search(part)) != bool(
                _DENIED.search(conceded)
            ):
                return True
    return False


def _names(claim: str, support: Support) -> bool:
    """A country, a firm or a person that is named is named by the evidence: that a rule holds for them is not known
    because they were asked about. A product is named where the evidence speaks of what it is: a rule on AI tools holds
    for Copilot."""
    text = f"{support.text} {support.context}"
    products = [name for name, what in products_in(claim).items() if _speaks_of(text, what)]
    known = " ".join((text, *products)).lower()
    return all(name.lower().removesuffix("s") in known for name in names_in(claim))


def _speaks_of(text: str, what: str) -> bool:
    """Tell whether a text has the words of one description of a product ("external AI tool, AI assistant"), one
    in three aside; that it says "customer" is not enough for a "customer database"."""
    said = {_stem(word) for word in content_words(text)}
    descriptions = ({_stem(word) for word in content_words(part)} for part in what.split(","))
    return any(len(words - said) <= len(words) // 3 for words in descriptions)


def _plainly(claim: str, support: Support) -> bool:
    """A sentence of little but the question's own words ("No, we must not delete it") says yes or no; it needs a
    sentence that is plainly about the same thing."""
    return len(_own_words(claim, support)) >= 2 or support.similarity >= _CLEAR


def _words(claim: str, support: Support) -> bool:
    """Enough of the claim's content words stand in the evidence, the question's own words not counted against it."""
    words = _own_words(claim, support)
    known = {_stem(word) for word in content_words(f"{support.text} {support.context}")}
    return not words or sum(word in known for word in words) / len(words) >= _LEAST_SHARED_WORDS


def _own_words(claim: str, support: Support) -> list[str]:
    """Return the stems of the claim's content words that are not the question's."""
    asked = {_stem(word) for word in content_words(support.question)}
    return [word for word in {_stem(word) for word in content_words(claim)} if word not in asked]


def _similar(claim: str, support: Support) -> bool:
    return support.similarity >= _LEAST_SIMILARITY


def _stem(word: str) -> str:
    return re.sub(r"(?:ations?|ments?|ings?|ied|ies|ed|es|s|ly|e)$", "", word) if len(word) > 4 else word

"""Where a policy and the law differ: stricter, looser, the same, or the law silent; nothing when in doubt.

The rules, in the order in which they are applied to a sentence of each:

1. Both sentences limit the same kind of act (`act_of`), who has to act is not another party in one than in the other,
   and more than half of the words that say what is concerned are shared. Otherwise nothing is said.
2. Quantities are compared within one role, and as ranges: a month is 28 to 31 days, n working days end after n days
   and at the latest after 2n + 4. Ranges that overlap say nothing, unless value and unit are the same.
3. Less is stricter for a time to act, an extension, an interval, a longest period to keep and a greatest amount; more
   is stricter for a shortest period to keep and for an age below which somebody is protected. A policy that is looser
   than the law is a conflict.
4. An exact period to keep ("kept for six years") is compared with either limit; a longest with a shortest period only
   conflicts when the longest is the shorter one.
5. The law is called silent only on a number, where the very sentence that binds the same party to the same act asks
   for haste without one ("without undue delay").
6. Who decides is said to differ only if both sentences demand somebody's approval for the same act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pincite.answer.measures import (
    Limit,
    Measure,
    Role,
    act_of,
    decider_in,
    measures_in,
    objects_of,
    parties_of,
    vague_time_in,
)
from pincite.domain.answers import Citation, Difference, Relation
from pincite.domain.documents import DocumentKind, Span
from pincite.ingest.sentences import split_sentences

__all__ = ["Compared", "compare", "describe", "differences_between"]

_LEAST_SHARED = 0.5
_LOOKED_BACK = 800
_LESS_IS_STRICTER = frozenset({Role.DEADLINE, Role.EXTENSION, Role.FREQUENCY})


@dataclass(frozen=True, slots=True)
class Compared:
    """What two sentences say about one thing; the spans are words of the two documents' texts."""

    relation: Relation
    role: Role
    policy: Span
    law: Span


def compare(policy: str, sentences: Sequence[Span], law: str, rules: Sequence[Span]) -> list[Compared]:
    """Compare sentences of a policy with sentences of a law; return every pair of quantities that can be compared.

    Args:
        policy, law: the normalised texts of the two documents.
        sentences, rules: the sentences of each that may be compared, best first.
    """
    return [found for ours in sentences for theirs in rules for found in _pairs(policy, ours, law, theirs)]


def _pairs(policy: str, sentence: Span, law: str, rule: Span) -> Iterator[Compared]:
    ours, theirs = sentence.of(policy), rule.of(law)
    limits = measures_in(theirs, rule.start)
    for mine in measures_in(ours, sentence.start):
        at = mine.span.start - sentence.start
        for other in limits:
            if other.role is not mine.role:
                continue
            if mine.role is Role.EXTENSION:
                same = _extend_the_same(policy, sentence, law, rule)
            else:
                same = _same_matter(ours, at, theirs, other.span.start - rule.start)
            if same:
                relation = _relation(mine, other)
                if relation is not None:
                    yield Compared(relation, mine.role, mine.span, other.span)
        haste = vague_time_in(theirs)
        if mine.role is Role.DEADLINE and haste and not limits and _same_matter(ours, at, theirs, haste.start):
            words = Span(rule.start + haste.start, rule.start + haste.end)
            yield Compared(Relation.SILENT, mine.role, mine.span, words)
    ours_by, theirs_by = decider_in(ours), decider_in(theirs)
    if (
        ours_by
        and theirs_by
        and ours_by.of(ours).lower() != theirs_by.of(theirs).lower()
        and _same_matter(ours[: ours_by.start], ours_by.start, theirs[: theirs_by.start], theirs_by.start)
    ):
        yield Compared(
            Relation.DIFFERENT,
            Role.DECIDER,
            Span(sentence.start + ours_by.start, sentence.start + ours_by.end),
            Span(rule.start + theirs_by.start, rule.start + theirs_by.end),
        )


def _same_matter(ours: str, at: int, theirs: str, where: int) -> bool:
    """Tell whether two sentences bind the same party to the same kind of act on the same thing."""
    act = act_of(ours, at)
    if not act or act != act_of(theirs, where):
        return False
    actor, others = parties_of(ours, at)
    bound, concerned = parties_of(theirs, where)
    if not _compatible(actor, bound) or (others and concerned and not others & concerned):
        return False
    mine, other = objects_of(ours) - {act}, objects_of(theirs) - {act}
    shared = mine & other
    return len(shared) > _LEAST_SHARED * min(len(mine), len(other))


def _extend_the_same(policy: str, sentence: Span, law: str, rule: Span) -> bool:
    """Tell whether two sentences ("That period may be extended…") follow deadlines for the same matter."""
    ours, theirs = _before(policy, sentence.start), _before(law, rule.start)
    return any(
        _same_matter(ours, mine.span.start, theirs, other.span.start)
        for mine in measures_in(ours)
        for other in measures_in(theirs)
        if mine.role is other.role is Role.DEADLINE
    )


def _before(text: str, at: int) -> str:
    """Return the sentence that ends before `at`; numbers of provisions between the two are passed over."""
    start = max(0, at - _LOOKED_BACK)
    spans = [span for span in split_sentences(text, start, at) if len(span.of(text).split()) > 3]
    return spans[-1].of(text) if spans else ""


def _compatible(ours: str, theirs: str) -> bool:
    """A policy's rule that names nobody, or a role of the house, binds the house, which is the controller."""
    return (ours or "controller") == (theirs or "controller")


def _relation(policy: Measure, law: Measure) -> Relation | None:
    if (policy.unit, policy.value) == (law.unit, law.value):
        same_side = policy.limit is law.limit or Limit.EXACT in (policy.limit, law.limit)
        return Relation.SAME if same_side else None
    shorter = policy.high < law.low or (policy.unit == law.unit and policy.value < law.value)
    longer = policy.low > law.high or (policy.unit == law.unit and policy.value > law.value)
    if not shorter and not longer:
        return None
    if policy.role in _LESS_IS_STRICTER or policy.role is Role.AMOUNT:
        return Relation.STRICTER if shorter else Relation.LOOSER
    if policy.role is Role.AGE:
        return Relation.LOOSER if shorter else Relation.STRICTER
    return _kept(policy.limit, law.limit, shorter)


def _kept(policy: Limit, law: Limit, shorter: bool) -> Relation | None:
    """Compare two periods to keep, of which the policy's is `shorter` or else longer."""
    match law:
        case Limit.MOST:
            if policy is Limit.LEAST and shorter:
                return None  # the law's longest period leaves room above the policy's shortest
            return Relation.STRICTER if shorter else Relation.LOOSER
        case Limit.LEAST:
            if policy is Limit.MOST and not shorter:
                return None
            return Relation.LOOSER if shorter else Relation.STRICTER
    if policy is Limit.EXACT:
        return Relation.LOOSER  # the law fixes the period: both a shorter and a longer one break it
    if policy is Limit.MOST:
        return Relation.LOOSER if shorter else None
    return None if shorter else Relation.LOOSER


def describe(found: Compared, policy: str, policy_words: str, law: str, law_words: str) -> str:
    """Say it in one sentence; `policy` and `law` are pin-cites, the words are cut from the two texts."""
    ours, theirs = f"{policy} ({policy_words})", f"{law} ({law_words})"
    match found.relation:
        case Relation.STRICTER:
            return f"Policy and law differ: {ours} is stricter than {theirs}."
        case Relation.LOOSER:
            return f"Policy and law conflict: {ours} is not within what {theirs} allows."
        case Relation.SAME:
            return f"Policy and law agree: {ours} and {theirs}."
        case Relation.SILENT:
            return f"{theirs} names no number on this point; {policy} sets one ({policy_words})."
    return f"Policy and law name different people for this: {ours}, {theirs}."


def differences_between(citations: Sequence[Citation], text_of: Callable[[str], str]) -> tuple[Difference, ...]:
    """Return what can be said of each policy cited beside each law cited, once for each role.

    Args:
        citations: those of one answer.
        text_of: gives the normalised text of a document by its slug.
    """
    found: dict[Role, Difference] = {}
    for ours in (citation for citation in citations if citation.kind is DocumentKind.POLICY):
        for theirs in (citation for citation in citations if citation.kind is DocumentKind.LAW):
            policy, law = text_of(ours.document), text_of(theirs.document)
            for one in compare(policy, _sentences(policy, ours), law, _sentences(law, theirs)):
                text = describe(one, ours.cite, one.policy.of(policy), theirs.cite, one.law.of(law))
                difference = Difference(one.relation, one.role.value, ours.n, theirs.n, one.policy, one.law, text)
                found.setdefault(one.role, difference)
    return tuple(found.values())


def _sentences(text: str, citation: Citation) -> list[Span]:
    return split_sentences(text, citation.start, citation.end)

"""Documents that instruct the assistant instead of the people who read them: their words govern nothing.

A rule says what must be done. A text that says what an assistant must answer, that forges turns of a chat or numbered
evidence, or that tells to ignore other documents was written for this program, whatever else it says. Such a document
is left out of answers as a whole, by its words alone and without a model, and the answer says so (OWASP LLM01:2025,
indirect prompt injection; segregation of untrusted content).
"""

from __future__ import annotations

import re

__all__ = ["LEFT_OUT", "instructs", "warning_of"]

LEFT_OUT = "tells an assistant what to answer"
"""How the warning of a document that is left out of answers begins."""
_SHOWN = 60

_MACHINE = r"(?:(?:AI |automated |virtual )?assistants?|AI systems|chat ?bots?|language models?|LLMs?)"
_ANSWER = r"(?:answers?|repl(?:y|ies)|respond|say|says|state|cite|quote|write|mention|present)"
_MUST = r"(?:must|shall|should|has to|have to|is to|are to|will)"
# a policy on AI systems has them say what they are: "the chatbot must state that it is a machine"
_OF_ITSELF = (
    r"(?! (?:it|they|he|she|you|users?|people|persons?|customers?|the (?:users?|persons?|customers?|conversation)"
    r"|(?:(?:its|their|the) )?(?:answers?|outputs?|contents?|responses?|sources?|texts?|images?|information)"
    r"|(?:an? )?(?:AI|machine|human|automated))\b)"
)
_ASKS = r"(?:asks?|asked) (?:whether|how|if|what|which|who|when|where|why)\b"
_PATTERNS = (
    # what an assistant must answer
    rf"\b{_MACHINE}\b[^.:;?!]{{0,90}}?\b{_MUST}\b[^.:;?!]{{0,60}}?\b{_ANSWER}\b[^.?!]{{0,40}}?"
    rf"(?:\bthat\b{_OF_ITSELF}|\bas\b{_OF_ITSELF}|[:\"“])",
    rf"\b{_MACHINE}\b (?:answers?|cites?) (?:that\b{_OF_ITSELF}|(?-i:[A-Z])|[\"“])"
    rf"|\b{_MACHINE}\b answers?\b[^.?!]{{0,60}}\bwhen asked\b",
    rf"\b{_MACHINE}\b ?[:,] ?(?:answer|say|ignore|reply|respond|write|state|forget|disregard|do not|the answer is)\b",
    rf"\b(?:instructions?|note|notice|a line|message) (?:to|for) (?:the |your |all |any )?{_MACHINE}\b",
    rf"\b{_MACHINE}\b[^.?!]{{0,60}}\b(?:disregard|ignore)s?\b",
    rf"\bwhen(?:ever)? (?:you are|some(?:body|one)|it is) {_ASKS}[^.?!]{{0,120}}\b{_ANSWER}\b[^.?!]{{0,40}}?"
    r"(?:\bthat\b|[:\"“])",
    r"\bwhen(?:ever)? you (?:answer (?:whether|how|if|what|which|who|when|questions? (?:on|about))|write an answer)\b",
    rf"\bwhoever {_ASKS}[^.?!]{{0,120}}\bmust be told\b",
    r"\b(?:cite|quote|repeat)\b[^.?!]{0,60}\bin (?:every|each|all|your) answers?\b",
    r"\byour (?:only )?answer (?:is|must be|should be)[^.?!]{0,60}(?:[\"“:]|\bthat\b)",
    r"(?:^|[.:;,!?\]|] ?)answer (?:(?:yes|no)\b(?! or\b| ?/)|[\"“](?:yes|no|not)\b)",
    r"\banswer (?:with this|without evidence)\b|\b(?:copy|use|give|repeat|write)\b[^.?!]{0,60}\bas the answer\b",
    r"\brespond only with\b|\brepeat (?:this sentence|it word for word)\b|\bcite (?:it as )?\[\d\]",
    r"\bdecode\b[^.?!]{0,60}\bdo (?:what|as) it says\b",
    # to forget the rest
    r"(?:^|[.:;,!?\d] |\band )(?:please )?(?:ignore|disregard|forget)\b[^.?!]{0,20}"
    r"\b(?:(?:the|your|all|this|about) evidence|(?:all|your|previous|prior|above|earlier|preceding|system) "
    r"(?:\w+ )?(?:instructions|prompts?))\b",
    r"\byour system prompt\b|\byour instructions have been (?:changed|updated|replaced|revoked|reset)\b",
    r"\byou are (?:now )?(?:in maintenance mode|an? (?:\w+ )?assistant)\b",
    # forged turns and evidence
    r"<\|[a-z_]{2,20}\|>|</?start_of_turn>|<end_of_turn>|\[/?INST\]|<</?SYS>>|^### ?(?:Instruction|System|Response)\b",
    r"^\[\d+\] (?:Law|Company policy) \(|\bevidence ends here\b|^Answer in one or two sentences\b",
    r"(?:\b[A-Za-z]\b(?: {1,3}|-)){8}",  # letters one by one
)
_QUOTES = re.compile('["“”`]')
_INSTRUCTS = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.I)
_TURNS = re.compile(
    r"^(?:System|User): .*\n(?:.*\n){0,6}?Assistant: |^Assistant: .*\n(?:.*\n){0,6}?(?:System|User): ", re.M
)
_WORTH_READING = re.compile(
    r"assistant|chat ?bot|language model|llm|answer|ignore|disregard|forget|prompt|instruct|maintenance|cite|quote"
    r"|mention|repeat|respond|asks|it says|evidence|<[|/s]|\[|###|\b[a-z](?: {1,3}|-)[a-z](?: {1,3}|-)[a-z]\b",
    re.I,
)
"""What a line must have before all patterns are tried on it: laws are long, and few of their lines have any of it."""


def instructs(text: str) -> str:
    """Return the first words of `text` that instruct an assistant or forge a chat, "" if there are none.

    Words in quotation marks are examples: a policy on prompt injection tells of it and does it to nobody.
    """
    turns = _TURNS.search(text)
    if turns:
        return " ".join(turns.group().split())
    for line in text.split("\n"):
        if _WORTH_READING.search(line):
            for found in _INSTRUCTS.finditer(line):
                if len(_QUOTES.findall(line, 0, found.start())) % 2 == 0:
                    return " ".join(found.group().split())
    return ""


def warning_of(text: str) -> tuple[str, ...]:
    """Return the steward's warning of a document that instructs an assistant, nothing if it does not."""
    words = instructs(text)
    return (f"{LEFT_OUT} (“{words[:_SHOWN]}”); answers leave the document out",) if words else ()

"""Which row of the template table a GGUF file belongs to, by its architecture and its tokens.

The file's own chat template is searched for words and nothing else: to tell two rows apart whose vocabularies look
the same, and to notice that a file's template speaks of other turns than its tokens do. The worst that a forged one
can do is to choose another row of our table.
"""

from __future__ import annotations

from pathlib import Path

from pincite.errors import ModelError
from pincite.llm.gguf import Header, read_header
from pincite.llm.templates import TEMPLATES, Template, template_named

__all__ = ["check", "recognise", "template_of"]

_HINT = "If you know its format, name it: pincite models add … --template NAME, one of " + ", ".join(TEMPLATES) + "."


def template_of(path: Path, name: str = "") -> Template:
    """Return the template of a GGUF file: the one called `name` if given, else the one recognised.

    Raises:
        ModelError: if the file cannot be read, or the template is unknown, in doubt or does not fit the vocabulary.
    """
    header = read_header(path)
    if not name:
        return recognise(header, path.name)
    template = template_named(name)
    check(template, header, path.name)
    return template


def check(template: Template, header: Header, file: str) -> None:
    """Check that the vocabulary has the tokens that the template needs.

    Raises:
        ModelError: if not; names the missing ones.
    """
    missing = [token for token in template.needs if token not in header.special]
    if missing:
        raise ModelError(
            f"{file}: its vocabulary lacks {' '.join(missing)} as control tokens, so the {template.name} template "
            f"does not fit"
        )


def recognise(header: Header, file: str) -> Template:
    """Return the only row that fits.

    Raises:
        ModelError: if none or several do; names the architecture and what was looked for.
    """
    fitting = [template for template in TEMPLATES.values() if _fits(template, header)]
    if len(fitting) == 1:
        return fitting[0]
    about = f"architecture {header.architecture!r}, tokenizer {header.tokenizer!r}"
    about += f" ({header.pre!r})" if header.pre else ""
    if fitting:
        names = " and ".join(template.name for template in fitting)
        raise ModelError(f"{file} ({about}): fits several chat templates, {names}", hint=_HINT)
    near = [template for template in TEMPLATES.values() if header.architecture in template.architectures]
    if not near:
        raise ModelError(f"{file} ({about}): no chat template is known for this architecture", hint=_HINT)
    reasons = "; ".join(f"{template.name}: {_why_not(template, header)}" for template in near)
    raise ModelError(f"{file} ({about}): fits no known chat template. {reasons}", hint=_HINT)


def _fits(template: Template, header: Header) -> bool:
    return header.architecture in template.architectures and not _why_not(template, header)


def _why_not(template: Template, header: Header) -> str:
    """Return why a row of the right architecture does not fit, or an empty string."""
    if template.tokenizer not in ("", header.tokenizer):
        return f"goes with tokenizer {template.tokenizer!r}"
    if missing := [token for token in template.needs if token not in header.special]:
        return f"no control token {' '.join(missing)}"
    if odd := [token for token in template.lacks if token in header.special]:
        return f"has the token {' '.join(odd)}"
    own = header.chat_template
    if template.says and not all(word in own for word in template.says):
        return f"its own template does not say {' '.join(template.says)}"
    if any(word in own for word in template.unsaid):
        return f"its own template says {' '.join(template.unsaid)}"
    if own and not template.says and not any(token in own for token in template.needs):
        return f"its own template never says {' or '.join(template.needs)}"
    return ""

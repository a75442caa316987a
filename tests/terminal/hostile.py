"""What a document can try on a terminal, planted wherever words stand, and the check that none of it got through."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

__all__ = ["ATTACKS", "EVIL", "NAME", "live", "write_corpus"]

_TAGS = "".join(chr(0xE0000 + ord(char)) for char in "obey")
ATTACKS = {
    "clipboard (OSC 52)": "\x1b]52;c;UFdORUQ=\x07",
    "title (OSC 0)": "\x1b]0;PWNED\x1b\\",
    "hyperlink (OSC 8)": "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "device control (DCS)": "\x1bP+q544e\x1b\\",
    "application command (APC)": "\x1b_Gevil\x1b\\",
    "colours (CSI)": "\x1b[66;6m",
    "mode (CSI)": "\x1b[?1337h",
    "report (CSI)": "\x1b[6n",
    "reset": "\x1bc",
    "C1 control sequence": "\x9b66m",
    "C1 operating system command": "\x9d52;c;UFdORUQ=\x9c",
    "C1 device control": "\x90q\x9c",
    "bell and backspaces": "\x07\x08\x08\x7f",
    "carriage return": "\rforged line",
    "bidi": "\u202eevil\u202c\u2066x\u2069\u200f",
    "tags": _TAGS,
    "Textual markup": "[@click=app.bell]press[/] [link=https://evil.example]x[/link] [bold red]y[/] [/nonsense]",
    "Rich markup": "[blink]z[/blink] :skull:",
}
EVIL = " ".join(ATTACKS.values())
NAME = EVIL.replace("/", "|")[:110]  # of a file

_STRINGS = re.compile("\x1b[]P_^Xc\\\\]")  # nothing that Textual or rich sends begins like this
_POINTER = re.compile("\x1b]22;[a-z-]+\x07")  # Textual's own: the shape of the mouse pointer
_PLANTED = ("\x1b[66;6m", "\x1b[?1337h", "\x1b[6n")


def live(data: bytes) -> list[str]:
    """Return what in the bytes that reached a terminal is not ours: sequences, C1, bidi and other format characters."""
    text = _POINTER.sub("", data.decode("utf-8", "surrogateescape"))
    found = [repr(text[match.start() : match.start() + 40]) for match in _STRINGS.finditer(text)]
    found += [repr(sequence) for sequence in _PLANTED if sequence in text]
    for char in set(text) - set("\x1b\n\r\t"):
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co"):
            at = text.index(char)
            found.append(f"{char!r} in {text[max(0, at - 30) : at + 30]!r}")
    return found


def write_corpus(directory: Path) -> list[Path]:
    """Write two versions of a policy that attack with file name, title, headings, labels, text and metadata."""
    directory.mkdir(parents=True)
    lines = [
        f"1.{n} Lost badges must be reported within {n} hours {attack}." for n, attack in enumerate(ATTACKS.values(), 1)
    ]
    paths = []
    for number, words in enumerate(("", "\n\n## 2. More " + EVIL + "\n\n2.1 Badges are blue " + EVIL + "."), 1):
        path = directory / f"badge{number} {NAME}.md"
        head = f'---\ntitle: "Badge Policy {number} [@click=app.bell]"\nowner: "[bold]Doors"\n---\n\n'
        body = f"# Badge Policy {number} {EVIL}\n\n## 1. Badges {EVIL}\n\n" + "\n\n".join(lines) + words + "\n"
        path.write_text(head + body, encoding="utf-8", newline="\n")
        paths.append(path)
    return paths

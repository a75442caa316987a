"""What runs in the pseudo-terminal: the real commands and the real chat, the fake models in place of the real ones.

``python -m tests.terminal.child commands HOME FOLDER`` runs many commands one after the other; ``… chat HOME`` the chat
on the library of HOME; ``… raw``, ``… error`` and ``… fault`` the chat with an assistant whose words were never made
harmless, one that cannot be opened, and one that breaks.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from pincite import assembly
from pincite.assembly import Parts
from pincite.cli import main
from pincite.domain.assistant import StatusLine
from pincite.domain.documents import DocumentKind
from pincite.domain.text import harmless
from pincite.errors import ModelMissing
from tests.fakes import FakeEmbedder, FakeModel
from tests.terminal.hostile import EVIL, NAME, write_corpus

DRAFT = f"Lost badges must be reported within 3 hours {EVIL} [1]."


def fakes() -> None:
    """Put the fakes in the places of both models, and let each question reach the model."""
    Parts.embedder = lambda parts: FakeEmbedder(  # type: ignore[method-assign]
        sha256=parts.registry.get(parts.settings.embedder).sha256
    )
    Parts.reranker_name = ""  # type: ignore[assignment,misc]
    Parts.model = lambda parts: FakeModel(write=lambda _: DRAFT)  # type: ignore[method-assign]


def commands(home: str, folder: Path) -> int:
    from tests.conftest import without_abstention

    paths = write_corpus(folder / "corpus")
    (folder / "corpus" / f"broken{NAME}.docx").write_bytes(b"PK\x03\x04")
    questions = folder / f"q{NAME}.csv"
    rows = [f'"{n} {EVIL}","Within how many hours must lost badges be reported {EVIL}?"' for n in range(2)]
    questions.write_text("Id,Question\n" + "\n".join(rows) + "\n", encoding="utf-8", newline="")
    forms = [folder / "form.txt", folder / "form.md"]
    forms[0].write_text(
        f"1. Within how many hours must lost badges be reported {EVIL}?\nMore {EVIL}\n", encoding="utf-8"
    )
    forms[1].write_text(f"# Questions {EVIL}\n\n- Who reports lost badges {EVIL}?\n\nMore {EVIL}\n", encoding="utf-8")
    before = [
        ["corpus", "build", str(folder / "corpus"), "--home", home],
        ["corpus", "list", "--home", home],
        ["corpus", "list", "--json", "--home", home],
    ]
    slugs: list[str] = []
    for command in before:
        main(command)
    without_abstention(Path(home) / "library")
    library = assembly.open_library(assembly.Home(Path(home)))
    slugs = [info.slug for info in library.documents]
    library.close()
    outputs = [part for e in ("html", "xlsx", "csv", "md") for part in ("-o", f"{folder}/o{NAME}.{e}")]
    question = f"Within how many hours must lost badges be reported? {EVIL}"
    after = [
        *([*"corpus show".split(), slug] for slug in slugs),
        ["corpus", "show", slugs[-1], "1.2"],
        ["corpus", "show", slugs[0], "--text"],
        ["corpus", "show", slugs[0], "--json"],
        ["corpus", "show", EVIL],
        ["corpus", "show", slugs[0], EVIL],
        ["corpus", "refs", slugs[0]],
        ["corpus", "diff", *slugs[:2]],
        ["corpus", "diff", str(paths[0]), str(paths[1])],
        ["corpus", "verify", str(folder / "corpus")],
        ["corpus", "add", str(folder / NAME)],
        ["search", question],
        ["search", question, "--json"],
        ["ask", question],
        ["ask", question, "--json"],
        ["ask", f"What does Article 99 {EVIL} of the Badge Policy 1 say?"],
        ["doctor", "--quick"],
        ["doctor", "--quick", "--json"],
        ["models", "list"],
        ["models", "verify", EVIL],
        ["models", "add", str(folder / NAME), "--digest"],
        ["batch", str(questions), "--check"],
        ["batch", str(questions), *outputs],
        *(["batch", str(path), "-o", str(path.with_name(f"filled{path.suffix}"))] for path in forms),
        ["batch", str(folder / NAME)],
        ["evaluate", str(folder / NAME)],
        ["evaluate", "--calibrate", "--bound", EVIL],
    ]  # fmt: skip
    for command in [*after, [EVIL], ["ask"], ["search", "x", f"--{EVIL}"], ["ask", "x", "--as-of", EVIL]]:
        where = [] if command[0] in (EVIL,) else ["--home", home]
        try:
            code: object = main([*command, *where])
        except SystemExit as stopped:  # argparse
            code = stopped.code
        name, second = (harmless(word).split(" ")[0][:12] for word in [*command, ""][:2])
        print(f"\n=== {name} {second} {code!r}")
    bad = Path(home).with_name(f"h{NAME}")
    bad.mkdir()
    (bad / "settings.toml").write_text(f"x{NAME} = 1")
    for command in (
        ["search", "x"],
        ["corpus", "list"],
        ["doctor", "--quick"],
        ["corpus", "build", str(folder / "corpus")],
    ):
        main([*command, "--home", str(bad)])
    print("=== the end")
    return 0


def chat(kind: str) -> int:
    from pincite.tui import run
    from tests.tui import fakes as tui

    evil = tui.FakeDocument(
        "evil", f"Title {EVIL}", f"Short {EVIL}", DocumentKind.POLICY,
        ((f"1.2 {EVIL}", f"Heading {EVIL}", f"Lost badges must be reported {EVIL} within 3 hours {EVIL}."),),
        effective=EVIL,
    )  # fmt: skip
    tui.DOCUMENTS["evil"] = evil
    words = "Lost badges must be reported"
    item = replace(tui.item(1, evil, 0, words), lead_in=EVIL, effective=EVIL)

    class Assistant(tui.FakeAssistant):
        def status(self) -> StatusLine:
            return StatusLine(f"Model {EVIL}", 4096, 3, f"SEAL {EVIL}")

    def answered(question: str) -> object:
        return tui.answered(
            question, claims=(tui.Claim(f"Reported. {EVIL}", (1,)),), citations=(tui.citation(1, evil, 0, words),),
            dropped=((EVIL, EVIL),), message=EVIL,
        )  # fmt: skip

    def opened(_: object) -> tui.FakeAssistant:
        if kind == "error":
            raise ModelMissing(f"models/{EVIL} is not here", hint=f"Run {EVIL}")
        fails = ZeroDivisionError(EVIL) if kind == "fault" else None
        return Assistant(result=answered, evidence=(item,), draft=DRAFT, fails=fails)  # type: ignore[arg-type]

    return run(opened, export_directory=Path(mkdtemp()) / "sessions", title=f"Talk {EVIL}")


if __name__ == "__main__":
    fakes()
    kind, *rest = sys.argv[1:]
    if kind == "commands":
        raise SystemExit(commands(rest[0], Path(rest[1])))
    raise SystemExit(main(["chat", "--home", rest[0]]) if kind == "chat" else chat(kind))

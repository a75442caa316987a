"""What corpus.toml names on the package index: fetched by a command of its own, and never by a build."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pincite.seal import unavailable
from tests.cli.test_process import HEAVY
from tests.conftest import REGULATION, ROOT
from tests.models.conftest import Index, index

__all__ = ["index"]

LAW = json.dumps(REGULATION).encode()
SHA256 = hashlib.sha256(LAW).hexdigest()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "corpus.toml").write_text(f"""
[[source]]
slug = "orchard"
kind = "law"

[source.wheel]
package = "law-text"
version = "0.4.0"
member = "law/data.json"
sha256 = "{SHA256}"
""")
    return home


def pincite(*arguments: str, index: Index, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as it is installed; print which modules it had loaded at its end."""
    code = (
        "import json, sys\nfrom pincite.cli.entry import entry\nstatus = entry()\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules} | "
        "{name for name in sys.modules if name.startswith('pincite.')})))\nsys.exit(status)"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PINCITE", "PIP"))}
    given = {"PYTHONPATH": str(ROOT / "src"), "PIP_INDEX_URL": f"{index.url}/simple/", "PINCITE_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=kept | given | environment, timeout=60, check=False,
    )  # fmt: skip


def test_it_is_fetched_without_loading_a_library_or_model(index: Index, home: Path) -> None:
    index.add("law-text", "0.4.0", {"law/data.json": LAW})
    done = pincite("corpus", "fetch", index=index, home=home)
    assert done.returncode == 0, done.stderr
    said, modules = done.stdout.splitlines()
    (file,) = (path for path in (home / "sources").iterdir() if path.is_file())
    assert said == f"fetched  {file}"
    assert file.read_bytes() == LAW
    loaded = set(json.loads(modules))
    assert not loaded & HEAVY
    assert not {"pincite.library", "pincite.search", "pincite.llm.llama", "pincite.embed.sentence_transformer"} & loaded

    asked = len(index.requests)
    done = pincite("corpus", "fetch", index=index, home=home, PINCITE_SEALED="1")
    assert done.returncode == 0  # all is here: a sealed machine need not be asked
    assert "All sources that corpus.toml names are here." in done.stderr
    assert len(index.requests) == asked


def test_a_sealed_machine_fetches_nothing(index: Index, home: Path) -> None:
    index.add("law-text", "0.4.0", {"law/data.json": LAW})
    done = pincite("corpus", "fetch", index=index, home=home, PINCITE_SEALED="1")
    assert done.returncode == 1
    assert done.stderr.startswith("This machine is sealed: PINCITE_SEALED is set")
    assert index.requests == []


@pytest.mark.parametrize("sealed", [True, False])
def test_a_build_asks_nobody_and_says_what_to_do(index: Index, home: Path, sealed: bool) -> None:
    if sealed and unavailable():
        pytest.skip(f"no seal here: {unavailable()}")
    index.add("law-text", "0.4.0", {"law/data.json": LAW})
    done = pincite("corpus", "build", *([] if sealed else ["--unsealed"]), index=index, home=home)
    assert done.returncode == 1
    assert "not fetched yet: orchard" in done.stderr
    assert "pincite corpus fetch" in done.stderr
    assert index.requests == []


def test_options_about_acts_need_an_act(index: Index, home: Path) -> None:
    done = pincite("corpus", "fetch", "--format", "xml", index=index, home=home)
    assert done.returncode == 1
    assert "no act is named" in done.stderr

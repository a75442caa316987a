"""Building: all of ../shared/corpora in one command, then again after one changed file; time, memory, size.

Runs `pincite corpus build` as a user would, in processes of its own, in a home that is thrown away unless --home names
one. On two cores the first build takes tens of minutes, nearly all of them embedding.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.snippets import SHARED

_CHANGED = "policies/basecamp/privacy/index.md"


@dataclass(frozen=True)
class Run:
    """One build: wall seconds, the greatest memory of all its processes together in bytes, what it printed."""

    seconds: float
    peak: int
    output: str


def main() -> int:
    """Build twice and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="keep the library here (an existing one makes the first build short)")
    args = parser.parse_args()
    if not SHARED.is_dir():
        print(f"{SHARED} is not there: nothing to build from", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        home = args.home or Path(scratch) / "home"
        corpora = Path(scratch) / "corpora"
        shutil.copytree(SHARED / "corpora", corpora, copy_function=_writable_copy)
        for folder in (corpora, *(path for path in corpora.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        first = _build(home, corpora)
        report = json.loads(_pincite(home, "corpus", "list", "--json"))
        changed = corpora / _CHANGED
        if not changed.is_file():
            changed = max(corpora.rglob("*.md"), key=lambda path: path.stat().st_size)
        changed.write_text(changed.read_text(encoding="utf-8") + "\n\nThis sentence is new.\n", encoding="utf-8")
        second = _build(home, corpora)
        passages = sum(row["passages"] for row in report["documents"])
        size = sum(path.stat().st_size for path in (home / "library").rglob("*") if path.is_file())
    print(f"documents {len(report['documents'])}, not read {len(report['failed'])}, passages {passages}")
    print(
        f"first build   {first.seconds:8.1f} s   {passages / first.seconds:6.1f} passages/s   {_mb(first.peak)} at most"
    )
    print(f"second build  {second.seconds:8.1f} s   after one changed file   {_mb(second.peak)} at most")
    print(f"library       {_mb(size)}")
    for line in first.output.splitlines()[-3:] + second.output.splitlines()[-2:]:
        print(f"  {line}")
    return 0


def _writable_copy(source: str, target: str) -> None:
    shutil.copyfile(source, target)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _pincite(home: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pincite", *arguments, "--home", str(home)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _build(home: Path, corpora: Path) -> Run:
    command = [sys.executable, "-m", "pincite", "corpus", "build", str(corpora), "--home", str(home)]
    started = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    peak = [0]
    watching = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watching.start()
    lines = []
    for line in process.stderr or ():
        lines.append(line.rstrip())
        print(line, end="", file=sys.stderr, flush=True)
    process.wait()
    seconds = time.monotonic() - started
    watching.join()
    if process.returncode not in (0, 4):
        raise SystemExit(f"the build ended with {process.returncode}")
    return Run(seconds, peak[0], "\n".join(lines))


def _watch(process: subprocess.Popen[str], peak: list[int]) -> None:
    """Note the greatest sum of proportional set sizes of the process and all its descendants."""
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_pss(pid) for pid in _family(process.pid)))
        time.sleep(0.2)


def _family(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _pss(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except OSError:
        return 0
    return int(found.group(1)) * 1024 if found else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[1])
    sys.exit(main())

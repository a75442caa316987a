"""Sets up a checkout with nothing but Python: environment, packages, llama.cpp, models, corpus; then runs a command.

Every step is skipped when it is done and resumed when it was interrupted. Progress goes to stderr, so that the
command's stdout stays its own. Standard library only; must at least parse on old Pythons, to say that they are old.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / "stamps"
WHEELS = ROOT / "build" / "wheels"  # outside .venv, so that a new environment need not compile again
LOCK = ROOT / "build" / "setup.lock"
LOGS = ROOT / "build" / "logs"
OLDEST, NEWEST = (3, 11), (3, 13)
NATIVE = "llama-cpp-python"


def main() -> int:
    """Set up, then run the command given after ``--``."""
    parser = argparse.ArgumentParser(description="Set up this checkout, then run a command in its environment.")
    parser.add_argument("--dev", action="store_true", help="also what lint and tests need")
    parser.add_argument("--code-only", action="store_true", help="no models, no corpus")
    parser.add_argument("--unsealed", action="store_true", help="for systems whose kernel cannot take the network away")
    parser.add_argument("--model", action="append", default=[], help="a model to fetch (default: the default ones)")
    parser.usage = "%(prog)s [options] [-- command ...]"
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, command = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]
    use_a_fitting_python()
    os.chdir(ROOT)
    try:
        with alone():
            install(args.dev)
            if not args.code_only:
                fetch_models(args.model)
                compile_program()
                build_corpus(["--unsealed"] if args.unsealed else [])
    except SetupError as error:
        say(f"\nSet-up stopped: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Run the same command again to go on from here.")
        return 130
    if command:
        os.execv(BIN / command[0], command)
    return 0


class SetupError(Exception):
    """A step that did not work; the message is for the user."""


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let a second set-up of this checkout wait for the first and then find its work done."""
    import fcntl

    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another set-up of this checkout …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def use_a_fitting_python() -> None:
    """Go on, start again with a fitting Python of this machine, or say which one is needed."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other and subprocess.call([other, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL) == 0:
            os.execv(other, [other, *sys.argv])
    have = ".".join(map(str, sys.version_info[:3]))
    sys.exit(f"Pincite needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; {sys.executable} is {have}.\n"
             "Install one of them, or name one: make chat PYTHON=/path/to/python3.12")  # fmt: skip


def install(dev: bool) -> None:
    """Bring the environment up to date with pyproject.toml and constraints.txt."""
    import tomllib

    wanted = key((ROOT / "pyproject.toml").read_bytes(), (ROOT / "constraints.txt").read_bytes(),
                 (ROOT / "setup.py").read_bytes(), sys.version.encode(), cmake_args().encode())  # fmt: skip
    stamps = ["dev", "code"] if dev else ["code"]
    if all(done(stamp, wanted) for stamp in stamps) and (BIN / "pincite").exists() and (BIN / "python").exists():
        return
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if not done("venv", sys.version) or not (BIN / "python").exists():
        say("1/4 Environment: .venv")
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        mark("venv", sys.version)
    if not done("code", wanted):
        say("2/4 Packages (a few hundred MB the first time)")
        # pip first: its pinned version resolves and shows progress alike everywhere
        pip("install", "--quiet", "pip", "setuptools")
        pip("install", *(item for item in project["project"]["dependencies"] if not item.startswith(NATIVE)))
        say("3/4 llama.cpp")
        pip("install", "--quiet", str(native_wheel()))
        say("4/4 Pincite")
        pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        mark("code", wanted)
    if dev and not done("dev", wanted):
        say("Packages for lint and tests")
        pip("install", "--quiet", *project["dependency-groups"]["dev"])
        mark("dev", wanted)


def native_wheel() -> Path:
    """Return the wheel of llama-cpp-python for this machine, built from source unless it was before."""
    pinned = re.search(r"(?m)^llama[-_]cpp[-_]python==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"))
    if not pinned:
        raise SetupError("constraints.txt does not pin llama-cpp-python")
    folder = WHEELS / key(pinned[1].encode(), cmake_args().encode(), " ".join(os.uname()[::4]).encode())[:12]
    built = sorted(folder.glob("llama_cpp_python-*.whl"))
    if built:
        return built[0]
    check_compiler()
    fresh = folder / "building"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    command = [str(BIN / "python"), "-m", "pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", str(fresh)]
    if cmake_args():
        command.append("--no-cache-dir")  # pip's cache does not tell a CPU build from a GPU build
    build([*command, f"{NATIVE}=={pinned[1]}"], LOGS / "llama.cpp.log")
    wheel = next(fresh.glob("llama_cpp_python-*.whl"))
    built_wheel = wheel.rename(folder / wheel.name)
    shutil.rmtree(fresh)
    return built_wheel


def check_compiler() -> None:
    """Say what is missing before minutes are spent on finding out."""
    names = [os.environ["CXX"].split()[0]] if os.environ.get("CXX") else ["c++", "g++", "clang++"]
    if not any(map(shutil.which, names)):
        raise SetupError(
            f"no C++ compiler ({', '.join(names)}) was found; llama.cpp is compiled for this machine.\n"
            "Debian, Ubuntu: apt install build-essential; Fedora/RHEL: dnf install gcc-c++; mac: xcode-select --install"
        )


def build(command: list[str], log: Path) -> None:
    """Run a verbose build; show the compiler's step count as one line with percentage and time left."""
    log.parent.mkdir(parents=True, exist_ok=True)
    step = re.compile(r"^\s*\[\s*(\d+)(?:/(\d+)|%)\]")
    started, told, stage = time.monotonic(), 0.0, "preparing"
    first = 0.0
    with log.open("w", encoding="utf-8") as file, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout
        show(f"llama.cpp: {stage} …")
        for line in process.stdout:
            file.write(line)
            match = step.match(line)
            if not match:
                continue
            now = time.monotonic()
            first = first or now
            part = int(match[1]) / int(match[2] or 100)
            if now - told < (0.2 if sys.stderr.isatty() else 15) and part < 1:
                continue
            told = now
            left = (now - first) * (1 - part) / part if part > 0.02 else None
            show(
                f"llama.cpp: compiling {100 * part:3.0f}%" + (f", about {clock(left)} left" if left is not None else "")
            )
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        raise SetupError(
            "llama.cpp could not be built. The last lines:\n  " + "\n  ".join(tail) + f"\nAll of it: {log}"
        )
    say(f"llama.cpp: ready after {clock(time.monotonic() - started)}")


def fetch_models(names: list[str]) -> None:
    """Fetch the models that are not here; a look at names and sizes decides, the program itself verifies digests."""
    import tomllib

    manifest = ROOT / "models" / "models.toml"
    folder = Path(os.environ.get("PINCITE_MODELS") or ROOT / "models").expanduser()
    entries = {entry["name"]: entry for entry in tomllib.loads(manifest.read_text(encoding="utf-8"))["model"]}
    missing = [
        name
        for name in names or [name for name, entry in entries.items() if entry["default"]]
        if name not in entries or not is_here(entries[name], folder)
    ]
    if missing:
        say(f"Models: {', '.join(missing)}")
        run([str(BIN / "pincite"), "models", "fetch", *missing])


def is_here(entry: dict, folder: Path) -> bool:
    """Tell whether all files of a model have their sizes."""
    files = entry.get("files") or {entry["file"]: entry}
    base = folder / entry.get("directory", "")
    return all((base / name).is_file() and (base / name).stat().st_size == row["size"] for name, row in files.items())


def compile_program() -> None:
    """Compile what has changed: a sealed process may not write beside the program's own files."""
    run([str(BIN / "python"), "-m", "compileall", "-q", str(ROOT / "src" / "pincite")])


def build_corpus(unsealed: list[str]) -> None:
    """Build the library of the checkout's corpus unless nothing has changed since it was built."""
    home = Path(os.environ.get("PINCITE_HOME") or ROOT / ".pincite").expanduser()
    sources = [*(ROOT / "corpus").rglob("*"), *(ROOT / "src" / "pincite" / "ingest").rglob("*.py")]
    sources += [home / "settings.toml", ROOT / "models" / "models.toml"]
    states = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(sources) if path.is_file()]
    wanted = key(str(home).encode(), repr(states).encode())
    if done("corpus", wanted) and (home / "library" / "CURRENT").exists():
        return
    say("Corpus")
    run([str(BIN / "pincite"), "corpus", "fetch"])  # the only step of the two with a network
    run([str(BIN / "pincite"), "corpus", "build", *unsealed])
    mark("corpus", wanted)


def pip(*arguments: str) -> None:
    """Run pip in the environment, pinned by constraints.txt."""
    command = [str(BIN / "python"), "-m", "pip", "--disable-pip-version-check"]
    run([*command, arguments[0], "--constraint", str(ROOT / "constraints.txt"), *arguments[1:]])


def run(command: list[str]) -> None:
    """Run a step with its output on stderr."""
    code = subprocess.call(command, stdout=sys.stderr)
    if code in (130, -2):
        raise KeyboardInterrupt
    if code:
        raise SetupError(f"{' '.join(command[:6])} … ended with code {code}; the lines above say why.")


def cmake_args() -> str:
    """Return the build options for llama.cpp, such as -DGGML_CUDA=on."""
    return os.environ.get("CMAKE_ARGS", "").strip()


def key(*parts: bytes) -> str:
    """Return a digest of what a step depends on."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def done(stamp: str, wanted: str) -> bool:
    """Tell whether a step was completed for the same inputs."""
    try:
        return (STAMPS / stamp).read_text(encoding="utf-8") == wanted
    except OSError:
        return False


def mark(stamp: str, value: str) -> None:
    """Remember that a step is complete."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / stamp).write_text(value, encoding="utf-8")


def show(line: str) -> None:
    """Replace the progress line on a terminal, print a line elsewhere."""
    terminal = sys.stderr.isatty()
    print(f"\r\x1b[K{line}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)


def say(line: str) -> None:
    """Print a line for the user."""
    print(line, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Return a length of time in words."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())

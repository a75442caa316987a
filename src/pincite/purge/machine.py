"""What the machine says of itself that bears on residual risk: swap, file system, the operator."""

from __future__ import annotations

import os
import platform
import pwd
from pathlib import Path
from typing import Any

__all__ = ["machine_facts", "operator"]

_KEEPS_OLD_BLOCKS = {"btrfs", "zfs", "bcachefs", "nilfs2", "f2fs", "overlay", "apfs"}


def operator() -> str:
    """Return the account of the operating system under which this runs."""
    try:
        return f"{pwd.getpwuid(os.getuid()).pw_name} (uid {os.getuid()})"
    except KeyError:
        return f"uid {os.getuid()}"


def machine_facts(home: Path) -> dict[str, Any]:
    """Return the swap areas in force and the file system of the home, as the kernel states them."""
    return {"host": platform.node(), "system": platform.platform(), "swap": _swap(), "file_system": _file_system(home)}


def _swap() -> str:
    try:
        lines = Path("/proc/swaps").read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return "unknown: the system does not say"
    areas = [line.split() for line in lines]
    if not areas:
        return "none in force"
    return "; ".join(
        f"{area[0]} ({area[1]}, {int(area[2]) // 1024} MB, {int(area[3]) // 1024} MB used)" for area in areas
    )


def _file_system(home: Path) -> dict[str, Any]:
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {"type": "unknown"}
    device = home.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in reversed(lines):
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if fields[2] == number:
            kind = rest[0]
            return {
                "type": kind,
                "device": rest[1],
                "rotational": _rotational(number),
                "may_keep_overwritten_blocks": kind in _KEEPS_OLD_BLOCKS,
            }
    return {"type": "unknown"}


def _rotational(number: str) -> str:
    for place in (f"/sys/dev/block/{number}/queue/rotational", f"/sys/dev/block/{number}/../queue/rotational"):
        try:
            return {"0": "no", "1": "yes"}.get(Path(place).read_text(encoding="ascii").strip(), "unknown")
        except OSError:
            continue
    return "unknown"

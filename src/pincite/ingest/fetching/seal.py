"""A sealed machine fetches nothing: the command finds out before it does anything else."""

from __future__ import annotations

import errno
import os
import socket

from pincite.errors import SealedError

__all__ = ["refuse_if_sealed"]

_HINT = "Fetch on a connected machine and bring the folder here; `pincite corpus add FOLDER` takes it in."


def refuse_if_sealed() -> None:
    """Return if this process may use a network.

    Raises:
        SealedError: if the machine is declared sealed (``PINCITE_SEALED=1``) or the kernel denies sockets.
    """
    if os.environ.get("PINCITE_SEALED", "") not in ("", "0"):
        raise SealedError("PINCITE_SEALED is set: nothing is fetched here", hint=_HINT)
    try:
        socket.socket().close()
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM):
            raise
        raise SealedError(
            "the kernel denies network access to this process: nothing is fetched here", hint=_HINT
        ) from (error)

"""Two writers killed again and again, in a process that imports only the record: prints what was acknowledged.

One is killed by its parent at any moment, the other kills itself in the middle of writing a line, after any byte.
"""

import json
import os
import random
import signal
import struct
import sys
import time
from pathlib import Path

from pincite.record import AuditLog, chain

_ACKNOWLEDGED = struct.Struct("<I32s")


def write(directory: Path, pipe: int, generator: random.Random, *, suicide: bool) -> None:
    real, left = chain.write_at, generator.randrange(1, 5)

    def torn(descriptor: int, content: bytes, offset: int) -> None:
        nonlocal left
        left -= 1
        if not left:
            real(descriptor, content[: generator.randrange(len(content) + 1)], offset)
            os.kill(os.getpid(), signal.SIGKILL)
        real(descriptor, content, offset)

    if suicide:
        chain.write_at = torn
    log = AuditLog.open(directory)
    while True:
        receipt = log.append("answer", {}, secret={"words": "x" * generator.randrange(3000)})
        os.write(pipe, _ACKNOWLEDGED.pack(receipt.index, bytes.fromhex(receipt.leaf_hash)))


def main(directory: Path, rounds: int) -> None:
    acknowledged: dict[int, str] = {}
    for number in range(rounds):
        generator = random.Random(number)
        children = []
        reading, writing = os.pipe()
        for suicide in (False, True):
            child = os.fork()
            if child == 0:
                try:
                    write(directory, writing, random.Random(2 * number + suicide), suicide=suicide)
                finally:
                    os._exit(1)
            children.append(child)
        os.close(writing)
        time.sleep(generator.uniform(0.002, 0.03))
        os.kill(children[0], signal.SIGKILL)
        for child in children:
            _, status = os.waitpid(child, 0)
            assert os.WIFSIGNALED(status), "a writer stopped by itself"
        with os.fdopen(reading, "rb") as pipe:
            content = pipe.read()
        for index, leaf in _ACKNOWLEDGED.iter_unpack(content):
            assert index not in acknowledged, "two records in one place"
            acknowledged[index] = leaf.hex()
    json.dump({str(index): leaf for index, leaf in acknowledged.items()}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

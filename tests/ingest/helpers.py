"""Short ways from bytes or a file to what was read."""

from pathlib import Path

from pincite.ingest.blocks import RawDocument
from pincite.ingest.parse import Parsed, parse
from pincite.ingest.readers import read_bytes
from pincite.ingest.sources import Source


def parse_file(path: Path, **metadata: str) -> Parsed:
    return parse(Source(path, path.stem, None, metadata, (), {}))


def read(data: bytes | str) -> RawDocument:
    return read_bytes(data.encode() if isinstance(data, str) else data, "given.bin")


def words(data: bytes | str) -> list[str]:
    return [block.text for block in read(data).blocks]

"""Programs run in a pseudo-terminal under documents that attack it; the raw bytes are what counts."""

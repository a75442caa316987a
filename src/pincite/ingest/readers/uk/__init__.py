"""Reader of legislation of the United Kingdom (CLML)."""

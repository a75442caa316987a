"""Deletion that can be proved: erase a document everywhere, search for its bytes, certify the result."""

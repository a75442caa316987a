"""Readers of American codes: eCFR XML, state codes in HTML."""

"""Readers of the law of the European Union: Formex, EUR-Lex HTML, and the JSON of the first corpus."""

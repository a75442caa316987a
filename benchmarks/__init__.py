"""Benchmarks: runnable modules that print tables."""

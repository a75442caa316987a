"""Staging on the connected side: acts from their publishers' own interfaces into files with provenance."""

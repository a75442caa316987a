"""Tests of the chat screen, driven through a scripted assistant."""

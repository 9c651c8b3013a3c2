"""Servers that are not those of our own adapters."""

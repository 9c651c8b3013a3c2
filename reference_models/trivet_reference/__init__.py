"""Simulated plants, scenarios and the reference models that were trained on them.

Nothing here knows a protocol. Everything is simulated unless a name says otherwise.
"""
